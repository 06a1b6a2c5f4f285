"""Kinds of values that people write in settings: each parses a line (`parse`), raises BadInput that
says how to write it, and is written back by `str`."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from component.common import time_words
from component.common.errors import BadInput
from component.common.i18n import _


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time that something takes, in whole seconds: 90s, 10min, 2h, 1d 12h."""

    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The span written; raises BadInput."""
        seconds = time_words.duration(text)
        if seconds is None:
            raise BadInput(
                _("“{text}” is no time: write it like 90s, 10min, 2h or 1d.", text=text[:40])
            )
        return cls(seconds)

    @property
    def ms(self) -> int:
        """In milliseconds."""
        return self.seconds * 1000

    def __str__(self) -> str:
        left, told = self.seconds, []
        for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            if left >= size:
                told.append(f"{left // size}{unit}")
                left %= size
        return " ".join(told) or "0s"

    def within(self, least: "Span", most: "Span") -> None:
        """Raise BadInput where it is shorter or longer."""
        if not least <= self <= most:
            raise BadInput(
                _("{span} won't do: from {least} to {most}.", span=self, least=least, most=most)
            )


DAY = Span(86400)
MONTH = Span(31 * 86400)
"""The longest that a message may be held."""
YEAR = Span(366 * 86400)
"""The longest that a reminder or a pause may last."""


@dataclass(frozen=True, slots=True, order=True)
class ClockTime:
    """A time of day, in minutes since it began: 7:00, 22:30; 24:00 is its end."""

    minutes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The time written; raises BadInput."""
        minutes = time_words.clock(text)
        if minutes is None:
            raise BadInput(_("“{text}” is no time of day: write it like 22:30.", text=text[:40]))
        return cls(minutes)

    def __str__(self) -> str:
        return f"{self.minutes // 60:02}:{self.minutes % 60:02}"

    def on(self, day: date, zone: tzinfo) -> int:
        """The second since 1970 at which the clocks of `zone` first show this time, or a later one,
        on that day.

        Of an hour that comes twice it is the first; in one that is left out, the moment when clocks
        are put forward.
        """
        start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (set below)
        wall = start + timedelta(minutes=self.minutes)
        early, late = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (1, 0))
        if late <= early:
            return late
        while late - early > 1:  # left out: PEP 495 gives a time on either side of the leap
            middle = (early + late) // 2
            if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) < wall:
                early = middle
            else:
                late = middle
        return late


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone of the IANA's database, by its name there: Europe/Berlin."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The zone of that name, in capitals or not; raises BadInput."""
        low = text.strip().replace(" ", "_").casefold()
        if low not in _zones():
            names = ", ".join(_zones_like(low[:60])) or "Europe/Berlin"
            raise BadInput(
                _("“{text}” is no time zone: write it like {names}.", text=text[:40], names=names)
            )
        return cls(_zones()[low])

    @property
    def info(self) -> tzinfo:
        """Its clocks."""
        return UTC if self.name == "UTC" else ZoneInfo(self.name)

    def __str__(self) -> str:
        return self.name


@functools.cache
def _zones() -> Mapping[str, str]:
    """The names that this machine knows, by their small letters."""
    return {name.casefold(): name for name in ("UTC", *sorted(available_timezones()))}


_CALLED = {
    "cest": "Europe/Berlin",
    "mez": "Europe/Berlin",
    "mesz": "Europe/Berlin",
    "bst": "Europe/London",
    "edt": "America/New_York",
    "cdt": "America/Chicago",
    "mdt": "America/Denver",
    "pst": "America/Los_Angeles",
    "pdt": "America/Los_Angeles",
    "ist": "Asia/Kolkata",
    "jst": "Asia/Tokyo",
}
"""What people call zones that the database has by places alone."""


def _zones_like(low: str) -> Sequence[str]:
    """Names of zones close to one, best first: that people call so, whose place is called so, or
    that are like it."""
    places = {
        name.rpartition("/")[2]: name for name in sorted(_zones(), reverse=True) if "/" in name
    }
    if low in _CALLED:
        return [_CALLED[low]]
    if low in places:
        return [_zones()[places[low]]]
    near = get_close_matches(low, _zones(), n=3) or [
        places[one] for one in get_close_matches(low, places, n=3)
    ]
    return [_zones()[one] for one in near]


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address of the web: https://example.org/feed.xml."""

    url: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address written, https where it does not say; raises BadInput."""
        text = text.strip().removeprefix(
            "feed:"
        )  # as some sites write the addresses of their feeds
        whole = (
            f"http:{text}"
            if text.startswith("//")
            else text
            if "://" in text
            else f"https://{text}"
        )
        try:
            parts = urlsplit(whole)
            good = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
            good = good and len(whole) <= _LONGEST
        except ValueError:
            good = False
        if not good or " " in whole:
            raise BadInput(
                _(
                    "“{text}” is no web address: write it like https://example.org/feed.xml.",
                    text=text[:80],
                )
            )
        return cls(whole)

    def __str__(self) -> str:
        return self.url


_LONGEST = 2048
"""Characters of an address."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, 0 for Monday: mon-fri; sat, sun."""

    numbers: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The days written, in English or German; raises BadInput."""
        numbers: set[int] = set()
        for word in time_words.tokens(text):
            several = time_words.days(word)
            if several is None:
                raise _no_days(text)
            numbers |= several
        if not numbers:
            raise _no_days(text)
        return cls(frozenset(numbers))

    def __str__(self) -> str:
        if len(self.numbers) == 7:
            return "mon-sun"
        return ", ".join(_DAYS[number] for number in sorted(self.numbers))


def _no_days(text: str) -> BadInput:
    return BadInput(_("“{text}” are no days: write them like mon-fri or sat, sun.", text=text[:40]))
