"""What a text says about when, as one `Phrase`; and the phrase in words again.

A text is read where every word of it belongs to a piece (see `time_pieces`), no two pieces
contradict each other, and together they are one of the `_WHOLE` kinds. Else it is not a time, and
the caller asks. Nothing here knows what time it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from component.common.clock_words import DAY_MINUTES, NAMES, Clock, normal
from component.common.time_pieces import collect
from component.common.time_words import (
    EVERY,
    LAST,
    PLURAL_DAYS,
    PLURAL_SETS,
    WEEKDAYS,
    WORKDAYS,
    days,
)

MAX_CHARS = 200
"""Longer texts are not a time."""

# What a text says

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UNITS = {1: "seconds", 60: "minutes", 3600: "hours"}
_AHEAD = ("today", "tomorrow", "the day after tomorrow")
_CYCLES = {"day": "daily", "week": "weekly", "month": "each month", "year": "every year"}


@dataclass(frozen=True, slots=True)
class Phrase:
    """What a text says about when.

    Once: `delay` seconds from now; `ahead` days from today; a `date` (year, or 0 for the next such
    day, month, day); the next `month_day` (`LAST` for the last); the next of `weekdays` (0 for
    Monday), where `which` is next, this or nothing.

    Again: each `cycle` (day, week, month, year) on what these say, or on a weekday of the month
    (`nth`: which, weekday); each `step` (count, unit in seconds); or `cron`, five fields.

    `clock` is the time of day in minutes, None where none is said.
    """

    delay: int = 0
    ahead: int | None = None
    date: tuple[int, int, int] | None = None
    month_day: int = 0
    nth: tuple[int, int] | None = None
    weekdays: frozenset[int] = frozenset()
    which: str = ""
    cycle: str = ""
    step: tuple[int, int] | None = None
    cron: str = ""
    clock: int | None = None

    @property
    def repeats(self) -> bool:
        """Whether it says that it comes again and again."""
        return bool(self.cycle or self.step or self.cron)

    @property
    def is_once(self) -> bool:
        """Whether it says that it comes once."""
        day = self.delay or self.ahead is not None or self.which
        return bool(day or (not self.repeats and (self.date or self.month_day or self.nth)))

    @property
    def is_clock(self) -> bool:
        """Whether it is a time of day and nothing more."""
        return self.clock is not None and self == Phrase(clock=self.clock)

    def __str__(self) -> str:
        """The phrase in words that are read as the same one."""
        words = [_shown_weekdays(self), _shown_day(self), _shown_cycle(self)]
        if self.clock is not None:
            words.append(f"at {self.clock // 60}:{self.clock % 60:02}")
        return " ".join(filter(None, words))


def _shown_weekdays(phrase: Phrase) -> str:
    names = ", ".join(_DAYS[day] for day in sorted(phrase.weekdays))
    if phrase.weekdays == WORKDAYS:
        names = "weekday"
    if phrase.cycle == "week" and names:
        return f"every {names}"
    return f"{phrase.which} {names}".strip()


def _shown_day(phrase: Phrase) -> str:
    if phrase.delay:
        return f"in {phrase.delay}s"
    if phrase.date:
        year, month, day = phrase.date
        return f"{year:04}-{month:02}-{day:02}" if year else f"{day} {_MONTHS[month]}"
    if phrase.nth:
        which, day = phrase.nth
        return f"the {_shown_ordinal(which)} {_DAYS[day]}"
    if phrase.month_day:
        return "the last day" if phrase.month_day == LAST else f"the {phrase.month_day}th"
    if phrase.ahead is None:
        return ""
    return _AHEAD[phrase.ahead] if phrase.ahead < len(_AHEAD) else f"in {phrase.ahead} days"


def _shown_ordinal(which: int) -> str:
    return "last" if which == LAST else ("first", "second", "third", "fourth")[which - 1]


def _shown_cycle(phrase: Phrase) -> str:
    if phrase.step:
        count, unit = phrase.step
        return f"every {count} {_UNITS[unit]}"
    if phrase.cron or not phrase.cycle or phrase.weekdays:
        return phrase.cron
    return _CYCLES[phrase.cycle]


# Reading

_ONE_DAY = ("ahead", "date", "month_day")
_WHOLE = frozenset(
    map(
        frozenset,
        (
            (),
            ("delay",),
            *((day,) for day in _ONE_DAY),
            ("weekdays",),
            ("weekdays", "which"),
            *(("weekdays", day) for day in _ONE_DAY),
            ("cycle",),
            ("cycle", "weekdays"),
            ("cycle", "month_day"),
            ("cycle", "nth"),
            ("cycle", "date"),
            ("step",),
        ),
    )
)
"""What may be said together, beside the time of day."""
_CYCLE_OF = {"weekdays": "week", "month_day": "month", "nth": "month", "date": "year"}
_CRON_FIELD = (
    r"(?:[\d*/,#?-]|l|w|mon|tue|wed|thu|fri|sat|sun"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+"
)
_CRON = re.compile(rf"[\d*/,-]+ [\d*/,-]+ {_CRON_FIELD} {_CRON_FIELD} {_CRON_FIELD}")


@lru_cache(4096)
def read(text: str) -> Phrase | None:
    """Read a text; None where it is not a time, or is one only in part, or could be two."""
    cron = " ".join(text.split())
    if _CRON.fullmatch(cron.lower()):
        return Phrase(cron=cron)
    if len(text) > MAX_CHARS:
        return None
    words = normal(text)
    for wording in dict.fromkeys((words, words.rstrip("."))):
        said = collect(wording)
        phrase = _whole(said) if said else None
        if phrase:
            return phrase
    return None


_EXACT = re.compile(r"[0-9]{1,2}(?:[:.][0-9]{2}(?:[ap]m)?|[ap]m)")
_STARTS = frozenset(
    {"at", "um", "on", "am", "once", "einmal", "hourly", "stündlich", "weekly", "wöchentlich"}
    | {*EVERY, *PLURAL_DAYS, *PLURAL_SETS, *NAMES}
)
MAX_SHORT = 3
"""Letters of a short name of a day."""


def begins(words: Sequence[str]) -> bool:
    """Whether a time may begin with the first of these words, given in small letters.

    Short names of days (so, do, mo) and sets of days (weekend) have other uses: they count where a
    clock time such as 9:30 follows.
    """
    first = words[0]
    if first in _STARTS or _EXACT.fullmatch(first):
        return True
    if first in WEEKDAYS and len(first) > MAX_SHORT:
        return True
    is_day = first not in ("day", "tag") and days(first) is not None
    return is_day and has_clock(words[1:])


def has_clock(words: Sequence[str]) -> bool:
    """Whether one of these words is a time of day and can be nothing else: 9:30, 9pm."""
    return any(_EXACT.fullmatch(word.strip(".,!?;")) for word in words)


def _whole(said: dict[str, Any]) -> Phrase | None:
    """The phrase that pieces make; None where they do not make one."""
    clock: Clock | None = said.pop("clock", None)
    if not _repeat_months(said) or (clock and clock.bare and not said):
        return None
    part, usual = said.pop("part", None), said.pop("usual", None)
    if said.pop("in_days", False) and clock:
        said["ahead"] = said.pop("delay") // 86_400
    minutes = _time_of_day(clock, part, usual, on_day=bool(said.keys() & {"weekdays", *_ONE_DAY}))
    is_known = minutes is not None or not (clock or part)
    if not is_known or minutes == DAY_MINUTES or not _fits(said, minutes):
        return None
    return Phrase(clock=minutes, **said)


def _time_of_day(
    clock: Clock | None, part: str | None, usual: int | None, *, on_day: bool
) -> int | None:
    """The time of day in minutes that a clock and a part of the day say together; the `usual` one
    of a part that has no clock; None where they say none."""
    if clock is None:
        return usual
    return clock.within(part, on_day=on_day) if part else clock.alone()


def _repeat_months(said: dict[str, Any]) -> bool:
    """Make “every … of the month” each month; False where one is said without the other."""
    every, of_month = bool(said.pop("every", False)), bool(said.pop("of_month", False))
    if every and of_month:
        return str(said.setdefault("cycle", "month")) == "month"
    return not of_month and (not every or "month" in said.values())


def _fits(said: dict[str, Any], minutes: int | None) -> bool:
    """Whether pieces may be said together, and with or without a time of day."""
    kinds = frozenset(said)
    if kinds not in _WHOLE or not _fits_clock(said, minutes):
        return False
    is_one_day = kinds & {"which", *_ONE_DAY}
    if is_one_day and len(said.get("weekdays", ())) > 1:
        return False
    return "cycle" not in kinds or _fits_cycle(said, str(said["cycle"]))


def _fits_clock(said: dict[str, Any], minutes: int | None) -> bool:
    """Whether pieces may be said with a time of day, or without one: “today” needs an hour, since
    the usual one may be past."""
    if minutes is None:
        return bool(said) and said.get("ahead") != 0
    return said.keys().isdisjoint(("delay", "step"))


def _fits_cycle(said: dict[str, Any], cycle: str) -> bool:
    """Whether days may come again in a cycle: weekdays each week, dates without a year each
    year."""
    if any(_CYCLE_OF[day] != cycle for day in said.keys() & _CYCLE_OF.keys()):
        return False
    year = said.get("date", (0,))[0]
    return not year and (cycle != "year" or "date" in said)
