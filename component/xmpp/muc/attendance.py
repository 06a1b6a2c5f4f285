"""The bot in its rooms: comes in, configures what it owns, comes back after anything, leaves.

The order that loses nothing: join (live stanzas wait), read the archive after the last stanza id
that is on disk, then let the waiting ones through, each known by the archive's id.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable

import structlog

from component.common.errors import Conflict, Refused, ShoutbusError, Unavailable
from component.common.i18n import Words, _, tell
from component.xmpp.bot import Bot
from component.xmpp.elements import element, presence
from component.xmpp.handlers import Places
from component.xmpp.limits import Limits
from component.xmpp.muc.ingest import Ingest
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.room import Room
from component.xmpp.stanza import MUC
from component.xmpp.stream.session import IqError, Session
from component.xmpp.tasks import Tasks

log = structlog.get_logger()

MAX_NICKS = 10
"""Nicknames that are tried in a room: the bot's own, then with a number behind it."""
_LOST = ("not-acceptable", "item-not-found", "gone")
"""Answers to a self-ping that mean the bot is not inside (XEP-0410 section 3)."""


class Attendance:
    """Keeps the bot in `rooms` (by JID) as long as there is a session; `nick` is its nickname, and
    `admins` become owners of the rooms that it owns."""

    def __init__(
        self,
        session: Session,
        bot: Bot,
        nick: str,
        rooms: dict[str, Room],
        owner: Owner,
        ingest: Ingest,
        places: Places,
        admins: Iterable[str],
        limits: Limits,
    ) -> None:
        self._session = session
        self._bot = bot
        self._nick = nick
        self._rooms = rooms
        self._owner = owner
        self._ingest = ingest
        self._places = places
        self._admins = tuple(admins)
        self._limits = limits
        self._tasks = Tasks()
        self.leaving = False
        self.entered: list[Callable[[Room], None]] = []
        """Called with each room that the bot is in from now on."""
        session.up.append(self.come_to_all)
        session.down.append(self.lose_all)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    # Coming in

    async def come_to_all(self) -> None:
        """The session begins: enter every room."""
        for room in self._rooms.values():
            self.come(room)

    def come(self, room: Room, wait_s: float = 0.0) -> None:
        """Enter a room, or enter it again, in the background."""
        if room.entering and not room.entering.done():
            room.entering.cancel()
        room.entering = self._tasks.run(self.keep_entering(room, wait_s))

    def come_back(self, room: Room) -> None:
        """Enter a room again, but not at once."""
        self.come(room, self._limits.first_return_s)

    async def keep_entering(self, room: Room, wait_s: float) -> None:
        """Try until the bot is in, or the session ends."""
        delay = self._limits.first_return_s
        await asyncio.sleep(wait_s)
        while self._session.alive:
            try:
                await self.enter(room)
            except ShoutbusError as error:
                room.trouble = error.sentence
                log.warning("room not joined", room=room.jid, reason=str(error))
            except IqError as error:
                room.trouble = str(error)
                log.warning("room not joined", room=room.jid, reason=str(error))
            else:
                return
            await asyncio.sleep(delay)
            delay = min(self._limits.last_return_s, delay * 2)

    async def enter(self, room: Room) -> None:
        """Join, configure, read what was missed; raises Unavailable, StoreError, IqError."""
        await self.join(room)
        await self.configure(room)
        about = await self._owner.about(room.jid)
        room.language, room.occupant_ids = about.language, about.occupant_ids
        room.state = "reading"
        first_time = await self._ingest.catch_up(room)
        room.state, room.trouble = "in", ""
        room.inside.set()
        for call in self.entered:
            call(room)
        log.info("room joined", room=room.jid, affiliation=room.affiliation)
        if first_time:
            self.welcome(room)

    async def join(self, room: Room) -> None:
        """Join under the first free nickname; raises Unavailable."""
        room.state, room.nick = "joining", self._nick
        no_history = element(MUC, "x", element(MUC, "history", maxstanzas="0"))
        for number in range(2, MAX_NICKS + 2):
            room.joined = asyncio.get_running_loop().create_future()
            to = f"{room.jid}/{room.nick}"
            self._session.send(presence(self._bot.jid, to, no_history))
            try:
                async with asyncio.timeout(self._limits.join_s):
                    await room.joined
            except Conflict:
                room.nick = f"{self._nick} {number}"
            except TimeoutError as late:
                raise Unavailable(
                    _(
                        "{room} did not admit the bot within {seconds:.0f} s.",
                        room=room.jid,
                        seconds=self._limits.join_s,
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

    async def configure(self, room: Room) -> None:
        """Bring a room of ours to what is configured. What fails is logged, and keeps nobody from
        talking. Raises Unavailable."""
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
                    self._owner.invite(room.jid, jid, invitation(room))
            room.fresh = False
        except IqError as error:
            log.warning("room configuration failed", room=room.jid, reason=str(error))

    def configure_soon(self, room: Room) -> None:
        """`configure` in the background; where the session went, it is done on coming back."""

        async def configure() -> None:
            with contextlib.suppress(Unavailable):
                await self.configure(room)

        self._tasks.run(configure())

    def welcome(self, room: Room) -> None:
        """Once for each room: say who has come, and what it may not do."""
        sentences = [tell(self._places.greeting(room.channel, room.nick), room.language)]
        limits = room.limits()
        if limits:
            sentences.append(tell(limits, room.language))
        self._bot.say(room, " ".join(sentences))

    # Staying in

    def sweep(self, now: float) -> None:
        """Once a second or so: give up on what was never reflected, ask quiet rooms. `now` is the
        loop's time."""
        for room in self._rooms.values():
            room.sweep(now)
            if room.state == "in" and now - room.heard_at >= self._limits.quiet_s:
                room.heard_at = now
                self._tasks.run(self.check_inside(room))

    async def check_inside(self, room: Room) -> None:
        """Self-ping (XEP-0410): any answer but three means that we are still inside."""
        try:
            await self._session.ping(f"{room.jid}/{room.nick}", self._bot.jid)
        except IqError as error:
            if error.fault.condition in _LOST and room.state == "in":
                log.warning("room left", room=room.jid, reason="the room lost the bot's connection")
                self.lost(room, _("{room} had lost the connection of the bot.", room=room.jid))
                self.come(room)
        except Unavailable:
            return

    def lost(self, room: Room, why: Words) -> None:
        """The bot is not in a room any more."""
        room.leave(why, Unavailable(why))

    # Leaving

    def lose_all(self) -> None:
        """The session ended."""
        for room in self._rooms.values():
            if room.entering:
                room.entering.cancel()
            self.lost(room, _("The connection to the XMPP server was lost."))

    def leave_all(self) -> None:
        """The bot leaves every room for good."""
        self.leaving = True
        for room in self._rooms.values():
            self.leave(room)

    def leave(self, room: Room) -> None:
        """The bot leaves a room."""
        if room.state != "out":
            to = f"{room.jid}/{room.nick}"
            self._session.try_send(presence(self._bot.jid, to, type="unavailable"))

    def give_up(self, room: Room) -> None:
        """A room was removed from the bus."""
        if room.entering:
            room.entering.cancel()
        self.leave(room)
        gone = _("The room {room} is no longer configured in Shoutbus.", room=room.jid)
        room.leave(gone, Refused(gone))


def invitation(room: Room) -> str:
    """The reason in an invitation."""
    return _("You are invited to {room}.", room=room.spec.title or room.jid).told(room.language)
