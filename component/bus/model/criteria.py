"""What a message may be looked at for, declared once for the processors that ask. Pure."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Self

import re2

from component.bus.model.message import Author, Message
from component.common.errors import BadInput
from component.common.form import Ask
from component.common.i18n import _
from component.common.pattern import Pattern

MAX_PHRASE = 100
"""Characters of a word that is looked for, or of an author's name or JID."""
MAX_PHRASES = 100
"""Words, or authors, in one criterion."""

_LINK = re.compile(r"(?<![a-z0-9])(?:(?:https?|ftp|aesgcm)://|xmpp:|mailto:)\S", re.IGNORECASE)
# As clients send what they have uploaded (XEP-0363, XEP-0066; encrypted, XEP-0454)
_ATTACHMENT = re.compile(
    r"(?:https?|aesgcm)://[^\s/?#]+/[^\s?#]*\.[a-z0-9]{1,8}(?:\?[^\s#]*)?(?:#\S*)?", re.IGNORECASE
)


class Phrase(str):
    """A word or a few, on one line and without a comma."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """The phrase written; raises BadInput."""
        if not 0 < len(text) <= MAX_PHRASE:
            raise BadInput(
                _(
                    "Each entry must have 1 to {most} characters; this one has {count}.",
                    most=MAX_PHRASE,
                    count=len(text),
                )
            )
        if "," in text:  # in a line of a command it parts one from the next
            raise BadInput(
                _("“{text}” contains a comma. Write each entry separately.", text=text[:40])
            )
        return cls(text)


@dataclass(frozen=True)
class Criteria:
    """Settings of a processor that looks at messages: those that are given must all hold.

    An author is given by a name, which anyone may take, or by a JID (with an @), which nobody else
    has.
    """

    words: Annotated[
        tuple[Phrase, ...],
        Ask(_("Text"), _("the message contains one of these words, ignoring case")),
    ] = ()
    author: Annotated[
        tuple[Phrase, ...], Ask(_("Authors"), _("the author is one of these names or JIDs"))
    ] = ()
    pattern: Annotated[
        Pattern | None, Ask(_("Pattern"), _("the message matches this RE2 pattern"))
    ] = None
    has_link: Annotated[bool, Ask(_("Has a link"))] = False
    has_attachment: Annotated[bool, Ask(_("Has an attachment"))] = False

    def __post_init__(self) -> None:
        if not (self.words or self.author or self.pattern or self.has_link or self.has_attachment):
            raise BadInput(
                _("No criterion is set. Set words, author, pattern, has_link or has_attachment.")
            )
        for phrases in (self.words, self.author):
            if len(phrases) > MAX_PHRASES:
                raise BadInput(
                    _(
                        "{count} entries are too many. The maximum is {most}.",
                        count=len(phrases),
                        most=MAX_PHRASES,
                    )
                )

    def looked_at(self, message: Message) -> Iterator[tuple[str, bool]]:
        """Each criterion that is given, by its name, and whether it holds; raises TooLong (see
        `Pattern.found`)."""
        if self.author:
            yield "author", self._is_one(message.author)
        if self.has_link:
            yield "has_link", bool(_LINK.search(message.body))
        if self.has_attachment:
            lines = message.body.splitlines()
            yield "has_attachment", any(_ATTACHMENT.fullmatch(line.strip()) for line in lines)
        if self.words:
            yield "words", self._said.search(_folded(message.body)) is not None
        if self.pattern:
            yield "pattern", self.pattern.found(message.body)

    def _is_one(self, author: Author) -> bool:
        told = [
            name for name in (author.name, author.shown) if "@" not in name
        ]  # a name may be made to look like a JID
        told += [author.key] if "@" in author.key else []
        return any(_folded(one) in self._authors for one in told)

    @cached_property
    def _authors(self) -> frozenset[str]:
        return frozenset(_folded(one) for one in self.author)

    @cached_property
    def _said(self) -> Any:
        """RE2 for its linear time; its own \\b knows ASCII only."""
        options = re2.Options()
        options.never_capture = True
        options.log_errors = False
        words = "|".join(re2.escape(_folded(one)) for one in self.words)
        return re2.compile(rf"(?:^|[^\pL\pM\pN_])(?:{words})(?:$|[^\pL\pM\pN_])", options)


def _folded(text: str) -> str:
    """Text as it is compared: however its letters are put together, and whatever their case."""
    return unicodedata.normalize("NFC", text).casefold()
