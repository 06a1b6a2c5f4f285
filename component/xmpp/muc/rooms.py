"""The rooms of the bus: what is said in them, and what commands ask of them.

`Rooms.say` is a hot path: it writes its stanza as text.
"""

import asyncio
from collections.abc import Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.message import Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, Fate, RoomState
from component.common.errors import Conflict, NotFound, Refused, Unavailable
from component.common.i18n import Words, _
from component.common.sanitize import escape, fit
from component.xmpp.bot import Bot
from component.xmpp.elements import replacing, serialize
from component.xmpp.handlers import Texts
from component.xmpp.limits import BODY_BYTES
from component.xmpp.muc.access import Access
from component.xmpp.muc.attendance import Attendance, invitation
from component.xmpp.muc.ingest import Ingest
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import KnownLine
from component.xmpp.muc.retraction import Retraction
from component.xmpp.muc.room import Room
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import SAID, bare


class Rooms:
    """`rooms` (by JID) as the muc method (`ports.Rooms`) and the commands (`ports.RoomDesk`) see
    them."""

    def __init__(
        self,
        session: Session,
        bot: Bot,
        nick: str,
        rooms: dict[str, Room],
        attendance: Attendance,
        ingest: Ingest,
        puppets: Puppets,
        owner: Owner,
        access: Access,
        texts: Texts,
    ) -> None:
        self._session = session
        self._bot = bot
        self._nick = nick
        self._rooms = rooms
        self._attendance = attendance
        self._ingest = ingest
        self._puppets = puppets
        self._owner = owner
        self._access = access
        self._texts = texts
        self._retraction = Retraction(session, bot.jid, ingest, puppets)

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
            self._session.send_text(self.line(room, sender, body, message))
        except Unavailable:
            room.awaited.pop(message.id)
            raise
        room.lines.put(KnownLine(message.id, "", nick, message.thread))
        return confirmation

    def line(self, room: Room, sender: str, body: str, message: Message) -> str:
        """The XML of a line that says a message."""
        rest = _("… the full text is at {link}", link=self._texts.page_of(message))
        text = fit(body, BODY_BYTES, rest.told(room.language))
        proof = self._ingest.proof(room, message.id)
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
