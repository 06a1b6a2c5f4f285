"""What is known of one room: who is in it, what was sent and not yet reflected, how far its archive
was read."""

import asyncio
from collections import OrderedDict, deque
from dataclasses import dataclass, field
from typing import Self
from xml.etree.ElementTree import Element

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation
from component.common.errors import Unconfirmed
from component.common.i18n import Words, _, joined
from component.xmpp.muc.replies import LineIndex
from component.xmpp.stanza import MUC_USER, bare

REFLECTION = 10.0
"""Seconds the room's reflection of our own stanza may take before it counts as unconfirmed."""
REMEMBERED = 5_000
"""Our messages seen in the archive and not waited for, kept to answer "has it landed?"."""

_RIGHTS = _(
    "I am not an owner of this room. I cannot set its name, subject or archive, add owners, or "
    "protect the names of web users. An owner can fix this by making me an owner."
)
_ARCHIVE = _(
    "This room does not have an archive. I cannot forward messages that are sent while I am away."
)
_VOICE = _("I do not have voice in this room, so I can only read. A moderator can grant it to me.")


@dataclass(frozen=True, slots=True)
class Occupant:
    """Someone in the room, by the room's own presence: the real bare JID ("" where hidden),
    affiliation and role."""

    jid: str
    affiliation: str
    role: str

    @classmethod
    def read(cls, presence: Element) -> Self:
        """The occupant that a room's presence is about."""
        item = presence.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
        if item is None:
            return cls("", "none", "none")
        return cls(
            bare(item.get("jid", "")), item.get("affiliation", "none"), item.get("role", "none")
        )


@dataclass(frozen=True, slots=True)
class RoomLine:
    """What an occupant said: nickname, presence where it is known, text, and the stanza's
    `xml:lang`."""

    nick: str
    occupant: Occupant | None
    text: str
    language: str


@dataclass(slots=True)
class AwaitedReflection:
    """On its way to be reflected: under which nickname, and since when in the loop's seconds."""

    nick: str
    confirmation: Confirmation
    at: float


@dataclass(slots=True)
class Room:
    """One room. `inside` is set once the bot is in and has read what it missed; `language` is what
    is spoken here."""

    jid: str
    spec: ChannelSpec
    nick: str
    state: str = "out"
    trouble: Words | str = ""
    language: str = "en"
    affiliation: str = ""
    fresh: bool = False
    archived: bool = True
    voice: bool = True
    inside: asyncio.Event = field(default_factory=asyncio.Event)
    joined: asyncio.Future[None] | None = None
    entering: asyncio.Task[None] | None = None
    occupants: dict[str, Occupant] = field(default_factory=dict)
    subject: str = ""
    heard_at: float = 0.0
    waiting: deque[Element] = field(default_factory=deque)
    said: OrderedDict[str, AwaitedReflection] = field(default_factory=OrderedDict)
    landed: OrderedDict[str, None] = field(default_factory=OrderedDict)
    lines: LineIndex = field(default_factory=LineIndex)

    @property
    def channel(self) -> Channel:
        """The room as the bus writes it."""
        return self.spec.channel

    @property
    def owned(self) -> bool:
        """Whether the bot is an owner here."""
        return self.affiliation == "owner"

    def limits(self) -> Words | str:
        """What the bot may not do here; "" where it may do all."""
        may = ((self.voice, _VOICE), (self.owned, _RIGHTS), (self.archived, _ARCHIVE))
        kept = [words for well, words in may if not well]
        return joined(kept, " ") if kept else ""

    def saying(self, message_id: str, nick: str, now: float) -> Confirmation:
        """Wait for the reflection of what is about to be sent as `nick`."""
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self.said[message_id] = AwaitedReflection(nick, confirmation, now)
        return confirmation

    def reflected(self, message_id: str, nick: str) -> None:
        """The room has our message: confirm it, or remember that it landed."""
        said = self.said.get(message_id)
        if said and said.nick == nick:
            del self.said[message_id]
            if not said.confirmation.done():
                said.confirmation.set_result(None)
            return
        self.landed[message_id] = None
        if len(self.landed) > REMEMBERED:
            self.landed.popitem(last=False)

    def fail(self, message_id: str, error: Exception) -> None:
        """The room answered one of ours with an error."""
        said = self.said.pop(message_id, None)
        if said and not said.confirmation.done():
            said.confirmation.set_exception(error)

    def sweep(self, now: float) -> None:
        """Give up waiting for what was sent too long ago, oldest first."""
        while self.said:
            message_id, said = next(iter(self.said.items()))
            if now - said.at < REFLECTION and not said.confirmation.cancelled():
                return
            late = _(
                "{room} did not confirm the message within {seconds:.0f} s.",
                room=self.jid,
                seconds=REFLECTION,
            )
            self.fail(message_id, Unconfirmed(late))

    def leave(self, trouble: Words | str, error: Exception) -> None:
        """The bot is out: nothing on its way will be reflected to it."""
        self.state, self.trouble = "out", trouble
        self.inside.clear()
        self.occupants.clear()
        self.waiting.clear()
        if self.joined and not self.joined.done():
            self.joined.set_exception(error)
        for message_id in tuple(self.said):
            self.fail(message_id, error)
