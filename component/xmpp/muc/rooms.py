"""The bot in its rooms: come in, own, speak, and come back after anything. What it hears is sorted
in `hearing.py`.

The order that loses nothing: join (live stanzas are held back), read the archive after the last
stanza id that is on disk, then let the held ones through, each known by the archive's id.
"""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from typing import Any
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.delivery import Delivery
from component.bus.model.message import Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, Fate, Joined, Refusal, RoomState
from component.common.errors import (
    Conflict,
    NotFound,
    Refused,
    ShoutbusError,
    StoreError,
    Unavailable,
)
from component.common.i18n import Words, _, tell
from component.common.sanitize import escape as q
from component.common.sanitize import fit
from component.xmpp.muc.access import Access
from component.xmpp.muc.ingest import Incoming, Ingest
from component.xmpp.muc.nick_guard import NickGuard
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import KnownLine, said_in
from component.xmpp.muc.retraction import Retraction
from component.xmpp.muc.room import Occupant, Room, RoomLine
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import (
    MUC,
    MUC_USER,
    NS,
    SAID,
    Fault,
    bare,
    body_of,
    element,
    language_of,
    replacing,
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

Addressed = Callable[[Room, RoomLine], Coroutine[Any, Any, None]]
"""Called with what may be meant for the bot."""
Stopped = Callable[[Room, RoomLine, Sequence[Refusal]], None]
"""Called with what someone said in a room and processors stopped."""


class Rooms:
    """Every room of the bus; `ports.Rooms` for the muc method."""

    def __init__(
        self,
        link: Session,
        bot: str,
        nick: str,
        puppets: Puppets,
        hearing: Ingest,
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
        self._guard = NickGuard(link, self._owner, bot)
        self._retraction = Retraction(link, bot, hearing, puppets)
        self._admission = Access(link, bot)
        self.lost = self._admission.lost
        """Called with each who may not read in a room any more, as the room shows it while they are
        inside."""
        self._admins = tuple(admins)
        self._link_to = link_to
        self.joins: list[Joined] = []
        """Called with each who comes into a room while the bot is there."""
        self._rooms: dict[str, Room] = {}
        self._tasks = Tasks()
        self._leaving = False
        self._addressed: Addressed
        self._stopped: Stopped
        self._greeting: Callable[[Room], Words]
        link.up.append(self._enter_all)
        link.down.append(self._left_all)

    def attach(
        self, addressed: Addressed, stopped: Stopped, greeting: Callable[[Room], Words]
    ) -> None:
        """Close the circle: what may be meant for the bot, what was stopped, what it says when it
        first comes in."""
        self._addressed, self._stopped, self._greeting = addressed, stopped, greeting

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
        gone = _("The room {room} is no longer configured in Shoutbus.", room=room.jid)
        room.leave(gone, Refused(gone))

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
                room.trouble = error.sentence if isinstance(error, ShoutbusError) else str(error)
                log.warning("room not joined", room=room.jid, reason=str(error))
            else:
                return
            await asyncio.sleep(delay)
            delay = min(BACK_MOST, delay * 2)

    async def _enter(self, room: Room) -> None:
        await self._join(room)
        await self._own(room)
        room.language = await self._owner.language(room.jid)
        room.state = "reading"
        first = await self._hearing.catch_up(room)
        room.state, room.trouble = "in", ""
        room.inside.set()
        while room.waiting:
            self._live(room, room.waiting.popleft())
        log.info("room joined", room=room.jid, affiliation=room.affiliation)
        if first:
            self._welcome(room)

    async def _join(self, room: Room) -> None:
        room.state, room.nick = "joining", self._nick
        for number in range(2, 12):
            room.joined = asyncio.get_running_loop().create_future()
            inside = element("x", {"xmlns": MUC}, '<history maxstanzas="0"/>')
            self._link.send(
                element("presence", {"from": self._bot, "to": f"{room.jid}/{room.nick}"}, inside)
            )
            try:
                async with asyncio.timeout(JOIN):
                    await room.joined
            except Conflict:
                room.nick = f"{self._nick} {number}"
            except TimeoutError as late:
                raise Unavailable(
                    _(
                        "{room} did not admit the bot within {seconds:.0f} s.",
                        room=room.jid,
                        seconds=JOIN,
                    )
                ) from late
            else:
                room.heard_at = asyncio.get_running_loop().time()
                return
        raise Unavailable(
            _(
                "All nicknames similar to {nick} are taken in {room}.",
                nick=self._nick,
                room=room.jid,
            )
        )

    async def _own(self, room: Room) -> None:
        """Bring a room of ours to what is configured; what fails is told, and keeps nobody from
        talking."""
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
                    self._owner.invite(room.jid, jid, _invitation(room))
            room.fresh = False
        except IqError as error:
            log.warning("room configuration failed", room=room.jid, reason=str(error))

    def _welcome(self, room: Room) -> None:
        """Once in a room's life with us: say who has come, and what it may not do."""
        self.tell(
            room,
            " ".join(
                tell(one, room.language) for one in (self._greeting(room), room.limits()) if one
            ),
        )

    def tell(self, room: Room, words: str) -> None:
        """The bot's own words, which go no further."""
        body = f'<body>{q(words)}</body><said xmlns="{SAID}"/>'
        self._link.try_send(
            element("message", {"from": self._bot, "to": room.jid, "type": "groupchat"}, body)
        )

    # Leaving

    def _left_all(self) -> None:
        for room in self._rooms.values():
            if room.entering:
                room.entering.cancel()
            gone = _("The connection to the XMPP server was lost.")
            room.leave(gone, Unavailable(gone))

    def leave(self) -> None:
        """The bot and its puppets leave every room."""
        self._leaving = True
        self._puppets.leave_all()
        for room in self._rooms.values():
            self._go(room)

    def _go(self, room: Room) -> None:
        if room.state != "out":
            to = f"{room.jid}/{room.nick}"
            self._link.try_send(
                element("presence", {"from": self._bot, "to": to, "type": "unavailable"})
            )

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
        elif "110" in codes or (
            kind == "unavailable" and nick == room.nick
        ):  # ejabberd destroys without saying 110
            self._about_us(room, stanza, kind, nick, codes)
        elif kind == "unavailable":
            self._admission.gone(room, nick, Occupant.read(stanza), codes)
            _goes(room, nick, stanza, codes)
        else:
            self._is_there(room, nick, Occupant.read(stanza))
        return True

    def _is_there(self, room: Room, nick: str, occupant: Occupant) -> None:
        is_new = nick not in room.occupants
        self._admission.seen(room, nick, occupant)
        room.occupants[nick] = occupant
        if self._guard.minds(room, nick):
            self._tasks.run(self._guard.put_out(room, nick, occupant.jid))
        elif is_new and room.inside.is_set() and nick not in self._puppets.names(room.jid):
            for call in self.joins:
                call(room.jid, nick, occupant.jid)

    def _not_let_in(self, room: Room, fault: Fault) -> None:
        if room.joined and not room.joined.done():
            told = _("{room} reports: {why}.", room=room.jid, why=fault)
            if fault.condition in _KEPT_OUT:
                told = _(
                    "{told} If {bot} is not allowed to create rooms there, grant it that "
                    "permission.",
                    told=told,
                    bot=bare(self._bot),
                )
            room.joined.set_exception(
                Conflict(told) if fault.condition == "conflict" else Unavailable(told)
            )

    def _about_us(
        self, room: Room, stanza: Element, kind: str | None, nick: str, codes: frozenset[str]
    ) -> None:
        if kind != "unavailable":
            room.nick = nick
            me = Occupant.read(stanza)
            room.affiliation, room.voice = me.affiliation, me.role != "visitor"
            room.fresh = room.fresh or "201" in codes
            if room.joined and not room.joined.done():
                room.joined.set_result(None)
        elif "303" not in codes and not self._leaving:
            destroyed = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}destroy") is not None
            other = (
                _("the room was destroyed") if destroyed else _("the bot was removed from the room")
            )
            why = next((words for code, words in _OUT.items() if code in codes), other)
            log.warning("room left", room=room.jid, reason=str(why))
            room.leave(why, Unavailable(_("{room}: {why}.", room=room.jid, why=why)))
            self._come(room, BACK)

    # Hearing

    def message(self, stanza: Element) -> bool:
        """A message to us from one of the rooms; whether it was one. Puppets' copies are let go."""
        room = self._rooms.get(bare(stanza.get("from", "")))
        if not room:
            return False
        if stanza.get("type") == "error":
            if not resource(
                stanza.get("from", "")
            ):  # an occupant's own error says nothing of the room
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
                told = _("the room reports that the bot is not inside")
                room.leave(told, Unavailable(told))
                self._come(room)
        sentence = _("{room} reports: {why}.", room=room.jid, why=fault)
        # Without voice the bot waits for it; a guest who was silenced stays so.
        hopeless = fault.condition in _HOPELESS and not (to == self._bot and not room.voice)
        room.fail(stanza.get("id", ""), Refused(sentence) if hopeless else Unavailable(sentence))

    def _live(self, room: Room, stanza: Element) -> None:
        heard = self._hearing.live(room, stanza)
        if not heard:
            return
        nick = resource(stanza.get("from", ""))
        line = RoomLine(nick, room.occupants.get(nick), said_in(stanza), language_of(stanza))
        own = stanza.find(f"{{{SAID}}}said") is None  # no other bus passes it on
        self._tasks.run(self._accept(room, heard, line if own else None))
        if own:
            self._tasks.run(self._addressed(room, line))

    async def _accept(self, room: Room, heard: Incoming, line: RoomLine | None) -> None:
        try:
            refusals = await self._hearing.accept(heard)
            if line and refusals:
                self._stopped(room, line, refusals)
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
            raise Unavailable(_("The bot is not in {room}.", room=jid))
        await self._hearing.look(room)
        return frozenset(room.landed)

    async def say(self, jid: str, message: Message) -> Confirmation:
        """See `ports.Rooms.say`."""
        room = self._find(jid)
        if not room.inside.is_set():
            raise Unavailable(_("The bot is not in {room}.", room=jid))
        puppet = await self._puppets.enter(jid, message.author) if message.author.is_guest else None
        sender, nick = (puppet.jid, puppet.nick) if puppet else (self._bot, room.nick)
        body = message.body if puppet else message.line
        rest = _("… the full text is at {link}", link=self._link_to(message))
        text = fit(body, BUDGET, rest.told(room.language))
        confirmation = room.saying(message.id, nick, asyncio.get_running_loop().time())
        try:
            self._link.send(
                f'<message type="groupchat" id="{message.id}" from="{sender}" '
                f'to="{q(jid)}"><body>{q(text)}</body>'
                f'<said xmlns="{SAID}" id="{message.id}" '
                f'proof="{self._hearing.proof(room, message.id)}"/>'
                f"{replacing(message)}{room.lines.replying(jid, message)}</message>"
            )
        except Unavailable:
            room.said.pop(message.id)
            raise
        room.lines.put(KnownLine(message.id, "", nick, message.thread))
        return confirmation

    async def retract(self, jid: str, delivery: Delivery) -> Fate:
        """See `ports.Rooms.retract`."""
        return await self._retraction.retract(self._find(jid), delivery)

    def _find(self, jid: str) -> Room:
        room = self._rooms.get(jid)
        if not room:
            raise Refused(_("The room {room} is not configured in Shoutbus.", room=jid))
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
            raise Conflict(
                _("The room {room} is still configured in Shoutbus. Remove it first.", room=jid)
            )
        try:
            await self._owner.destroy(jid, reason)
        except IqError as error:
            if error.fault.condition not in (
                "item-not-found",
                "gone",
            ):  # empty, it may have ended by itself
                raise Refused(_("{room} reports: {why}.", room=jid, why=error.fault)) from error

    async def invite(self, jid: str, whom: str) -> None:
        """See `ports.RoomDesk.invite`."""
        room = self._rooms.get(jid)
        if not room:
            raise NotFound(_("The room {room} is not configured in Shoutbus.", room=jid))
        if room.state != "in":
            out = _("The bot is not in {room}: {why}.", room=jid, why=room.trouble)
            raise Unavailable(out if room.trouble else _("The bot is not in {room}.", room=jid))
        self._owner.invite(jid, whom, _invitation(room))

    async def admits(self, jid: str, whom: str) -> bool:
        """See `ports.RoomDesk.admits`."""
        room = self._rooms.get(jid)
        if not room:
            raise NotFound(_("The room {room} is not configured in Shoutbus.", room=jid))
        return await self._admission.admits(room, whom)

    # Time

    def sweep(self) -> None:
        """Once a second or so: give up on what was never reflected, let idle puppets go, ask quiet
        rooms."""
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
            if (
                error.fault.condition in ("not-acceptable", "item-not-found", "gone")
                and room.state == "in"
            ):
                log.warning("room left", room=room.jid, reason="the room lost the bot's connection")
                lost = _("{room} had lost the connection of the bot.", room=room.jid)
                room.leave(lost, Unavailable(lost))
                self._come(room)
        except Unavailable:
            return


_HOPELESS = ("forbidden", "policy-violation", "bad-request")
_KEPT_OUT = ("not-allowed", "forbidden")
_OUT = {
    "301": _("the bot is banned from the room"),
    "307": _("the bot was kicked"),
    "321": _("the bot's affiliation was removed"),
    "322": _("the room became members-only"),
    "332": _("the room service was shut down"),
    "333": _("the room lost the bot's connection"),
}


def _invitation(room: Room) -> str:
    return _("You are invited to {room}.", room=room.spec.title or room.jid).told(room.language)


def _goes(room: Room, nick: str, stanza: Element, codes: frozenset[str]) -> None:
    """Someone leaves, or takes another name (XEP-0045 section 7.6) and is not new under that."""
    gone = room.occupants.pop(nick, None)
    item = stanza.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}item")
    if gone and "303" in codes and item is not None:
        room.occupants[item.get("nick", "")] = gone
