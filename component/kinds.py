"""Kinds of values that people write in settings: each parses a line (`parse`), raises BadInput that says how to write
it, and is written back by `str`."""

import re
from dataclasses import dataclass
from typing import Self

from component.errors import BadInput
from component.words import _

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
        wrong = _PART.sub("", text.strip().lower()).strip() or any(unit not in _UNITS for _count, unit in parts)
        if wrong or not parts:
            raise BadInput(_("“{text}” is no time: write it like 90s, 10min, 2h or 1d.", text=text[:40]))
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
            raise BadInput(_("{span} won't do: from {least} to {most}.", span=self, least=least, most=most))


DAY = Span(86400)
MONTH = Span(31 * 86400)
"""The longest that a message may be held."""
