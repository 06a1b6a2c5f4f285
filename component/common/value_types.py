"""Types of values that people write in settings. Each has `parse`, which reads a line and raises
BadInput that says how to write it; `str` writes it again."""

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from difflib import get_close_matches
from typing import Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from component.common import clock_words, time_words
from component.common.errors import BadInput
from component.common.i18n import _


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A duration in whole seconds: 90s, 10min, 2h, 1d 12h."""

    seconds: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The duration written; raises BadInput."""
        seconds = time_words.duration(text)
        if seconds is None:
            raise BadInput(
                _("“{text}” is not a duration. Write it as 90s, 10min, 2h or 1d.", text=text[:40])
            )
        return cls(seconds)

    @property
    def ms(self) -> int:
        """In milliseconds."""
        return self.seconds * 1000

    def __str__(self) -> str:
        left, parts = self.seconds, []
        for unit, size in (("d", 86400), ("h", 3600), ("min", 60), ("s", 1)):
            if left >= size:
                parts.append(f"{left // size}{unit}")
                left %= size
        return " ".join(parts) or "0s"

    def within(self, least: "Span", most: "Span") -> None:
        """Raise BadInput if it is shorter or longer."""
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
"""The longest time for which a message may be held."""
YEAR = Span(366 * 86400)
"""The longest that a reminder or a pause may last."""


@dataclass(frozen=True, slots=True, order=True)
class ClockTime:
    """A time of day, in minutes since midnight: 7:00, 22:30; 24:00 is the end of the day."""

    minutes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The time written; raises BadInput."""
        minutes = clock_words.clock(text)
        if minutes is None:
            raise BadInput(_("“{text}” is not a time of day. Write it as 22:30.", text=text[:40]))
        return cls(minutes)

    def __str__(self) -> str:
        return f"{self.minutes // 60:02}:{self.minutes % 60:02}"

    def on(self, day: date, zone: tzinfo) -> int:
        """The second since 1970 at which the clocks of `zone` first show this time, or a later one,
        on that day.

        If an hour occurs twice, it is the first; if the time is skipped, it is the moment when the
        clocks are put forward.
        """
        start = datetime(day.year, day.month, day.day)  # noqa: DTZ001 (set below)
        wall = start + timedelta(minutes=self.minutes)
        early, late = (int(wall.replace(tzinfo=zone, fold=fold).timestamp()) for fold in (1, 0))
        if late <= early:
            return late
        # The time is skipped: PEP 495 gives a moment on either side of the change.
        while late - early > 1:
            middle = (early + late) // 2
            if datetime.fromtimestamp(middle, zone).replace(tzinfo=None) < wall:
                early = middle
            else:
                late = middle
        return late


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone, by its name in the IANA's database: Europe/Berlin."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The zone of that name, in any case; raises BadInput."""
        low = text.strip().replace(" ", "_").casefold()
        if low not in zones():
            names = ", ".join(similar_zones(low[:60])) or "Europe/Berlin"
            raise BadInput(
                _("“{text}” is not a time zone. Write it as {names}.", text=text[:40], names=names)
            )
        return cls(zones()[low])

    @property
    def info(self) -> tzinfo:
        """Its rules, for `datetime`."""
        if self.name == "UTC":
            return UTC
        return ZoneInfo(self.name)

    def __str__(self) -> str:
        return self.name


@functools.cache
def zones() -> Mapping[str, str]:
    """The names that this machine knows, by the names in folded case."""
    return {name.casefold(): name for name in ("UTC", *sorted(available_timezones()))}


ABBREVIATIONS = {
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
"""What people call zones that the database names by places only."""


def similar_zones(folded: str) -> Sequence[str]:
    """Names of zones like a text in folded case, best first: by abbreviation, by place, by
    likeness."""
    if folded in ABBREVIATIONS:
        return [ABBREVIATIONS[folded]]
    places: dict[str, str] = {}
    for name in sorted(zones(), reverse=True):
        _region, slash, place = name.rpartition("/")
        if slash:
            places[place] = name
    if folded in places:
        return [zones()[places[folded]]]
    near = get_close_matches(folded, zones(), n=3)
    if not near:
        near = [places[place] for place in get_close_matches(folded, places, n=3)]
    return [zones()[name] for name in near]


@dataclass(frozen=True, slots=True)
class WebAddress:
    """An address on the web: https://example.org/feed.xml."""

    url: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address written, with https if it names no scheme; raises BadInput."""
        text = text.strip().removeprefix("feed:")  # some sites write the addresses of feeds so
        url = with_scheme(text)
        if not is_web_address(url):
            raise BadInput(
                _(
                    "“{text}” is not a web address. Write it as https://example.org/feed.xml.",
                    text=text[:80],
                )
            )
        return cls(url)

    def __str__(self) -> str:
        return self.url


MAX_URL_CHARS = 2048


def with_scheme(text: str) -> str:
    """A URL with its scheme."""
    if text.startswith("//"):
        return f"http:{text}"
    if "://" in text:
        return text
    return f"https://{text}"


def is_web_address(url: str) -> bool:
    """Whether a text is an http(s) URL with a host."""
    if len(url) > MAX_URL_CHARS or " " in url:
        return False
    try:
        parts = urlsplit(url)
        is_valid = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return is_valid and parts.scheme in ("http", "https")


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True)
class Weekdays:
    """Days of the week, 0 for Monday: mon-fri; sat, sun."""

    numbers: frozenset[int]

    @classmethod
    def parse(cls, text: str) -> Self:
        """The days written, in English or German; raises BadInput."""
        numbers = time_words.weekdays(text)
        if numbers is None:
            raise not_days(text)
        return cls(numbers)

    def __str__(self) -> str:
        if len(self.numbers) == 7:
            return "mon-sun"
        return ", ".join(DAYS[number] for number in sorted(self.numbers))


def not_days(text: str) -> BadInput:
    """The error for a text that does not name days."""
    return BadInput(
        _("“{text}” is not a list of days. Write it as mon-fri or sat, sun.", text=text[:40])
    )
