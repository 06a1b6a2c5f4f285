"""Good settings of every processor, messages to try them with, and a route that they stand on."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from component.bus.model.digest import digests
from component.bus.model.ledger import Ledger, StateEntry
from component.bus.model.message import Author, AuthorKind, Message, id_from
from component.bus.model.planner import Arrival, Follows, Held, Planner, Stopped
from component.bus.model.route import Route, Routes, Stage
from component.processors import build
from tests.support.fakes import FROM, TO, said

Values = Mapping[str, Sequence[str]]

GOOD: Mapping[str, Sequence[Values]] = {
    "dedupe": [{"within": ["1h"]}, {"within": ["10min"], "author": ["1"]}],
    "delay": [{"by": ["10min"]}, {"by": ["1s"]}],
    "digest": [{"every": ["1h"]}, {"count": ["3"]}, {"every": ["1min"], "count": ["2"]}],
    "exclude": [{"words": ["spam", "green eggs"]}, {"author": ["Romeo"], "has_link": ["1"]}],
    "match": [
        {"pattern": [r"(?i)\bh(a|e)llo\s"]},
        {"author": ["Juliet", "romeo@x"]},
        {"has_attachment": ["1"]},
    ],
    "prefix": [{"text": ["[lobby]"]}, {"text": ['"so" \\ & 100 % <b> words=x']}],
    "quiet": [
        {"start": ["22:00"], "end": ["07:00"], "then": ["hold"]},
        {
            "start": ["00:00"],
            "end": ["20:00"],
            "then": ["digest"],
            "zone": ["Europe/Berlin"],
            "days": ["mon, tue, wed"],
        },
        {"start": ["22:00"], "end": ["23:30"], "then": ["drop"]},
    ],
    "quotes": [{}],
    "rewrite": [
        {"pattern": ["(hello) *(.*)"], "by": [r"\2\s\1"]},
        {"pattern": ["spam.*"]},
        {"pattern": [r'\\?("?)\s(\w+)"?'], "by": [r'\\\2="\1\n"']},
    ],
    "sample": [{"every": ["2"]}],
    "slow": [{"per": ["30s"]}],
    "tag": [{"word": ["news"]}],
    "template": [
        {"line": ["{time} {author} in {channel}: {body} {link}"]},
        {"line": ['{date} “{author}” <{id}> & "{body}" \\n']},
    ],
    "throttle": [
        {"count": ["2"], "per": ["1min"], "then": ["hold"]},
        {"count": ["1"], "per": ["1h"], "then": ["drop"]},
    ],
    "truncate": [{"length": ["20"]}],
    "words": [
        {"words": ["spam"], "then": ["mask"]},
        {"words": ["spam", "eggs"], "then": ["refuse"]},
    ],
}
SAMPLES = [(name, values) for name, several in GOOD.items() for values in several]

BODIES = [
    "hello there",
    "spam, and green eggs",
    "> what was said\nhello to that",
    "> nothing but what was said",
    "https://up.example.org/f/1234/photo.jpg",
    "see https://example.org and then say hello to them all",
    "{body} {0.__class__} \\1 %s",
    "two\nlines #news",
    "größer als 😀" * 20,
]
AUTHORS = [
    Author("Juliet", "juliet@example.org"),
    Author("Romeo", "guest:0123", AuthorKind.GUEST),
    Author("Nick", "room@x/Nick"),
]
PAUSES = [1, 1, 20, 0, 40, 1, 600, 1, 3_600, 1, 8 * 3_600, 0, 86_400]
"""Seconds between two messages."""
START = 1_700_000_000_000
"""A Tuesday, 22:13 UTC."""


def link(message: Message) -> str:
    return f"https://bus.example.org/m/{message.id}"


def talk() -> Sequence[Message]:
    """Some of everything, over a day and a half."""
    at, found = START, []
    for number, pause in enumerate(PAUSES * 2):
        at += pause * 1000
        body, author = (
            BODIES[number // 2 % len(BODIES)],
            AUTHORS[number // 2 % len(AUTHORS)],
        )  # each twice
        found.append(said(body, author=author, at=at, id=id_from(f"said {number}")))
    return found


@dataclass
class Course:
    """A route and what it holds, as the bus and its store keep them, with everything that came of
    it in `events`."""

    stages: Sequence[Stage]
    ledger: Ledger = field(default_factory=Ledger)
    held: list[Held] = field(default_factory=list)
    notes: dict[tuple[tuple[int, int], str], str] = field(default_factory=dict)
    events: list[tuple[str, str, str]] = field(default_factory=list)
    """(message's id, what became of it, its body or why)."""

    def __post_init__(self) -> None:
        self.route = Route(FROM, TO, id=1, stages=tuple(self.stages))
        self.routes = Routes(
            [self.route], (), (), lambda stage: build(stage.name, dict(stage.settings))
        )

    def restart(self) -> None:
        """Begin again with what is on disk."""
        notes = [
            StateEntry(place, key, json.loads(value)) for (place, key), value in self.notes.items()
        ]
        self.__post_init__()
        self.ledger = Ledger()
        self.ledger.load(notes, Counter((one.route, one.passed[-1]) for one in self.held))

    def say(self, message: Message) -> None:
        """What is due goes first, then a message comes in."""
        self.let_go(message.at)
        self._follow(message, Planner(self.routes, self.ledger, message.at, link).plan(message))

    def let_go(self, now: int) -> None:
        """What is due goes on, a batch as a whole."""
        while due := sorted((one for one in self.held if one.due <= now), key=lambda one: one.due):
            first = due[0]
            batch = [
                one
                for one in self.held
                if one is first or (first.batch and one.batch == first.batch)
            ]
            self.held = [one for one in self.held if one not in batch]
            self.ledger.hold((1, first.passed[-1]), -len(batch))
            joined = (
                digests([one.message for one in batch], first.batch, now) if first.batch else ()
            )
            self.events += [(one.message.id, "joined", first.batch) for one in batch if joined]
            been = (
                frozenset({FROM}.union(*(one.been for one in batch)))
                if joined
                else frozenset({FROM})
            )
            for message in joined or [first.message]:
                planner = Planner(self.routes, self.ledger, now, link)
                self._follow(message, planner.resume(message, first, been))

    def finish(self) -> None:
        """Time passes until nothing waits."""
        for _round in range(1_000):
            if not self.held:
                return
            self.let_go(min(one.due for one in self.held))
        raise AssertionError("it waits for ever")

    def _follow(self, message: Message, follows: Follows) -> None:
        became = [
            *(
                ("dead" if one.error else "arrived", one.error or one.message.body)
                for one in follows.arrivals
            ),
            *(("held", f"{one.due} {one.batch}") for one in follows.holds),
            *(("stopped", f"{one.processor}: {one.why}") for one in follows.stops),
        ]
        assert len(became) == 1, became
        ends: Sequence[Arrival | Held | Stopped] = (
            *follows.arrivals,
            *follows.holds,
            *follows.stops,
        )
        assert {one.message.id for one in ends} == {message.id}
        self.events += [(message.id, *one) for one in became]
        self.held += follows.holds
        for note in self.ledger.take():
            self.notes.pop((note.place, note.key), None)
            if note.value is not None:
                self.notes[note.place, note.key] = json.dumps(note.value)
