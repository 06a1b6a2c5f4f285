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
from itertools import islice, pairwise, takewhile
from typing import Self

from cronsim import CronSim, CronSimError

from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.common.value_types import Span

LEAST = 300
"""Seconds between two times, at the least."""
LOOKED_AT = 500
"""Times that are looked at to see how close they stand."""
_LOOKED_TO = timedelta(days=10 * 366)
"""How far they are looked at: some come once in 28 years, and no year has more than four digits."""

_DAYS = {
    name: number
    for number, names in enumerate(
        (
            ("sunday", "sundays", "sun", "sonntag", "sonntags", "so"),
            ("monday", "mondays", "mon", "montag", "montags", "mo"),
            ("tuesday", "tuesdays", "tue", "dienstag", "dienstags", "di"),
            ("wednesday", "wednesdays", "wed", "mittwoch", "mittwochs", "mi"),
            ("thursday", "thursdays", "thu", "donnerstag", "donnerstags", "do"),
            ("friday", "fridays", "fri", "freitag", "freitags", "fr"),
            ("saturday", "saturdays", "sat", "samstag", "samstags", "sa"),
        )
    )
    for name in names
}
_SETS = {
    "daily": "*",
    "day": "*",
    "täglich": "*",
    "tag": "*",
    "weekdays": "1-5",
    "weekday": "1-5",
    "werktags": "1-5",
    "werktag": "1-5",
    "weekends": "0,6",
    "weekend": "0,6",
    "wochenende": "0,6",
    "wochenenden": "0,6",
}
_TIMES = {
    "noon": (12, 0),
    "midday": (12, 0),
    "mittag": (12, 0),
    "midnight": (0, 0),
    "mitternacht": (0, 0),
}
_FILLING = frozenset(
    {
        "every",
        "each",
        "on",
        "at",
        "and",
        "the",
        "jeden",
        "jede",
        "jedes",
        "am",
        "um",
        "und",
        "uhr",
        "",
    }
)
_CLOCK = re.compile(r"([01]?\d|2[0-3])(?:[:.h]([0-5]\d))?\s*(am|pm)?")
_EVERY = re.compile(
    r"(?:every|each|alle|jede)\s+(?:(\d{1,3})\s*)?(seconds?|secs?|sekunden?|minutes?|mins?|"
    r"minuten?|hours?|stunden?|h)"
)
_CRON = re.compile(r"[\d*/,-]+\s+[\d*/,-]+(?:\s+\S+){3}")
_HOURLY = frozenset({"hourly", "every hour", "stündlich", "jede stunde"})


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
        words = " ".join(text.split())
        made = cls(words, _cron(words))
        gap = made.shortest()
        if gap < LEAST:
            raise BadInput(_too_often(words, gap))
        return made

    def after(self, at: int, zone: tzinfo) -> int:
        """The first time behind `at`, both in ms since 1970, by the clocks of `zone`."""
        return int(next(self._from(datetime.fromtimestamp(at / 1000, zone))).timestamp() * 1000)

    def shortest(self) -> int:
        """The shortest time between two, in seconds."""
        start = datetime(2026, 1, 1, tzinfo=UTC)
        times = takewhile(
            lambda time: time < start + _LOOKED_TO, islice(self._from(start), LOOKED_AT)
        )
        return min(
            (int((two - one).total_seconds()) for one, two in pairwise(times)), default=LEAST
        )

    def _from(self, start: datetime) -> Iterator[datetime]:
        return CronSim(self.cron, start)

    def __str__(self) -> str:
        return self.text


def _cron(words: str) -> str:
    low = words.lower()
    if low in _HOURLY:
        return "0 * * * *"
    if every := _EVERY.fullmatch(low):
        count, unit = int(every.group(1) or 1), every.group(2)
        if unit.startswith(("sec", "sek")):
            raise BadInput(_too_often(words, count))
        return _steps(count, unit[0] in "hs", words)
    if _CRON.fullmatch(low) and not any(word in _FILLING for word in low.split()):
        return _checked(low)
    return _days(words)


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


def _steps(count: int, hours: bool, words: str) -> str:
    whole = 24 if hours else 60
    if not count or whole % count or count == whole:
        fitting = ", ".join(str(one) for one in range(1 if hours else 5, whole) if whole % one == 0)
        raise BadInput(
            _(
                "“{text}” does not divide the hour or the day evenly. Choose one of {counts}.",
                text=words[:40],
                counts=fitting,
            )
        )
    return f"0 */{count} * * *" if hours else f"*/{count} * * * *"


def _days(words: str) -> str:
    """Days and times of day, such as monday and friday 9:30; every day where none is named."""
    days: list[str] = []
    hour, minute = None, 0
    for word in _tokens(words.lower()):
        if word in _DAYS:
            days.append(str(_DAYS[word]))
        elif word in _SETS:
            days.append(_SETS[word])
        elif hour is None and (clock := _clock(word)):
            hour, minute = clock
        else:
            raise Unread(_unread(words))
    if hour is None:
        if not days:
            raise Unread(_unread(words))
        hour, minute = 9, 0  # a day's news, when people come in
    return f"{minute} {hour} * * {','.join(dict.fromkeys(days)) or '*'}"


def _tokens(words: str) -> list[str]:
    joined = re.sub(r"(\d)\s+(am|pm)\b", r"\1\2", words.replace(",", " "))
    return [word for word in joined.split() if word not in _FILLING]


def _clock(word: str) -> tuple[int, int] | None:
    """A time of day as hour and minute."""
    if word in _TIMES:
        return _TIMES[word]
    found = _CLOCK.fullmatch(word)
    if not found:
        return None
    hour, half = int(found.group(1)), found.group(3)
    if half and not 1 <= hour <= 12:
        return None
    return (hour % 12 + (12 if half == "pm" else 0) if half else hour), int(found.group(2) or 0)


def _unread(words: str) -> Words:
    return _(
        "“{text}” is not a schedule. Write, for example, hourly, every 2 hours, weekdays at 9:00 "
        "or Monday 9:30, or use the five fields of cron.",
        text=words[:40],
    )


# Once

_IN = re.compile(r"(?:in)\s+(.+)")
_DATE = re.compile(r"(\d{4})-(\d{2})-(\d{2})\s*(.*)")
_NAMED = re.compile(r"(today|heute|tomorrow|morgen|at|um)\b\s*(.*)")
_LONG_UNITS = (
    (r"\b(minutes?|minuten?|mins)\b", "min"),
    (r"\b(hours?|stunden?|hrs?)\b", "h"),
    (r"\b(days?|tagen?)\b", "d"),
    (r"\b(weeks?|wochen?)\b", "w"),
    (r"\b(seconds?|sekunden?|secs)\b", "s"),
    (r"\b(an?|einer?|eine[mn])\b", "1"),
)


def once(text: str, now: int, zone: tzinfo) -> int:
    """A time to come, in ms since 1970: in 20 minutes, at 15:00, tomorrow at 9, 2026-12-01 9:00,
    Monday at 9.

    Raises BadInput where it is none, or is past.
    """
    words = " ".join(text.lower().split())
    here = datetime.fromtimestamp(now / 1000, zone)
    if found := _IN.fullmatch(words):
        return now + _span(found.group(1)).ms
    if found := _DATE.fullmatch(words):
        return _on_date(found, words, now, zone)
    if found := _NAMED.fullmatch(words):
        return _named(found.group(1), found.group(2), words, here)
    try:
        return Schedule(words, _days(" ".join(text.split()))).after(now, zone)
    except BadInput as error:
        raise BadInput(
            _(
                "“{text}” is not a time in the future. Examples: in 20 minutes, at 15:00, "
                "tomorrow at 9, Monday 9:30, 2026-12-24 9:00.",
                text=words[:40],
            )
        ) from error


def _span(words: str) -> Span:
    for pattern, unit in _LONG_UNITS:
        words = re.sub(pattern, unit, words)
    return Span.parse(words.replace(" and ", " ").replace(" und ", " "))


def _on_date(found: re.Match[str], words: str, now: int, zone: tzinfo) -> int:
    hour, minute = _time(found.group(4), words) if found.group(4) else (9, 0)
    try:
        day = datetime(
            int(found.group(1)), int(found.group(2)), int(found.group(3)), hour, minute, tzinfo=zone
        )
        at = int(day.timestamp() * 1000)
    except (ValueError, OverflowError, OSError) as error:
        raise BadInput(
            _("“{text}” is not a date. Write it as 2026-12-24 9:00.", text=words[:40])
        ) from error
    if at <= now:
        raise BadInput(_("“{text}” is in the past. Choose a later time.", text=words[:40]))
    return at


def _named(word: str, rest: str, words: str, here: datetime) -> int:
    hour, minute = _time(rest, words) if rest else (9, 0)
    day = here.replace(hour=hour, minute=minute, second=0, microsecond=0)
    if word in ("tomorrow", "morgen") or (word in ("at", "um") and day <= here):
        day += timedelta(days=1)
    if day <= here:
        raise BadInput(_("“{text}” is in the past. Choose a later time.", text=words[:40]))
    return int(day.timestamp() * 1000)


def _time(text: str, words: str) -> tuple[int, int]:
    tokens = _tokens(text)
    clock = _clock(tokens[0]) if len(tokens) == 1 else None
    if clock is None:
        raise BadInput(_("“{text}” is not a time of day. Write it as 9:00.", text=words[:40]))
    return clock


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
