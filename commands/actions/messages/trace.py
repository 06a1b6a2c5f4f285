"""`trace`: what became of a message, by its id or the start of it: where it came, where it waits,
what stopped it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import brief, may_read, when
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.roles import Role
from component.common.errors import BadInput, NotFound
from component.common.form import Ask
from component.common.i18n import Words, _

_START = re.compile(r"[0-9a-f]{6,32}")


@dataclass(frozen=True)
class Form:
    """Which message."""

    id: Annotated[str, Ask(_("Message"), _("its id, or the first 6 digits or more"))]


async def find(caller: Caller, bus: Bus, written: str) -> Sequence[Delivery]:
    """The one message that begins so: its deliveries; raises BadInput, NotFound."""
    start = written.casefold()
    if not _START.fullmatch(start):
        raise BadInput(
            _(
                "“{text}” is no message's id: write 6 or more of its digits, 0 to 9 and a to f.",
                text=written[:40],
            )
        )
    found = [
        hops
        for one in await bus.hub.store.messages.ids_by_prefix(start)
        if _may_see(caller, bus, hops := await _hops(bus, one))
    ]
    if not found:
        raise NotFound(_("There is no message {start} for you.", start=start))
    if len(found) > 1:
        raise BadInput(
            _("More than one message begins with {start}: write more of its id.", start=start)
        )
    return found[0]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    hops = await find(caller, bus, form.id)
    message = hops[0].message
    title = _(
        "{id} of {name}, {time} UTC:",
        id=message.id,
        name=message.author.shown,
        time=when(message.at),
    )
    lines = [_hop(one, message, caller, bus) for one in hops]
    lines += [_waits(one, caller, bus) for one in await bus.hub.store.held.of_message(message.id)]
    lines += [
        _stopped(one, caller, bus) for one in await bus.hub.store.messages.rejections(message.id)
    ]
    if deletion := await bus.hub.store.messages.deletion(message.id):
        at, who = deletion
        known = who if caller.role >= Role.OPERATOR else _("an operator")
        lines.append(_("Deleted {time} by {who}.", time=when(at), who=known))
    return Lines(title, lines)


async def _hops(bus: Bus, message_id: str) -> Sequence[Delivery]:
    return await bus.hub.store.messages.trace(message_id)


def _may_see(caller: Caller, bus: Bus, hops: Sequence[Delivery]) -> bool:
    message = hops[0].message
    return may_read(caller, bus, message.channel) or message.author.key == caller.jid


def _hop(one: Delivery, first: Message, caller: Caller, bus: Bus) -> Words | str:
    """A hop in a line, and how it arrived where that is not as it was said."""
    place, known = _place(one.channel, caller, bus)
    told = _("{place}: {state} {time}", place=place, state=one.state.words, time=when(one.changed))
    if known and one.error:
        told = _(
            "{place}: {state} {time}, after {attempts} attempts: {error}",
            place=place,
            state=one.state.words,
            time=when(one.changed),
            attempts=one.attempts,
            error=one.error,
        )
    if one.message.body == first.body:
        return told
    if not known:
        return _("{told}, changed", told=told)
    return _("{told}, changed to “{body}”", told=told, body=brief(one.message.body, 100))


def _place(channel: Channel, caller: Caller, bus: Bus) -> tuple[str, bool]:
    """A channel, and whether the caller may know which: other people's addresses are for
    operators."""
    method = bus.methods.get(channel.method)
    known = (
        caller.role >= Role.OPERATOR
        or not (method and method.person)
        or channel.address == caller.jid
    )
    return (str(channel), True) if known else (f"{channel.method}:…", False)


def _waits(held: Held, caller: Caller, bus: Bus) -> Words:
    """Where it waits, at which processor, and how long."""
    route = next((one for one in bus.hub.routes if one.id == held.route), None)
    if route is None:  # it was removed this moment
        return _("held until {time}", time=when(held.due))
    place, _known = _place(route.destination, caller, bus)
    name = next((stage.name for stage in route.stages if stage.id == held.passed[-1]), None)
    told = {"place": place, "route": route.id, "time": when(held.due)}
    if not route.enabled:
        return _("{place}: held at route {route}, which is off", **told)
    if name is None:
        return _("{place}: held at route {route}, until {time}", **told)
    return _("{place}: held by {name} at route {route}, until {time}", **told, name=name)


def _stopped(stop: Stopped, caller: Caller, bus: Bus) -> Words:
    """Where it went no further, and why."""
    place, known = _place(stop.destination, caller, bus)
    if not known:
        return _("{place}: stopped on the way", place=place)
    return _(
        "{place}: stopped by {name} at route {route}: {why}",
        place=place,
        name=stop.processor,
        route=stop.route,
        why=stop.why,
    )


ACTION = Action("trace", _("Trace a message"), Role.MEMBER, _run, Form, group="messages")
