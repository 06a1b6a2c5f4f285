"""`deadletter-list`: what could not be delivered, newest first, and why; of one channel where
named."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import brief, may_read, when
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Of which channel."""

    channel: Annotated[str, Ask(_("Channel"), _("only of this one; empty: of all"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    found = await bus.hub.store.dead_letters.newest(
        Channel.parse(form.channel) if form.channel else None
    )
    return Lines(
        _("{count} dead letters, newest first (UTC):", count=len(found)),
        [_shown(one, may_read(caller, bus, one.channel)) for one in found],
    )


def _shown(one: Delivery, whole: bool) -> str:
    said = f"{one.message.author.shown}: {brief(one.message.body, 60) if whole else '…'}"
    return f"{one.seq}: {when(one.changed)} {one.channel} “{said}” – {brief(one.error)}"


ACTION = Action(
    "deadletter-list", _("List dead letters"), Role.OPERATOR, _run, Form, group="deadletters"
)
