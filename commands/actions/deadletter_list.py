"""`deadletter-list`: what could not be delivered, newest first, and why; of one channel where named."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.shared import brief, may_read, when
from component.delivery import Delivery
from component.form import Ask
from component.message import Channel
from component.roles import Role
from component.words import _


@dataclass(frozen=True)
class Form:
    """Of which channel."""

    channel: Annotated[str, Ask(_("Channel"), _("only of this one; empty: of all"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    found = await bus.hub.store.dead(Channel.parse(form.channel) if form.channel else None)
    return Lines(
        _("{count} dead letters, newest first (UTC):", count=len(found)),
        [_shown(one, may_read(caller, bus, one.channel)) for one in found],
    )


def _shown(one: Delivery, whole: bool) -> str:
    said = f"{one.message.author.shown}: {brief(one.message.body, 60) if whole else '…'}"
    return f"{one.seq}: {when(one.changed)} {one.channel} “{said}” – {brief(one.error)}"


ACTION = Action("deadletter-list", _("List dead letters"), Role.OPERATOR, _run, Form, group="deadletters")
