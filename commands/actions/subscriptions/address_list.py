"""`address-list` lists the addresses that the caller gave, with their states."""

from commands.action import Action, Bus, Caller, Done, Lines, Reply
from component.bus.model.roles import Role
from component.common.i18n import _
from component.subscriptions.addresses import words_of


async def run(caller: Caller, _form: None, bus: Bus) -> Reply:
    """List the caller's addresses."""
    known = await bus.subscriptions.book.of(caller.jid)
    if not known:
        return Done(_("You do not have any addresses."))
    title = _("One address:")
    if known[1:]:
        title = _("{count} addresses:", count=len(known))
    return Lines(title, list(map(words_of, known)))


ACTION = Action(
    "address-list",
    _("List my addresses"),
    Role.MEMBER,
    run,
    group="me",
    also=("addresses", "adressen"),
)
