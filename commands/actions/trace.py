"""`trace`: what became of a message, by its id or the start of it: every channel it was meant for."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.shared import may_read, when
from component.delivery import Delivery
from component.errors import BadInput, NotFound
from component.form import Ask
from component.roles import Role
from component.words import Words, _

_START = re.compile(r"[0-9a-f]{6,32}")


@dataclass(frozen=True)
class Form:
    """Which message."""

    id: Annotated[str, Ask(_("Message"), _("its id, or the first 6 digits or more"))]


async def find(caller: Caller, bus: Bus, written: str) -> Sequence[Delivery]:
    """The one message that begins so: its deliveries; raises BadInput, NotFound."""
    start = written.casefold()
    if not _START.fullmatch(start):
        raise BadInput(_("“{text}” is no message's id: write 6 or more of its digits, 0 to 9 and a to f.",
                         text=written[:40]))  # fmt: skip
    found = [
        hops for one in await bus.hub.store.starting(start) if _may_see(caller, bus, hops := await _hops(bus, one))
    ]
    if not found:
        raise NotFound(_("There is no message {start} for you.", start=start))
    if len(found) > 1:
        raise BadInput(_("More than one message begins with {start}: write more of its id.", start=start))
    return found[0]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    hops = await find(caller, bus, form.id)
    message = hops[0].message
    title = _("{id} of {name}, {time} UTC:", id=message.id, name=message.author.shown, time=when(message.at))
    lines = [_hop(one, caller, bus) for one in hops]
    if deletion := await bus.hub.store.deletion(message.id):
        at, who = deletion
        known = who if caller.role >= Role.OPERATOR else _("an operator")
        lines.append(_("Deleted {time} by {who}.", time=when(at), who=known))
    return Lines(title, lines)


async def _hops(bus: Bus, message_id: str) -> Sequence[Delivery]:
    return await bus.hub.store.trace(message_id)


def _may_see(caller: Caller, bus: Bus, hops: Sequence[Delivery]) -> bool:
    message = hops[0].message
    return may_read(caller, bus, message.channel) or message.author.key == caller.jid


def _hop(one: Delivery, caller: Caller, bus: Bus) -> Words | str:
    """A hop in a line. Other people's addresses are for operators."""
    method = bus.methods.get(one.channel.method)
    known = caller.role >= Role.OPERATOR or not (method and method.person) or one.channel.address == caller.jid
    place, error = (str(one.channel), one.error) if known else (f"{one.channel.method}:…", "")
    if error:
        return _("{place}: {state} {time}, after {attempts} attempts: {error}", place=place, state=str(one.state),
                 time=when(one.changed), attempts=one.attempts, error=error)  # fmt: skip
    return f"{place}: {one.state} {when(one.changed)}"


ACTION = Action("trace", _("Trace a message"), Role.MEMBER, _run, Form, group="messages")
