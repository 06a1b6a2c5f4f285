"""The grid of dots as data: which sources and destinations a page shows, and the routes between
them. No HTTP.

Sources down, destinations across; of many, those that are asked for, a page at a time in both
directions.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from commands.action import Bus
from component.bus.model.message import Channel
from component.bus.model.route import Route
from component.common.errors import BadInput
from component.common.i18n import Words, _

SIDE = 40
"""Rows and columns of one page."""
_DIGITS = re.compile("([0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Asked:
    """What part is asked for: words in the names of sources and of destinations, and which page of
    each, from 1."""

    source: str = ""
    destination: str = ""
    down: int = 1
    across: int = 1

    @classmethod
    def parse(cls, query: Mapping[str, Sequence[str]]) -> "Asked":
        """Of a page's address; raises BadInput."""
        one = {name: next(iter(values), "") for name, values in query.items()}
        pages = [_page(one.get(name, "")) for name in ("down", "across")]
        return cls(one.get("from", "").strip()[:200], one.get("to", "").strip()[:200], *pages)

    def query(self, **other: int) -> str:
        """As the page's address has it, with other pages where given."""
        down, across = other.get("down", self.down), other.get("across", self.across)
        pairs = {"from": self.source, "to": self.destination}
        pairs |= {
            "down": str(down) if down > 1 else "",
            "across": str(across) if across > 1 else "",
        }
        return urlencode({name: value for name, value in pairs.items() if value})


def _page(text: str) -> int:
    if text and not (text.isascii() and text.isdigit() and 0 < len(text) < 7 and int(text)):
        raise BadInput(_("“{text}” is not a page number.", text=text[:40]))
    return int(text or 1)


@dataclass(frozen=True, slots=True)
class End:
    """A row or a column: `name` is what it is called; `spoken` tells it apart from all others."""

    channel: Channel
    name: str
    spoken: str
    paused: bool


@dataclass(frozen=True, slots=True)
class Side:
    """The sources, or the destinations: those on this page, which page of how many, and how many of
    how many fit."""

    ends: tuple[End, ...]
    page: int
    pages: int
    count: int
    all: int


@dataclass(frozen=True, slots=True)
class Place:
    """Where a row and a column meet, by their numbers from 1."""

    row: int
    column: int
    source: End
    destination: End
    route: Route | None

    @property
    def id(self) -> str:
        """The cell's own."""
        return f"c{self.row}-{self.column}"

    @property
    def value(self) -> str:
        """What a click on it tells: where it is, and the route that was seen there."""
        seen = f" {self.route.id} {self.route.version}" if self.route else ""
        return f"{self.row} {self.column}{seen}"

    @property
    def label(self) -> Words:
        """The place in words, as a screen reader says it."""
        ends = {"source": self.source.spoken, "destination": self.destination.spoken}
        if self.route is None:
            return _("{source} to {destination}, no route", **ends)
        if not self.route.enabled:
            return _("{source} to {destination}, route off", **ends)
        return _("{source} to {destination}, route on", **ends)

    @property
    def is_itself(self) -> bool:
        """Whether a route would lead from a channel to itself."""
        return self.source.channel == self.destination.channel


@dataclass(frozen=True, slots=True)
class Window:
    """One page of the grid."""

    asked: Asked
    sources: Side
    destinations: Side
    routes: Mapping[tuple[Channel, Channel], Route]

    def place(self, row: int, column: int) -> Place:
        """Where two meet."""
        source, destination = self.sources.ends[row - 1], self.destinations.ends[column - 1]
        return Place(
            row, column, source, destination, self.routes.get((source.channel, destination.channel))
        )

    def find(self, source: Channel, destination: Channel) -> Place | None:
        """Where these two meet, if they do here."""
        rows, columns = (
            [end.channel for end in side.ends] for side in (self.sources, self.destinations)
        )
        if source not in rows or destination not in columns:
            return None
        return self.place(rows.index(source) + 1, columns.index(destination) + 1)

    def rows(self) -> Iterable[tuple[End, list[Place]]]:
        """Every row with its places."""
        columns = range(1, len(self.destinations.ends) + 1)
        for row, source in enumerate(self.sources.ends, 1):
            yield source, [self.place(row, column) for column in columns]

    @property
    def state(self) -> str:
        """Tells whether two windows show the same."""
        shown = [(ends, route.id, route.version) for ends, route in self.routes.items()]
        whole = (self.asked, self.sources, self.destinations, shown)
        return hashlib.blake2b(repr(whole).encode("utf-8", "replace"), digest_size=12).hexdigest()

    def changed(self, before: "Window") -> list[Place] | None:
        """The places that are otherwise than before; None where the rows or columns are."""
        if (self.sources, self.destinations) != (before.sources, before.destinations):
            return None
        both = self.routes.keys() | before.routes.keys()
        other = {
            ends for ends in both if _seen(self.routes.get(ends)) != _seen(before.routes.get(ends))
        }
        return [place for _end, row in self.rows() for place in row if _ends(place) in other]


def _ends(place: Place) -> tuple[Channel, Channel]:
    return place.source.channel, place.destination.channel


def _seen(route: Route | None) -> tuple[int, int] | None:
    return (route.id, route.version) if route else None


def window(bus: Bus, asked: Asked) -> Window:
    """The part that is asked for, as it stands now."""
    ends = _all_ends(bus)
    sources = _side(ends, asked.source, asked.down)
    destinations = _side(
        [one for one in ends if one.channel.address != "*"], asked.destination, asked.across
    )
    rows = {one.channel for one in sources.ends}
    columns = {one.channel for one in destinations.ends}
    shown = [
        route for route in bus.hub.routes if route.source in rows and route.destination in columns
    ]
    return Window(
        asked, sources, destinations, {(one.source, one.destination): one for one in shown}
    )


def _all_ends(bus: Bus) -> list[End]:
    """Every channel, those of a name side by side; and what routes still name that is no channel
    any more."""
    specs = {spec.channel: spec for spec in bus.hub.channels}
    named = {channel: spec.title or channel.address for channel, spec in specs.items()}
    for route in bus.hub.routes:
        for channel in (route.source, route.destination):
            named.setdefault(channel, channel.address)
    shared = Counter(name.casefold() for name in named.values())
    found = [
        End(
            channel,
            name,
            name if shared[name.casefold()] == 1 and channel.address != "*" else str(channel),
            channel not in specs or not specs[channel].enabled,
        )
        for channel, name in named.items()
    ]
    return sorted(found, key=_rank)


def _rank(end: End) -> tuple[str, list[str | int], str]:
    """By kind, and as people count: 2 before 10."""
    parts = _DIGITS.split(end.name.casefold())
    counted: list[str | int] = [
        int(part) if place % 2 else part for place, part in enumerate(parts)
    ]
    return end.channel.method, counted, end.channel.address


def _side(ends: Sequence[End], words: str, page: int) -> Side:
    asked = words.casefold()
    fitting = [end for end in ends if asked in f"{end.channel} {end.name}".casefold()]
    pages = max(1, -(-len(fitting) // SIDE))
    page = min(page, pages)
    return Side(
        tuple(fitting[(page - 1) * SIDE : page * SIDE]), page, pages, len(fitting), len(ends)
    )
