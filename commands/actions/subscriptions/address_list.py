"""`address-list`: the addresses that the caller gave, and how they stand."""

from commands.action import Action, Bus, Caller, Done, Lines, Reply
from component.bus.model.roles import Role
from component.common.i18n import _
from component.subscriptions.addresses import words_of


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
    known = await bus.subscriptions.book.of(caller.jid)
    if not known:
        return Done(_("You gave me no address."))
    title = _("{count} addresses:", count=len(known)) if known[1:] else _("One address:")
    return Lines(title, [words_of(one) for one in known])


ACTION = Action("address-list", _("List my addresses"), Role.MEMBER, _run, group="subscriptions")
