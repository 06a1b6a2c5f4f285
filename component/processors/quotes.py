"""Quotes: what is quoted goes, what is new stays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.i18n import _

_FENCE = "```"


@dataclass(frozen=True, slots=True)
class Quotes:
    """Takes out quoted lines, those that begin with > (XEP-0393 section 5.1.3), which is also how a
    reply repeats what it replies to for clients that don't know replies (XEP-0461)."""

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Take them out; stop what was nothing else."""
        lines = message.body.split("\n")
        kept = list(_new(lines))
        if len(kept) == len(lines):
            return message
        body = "\n".join(kept).strip("\n")
        return (
            replace(message, body=body)
            if body.strip()
            else Stop(_("The message contains only a quotation."))
        )


def _new(lines: Sequence[str]) -> Iterator[str]:
    """The lines that are not quoted; in a preformatted block none is (XEP-0393 section 5.1.2)."""
    fenced = False
    for line in lines:
        if fenced or not line.startswith(">"):
            yield line
        if line == _FENCE if fenced else line.startswith(_FENCE):
            fenced = not fenced


PROCESSOR = ProcessorSpec("quotes", _("Remove quotes"), Quotes)
