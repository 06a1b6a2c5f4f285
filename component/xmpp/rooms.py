"""The bot in its rooms: come in, own, speak, and come back after anything. What it hears is sorted in `hearing.py`.

The order that loses nothing: join (live stanzas are held back), read the archive after the last stanza
id that is on disk, then let the held ones through, each known by the archive's id.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import structlog

from component.errors import Conflict, NotFound, Refused, ShoutbusError, StoreError, Unavailable
from component.message import Message
from component.ports import ChannelSpec, Confirmation, RoomState
from component.text import escape as q
from component.text import fit
from component.xmpp.guard import Guard
from component.xmpp.hearing import Heard, Hearing
from component.xmpp.link import IqError, Link
from component.xmpp.owner import Owner
from component.xmpp.puppets import Puppets
from component.xmpp.room import Occupant, Room
from component.xmpp.stanza import (
    MUC,
    MUC_USER,
    NS,
    SAID,
    Fault,
    bare,
    body_of,
    element,
    resource,
    statuses,
)
from component.xmpp.tasks import Tasks

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
        hearing: Hearing,
        *,
        admins: Iterable[str],
        link_to: Callable[[Message], str],
    ) -> None:
        self._link = link
        self._bot = bot
        self._nick = nick
        self._puppets = puppets
        self._hearing = hearing
        self._owner = Owner(link, bot)
        self._guard = Guard(link, self._owner, bot)
        self._admins = tuple(admins)
        self._link_to = link_to
        self._rooms: dict[str, Room] = {}
        self._tasks = Tasks()
        self._leaving = False
        self._addressed: Addressed
        self._greeting: Callable[[Room], str]
        link.up.append(self._enter_all)
        link.down.append(self._left_all)

    def attach(self, addressed: Addressed, greeting: Callable[[Room], str]) -> None:
        """Close the circle: what may be meant for the bot, and what it says when it first comes in."""
        self._addressed, self._greeting = addressed, greeting

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Rooms.configure`; a room is entered when the stream is up."""
        wanted = {spec.channel.address: spec for spec in specs}
        for jid in [one for one in self._rooms if one not in wanted]:
            self._give_up(self._rooms.pop(jid))
        for jid, spec in wanted.items():
            room = self._rooms.get(jid)
            if room is None:
                room = self._rooms[jid] = Room(jid, spec, self._nick)
                if self._link.alive:
                    self._come(room)
            elif room.spec != spec:
                room.spec = spec
                self._tasks.run(self._own_again(room))

    def _give_up(self, room: Room) -> None:
        if room.entering:
            room.entering.cancel()
        self._puppets.leave_all(room.jid)
        self._go(room)
        room.leave("no longer ours", Refused(f"{room.jid} is no room of this bus any more."))

    async def _own_again(self, room: Room) -> None:
        with contextlib.suppress(Unavailable):  # then it is done on coming back
            await self._own(room)

    async def is_bus(self, their_domain: str) -> bool:
        """Whether another Shoutbus answers at a domain."""
        return await self._guard.is_bus(their_domain)

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
        room.entering = self._tasks.run(self._keep_entering(room, wait))

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
        room.state = "reading"
        first = await self._hearing.catch_up(room)
        room.state, room.trouble = "in", ""
        room.inside.set()
        while room.waiting:
            self._live(room, room.waiting.popleft())
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
            if room.fresh:
                for jid in room.spec.settings.get("invite", ()):
                    self._owner.invite(room.jid, jid, f"Join {room.spec.title or room.jid}.")
            room.fresh = False
        except IqError as error:
            log.warning("the room could not be configured", room=room.jid, reason=str(error))

    def _welcome(self, room: Room) -> None:
        """Once in a room's life with us: say who has come, and what it may not do."""
        self.tell(room, " ".join(filter(None, (self._greeting(room), room.limits()))))

    def tell(self, room: Room, words: str) -> None:
        """The bot's own words, which go no further."""
        body = f'<body>{q(words)}</body><said xmlns="{SAID}"/>'
        self._link.try_send(element("message", {"from": self._bot, "to": room.jid, "type": "groupchat"}, body))

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
            self._go(room)

    def _go(self, room: Room) -> None:
        if room.state != "out":
            to = f"{room.jid}/{room.nick}"
            self._link.try_send(element("presence", {"from": self._bot, "to": to, "type": "unavailable"}))

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

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
            if self._guard.minds(room, nick):
                self._tasks.run(self._guard.put_out(room, nick, room.occupants[nick].jid))
        return True

    def _not_let_in(self, room: Room, fault: Fault) -> None:
        if room.joined and not room.joined.done():
            taken = fault.condition == "conflict"
            hint = (
                f" If it is about making rooms: let {bare(self._bot)} make them."
                if fault.condition in _KEPT_OUT
                else ""
            )
            room.joined.set_exception(Conflict("taken") if taken else Unavailable(f"{room.jid} says {fault}.{hint}"))

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

    # Hearing

    def message(self, stanza: Element) -> bool:
        """A message to us from one of the rooms; whether it was one. Puppets' copies are let go."""
        room = self._rooms.get(bare(stanza.get("from", "")))
        if not room:
            return False
        if stanza.get("type") == "error":
            if not resource(stanza.get("from", "")):  # an occupant's own error says nothing of the room
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
        # Without voice the bot waits for it; a guest who was silenced stays so.
        hopeless = fault.condition in _HOPELESS and not (to == self._bot and not room.voice)
        room.fail(stanza.get("id", ""), Refused(sentence) if hopeless else Unavailable(sentence))

    def _live(self, room: Room, stanza: Element) -> None:
        heard = self._hearing.live(room, stanza)
        if not heard:
            return
        self._tasks.run(self._accept(room, heard))
        nick = resource(stanza.get("from", ""))
        if stanza.find(f"{{{SAID}}}said") is None:  # no other bus passes it on
            self._tasks.run(self._addressed(room, nick, room.occupants.get(nick), body_of(stanza)))

    async def _accept(self, room: Room, heard: Heard) -> None:
        try:
            await self._hearing.accept(heard)
        except StoreError:
            # The sender can't be told no; the archive has it: read it again from the mark.
            if room.state == "in":
                room.state = "reading"
                room.inside.clear()
                self._come(room, BACK)

    # Speaking: ports.Rooms

    async def ready(self, jid: str) -> None:
        """See `ports.Rooms.ready`."""
        await self._find(jid).inside.wait()

    async def landed(self, jid: str) -> frozenset[str]:
        """See `ports.Rooms.landed`."""
        room = self._find(jid)
        if room.state != "in":
            raise Unavailable(f"The bot is not in {jid}.")
        await self._hearing.look(room)
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
                f'<said xmlns="{SAID}" id="{message.id}" proof="{self._hearing.proof(room, message.id)}"/></message>'
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

    # For commands: ports.RoomDesk

    def told(self, jid: str) -> RoomState | None:
        """See `ports.RoomDesk.told`."""
        room = self._rooms.get(jid)
        if not room:
            return None
        people = room.occupants.keys() - {room.nick, *self._puppets.names(jid)}
        limits = room.limits() if room.state == "in" else ""
        return RoomState(room.state == "in", room.trouble, room.owned, limits, len(people))

    async def destroy(self, jid: str, reason: str) -> None:
        """See `ports.RoomDesk.destroy`."""
        if jid in self._rooms:
            raise Conflict(f"{jid} is a room of this bus: remove it first.")
        try:
            await self._owner.destroy(jid, reason)
        except IqError as error:
            if error.fault.condition not in ("item-not-found", "gone"):  # empty, it may have ended by itself
                raise Refused(f"{jid} says {error.fault}.") from error

    async def invite(self, jid: str, whom: str) -> None:
        """See `ports.RoomDesk.invite`."""
        room = self._rooms.get(jid)
        if not room:
            raise NotFound(f"{jid} is no room of this bus.")
        if room.state != "in":
            raise Unavailable(f"The bot is not in {jid}{f': {room.trouble}' if room.trouble else ''}.")
        self._owner.invite(jid, whom, f"Join {room.spec.title or jid}.")

    # Time

    def sweep(self) -> None:
        """Once a second or so: give up on what was never reflected, let idle puppets go, ask quiet rooms."""
        now = asyncio.get_running_loop().time()
        for room in self._rooms.values():
            room.sweep(now)
            if room.state == "in" and now - room.heard_at >= QUIET:
                room.heard_at = now
                self._tasks.run(self._still_in(room))
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


_HOPELESS = ("forbidden", "policy-violation", "bad-request")
_KEPT_OUT = ("not-allowed", "forbidden")
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
