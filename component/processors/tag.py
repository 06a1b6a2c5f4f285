"""Tag: a #word behind what is said."""

import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Self

from component.bus.model.message import Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _

_WORD = re.compile(r"[\w-]{1,50}")


class Tag(str):
    """The word of a tag, without its sign."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The word written, with or without the sign; raises BadInput."""
        word = text.removeprefix("#")
        if not _WORD.fullmatch(word):
            raise BadInput(
                _(
                    "“{text}” is not a tag. Write up to 50 letters, digits, - or _, for example "
                    "news.",
                    text=text[:40],
                )
            )
        return cls(word)


@dataclass(frozen=True)
class Tagged:
    """Puts the tag behind every message that does not have it."""

    word: Annotated[Tag, Ask(_("Tag"), _("one word, for example news"))]

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Put it there."""
        return (
            message
            if self._there.search(message.body)
            else replace(message, body=f"{message.body} #{self.word}")
        )

    @cached_property
    def _there(self) -> re.Pattern[str]:
        return re.compile(rf"(?<![\w#])#{re.escape(self.word)}(?![\w-])", re.IGNORECASE)


PROCESSOR = ProcessorSpec("tag", _("Tag"), Tagged)
