"""`reminder-list` lists the caller's reminders; operators see all."""

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.actions.messages.remind import times
from commands.lookups import brief
from component.bus.model.reminder import Reminder
from component.bus.model.roles import Role
from component.common.i18n import Words, _

SHOWN = 100
"""Reminders that are listed."""


async def run(caller: Caller, _form: None, bus: Bus) -> Reply:
    """List reminders that are to come."""
    who = None if caller.role >= Role.OPERATOR else caller.jid
    reminders = await bus.store.reminders.find(who, SHOWN + 1)
    lines = [reminder_line(reminder, caller, bus) for reminder in reminders[:SHOWN]]
    if reminders[SHOWN:]:
        return Lines(_("The next {count} reminders:", count=SHOWN), lines)
    return Lines(_("{count} reminders:", count=len(lines)), lines)


def reminder_line(reminder: Reminder, caller: Caller, bus: Bus) -> Words:
    """A reminder in a line; the text of other people's own reminders is for admins only."""
    words = brief(reminder.body)
    for_self = reminder.channel == bus.reminders.oneself(reminder.who)
    if for_self and reminder.who != caller.jid and caller.role < Role.ADMIN:
        words = "…"
    values = {
        "number": reminder.id,
        "time": times(reminder),
        "channel": reminder.channel,
        "words": words,
    }
    if reminder.who == caller.jid:
        return _("{number}: {time}, {channel}: {words}", **values)
    return _("{number}: {time}, {channel}, by {who}: {words}", who=reminder.who, **values)


ACTION = Action(
    "reminder-list",
    _("List reminders"),
    Role.MEMBER,
    run,
    group="reminders",
    also=("reminders", "erinnerungen"),
)
