"""Times as a reader's clocks show them, in their language. Pure."""

import functools
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from component.common.errors import BadInput
from component.common.value_types import Zone

_LOCALES = {"en": "en_GB"}  # the day before the month, as in all of the bus


def zone_of(name: str) -> str:
    """The name of a time zone as it is written; UTC where this machine knows none of that name (any
    more)."""
    try:
        return str(Zone.parse(name or "UTC"))
    except BadInput:
        return "UTC"


class Times:
    """The clocks of a zone, by its name, and a language."""

    def __init__(self, zone: str, language: str) -> None:
        name = zone_of(zone)
        self._zone = UTC if name == "UTC" else ZoneInfo(name)
        self._language = language

    def day(self, at: int) -> date:
        """The day of a moment, in ms since 1970."""
        return datetime.fromtimestamp(at / 1000, self._zone).date()

    def time(self, at: int) -> str:
        """The time of day: 09:05."""
        return datetime.fromtimestamp(at / 1000, self._zone).strftime("%H:%M")

    def heading(self, day: date) -> str:
        """A day: Monday 23 November 2026."""
        return written(day, "full", self._language)

    def stamp(self, at: int) -> str:
        """A day and a time: 23 Nov 2026, 09:05."""
        return f"{written(self.day(at), 'medium', self._language)}, {self.time(at)}"


@functools.lru_cache(256)
def written(day: date, shape: str, language: str) -> str:
    """A day in a language, in a shape that Babel knows: full, long, medium, short."""
    # Imported here: it is as large as the rest of the bus, and not everyone needs it.
    from babel.dates import format_date

    return format_date(day, shape, locale=_LOCALES.get(language, language))
