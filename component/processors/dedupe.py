"""Dedupe: what was said already goes no second time."""

from dataclasses import dataclass
from typing import Annotated

from component.bus.model.ledger import forget_old
from component.bus.model.message import Message, id_from
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.form import Ask
from component.common.i18n import _
from component.common.value_types import MONTH, Span


@dataclass(frozen=True, slots=True)
class Dedupe:
    """Lets the same text pass once `within` a time; with `author`, once for each author."""

    within: Annotated[Span, Ask(_("Within"), _("how long a text is remembered, for example 1h"))]
    author: Annotated[bool, Ask(_("Per author"), _("the same text from another author passes"))] = (
        False
    )

    def __post_init__(self) -> None:
        self.within.within(Span(1), MONTH)

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Let it pass where it is new, and remember it."""
        notes, now = moment.notes, moment.now
        forget_old(notes, now - self.within.ms)
        key = id_from(f"{message.author.key if self.author else ''}\n{message.body.strip()}")
        first = notes.get(key)
        if first is not None and first <= now < first + self.within.ms:
            return Stop(_("The same text was posted within {span}.", span=self.within))
        notes.put(key, now)
        return message


PROCESSOR = ProcessorSpec(
    "dedupe", _("Drop duplicates"), Dedupe, _("fingerprints of the texts that passed")
)
