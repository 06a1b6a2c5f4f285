"""`reminder-drop`: a reminder is to come no more: one of one's own, and for operators any."""

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

    number: Annotated[int, Ask(_("Number"), _("“reminder list” shows them"))]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    store = bus.hub.store
    found = await store.reminders.get(form.number) if caller.jid else None
    if found is None or (found.who != caller.jid and caller.role < Role.OPERATOR):
        raise NotFound(
            _(
                "There is no reminder {number} (any more): “reminder list” shows them.",
                number=form.number,
            )
        )
    if not await store.reminders.drop(found.id):
        raise NotFound(
            _(
                "There is no reminder {number} (any more): “reminder list” shows them.",
                number=form.number,
            )
        )
    if found.who == caller.jid:
        return Done(
            _("Reminder {number} is dropped: {words}", number=found.id, words=brief(found.body))
        )
    await bus.settings.change(
        (), entry(caller, bus, "reminder-drop", f"{found.id}: {found.who} → {found.channel}")
    )
    return Done(_("Reminder {number} of {who} is dropped.", number=found.id, who=found.who))


ACTION = Action("reminder-drop", _("Drop a reminder"), Role.MEMBER, _run, Form, group="reminders")
