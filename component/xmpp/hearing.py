"""What is said in a room, live and from its archive: whose it is, whether it is known, how far was read.

The mark (the last archive id on disk) never moves past something that is not on disk: it is kept with what
is accepted, and behind the outcome of what is confirmed.
"""

import asyncio
import dataclasses
import hashlib
import uuid
from collections.abc import Awaitable, Callable, Sequence
from xml.etree.ElementTree import Element

import structlog

from component.errors import BadInput, Muted
from component.message import GUEST_PREFIX, MAX_BODY, WEB_MARK, Author, Channel, Message, id_from, is_id
from component.ports import Accept, Clock, Refusal
from component.store import Mark
from component.text import one_line, skeleton
from component.xmpp.archive import Archive
from component.xmpp.link import IqError
from component.xmpp.room import Room
from component.xmpp.stanza import SAID, body_of, is_aside, local, resource, stanza_id

log = structlog.get_logger()

Heard = tuple[Message, Mark | None]
"""Someone's words, and how far the archive is read with them."""


class Hearing:
    """Sorts groupchat stanzas. `read` gives the mark that is on disk; `secret` proves what this bus said itself."""

    def __init__(
        self, archive: Archive, clock: Clock, read: Callable[[Channel], Awaitable[Mark | None]], secret: bytes
    ) -> None:
        self.archive = archive
        self._clock = clock
        self._read = read
        self._secret = secret
        self._refused: set[str] = set()
        self._hub: Accept
        self._note: Callable[[Mark], None]
        self._reading: Callable[[Channel], None]

    def attach(self, hub: Accept, note: Callable[[Mark], None], reading: Callable[[Channel], None]) -> None:
        """Close the circle: what is heard goes to the hub, and how far it was read."""
        self._hub, self._note, self._reading = hub, note, reading

    def proof(self, room: Room, message_id: str) -> str:
        """Shows that we said it here: others know a message's id too, once it was said elsewhere."""
        return hashlib.blake2b(f"{room.jid} {message_id}".encode(), digest_size=8, key=self._secret).hexdigest()

    async def accept(self, heard: Heard) -> Sequence[Refusal]:
        """Hand someone's words to the hub, and say what of them its author is to know was stopped; raises StoreError,
        and then they must be read again.

        Whoever reads a room can work out the ids of what is said there, and claim one for words of their own
        elsewhere, to be known first: what is not contained in the words that were first gets an id of its own.
        """
        message, mark = heard
        try:
            receipt = await self._hub.accept(message, mark)
        except Muted as muted:
            self._not_passed_on(message, mark, muted)
            return ()
        first = receipt.message
        claimed = message.id != id_from(message.origin)
        anew = not claimed and first.origin != message.origin and not first.body.endswith(message.body)
        if anew and not (receipt.new or receipt.deleted):
            receipt = await self._hub.accept(dataclasses.replace(message, id=uuid.uuid4().hex), mark)
        return self._hub.refusals(receipt)

    def _not_passed_on(self, message: Message, mark: Mark | None, muted: Muted) -> None:
        """Read, and left where it is: what may stand in the room is the room's affair. Each mute is logged once."""
        told = f"{message.author.key}: {muted}"
        if told not in self._refused:
            self._refused.add(told)
            log.info("not passed on", room=message.channel.address, author=message.author.key, reason=str(muted))
        if mark:
            self._note(mark)

    def live(self, room: Room, stanza: Element) -> Heard | None:
        """What to accept of a stanza that was said just now; None for our own words, which are confirmed by it."""
        if resource(stanza.get("from", "")) == room.nick and stanza.find(f"{{{SAID}}}said") is None:
            return None  # our own, such as a subject
        return self._sort(room, stanza, stanza_id(stanza, room.jid), self._clock())

    async def catch_up(self, room: Room) -> bool:
        """Read and pass on what was said since the mark; whether there was none, so that this is the first time.

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
                await self._read_on(room, mark)
        except IqError as error:
            log.info("the room has no archive to read", room=room.jid, reason=str(error))
            room.archived = False
            if mark is None:
                self._note(Mark(room.channel, "", self._clock()))
        return mark is None

    async def look(self, room: Room) -> None:
        """Read the archive on from the mark, so that `room.landed` knows what is there; raises as `catch_up`."""
        mark = await self._read(room.channel)
        try:
            if mark:
                await self._read_on(room, mark)
        except IqError as error:
            log.info("the room has no archive to read", room=room.jid, reason=str(error))

    async def _read_on(self, room: Room, mark: Mark) -> None:
        async for page in self.archive.after(room.jid, mark.stanza_id, mark.at):
            heard = [self._sort(room, one.stanza, one.id, one.at) for one in page]
            await asyncio.gather(*(self.accept(one) for one in heard if one))

    def _sort(self, room: Room, stanza: Element, archived: str, at: int) -> Heard | None:
        nick = resource(stanza.get("from", ""))
        mark = Mark(room.channel, archived, at) if archived else None
        said = stanza.find(f"{{{SAID}}}said")
        said_id = said.get("id", "") if said is not None else ""
        ours = said is not None and said.get("proof") == self.proof(room, said_id)
        if ours:
            room.reflected(said_id, nick)
        body = body_of(stanza)
        if ours or is_aside(stanza) or not nick or not body.strip():
            if mark:
                # After the outcome that the confirmation settles in this turn of the loop.
                asyncio.get_running_loop().call_soon(self._note, mark)
            return None
        origin = f"{room.channel}#{archived}" if archived else ""
        known = said_id if is_id(said_id) else id_from(origin) if origin else ""
        try:
            message = Message.new(room.channel, _author(room, nick), _cut(body), at, origin=origin, id=known)
        except BadInput as error:
            log.info("not passed on", room=room.jid, reason=str(error))
            return None
        return message, mark


def _author(room: Room, nick: str) -> Author:
    """Someone in the room. Only puppets go by the mark of web users: who took it is shown by their address."""
    occupant = room.occupants.get(nick)
    jid = occupant.jid if occupant else ""
    marked = jid and not local(jid).startswith(GUEST_PREFIX) and skeleton(WEB_MARK) in skeleton(nick)
    return Author(jid if marked else one_line(nick)[:200] or "?", jid or f"{room.jid}/{nick}")


def _cut(body: str) -> str:
    note = "… [cut: too long for the bus]"
    return body if len(body) <= MAX_BODY else body[: MAX_BODY - len(note)] + note
