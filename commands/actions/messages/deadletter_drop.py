"""`deadletter-drop` drops a dead letter, or all of a channel; its trace still shows it."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.actions.messages.deadletter_retry import listed
from commands.lookups import Letters, ask_sure, dead_letters, entry
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form(Letters):
    """Which, and whether to ask: a word behind the others could not be told from a channel."""

    sure: Annotated[bool, Ask(_("Skip the confirmation"))] = False


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Drop dead letters, after asking."""
    letters = await dead_letters(bus, form.which, form.channel)

    async def drop(caller: Caller, bus: Bus) -> Reply:
        dropped = [one.dropped(bus.clock()) for one in letters]
        await bus.store.dead_letters.decide(
            dropped, entry(caller, bus, "deadletter-drop", before=listed(letters))
        )
        return Done(_("Dropped {count} dead letters.", count=len(letters)))

    if form.sure:
        return await drop(caller, bus)
    told = _(
        "{count} dead letters to {channel} will be dropped and never delivered.",
        count=len(letters),
        channel=letters[0].channel,
    )
    return ask_sure(_("Drop dead letters"), told, drop)


ACTION = Action(
    "deadletter-drop",
    _("Drop dead letters"),
    Role.OPERATOR,
    run,
    Form,
    more=True,
    group="system",
)
