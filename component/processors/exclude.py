"""Exclude: stops what meets all of its criteria."""

from dataclasses import dataclass

from component.bus.model.criteria import Criteria
from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.i18n import _


@dataclass(frozen=True)
class Exclude(Criteria):
    """Passes what does not match."""

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Pass it at the first criterion that does not hold."""
        met = []
        for name, holds in self.looked_at(message):
            if not holds:
                return message
            met.append(name)
        return Stop(_("The message is excluded: {criteria}.", criteria=", ".join(met)))


PROCESSOR = ProcessorSpec("exclude", _("Exclude"), Exclude)
