"""What several commands need: choices from live data, things in words, and the line of the audit
log."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Annotated, Any

from commands.action import Bus, Caller, Done, Reply, Step
from commands.named import choices_of, find, may_read, other_names
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.records import Audit, ChannelSpec
from component.bus.model.route import Route, Stage
from component.common.errors import BadInput, Conflict, NotFound
from component.common.form import Ask, Choice, fields
from component.common.i18n import Words, _
from component.common.sanitize import one_line
from component.processors import discover


def channels(bus: Bus) -> Sequence[Choice]:
    """Every configured channel."""
    return choices_of(bus.hub.channels)


def places(bus: Bus) -> Sequence[Choice]:
    """Every configured channel with one address: where a route may end."""
    ends = []
    for spec in bus.hub.channels:
        method = bus.methods.get(spec.channel.method)
        if method and method.takes(spec.channel):
            ends.append(spec)
    return choices_of(ends)


def routes(bus: Bus) -> Sequence[Choice]:
    """Every route, by its number, or by the names of its ends: `source destination`."""
    others = other_names(bus.hub.channels)
    choices = []
    for route in bus.hub.routes:
        sources = [str(route.source), *others.get(route.source, ())]
        destinations = [str(route.destination), *others.get(route.destination, ())]
        ends = tuple(f"{source} {end}" for source in sources for end in destinations)
        choices.append(Choice(str(route.id), f"{route.id}: {arrow(route)}", ends))
    return choices


def arrow(route: Route) -> str:
    """A route in a line, with the names of its processors."""
    return route_line(route, [stage.name for stage in route.stages])


def shown(route: Route) -> Words | str:
    """A route in a line, for people: whether it is off is said in words."""
    line = arrow(replace(route, enabled=True))
    if route.enabled:
        return line
    return _("{route} (off)", route=line)


def detailed(route: Route) -> str:
    """A route in a line, with its processors and how they are set."""
    return route_line(route, [brief(told(stage), 1_000) for stage in route.stages])


def differing(route: Route, other: Route) -> str:
    """A route in a line, with those of its processors that `other` does not have so; where only
    their order differs, with the names of all."""
    only_ordered = set(route.stages) == set(other.stages)
    lines = []
    for number, stage in enumerate(route.stages, 1):
        if only_ordered:
            lines.append(f"{number} {stage.name}")
        elif stage not in other.stages:
            lines.append(f"{number} {brief(told(stage), 1_000)}")
    return route_line(route, lines)


def route_line(route: Route, stages: Sequence[str]) -> str:
    """A route in a line, with what is said of its processors."""
    line = f"{route.source} → {route.destination}"
    if stages:
        line += f" [{', '.join(stages)}]"
    if not route.enabled:
        line += " (off)"
    return line


def block(route: Route) -> list[str]:
    """A route in lines: its number, its ends, and each processor with its number and how it is
    set."""
    lines = [f"{route.id}: {arrow(route)}"]
    for number, stage in enumerate(route.stages, 1):
        lines.append(f"  {number} {brief(told(stage))}")
    return lines


def shown_block(route: Route) -> list[Words | str]:
    """A route in lines, for people: whether it is off is said in words."""
    lines: list[Words | str] = [*block(route)]
    if not route.enabled:
        lines[0] = _("{number}: {route}", number=route.id, route=shown(route))
    return lines


def told(stage: Stage) -> str:
    """A processor and how it is set, as a line of a command has it."""
    flags = flags_of(stage)
    words = [stage.name]
    for name, values in stage.settings:
        shown = values
        if name in flags:
            shown = tuple("yes" if value == "1" else "no" for value in values)
        words.append(f"{name}={quoted(', '.join(shown))}")
    return " ".join(words)


def flags_of(stage: Stage) -> set[str]:
    """The names of a processor's settings that are yes or no."""
    spec = discover().get(stage.name)
    if spec is None:
        return set()
    return {field.name for field in fields(spec.make, None) if field.kind == "boolean"}


def quoted(text: str) -> str:
    """A value as a line has it: in quotation marks where it is more than a word."""
    if text and not _SPACE_OR_QUOTE.search(text):
        return text
    escaped = _BEFORE_QUOTE.sub(r"\\\\", text).replace('"', '\\"')
    return f'"{escaped}"'


_BEFORE_QUOTE = re.compile(r'\\(?=[\\"]|$)')
_SPACE_OR_QUOTE = re.compile(r'[\s"]')


def described(spec: ChannelSpec) -> str:
    """A channel and its settings in a line."""
    words = [str(spec.channel)]
    for key, value in sorted({"title": spec.title, **spec.settings}.items()):
        if is_set(value):
            words.append(f"{key}={setting_words(value)}")
    if not spec.enabled:
        words.append("(paused)")
    return " ".join(words)


def is_set(value: Any) -> bool:
    """Whether a setting says something: no and 0 do."""
    return bool(value) or (value is not None and isinstance(value, bool | int))


def setting_words(value: Any) -> str:
    """A setting's value as people write it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return str(value)


def shown_channel(spec: ChannelSpec) -> Words | str:
    """A channel and its settings in a line, for people."""
    line = described(replace(spec, enabled=True))
    if spec.enabled:
        return line
    return _("{channel} (paused)", channel=line)


ON, OFF = _("on"), _("off")


def find_channel(bus: Bus, channel: Channel) -> ChannelSpec:
    """The configured channel itself; raises NotFound where it is gone."""
    for spec in bus.hub.channels:
        if spec.channel == channel:
            return spec
    raise NotFound(_("The channel {channel} does not exist.", channel=channel))


def find_route(bus: Bus, number: str) -> Route:
    """A route by its number; raises NotFound where it is gone."""
    for route in bus.hub.routes:
        if str(route.id) == number.removeprefix("#"):
            return route
    raise NotFound(
        _("Route {number} does not exist. “route list” shows all routes.", number=number[:40])
    )


def unchanged(bus: Bus, route: Route) -> None:
    """Raise Conflict, with its present state, where a route is not as it was read."""
    for now in bus.hub.routes:
        if now.id != route.id:
            continue
        if now.version == route.version:
            return
        changed = _(
            "Someone else changed {what} in the meantime to {now}. Nothing was saved; please "
            "start again.",
            what=shown(route),
            now=shown(now),
        )
        raise Conflict(changed)
    raise Conflict(
        _(
            "Someone else removed {what} in the meantime. Nothing was changed; please start again.",
            what=shown(route),
        )
    )


def goes_with(route: Route, bus: Bus) -> Sequence[Words]:
    """What goes with a route that is removed, a sentence each; nothing where nobody need be
    asked."""
    sentences: list[Words] = []
    if route.stages:
        names = ", ".join(stage.name for stage in route.stages)
        sentences.append(_("Its processors will be removed as well: {names}.", names=names))
    held = bus.hub.routing.held_at(route)
    if held:
        sentences.append(
            _(
                "Messages that wait there and will become dead letters of {channel}: {count}.",
                count=held,
                channel=route.destination,
            )
        )
    return sentences


def routes_of(bus: Bus, channel: Channel) -> Sequence[Route]:
    """Every route that starts or ends at a channel."""
    return [one for one in bus.hub.routes if channel in (one.source, one.destination)]


def readable(caller: Caller, bus: Bus, channel: Channel) -> None:
    """Raise NotFound where the caller may not know a channel, and offer a close one."""
    if channel.address != "*" and bus.hub.find(channel) and may_read(caller, bus, channel):
        return
    known = [str(one.channel) for one in bus.hub.channels if may_read(caller, bus, one.channel)]
    near = get_close_matches(str(channel), known, 1)
    if near:
        raise NotFound(
            _(
                "The channel {channel} does not exist, or you cannot access it. Did you mean "
                "{near}?",
                channel=channel,
                near=near[0],
            )
        )
    raise NotFound(
        _("The channel {channel} does not exist, or you cannot access it.", channel=channel)
    )


def when(at: int) -> str:
    """A time in ms since 1970 as people read it, in UTC."""
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")


def brief(text: str, most: int = 300) -> str:
    """A text in one line, cut where it is long."""
    line = one_line(text)
    if len(line) > most:
        line = f"{line[:most]}…"
    return line


def said(message: Message) -> str:
    """A message in a line: when, who, what."""
    return f"{when(message.at)} {message.author.shown}: {brief(message.body)}"


def listed(message: Message) -> str:
    """The same, with as much of its id as `trace` and `message-delete` need."""
    return f"{when(message.at)} {message.short_id} {message.author.shown}: {brief(message.body)}"


AT_ONCE = 500
"""Dead letters that are decided on at once."""


async def dead_letters(bus: Bus, which: str, channel: str) -> Sequence[Delivery]:
    """The dead letter of a number, or `all` those of a channel, oldest first; raises BadInput,
    NotFound."""
    if which.casefold() in ("all", "alle"):
        return await dead_letters_of(bus, channel)
    number = which.removeprefix("#")
    if not (number.isascii() and number.isdigit() and len(number) < 19):
        raise BadInput(
            _(
                "“{text}” is not the number of a dead letter. “deadletter list” shows the numbers.",
                text=which[:40],
            )
        )
    letter = await bus.store.dead_letters.get(int(number))
    if letter is None:
        raise NotFound(
            _(
                "Dead letter {number} does not exist. “deadletter list” shows all dead letters.",
                number=number,
            )
        )
    return [letter]


async def dead_letters_of(bus: Bus, channel: str) -> Sequence[Delivery]:
    """The dead letters of a channel, oldest first; raises BadInput, NotFound."""
    if not channel:
        raise BadInput(_("“all” needs a channel. Write it as: all muc:team@rooms.example.org"))
    meant = find(channel, bus.hub.channels, bus)
    letters = await bus.store.dead_letters.newest(meant, AT_ONCE)
    if not letters:
        raise NotFound(_("{channel} has no dead letters.", channel=meant))
    return letters[::-1]


@dataclass(frozen=True)
class Letters:
    """Which dead letters."""

    which: Annotated[str, Ask(_("Selection"), _("a number from the list, or “all”"))]
    channel: Annotated[
        str, Ask(_("Channel"), _("the channel whose dead letters “all” selects"))
    ] = ""


@dataclass(frozen=True)
class Sure:
    """The last question before what can't be taken back."""

    sure: Annotated[bool, Ask(_("Confirm"))] = False


def ask_sure(title: Words, told: Words, act: Callable[[Caller, Bus], Awaitable[Reply]]) -> Step:
    """A step that says what would go and asks; only then `act`."""

    async def run(caller: Caller, filled: Sure, bus: Bus) -> Reply:
        if not filled.sure:
            return Done(_("Nothing was changed."))
        return await act(caller, bus)

    return Step(title, Sure, run, help=told)


def entry(caller: Caller, bus: Bus, what: str, before: str = "", after: str = "") -> Audit:
    """The line of the audit log for a change."""
    return Audit(bus.clock(), caller.jid, caller.way, what, before, after)
