"""Quiet hours: what is said in them waits for their end, or goes nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Annotated, Any

from component.bus.model.digest import gathered
from component.bus.model.message import Message
from component.bus.model.processor import Hold, Moment, Outcome, ProcessorSpec, Stop
from component.common.form import Ask, Choice
from component.common.i18n import _
from component.common.quiet_hours import Hours
from component.common.value_types import ClockTime, Weekdays, Zone


def _ways(_bus: Any) -> Sequence[Choice]:
    return [Choice("hold", "hold"), Choice("digest", "digest"), Choice("drop", "drop")]


@dataclass(frozen=True, slots=True)
class Quiet:
    """Lets nothing pass from `start` until `end` by the clocks of `zone`, where it starts on one of
    the `days`."""

    start: Annotated[ClockTime, Ask(_("Start"), _("when the quiet hours start, for example 22:00"))]
    end: Annotated[
        ClockTime, Ask(_("End"), _("when they end, for example 7:00; 24:00 is the end of the day"))
    ]
    then: Annotated[
        str,
        Ask(
            _("Excess"),
            _("messages are held until the end, collected into a digest, or dropped"),
            choices=_ways,
        ),
    ]
    zone: Annotated[
        Zone | None, Ask(_("Time zone"), _("for example Europe/Berlin; the default is UTC"))
    ] = None
    days: Annotated[
        Weekdays | None, Ask(_("Days"), _("the days on which they start, for example mon-fri"))
    ] = None

    def __post_init__(self) -> None:
        Hours(self.start, self.end, self.days)  # refuses what does not go together

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Let it pass outside the quiet hours."""
        end = Hours(self.start, self.end, self.days).until(
            moment.now, self.zone.info if self.zone else UTC
        )
        if end is None:
            return message
        if self.then == "drop":
            return Stop(_("Quiet hours are from {start} to {end}.", start=self.start, end=self.end))
        return gathered(message, moment, end) if self.then == "digest" else Hold(end)


PROCESSOR = ProcessorSpec(
    "quiet", _("Quiet hours"), Quiet, _("which digest of these quiet hours is open")
)
