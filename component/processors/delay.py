"""Delay: holds every message for a time."""

from dataclasses import dataclass
from typing import Annotated

from component.bus.model.message import Message
from component.bus.model.processor import Hold, Moment, Outcome, ProcessorSpec
from component.common.form import Ask
from component.common.i18n import _
from component.common.value_types import MONTH, Span


@dataclass(frozen=True, slots=True)
class Delay:
    """Holds each message `by` a time."""

    by: Annotated[Span, Ask(_("Delay by"), _("how long each message waits, for example 10min"))]

    def __post_init__(self) -> None:
        self.by.within(Span(1), MONTH)

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Hold it."""
        return Hold(moment.now + self.by.ms)


PROCESSOR = ProcessorSpec("delay", _("Delay"), Delay)
