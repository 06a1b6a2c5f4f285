"""What a digest says, arranged for templates: by channel, by day, by thread. Pure."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from markupsafe import Markup

from component.bus.model.message import Channel, Kind, Message
from component.bus.model.story import Told
from component.common.linkify import linked
from component.common.sanitize import one_line, scrub
from component.subscriptions.rendering.times import Times

MAX_MESSAGES = 100
"""Messages that a digest shows."""
MAX_BYTES = 56_000
"""Bytes that they take as HTML, about: mail clients cut what is over 100 KB."""
MAX_CHARS = 1_200
"""Characters of a message that are shown."""
_LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
_ADDRESS = re.compile(r"https?://\S+")
_LIKE_ONE = re.compile(r"://|\bwww\.", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Selection:
    """What a subscriber gets of a channel, oldest first; `rest` is how many messages more there
    are, None where that is not known."""

    channel: Channel
    messages: Sequence[Message]
    rest: int | None = 0


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much is shown: messages, bytes in all, characters of one, and bytes that each takes
    beside its text."""

    most: int = MAX_MESSAGES
    size: int = MAX_BYTES
    longest: int = MAX_CHARS
    frame: int = 350


@dataclass(frozen=True, slots=True)
class Places:
    """The names of channels, and web addresses: `title` and `page` of a channel, `link` to a whole
    message, `permalink` to its page in an archive. All but `title` and `link` may return ""."""

    title: Callable[[Channel], str]
    page: Callable[[Channel], str]
    link: Callable[[Message], str]
    permalink: Callable[[Message, Channel], str]


@dataclass(frozen=True, slots=True)
class Entry:
    """A message: `heading` is a headline that leads to `target`, both "" without one, and `text`
    (as HTML: `html`) the rest. `url` leads to the whole message; `cut` says that it is longer."""

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
    """Messages that belong together: `first` opens the thread; where that is not in the digest,
    `quote` is a line of it."""

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
    """All of it. `count` is the number of messages, shown or not; there are more where it is not
    `exact`."""

    sections: Sequence[Section]
    count: int
    exact: bool
    period: str


def merged(selections: Sequence[Selection]) -> list[Selection]:
    """Each message once, in the first channel that has it; a channel with nothing left is left
    out."""
    seen: set[str] = set()
    kept: list[Selection] = []
    for selection in selections:
        fresh = [message for message in selection.messages if message.id not in seen]
        for message in fresh:
            seen.add(message.id)
        if fresh or selection.rest != 0:
            kept.append(replace(selection, messages=fresh))
    return kept


def chosen(selections: Sequence[Selection], bounds: Bounds) -> list[Selection]:
    """What is shown: the oldest messages of each channel, each channel with its share; the others
    count as the rest."""
    sizes: list[list[int]] = []
    for selection in selections:
        sizes.append([size_of(one, bounds) for one in selection.messages[: bounds.most]])
    counts = shares([len(selection.messages) for selection in selections], bounds.most)
    rooms = shares([sum(each) for each in sizes], bounds.size)
    found: list[Selection] = []
    for place, selection in enumerate(selections):
        count = fitting(sizes[place][: counts[place]], rooms[place])
        found.append(shortened(selection, count))
    return found


def shares(wants: Sequence[int], most: int) -> Sequence[int]:
    """`most` divided among those who want so much each: nobody gets more than they want, and those
    who want little get all of it."""
    given = [0] * len(wants)
    left = most
    order = sorted(range(len(wants)), key=wants.__getitem__)
    for place, number in enumerate(order):
        given[number] = min(wants[number], left // (len(order) - place))
        left -= given[number]
    return given


def size_of(message: Message, bounds: Bounds) -> int:
    """The bytes that a message takes as HTML."""
    return len(linked(message.body[: bounds.longest]).encode()) + bounds.frame


def fitting(sizes: Sequence[int], room: int) -> int:
    """How many of these, from the first, fit a room."""
    for count, size in enumerate(sizes):
        room -= size
        if room < 0:
            return count
    return len(sizes)


def shortened(selection: Selection, count: int) -> Selection:
    """The first messages of a selection; the others count as the rest."""
    left = len(selection.messages) - count
    rest = None if selection.rest is None else selection.rest + left
    return replace(selection, messages=selection.messages[:count], rest=rest)


def strangers(selections: Sequence[Selection]) -> Iterator[tuple[Channel, str]]:
    """The channel and the first message of each thread that continues in what is shown, and began
    before."""
    for selection in selections:
        known = {message.id for message in selection.messages}
        for message in selection.messages:
            if message.thread and message.thread not in known:
                known.add(message.thread)
                yield selection.channel, message.thread


def arranged(
    shown: Sequence[Selection],
    quotes: Mapping[tuple[Channel, str], str],
    places: Places,
    times: Times,
    longest: int,
) -> Digest:
    """What is `shown`, arranged; `quotes` has a line of the first messages that `strangers`
    names."""
    days: set[date] = set()
    count = 0
    is_exact = True
    for selection in shown:
        for message in selection.messages:
            days.add(times.day(message.at))
        count += len(selection.messages) + (selection.rest or 0)
        is_exact = is_exact and selection.rest is not None
    arranger = Arranger(places, times, longest, len(days) > 1, quotes)
    sections = [arranger.section(selection) for selection in shown]
    return Digest(sections, count, is_exact, period(days, times))


def period(days: set[date], times: Times) -> str:
    """The first and the last of some days; one where there is only one, "" for none."""
    if not days:
        return ""
    ends = dict.fromkeys([times.heading(min(days)), times.heading(max(days))])
    return " – ".join(ends)


@dataclass(frozen=True, slots=True)
class Arranger:
    """Arranges channels. Where there are `several` days, messages of another day than their thread
    name theirs."""

    places: Places
    times: Times
    longest: int
    several: bool
    quotes: Mapping[tuple[Channel, str], str]

    def section(self, selection: Selection) -> Section:
        """A channel, by day and by thread."""
        threads: dict[str, list[Message]] = {}
        for message in selection.messages:
            threads.setdefault(message.thread or message.id, []).append(message)
        by_day: dict[date, list[Thread]] = {}
        for root, messages in threads.items():
            thread = self.thread(root, messages, selection.channel)
            by_day.setdefault(self.times.day(messages[0].at), []).append(thread)
        days: list[Day] = []
        for day, of_day in by_day.items():
            days.append(Day(self.times.heading(day) if self.several else "", of_day))
        title = one_line(self.places.title(selection.channel))
        return Section(title, self.places.page(selection.channel), days, selection.rest)

    def thread(self, root: str, messages: Sequence[Message], channel: Channel) -> Thread:
        """A thread, by the id of its first message."""
        day = self.times.day(messages[0].at)
        entries = {message.id: self.entry(message, channel, day) for message in messages}
        quote = self.quotes.get((channel, root), "")
        first = entries.pop(root, None)
        if first is None and not quote:  # it was deleted: what answered it opens the thread
            first = entries.pop(next(iter(entries)))
        return Thread(first, "" if first else quote, list(entries.values()))

    def entry(self, message: Message, channel: Channel, day: date) -> Entry:
        """A message of a thread that began on a day."""
        if self.times.day(message.at) == day:
            time = self.times.time(message.at)
        else:
            time = self.times.stamp(message.at)
        return entry(message, channel, self.places, time, self.longest)


def entry(
    message: Message, channel: Channel, places: Places, time: str, longest: int = MAX_CHARS
) -> Entry:
    """A message that came to a channel, to be drawn; the time is written already."""
    body = _LINE_END.sub("\n", scrub(message.spoken))
    target, heading, rest = headed(message, channel, body, places)
    text, is_cut = cut(rest.strip("\n"), longest)
    html = linked(text).replace("\n", Markup("<br>\n"))
    author = one_line(message.author.shown)
    return Entry(author, time, text, html, places.link(message), heading, target, is_cut)


def headed(message: Message, channel: Channel, body: str, places: Places) -> tuple[str, str, str]:
    """An address, a headline that leads there, and the rest of a body; both "" without one."""
    permalink = places.permalink(message, channel)
    if permalink:
        told = Told.of(body)
        return permalink, told.title, told.text
    return headline(message, body) or ("", "", body)


def headline(message: Message, body: str) -> tuple[str, str, str] | None:
    """Of what a channel itself says, such as a feed: the address under a headline, the headline,
    and the rest.

    Where others wrote it, addresses are shown as they are, and nobody can give one the name of
    another.
    """
    is_own = message.kind in (Kind.FEED_ITEM, Kind.ANNOUNCEMENT)
    title, _newline, below = body.partition("\n")
    address, _newline, rest = below.partition("\n")
    if not is_own or not one_line(title) or _LIKE_ONE.search(title):
        return None
    if not _ADDRESS.fullmatch(address):
        return None
    return address, one_line(title), rest


def cut(text: str, longest: int) -> tuple[str, bool]:
    """A text, and whether it was cut; after a word where one ends near there."""
    if len(text) <= longest:
        return text, False
    near = longest * 3 // 4
    end = max(text.rfind(" ", near, longest), text.rfind("\n", near, longest))
    if end <= 0:
        end = longest - 1
    return f"{text[:end].rstrip()}…", True
