"""Quiet hours: what is said in them waits for their end, or goes nowhere."""

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Annotated, Any

from component.digest import gathered
from component.errors import BadInput
from component.form import Ask, Choice
from component.kinds import ClockTime, Weekdays, Zone
from component.message import Message
from component.processor import Hold, Moment, Outcome, ProcessorSpec, Stop
from component.words import _

_DAY_ENDS = 24 * 60


def _ways(_bus: Any) -> Sequence[Choice]:
    return [Choice("hold", "hold"), Choice("digest", "digest"), Choice("drop", "drop")]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Lets nothing pass from `start` until `end` by the clocks of `zone`, where it starts on one of the `days`."""

    start: Annotated[ClockTime, Ask(_("Start"), _("when the quiet begins, like 22:00"))]
    end: Annotated[ClockTime, Ask(_("End"), _("when it ends, like 7:00; 24:00 is the end of the day"))]
    then: Annotated[
        str,
        Ask(
            _("Then"), _("what is said meanwhile goes at the end, or then as one digest, or is dropped"), choices=_ways
        ),
    ]
    zone: Annotated[Zone | None, Ask(_("Zone"), _("whose clocks, like Europe/Berlin; UTC where there is none"))] = None
    days: Annotated[Weekdays | None, Ask(_("Days"), _("on which days it begins, like mon-fri"))] = None

    def __post_init__(self) -> None:
        if self.start.minutes == _DAY_ENDS:
            raise BadInput(_("Quiet hours can't begin at 24:00: that is 0:00 of the next day."))
        all_day = self.start.minutes == 0 and self.end.minutes == _DAY_ENDS
        if self.start == self.end or (all_day and (self.days is None or len(self.days.numbers) == 7)):
            raise BadInput(_("Quiet hours from {start} to {end} would never end.", start=self.start, end=self.end))

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Let it pass outside the quiet hours."""
        end = self._until(moment.now)
        if end is None:
            return message
        if self.then == "drop":
            return Stop(_("It is quiet there from {start} to {end}.", start=self.start, end=self.end))
        return gathered(message, moment, end) if self.then == "digest" else Hold(end)

    def begins_on(self, day: date) -> bool:
        """Whether there are quiet hours that begin on that day."""
        return self.days is None or day.weekday() in self.days.numbers

    def _until(self, now: int) -> int | None:
        """When the quiet is over that holds at `now`, both in ms; None outside it. One that begins where another ends
        goes on."""
        zone = self.zone.info if self.zone else UTC
        end: int | None = None
        while more := self._ends(now // 1000 if end is None else end, zone):
            end = more
        return None if end is None else end * 1000

    def _ends(self, at: int, zone: tzinfo) -> int | None:
        hours = _hours(self, datetime.fromtimestamp(at, zone).date(), zone)
        return next((end for start, end in hours if start <= at < end), None)


@functools.lru_cache(256)
def _hours(quiet: Quiet, today: date, zone: tzinfo) -> Sequence[tuple[int, int]]:
    """The quiet hours that may hold on a day, in seconds since 1970: its own, and those of the days before."""
    over = timedelta(days=int(quiet.end < quiet.start))
    days = (today - timedelta(days=back) for back in (2, 1, 0))
    return [(quiet.start.on(day, zone), quiet.end.on(day + over, zone)) for day in days if quiet.begins_on(day)]


PROCESSOR = ProcessorSpec("quiet", _("Quiet hours"), Quiet, _("which digest of these quiet hours is open"))
