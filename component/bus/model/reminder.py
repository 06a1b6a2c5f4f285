"""Reminders: whom, when and of what, read out of a line in any order of words. Pure: names and
times are given."""

import re
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from component.bus.model.message import Channel
from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.common.schedule import Schedule, once
from component.common.value_types import Span

MOST = 50
"""Reminders that a person may have open."""
MAX_TEXT = 1_000
"""Characters of what is to be said."""
YEAR = Span(366 * 86400)
"""How far ahead one may be."""
LATE = 60_000
"""Milliseconds behind its time from which a reminder says so."""
_LOOKS_BACK = (3_600_000, 86_400_000, 8 * 86_400_000, 32 * 86_400_000, 367 * 86_400_000)
"""Milliseconds, each further back, within which the last of many missed times is looked for."""


@dataclass(frozen=True, slots=True)
class Reminder:
    """What is to be said in `channel` at `due` (ms since 1970), and then at each time of `schedule`
    by the clocks of `zone`; `who` (a bare JID) asked for it, is called `name`, and spoke
    `language`. `id` is the store's."""

    who: str
    name: str
    channel: Channel
    body: str
    due: int
    schedule: str = ""
    zone: str = "UTC"
    language: str = "en"
    id: int = 0

    @property
    def origin(self) -> str:
        """Names this one time: what has it is accepted once."""
        return f"reminder:{self.id}@{self.due}"

    def next(self, now: int) -> int | None:
        """When it comes again, whatever was missed; None where it is over. Raises BadInput where it
        can't be read."""
        if not self.schedule:
            return None
        return self._after(max(now, self.due))

    def _after(self, at: int) -> int:
        return Schedule.parse(self.schedule).after(at, ZoneInfo(self.zone))

    def latest(self, now: int) -> int:
        """The last of its times that `now` is not before: of several that were missed, the one that
        is told."""
        if not self.schedule:
            return self.due
        for back in _LOOKS_BACK:  # a few steps from near, not a year's from the first
            time = self._after(now - back) if now - back > self.due else self.due
            if time <= now:
                while (following := self._after(time)) <= now:
                    time = following
                return time
        return self.due

    def said(self, now: int, *, to_self: bool) -> Words:
        """The words of it, with how late they come where they were missed."""
        told = _("Reminder: {words}", words=self.body)
        if not to_self:
            told = _("Reminder from {name}: {words}", name=self.name, words=self.body)
        late = now - self.latest(now)
        if late < LATE:
            return told
        minutes = late // 60_000
        length = Span(minutes * 60) if minutes < 1440 else Span(minutes // 60 * 3600)
        return _("{reminder} ({late} late)", reminder=told, late=length)


# When


@dataclass(frozen=True, slots=True)
class When:
    """The first time, in ms since 1970, and where it comes again the schedule as it was written."""

    due: int
    schedule: str = ""


_RECURS = re.compile(
    r"(?:every|each|jede[nrs]?|alle|daily|täglich|hourly|stündlich|(?:week|werk)(?:days|"
    r"tags)|weekends|wochenenden"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days|(?:mon|diens|donners|frei|sams|sonn)tags|"
    r"mittwochs)\b"
    r"|[\d*/,-]+(?: [\d*/,-]+){3} \S+$"
)
_ON = re.compile(
    r"\b(?:on|am|next|nächste[nr]?|kommende[nr]?) (?:the )?(?=\D|\d{4}-)", re.IGNORECASE
)
_HALF = re.compile(r"\b(?:half an hour|(?:einer )?halben stunde)\b", re.IGNORECASE)


def when(text: str, now: int, zone: ZoneInfo) -> When:
    """The time written: in 20 minutes, tomorrow at 9, Monday 9:30, every Monday 9:30, or cron's
    five fields.

    Raises BadInput where it is none, is past, or is more than a year ahead.
    """
    words = _plain(text)
    if _RECURS.match(words.lower()):
        schedule = Schedule.parse(words)
        found = When(schedule.after(now, zone), str(schedule))
    else:
        found = When(once(words, now, zone))
    if found.due - now > YEAR.ms:
        raise BadInput(
            _("“{text}” is more than a year ahead. Choose an earlier time.", text=text[:40])
        )
    return found


def _plain(text: str) -> str:
    words = " ".join(text.split()).rstrip(".,!?")
    return _HALF.sub("30min", _ON.sub("", words))


_STARTS = re.compile(
    r"in|at|um|on|am|next|nächste[nr]?|kommende[nr]?|today|heute|tomorrow|morgen|noon|midday|"
    r"midnight|mitternacht"
    r"|every|each|jede[nrs]?|alle|daily|täglich|hourly|stündlich|weekdays|werktags|weekends"
    r"|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|(?:mon|diens|donners|frei|sams|"
    r"sonn)tags?|mittwochs?"
    r"|\d{4}-\d{2}-\d{2}|\d{1,2}[:.]\d{2}(?:am|pm)?|\d{1,2}(?:am|pm)"
)
_SHORT_DAYS = re.compile(r"mon?|tue|wed|thu|fri?|sat?|sun|di|mi|do|so")
_DANGLING = frozenset(
    {"and", "und", "the", "at", "um", "on", "am", "in", "every", "each", "jede", "jeden", "jedes"}
)
_OFTEN = re.compile(
    r"(?:every|each|alle|jede[nrs]?)(?: \d+)? "
    r"(?:seconds?|sekunden?|minutes?|minuten?|mins?|hours?|stunden?|h)"
)
_LONGEST = 10
"""Words that a time may have."""


def _is_when(tokens: Sequence[str]) -> bool:
    """Whether these words, and no fewer, say a time; it may be past, or come too often."""
    first, last = tokens[0].lower().rstrip(","), tokens[-1].lower().rstrip(".,!?")
    words = _plain(" ".join(tokens)).lower()
    if last in _DANGLING:
        return False
    if not _STARTS.fullmatch(first) and not (
        _SHORT_DAYS.fullmatch(first) and re.search(r"\d[:.]\d\d|\d[ap]m", words)
    ):
        return False
    if _OFTEN.fullmatch(words):
        return True
    try:
        if _RECURS.match(words):
            Schedule.parse(words)
        else:
            once(words, 0, ZoneInfo("UTC"))  # nothing that is written as a time is past then
    except BadInput:
        return False
    return True


# The line

_ME = frozenset({"me", "mich", "mir", "myself"})


def is_me(name: str) -> bool:
    """Whether it stands for the one who speaks."""
    return name.lower() in _ME


_MARKS = frozenset({"to", "that", "about", "of", "an", "ans", "daran", "dran", "dass", "zu"})
_CHANNEL = re.compile(r"[a-z][a-z0-9]*:\S+")


@dataclass(frozen=True, slots=True)
class Read:
    """What a line says, as it is written there; "" for what it does not say."""

    whom: str = ""
    when: str = ""
    what: str = ""


def read(line: str, names: Container[str]) -> Read:
    """Whom, when and what: `team in 20 minutes to stretch`, `me to stretch tomorrow at 9`.

    `names` are those of channels, in small letters. Whoever is not named is the one who speaks:
    then `whom` is empty.
    """
    tokens = line.split()
    whom, time, rest = _head(tokens, names)
    if not time:
        rest, time = _tail(rest)
    if not whom and rest == tokens[: len(rest)] and len(rest) > 1 and time and _begins(tokens[1:]):
        whom, rest = rest[0], _after_mark(rest[1:])  # a name that is not known
    elif not whom and not time and len(rest) == len(tokens) > 1 and tokens[1].lower() in _MARKS:
        whom, rest = rest[0], _after_mark(rest[1:])
    return Read(whom, time, " ".join(rest))


def _head(tokens: Sequence[str], names: Container[str]) -> tuple[str, str, list[str]]:
    """Whom and when as far as they come first, and what is left."""
    whom = time = ""
    place = 0
    while place < len(tokens):
        left = tokens[place:]
        if not whom and (count := _whom(left, names)):
            whom = " ".join(left[:count]).rstrip(",")
        elif not time and (count := _time(left)):
            time = " ".join(left[:count])
        elif not whom and not time and place == 0 and len(left) > 1 and (count := _unknown(left)):
            whom, time = left[0], " ".join(left[1:count])
        else:
            return whom, time, _after_mark(left)
        place += count
    return whom, time, []


def _unknown(tokens: Sequence[str]) -> int:
    """How many words are a name that nobody has, and a time behind it, with something left to say;
    0 for none."""
    count = _time(tokens[1:])
    return count + 1 if count and len(tokens) > count + 1 and not _begins(tokens[:1]) else 0


def _begins(tokens: Sequence[str]) -> bool:
    """Whether what was said before could be a name alone: a time or its mark follows."""
    return bool(tokens) and (tokens[0].lower().rstrip(",") in _MARKS or bool(_time(tokens)))


def _whom(tokens: Sequence[str], names: Container[str]) -> int:
    """How many words name someone; 0 for none."""
    first = tokens[0].rstrip(",").lower()
    if is_me(first):
        return 1
    for count in range(min(len(tokens), 8), 0, -1):
        if " ".join(tokens[:count]).rstrip(",").casefold() in names:
            return count
    return int(bool(_CHANNEL.fullmatch(first)))


def _time(tokens: Sequence[str]) -> int:
    """How many words say a time, as many as do; 0 for none."""
    return next(
        (count for count in range(min(len(tokens), _LONGEST), 0, -1) if _is_when(tokens[:count])), 0
    )


def _tail(rest: list[str]) -> tuple[list[str], str]:
    """What is left, without a time at its end."""
    for start in range(max(1, len(rest) - _LONGEST), len(rest)):
        if _is_when(rest[start:]):
            return rest[:start], " ".join(rest[start:])
    return rest, ""


def _after_mark(tokens: Sequence[str]) -> list[str]:
    """Without the word that leads to what is to be said: to, that, daran, dass."""
    place = 0
    while place < len(tokens) and place < 2 and tokens[place].lower().rstrip(",:") in _MARKS:
        place += 1
        if tokens[place - 1].lower().rstrip(",:") not in ("daran", "dran"):
            break
    return list(tokens[place:])


# Names

Named = Mapping[str, Sequence[Channel]]
"""By a name in small letters the channels that go by it."""


def names_of(channels: Sequence[tuple[Channel, str]]) -> Named:
    """Channels (each with its title) by `method:address`, by address, by title, and by the
    address's local part: what comes earlier in this list has the name before what comes later."""
    named: dict[str, list[Channel]] = {}
    for rank in zip(*(_called(channel, title) for channel, title in channels), strict=True):
        here: dict[str, list[Channel]] = {}
        for (channel, _title), name in zip(channels, rank, strict=True):
            if name:
                here.setdefault(name.casefold(), []).append(channel)
        named = here | named
    return named


def _called(channel: Channel, title: str) -> Iterator[str]:
    yield from (
        str(channel),
        channel.address,
        " ".join(title.split()),
        channel.address.partition("@")[0],
    )
