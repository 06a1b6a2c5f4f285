"""The bot in its rooms: join, own, read what was missed, speak, hear, and come back after anything.

The order that loses nothing: join (live stanzas are held back), read the archive after the last stanza
id that is on disk, then let the held ones through, each known by the archive's id.
"""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import structlog

from component.errors import BadInput, Conflict, NotFound, Refused, ShoutbusError, StoreError, Unavailable
from component.message import MAX_BODY, WEB_MARK, Author, Channel, Message, id_from, is_id
from component.ports import Accept, ChannelSpec, Clock, Confirmation, Mark
from component.text import escape as q
from component.text import fit, one_line, skeleton
from component.xmpp.archive import Archive
from component.xmpp.link import IqError, Link
from component.xmpp.owner import Owner
from component.xmpp.puppets import Puppets
from component.xmpp.room import Occupant, Room
from component.xmpp.stanza import (
    DISCO_INFO,
    MUC,
    MUC_USER,
    NS,
    SAID,
    Fault,
    bare,
    body_of,
    domain,
    element,
    is_aside,
    resource,
    stanza_id,
    statuses,
)

log = structlog.get_logger()

JOIN = 20.0
"""Seconds a join may take."""
QUIET = 60.0
"""Seconds of silence after which the bot asks the room whether it is still inside (XEP-0410)."""
BACK = 2.0
"""Seconds before the bot comes back after a kick; doubling to `BACK_MOST`."""
BACK_MOST = 60.0
BUDGET = 60_000
"""Bytes of a body on the wire; the rest stands behind a link."""
_MARK = skeleton(WEB_MARK)

Addressed = Callable[[Room, str, Occupant | None, str], Coroutine[Any, Any, None]]
"""Called with what an occupant (nickname, presence) said that may be meant for the bot."""


class Rooms:
    """Every room of the bus; `ports.Rooms` for the muc method."""

    def __init__(
        self,
        link: Link,
        bot: str,
        nick: str,
        puppets: Puppets,
        archive: Archive,
        *,
        clock: Clock,
        admins: Iterable[str],
        read: Callable[[Channel], Awaitable[Mark | None]],
        link_to: Callable[[Message], str],
        secret: bytes,
    ) -> None:
        self._link = link
        self._bot = bot
        self._nick = nick
        self._puppets = puppets
        self._archive = archive
        self._owner = Owner(link, bot)
        self._clock = clock
        self._admins = tuple(admins)
        self._read = read
        self._link_to = link_to
        self._rooms: dict[str, Room] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._peers: dict[str, bool] = {}
        self._leaving = False
        self._secret = secret
        self._accept: Accept
        self._note: Callable[[Mark], None]
        self._reading: Callable[[Channel], None]
        self._addressed: Addressed
        self._greeting: Callable[[Room], str]
        link.up.append(self._enter_all)
        link.down.append(self._left_all)

    def attach(
        self,
        hub: Accept,
        note: Callable[[Mark], None],
        reading: Callable[[Channel], None],
        addressed: Addressed,
        greeting: Callable[[Room], str],
    ) -> None:
        """Close the circle: what is heard goes to the hub, how far it was read too, what is asked to the bot."""
        self._accept, self._note, self._reading = hub, note, reading
        self._addressed, self._greeting = addressed, greeting

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Rooms.configure`; a room is entered when the stream is up."""
        for spec in specs:
            if spec.channel.address not in self._rooms:
                self._rooms[spec.channel.address] = Room(spec.channel.address, spec, self._nick)

    def has(self, jid: str) -> bool:
        """Whether `jid` is one of the rooms, or an occupant's address in one."""
        return bare(jid) in self._rooms

    @property
    def all(self) -> tuple[Room, ...]:
        """The rooms, for health and disco."""
        return tuple(self._rooms.values())

    # Coming in

    async def _enter_all(self) -> None:
        for room in self._rooms.values():
            self._come(room)

    def _come(self, room: Room, wait: float = 0.0) -> None:
        if room.entering and not room.entering.done():
            room.entering.cancel()
        room.entering = self._run(self._keep_entering(room, wait))

    async def _keep_entering(self, room: Room, wait: float) -> None:
        delay = BACK
        await asyncio.sleep(wait)
        while self._link.alive:
            try:
                await self._enter(room)
            except (ShoutbusError, IqError) as error:
                room.trouble = str(error)
                log.warning("not in the room", room=room.jid, reason=str(error))
            else:
                return
            await asyncio.sleep(delay)
            delay = min(BACK_MOST, delay * 2)

    async def _enter(self, room: Room) -> None:
        await self._join(room)
        await self._own(room)
        first = await self._catch_up(room)
        room.state, room.trouble = "in", ""
        room.inside.set()
        self._release(room)
        log.info("in the room", room=room.jid, affiliation=room.affiliation)
        if first:
            self._welcome(room)

    async def _join(self, room: Room) -> None:
        room.state, room.nick = "joining", self._nick
        for number in range(2, 12):
            room.joined = asyncio.get_running_loop().create_future()
            inside = element("x", {"xmlns": MUC}, '<history maxstanzas="0"/>')
            self._link.send(element("presence", {"from": self._bot, "to": f"{room.jid}/{room.nick}"}, inside))
            try:
                async with asyncio.timeout(JOIN):
                    await room.joined
            except Conflict:
                room.nick = f"{self._nick} {number}"
            except TimeoutError as late:
                raise Unavailable(f"{room.jid} did not let the bot in within {JOIN:.0f} s.") from late
            else:
                room.heard_at = asyncio.get_running_loop().time()
                return
        raise Unavailable(f"Every nickname like {self._nick} is taken in {room.jid}.")

    async def _own(self, room: Room) -> None:
        """Bring a room of ours to what is configured; what fails is told, and keeps nobody from talking."""
        if not room.owned:
            return
        try:
            await self._owner.configure(room.jid, room.spec.title, fresh=room.fresh)
            await self._owner.share(room.jid, self._admins)
            subject = str(room.spec.settings.get("subject", ""))
            if subject and room.subject != subject:
                self._owner.subject(room.jid, subject)
        except IqError as error:
            log.warning("the room could not be configured", room=room.jid, reason=str(error))

    def _welcome(self, room: Room) -> None:
        """Once in a room's life with us: say who has come, and ask in who was named."""
        words = " ".join(filter(None, (self._greeting(room), room.limits())))
        self.tell(room, words)
        if room.fresh:
            for jid in room.spec.settings.get("invite", ()):
                self._owner.invite(room.jid, jid, f"Join {room.spec.title or room.jid}.")
        room.fresh = False

    def tell(self, room: Room, words: str) -> None:
        """The bot's own words, which go no further."""
        body = f'<body>{q(words)}</body><said xmlns="{SAID}"/>'
        self._link.try_send(element("message", {"from": self._bot, "to": room.jid, "type": "groupchat"}, body))

    async def _catch_up(self, room: Room) -> bool:
        """Read and pass on what was said since the mark; whether there was none, so that this is the first time."""
        room.state = "reading"
        self._reading(room.channel)
        mark = await self._read(room.channel)
        room.archived = True
        try:
            if mark is None:
                newest = await self._archive.newest(room.jid)
                at = newest.at if newest else self._clock()
                self._note(Mark(room.channel, newest.id if newest else "", at))
                return True
            await self._read_on(room, mark)
        except IqError as error:
            log.info("the room has no archive to read", room=room.jid, reason=str(error))
            room.archived = False
            if mark is None:
                self._note(Mark(room.channel, "", self._clock()))
        return mark is None

    async def _read_on(self, room: Room, mark: Mark) -> None:
        async for page in self._archive.after(room.jid, mark.stanza_id, mark.at):
            await asyncio.gather(*(self._take(room, one.stanza, one.id, one.at) for one in page))

    def _release(self, room: Room) -> None:
        while room.waiting:
            self._live(room, room.waiting.popleft())

    # Leaving

    def _left_all(self) -> None:
        for room in self._rooms.values():
            if room.entering:
                room.entering.cancel()
            room.leave("no stream", Unavailable("The XMPP stream ended."))

    def leave(self) -> None:
        """The bot and its puppets leave every room."""
        self._leaving = True
        self._puppets.leave_all()
        for room in self._rooms.values():
            if room.state != "out":
                to = f"{room.jid}/{room.nick}"
                self._link.try_send(element("presence", {"from": self._bot, "to": to, "type": "unavailable"}))

    async def close(self) -> None:
        """End what runs in the background."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # Presence

    def presence(self, stanza: Element) -> bool:
        """A presence to the bot from one of its rooms; whether it was one."""
        room = self._rooms.get(bare(stanza.get("from", "")))
        if not room:
            return False
        kind, nick = stanza.get("type"), resource(stanza.get("from", ""))
        codes = statuses(stanza)
        if kind == "error":
            self._not_let_in(room, Fault.read(stanza))
        elif not nick:  # ejabberd shows the room itself too
            return True
        elif "110" in codes or (kind == "unavailable" and nick == room.nick):  # ejabberd destroys without saying 110
            self._about_us(room, stanza, kind, nick, codes)
        elif kind == "unavailable":
            room.occupants.pop(nick, None)
        else:
            room.occupants[nick] = _occupant(stanza)
            self._guard(room, nick)
        return True

    def _not_let_in(self, room: Room, fault: Fault) -> None:
        if room.joined and not room.joined.done():
            taken = fault.condition == "conflict"
            room.joined.set_exception(Conflict("taken") if taken else Unavailable(f"{room.jid} says {fault}."))

    def _about_us(self, room: Room, stanza: Element, kind: str | None, nick: str, codes: frozenset[str]) -> None:
        if kind != "unavailable":
            room.nick = nick
            me = _occupant(stanza)
            room.affiliation, room.voice = me.affiliation, me.role != "visitor"
            room.fresh = room.fresh or "201" in codes
            if room.joined and not room.joined.done():
                room.joined.set_result(None)
        elif "303" not in codes and not self._leaving:
            destroyed = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy") is not None
            other = "the room was destroyed" if destroyed else "the bot was put out of the room"
            why = next((words for code, words in _OUT.items() if code in codes), other)
            log.warning("out of the room", room=room.jid, reason=why)
            room.leave(why, Unavailable(f"{room.jid}: {why}."))
            self._come(room, BACK)

    def _guard(self, room: Room, nick: str) -> None:
        """Nobody but a web user's puppet goes by the mark, where the bot may see to it."""
        if room.owned and _MARK in skeleton(nick):
            jid = room.occupants[nick].jid
            if jid and domain(jid) != self._link.domain:
                self._run(self._put_out(room, nick, domain(jid)))

    async def _put_out(self, room: Room, nick: str, their_domain: str) -> None:
        try:
            if not await self._is_bus(their_domain):
                await self._owner.kick(room.jid, nick, f"Names with “{WEB_MARK}” are kept for people on the web page.")
                log.info("kicked for the mark of web users", room=room.jid, nick=nick)
        except (IqError, Unavailable) as error:
            log.warning("could not kick", room=room.jid, nick=nick, reason=str(error))

    async def _is_bus(self, their_domain: str) -> bool:
        """Whether another Shoutbus answers at a domain, whose puppets carry the mark rightly. No user can answer so."""
        if their_domain not in self._peers:
            try:
                info = await self._link.iq("get", their_domain, self._bot, element("query", {"xmlns": DISCO_INFO}))
                found = any(one.get("var") == SAID for one in info.iter(f"{{{DISCO_INFO}}}feature"))
            except IqError:
                found = False
            self._peers[their_domain] = found
        return self._peers[their_domain]

    # Hearing

    def message(self, stanza: Element) -> bool:
        """A message to us from one of the rooms; whether it was one. Puppets' copies are let go."""
        room = self._rooms.get(bare(stanza.get("from", "")))
        if not room:
            return False
        if stanza.get("type") == "error":
            self._bounced(room, stanza)
        elif stanza.get("type") == "groupchat" and stanza.get("to") == self._bot:
            room.heard_at = asyncio.get_running_loop().time()
            subject = stanza.find(f"{NS}subject")
            if subject is not None and not body_of(stanza):
                room.subject = subject.text or ""
            elif room.state == "in":
                self._live(room, stanza)
            else:
                room.waiting.append(stanza)
        return stanza.get("type") in ("error", "groupchat")

    def _bounced(self, room: Room, stanza: Element) -> None:
        fault, to = Fault.read(stanza), stanza.get("to", "")
        if fault.condition == "not-acceptable":  # we are not inside
            self._puppets.lost(to, room.jid)
            if to == self._bot and room.state == "in":
                room.leave("the room says the bot is not inside", Unavailable(str(fault)))
                self._come(room)
        sentence = f"{room.jid} says {fault}."
        hopeless = fault.condition in ("forbidden", "policy-violation", "bad-request")
        room.fail(stanza.get("id", ""), Refused(sentence) if hopeless else Unavailable(sentence))

    def _live(self, room: Room, stanza: Element) -> None:
        at = self._clock()
        archived = stanza_id(stanza, room.jid)
        accepting = self._sort(room, stanza, archived, at)
        if accepting:
            self._run(self._accept_live(room, *accepting))
        nick = resource(stanza.get("from", ""))
        if accepting and nick and stanza.find(f"{{{SAID}}}said") is None:  # no other bus passes it on
            self._run(self._addressed(room, nick, room.occupants.get(nick), body_of(stanza)))

    async def _accept_live(self, room: Room, message: Message, mark: Mark | None) -> None:
        try:
            await self._accept.accept(message, mark)
        except StoreError:
            # The sender can't be told no; the archive has it: read it again from the mark.
            if room.state == "in":
                room.state = "reading"
                room.inside.clear()
                self._come(room, BACK)

    async def _take(self, room: Room, stanza: Element, archived: str, at: int) -> None:
        accepting = self._sort(room, stanza, archived, at)
        if accepting:
            await self._accept.accept(*accepting)

    def _sort(self, room: Room, stanza: Element, archived: str, at: int) -> tuple[Message, Mark | None] | None:
        """What to accept of a groupchat stanza; None for our own words, which are confirmed here, and for no words."""
        nick = resource(stanza.get("from", ""))
        mark = Mark(room.channel, archived, at) if archived else None
        said = stanza.find(f"{{{SAID}}}said")
        said_id = said.get("id", "") if said is not None else ""
        ours = said is not None and said.get("proof") == self._proof(room, said_id)
        if ours:
            room.reflected(said_id, nick)
        body = body_of(stanza)
        if ours or is_aside(stanza) or not nick or nick == room.nick or not body.strip():
            if mark:
                # After the outcome that the confirmation settles in this turn of the loop.
                asyncio.get_running_loop().call_soon(self._note, mark)
            return None
        origin = f"{room.channel}#{archived}" if archived else ""
        known = said_id if is_id(said_id) else id_from(origin) if origin else ""
        try:
            message = Message.new(room.channel, self._author(room, nick), _cut(body), at, origin=origin, id=known)
        except BadInput as error:
            log.info("not passed on", room=room.jid, reason=str(error))
            return None
        return message, mark

    def _author(self, room: Room, nick: str) -> Author:
        occupant = room.occupants.get(nick)
        name = one_line(nick)[:200] or "?"
        return Author(name, (occupant.jid if occupant else "") or f"{room.jid}/{nick}")

    def _proof(self, room: Room, message_id: str) -> str:
        """Shows that we said it here: others know a message's id too, once it was said elsewhere."""
        return hashlib.blake2b(f"{room.jid} {message_id}".encode(), digest_size=8, key=self._secret).hexdigest()

    # Speaking: ports.Rooms

    async def ready(self, jid: str) -> None:
        """See `ports.Rooms.ready`."""
        await self._find(jid).inside.wait()

    async def landed(self, jid: str) -> frozenset[str]:
        """See `ports.Rooms.landed`."""
        room = self._find(jid)
        if room.state != "in":
            raise Unavailable(f"The bot is not in {jid}.")
        mark = await self._read(room.channel)
        if mark:
            try:
                await self._read_on(room, mark)
            except IqError as error:
                log.info("the room has no archive to read", room=jid, reason=str(error))
        return frozenset(room.landed)

    async def say(self, jid: str, message: Message) -> Confirmation:
        """See `ports.Rooms.say`."""
        room = self._find(jid)
        if not room.inside.is_set():
            raise Unavailable(f"The bot is not in {jid}.")
        puppet = await self._puppets.enter(jid, message.author) if message.author.is_guest else None
        sender, nick = (puppet.jid, puppet.nick) if puppet else (self._bot, room.nick)
        body = message.body if puppet else message.line
        text = fit(body, BUDGET, f"… the rest is at {self._link_to(message)}")
        confirmation = room.saying(message.id, nick, asyncio.get_running_loop().time())
        try:
            self._link.send(
                f'<message type="groupchat" id="{message.id}" from="{sender}" to="{q(jid)}"><body>{q(text)}</body>'
                f'<said xmlns="{SAID}" id="{message.id}" proof="{self._proof(room, message.id)}"/></message>'
            )
        except Unavailable:
            room.said.pop(message.id)
            raise
        return confirmation

    def _find(self, jid: str) -> Room:
        room = self._rooms.get(jid)
        if not room:
            raise Refused(f"{jid} is no room of this bus.")
        return room

    async def invite(self, jid: str, whom: str) -> None:
        """Ask someone into a room; raises NotFound, Unavailable."""
        room = self._rooms.get(jid)
        if not room:
            raise NotFound(f"{jid} is no room of this bus.")
        self._owner.invite(jid, whom, f"Join {room.spec.title or jid}.")

    # Time

    def sweep(self) -> None:
        """Once a second or so: give up on what was never reflected, let idle puppets go, ask quiet rooms."""
        now = asyncio.get_running_loop().time()
        for room in self._rooms.values():
            room.sweep(now)
            if room.state == "in" and now - room.heard_at >= QUIET:
                room.heard_at = now
                self._run(self._still_in(room))
        self._puppets.sweep()

    async def _still_in(self, room: Room) -> None:
        """XEP-0410: any answer but these two means that we are still inside."""
        try:
            await self._link.ping(f"{room.jid}/{room.nick}", self._bot)
        except IqError as error:
            if error.fault.condition in ("not-acceptable", "item-not-found", "gone") and room.state == "in":
                log.warning("out of the room", room=room.jid, reason="the room had lost the bot")
                room.leave("the room had lost the bot", Unavailable(f"{room.jid} had lost the bot."))
                self._come(room)
        except Unavailable:
            return


_OUT = {
    "301": "the bot is banned from the room",
    "307": "the bot was kicked",
    "321": "the bot's affiliation was taken",
    "322": "the room became members-only",
    "332": "the room service stopped",
    "333": "the room lost the bot's connection",
}


def _occupant(stanza: Element) -> Occupant:
    item = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
    if item is None:
        return Occupant("", "none", "none")
    return Occupant(bare(item.get("jid", "")), item.get("affiliation", "none"), item.get("role", "none"))


def _cut(body: str) -> str:
    note = "… [cut: too long for the bus]"
    return body if len(body) <= MAX_BODY else body[: MAX_BODY - len(note)] + note
