"""What several commands need: choices from live data, things in words, and the line of the audit
log."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

from commands.action import Bus, Caller, Done, Reply, Step
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.records import Audit, ChannelSpec
from component.bus.model.roles import Role
from component.bus.model.route import Route, Stage
from component.common.errors import BadInput, Conflict, NotFound
from component.common.form import Ask, Choice, fields
from component.common.i18n import Words, _
from component.common.sanitize import one_line
from component.processors import discover


def channels(bus: Bus) -> Sequence[Choice]:
    """Every configured channel."""
    return [Choice(str(spec.channel), titled(spec)) for spec in bus.hub.channels]


def places(bus: Bus) -> Sequence[Choice]:
    """Every configured channel with one address: where a route may end."""
    listening = {name for name, method in bus.methods.items() if method.listens}
    return [
        one
        for one in channels(bus)
        if not one.value.endswith(":*") and one.value.partition(":")[0] in listening
    ]


def routes(bus: Bus) -> Sequence[Choice]:
    """Every route, by its number, or written `source destination`."""
    return [
        Choice(
            str(route.id), f"{route.id}: {arrow(route)}", (f"{route.source} {route.destination}",)
        )
        for route in bus.hub.routes
    ]


def titled(spec: ChannelSpec) -> str:
    """A channel as people know it."""
    return f"{spec.channel} ({spec.title})" if spec.title else str(spec.channel)


def arrow(route: Route) -> str:
    """A route in a line, with the names of its processors."""
    return _line(route, [stage.name for stage in route.stages])


def shown(route: Route) -> Words | str:
    """A route in a line, for who reads it: whether it is off is told in words."""
    line = arrow(replace(route, enabled=True))
    return line if route.enabled else _("{route} (off)", route=line)


def detailed(route: Route) -> str:
    """A route in a line, with its processors and how they are set."""
    return _line(route, [brief(told(stage), 1_000) for stage in route.stages])


def differing(route: Route, other: Route) -> str:
    """A route in a line, with those of its processors that `other` has not so; where only their
    order differs, with the names of all."""
    numbered = list(enumerate(route.stages, 1))
    own = [
        f"{number} {brief(told(stage), 1_000)}"
        for number, stage in numbered
        if stage not in other.stages
    ]
    only_ordered = set(route.stages) == set(other.stages)
    return _line(
        route, [f"{number} {stage.name}" for number, stage in numbered] if only_ordered else own
    )


def _line(route: Route, stages: Sequence[str]) -> str:
    more = f" [{', '.join(stages)}]" if stages else ""
    return f"{route.source} → {route.destination}{more}" + ("" if route.enabled else " (off)")


def block(route: Route) -> list[str]:
    """A route in lines: its number, its ends, and each processor with its number and how it is
    set."""
    stages = [f"  {number} {brief(told(stage))}" for number, stage in enumerate(route.stages, 1)]
    return [f"{route.id}: {arrow(route)}", *stages]


def shown_block(route: Route) -> list[Words | str]:
    """The same, for who reads it."""
    head, *stages = block(route)
    return [
        head if route.enabled else _("{number}: {route}", number=route.id, route=shown(route)),
        *stages,
    ]


def told(stage: Stage) -> str:
    """A processor and how it is set, as a line of a command has it."""
    spec = discover().get(stage.name)
    flags = (
        {one.name for one in fields(spec.make, None) if one.kind == "boolean"} if spec else set()
    )
    words = [stage.name]
    for name, values in stage.settings:
        shown = ["yes" if one == "1" else "no" for one in values] if name in flags else values
        words.append(f"{name}={_quoted(', '.join(shown))}")
    return " ".join(words)


def _quoted(text: str) -> str:
    """As a line has it, where it is more than a word."""
    escaped = _BEFORE_QUOTE.sub(r"\\\\", text).replace('"', '\\"')
    return escaped if text and not _SPACE_OR_QUOTE.search(text) else f'"{escaped}"'


_BEFORE_QUOTE = re.compile(r'\\(?=[\\"]|$)')
_SPACE_OR_QUOTE = re.compile(r'[\s"]')


def described(spec: ChannelSpec) -> str:
    """A channel and its settings in a line."""
    known = sorted({"title": spec.title, **spec.settings}.items())
    more = [f"{key}={_setting(value)}" for key, value in known if is_set(value)]
    return " ".join([str(spec.channel), *more]) + ("" if spec.enabled else " (paused)")


def is_set(value: Any) -> bool:
    """Whether a setting says something: no and 0 do."""
    return bool(value) or (value is not None and isinstance(value, bool | int))


def _setting(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(value) if isinstance(value, list) else str(value)


def shown_channel(spec: ChannelSpec) -> Words | str:
    """A channel and its settings in a line, for who reads it."""
    line = described(replace(spec, enabled=True))
    return line if spec.enabled else _("{channel} (paused)", channel=line)


ON, OFF = _("on"), _("off")


def find_channel(bus: Bus, channel: Channel) -> ChannelSpec:
    """The configured channel itself; raises NotFound where it is gone."""
    spec = next((one for one in bus.hub.channels if one.channel == channel), None)
    if spec is None:
        raise NotFound(_("There is no channel {channel} (any more).", channel=channel))
    return spec


def find_route(bus: Bus, number: str) -> Route:
    """A route by its number; raises NotFound where it is gone."""
    route = next((one for one in bus.hub.routes if str(one.id) == number.removeprefix("#")), None)
    if route is None:
        raise NotFound(
            _("There is no route {number} (any more): “route list” shows them.", number=number[:40])
        )
    return route


def unchanged(bus: Bus, route: Route) -> None:
    """Raise Conflict, saying what it is now, where a route is not as it was read."""
    now = next((one for one in bus.hub.routes if one.id == route.id), None)
    if now is None:
        raise Conflict(
            _("{what} was removed meanwhile; nothing was changed: start again.", what=shown(route))
        )
    if now.version != route.version:
        changed = _(
            "{what} was changed meanwhile, it is now {now}: start again.",
            what=shown(route),
            now=shown(now),
        )
        raise Conflict(changed)


def goes_with(route: Route, bus: Bus) -> Sequence[Words]:
    """What goes with a route that is removed, a sentence each; nothing where it need not be asked
    for."""
    told: list[Words] = []
    if route.stages:
        told.append(
            _(
                "Its processors go with it: {names}.",
                names=", ".join(stage.name for stage in route.stages),
            )
        )
    held = bus.hub.routing.held_at(route)
    if held:
        told.append(
            _(
                "{count} messages that wait there become dead letters of {channel}.",
                count=held,
                channel=route.destination,
            )
        )
    return told


def routes_of(bus: Bus, channel: Channel) -> Sequence[Route]:
    """Every route that starts or ends at a channel."""
    return [one for one in bus.hub.routes if channel in (one.source, one.destination)]


def may_read(caller: Caller, bus: Bus, channel: Channel) -> bool:
    """Whether someone may see what a channel holds: anyone an open one, operators any place, admins
    people's too."""
    method = bus.methods.get(channel.method)
    if method is None:
        return caller.role >= Role.ADMIN
    return method.open or caller.role >= (Role.ADMIN if method.person else Role.OPERATOR)


def readable(caller: Caller, bus: Bus, channel: Channel) -> None:
    """Raise NotFound where there is no such channel for the caller, and offer a close one."""
    if channel.address != "*" and bus.hub.find(channel) and may_read(caller, bus, channel):
        return
    known = [str(one.channel) for one in bus.hub.channels if may_read(caller, bus, one.channel)]
    near = get_close_matches(str(channel), known, 1)
    if near:
        raise NotFound(
            _(
                "There is no channel {channel} for you. Close: {near}.",
                channel=channel,
                near=near[0],
            )
        )
    raise NotFound(_("There is no channel {channel} for you.", channel=channel))


def when(at: int) -> str:
    """A time in ms since 1970 as people read it, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def brief(text: str, most: int = 300) -> str:
    """A text in one line, cut where it is long."""
    line = one_line(text)
    return line if len(line) <= most else f"{line[:most]}…"


def said(message: Message) -> str:
    """A message in a line: when, who, what."""
    return f"{when(message.at)} {message.author.shown}: {brief(message.body)}"


def listed(message: Message) -> str:
    """The same, with as much of its id as `trace` and `message-delete` need."""
    return f"{when(message.at)} {message.id[:8]} {message.author.shown}: {brief(message.body)}"


AT_ONCE = 500
"""Dead letters that are decided on at once."""


async def dead_letters(bus: Bus, which: str, channel: str) -> Sequence[Delivery]:
    """The dead letter of a number, or `all` those of a channel, oldest first; raises BadInput,
    NotFound."""
    if which.casefold() in ("all", "alle"):
        if not channel:
            raise BadInput(
                _("All of which channel? Write it behind: all muc:team@rooms.example.org")
            )
        found = await bus.hub.store.dead_letters.newest(Channel.parse(channel), AT_ONCE)
        if not found:
            raise NotFound(_("There are no dead letters of {channel}.", channel=channel))
        return found[::-1]
    number = which.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise BadInput(
            _(
                "“{text}” is no number of a dead letter: “deadletter list” shows them.",
                text=which[:40],
            )
        )
    letter = await bus.hub.store.dead_letters.get(int(number))
    if letter is None:
        raise NotFound(
            _(
                "There is no dead letter {number} (any more): “deadletter list” shows them.",
                number=number,
            )
        )
    return [letter]


@dataclass(frozen=True)
class Letters:
    """Which dead letters."""

    which: Annotated[str, Ask(_("Which"), _("a number of the list, or: all"))]
    channel: Annotated[str, Ask(_("Channel"), _("where it is all: of which channel"))] = ""


@dataclass(frozen=True)
class Sure:
    """The last question before what can't be taken back."""

    sure: Annotated[bool, Ask(_("Sure"))] = False


def ask_sure(title: Words, told: Words, act: Callable[[Caller, Bus], Awaitable[Reply]]) -> Step:
    """A step that says what would go and asks; only then `act`."""

    async def run(caller: Caller, filled: Sure, bus: Bus) -> Reply:
        return await act(caller, bus) if filled.sure else Done(_("Left as it was."))

    return Step(title, Sure, run, help=told)


def entry(caller: Caller, bus: Bus, what: str, before: str = "", after: str = "") -> Audit:
    """The line of the audit log for a change."""
    return Audit(bus.clock(), caller.jid, caller.way, what, before, after)
