"""The rooms of the bus: the parts that make them up, what is said in them, and what commands ask
of them.

`Rooms.say` is a hot path: it writes its stanza as text.
"""

import asyncio
import time
from collections.abc import Iterable, Sequence
from xml.etree.ElementTree import Element

from component.bus.model.delivery import Delivery
from component.bus.model.message import Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Clock, Confirmation, Fate, RoomState
from component.common.errors import Conflict, NotFound, Refused, Unavailable
from component.common.i18n import Words, _
from component.common.sanitize import escape, fit
from component.xmpp.bot import Bot
from component.xmpp.elements import replacing, serialize
from component.xmpp.handlers import Handlers, Texts
from component.xmpp.limits import BODY_BYTES, Limits
from component.xmpp.muc.access import Access
from component.xmpp.muc.attendance import Attendance, invitation
from component.xmpp.muc.ingest import Ingest
from component.xmpp.muc.listener import RoomListener
from component.xmpp.muc.mam import MamArchive
from component.xmpp.muc.nick_guard import NickGuard
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import KnownLine
from component.xmpp.muc.retraction import Retraction
from component.xmpp.muc.room import Room
from component.xmpp.peers import Peers
from component.xmpp.stanza import SAID, bare
from component.xmpp.stream.session import IqError, Session


class Rooms:
    """Every room of the bus, as the gateway, the muc method (`ports.Rooms`) and the commands
    (`ports.RoomDesk`) see them.

    `nick` is the bot's nickname, `admins` become owners of the rooms that it owns, `secret` proves
    what this bus said itself.
    """

    def __init__(
        self,
        session: Session,
        bot: Bot,
        nick: str,
        handlers: Handlers,
        peers: Peers,
        *,
        admins: Iterable[str],
        secret: bytes,
        clock: Clock,
        limits: Limits,
    ) -> None:
        self._session = session
        self._bot = bot
        self._nick = nick
        self._texts: Texts = handlers
        self._rooms: dict[str, Room] = {}
        self._owner = Owner(session, bot.jid)
        self._puppets = Puppets(session, time.monotonic, limits)
        self._archive = MamArchive(session, bot.jid)
        self._ingest = Ingest(self._archive, handlers, clock, secret, peers.is_bus)
        self._access = Access(session, bot.jid, limits)
        self._retraction = Retraction(session, bot.jid, self._ingest, self._puppets)
        self._nick_guard = NickGuard(session, self._owner, peers)
        self._attendance = Attendance(
            session,
            bot,
            nick,
            self._rooms,
            self._owner,
            self._ingest,
            handlers,
            admins,
            limits,
        )
        self._listener = RoomListener(
            bot,
            self._rooms,
            self._attendance,
            self._ingest,
            self._puppets,
            self._access,
            self._nick_guard,
        )
        self.joins = self._listener.joins
        """Called with each who comes into a room while the bot is there."""
        self.lost = self._access.lost
        """Called with each who may not read in a room any more."""

    # For the gateway

    def message(self, stanza: Element) -> bool:
        """Whether a message is a room's or an archive's; if it is, it is taken."""
        return self._listener.message(stanza) or self._archive.heard(stanza)

    def presence(self, stanza: Element) -> bool:
        """Whether a presence is a room's to the bot; if it is, it is taken."""
        return self._listener.presence(stanza)

    def puppet_presence(self, stanza: Element) -> None:
        """A presence to another JID of ours than the bot's."""
        self._puppets.heard(stanza)

    def sweep(self) -> None:
        """Once a second or so: give up on what was never reflected, ask quiet rooms, let idle
        puppets leave."""
        self._attendance.sweep(asyncio.get_running_loop().time())
        self._puppets.sweep()

    def leave(self) -> None:
        """The bot and its puppets leave every room for good."""
        self._puppets.leave_all()
        self._attendance.leave_all()

    async def close(self) -> None:
        """End what runs in the background."""
        await self._attendance.close()
        await self._listener.close()

    @property
    def all(self) -> tuple[Room, ...]:
        """The rooms, for health."""
        return tuple(self._rooms.values())

    def has(self, jid: str) -> bool:
        """Whether `jid` is one of the rooms, or an occupant's address in one."""
        return bare(jid) in self._rooms

    def find(self, jid: str) -> Room:
        """A room of the bus; raises Refused."""
        room = self._rooms.get(jid)
        if not room:
            raise Refused(_("The room {room} is not configured in Shoutbus.", room=jid))
        return room

    # For the muc method

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Be in these rooms and no others; they are entered when there is a session."""
        wanted = {spec.channel.address: spec for spec in specs}
        for jid in self._rooms.keys() - wanted.keys():
            room = self._rooms.pop(jid)
            self._puppets.leave_all(jid)
            self._attendance.give_up(room)
        for jid, spec in wanted.items():
            known = self._rooms.get(jid)
            if known is None:
                room = self._rooms[jid] = Room(jid, spec, self._nick)
                if self._session.alive:
                    self._attendance.come(room)
            elif known.spec != spec:
                known.spec = spec
                self._attendance.configure_soon(known)

    async def ready(self, jid: str) -> None:
        """Return once the bot is in a room and has read what it missed; raises Refused."""
        await self.find(jid).inside.wait()

    async def say(self, jid: str, message: Message) -> Confirmation:
        """Say a message in a room: a web user's as their puppet, all else as the bot.

        The confirmation is the room's reflection. Raises Refused, Unavailable.
        """
        room = self.find(jid)
        if not room.inside.is_set():
            raise Unavailable(_("The bot is not in {room}.", room=jid))
        sender, nick, body = self._bot.jid, room.nick, message.line
        if message.author.is_guest:
            puppet = await self._puppets.enter(jid, message.author)
            if puppet:
                sender, nick, body = puppet.jid, puppet.nick, message.body
        confirmation = room.expect(message.id, nick, asyncio.get_running_loop().time())
        try:
            self._session.send_text(self.line(room, sender, nick, body, message))
        except Unavailable:
            room.awaited.pop(message.id)
            raise
        room.lines.put(KnownLine(message.id, "", nick, message.thread))
        return confirmation

    def line(self, room: Room, sender: str, nick: str, body: str, message: Message) -> str:
        """The XML of a line in which `sender`, as `nick`, says a message."""
        rest = _("… the full text is at {link}", link=self._texts.page_of(message))
        text = fit(body, BODY_BYTES, rest.told(room.language))
        proof = self._ingest.proof(room, message.id, nick)
        marks = serialize(replacing(message), room.lines.reply(room.jid, message))
        return (
            f'<message type="groupchat" id="{message.id}" from="{sender}" to="{escape(room.jid)}">'
            f'<body>{escape(text)}</body><said xmlns="{SAID}" id="{message.id}" proof="{proof}"/>'
            f"{marks}</message>"
        )

    async def landed(self, jid: str) -> frozenset[str]:
        """The ids of our messages that the room's archive holds beyond what was read before; raises
        Refused, Unavailable."""
        room = self.find(jid)
        if room.state != "in":
            raise Unavailable(_("The bot is not in {room}.", room=jid))
        await self._ingest.look(room)
        return frozenset(room.landed)

    async def retract(self, jid: str, delivery: Delivery) -> Fate:
        """Take back what was brought into a room or was heard there; raises Unavailable, or Refused
        with why it stays."""
        return await self._retraction.retract(self.find(jid), delivery)

    # For commands

    def told(self, jid: str) -> RoomState | None:
        """The state of a room; None where it is not a room of the bus."""
        room = self._rooms.get(jid)
        if not room:
            return None
        people = room.occupants.keys() - {room.nick, *self._puppets.names(jid)}
        limits: Words | str = ""
        if room.state == "in":
            limits = room.limits()
        return RoomState(room.state == "in", room.trouble, room.owned, limits, len(people))

    async def destroy(self, jid: str, reason: str) -> None:
        """End a room for good that was removed from the bus; raises Conflict where it was not,
        Refused, Unavailable."""
        if jid in self._rooms:
            raise Conflict(
                _("The room {room} is still configured in Shoutbus. Remove it first.", room=jid)
            )
        try:
            await self._owner.destroy(jid, reason)
        except IqError as error:
            # An empty room may have ended by itself.
            if error.fault.condition not in ("item-not-found", "gone"):
                raise Refused(_("{room} reports: {why}.", room=jid, why=error.fault)) from error

    async def invite(self, jid: str, whom: str) -> None:
        """Invite someone into a room; raises NotFound, Unavailable."""
        room = self.known(jid)
        if room.state != "in":
            if room.trouble:
                raise Unavailable(_("The bot is not in {room}: {why}.", room=jid, why=room.trouble))
            raise Unavailable(_("The bot is not in {room}.", room=jid))
        self._owner.invite(jid, whom, invitation(room))

    async def admits(self, jid: str, whom: str) -> bool:
        """Whether a bare JID may come into a room and so read what is said there; raises NotFound,
        Unavailable."""
        return await self._access.admits(self.known(jid), whom)

    def known(self, jid: str) -> Room:
        """A room of the bus; raises NotFound."""
        room = self._rooms.get(jid)
        if not room:
            raise NotFound(_("The room {room} is not configured in Shoutbus.", room=jid))
        return room
