"""What the XMPP side asks of the rest of the bus: one protocol, and the data that pass.

`Handlers` is the whole; each part of the XMPP side names the narrower protocol that it needs.
"""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol
from xml.etree.ElementTree import Element

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import HeardThere, Refusal
from component.bus.ports.source_state import ArchivePosition
from component.common.i18n import Words
from component.xmpp.elements import element, error
from component.xmpp.stanza import COMMANDS


@dataclass(frozen=True, slots=True)
class TypedLine:
    """A line that may be meant for the bot: the bare JID of its author ("" where a room hides it),
    their name, the text, whether others read along, the language it is answered in, and the id of
    the message that it replies to."""

    jid: str
    nick: str
    text: str
    in_room: bool
    language: str = "en"
    replies: str = ""
    automatic: bool = False
    """Whether a program may have written it: it is not posted unless somebody says so."""


@dataclass(frozen=True, slots=True)
class PlainMessage:
    """What is to be posted, where that is not the line itself: `body`, in reply to the message of
    the id `replies`. `first` where its author posts for the first time; `note` is said to them
    beside."""

    body: str
    replies: str = ""
    first: bool = False
    note: str = ""


class IqFault(Exception):
    """Answers an IQ with an error: its type, RFC 6120 condition, a sentence, and where there is one
    the condition of XEP-0050."""

    def __init__(self, kind: str, condition: str, sentence: str, own: str = "") -> None:
        super().__init__(sentence)
        conditions = []
        if own:
            conditions.append(element(COMMANDS, own))
        self.error = error(kind, condition, sentence, *conditions)


class Accepting(Protocol):
    """Where messages go, and how far rooms are read."""

    async def accept(self, message: Message, position: ArchivePosition | None = None) -> Receipt:
        """Take a message, with how far its room's archive is read by it; committed on return.

        Raises StoreError, and Muted where its author may not speak.
        """

    async def revise(self, change: Message, position: ArchivePosition | None = None) -> Receipt:
        """Correct the message that `change` names, or take it back; else as `accept`."""

    def missed(self, receipt: Receipt) -> Sequence[Words]:
        """What of a change its author is to know: where it did not arrive."""

    def refusals(self, receipt: Receipt) -> Sequence[Refusal]:
        """Where processors stopped a new message and say that its author is to know."""

    def note(self, position: ArchivePosition) -> None:
        """A room's archive is read up to here; saved with the next commit."""

    def reading(self, channel: Channel) -> None:
        """A room's archive is read from its saved position on."""

    async def position(self, channel: Channel) -> ArchivePosition | None:
        """How far a room's archive is read; None for a new room. Raises StoreError."""

    async def recent(self, channel: Channel) -> Sequence[Delivery]:
        """The last deliveries of a channel, oldest first. Raises StoreError."""


class Places(Protocol):
    """The channels, as addresses on XMPP show them."""

    def channel_named(self, name: str) -> Channel | None:
        """The open channel with this address; None where it does not exist."""

    def open_channels(self) -> Sequence[ChannelSpec]:
        """The channels that have an address on XMPP."""

    def title(self, channel: Channel) -> str:
        """How people call a channel."""

    def leads_to(self, channel: Channel, without: Container[Channel] = ()) -> Sequence[str]:
        """The names of the channels that a channel's messages go to first, without some."""

    def greeting(self, room: Channel, nick: str) -> Words:
        """What the bot, as `nick`, says when it first enters a room."""


class Texts(Protocol):
    """How what the bus says is put for people."""

    def language(self, jid: str, asked: str = "") -> str:
        """The language to answer in: the one they chose, else that of the `xml:lang` asked in."""

    def page_of(self, message: Message) -> str:
        """The URL of the page that holds a message whole."""


class Persons(Texts, Protocol):
    """The people who write to the bot, by bare JID."""

    def confirms(self, jid: str) -> str:
        """How often they want to hear that their words were passed on: once, always, never."""

    async def welcome(self, jid: str) -> Words | None:
        """What a new contact of the bot is to know; None where they know it. Raises StoreError."""

    def is_operator(self, jid: str) -> bool:
        """Whether they may change what is configured."""

    def seen(self, jid: str) -> None:
        """They wrote, or showed that they are online."""

    async def can_read(self, message_id: str, channel: Channel, jid: str) -> bool:
        """Whether someone who speaks to a channel can have read a message. Raises StoreError."""


class Commands(Protocol):
    """Ad-hoc commands (XEP-0050)."""

    def listed(self, to: str, asker: str, language: str) -> Iterable[tuple[str, str]]:
        """(node, name) of what `asker` may call at our JID `to`."""

    def named(self, node: str, asker: str, language: str) -> str | None:
        """The name of a command's node; None where `asker` may not call it."""

    async def serve(self, stanza: Element) -> Element:
        """The inside of a command's result; raises IqFault."""


class Handlers(Accepting, Places, Persons, Commands, Protocol):
    """Everything the XMPP side asks."""

    async def answer(self, line: TypedLine) -> str | PlainMessage | None:
        """Run a typed command. Returns the reply; PlainMessage or None where the line is a
        message."""

    def is_room_command(self, line: str) -> bool:
        """Whether a line is the name of a command that may be given in rooms, and no more."""

    def expects(self, jid: str, line: str) -> bool:
        """Whether a line is a command, or an answer to what the bot asked a person."""

    def gateway(self, domain: str) -> HeardThere | None:
        """Who takes what the JIDs of a gateway's domain write (XEP-0100)."""
