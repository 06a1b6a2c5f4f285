"""`reminder-drop` drops one of the caller's reminders; operators may drop any."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import brief, entry
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Which."""

    number: Annotated[int, Ask(_("Number"), _("“reminder list” shows the numbers"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Drop a reminder. Raises NotFound."""
    store = bus.store
    found = await store.reminders.get(form.number) if caller.jid else None
    if found is None or (found.who != caller.jid and caller.role < Role.OPERATOR):
        raise NotFound(
            _(
                "Reminder {number} does not exist. “reminder list” shows all reminders.",
                number=form.number,
            )
        )
    if not await store.reminders.drop(found.id):
        raise NotFound(
            _(
                "Reminder {number} does not exist. “reminder list” shows all reminders.",
                number=form.number,
            )
        )
    if found.who == caller.jid:
        return Done(
            _("Deleted reminder {number}: {words}", number=found.id, words=brief(found.body))
        )
    await bus.settings.change(
        (), entry(caller, bus, "reminder-drop", f"{found.id}: {found.who} → {found.channel}")
    )
    return Done(_("Deleted reminder {number} of {who}.", number=found.id, who=found.who))


ACTION = Action("reminder-drop", _("Delete a reminder"), Role.MEMBER, run, Form, group="reminders")
