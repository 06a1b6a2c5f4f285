"""Slow mode: each author may say one message in a time."""

from dataclasses import dataclass
from typing import Annotated

from component.bus.model.ledger import forget_old
from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.form import Ask
from component.common.i18n import _
from component.common.value_types import MONTH, Span


@dataclass(frozen=True, slots=True)
class Slow:
    """Passes one message per author in each `per`. Authors of further messages learn how long to
    wait."""

    per: Annotated[
        Span, Ask(_("Per"), _("how long an author must wait between two messages, for example 30s"))
    ]

    def __post_init__(self) -> None:
        self.per.within(Span(1), MONTH)

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Let it pass where its author's last is long enough ago."""
        notes, now, key = moment.notes, moment.now, message.author.key
        forget_old(notes, now - self.per.ms)
        last = notes.get(key)
        if last is not None and last <= now < last + self.per.ms:
            wait = Span(-(-(last + self.per.ms - now) // 1000))
            return Stop(
                _("Slow mode is on. You can post your next message in {wait}.", wait=wait),
                tell=True,
            )
        notes.put(key, now)
        return message


PROCESSOR = ProcessorSpec("slow", _("Slow mode"), Slow, _("when each author last posted"))
