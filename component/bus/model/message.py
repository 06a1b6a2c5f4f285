"""What passes: Channel, Author, Message. Frozen; a bad one can't be made.

May import errors, text and words only.
"""

import hashlib
import re
import uuid
from dataclasses import dataclass
from typing import Self

from component.common.errors import BadInput, TooLong
from component.common.i18n import _
from component.common.sanitize import has_hidden, is_clean, one_line, scrub, skeleton

MAX_BODY = 262_144
"""Characters a body may have anywhere in the bus; ways in may ask for less."""
MAX_NAME = 64
"""Characters an author's name may have."""
WEB_MARK = "(web)"
"""Stands behind the nickname of everyone who speaks from outside XMPP. No name may hold it."""

DELETED = "(deleted by an operator)"
"""Stands in the place of a deleted message's body."""

BUS_KEY = "bus:"
"""Begins the keys of authors that are the bus itself."""

GUEST_PREFIX = "guest-"
"""Local parts of web users' JIDs begin so; no channel's and no bot's may."""

_METHOD = re.compile(r"[a-z][a-z0-9]{0,31}")
_ID = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, order=True)
class Channel:
    """One addressed endpoint of a method, written `method:address`; `method:*` is every address of
    it."""

    method: str
    address: str

    def __post_init__(self) -> None:
        if not _METHOD.fullmatch(self.method):
            name = one_line(self.method[:80])
            raise BadInput(
                _(
                    "“{name}” is no method's name: write method:address, like shoutbox:lobby.",
                    name=name,
                )
            )
        if not self.address or len(self.address) > 1023 or self.address != one_line(self.address):
            raise BadInput(
                _(
                    "The address of a {method} channel must be 1 to 1023 visible characters "
                    "on one line.",
                    method=self.method,
                )
            )

    @classmethod
    def parse(cls, text: str) -> Self:
        """The channel written `method:address`; raises BadInput."""
        method, colon, address = text.partition(":")
        if not colon:
            written = one_line(text[:80])
            raise BadInput(
                _(
                    "“{text}” is no channel: write method:address, like shoutbox:lobby.",
                    text=written,
                )
            )
        return cls(method, address)

    @property
    def anyone(self) -> "Channel":
        """The channel that stands for every address of this method."""
        return Channel(self.method, "*")

    def __str__(self) -> str:
        return f"{self.method}:{self.address}"


@dataclass(frozen=True, slots=True)
class Author:
    """Who said it: the name people see, and a key that stays the same for one person.

    `key` is a bare JID, `room/nick` where a room hides it, `guest:` and a session, or `token:` and
    a token's name.
    """

    name: str
    key: str

    @property
    def is_guest(self) -> bool:
        """Whether it is a web user, for whom a puppet stands in the rooms."""
        return self.key.startswith("guest:")

    @property
    def is_bus(self) -> bool:
        """Whether the bus itself speaks, which need not say that it does."""
        return self.key.startswith(BUS_KEY)

    @property
    def shown(self) -> str:
        """The name as rooms and people see it: a guest's carries the mark."""
        return f"{self.name} {WEB_MARK}" if self.is_guest else self.name

    @classmethod
    def named(cls, name: str, key: str) -> Self:
        """An author whose name a person typed; raises BadInput where it could deceive or be
        unreadable."""
        if has_hidden(name):
            raise BadInput(
                _("That name holds invisible or direction-changing characters: leave them out.")
            )
        clean = one_line(name)
        if not clean or "\ufffd" in clean:
            raise BadInput(
                _("A name needs at least one visible character, and no control characters.")
            )
        if len(clean) > MAX_NAME:
            raise BadInput(
                _(
                    "That name has {count} characters; at most {most} fit.",
                    count=len(clean),
                    most=MAX_NAME,
                )
            )
        if skeleton(WEB_MARK) in skeleton(clean):
            raise BadInput(
                _("A name can't hold “{mark}”: that mark is set by the bus.", mark=WEB_MARK)
            )
        return cls(clean, key)


@dataclass(frozen=True, slots=True)
class Message:
    """What passes through the bus.

    `id` is 32 hexadecimal digits, the same in every bus the message crosses. `origin` names it
    where it came from (a room and its archive id, a token and its Idempotency-Key): a known origin
    or id is never accepted twice. `at` is in milliseconds since 1970, UTC.
    """

    id: str
    origin: str
    channel: Channel
    author: Author
    body: str
    at: int
    corrects: str = ""
    """The id of an earlier message that this one stands in the place of (XEP-0308)."""
    replies: str = ""
    """The id of an earlier message that this one answers (XEP-0461)."""
    thread: str = ""
    """The id of the message that began the thread, where this one stands in one: the store finds it
    on accepting."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise BadInput(_("A message's id is 32 hexadecimal digits."))
        if not is_clean(f"{self.origin}{self.author.name}{self.author.key}{self.body}"):
            raise BadInput(
                _(
                    "The message or its key holds control characters or broken Unicode: "
                    "leave them out."
                )
            )
        if not self.body.strip():
            raise BadInput(_("There is nothing to say: the message is empty."))
        if len(self.body) > MAX_BODY:
            raise TooLong(
                _(
                    "The message has {count} characters; at most {most} fit.",
                    count=len(self.body),
                    most=MAX_BODY,
                )
            )

    @classmethod
    def new(
        cls, channel: Channel, author: Author, body: str, at: int, *, origin: str = "", id: str = ""
    ) -> Self:
        """A message as it comes in: the body scrubbed, an id given where it brought none; raises
        BadInput, TooLong."""
        fresh = id or uuid.uuid4().hex
        return cls(
            fresh, origin or f"{channel}#{fresh}", channel, author, scrub(body).strip("\n"), at
        )

    @property
    def line(self) -> str:
        """The message as the bot says it: its author's name in front, where that is not the bus
        itself."""
        if self.author.is_bus:
            return self.body
        body = self.body.replace("\n", "\n  ")  # or a second line could pass for another's
        return f"{self.author.shown}: {body}"


def is_id(text: str | None) -> bool:
    """Whether `text` has the shape of a message's id."""
    return bool(text and _ID.fullmatch(text))


def id_from(origin: str) -> str:
    """The id of what stands at `origin`: every bus that reads one room gives one message the same
    id."""
    return hashlib.blake2b(origin.encode(), digest_size=16).hexdigest()
