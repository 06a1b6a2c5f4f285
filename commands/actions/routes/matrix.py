"""`matrix` shows all routes at once, per source the destinations. One form saves as one change.

As a line: `matrix` shows it, `matrix shoutbox:lobby muc:a@x,muc:b@x` sets one source's
destinations, and `matrix shoutbox:lobby none` takes all of them away. On the web it is a page of
dots, of which a click sets one; in chat a link to that page comes along.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Fit, Lines, Reply, Step, Taken, check
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
from commands.named import count_name, find, long_names, taken_name
from commands.talk import too_many
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
MAX_LINES = 200
"""Lines of an answer."""

WEB = "web"
"""The `way` of callers who have the page already."""

Grid = Mapping[Channel, Mapping[Channel, Route]]
"""By source, the standing routes by destination."""


def grid_of(bus: Bus) -> Grid:
    """Every source, whether or not a route starts there."""
    grid: dict[Channel, dict[Channel, Route]] = {}
    for spec in bus.hub.channels:
        grid[spec.channel] = {}
    for route in bus.hub.routes:
        grid.setdefault(route.source, {})[route.destination] = route
    return grid


def narrowed(grid: Grid, which: str) -> Grid:
    """The sources with `which` in their name, an exact match first."""
    part = which.casefold()
    exact: dict[Channel, Mapping[Channel, Route]] = {}
    others: dict[Channel, Mapping[Channel, Route]] = {}
    for source, row in grid.items():
        name = str(source).casefold()
        if name == part:
            exact[source] = row
        elif part in name:
            others[source] = row
    return exact | others


# The form


@dataclass(frozen=True)
class Narrow:
    """Which sources."""

    which: Annotated[
        str, Ask(_("Selection"), _("part of a source address; empty for the first ones"))
    ] = ""


def open_form(caller: Caller, bus: Bus) -> Reply:
    """Ask for all sources at once, or first which of them where they are many."""
    grid = grid_of(bus)
    if not grid:
        return Done(_("No channels exist yet. Add a channel first."))
    if len(fitting(grid, bus)) == len(grid):
        return grid_step(grid, caller, bus)
    return Step(
        ACTION.title,
        Narrow,
        show_chosen,
        last=False,
        help=_("{count} sources exist.", count=len(grid)),
    )


async def show_chosen(caller: Caller, form: Narrow, bus: Bus) -> Reply:
    """The form for the sources that were asked for, as many as fit."""
    matching = narrowed(grid_of(bus), form.which)
    if not matching:
        return Done(_("No source address contains “{part}”.", part=form.which), "warn")
    shown = fitting(matching, bus)
    if not shown:
        first = next(iter(matching))
        return Done(
            _(
                "{source} has too many destinations for a form. Use text commands instead.",
                source=first,
            ),
            "warn",
        )
    if len(shown) == len(matching):
        return grid_step(shown, caller, bus)
    note = _(
        "{shown} of {count} sources are shown. Use a filter to see others.",
        shown=len(shown),
        count=len(matching),
    )
    return grid_step(shown, caller, bus, note)


def fitting(grid: Grid, bus: Bus) -> Grid:
    """The first sources, as many as fit a form: past MAX_CHOICES destinations are typed, not
    listed."""
    ends = places(bus)
    listed = 0
    if len(ends) <= MAX_CHOICES:
        listed = sum(2 * len(end.value) + 50 for end in ends)
    room = BUDGET
    first: dict[Channel, Mapping[Channel, Route]] = {}
    for source, row in grid.items():
        room -= listed + sum(len(str(end)) + 20 for end in row)
        if room < 0 or len(first) == SHOWN:
            break
        first[source] = row
    return first


def grid_step(shown: Grid, caller: Caller, bus: Bus, note: Words | None = None) -> Step:
    """The form with the present routes; the answer is compared with what it showed, even where
    routes change in between."""
    names = {f"s{number}": source for number, source in enumerate(shown, 1)}
    ends = [choice.value for choice in places(bus)]
    asked = link_field(caller, bus)  # the link first: these forms are long
    for name, source in names.items():
        asked.append(grid_row(name, source, shown[source], ends))

    async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
        wanted = {}
        for name, source in names.items():
            wanted[source] = [Channel.parse(end) for end in getattr(filled, name)]
        return await set_routes(shown, wanted, caller, bus)

    return Step(
        ACTION.title,
        make_dataclass("Form", asked),
        run,
        last=not any_asks(shown, bus),
        help=note,
    )


def any_asks(grid: Grid, bus: Bus) -> bool:
    """Whether the removal of one of the routes has to be confirmed."""
    for row in grid.values():
        for route in row.values():
            if goes_with(route, bus):
                return True
    return False


def grid_row(name: str, source: Channel, row: Mapping[Channel, Route], ends: Sequence[str]) -> Any:
    """A field of the form: one source, and its destinations."""
    present = tuple(str(end) for end in row)
    choices = []
    for end in dict.fromkeys((*ends, *present)):
        if end != str(source):
            choices.append(Choice(end, end))
    ask = Ask(_("{source}", source=source), choices=lambda _bus: choices)
    return name, Annotated[tuple[str, ...], ask], field(default=present)


def link_field(caller: Caller, bus: Bus) -> list[Any]:
    """A field that holds the link to the page, to be copied from there: forms have no links."""
    link = page_link(caller, bus)
    if not link:
        return []
    ask = Ask(_("Link to the page"), _("works once, within 5 minutes"))
    return [("page", Annotated[str, ask], field(default=link))]


def page_link(caller: Caller, bus: Bus) -> str:
    """A link to the page; "" for callers who are on it, and where nobody can sign in."""
    if caller.way == WEB:
        return ""
    return bus.sign_in(caller.jid, ACTION.name)


# A line


def end_choices(bus: Bus) -> Sequence[Choice]:
    """All destinations, and none."""
    return [*places(bus), Choice(NONE, NONE)]


@dataclass(frozen=True)
class SourceLine:
    """A source, and where it shall go."""

    source: Annotated[str, Ask(_("From"), names=long_names)] = ""
    to: Annotated[tuple[str, ...], Ask(_("To"), choices=end_choices)] = ()


async def run(caller: Caller, form: SourceLine, bus: Bus) -> Reply:
    """Show the matrix, or set the destinations of one source."""
    grid = grid_of(bus)
    if not form.to:
        return grid_lines(narrowed(grid, form.source), page_link(caller, bus))
    source = find_channel(bus, find(form.source, bus.hub.channels, bus)).channel
    wanted = [Channel.parse(end) for end in form.to if end != NONE]
    return await set_routes({source: grid[source]}, {source: wanted}, caller, bus)


def grid_lines(grid: Grid, link: str) -> Lines:
    """The matrix in lines, with the link to its page."""
    lines: list[Words | str] = []
    for source, row in grid.items():
        if row:
            lines.append(f"{source} → {', '.join(map(shown_end, row.values()))}")
    title = _("{count} sources:", count=len(lines))
    if lines[MAX_LINES:]:
        more = _("… and {count} more; use a filter to see them", count=len(lines) - MAX_LINES)
        lines = [*lines[:MAX_LINES], more]
    if link:
        lines.append(_("Open this page within 5 minutes; the link works once: {link}", link=link))
    return Lines(title, lines)


def shown_end(route: Route) -> str:
    """A route without its source."""
    return arrow(route).removeprefix(f"{route.source} → ")


# The change


async def set_routes(
    shown: Grid, wanted: Mapping[Channel, Sequence[Channel]], caller: Caller, bus: Bus
) -> Reply:
    """Add and remove what differs from what was shown; raises Conflict where the routes are no
    longer as shown."""
    new: list[Route] = []
    gone: list[Route] = []
    for source, ends in wanted.items():
        row = shown[source]
        new += [Route(source, end) for end in dict.fromkeys(ends) if end not in row]
        gone += [route for end, route in row.items() if end not in ends]
    if not new and not gone:
        return Done(_("Nothing was changed."))
    check_current(new, gone, bus)

    async def change(caller: Caller, bus: Bus) -> Reply:
        return await save(new, gone, caller, bus)

    sentences = [_("{route} will be removed.", route=arrow(route)) for route in gone]
    losses: list[Words] = []
    for route in gone:
        losses += goes_with(route, bus)
    if not losses:
        return await change(caller, bus)
    return ask_sure(ACTION.title, joined([*sentences, *losses], " "), change)


async def save(new: Sequence[Route], gone: Sequence[Route], caller: Caller, bus: Bus) -> Reply:
    """Save the change in one transaction, with its line of the audit log."""
    check_current(new, gone, bus)
    added = ", ".join(map(arrow, new))
    removed = ", ".join(map(arrow, gone))
    changes: list[Put | Drop] = [*map(Drop, gone), *map(Put, new)]
    await bus.settings.change(changes, entry(caller, bus, "matrix", before=removed, after=added))
    return Done(summary(added, removed))


def check_current(new: Sequence[Route], gone: Sequence[Route], bus: Bus) -> None:
    """Raise Conflict where a route or a channel is not as it was shown."""
    for route in gone:
        unchanged(bus, route)
    present = {(route.source, route.destination) for route in bus.hub.routes}
    known = {spec.channel for spec in bus.hub.channels}
    for route in new:
        for end in (route.source, route.destination):
            if end not in known:
                raise Conflict(
                    _(
                        "Someone else removed {what} in the meantime. Nothing was changed; "
                        "please start again.",
                        what=end,
                    )
                )
        if (route.source, route.destination) in present:
            raise Conflict(
                _(
                    "Someone else added {what} in the meantime. Nothing was changed; please "
                    "start again.",
                    what=shown(route),
                )
            )


def summary(added: str, removed: str) -> Words:
    """What was added and removed, in a sentence."""
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
    """Make the route of a place, turn on one that is off, or take one away: what is there now
    decides.

    A route that has to be asked for first comes back as it is: `route-remove` asks. Raises
    Forbidden, BadInput for a route to itself, Conflict where it no longer is as it was seen,
    StoreError.
    """
    check(ACTION, caller, bus)
    if not seen.route:
        return await set_routes({seen.source: {}}, {seen.source: [seen.destination]}, caller, bus)
    unchanged(bus, Route(seen.source, seen.destination, id=seen.route, version=seen.version))
    route = find_route(bus, str(seen.route))
    if not route.enabled:
        on = replace(route, enabled=True)
        await bus.settings.change([Put(on)], entry(caller, bus, "matrix", arrow(route), arrow(on)))
        return Done(_("{route} is now {state}.", route=arrow(on), state=ON))
    if route.stages or bus.hub.routing.held_at(route):
        return route
    return await set_routes(
        {route.source: {route.destination: route}}, {route.source: []}, caller, bus
    )


async def takes(_caller: Caller, rest: str, bus: Bus) -> Taken:
    """A part of a source's name, and perhaps its destinations."""
    words = rest.replace('"', "").split()
    count = count_name(words, bus.hub.channels, bus)
    known = bool(count or narrowed(grid_of(bus), words[0]))
    if known and len(words) <= max(count, 1) + 1:
        return Taken(Fit.WELL)
    if known:
        return Taken(Fit.PARTLY, too_many(words[max(count, 1) + 1]))
    return taken_name(words, bus.hub.channels, bus)


ACTION = Action(
    "matrix",
    _("Matrix"),
    Role.OPERATOR,
    run,
    SourceLine,
    group="routes",
    opening=open_form,
    takes=takes,
)
