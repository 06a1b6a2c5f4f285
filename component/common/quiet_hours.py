"""Quiet hours, and when they are over. Pure: the time is given."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Self

from component.common.clock_words import DAY_MINUTES, clock_span
from component.common.errors import BadInput
from component.common.i18n import _
from component.common.value_types import ClockTime, Weekdays


@dataclass(frozen=True, slots=True)
class Hours:
    """From `start` until `end`, on the next day where that is earlier, where they start on one of
    the `days`."""

    start: ClockTime
    end: ClockTime
    days: Weekdays | None = None

    def __post_init__(self) -> None:
        if self.start.minutes == DAY_MINUTES:
            raise BadInput(_("Quiet hours cannot start at 24:00. Write 0:00 of the next day."))
        all_day = self.start.minutes == 0 and self.end.minutes == DAY_MINUTES
        if self.start == self.end or (
            all_day and (self.days is None or len(self.days.numbers) == 7)
        ):
            raise BadInput(
                _(
                    "Quiet hours from {start} to {end} would never end. Choose another end.",
                    start=self.start,
                    end=self.end,
                )
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The hours written, like 22:00-07:00; raises BadInput."""
        ends = clock_span(text)
        if ends is None:
            raise BadInput(
                _("“{text}” is not a time range. Write it as 22:00-07:00.", text=text[:40])
            )
        start, end = map(ClockTime, ends)
        return cls(start, end)

    def until(self, now: int, zone: tzinfo = UTC) -> int | None:
        """When the quiet is over that holds at `now` by the clocks of `zone`, both in ms; None
        outside it. One that begins where another ends continues it."""
        end: int | None = None
        while more := self._ends(now // 1000 if end is None else end, zone):
            end = more
        return None if end is None else end * 1000

    def begins_on(self, day: date) -> bool:
        """Whether there are some that begin on that day."""
        return self.days is None or day.weekday() in self.days.numbers

    def _ends(self, at: int, zone: tzinfo) -> int | None:
        hours = _about(self, datetime.fromtimestamp(at, zone).date(), zone)
        return next((end for start, end in hours if start <= at < end), None)

    def __str__(self) -> str:
        return f"{self.start}-{self.end}"


@functools.lru_cache(1024)
def _about(hours: Hours, today: date, zone: tzinfo) -> Sequence[tuple[int, int]]:
    """Those that may hold on a day, in seconds since 1970: its own, and those of the days
    before."""
    over = timedelta(days=int(hours.end < hours.start))
    days = (today - timedelta(days=back) for back in (2, 1, 0))
    return [
        (hours.start.on(day, zone), hours.end.on(day + over, zone))
        for day in days
        if hours.begins_on(day)
    ]
