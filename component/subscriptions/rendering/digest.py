"""What a digest tells, arranged for templates: by channel, by day, by thread. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import accumulate

from markupsafe import Markup

from component.bus.model.message import Channel, Message
from component.bus.model.story import Told
from component.common.linkify import linked
from component.common.sanitize import one_line, scrub
from component.subscriptions.rendering.times import Times

MOST = 100
"""Messages that a digest shows."""
SIZE = 56_000
"""Bytes that they take as HTML, about: mail clients cut what is over 100 KB."""
LONGEST = 1_200
"""Characters of a message that are shown."""
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ADDRESS = re.compile(r"https?://\S+")
_LIKE_ONE = re.compile(r"://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a subscription is to be told of a channel, oldest first; `rest` is how many messages
    more there are, None where nobody counted."""

    channel: Channel
    messages: Sequence[Message]
    rest: int | None = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is shown: messages, bytes in all, characters of one, and bytes that each takes
    beside its text."""

    most: int = MOST
    size: int = SIZE
    longest: int = LONGEST
    frame: int = 350


@dataclass(frozen=True, slots=True)
class Places:
    """What channels are called, and where what is told stands: `title` and `page` of a channel,
    `link` to a message whole, `permalink` to its page in an archive. Each may give "" but `title`
    and `link`."""

    title: Callable[[Channel], str]
    page: Callable[[Channel], str]
    link: Callable[[Message], str]
    permalink: Callable[[Message, Channel], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: `heading` is a headline that leads to `target`, both "" where it has none, and
    `text` (as HTML: `html`) what stands under it. `url` leads to the message whole; `cut` says that
    it is longer."""

    author: str
    time: str
    text: str
    html: Markup
    url: str
    heading: str = ""
    target: str = ""
    cut: bool = False


@dataclass(frozen=True, slots=True)
class Thread:
    """What belongs together: `first` opens it; where it is not among what is told, `quote` is a
    line of it."""

    first: Entry | None
    quote: str
    replies: Sequence[Entry]


@dataclass(frozen=True, slots=True)
class Day:
    """Threads that begin on one day; `heading` is "" where all is of one."""

    heading: str
    threads: Sequence[Thread]


@dataclass(frozen=True, slots=True)
class Section:
    """A channel: `more` messages are not shown, None for nobody knows how many."""

    title: str
    url: str
    days: Sequence[Day]
    more: int | None = 0


@dataclass(frozen=True, slots=True)
class Digest:
    """All of it. `count` messages in all, those that are not shown with them; more than that where
    not `exact`."""

    sections: Sequence[Section]
    count: int
    exact: bool
    period: str


def merged(wanted: Sequence[Wanted]) -> Sequence[Wanted]:
    """Each message once, in the first channel that has it; a channel with nothing left goes."""
    seen: set[str] = set()
    kept: list[Wanted] = []
    for one in wanted:
        fresh = [message for message in one.messages if message.id not in seen]
        seen |= {message.id for message in fresh}
        if fresh or one.rest != 0:
            kept.append(replace(one, messages=fresh))
    return kept


def chosen(wanted: Sequence[Wanted], bounds: Bounds) -> Sequence[Wanted]:
    """What of it is shown: the oldest of each channel, each channel with its share; the others
    count as the rest."""
    counts = shares([len(one.messages) for one in wanted], bounds.most)
    sizes = [[_size(message, bounds) for message in one.messages[: bounds.most]] for one in wanted]
    rooms = shares([sum(each) for each in sizes], bounds.size)
    return [
        _shown(one, _fitting(each[:count], room))
        for one, each, count, room in zip(wanted, sizes, counts, rooms, strict=True)
    ]


def shares(wants: Sequence[int], most: int) -> Sequence[int]:
    """`most` divided among who wants so much: nobody gets more than they want, and who wants little
    gets it all."""
    given = [0] * len(wants)
    left = most
    order = sorted(range(len(wants)), key=wants.__getitem__)
    for place, number in enumerate(order):
        given[number] = min(wants[number], left // (len(order) - place))
        left -= given[number]
    return given


def _size(message: Message, bounds: Bounds) -> int:
    return len(linked(message.body[: bounds.longest]).encode()) + bounds.frame


def _fitting(sizes: Sequence[int], room: int) -> int:
    """How many fit."""
    return sum(total <= room for total in accumulate(sizes))


def _shown(one: Wanted, count: int) -> Wanted:
    left = len(one.messages) - count
    return replace(
        one, messages=one.messages[:count], rest=None if one.rest is None else one.rest + left
    )


def strangers(wanted: Sequence[Wanted]) -> Iterator[tuple[Channel, str]]:
    """The channel and the first message of each thread that goes on in what is shown, and began
    before."""
    for one in wanted:
        here = {message.id for message in one.messages}
        yield from dict.fromkeys(
            (one.channel, message.thread)
            for message in one.messages
            if message.thread and message.thread not in here
        )


def arranged(
    shown: Sequence[Wanted],
    quotes: Mapping[tuple[Channel, str], str],
    places: Places,
    times: Times,
    longest: int,
) -> Digest:
    """What is `shown`, arranged; `quotes` has a line of the first messages that `strangers`
    names."""
    moments = sorted({times.day(message.at) for one in shown for message in one.messages})
    several = len(moments) > 1
    drawing = _Drawing(places, times, longest, several)
    sections = [_section(one, quotes, drawing) for one in shown]
    ends = dict.fromkeys(times.heading(day) for day in (*moments[:1], *moments[-1:]))
    return Digest(
        sections,
        count=sum(len(one.messages) + (one.rest or 0) for one in shown),
        exact=all(one.rest is not None for one in shown),
        period=" – ".join(ends),
    )


@dataclass(frozen=True, slots=True)
class _Drawing:
    """How entries are drawn; where there are `several` days, those of another day than their thread
    say theirs."""

    places: Places
    times: Times
    longest: int
    several: bool

    def entry(self, message: Message, channel: Channel, day: date) -> Entry:
        same = self.times.day(message.at) == day
        return entry(
            message,
            channel,
            self.places,
            (self.times.time if same else self.times.stamp)(message.at),
            self.longest,
        )


def _section(one: Wanted, quotes: Mapping[tuple[Channel, str], str], drawing: _Drawing) -> Section:
    threads: dict[str, list[Message]] = {}
    for message in one.messages:
        threads.setdefault(message.thread or message.id, []).append(message)
    days: dict[date, list[Thread]] = {}
    for root, messages in threads.items():
        day = drawing.times.day(messages[0].at)
        days.setdefault(day, []).append(
            _thread(root, messages, quotes.get((one.channel, root), ""), day, drawing, one)
        )
    told = [
        Day(drawing.times.heading(day) if drawing.several else "", threads)
        for day, threads in days.items()
    ]
    return Section(
        one_line(drawing.places.title(one.channel)),
        drawing.places.page(one.channel),
        told,
        one.rest,
    )


def _thread(
    root: str, messages: Sequence[Message], quoted: str, day: date, drawing: _Drawing, one: Wanted
) -> Thread:
    entries = {message.id: drawing.entry(message, one.channel, day) for message in messages}
    first = entries.pop(root, None)
    if first is None and not quoted:  # it was deleted: what answered it stands by itself
        first = entries.pop(next(iter(entries)))
    return Thread(first, "" if first else quoted, list(entries.values()))


def entry(
    message: Message, channel: Channel, places: Places, time: str, longest: int = LONGEST
) -> Entry:
    """A message that came to a channel, to be drawn; the time is written already."""
    body = _LINE_END.sub("\n", scrub(message.body))
    target, heading, rest = places.permalink(message, channel), "", body
    if target:
        told = Told.of(body)
        heading, rest = told.title, told.text
    elif headed := _headline(message, body):
        heading, target, rest = headed
    text, cut = _cut(rest.strip("\n"), longest)
    html = linked(text).replace("\n", Markup("<br>\n"))
    return Entry(
        one_line(message.author.shown), time, text, html, places.link(message), heading, target, cut
    )


def _headline(message: Message, body: str) -> tuple[str, str, str] | None:
    """Of what a channel itself says, such as a feed: a headline, the address under it, and the
    rest.

    Where others wrote it, an address stands as it is, and nobody can call one by the name of
    another.
    """
    own = message.author.key == str(message.channel) or message.author.key.startswith(
        f"{message.channel}/"
    )
    title, _newline, below = body.partition("\n")
    address, _newline, rest = below.partition("\n")
    if not own or not one_line(title) or _LIKE_ONE.search(title) or not _ADDRESS.fullmatch(address):
        return None
    return one_line(title), address, rest


def _cut(text: str, longest: int) -> tuple[str, bool]:
    """A text, and whether it was cut; behind a word where one ends near there."""
    if len(text) <= longest:
        return text, False
    end = max(
        text.rfind(" ", longest * 3 // 4, longest), text.rfind("\n", longest * 3 // 4, longest)
    )
    return f"{text[: end if end > 0 else longest - 1].rstrip()}…", True
