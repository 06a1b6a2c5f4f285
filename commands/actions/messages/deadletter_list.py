"""`deadletter-list` lists what could not be delivered and why, newest first, of all channels or
of one."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Fit, Lines, Reply, Taken
from commands.lookups import brief, when
from commands.named import count_name, find, long_names, may_read, taken_name
from commands.talk import too_many
from component.bus.model.delivery import Delivery
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Of which channel."""

    channel: Annotated[
        str,
        Ask(
            _("Channel"),
            _("show the dead letters of this channel only; empty for all channels"),
            names=long_names,
        ),
    ] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """List dead letters, newest first."""
    channel = None
    if form.channel:
        channel = find(form.channel, bus.hub.channels, bus)
    letters = await bus.store.dead_letters.newest(channel)
    lines = [shown_letter(letter, may_read(caller, bus, letter.channel)) for letter in letters]
    return Lines(_("{count} dead letters, newest first (UTC):", count=len(letters)), lines)


def shown_letter(letter: Delivery, whole: bool) -> str:
    """A dead letter in a line; its text only where `whole` is true."""
    body = "…"
    if whole:
        body = brief(letter.message.body, 60)
    said = f"{letter.message.author.shown}: {body}"
    return f"{letter.seq}: {when(letter.changed)} {letter.channel} “{said}” – {brief(letter.error)}"


async def takes(_caller: Caller, rest: str, bus: Bus) -> Taken:
    """A channel."""
    words = rest.replace('"', "").split()
    name = taken_name(words, bus.hub.channels, bus)
    if name.fit is Fit.WELL and len(words) > count_name(words, bus.hub.channels, bus):
        return Taken(Fit.NOT, too_many(words[-1]))
    return name


ACTION = Action(
    "deadletter-list",
    _("List dead letters"),
    Role.OPERATOR,
    run,
    Form,
    group="system",
    also=("deadletters", "dead-letters"),
    takes=takes,
)
