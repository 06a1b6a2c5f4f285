"""What is said in a room, live and from its archive: whose it is, whether it is known, how far was
read.

The mark (the last archive id on disk) never moves past something that is not on disk: it is kept
with what is accepted, and behind the outcome of what is confirmed.
"""

import asyncio
import dataclasses
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.delivery import Delivery
from component.bus.model.message import (
    GUEST_PREFIX,
    MAX_BODY,
    WEB_MARK,
    Author,
    Channel,
    Message,
    id_from,
    is_id,
)
from component.bus.ports.method import Accept, Clock, Refusal
from component.bus.ports.store import Mark
from component.common.errors import BadInput, Muted
from component.common.sanitize import one_line, skeleton
from component.xmpp.muc.mam import MamArchive
from component.xmpp.muc.replies import KnownLine, archived_as, named_by, said_in
from component.xmpp.muc.room import Room
from component.xmpp.session import IqError
from component.xmpp.stanza import SAID, body_of, is_aside, local, resource, stanza_id

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Incoming:
    """Someone's words in a room, under which nickname, and how far the archive is read with
    them."""

    room: Room
    nick: str
    message: Message
    mark: Mark | None

    @property
    def claimed(self) -> bool:
        """Whether they brought an id with them."""
        return self.message.id != id_from(self.message.origin)

    def remember(self, id: str) -> None:
        """It can be answered, as the message of this id. Whoever claims an id does not take its
        place."""
        if self.mark and not (self.claimed and self.room.lines.of(id)):
            self.room.lines.put(KnownLine(id, self.mark.stanza_id, self.nick, self.message.thread))


class Ingest:
    """Sorts groupchat stanzas. `read` gives the mark that is on disk, `recent` what a channel held
    last; `secret` proves what this bus said itself."""

    def __init__(
        self,
        archive: MamArchive,
        clock: Clock,
        read: Callable[[Channel], Awaitable[Mark | None]],
        recent: Callable[[Channel], Awaitable[Sequence[Delivery]]],
        secret: bytes,
    ) -> None:
        self.archive = archive
        self._recent = recent
        self._clock = clock
        self._read = read
        self._secret = secret
        self._refused: set[str] = set()
        self._hub: Accept
        self._note: Callable[[Mark], None]
        self._reading: Callable[[Channel], None]

    def attach(
        self, hub: Accept, note: Callable[[Mark], None], reading: Callable[[Channel], None]
    ) -> None:
        """Close the circle: what is heard goes to the hub, and how far it was read."""
        self._hub, self._note, self._reading = hub, note, reading

    def proof(self, room: Room, message_id: str) -> str:
        """Shows that we said it here: others know a message's id too, once it was said
        elsewhere."""
        return hashlib.blake2b(
            f"{room.jid} {message_id}".encode(), digest_size=8, key=self._secret
        ).hexdigest()

    async def accept(self, heard: Incoming) -> Sequence[Refusal]:
        """Hand someone's words to the hub, and say what of them its author is to know was stopped;
        raises StoreError, and then they must be read again.

        Whoever reads a room can work out the ids of what is said there, and claim one for words of
        their own elsewhere, to be known first: what is not contained in the words that were first
        gets an id of its own.
        """
        message, mark = heard.message, heard.mark
        try:
            receipt = await self._hub.accept(message, mark)
        except Muted as muted:
            heard.room.lines.drop(message.id)
            self._not_passed_on(message, mark, muted)
            return ()
        first = receipt.message
        anew = (
            not heard.claimed
            and first.origin != message.origin
            and not first.body.endswith(message.body)
        )
        if anew and not (receipt.new or receipt.deleted):
            receipt = await self._hub.accept(
                dataclasses.replace(message, id=uuid.uuid4().hex), mark
            )
        heard.remember(receipt.message.id)
        return self._hub.refusals(receipt)

    def _not_passed_on(self, message: Message, mark: Mark | None, muted: Muted) -> None:
        """Read, and left where it is: what may stand in the room is the room's affair. Each mute is
        logged once."""
        told = f"{message.author.key}: {muted}"
        if told not in self._refused:
            self._refused.add(told)
            log.info(
                "message not forwarded",
                room=message.channel.address,
                author=message.author.key,
                reason=str(muted),
            )
        if mark:
            self._note(mark)

    def live(self, room: Room, stanza: Element) -> Incoming | None:
        """What to accept of a stanza that was said just now; None for our own words, which are
        confirmed by it."""
        if resource(stanza.get("from", "")) == room.nick and stanza.find(f"{{{SAID}}}said") is None:
            return None  # our own, such as a subject
        return self._sort(room, stanza, stanza_id(stanza, room.jid), self._clock())

    async def catch_up(self, room: Room) -> bool:
        """Read and pass on what was said since the mark; whether there was none, so that this is
        the first time.

        Raises StoreError, Unavailable.
        """
        self._reading(room.channel)
        mark = await self._read(room.channel)
        room.archived = True
        try:
            if mark is None:
                newest = await self.archive.newest(room.jid)
                at = newest.at if newest else self._clock()
                self._note(Mark(room.channel, newest.id if newest else "", at))
            else:
                await self._recall(room)
                await self._read_on(room, mark)
        except IqError as error:
            log.info("room archive unavailable", room=room.jid, reason=str(error))
            room.archived = False
            if mark is None:
                self._note(Mark(room.channel, "", self._clock()))
        return mark is None

    async def look(self, room: Room) -> None:
        """Read the archive on from the mark, so that `room.landed` knows what is there; raises as
        `catch_up`."""
        mark = await self._read(room.channel)
        try:
            if mark:
                await self._read_on(room, mark)
        except IqError as error:
            log.info("room archive unavailable", room=room.jid, reason=str(error))

    async def _recall(self, room: Room) -> None:
        """What can be answered of what was said before the bus began; raises as `catch_up`, and
        IqError."""
        if room.lines:
            return
        for one in await self._recent(room.channel):
            message = one.message
            room.lines.put(
                KnownLine(message.id, archived_as(message), message.author.name, message.thread)
            )
        for line in await self.archive.last(room.jid):
            if said_id := self._proved(room, line.stanza):
                room.lines.put(KnownLine(said_id, line.id, resource(line.stanza.get("from", ""))))

    async def _read_on(self, room: Room, mark: Mark) -> None:
        async for page in self.archive.after(room.jid, mark.stanza_id, mark.at):
            heard = [self._sort(room, one.stanza, one.id, one.at) for one in page]
            await asyncio.gather(*(self.accept(one) for one in heard if one))

    def _sort(self, room: Room, stanza: Element, archived: str, at: int) -> Incoming | None:
        nick = resource(stanza.get("from", ""))
        mark = Mark(room.channel, archived, at) if archived else None
        ours = self._proved(room, stanza)
        if ours:
            room.reflected(ours, nick)
            room.lines.put(KnownLine(ours, archived, nick))
        if ours or is_aside(stanza) or not nick or not body_of(stanza).strip():
            if mark:
                # After the outcome that the confirmation settles in this turn of the loop.
                asyncio.get_running_loop().call_soon(self._note, mark)
            return None
        try:
            heard = Incoming(room, nick, _message(room, stanza, archived, at), mark)
        except BadInput as error:
            log.info("message not forwarded", room=room.jid, reason=str(error))
            return None
        if not heard.claimed:  # else the hub says first whose id it is
            heard.remember(heard.message.id)
        return heard

    def _proved(self, room: Room, stanza: Element) -> str:
        """The id of what this bus said itself; "" of all else."""
        said = stanza.find(f"{{{SAID}}}said")
        said_id = said.get("id", "") if said is not None else ""
        return (
            said_id if said is not None and said.get("proof") == self.proof(room, said_id) else ""
        )


def _message(room: Room, stanza: Element, archived: str, at: int) -> Message:
    """What someone said. An answer goes without the quote in it where it is known what it
    answers."""
    origin = f"{room.channel}#{archived}" if archived else ""
    said = stanza.find(f"{{{SAID}}}said")
    said_id = said.get("id", "") if said is not None else ""
    known = said_id if is_id(said_id) else id_from(origin) if origin else ""
    line = room.lines.meant(named_by(stanza))
    body = said_in(stanza) if line else body_of(stanza)
    author = _author(room, resource(stanza.get("from", "")))
    message = Message.new(room.channel, author, _cut(body), at, origin=origin, id=known)
    if not line or line.id == message.id:
        return message
    return dataclasses.replace(message, replies=line.id, thread=line.begun)


def _author(room: Room, nick: str) -> Author:
    """Someone in the room. Only puppets go by the mark of web users: who took it is shown by their
    address."""
    occupant = room.occupants.get(nick)
    jid = occupant.jid if occupant else ""
    marked = (
        jid and not local(jid).startswith(GUEST_PREFIX) and skeleton(WEB_MARK) in skeleton(nick)
    )
    return Author(jid if marked else one_line(nick)[:200] or "?", jid or f"{room.jid}/{nick}")


def _cut(body: str) -> str:
    note = "… [shortened: message too long]"
    return body if len(body) <= MAX_BODY else body[: MAX_BODY - len(note)] + note
