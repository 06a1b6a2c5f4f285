"""`matrix`: all routes at once, per source the destinations; what was changed in it is one change.

As a line: `matrix` shows it, `matrix shoutbox:lobby muc:a@x,muc:b@x` sets one source's
destinations, and `matrix shoutbox:lobby none` takes all of them away. On the web it is a page of
dots, of which a click sets one; in chat a link to that page comes along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Lines, Reply, Step, check
from commands.lookups import (
    ON,
    arrow,
    ask_sure,
    entry,
    find_channel,
    find_route,
    goes_with,
    places,
    shown,
    unchanged,
)
from component.bus.model.message import Channel
from component.bus.model.records import Drop, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import Conflict
from component.common.form import MAX_CHOICES, NONE, Ask, Choice
from component.common.i18n import Words, _, joined

SHOWN = 12
"""Sources of one form."""
BUDGET = 40_000
"""Bytes of one form's values and choices, about."""
MOST = 200
"""Lines of an answer."""

WEB = "web"
"""The `way` of callers who have the page already."""

Grid = Mapping[Channel, Mapping[Channel, Route]]
"""By source, the standing routes by destination."""


def _grid(bus: Bus) -> Grid:
    """Every source, whether or not a route starts there."""
    found: dict[Channel, dict[Channel, Route]] = {spec.channel: {} for spec in bus.hub.channels}
    for route in bus.hub.routes:
        found.setdefault(route.source, {})[route.destination] = route
    return found


def _narrowed(grid: Grid, which: str) -> Grid:
    """The sources with `which` in their name, the one that is it first."""
    asked = which.casefold()
    found = [source for source in grid if asked in str(source).casefold()]
    found.sort(key=lambda source: str(source).casefold() != asked)
    return {source: grid[source] for source in found}


# The form


@dataclass(frozen=True)
class Narrow:
    """Which sources."""

    which: Annotated[
        str, Ask(_("Which"), _("part of a source's address; empty for the first ones"))
    ] = ""


def _opening(caller: Caller, bus: Bus) -> Reply:
    grid = _grid(bus)
    if not grid:
        return Done(_("There are no channels yet: add some first."))
    if len(_fitting(grid, bus)) == len(grid):
        return _drawn(grid, caller, bus)
    return Step(
        ACTION.title,
        Narrow,
        _chosen,
        last=False,
        help=_("There are {count} sources.", count=len(grid)),
    )


async def _chosen(caller: Caller, form: Narrow, bus: Bus) -> Reply:
    found = _narrowed(_grid(bus), form.which)
    if not found:
        return Done(_("No source has “{part}” in its address.", part=form.which), "warn")
    shown = _fitting(found, bus)
    if not shown:
        first = next(iter(found))
        return Done(
            _("{source} has too many destinations for a form: use lines instead.", source=first),
            "warn",
        )
    told = _(
        "{shown} of {count} sources: narrow them to see others.", shown=len(shown), count=len(found)
    )
    return _drawn(shown, caller, bus, told if len(shown) < len(found) else None)


def _fitting(grid: Grid, bus: Bus) -> Grid:
    """The first sources, as many as fit a form: past MAX_CHOICES destinations are typed, not
    listed."""
    ends = [choice.value for choice in places(bus)]
    listed = sum(2 * len(end) + 50 for end in ends) if len(ends) <= MAX_CHOICES else 0
    room = BUDGET
    found: dict[Channel, Mapping[Channel, Route]] = {}
    for source, mine in grid.items():
        room -= listed + sum(len(str(end)) + 20 for end in mine)
        if room < 0 or len(found) == SHOWN:
            break
        found[source] = mine
    return found


def _drawn(shown: Grid, caller: Caller, bus: Bus, told: Words | None = None) -> Step:
    """The form as things stand; it is held to what it showed, whatever happens meanwhile."""
    names = {f"s{number}": source for number, source in enumerate(shown, 1)}
    ends = [choice.value for choice in places(bus)]
    asked = [_row(name, source, shown[source], ends) for name, source in names.items()]
    form = make_dataclass(
        "Form", [*_page(caller, bus), *asked]
    )  # the link first: these forms are long

    async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
        wanted = {
            source: [Channel.parse(one) for one in getattr(filled, name)]
            for name, source in names.items()
        }
        return await _set(shown, wanted, caller, bus)

    asks = any(goes_with(route, bus) for mine in shown.values() for route in mine.values())
    return Step(ACTION.title, form, run, last=not asks, help=told)


def _row(name: str, source: Channel, standing: Mapping[Channel, Route], ends: Sequence[str]) -> Any:
    mine = tuple(str(end) for end in standing)
    possible = [Choice(end, end) for end in dict.fromkeys((*ends, *mine)) if end != str(source)]
    asked = Ask(_("{source}", source=source), choices=lambda _bus: possible)
    return name, Annotated[tuple[str, ...], asked], field(default=mine)


def _page(caller: Caller, bus: Bus) -> list[Any]:
    """A field that holds the link to the page, to be copied from there: forms have no links."""
    link = bus.sign_in(caller.jid) if caller.way != WEB else ""
    return (
        [
            (
                "page",
                Annotated[str, Ask(_("Link to the page"), _("works once, within 5 minutes"))],
                field(default=link),
            )
        ]
        if link
        else []
    )


# A line


def _ends(bus: Bus) -> Sequence[Choice]:
    return [*places(bus), Choice(NONE, NONE)]


@dataclass(frozen=True)
class Line:
    """A source, and where it shall go."""

    source: Annotated[str, Ask(_("From"))] = ""
    to: Annotated[tuple[str, ...], Ask(_("To"), choices=_ends)] = ()


async def _line(caller: Caller, form: Line, bus: Bus) -> Reply:
    grid = _grid(bus)
    if not form.to:
        return _told(
            _narrowed(grid, form.source), bus.sign_in(caller.jid) if caller.way != WEB else ""
        )
    source = find_channel(bus, Channel.parse(form.source)).channel
    wanted = [Channel.parse(one) for one in form.to if one != NONE]
    return await _set({source: grid[source]}, {source: wanted}, caller, bus)


def _told(grid: Grid, link: str) -> Lines:
    lines: list[Words | str] = [
        f"{source} → {', '.join(_dot(route) for route in mine.values())}"
        for source, mine in grid.items()
        if mine
    ]
    if lines[MOST:]:
        lines = [*lines[:MOST], _("… and {count} more: narrow them", count=len(lines) - MOST)]
    if link:
        lines.append(
            _("As a page, with a link that works once within 5 minutes: {link}", link=link)
        )
    return Lines(_("{count} sources:", count=sum(1 for mine in grid.values() if mine)), lines)


def _dot(route: Route) -> str:
    return arrow(route).removeprefix(f"{route.source} → ")


# The change


async def _set(
    shown: Grid, wanted: Mapping[Channel, Sequence[Channel]], caller: Caller, bus: Bus
) -> Reply:
    """Add and remove what differs from what was shown; raises Conflict where that no longer stands
    so."""
    new = [
        Route(source, end)
        for source, ends in wanted.items()
        for end in ends
        if end not in shown[source]
    ]
    new = list(dict.fromkeys(new))
    gone = [
        route
        for source, ends in wanted.items()
        for end, route in shown[source].items()
        if end not in ends
    ]
    if not new and not gone:
        return Done(_("Left as it was."))
    _check(new, gone, bus)
    told = [_("{route} goes.", route=arrow(route)) for route in gone]
    more = [sentence for route in gone for sentence in goes_with(route, bus)]

    async def change(caller: Caller, bus: Bus) -> Reply:
        return await _change(new, gone, caller, bus)

    return (
        ask_sure(ACTION.title, joined([*told, *more], " "), change)
        if more
        else await change(caller, bus)
    )


async def _change(new: Sequence[Route], gone: Sequence[Route], caller: Caller, bus: Bus) -> Reply:
    _check(new, gone, bus)
    added, removed = (", ".join(arrow(route) for route in some) for some in (new, gone))
    changes: list[Put | Drop] = [*(Drop(route) for route in gone), *(Put(route) for route in new)]
    await bus.settings.change(changes, entry(caller, bus, "matrix", before=removed, after=added))
    return Done(_summary(added, removed))


def _check(new: Sequence[Route], gone: Sequence[Route], bus: Bus) -> None:
    for route in gone:
        unchanged(bus, route)
    standing = {(route.source, route.destination) for route in bus.hub.routes}
    known = {spec.channel for spec in bus.hub.channels}
    for route in new:
        lost = next((str(end) for end in (route.source, route.destination) if end not in known), "")
        if lost:
            raise Conflict(
                _("{what} was removed meanwhile; nothing was changed: start again.", what=lost)
            )
        if (route.source, route.destination) in standing:
            raise Conflict(
                _(
                    "{what} was added meanwhile; nothing was changed: start again.",
                    what=shown(route),
                )
            )


def _summary(added: str, removed: str) -> Words:
    if not removed:
        return _("Added {routes}.", routes=added)
    if not added:
        return _("Removed {routes}.", routes=removed)
    return _("Added {routes}; removed {others}.", routes=added, others=removed)


# The page


@dataclass(frozen=True, slots=True)
class Dot:
    """A place of the page as someone saw it; `route` is the number of the route there, 0 where none
    was."""

    source: Channel
    destination: Channel
    route: int = 0
    version: int = 0


async def click(caller: Caller, seen: Dot, bus: Bus) -> Reply | Route:
    """Make the route of a place, turn on one that is off, or take one away: what stands there
    decides.

    A route that has to be asked for first comes back as it is: `route-remove` asks. Raises
    Forbidden, BadInput for a route to itself, Conflict where it no longer is as it was seen,
    StoreError.
    """
    check(ACTION, caller, bus)
    if not seen.route:
        return await _set({seen.source: {}}, {seen.source: [seen.destination]}, caller, bus)
    unchanged(bus, Route(seen.source, seen.destination, id=seen.route, version=seen.version))
    route = find_route(bus, str(seen.route))
    if not route.enabled:
        on = replace(route, enabled=True)
        await bus.settings.change([Put(on)], entry(caller, bus, "matrix", arrow(route), arrow(on)))
        return Done(_("{route} is {state} now.", route=arrow(on), state=ON))
    if route.stages or bus.hub.routing.held_at(route):
        return route
    return await _set({route.source: {route.destination: route}}, {route.source: []}, caller, bus)


ACTION = Action("matrix", _("Matrix"), Role.OPERATOR, _line, Line, group="routes", opening=_opening)
