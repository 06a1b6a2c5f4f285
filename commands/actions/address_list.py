"""`address-list`: the addresses that the caller gave, and how they stand."""

from commands.action import Action, Bus, Caller, Lines, Reply
from component.addressbook import words_of
from component.roles import Role
from component.words import _


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
    known = await bus.subscriptions.book.of(caller.jid)
    return Lines(_("{count} addresses:", count=len(known)), [words_of(one) for one in known])


ACTION = Action("address-list", _("List my addresses"), Role.MEMBER, _run, group="subscriptions")
