"""What passes: Channel, Author, Message. Frozen; a bad one can't be made.

May import errors, text and words only.
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from component.common.errors import BadInput, TooLong
from component.common.i18n import _
from component.common.sanitize import has_hidden, is_clean, one_line, scrub, skeleton

MAX_BODY = 262_144
"""Characters a body may have anywhere in the bus; ways in may ask for less."""
SHORT_ID = 12
"""Digits of an id by which people name a message."""
MAX_NAME = 64
"""Characters an author's name may have."""
WEB_MARK = "(web)"
"""Follows the nickname of everyone who speaks from outside XMPP. No name may contain it."""

DELETED = "(deleted by an operator)"
"""Replaces the body of a deleted message."""
WITHDRAWN = "(deleted by its author)"
"""Replaces the body of a message that its author took back."""

GUEST_PREFIX = "guest-"
"""Local parts of web users' JIDs begin so; no channel's and no bot's may."""

_ACTION = re.compile("/me ")
"""Begins a message that says what its author does (XEP-0245 section 3)."""
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
                    "“{name}” is not a method name. Write the channel as method:address, for "
                    "example shoutbox:lobby.",
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
                    "“{text}” is not a channel. Write it as method:address, for example "
                    "shoutbox:lobby.",
                    text=written,
                )
            )
        return cls(method, address)

    @property
    def anyone(self) -> "Channel":
        """The channel that means every address of this method."""
        return Channel(self.method, "*")

    def __str__(self) -> str:
        return f"{self.method}:{self.address}"


class Kind(StrEnum):
    """What a message is."""

    CHAT = "chat"
    """Someone wrote it, in a room, in private, on a page, by mail, SMS or API."""
    FEED_ITEM = "feed-item"
    ANNOUNCEMENT = "announcement"
    """A source said it by a schedule, such as a fortune."""
    GREETING = "greeting"
    """A source said it to someone who came into a room."""
    REMINDER = "reminder"
    NOTICE = "notice"
    """The bus has something to tell a person."""
    DIGEST = "digest"
    """It covers what a subscriber gets together. Digests are not announced to subscribers, or
    two digests could announce each other."""
    AGGREGATE = "aggregate"
    """A processor made it of several messages."""
    CONFIRMATION = "confirmation"
    """It asks the owner of an address to confirm it."""
    RETRACTION = "retraction"
    """It takes back the message that it `corrects` (XEP-0424)."""


class AuthorKind(StrEnum):
    """What an author is."""

    PERSON = "person"
    GUEST = "guest"
    """A web user, who is represented by a puppet in rooms."""
    TOKEN = "token"  # noqa: S105
    """A program that posts by the API."""
    SOURCE = "source"
    """A channel that speaks by itself."""
    BUS = "bus"
    """The bus itself, which need not say that it speaks."""


@dataclass(frozen=True, slots=True)
class Author:
    """Who said it: the name people see, and a key that stays the same for one author.

    `key` is a bare JID, `room/nick` where a room hides it, `guest:` and a session, `token:` and a
    token's name, or a source's channel.
    """

    name: str
    key: str
    kind: AuthorKind = AuthorKind.PERSON

    @property
    def is_guest(self) -> bool:
        """Whether it is a web user, who is represented by a puppet in rooms."""
        return self.kind is AuthorKind.GUEST

    @property
    def is_bus(self) -> bool:
        """Whether the bus itself speaks, which need not say that it does."""
        return self.kind is AuthorKind.BUS

    @property
    def shown(self) -> str:
        """The name as rooms and people see it: a guest's carries the mark."""
        return f"{self.name} {WEB_MARK}" if self.is_guest else self.name

    @classmethod
    def named(cls, name: str, key: str, kind: AuthorKind = AuthorKind.PERSON) -> Self:
        """An author whose name a person typed; raises BadInput where it could deceive or be
        unreadable."""
        if has_hidden(name):
            raise BadInput(
                _("The name contains invisible or direction-changing characters. Remove them.")
            )
        clean = one_line(name)
        if not clean or "\ufffd" in clean:
            raise BadInput(
                _("A name needs at least one visible character, and no control characters.")
            )
        if len(clean) > MAX_NAME:
            raise BadInput(
                _(
                    "The name has {count} characters. The maximum is {most}.",
                    count=len(clean),
                    most=MAX_NAME,
                )
            )
        if skeleton(WEB_MARK) in skeleton(clean):
            raise BadInput(
                _("A name cannot contain “{mark}”, because Shoutbus uses this mark.", mark=WEB_MARK)
            )
        return cls(clean, key, kind)

    @classmethod
    def guest(cls, name: str, session: str) -> Self:
        """A web user under the name they typed; raises BadInput as `named`."""
        return cls.named(name, f"guest:{session}", AuthorKind.GUEST)


BUS = Author("Shoutbus", "bus:", AuthorKind.BUS)
"""The bus itself, as an author."""


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
    """The id of an earlier message that this one replaces (XEP-0308)."""
    replies: str = ""
    """The id of an earlier message that this one answers (XEP-0461)."""
    thread: str = ""
    """The id of the first message of the thread, if this one is in a thread. The store finds it
    on accepting."""
    kind: Kind = Kind.CHAT
    edited: int = 0
    """When its author last changed its words, in ms since 1970; 0 for never."""

    def __post_init__(self) -> None:
        if not _ID.fullmatch(self.id):
            raise BadInput(_("A message ID consists of 32 hexadecimal digits."))
        if not is_clean(f"{self.origin}{self.author.name}{self.author.key}{self.body}"):
            raise BadInput(
                _(
                    "The message or its key contains control characters or invalid Unicode. "
                    "Remove them."
                )
            )
        if not self.body.strip():
            raise BadInput(_("The message is empty. Write some text."))
        if len(self.body) > MAX_BODY:
            raise TooLong(
                _(
                    "The message has {count} characters. The maximum is {most}.",
                    count=len(self.body),
                    most=MAX_BODY,
                )
            )

    @classmethod
    def new(
        cls,
        channel: Channel,
        author: Author,
        body: str,
        at: int,
        *,
        origin: str = "",
        id: str = "",
        kind: Kind = Kind.CHAT,
    ) -> Self:
        """A message as it comes in: the body scrubbed, an id given where it brought none; raises
        BadInput, TooLong."""
        fresh = id or new_id(at)
        whence = origin or f"{channel}#{fresh}"
        return cls(fresh, whence, channel, author, scrub(body).strip("\n"), at, kind=kind)

    @property
    def is_gone(self) -> bool:
        """Whether its words were taken away: it was deleted."""
        return self.body in (DELETED, WITHDRAWN)

    @property
    def short_id(self) -> str:
        """So much of the id that people can name the message by it: an id begins with the time, to
        the millisecond."""
        return self.id[:SHORT_ID]

    @property
    def line(self) -> str:
        """The message as the bot says it: its author's name in front, where that is not the bus
        itself."""
        if self.author.is_bus:
            return self.body
        if self.is_action:
            return indented(self.spoken)
        return f"{self.author.shown}: {indented(self.body)}"

    @property
    def is_action(self) -> bool:
        """Whether it says what its author does."""
        return bool(_ACTION.match(self.body))

    @property
    def spoken(self) -> str:
        """The body as it stands beside its author's name: “/me waves” becomes “* Juliet waves”, as
        clients show it (XEP-0245)."""
        if not self.is_action:
            return self.body
        return f"* {self.author.shown} {_ACTION.sub('', self.body, count=1)}"


def indented(body: str) -> str:
    """A body with its further lines indented, or one of them could pass for another's."""
    return body.replace("\n", "\n  ")


def is_id(text: str | None) -> bool:
    """Whether `text` has the shape of a message's id."""
    return bool(text and _ID.fullmatch(text))


def new_id(at: int) -> str:
    """A UUID of version 7 (RFC 9562) in hexadecimal: the time `at` (ms since 1970) in 48 bits, then
    74 random bits. Ids so grow with time, and a database adds each new one at its end."""
    time = min(max(at, 0), 2**48 - 1)
    tail = secrets.randbits(12), secrets.randbits(62)
    return f"{time << 80 | 7 << 76 | tail[0] << 64 | 2 << 62 | tail[1]:032x}"


def id_from(origin: str) -> str:
    """The id for an origin: every bus that reads a room gives a message the same id."""
    return hashlib.blake2b(origin.encode(), digest_size=16).hexdigest()
