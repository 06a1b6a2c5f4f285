"""Prefix: words in front of what is said."""

from dataclasses import dataclass, replace
from typing import Annotated

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True, slots=True)
class Prefix:
    """Puts `text` and a space in front of every message."""

    text: Annotated[str, Ask(_("Text"), _("the text to put in front, for example [lobby]"))]

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Put it there."""
        return replace(message, body=f"{self.text} {message.body}")


PROCESSOR = ProcessorSpec("prefix", _("Prefix"), Prefix)
