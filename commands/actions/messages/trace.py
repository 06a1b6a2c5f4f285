"""`trace` shows what became of a message: where it arrived, where it waits, what stopped it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Fit, Lines, Reply, Taken
from commands.lookups import brief, when
from commands.named import may_read
from component.bus.model.delivery import Delivery
from component.bus.model.message import SHORT_ID, WITHDRAWN, Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import BadInput, NotFound
from component.common.form import Ask
from component.common.i18n import Words, _

# Fewer digits than people are told will do, while only one message begins with them.
_START = re.compile(r"[0-9a-f]{6,32}")
ID_OR_START = _("the message ID, or its first {count} digits", count=SHORT_ID)
"""How to name a message."""


@dataclass(frozen=True)
class Form:
    """Which message."""

    id: Annotated[str, Ask(_("Message"), ID_OR_START)]


def id_words(written: str) -> Words:
    """What is said of a text that is not an ID."""
    return _(
        "“{text}” is not a message ID. Write its first {count} digits, 0 to 9 and a to f.",
        text=written[:40],
        count=SHORT_ID,
    )


async def find(caller: Caller, bus: Bus, written: str) -> Sequence[Delivery]:
    """The deliveries of the one message whose id begins so; raises BadInput, NotFound."""
    start = written.casefold()
    if not _START.fullmatch(start):
        raise BadInput(id_words(written))
    matching = []
    for message_id in await bus.store.messages.ids_by_prefix(start):
        hops = await hops_of(bus, message_id)
        if may_see(caller, bus, hops):
            matching.append(hops)
    if not matching:
        raise NotFound(
            _("The message {start} does not exist, or you cannot access it.", start=start)
        )
    if len(matching) > 1:
        raise BadInput(
            _("More than one message ID begins with {start}. Write more digits.", start=start)
        )
    return matching[0]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show what became of a message."""
    hops = await find(caller, bus, form.id)
    message = hops[0].message
    title = _(
        "{id} by {name}, {time} UTC:",
        id=message.id,
        name=message.author.shown,
        time=when(message.at),
    )
    lines = [hop_line(hop, message, caller, bus) for hop in hops]
    for held in await bus.store.held.of_message(message.id):
        lines.append(held_line(held, caller, bus))
    for stop in await bus.store.messages.rejections(message.id):
        lines.append(stopped_line(stop, caller, bus))
    for at, words in await bus.store.messages.earlier_words(message.id):
        lines.append(edited_line(at, words, caller))
    deletion = await bus.store.messages.deletion(message.id)
    if deletion:
        lines.append(deleted_line(*deletion, message, caller))
    return Lines(title, lines)


def edited_line(at: int, words: str, caller: Caller) -> Words:
    """When its author edited it; for operators, which words it had until then."""
    if caller.role < Role.OPERATOR:
        return _("Edited {time}.", time=when(at))
    return _("Edited {time}. Before: “{body}”", time=when(at), body=brief(words, 100))


def deleted_line(at: int, who: str, message: Message, caller: Caller) -> Words:
    """When it was deleted, and by whom; which operator, operators learn."""
    if message.body == WITHDRAWN:
        return _("Deleted {time} by its author.", time=when(at))
    known = who if caller.role >= Role.OPERATOR else _("an operator")
    return _("Deleted {time} by {who}.", time=when(at), who=known)


async def hops_of(bus: Bus, message_id: str) -> Sequence[Delivery]:
    """All deliveries of a message, in order."""
    return await bus.store.messages.trace(message_id)


def may_see(caller: Caller, bus: Bus, hops: Sequence[Delivery]) -> bool:
    """Whether the caller may see a message: its channel is theirs to read, or they wrote it."""
    message = hops[0].message
    return may_read(caller, bus, message.channel) or message.author.key == caller.jid


def hop_line(one: Delivery, first: Message, caller: Caller, bus: Bus) -> Words | str:
    """A hop in a line, and how it arrived where that is not as it was said."""
    place, known = shown_place(one.channel, caller, bus)
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


def shown_place(channel: Channel, caller: Caller, bus: Bus) -> tuple[str, bool]:
    """A channel, and whether the caller may know which: other people's addresses are for
    operators."""
    method = bus.methods.get(channel.method)
    person = method is not None and method.person
    if person and caller.role < Role.OPERATOR and channel.address != caller.jid:
        return f"{channel.method}:…", False
    return str(channel), True


def held_line(held: Held, caller: Caller, bus: Bus) -> Words:
    """Where it waits, at which processor, and how long."""
    for route in bus.hub.routes:
        if route.id == held.route:
            return held_at_line(held, route, caller, bus)
    return _("held until {time}", time=when(held.due))  # its route was removed this moment


def held_at_line(held: Held, route: Route, caller: Caller, bus: Bus) -> Words:
    """Where it waits on a route, and how long."""
    place, _known = shown_place(route.destination, caller, bus)
    values = {"place": place, "route": route.id, "time": when(held.due)}
    if not route.enabled:
        return _("{place}: held at route {route}, which is disabled", **values)
    for stage in route.stages:
        if stage.id == held.passed[-1]:
            name = stage.name
            return _("{place}: held by {name} at route {route}, until {time}", **values, name=name)
    return _("{place}: held at route {route}, until {time}", **values)


def stopped_line(stop: Stopped, caller: Caller, bus: Bus) -> Words:
    """Where it went no further, and why."""
    place, known = shown_place(stop.destination, caller, bus)
    if not known:
        return _("{place}: stopped by a processor", place=place)
    return _(
        "{place}: stopped by {name} at route {route}: {why}",
        place=place,
        name=stop.processor,
        route=stop.route,
        why=stop.why,
    )


async def takes(_caller: Caller, rest: str, _bus: Bus) -> Taken:
    """The ID of a message."""
    if _START.fullmatch(rest.casefold()):
        return Taken(Fit.WELL)
    one_word = " " not in rest and not rest.isalpha()
    return Taken(Fit.PARTLY if one_word else Fit.NOT, id_words(rest))


ACTION = Action(
    "trace", _("Trace a message"), Role.MEMBER, run, Form, group="messages", takes=takes
)
