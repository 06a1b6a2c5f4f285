"""`resume` ends a pause and sends what came in between."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.subscriptions._descriptions import ALL, chosen, takes_some
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Which."""

    which: Annotated[
        str, Ask(_("Selection"), _("a number or a channel; empty for all subscriptions"))
    ] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Resume paused subscriptions."""
    meant = await chosen(bus, caller, form.which or ALL)
    again = await bus.subscriptions.resume(caller.jid, [paused.id for paused in meant])
    if again:
        names = ", ".join(f"{resumed.id} ({resumed.channel})" for resumed in again)
        return Done(
            _(
                "Resumed: {names}. The messages that arrived in the meantime are sent now.",
                names=names,
            )
        )
    if form.which:
        return Done(_("The selected subscriptions are not paused."))
    return Done(_("No subscriptions are paused."))


ACTION = Action(
    "resume",
    _("Resume subscriptions"),
    Role.MEMBER,
    run,
    Form,
    group="subscriptions",
    also=("fortsetzen", "weiter"),
    takes=takes_some,
)
