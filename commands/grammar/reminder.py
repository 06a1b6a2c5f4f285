"""Lines that ask for a reminder: whom, when and of what, in any order of words. Pure: names and
times are given."""

import re
from collections.abc import Container, Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from component.common import time_words
from component.common.errors import BadInput
from component.common.i18n import _
from component.common.schedule import Schedule, once
from component.common.value_types import YEAR

MAX_TIME_WORDS = 10
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
    words = repetition_in(text)
    if words:
        schedule = Schedule.parse(words)
        time = When(schedule.after(now, zone), str(schedule))
    else:
        time = When(once(text, now, zone))
    if time.due - now > YEAR.ms:
        raise BadInput(
            _("“{text}” is more than a year ahead. Choose an earlier time.", text=text[:40])
        )
    return time


def repetition_in(text: str) -> str:
    """The words of a time that comes again and again; "" for one that comes once."""
    for words in (time_words.bare(text), time_words.plain(text)):
        if time_words.repeats(words):
            return words
    return ""


_STARTS = re.compile(
    r"in|next|nächste[nr]?|kommende[nr]?|today|heute|tomorrow|morgen|\d{4}-\d{2}-\d{2}"
)


def is_when(tokens: Sequence[str]) -> bool:
    """Whether these words, and no fewer, say a time; it may be past, or come too often."""
    words = [token.lower().rstrip(".,!?") for token in tokens]
    if words[-1] in time_words.OPEN_ENDS:
        return False
    if not _STARTS.fullmatch(words[0]) and not time_words.begins(words):
        return False
    text = " ".join(tokens)
    repetition = repetition_in(text)
    if time_words.every(repetition):
        return True
    try:
        if repetition:
            Schedule.parse(repetition)
        else:
            once(text, 0, ZoneInfo("UTC"))  # every time that can be written is after 1970
    except BadInput:
        return False
    return True


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
    """What a line says, as it is written there; "" for what it does not say."""

    whom: str = ""
    when: str = ""
    what: str = ""


def read(line: str, names: Container[str]) -> ReminderRequest:
    """Read whom, when and what: `team in 20 minutes to stretch`, `me to stretch tomorrow at 9`.

    `names` are those of channels, in small letters. Without a name `whom` is empty: that is the
    person who writes.
    """
    tokens = line.split()
    whom, time, rest = read_head(tokens, names)
    if not time:
        rest, time = split_tail(rest)
    if whom:
        return ReminderRequest(whom, time, " ".join(rest))
    untouched = rest == tokens[: len(rest)] and len(rest) > 1
    follows_name = bool(time) and starts_rest(tokens[1:])
    if not time:
        follows_name = len(rest) == len(tokens) and tokens[1:] != [] and is_mark(tokens[1])
    if untouched and follows_name:  # a name that is not known
        whom, rest = rest[0], without_mark(rest[1:])
    return ReminderRequest(whom, time, " ".join(rest))


def read_head(tokens: Sequence[str], names: Container[str]) -> tuple[str, str, list[str]]:
    """Whom and when as far as they come first, and the words that are left."""
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
            return whom, time, without_mark(left)
        place += count
    return whom, time, []


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
        if is_when(rest[start:]):
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
