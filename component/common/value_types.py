"""Kinds of values that people write in settings: each parses a line (`parse`), raises BadInput that
says how to write it, and is written back by `str`."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from component.common.errors import BadInput
from component.common.i18n import _

_UNITS = {"s": 1, "sec": 1, "min": 60, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_PART = re.compile(r"([0-9]{1,6})\s*([a-z]+)")


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A time that something takes, in whole seconds: 90s, 10min, 2h, 1d 12h."""

    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The span written; raises BadInput."""
        parts = _PART.findall(text.strip().lower())
        wrong = _PART.sub("", text.strip().lower()).strip() or any(
            unit not in _UNITS for _count, unit in parts
        )
        if wrong or not parts:
            raise BadInput(
                _("“{text}” is not a duration. Write it as 90s, 10min, 2h or 1d.", text=text[:40])
            )
        return cls(sum(int(count) * _UNITS[unit] for count, unit in parts))

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
                _(
                    "{span} is out of range. Choose from {least} to {most}.",
                    span=self,
                    least=least,
                    most=most,
                )
            )


DAY = Span(86400)
MONTH = Span(31 * 86400)
"""The longest that a message may be held."""


_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")


@dataclass(frozen=True, slots=True, order=True)
class ClockTime:
    """A time of day, in minutes since it began: 7:00, 22:30; 24:00 is its end."""

    minutes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The time written; raises BadInput."""
        found = _CLOCK.fullmatch(text.strip())
        hour, minute = (int(found[1]), int(found[2])) if found else (0, 60)
        if minute > 59 or hour * 60 + minute > 24 * 60:
            raise BadInput(_("“{text}” is not a time of day. Write it as 22:30.", text=text[:40]))
        return cls(hour * 60 + minute)

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
                _("“{text}” is not a time zone. Write it as {names}.", text=text[:40], names=names)
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
                    "“{text}” is not a web address. Write it as https://example.org/feed.xml.",
                    text=text[:80],
                )
            )
        return cls(whole)

    def __str__(self) -> str:
        return self.url


_LONGEST = 2048
"""Characters of an address."""

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_NAMES = (
    _DAYS,
    ("mo", "di", "mi", "do", "fr", "sa", "so"),
    ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
    ("montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"),
)
_NUMBERS = {name: number for names in _NAMES for number, name in enumerate(names)}
_RANGE = re.compile(r"([a-z]+)\.?(?:\s*[-–]\s*([a-z]+)\.?)?")


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, 0 for Monday: mon-fri; sat, sun."""

    numbers: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The days written, in English or German; raises BadInput."""
        low = text.strip().lower()
        found = _RANGE.findall(low)
        ends = [(_NUMBERS.get(first, -1), _NUMBERS.get(last or first, -1)) for first, last in found]
        if (
            not ends
            or re.sub(r"[\s,;]", "", _RANGE.sub("", low))
            or any(-1 in pair for pair in ends)
        ):
            raise BadInput(
                _(
                    "“{text}” is not a list of days. Write it as mon-fri or sat, sun.",
                    text=text[:40],
                )
            )
        return cls(
            frozenset(
                (first + n) % 7 for first, last in ends for n in range((last - first) % 7 + 1)
            )
        )

    def __str__(self) -> str:
        if len(self.numbers) == 7:
            return "mon-sun"
        return ", ".join(_DAYS[number] for number in sorted(self.numbers))
