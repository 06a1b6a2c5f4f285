"""`resume`: what was paused goes on, and what came meanwhile is told now."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.subscriptions._descriptions import ALL, chosen
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Which."""

    which: Annotated[str, Ask(_("Which"), _("a number or a channel; empty: all of them"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    numbers = [one.id for one in await chosen(bus, caller, form.which or ALL)]
    again = await bus.subscriptions.resume(caller.jid, numbers)
    if not again:
        return Done(_("Nothing of that is paused.") if form.which else _("Nothing is paused."))
    names = ", ".join(f"{one.id} ({one.channel})" for one in again)
    return Done(_("They go on: {names}. What came meanwhile is told now.", names=names))


ACTION = Action(
    "resume",
    _("Resume subscriptions"),
    Role.MEMBER,
    _run,
    Form,
    group="subscriptions",
    also=("fortsetzen", "weiter"),
)
