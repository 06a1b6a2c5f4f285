"""A story: a message that is kept as an article, with a title, a text and a page. Pure.

The story is the message that was delivered to the archive, with the changes that operators made to
it since. Title and text are one body, so that readers of the archive's channel see what its page
shows.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Self

from component.bus.model.message import Author, Channel, Message, is_id
from component.common.errors import BadInput
from component.common.i18n import _
from component.common.sanitize import one_line

MAX_TITLE = 120
"""Characters of a title."""
MAX_SLUG = 60
UNTITLED = "…"
"""What has nothing to be seen in its first line."""

_ENDS = ".!?…:;)]}\"'”“’»"
_ALONE = re.compile(r"\s*\n\s*(?:\n|https?://)|\s*$")
"""What follows a headline: an empty line, a link, or nothing."""
_NUMBER = re.compile(r"#?([0-9]{1,18})(?:-[a-z0-9-]*)?")


@dataclass(frozen=True, slots=True)
class Told:
    """What a story says: its title, one line, and its text, which may be empty."""

    title: str
    text: str

    @classmethod
    def of(cls, body: str) -> Self:
        """As a message says it: the first line is the title, and where it is a headline the text
        begins behind it."""
        body = _trimmed(body)
        first, _newline, _rest = body.partition("\n")
        line = one_line(first)
        if not line or len(line) > MAX_TITLE:
            return cls(_cut(line) or UNTITLED, body)
        rest = body[len(first) :]
        if _ALONE.match(rest):
            return cls(line, _trimmed(rest))
        return cls(line if line[-1] in _ENDS else f"{line}…", body)

    @classmethod
    def new(cls, title: str, text: str) -> Self:
        """As an operator writes it; raises BadInput."""
        title = one_line(title)
        if not title:
            raise BadInput(_("A story needs a title."))
        if len(title) > MAX_TITLE:
            raise BadInput(
                _(
                    "A title can have at most {most} characters; this one has {count}.",
                    most=MAX_TITLE,
                    count=len(title),
                )
            )
        return cls(title, _trimmed("\n".join(line.rstrip() for line in text.split("\n"))))

    @property
    def body(self) -> str:
        """Both as one body; `of` gives them back."""
        return f"{self.title}\n\n{self.text}" if self.text else self.title

    @property
    def slug(self) -> str:
        """The title as part of an address; "" where nothing in it can be."""
        plain = (
            unicodedata.normalize("NFKD", self.title.replace("ß", "ss"))
            .encode("ascii", "ignore")
            .decode()
        )
        words = re.findall("[a-z0-9]+", plain.lower())
        while len("-".join(words)) > MAX_SLUG and len(words) > 1:
            words.pop()
        return "-".join(words)[:MAX_SLUG]


def _trimmed(text: str) -> str:
    """Without empty lines at its ends."""
    lines = text.split("\n")
    there = [number for number, line in enumerate(lines) if line.strip()]
    return "\n".join(lines[there[0] : there[-1] + 1]) if there else ""


def _cut(line: str) -> str:
    """A line that is too long for a title, cut behind a word where one ends near there."""
    if len(line) <= MAX_TITLE:
        return line
    end = line.rfind(" ", MAX_TITLE * 3 // 4, MAX_TITLE)
    return f"{line[: end if end > 0 else MAX_TITLE - 1].rstrip()}…"


@dataclass(frozen=True, slots=True)
class Story:
    """A story in the archive `channel`: number `seq`, as `message` says it now.

    `changed` is when an operator last changed it, in ms since 1970, 0 for never. Whether it is
    `published`; whether its message was `deleted`. `version` is the store's: 0 for one that nobody
    changed.
    """

    seq: int
    channel: Channel
    message: Message
    published: bool = True
    changed: int = 0
    deleted: bool = False
    version: int = 0

    @property
    def told(self) -> Told:
        """Its title and text."""
        return Told.of(self.message.body)

    @property
    def author(self) -> Author:
        """Who said it."""
        return self.message.author

    @property
    def at(self) -> int:
        """When it was said, in ms since 1970."""
        return self.message.at

    @property
    def edited(self) -> int:
        """When its author or an operator last changed it, in ms since 1970; 0 for never."""
        return max(self.changed, self.message.edited)

    @property
    def updated(self) -> int:
        """When it last changed, in ms since 1970."""
        return max(self.at, self.edited)

    @property
    def shown(self) -> bool:
        """Whether people may read it."""
        return self.published and not self.deleted

    @property
    def path(self) -> str:
        """Where its page is."""
        slug = self.told.slug
        return f"/stories/{self.channel.address}/{self.seq}{f'-{slug}' if slug else ''}"


def permalink(message: Message, channel: Channel) -> str:
    """An address that leads to a message's page in an archive, also while it is on its way
    there."""
    return f"/stories/{channel.address}/{message.id}"


def key(text: str) -> int | str | None:
    """What the last part of a story's address names: its number, or the id of its message; None for
    neither."""
    if is_id(text):
        return text
    found = _NUMBER.fullmatch(text)
    return int(found[1]) if found else None
