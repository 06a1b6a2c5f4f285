"""Match: passes only what meets all of its criteria."""

from dataclasses import dataclass

from component.bus.model.criteria import Criteria
from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.i18n import _


@dataclass(frozen=True)
class Match(Criteria):
    """Stops what does not match."""

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Stop it at the first criterion that does not hold."""
        for name, holds in self.looked_at(message):
            if not holds:
                return Stop(_("The message does not match: {criterion}.", criterion=name))
        return message


PROCESSOR = ProcessorSpec("match", _("Match"), Match)
