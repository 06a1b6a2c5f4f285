"""Truncate: what is long is cut, with a link to the rest."""

from dataclasses import dataclass, replace
from typing import Annotated
from unicodedata import combining

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

LEAST, MOST = 20, 10_000
"""Characters that may be kept."""

_JOINED = ("\u200d", "\ufe0f")
"""Joiner and variation selector: they belong to the sign before them."""


@dataclass(frozen=True, slots=True)
class Truncate:
    """Keeps the first `length` characters, and puts a link to the whole message behind them."""

    length: Annotated[int, Ask(_("Length"), _("the number of characters to keep, for example 200"))]

    def __post_init__(self) -> None:
        if not LEAST <= self.length <= MOST:
            raise BadInput(
                _(
                    "{count} characters is out of range. Choose from {least} to {most}.",
                    count=self.length,
                    least=LEAST,
                    most=MOST,
                )
            )

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Cut it."""
        if len(message.body) <= self.length:
            return message
        kept = message.body[: _end(message.body, self.length)].rstrip()
        return replace(message, body=f"{kept}… {moment.link(message)}".rstrip())


def _end(body: str, length: int) -> int:
    """Where to cut: behind a word where one ends in the last fifth, and never within a letter."""
    if body[length].isspace():
        return length
    for end in range(length, length * 4 // 5, -1):
        if body[end].isspace():
            return end
    while length > 1 and (
        combining(body[length]) or body[length] in _JOINED or body[length - 1] == _JOINED[0]
    ):
        length -= 1
    return length


PROCESSOR = ProcessorSpec("truncate", _("Truncate"), Truncate)
