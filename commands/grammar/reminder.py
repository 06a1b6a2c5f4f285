"""Lines that ask for a reminder: whom, when and of what, in any order of words. Pure: names and
times are given."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from commands.grammar.time_hints import LEADS, count_leading, goes_on, plain
from component.common import time_phrase
from component.common.errors import BadInput
from component.common.i18n import _
from component.common.schedule import Schedule, once
from component.common.time_words import WEEKDAYS
from component.common.value_types import YEAR

MAX_TIME_WORDS = 12
MAX_NAME_WORDS = 8
# When


@dataclass(frozen=True, slots=True)
class When:
    """The first time, in ms since 1970, and where it comes again the schedule as it was written."""

    due: int
    schedule: str = ""


def when(text: str, now: int, zone: ZoneInfo) -> When:
    """Read a time: in 20 minutes, tomorrow at 9, Monday 9:30, every Monday 9:30, or cron's five
    fields.

    Raises BadInput where it is not a time, is past, or is more than a year ahead.
    """
    words = text.strip().rstrip(".,!?")
    phrase = time_phrase.read(words)
    if phrase is None and words.isdigit():
        words = f"at {words}"
    if phrase and phrase.repeats:
        schedule = Schedule.parse(words)
        time = When(schedule.after(now, zone), str(schedule))
    elif phrase and len(phrase.weekdays) > 1:
        raise BadInput(
            _(
                "“{text}” is several times. Write “every {text}” for a repeated reminder, or one "
                "day.",
                text=words[:40],
            )
        )
    else:
        time = When(once(words, now, zone))
    if time.due - now > YEAR.ms:
        raise BadInput(
            _("“{text}” is more than a year ahead. Choose an earlier time.", text=text[:40])
        )
    return time


def is_when(tokens: Sequence[str]) -> bool:
    """Whether these words, and no fewer, say a time; it may be past, or come too often.

    A day that is named by a short word (sun, so, may) or by its number alone may be something else:
    it counts beside a time of day.
    """
    text = " ".join(tokens).rstrip(".,!?")
    phrase = time_phrase.read(text)
    if phrase is None:
        return False
    words = [token.lower().rstrip(".,!?") for token in tokens]
    if words[0] == "the":
        return False
    if any(word in WEEKDAYS and len(word) <= time_phrase.MAX_SHORT for word in words):
        return phrase.repeats or time_phrase.has_clock(words)
    if phrase.clock is not None or phrase.repeats or phrase.which or phrase.weekdays:
        return True
    return bool(phrase.delay or phrase.ahead is not None or phrase.date)


# The line

_ME = frozenset({"me", "mich", "mir", "myself"})


def is_me(name: str) -> bool:
    """Whether a name means the person who writes."""
    return name.lower() in _ME


_MARKS = frozenset({"to", "that", "about", "of", "an", "ans", "daran", "dran", "dass", "zu"})
_LONG_MARKS = frozenset({"daran", "dran"})
"""Marks that another may follow: daran, dass."""
_CHANNEL = re.compile(r"[a-z][a-z0-9]*:\S+")


@dataclass(frozen=True, slots=True)
class ReminderRequest:
    """What a line says, as it is written there; "" for what it does not say. `unread` seems to say
    when, and is not understood."""

    whom: str = ""
    when: str = ""
    what: str = ""
    unread: str = ""


def read(line: str, names: Container[str]) -> ReminderRequest:
    """Read whom, when and what: `team in 20 minutes to stretch`, `me to stretch tomorrow at 9`.

    `names` are those of channels, in small letters. Without a name `whom` is empty: that is the
    person who writes. What seems to say when and is not understood, or only in part, is `unread`.
    """
    tokens = line.split()
    whom, time, place = read_head(tokens, names)
    left = tokens[place:]
    unread = count_unread(left, time)
    if unread:
        said = tokens[place : place + unread]
        if time:
            said = [time, *said]
        return ReminderRequest(whom, "", " ".join(without_mark(left[unread:])), " ".join(said))
    rest = without_mark(left)
    tail, end = split_tail(rest)
    if end and time and lacks_clock(time):
        return ReminderRequest(whom, "", " ".join(rest), f"{time} {end}")
    if end and not time:
        part = len(tail) - count_leading(tail, names_day=names_day(end))
        if part < len(tail):
            return ReminderRequest(whom, "", " ".join(tail[:part]), " ".join(rest[part:]))
        rest, time = tail, end
    if whom:
        return ReminderRequest(whom, time, " ".join(rest))
    return with_unknown(tokens, time, rest)


def with_unknown(tokens: list[str], time: str, rest: list[str]) -> ReminderRequest:
    """A line that names nobody who is known: its first word may be the name of nobody."""
    whom = ""
    untouched = rest == tokens[: len(rest)] and len(rest) > 1
    follows_name = bool(time) and starts_rest(tokens[1:])
    if not time:
        follows_name = len(rest) == len(tokens) and tokens[1:] != [] and is_mark(tokens[1])
    if untouched and follows_name:  # a name that is not known
        whom, rest = rest[0], without_mark(rest[1:])
    return ReminderRequest(whom, time, " ".join(rest))


def count_unread(left: Sequence[str], time: str) -> int:
    """How many words seem to say when and are not understood, behind the `time` that is; 0 for
    none. They end before the mark of what is to be said."""
    if not left or is_mark(left[0]):
        return 0
    if time:
        seems = goes_on(left, time, is_open=lacks_clock(time))
    else:
        seems = plain(left[0]) in LEADS
    if not seems:
        return 0
    for place, word in enumerate(left):
        if is_mark(word):
            return place
    return len(left)


def lacks_clock(time: str) -> bool:
    """Whether a time names a day alone."""
    phrase = time_phrase.read(time)
    return phrase is not None and phrase.clock is None and not (phrase.delay or phrase.step)


def names_day(time: str) -> bool:
    """Whether a time names a day."""
    phrase = time_phrase.read(time)
    return phrase is not None and not (phrase.is_clock or phrase.delay or phrase.step)


def read_head(tokens: Sequence[str], names: Container[str]) -> tuple[str, str, int]:
    """Whom and when as far as they come first, and how many words those are."""
    whom = time = ""
    place = 0
    while place < len(tokens):
        left = tokens[place:]
        count = 0 if whom else count_name(left, names)
        if count:
            whom = " ".join(left[:count]).rstrip(",")
        elif not time and (count := count_time(left)):
            time = " ".join(left[:count])
        elif place == 0 and (count := count_unknown(left)):
            whom, time = left[0], " ".join(left[1:count])
        else:
            break
        place += count
    return whom, time, place


def count_unknown(tokens: Sequence[str]) -> int:
    """How many words are a name that nobody has and a time behind it, with something left to say;
    0 for none."""
    count = count_time(tokens[1:])
    if not count or len(tokens) <= count + 1 or starts_rest(tokens[:1]):
        return 0
    return count + 1


def starts_rest(tokens: Sequence[str]) -> bool:
    """Whether a time, or the mark of what is to be said, begins here: what stands before may be a
    name."""
    return bool(tokens) and (is_mark(tokens[0]) or count_time(tokens) > 0)


def count_name(tokens: Sequence[str], names: Container[str]) -> int:
    """How many words name someone; 0 for none."""
    first = tokens[0].rstrip(",").lower()
    if is_me(first):
        return 1
    for count in range(min(len(tokens), MAX_NAME_WORDS), 0, -1):
        if " ".join(tokens[:count]).rstrip(",").casefold() in names:
            return count
    return 1 if _CHANNEL.fullmatch(first) else 0


def count_time(tokens: Sequence[str]) -> int:
    """How many words say a time, as many as do; 0 for none."""
    for count in range(min(len(tokens), MAX_TIME_WORDS), 0, -1):
        if is_when(tokens[:count]):
            return count
    return 0


def split_tail(rest: list[str]) -> tuple[list[str], str]:
    """The words before a time at the end, and that time."""
    for start in range(max(1, len(rest) - MAX_TIME_WORDS), len(rest)):
        if rest[start - 1].lower() != "the" and is_when(rest[start:]):  # the sun
            return rest[:start], " ".join(rest[start:])
    return rest, ""


def is_mark(word: str) -> bool:
    """Whether a word leads to what is to be said: to, that, daran, dass."""
    return word.lower().rstrip(",:") in _MARKS


def without_mark(tokens: Sequence[str]) -> list[str]:
    """The words behind the mark, or behind two of them such as “daran, dass”."""
    if not tokens or not is_mark(tokens[0]):
        return list(tokens)
    second = tokens[0].lower().rstrip(",:") in _LONG_MARKS and len(tokens) > 1
    if second and is_mark(tokens[1]):
        return list(tokens[2:])
    return list(tokens[1:])
