"""When something happens again, in plain words or as cron has it; and when it happens once. Pure:
the time is given.

Plain words become a cron expression, and CronSim reads those as Debian's cron does: what falls into
the hour that a change to summer time skips happens right behind it, and what falls into the hour
that comes twice happens once.
"""

import re
from calendar import monthrange
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, tzinfo
from itertools import islice, pairwise
from typing import Self

from cronsim import CronSim, CronSimError

from component.common import time_phrase
from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.common.time_phrase import Phrase
from component.common.time_words import LAST, WORKDAYS
from component.common.value_types import Span

LEAST = 300
"""Seconds between two times, at the least."""
LOOKED_AT = 500
"""Times that are looked at to see how close they stand."""
_LOOKED_TO = timedelta(days=10 * 366)
"""How far they are looked at: some come once in 28 years, and no year has more than four digits."""

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
        words = kept_as(text)
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


_KEPT = (
    (re.compile(r"(?:every|each) morning|once (?:a|per) day"), "daily at 9"),
    (re.compile(r"(?:every|each) evening"), "daily at 18"),
    (re.compile(r"jeden morgen|einmal (?:am|pro) tag|einmal täglich"), "täglich um 9"),
    (re.compile(r"jeden abend"), "täglich um 18"),
    (re.compile(r"once (?:a|per) week"), "weekly"),
    (re.compile(r"einmal (?:die|in der|pro) woche"), "wöchentlich"),
)


_WEEKLY = re.compile(r"(?:weekly|wöchentlich|(?:every|each) week|jede woche)\b")


def kept_as(text: str) -> str:
    """The words in which a schedule is kept: "every morning" is kept with its hour, "daily at
    9"."""
    words = " ".join(text.split())
    for phrase, kept in _KEPT:
        if phrase.fullmatch(words.lower()):
            return kept
    return words


def to_cron(words: str) -> str:
    """The five fields of a schedule in words. Raises BadInput, and Unread where the words name
    none."""
    phrase = time_phrase.read(words)
    if phrase is None or phrase.is_once:
        raise Unread(_unread(words))
    if phrase.cron:
        return _checked(phrase.cron)
    if phrase.step:
        return _steps(*phrase.step, words)
    at = MORNING if phrase.clock is None else phrase.clock
    return _checked(f"{at % 60} {at // 60} {_days_of(phrase, words)}")


def _days_of(phrase: Phrase, words: str) -> str:
    """The days of a phrase as cron's day, month and weekday; every day where it names none."""
    if phrase.date:
        _year, month, day = phrase.date
        return f"{day} {month} *"
    if phrase.nth:
        which, day = phrase.nth
        number = (day + 1) % 7
        return f"* * {number}L" if which == LAST else f"* * {number}#{which}"
    if phrase.month_day:
        day_field = "L" if phrase.month_day == LAST else str(phrase.month_day)
        return f"{day_field} * *"
    if phrase.weekdays:
        if len(phrase.weekdays) > 1 and _WEEKLY.match(words.lower()):
            raise BadInput(
                _("“{text}” is more often than once a week. Choose a single day.", text=words[:40])
            )
        return f"* * {_weekday_field(phrase.weekdays)}"
    if phrase.cycle in ("month", "year"):
        raise Unread(_unread(words))
    return "* * 1" if phrase.cycle == "week" else "* * *"


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
        return "0 * * * *" if count == 1 else f"0 */{count} * * *"
    return f"*/{count} * * * *"


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


def once(text: str, now: int, zone: tzinfo) -> int:
    """A time to come, in ms since 1970: in 20 minutes, at 15:00, tomorrow at 9, 2026-12-01 9:00,
    next Monday at 9.

    Of what comes again and again on some days, such as weekdays at 9, it is the next time. Raises
    BadInput where it is none, or is past.
    """
    words = " ".join(text.split())
    phrase = time_phrase.read(words)
    if phrase and (phrase.cycle in ("day", "week") or len(phrase.weekdays) > 1):
        return Schedule(words, to_cron(words)).after(now, zone)
    if phrase is None and words.lower().startswith("in "):
        Span.parse(words[3:])
    if phrase is None or phrase.repeats:
        raise BadInput(
            _(
                "I do not understand “{text}” as a time in the future. Examples: in 20 minutes, at "
                "15:00, tomorrow at 9, Monday 9:30, 2026-12-24 9:00.",
                text=words[:40],
            )
        )
    if phrase.delay:
        return now + phrase.delay * 1000
    here = datetime.fromtimestamp(now / 1000, zone)
    try:
        return _moment(phrase, here, words)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            _("“{text}” is not a date. Write it as 2026-12-24 9:00.", text=words[:40])
        ) from error


def _moment(phrase: Phrase, here: datetime, words: str) -> int:
    """The first moment of a phrase that comes once; raises BadInput where it is past, or its
    weekday is another, and ValueError where there is no such day."""
    minutes = MORNING if phrase.clock is None else phrase.clock
    hour, minute = divmod(minutes, 60)
    for day in _possible(phrase, here):
        moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=here.tzinfo)
        at = int(moment.timestamp() * 1000)
        if at <= here.timestamp() * 1000:
            continue
        if phrase.weekdays and moment.weekday() not in phrase.weekdays:
            raise BadInput(
                _(
                    "“{text}” contradicts itself: {date} is another day of the week.",
                    text=words[:40],
                    date=f"{day:%Y-%m-%d}",
                )
            )
        return at
    raise BadInput(_("“{text}” is in the past. Choose a later time.", text=words[:40]))


def _possible(phrase: Phrase, here: datetime) -> Iterator[date]:
    """The days on which a phrase may fall, first those that come first."""
    today = here.date()
    if phrase.date:
        year, month, day = phrase.date
        if year:
            yield date(year, month, day)
            return
        yield from _existing((year, month, day) for year in range(today.year, today.year + 9))
    elif phrase.ahead is not None:
        yield today + timedelta(days=phrase.ahead)
    elif phrase.month_day:
        yield from _existing(_months_on(today, phrase.month_day))
    elif phrase.weekdays:
        yield from _weekdays_on(phrase, today)
    else:
        yield today
        yield today + timedelta(days=1)


def _months_on(today: date, month_day: int) -> Iterator[tuple[int, int, int]]:
    """A day of this month and of those that follow; `LAST` for the last."""
    for ahead in range(14):
        year, month = divmod(today.year * 12 + today.month - 1 + ahead, 12)
        day = monthrange(year, month + 1)[1] if month_day == LAST else month_day
        yield year, month + 1, day


def _weekdays_on(phrase: Phrase, today: date) -> Iterator[date]:
    """The days of a phrase's weekday; “next” is never today, “this” is in this week."""
    (weekday,) = phrase.weekdays
    ahead = (weekday - today.weekday()) % 7
    if phrase.which == "next" and not ahead:
        ahead = 7
    yield today + timedelta(days=ahead)
    if not phrase.which:
        yield today + timedelta(days=ahead + 7)


def _existing(days: Iterable[tuple[int, int, int]]) -> Iterator[date]:
    """Those that the calendar has; raises ValueError where it has none."""
    found = False
    for day in days:
        with suppress(ValueError):
            yield date(*day)
            found = True
    if not found:
        raise ValueError(day)


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
