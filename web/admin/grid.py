"""The route matrix as data: the sources and destinations that a page shows, and the routes between
them. No HTTP.

Sources are rows, destinations are columns. If there are many, a page shows those that are searched
for, a part at a time in both directions.
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

PAGE_SIDE = 40
"""Rows and columns of one page."""
MAX_SEARCH_CHARS = 200
MAX_PAGE_DIGITS = 6
DIGITS = re.compile("([0-9]{1,9})")

Pair = tuple[Channel, Channel]
"""A route's source and destination."""


@dataclass(frozen=True, slots=True)
class View:
    """The part of the matrix that is asked for: words in the names of sources and of destinations,
    and which page of each, from 1."""

    source: str = ""
    destination: str = ""
    down: int = 1
    across: int = 1

    @classmethod
    def parse(cls, query: Mapping[str, Sequence[str]]) -> "View":
        """The view of a page's address; raises BadInput."""

        def value(name: str) -> str:
            return next(iter(query.get(name, ())), "")

        return cls(
            value("from").strip()[:MAX_SEARCH_CHARS],
            value("to").strip()[:MAX_SEARCH_CHARS],
            page_number(value("down")),
            page_number(value("across")),
        )

    def query(self, **other: int) -> str:
        """The query part of the page's address; `down` and `across` name other pages."""
        pairs = {}
        if self.source:
            pairs["from"] = self.source
        if self.destination:
            pairs["to"] = self.destination
        pages = {"down": self.down, "across": self.across} | other
        for name, page in pages.items():
            if page > 1:
                pairs[name] = str(page)
        return urlencode(pairs)


def page_number(text: str) -> int:
    """A page's number; 1 if the text is empty; raises BadInput."""
    if not text:
        return 1
    good = text.isascii() and text.isdigit() and len(text) <= MAX_PAGE_DIGITS
    if not good or int(text) == 0:
        raise BadInput(_("“{text}” is not a page number.", text=text[:40]))
    return int(text)


@dataclass(frozen=True, slots=True)
class End:
    """A row or a column: `name` is its label; `spoken` tells it apart from all others."""

    channel: Channel
    name: str
    spoken: str
    paused: bool

    @property
    def sort_key(self) -> tuple[str, list[str | int], str]:
        """Sorts by method, and names as people count: 2 before 10."""
        counted: list[str | int] = []
        for place, part in enumerate(DIGITS.split(self.name.casefold())):
            is_number = place % 2 == 1
            counted.append(int(part) if is_number else part)
        return self.channel.method, counted, self.channel.address

    def contains(self, words: str) -> bool:
        """Whether the words are in its channel or its name."""
        return words.casefold() in f"{self.channel} {self.name}".casefold()


@dataclass(frozen=True, slots=True)
class Side:
    """The sources, or the destinations, of one page: which page of how many, and how many of how
    many match the search."""

    ends: tuple[End, ...]
    page: int
    pages: int
    count: int
    all: int

    @classmethod
    def of(cls, ends: Sequence[End], words: str, page: int) -> "Side":
        """The page of those whose names contain the words."""
        matching = [end for end in ends if end.contains(words)]
        pages = max(1, -(-len(matching) // PAGE_SIDE))
        page = min(page, pages)
        shown = matching[(page - 1) * PAGE_SIDE : page * PAGE_SIDE]
        return cls(tuple(shown), page, pages, len(matching), len(ends))

    @property
    def channels(self) -> list[Channel]:
        """The channels of this page."""
        return [end.channel for end in self.ends]


@dataclass(frozen=True, slots=True)
class Cell:
    """Where a row and a column meet, by their numbers from 1."""

    row: int
    column: int
    source: End
    destination: End
    route: Route | None

    @property
    def id(self) -> str:
        """The cell's id on the page."""
        return f"c{self.row}-{self.column}"

    @property
    def value(self) -> str:
        """What a click sends: the place, and the route that was seen there."""
        place = f"{self.row} {self.column}"
        if self.route is None:
            return place
        return f"{place} {self.route.id} {self.route.version}"

    @property
    def label(self) -> Words:
        """The cell in words, for screen readers."""
        ends = {"source": self.source.spoken, "destination": self.destination.spoken}
        if self.route is None:
            return _("{source} to {destination}, no route", **ends)
        if not self.route.enabled:
            return _("{source} to {destination}, route off", **ends)
        return _("{source} to {destination}, route on", **ends)

    @property
    def is_itself(self) -> bool:
        """Whether a route here would lead from a channel to itself."""
        return self.source.channel == self.destination.channel


@dataclass(frozen=True, slots=True)
class Window:
    """One page of the matrix."""

    asked: View
    sources: Side
    destinations: Side
    routes: Mapping[Pair, Route]

    def cell(self, row: int, column: int) -> Cell:
        """Where two meet."""
        source, destination = self.sources.ends[row - 1], self.destinations.ends[column - 1]
        route = self.routes.get((source.channel, destination.channel))
        return Cell(row, column, source, destination, route)

    def find(self, source: Channel, destination: Channel) -> Cell | None:
        """Where these two meet; None if they are on another page."""
        rows, columns = self.sources.channels, self.destinations.channels
        if source not in rows or destination not in columns:
            return None
        return self.cell(rows.index(source) + 1, columns.index(destination) + 1)

    def rows(self) -> Iterable[tuple[End, list[Cell]]]:
        """Every row with its cells."""
        columns = range(1, len(self.destinations.ends) + 1)
        for row, source in enumerate(self.sources.ends, 1):
            yield source, [self.cell(row, column) for column in columns]

    @property
    def state(self) -> str:
        """A digest that is the same for two windows that show the same."""
        versions = [(pair, *version_of(route)) for pair, route in self.routes.items()]
        content = repr((self.asked, self.sources, self.destinations, versions))
        return hashlib.blake2b(content.encode("utf-8", "replace"), digest_size=12).hexdigest()

    def changed(self, before: "Window") -> list[Cell] | None:
        """The cells that differ from an earlier window; None if rows or columns do."""
        if (self.sources, self.destinations) != (before.sources, before.destinations):
            return None
        cells = []
        for _source, row in self.rows():
            for cell in row:
                pair = cell.source.channel, cell.destination.channel
                if version_of(cell.route) != version_of(before.routes.get(pair)):
                    cells.append(cell)
        return cells


def version_of(route: Route | None) -> tuple[int, int]:
    """Tells a route's versions apart; (0, 0) for none."""
    if route is None:
        return 0, 0
    return route.id, route.version


def window(bus: Bus, asked: View) -> Window:
    """The part that is asked for, as it is now."""
    ends = all_ends(bus)
    present = {route.destination for route in bus.hub.routes}
    single = [end for end in ends if end.channel in present or takes(bus, end.channel)]
    sources = Side.of(ends, asked.source, asked.down)
    destinations = Side.of(single, asked.destination, asked.across)
    rows, columns = set(sources.channels), set(destinations.channels)
    routes = {}
    for route in bus.hub.routes:
        if route.source in rows and route.destination in columns:
            routes[route.source, route.destination] = route
    return Window(asked, sources, destinations, routes)


def takes(bus: Bus, channel: Channel) -> bool:
    """Whether a route may end at a channel: others get no column."""
    method = bus.methods.get(channel.method)
    return method is not None and method.takes(channel)


def all_ends(bus: Bus) -> list[End]:
    """Every channel, sorted; and those that routes name although they no longer exist."""
    specs = {spec.channel: spec for spec in bus.hub.channels}
    names = {channel: spec.title or channel.address for channel, spec in specs.items()}
    for route in bus.hub.routes:
        for channel in (route.source, route.destination):
            names.setdefault(channel, channel.address)
    uses = Counter(name.casefold() for name in names.values())
    ends = []
    for channel, name in names.items():
        is_unique = uses[name.casefold()] == 1 and channel.address != "*"
        spoken = name if is_unique else str(channel)
        paused = channel not in specs or not specs[channel].enabled
        ends.append(End(channel, name, spoken, paused))
    return sorted(ends, key=lambda end: end.sort_key)
