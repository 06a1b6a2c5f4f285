"""What is said in a room, live and from its archive: whose it is, whether it is known, how far the
archive was read.

The saved position in an archive never moves past something that is not on disk: it is saved with
what is accepted, and behind the outcome of what is confirmed.
"""

import asyncio
import dataclasses
import hashlib
import hmac
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.message import (
    GUEST_PREFIX,
    MAX_BODY,
    WEB_MARK,
    WITHDRAWN,
    Author,
    Message,
    id_from,
    is_id,
    new_id,
)
from component.bus.ports.method import Clock, Refusal
from component.bus.ports.source_state import ArchivePosition
from component.common.errors import BadInput, Muted
from component.common.i18n import Words
from component.common.sanitize import one_line, skeleton
from component.xmpp.content import Content, content_of
from component.xmpp.edits import Edit, edit_of, names_of
from component.xmpp.handlers import Accepting
from component.xmpp.muc.edits import DELETED, UNKNOWN, RoomEdit, room_edit, speaker
from component.xmpp.muc.mam import Archived, MamArchive
from component.xmpp.muc.replies import KnownLine, archived_as, named_by, text_of
from component.xmpp.muc.room import Room
from component.xmpp.stanza import (
    body_of,
    domain,
    is_aside,
    is_said,
    local,
    proof_of,
    resource,
    said_of,
    stanza_id,
)
from component.xmpp.stream.session import IqError

log = structlog.get_logger()

CUT = "… [shortened: message too long]"


@dataclass(frozen=True, slots=True)
class Incoming:
    """Someone's words in a room, under which nickname, and how far the archive is read with
    them."""

    room: Room
    nick: str
    message: Message
    position: ArchivePosition | None
    who: str = ""
    """Who may edit it; "" for nobody."""
    names: tuple[str, ...] = ()
    """What they may call it then."""
    marked: bool = False
    """Whether it bears the mark of a bus, which anyone can set."""

    @property
    def claimed(self) -> bool:
        """Whether they brought an id with them."""
        return self.message.id != id_from(self.message.origin)

    def remember(self, id: str) -> None:
        """It can be answered, as the message of this id. An id that was claimed does not take the
        place of a line that had it first."""
        archived = ""
        if self.position:
            archived = self.position.stanza_id
            if self.claimed and self.room.lines.of(id):
                return
        self.room.lines.put(KnownLine(id, archived, self.nick, self.message.thread))
        self.room.lines.call(id, self.who, self.names)


class Ingest:
    """Sorts groupchat stanzas, and hands what people said to the bus. `secret` proves what this bus
    said itself, and `is_bus` whether another one answers at a domain."""

    def __init__(
        self,
        archive: MamArchive,
        accepting: Accepting,
        clock: Clock,
        secret: bytes,
        is_bus: Callable[[str], Awaitable[bool]],
    ) -> None:
        self.archive = archive
        self._accepting = accepting
        self._clock = clock
        self._secret = secret
        self._is_bus = is_bus
        self._refused: set[str] = set()

    def proof(self, room: Room, message_id: str, nick: str) -> str:
        """Shows that we said it here under a nickname: others know a message's id too, once it was
        said elsewhere, and can copy what stands beside it here."""
        text = f"{room.jid}/{nick} {message_id}".encode()
        return hashlib.blake2b(text, digest_size=8, key=self._secret).hexdigest()

    def proved(self, room: Room, stanza: Element) -> str:
        """The id of what this bus said itself; "" of all else."""
        message_id = said_of(stanza)
        if not message_id:
            return ""
        proof = self.proof(room, message_id, resource(stanza.get("from", "")))
        if not hmac.compare_digest((proof_of(stanza) or "").encode(), proof.encode()):
            return ""
        return message_id

    # Live

    def live(self, room: Room, stanza: Element) -> Incoming | RoomEdit | None:
        """What to accept of a stanza that was said just now; None for our own words, which are
        confirmed by it."""
        if resource(stanza.get("from", "")) == room.nick and not is_said(stanza):
            return None  # our own, such as a subject
        archived = stanza_id(stanza, room.jid)
        return self.sort(room, stanza, archived, self._clock(), live=True)

    def sort(
        self, room: Room, stanza: Element, archived: str, at: int, *, live: bool = False
    ) -> Incoming | RoomEdit | None:
        """Tell someone's words and edits from our own. `archived` is the archive's id ("" where it
        has none), `at` the time in ms."""
        nick = resource(stanza.get("from", ""))
        position = None
        if archived:
            position = ArchivePosition(room.channel, archived, at)
        ours = self.proved(room, stanza)
        if is_copy(room, ours, archived):
            ours = ""
        if ours:
            room.reflected(ours, nick)
            room.lines.put(KnownLine(ours, archived, nick))
        elif nick and content_of(stanza) is not Content.ENCRYPTED:
            edit = edit_of(stanza)
            if edit:
                return self.edited(room, stanza, edit, position, archived, at, live=live)
        own_aside = is_aside(stanza) and is_bots_nick(room, nick, live=live)
        if ours or own_aside or not nick or not has_words(stanza):
            if position:
                # After the outcome that the confirmation settles in this turn of the loop.
                asyncio.get_running_loop().call_soon(self._accepting.note, position)
            return None
        return self.said(room, stanza, position, archived, at, live=live)

    def said(
        self,
        room: Room,
        stanza: Element,
        position: ArchivePosition | None,
        archived: str,
        at: int,
        *,
        live: bool,
    ) -> Incoming | None:
        """Someone's words; None for those that cannot be a message."""
        nick = resource(stanza.get("from", ""))
        try:
            said = message(room, stanza, archived, at)
        except BadInput as error:
            log.info("message not forwarded", room=room.jid, reason=str(error))
            return None
        who = speaker(room, nick, stanza, live=live)
        names, marked = names_of(stanza, archived), is_said(stanza)
        incoming = Incoming(room, nick, said, position, who, names, marked)
        if not marked:  # else it is asked first who says it
            incoming.remember(said.id)
        return incoming

    def edited(
        self,
        room: Room,
        stanza: Element,
        edit: Edit,
        position: ArchivePosition | None,
        archived: str,
        at: int,
        *,
        live: bool,
    ) -> RoomEdit | None:
        """An edit of someone's line."""
        nick = resource(stanza.get("from", ""))
        try:
            words = WITHDRAWN if edit.retracts else ""
            said = message(room, stanza, archived, at, words)
        except BadInput as error:
            log.info("edit not forwarded", room=room.jid, reason=str(error))
            return None
        who = speaker(room, nick, stanza, live=live)
        found = room_edit(room, said, edit, who, names_of(stanza, archived), nick)
        return dataclasses.replace(found, position=position)

    async def accept(self, incoming: Incoming | RoomEdit) -> Sequence[Words]:
        """Hand someone's words or edit to the hub. Returns what its author is to know; raises
        StoreError, and then it must be read again."""
        if isinstance(incoming, RoomEdit):
            return await self.revise(incoming)
        return [refusal.sentence for refusal in await self.accept_words(incoming)]

    async def revise(self, edit: RoomEdit) -> Sequence[Words]:
        """Hand an edit to the hub. Returns what was not changed; raises StoreError."""
        if not edit.change:
            log.info("edit of an unknown message", room=edit.room.jid, nick=edit.nick)
            if edit.position:
                self._accepting.note(edit.position)
            return [UNKNOWN]
        try:
            receipt = await self._accepting.revise(edit.change, edit.position)
        except Muted as muted:
            self.not_passed_on(edit.room, edit.change, edit.position, muted)
            return ()
        if receipt.missing:
            return [UNKNOWN]
        if receipt.deleted and not edit.retracts:
            return [DELETED]
        return self._accepting.missed(receipt)

    async def accept_words(self, incoming: Incoming) -> Sequence[Refusal]:
        """Hand someone's words to the hub. Returns what was stopped and its author is to know.

        Raises StoreError; then they must be read again. People who read a room can work out the
        ids of what is said there, and claim one for their own words elsewhere, to be known first:
        what is not contained in the words that were first gets a new id.
        """
        if incoming.marked:
            vouched = await self.vouched(incoming)
            if vouched is None:
                return ()
            incoming = vouched
        said, position = incoming.message, incoming.position
        try:
            receipt = await self._accepting.accept(said, position)
        except Muted as muted:
            incoming.room.lines.drop(said.id)
            self.not_passed_on(incoming.room, said, position, muted)
            return ()
        first = receipt.message
        taken = first.origin != said.origin and not first.body.endswith(said.body)
        changed = receipt.deleted or first.edited
        if taken and not (incoming.claimed or receipt.new or changed):
            anew = dataclasses.replace(said, id=new_id(said.at))
            receipt = await self._accepting.accept(anew, position)
        incoming.remember(receipt.message.id)
        return self._accepting.refusals(receipt)

    async def vouched(self, incoming: Incoming) -> Incoming | None:
        """What bears the mark of a bus, as it is to be accepted; None for another bus's own words.

        The mark counts where a bus answers at the author's domain. Where the room hides the domain,
        a message's id is believed: nothing is lost by it, since the hub looks at the words too.
        """
        room, said = incoming.room, incoming.message
        their_domain = domain(room.jid_of(incoming.nick))
        peer = bool(their_domain) and await self._is_bus(their_domain)
        if peer and not incoming.claimed:
            if incoming.position:
                self._accepting.note(incoming.position)
            return None
        if incoming.claimed and their_domain and not peer:
            said = unclaimed(room, said, archived=incoming.position is not None)
        return dataclasses.replace(incoming, message=said)

    def not_passed_on(
        self, room: Room, said: Message, position: ArchivePosition | None, muted: Muted
    ) -> None:
        """Read, and left where it is: what may be said in the room is the room's affair. Each mute
        is logged once."""
        author = said.author.key
        reason = f"{author}: {muted}"
        if reason not in self._refused:
            self._refused.add(reason)
            log.info("message not forwarded", room=room.jid, author=author, reason=str(muted))
        if position:
            self._accepting.note(position)

    # From the archive

    async def catch_up(self, room: Room) -> bool:
        """Read and pass on what was said since the saved position. Returns whether there was none,
        so that this is the first time.

        Raises StoreError, Unavailable.
        """
        self._accepting.reading(room.channel)
        position = await self._accepting.position(room.channel)
        room.archived = True
        try:
            if position is None:
                await self.begin(room)
            else:
                await self.recall(room)
                await self.read_on(room, position)
        except IqError as error:
            log.info("room archive unavailable", room=room.jid, reason=str(error))
            room.archived = False
            if position is None:
                self._accepting.note(ArchivePosition(room.channel, "", self._clock()))
        return position is None

    async def begin(self, room: Room) -> None:
        """Read a new room from now on; raises as `catch_up`, and IqError."""
        newest = await self.archive.newest(room.jid)
        if newest:
            self._accepting.note(ArchivePosition(room.channel, newest.id, newest.at))
        else:
            self._accepting.note(ArchivePosition(room.channel, "", self._clock()))

    async def look(self, room: Room) -> None:
        """Read the archive on from the saved position, so that `room.landed` knows what is there;
        raises as `catch_up`."""
        position = await self._accepting.position(room.channel)
        try:
            if position:
                await self.read_on(room, position)
        except IqError as error:
            log.info("room archive unavailable", room=room.jid, reason=str(error))

    async def recall(self, room: Room) -> None:
        """Know what can be answered of what was said before the bus began; raises as `catch_up`,
        and IqError."""
        if room.lines:
            return
        for delivery in await self._accepting.recent(room.channel):
            said = delivery.message
            line = KnownLine(said.id, archived_as(said), said.author.name, said.thread)
            room.lines.put(line)
        for archived in await self.archive.last(room.jid):
            self.recall_line(room, archived)

    def recall_line(self, room: Room, archived: Archived) -> None:
        """Know a line of the archive: as ours, or by what its author may call it."""
        stanza = archived.stanza
        nick = resource(stanza.get("from", ""))
        ours, edit = self.proved(room, stanza), edit_of(stanza)
        if ours:
            room.lines.put(KnownLine(ours, archived.id, nick))
            return
        who = speaker(room, nick, stanza, live=False)
        if edit:
            line = room.lines.called(who, edit.named)
        else:
            line = room.lines.meant(archived.id)
        if line:
            room.lines.call(line.id, who, names_of(stanza, archived.id))

    async def read_on(self, room: Room, position: ArchivePosition) -> None:
        """Pass on what was archived after a position; raises as `catch_up`, and IqError."""
        async for page in self.archive.after(room.jid, position.stanza_id, position.at):
            accepting = []
            for archived in page:
                incoming = self.sort(room, archived.stanza, archived.id, archived.at)
                if incoming:
                    accepting.append(self.accept(incoming))
            await asyncio.gather(*accepting)


def message(room: Room, stanza: Element, archived: str, at: int, words: str = "") -> Message:
    """What someone said, or `words` in its place. An answer goes without the quote in it where it
    is known what it answers.

    Raises BadInput.
    """
    origin = known = ""
    if archived:
        origin = f"{room.channel}#{archived}"
        known = id_from(origin)
    claimed = said_of(stanza)
    if is_id(claimed):
        known = claimed
    line = room.lines.meant(named_by(stanza))
    body = body_of(stanza)
    if line:
        body = text_of(stanza)
    body = words or body
    who = author(room, resource(stanza.get("from", "")))
    said = Message.new(room.channel, who, cut(body), at, origin=origin, id=known)
    if not line or line.id == said.id:
        return said
    return dataclasses.replace(said, replies=line.id, thread=line.begun)


def unclaimed(room: Room, said: Message, *, archived: bool) -> Message:
    """A message under an id that the bus gives it, in place of the one that it brought."""
    if archived:
        return dataclasses.replace(said, id=id_from(said.origin))
    fresh = new_id(said.at)
    return dataclasses.replace(said, id=fresh, origin=f"{room.channel}#{fresh}")


def is_copy(room: Room, message_id: str, archived: str) -> bool:
    """Whether the room's archive has a line of ours under another id: somebody repeated it, with
    all that stands beside it."""
    known = room.lines.of(message_id)
    if not known or not known.archived or not archived:
        return False
    return known.archived != archived


def is_bots_nick(room: Room, nick: str, *, live: bool) -> bool:
    """Whether the bot itself speaks under a nickname. In the archive it may have had another number
    behind its name."""
    if live:
        return nick == room.nick
    return nick.partition(" ")[0] == room.nick.partition(" ")[0]


def has_words(stanza: Element) -> bool:
    """Whether somebody said something in it."""
    return bool(body_of(stanza).strip()) and content_of(stanza) is Content.WORDS


def author(room: Room, nick: str) -> Author:
    """Someone in the room. Only puppets go by the mark of web users: others who took it are shown
    by their address."""
    jid = room.jid_of(nick)
    key = jid or f"{room.jid}/{nick}"
    is_person = bool(jid) and not local(jid).startswith(GUEST_PREFIX)
    if is_person and skeleton(WEB_MARK) in skeleton(nick):
        return Author(jid, key)
    return Author(one_line(nick)[:200] or "?", key)


def cut(body: str) -> str:
    """A body that fits into a message, with a note where something is missing."""
    if len(body) <= MAX_BODY:
        return body
    return body[: MAX_BODY - len(CUT)] + CUT
