"""`reminder-list`: the reminders that are to come: one's own, and for operators all."""

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.actions.messages.remind import times
from commands.lookups import brief
from component.bus.model.reminder import Reminder
from component.bus.model.roles import Role
from component.common.i18n import Words, _

SHOWN = 100
"""Reminders that are listed."""


async def _run(caller: Caller, _form: None, bus: Bus) -> Reply:
    who = None if caller.role >= Role.OPERATOR else caller.jid
    found = await bus.hub.store.reminders.find(who, SHOWN + 1)
    lines = [_line(one, caller, bus) for one in found[:SHOWN]]
    if found[SHOWN:]:
        return Lines(_("The next {count} reminders:", count=SHOWN), lines)
    return Lines(_("{count} reminders:", count=len(lines)), lines)


def _line(one: Reminder, caller: Caller, bus: Bus) -> Words:
    """What someone has themselves reminded of is for admins at the most."""
    private = one.channel == bus.reminders.oneself(one.who) != bus.reminders.oneself(caller.jid)
    words = "…" if private and caller.role < Role.ADMIN else brief(one.body)
    values = {"number": one.id, "time": times(one), "channel": one.channel, "words": words}
    if one.who == caller.jid:
        return _("{number}: {time}, {channel}: {words}", **values)
    return _("{number}: {time}, {channel}, by {who}: {words}", who=one.who, **values)


ACTION = Action("reminder-list", _("List reminders"), Role.MEMBER, _run, group="reminders")
