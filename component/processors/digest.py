"""Digest: collects messages and sends them as one."""

from dataclasses import dataclass
from typing import Annotated

from component.bus.model.digest import gathered
from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _
from component.common.value_types import MONTH, Span

MAX_MESSAGES = 1_000
"""Messages that a digest may wait for."""
MAX_SPAN = Span(7 * 86400)
"""How long a digest waits for its count at most."""


@dataclass(frozen=True, slots=True)
class Digest:
    """Gathers messages until there are `count`, or the first has waited `every`."""

    every: Annotated[
        Span | None, Ask(_("Every"), _("how long the first message waits, for example 1h"))
    ] = None
    count: Annotated[int | None, Ask(_("Count"), _("how many messages complete a digest"))] = None

    def __post_init__(self) -> None:
        if self.every is None and self.count is None:
            raise BadInput(
                _("A digest without a time or a count would never be sent. Set every or count.")
            )
        if self.count is not None and not 1 <= self.count <= MAX_MESSAGES:
            raise BadInput(
                _(
                    "A digest contains 1 to {most} messages, not {count}.",
                    most=MAX_MESSAGES,
                    count=self.count,
                )
            )
        if self.every is not None:
            self.every.within(Span(1), MONTH)

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Put it to the others."""
        return gathered(message, moment, moment.now + (self.every or MAX_SPAN).ms, self.count)


PROCESSOR = ProcessorSpec(
    "digest", _("Digest"), Digest, _("which digest is open, and how many messages it contains")
)
