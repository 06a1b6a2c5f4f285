"""Sample: one message in so many."""

import hashlib
from dataclasses import dataclass
from typing import Annotated

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

LEAST, MOST = 2, 10_000


@dataclass(frozen=True, slots=True)
class Sample:
    """Passes one message in `every`, on the average. The message's id decides, so that it is the
    same message everywhere and always."""

    every: Annotated[int, Ask(_("One in"), _("for example 10: one message in ten passes"))]

    def __post_init__(self) -> None:
        if not LEAST <= self.every <= MOST:
            raise BadInput(
                _(
                    "One in {count} is out of range. Choose from {least} to {most}.",
                    count=self.every,
                    least=LEAST,
                    most=MOST,
                )
            )

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Decide."""
        digest = hashlib.blake2b(message.id.encode(), digest_size=8).digest()
        if int.from_bytes(digest) % self.every == 0:
            return message
        return Stop(_("The message is not in the sample of one in {count}.", count=self.every))


PROCESSOR = ProcessorSpec("sample", _("Sample"), Sample)
