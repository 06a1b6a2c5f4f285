"""When something happens again, in plain words or as cron has it; and when it happens once. Pure:
the time is given.

Plain words become a cron expression, and CronSim reads those as Debian's cron does: what falls into
the hour that a change to summer time skips happens right behind it, and what falls into the hour
that comes twice happens once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, pairwise
from typing import Self

from cronsim import CronSim, CronSimError

from component.common import time_words
from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.common.time_words import DAY_MINUTES, WORKDAYS
from component.common.value_types import Span

LEAST = 300
"""Seconds between two times, at the least."""
LOOKED_AT = 500
"""Times that are looked at to see how close they stand."""
_LOOKED_TO = timedelta(days=10 * 366)
"""How far they are looked at: some come once in 28 years, and no year has more than four digits."""

_HOURLY = frozenset({"hourly", "every hour", "stündlich", "jede stunde"})
_ALMOST_A_WEEK = 6 * 86_400
MORNING = 9 * 60
"""The time of day of what names none, in minutes: when people come in."""


class Unread(BadInput):
    """Words that name no schedule."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Times that come again: `text` as it was written, `cron` as five fields (minute, hour, day,
    month, weekday)."""

    text: str
    cron: str = field(compare=False)

    @classmethod
    def parse(cls, text: str) -> Self:
        """The schedule written: hourly, every 2 hours, weekdays at 9:00, Monday and Friday 9:30, or
        cron's five fields.

        Raises BadInput where it is none, or where two of its times are less than `LEAST` apart.
        """
        words = time_words.canonical(text)
        schedule = cls(words, to_cron(words))
        gap = schedule.shortest()
        if gap < LEAST:
            raise BadInput(_too_often(words, gap))
        return schedule

    def after(self, at: int, zone: tzinfo) -> int:
        """The first time behind `at`, both in ms since 1970, by the clocks of `zone`."""
        return int(next(self._from(datetime.fromtimestamp(at / 1000, zone))).timestamp() * 1000)

    def shortest(self) -> int:
        """The shortest time between two, in seconds."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        shortest: int | None = None
        for before, time in pairwise(islice(self._from(start), LOOKED_AT)):
            if time >= start + _LOOKED_TO:
                break
            gap = int((time - before).total_seconds())
            if shortest is None or gap < shortest:
                shortest = gap
        return LEAST if shortest is None else shortest

    def _from(self, start: datetime) -> Iterator[datetime]:
        return CronSim(self.cron, start)

    def __str__(self) -> str:
        return self.text


def to_cron(words: str) -> str:
    """The five fields of a schedule in plain words. Raises BadInput, and Unread where the words
    name none."""
    low = words.lower()
    if low in _HOURLY:
        return "0 * * * *"
    rest = time_words.weekly(words)
    if rest is not None:
        return _weekly(rest, words)
    repetition = time_words.every(low)
    if repetition:
        return _steps(*repetition, words)
    if time_words.is_cron(low):
        return _checked(low)
    return days_to_cron(words)


def _too_often(words: str, gap: int) -> Words:
    return _(
        "“{text}” runs every {gap}. Even fortune cookies take longer to bake ;) Choose {least} "
        "or more.",
        text=words[:40],
        gap=Span(gap),
        least=Span(LEAST),
    )


def _checked(words: str) -> str:
    try:
        next(CronSim(words, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration, ValueError) as error:  # numbers of thousands of digits
        raise BadInput(
            _(
                "“{text}” is not a cron schedule, or it never occurs. Check its five fields.",
                text=words[:40],
            )
        ) from error
    return words


def _steps(count: int, unit: int, words: str) -> str:
    """Every so many units, of which `unit` has so many seconds."""
    if unit == 1:
        raise BadInput(_too_often(words, count))
    hours = unit == 3600
    whole, least = (24, 1) if hours else (60, 5)
    if not count or whole % count or count == whole:
        fitting = ", ".join(str(one) for one in range(least, whole) if whole % one == 0)
        raise BadInput(
            _(
                "“{text}” does not divide the hour or the day evenly. Choose one of {counts}.",
                text=words[:40],
                counts=fitting,
            )
        )
    if hours:
        return f"0 */{count} * * *"
    return f"*/{count} * * * *"


def _weekly(rest: str, words: str) -> str:
    """Once a week, on the day that `rest` names, else on Monday."""
    try:
        cron = days_to_cron(rest)
    except BadInput:
        cron = ""
    if not cron or cron.endswith("*"):
        cron = days_to_cron(f"monday {rest}", words)
    if Schedule(words, cron).shortest() < _ALMOST_A_WEEK:
        raise BadInput(
            _("“{text}” is more often than once a week. Choose a single day.", text=words[:40])
        )
    return cron


def days_to_cron(text: str, words: str = "") -> str:
    """Days and times of day, such as monday and friday 9:30; every day where none is named.

    Raises Unread that shows `words`, or the text itself.
    """
    fields: list[str] = []
    at: int | None = None
    for word in time_words.tokens(text):
        numbers = time_words.days(word)
        minutes = time_words.clock(word)
        if numbers is not None:
            fields.append(_weekday_field(numbers))
        elif at is None and minutes is not None and minutes < DAY_MINUTES:
            at = minutes
        else:
            raise Unread(_unread(words or text))
    if at is None and not fields:
        raise Unread(_unread(words or text))
    if at is None:
        at = MORNING
    weekdays = ",".join(dict.fromkeys(fields)) or "*"
    return f"{at % 60} {at // 60} * * {weekdays}"


def _weekday_field(numbers: frozenset[int]) -> str:
    """Weekdays as cron has them, where Sunday is 0."""
    if len(numbers) == 7:
        return "*"
    if numbers == WORKDAYS:
        return "1-5"
    return ",".join(str(number) for number in sorted((day + 1) % 7 for day in numbers))


def _unread(words: str) -> Words:
    return _(
        "“{text}” is not a schedule. Write, for example, hourly, every 2 hours, weekdays at 9:00 "
        "or Monday 9:30, or use the five fields of cron.",
        text=words[:40],
    )


# Once

_IN = re.compile(r"in\s+(.+)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\s*(.*)")
_NAMED = re.compile(r"(today|heute|tomorrow|morgen|at|um)\b\s*(.*)")
_TOMORROW = frozenset({"tomorrow", "morgen"})
_NEXT = frozenset({"at", "um"})


def once(text: str, now: int, zone: tzinfo) -> int:
    """A time to come, in ms since 1970: in 20 minutes, at 15:00, tomorrow at 9, 2026-12-01 9:00,
    next Monday at 9.

    Raises BadInput where it is none, or is past.
    """
    words = time_words.plain(text.lower())
    here = datetime.fromtimestamp(now / 1000, zone)
    if match := _IN.fullmatch(words):
        return now + Span.parse(match[1]).ms
    if match := _DATE.fullmatch(words):
        return _on_date(match, words, now, zone)
    if match := _NAMED.fullmatch(words):
        return _named(match[1], match[2], words, here)
    try:
        return Schedule(words, days_to_cron(words)).after(now, zone)
    except BadInput as error:
        raise BadInput(
            _(
                "“{text}” is not a time in the future. Examples: in 20 minutes, at 15:00, "
                "tomorrow at 9, Monday 9:30, 2026-12-24 9:00.",
                text=words[:40],
            )
        ) from error


def _on_date(match: re.Match[str], words: str, now: int, zone: tzinfo) -> int:
    hour, minute = divmod(_minutes(match[4], words), 60)
    try:
        day = datetime(int(match[1]), int(match[2]), int(match[3]), hour, minute, tzinfo=zone)
        at = int(day.timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            _("“{text}” is not a date. Write it as 2026-12-24 9:00.", text=words[:40])
        ) from error
    if at <= now:
        raise BadInput(_("“{text}” is in the past. Choose a later time.", text=words[:40]))
    return at


def _named(word: str, rest: str, words: str, here: datetime) -> int:
    hour, minute = divmod(_minutes(rest, words), 60)
    day = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if word in _TOMORROW or (word in _NEXT and day <= here):
        day += timedelta(days=1)
    if day <= here:
        raise BadInput(_("“{text}” is in the past. Choose a later time.", text=words[:40]))
    return int(day.timestamp() * 1000)


def _minutes(text: str, words: str) -> int:
    """The time of day in minutes; the morning's where none is written."""
    if not text:
        return MORNING
    words_left = time_words.tokens(text)
    minutes = time_words.clock(words_left[0]) if len(words_left) == 1 else None
    if minutes is None or minutes >= DAY_MINUTES:
        raise BadInput(_("“{text}” is not a time of day. Write it as 9:00.", text=words[:40]))
    return minutes


# Clocks that are put forward


@dataclass(frozen=True, slots=True)
class Leap:
    """A time of a schedule that clocks leave out: the time of day, on which day, and the time of
    day it comes at."""

    time: str
    day: str
    instead: str


_FIXED = re.compile(r"(\d{1,2}) (\d{1,2}) .*")
_AHEAD = 370
"""Times that are looked at: of a daily one, a year's."""
_YEAR = 366 * 86_400_000
"""Milliseconds."""


def leap(schedule: Schedule, zone: tzinfo, now: int) -> Leap | None:
    """The next time of a schedule that a change to summer time leaves out, within a year."""
    fixed = _FIXED.fullmatch(schedule.cron)
    if not fixed:
        return None
    minute, hour = int(fixed[1]), int(fixed[2])
    at = now
    for _step in range(_AHEAD):
        at = schedule.after(at, zone)
        if at - now > _YEAR:
            break
        there = datetime.fromtimestamp(at / 1000, zone)
        if (there.hour, there.minute) != (hour, minute):
            return Leap(f"{hour:02}:{minute:02}", f"{there:%Y-%m-%d}", f"{there:%H:%M}")
    return None
