"""Throttle: so many messages in a time; what is more is dropped, or waits for its turn."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from component.bus.model.message import Message
from component.bus.model.processor import MAX_HOLD, Hold, Moment, Outcome, ProcessorSpec, Stop
from component.common.errors import BadInput
from component.common.form import Ask, Choice
from component.common.i18n import _
from component.common.value_types import MONTH, Span

MAX_MESSAGES = 1_000
"""Messages that a throttle counts."""
_NEXT = "next"


def _ways(_bus: Any) -> Sequence[Choice]:
    return [Choice("hold", "hold"), Choice("drop", "drop")]


@dataclass(frozen=True, slots=True)
class Throttle:
    """Lets `count` messages go in any `per`, at most.

    A ring of the times at which the last `count` went, or will, tells when the next may: each costs
    one look at it.
    """

    count: Annotated[int, Ask(_("Count"), _("how many messages can pass"))]
    per: Annotated[Span, Ask(_("Per"), _("in which time, for example 10min"))]
    then: Annotated[
        str,
        Ask(
            _("Excess"),
            _("further messages are held until they can pass, or dropped"),
            choices=_ways,
        ),
    ]

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MAX_MESSAGES:
            raise BadInput(
                _(
                    "A throttle passes 1 to {most} messages, not {count}.",
                    most=MAX_MESSAGES,
                    count=self.count,
                )
            )
        self.per.within(Span(1), MONTH)

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Let it pass, or hold it until the oldest of the last `count` is long enough ago."""
        notes, now = moment.notes, moment.now
        number: int = (notes.get(_NEXT) or 0) % self.count
        oldest: int | None = notes.get(str(number))
        free = now if oldest is None else oldest + self.per.ms
        if self.then == "drop":
            if (
                oldest is not None and oldest <= now < free
            ):  # a clock that was set back stops nothing
                return Stop(
                    _("More than {count} messages in {per}.", count=self.count, per=self.per)
                )
            free = now
        else:
            free = max(
                now, free, notes.get(str((number - 1) % self.count)) or 0
            )  # none before the one that came last
        if free > now + MAX_HOLD:
            raise BadInput(
                _("More messages are waiting there than can pass in {span}.", span=MONTH)
            )
        notes.put(str(number), free)
        notes.put(_NEXT, (number + 1) % self.count)
        return Hold(free) if free > now else message


PROCESSOR = ProcessorSpec(
    "throttle", _("Throttle"), Throttle, _("when the last messages passed or will pass")
)
