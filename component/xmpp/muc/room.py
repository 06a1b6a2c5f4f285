"""What is known of one room: who is in it, what was sent and not yet reflected, what waits until
the archive is read."""

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
from component.xmpp.muc.addressed import Addressed
from component.xmpp.muc.replies import LineIndex
from component.xmpp.stanza import MUC_USER, bare

REFLECTION_S = 10.0
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
        jid = bare(item.get("jid", ""))
        return cls(jid, item.get("affiliation", "none"), item.get("role", "none"))


@dataclass(frozen=True, slots=True)
class RoomLine:
    """What an occupant said: nickname, bare JID ("" where hidden), text, and the stanza's
    `xml:lang`."""

    nick: str
    jid: str
    text: str
    language: str
    to_bot: Addressed | None = None
    """What it says to the bot; None where it is not meant for it."""


class Stays:
    """Numbers each stay of an occupant, from when they come in until they leave; another nickname
    does not end it."""

    def __init__(self) -> None:
        self._by_nick: dict[str, int] = {}
        self._last = 0

    def of(self, nick: str) -> int:
        """The number of an occupant's stay; 0 where nobody has the nickname."""
        return self._by_nick.get(nick, 0)

    def begin(self, nick: str) -> None:
        """Someone is there; nothing changes where they were before."""
        if nick not in self._by_nick:
            self._last += 1
            self._by_nick[nick] = self._last

    def end(self, nick: str, renamed: str = "") -> None:
        """An occupant left, or has another nickname now."""
        stay = self._by_nick.pop(nick, 0)
        if stay and renamed:
            self._by_nick[renamed] = stay

    def clear(self) -> None:
        """The bot does not see any more who is there."""
        self._by_nick.clear()


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
    """out, joining, reading (the archive) or in."""
    trouble: Words | str = ""
    language: str = "en"
    affiliation: str = ""
    fresh: bool = False
    """Whether the bot's join made it and it is not configured yet."""
    archived: bool = True
    voice: bool = True
    inside: asyncio.Event = field(default_factory=asyncio.Event)
    joined: asyncio.Future[None] | None = None
    entering: asyncio.Task[None] | None = None
    occupants: dict[str, Occupant] = field(default_factory=dict)
    stays: Stays = field(default_factory=Stays)
    occupant_ids: bool = False
    """Whether the room gives occupants ids (XEP-0421)."""
    subject: str = ""
    heard_at: float = 0.0
    """When the room was last heard, in the loop's seconds."""
    waiting: deque[Element] = field(default_factory=deque)
    """What is said while the archive is read."""
    awaited: OrderedDict[str, AwaitedReflection] = field(default_factory=OrderedDict)
    """Our messages on their way, by id."""
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
        missing: list[Words | str] = []
        if not self.voice:
            missing.append(_VOICE)
        if not self.owned:
            missing.append(_RIGHTS)
        if not self.archived:
            missing.append(_ARCHIVE)
        if not missing:
            return ""
        return joined(missing, " ")

    def jid_of(self, nick: str) -> str:
        """The bare JID of an occupant; "" where it is hidden or nobody has the nickname."""
        occupant = self.occupants.get(nick)
        if not occupant:
            return ""
        return occupant.jid

    # Our own messages

    def expect(self, message_id: str, nick: str, now: float) -> Confirmation:
        """Wait for the reflection of what is about to be sent as `nick`."""
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self.awaited[message_id] = AwaitedReflection(nick, confirmation, now)
        return confirmation

    def reflected(self, message_id: str, nick: str) -> None:
        """The room has our message: confirm it, or remember that it landed."""
        awaited = self.awaited.get(message_id)
        if awaited and awaited.nick == nick:
            del self.awaited[message_id]
            if not awaited.confirmation.done():
                awaited.confirmation.set_result(None)
            return
        self.landed[message_id] = None
        if len(self.landed) > REMEMBERED:
            self.landed.popitem(last=False)

    def fail(self, message_id: str, error: Exception) -> None:
        """The room answered one of ours with an error."""
        awaited = self.awaited.pop(message_id, None)
        if awaited and not awaited.confirmation.done():
            awaited.confirmation.set_exception(error)

    def sweep(self, now: float) -> None:
        """Give up waiting for what was sent too long ago, oldest first."""
        while self.awaited:
            message_id, awaited = next(iter(self.awaited.items()))
            if now - awaited.at < REFLECTION_S and not awaited.confirmation.cancelled():
                return
            late = _(
                "{room} did not confirm the message within {seconds:.0f} s.",
                room=self.jid,
                seconds=REFLECTION_S,
            )
            self.fail(message_id, Unconfirmed(late))

    # The bot's own way in and out

    def settle_join(self, error: Exception | None) -> None:
        """The room answered the bot's join; without a join under way nothing happens."""
        if not self.joined or self.joined.done():
            return
        if error:
            self.joined.set_exception(error)
        else:
            self.joined.set_result(None)

    def leave(self, trouble: Words | str, error: Exception) -> None:
        """The bot is out: nothing on its way will be reflected to it."""
        self.state, self.trouble = "out", trouble
        self.inside.clear()
        self.occupants.clear()
        self.stays.clear()
        self.waiting.clear()
        self.settle_join(error)
        for message_id in tuple(self.awaited):
            self.fail(message_id, error)
