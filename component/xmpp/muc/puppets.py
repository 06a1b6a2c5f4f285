"""Puppets: the room occupants of web users, so that people see who is there.

They come with their first words and leave after ten idle minutes. Where one can't come in (a
nickname the server refuses, a full room, too many of them) the bot speaks for its author instead.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element

import structlog

from component.bus.model.message import GUEST_PREFIX, Author
from component.common.errors import Refused, Unavailable
from component.common.i18n import _
from component.xmpp.elements import element, presence
from component.xmpp.limits import Limits
from component.xmpp.stanza import MUC, Fault, bare, local, resource, statuses
from component.xmpp.stream.session import Session

log = structlog.get_logger()


class JoinRefused(Exception):
    """The room did not let a puppet in: `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


@dataclass(slots=True)
class Puppet:
    """One web user's occupant in one room; `spoke` is the clock's seconds.

    `nick` is the room's form of `asked`: servers normalise nicknames (RFC 8266).
    """

    jid: str
    room: str
    asked: str
    nick: str
    spoke: float
    entered: asyncio.Future[None] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, error: Exception | None) -> None:
        """The join is answered; the first answer counts."""
        if self.entered.done():
            return
        if error:
            self.entered.set_exception(error)
        else:
            self.entered.set_result(None)


class Puppets:
    """All puppets; `clock` gives monotonic seconds."""

    def __init__(self, session: Session, clock: Callable[[], float], limits: Limits) -> None:
        self._session = session
        self._clock = clock
        self._limits = limits
        self._inside: dict[tuple[str, str], Puppet] = {}
        self._count: dict[str, int] = {}
        session.down.append(self.lose_all)

    def jid(self, author: Author) -> str:
        """The JID of a web user in every room."""
        digest = hashlib.blake2b(author.key.encode(), digest_size=8).hexdigest()
        return f"{GUEST_PREFIX}{digest}@{self._session.domain}/web"

    def names(self, room: str) -> list[str]:
        """The nicknames of the puppets in `room`."""
        return [puppet.nick for puppet in self._inside.values() if puppet.room == room]

    # Coming in

    async def enter(self, room: str, author: Author) -> Puppet | None:
        """The author's puppet in `room`, which joins where need be; None where the bot should speak
        for them.

        Raises Refused where the room has banned them, Unavailable where the stream went.
        """
        jid = self.jid(author)
        puppet = self._inside.get((jid, room))
        if puppet and puppet.asked != author.shown:
            self.leave(puppet)
            puppet = None
        if not puppet:
            if self._count.get(room, 0) >= self._limits.puppets:
                return None
            puppet = Puppet(jid, room, author.shown, author.shown, self._clock())
            if not await self.join(puppet):
                return None
        puppet.spoke = self._clock()
        return puppet

    async def join(self, puppet: Puppet) -> bool:
        """Whether a puppet came in; raises as `enter`."""
        self._inside[puppet.jid, puppet.room] = puppet
        self._count[puppet.room] = self._count.get(puppet.room, 0) + 1
        room, nick = puppet.room, puppet.nick
        no_history = element(MUC, "x", element(MUC, "history", maxstanzas="0"))
        try:
            self._session.send(presence(puppet.jid, f"{room}/{nick}", no_history))
            async with asyncio.timeout(self._limits.puppet_join_s):
                await puppet.entered
        except TimeoutError:
            log.warning("join of a web user not answered", room=room, nick=nick)
            self.leave(puppet)
            return False
        except JoinRefused as refused:
            self.forget(puppet)
            if refused.fault.condition == "forbidden":
                raise Refused(_("{nick} is banned from {room}.", nick=nick, room=room)) from refused
            reason = str(refused.fault)
            log.info("bot posts for a web user", room=room, nick=nick, reason=reason)
            return False
        except Unavailable:
            self.forget(puppet)
            raise
        return True

    # What rooms answer

    def heard(self, stanza: Element) -> None:
        """A presence to a puppet. Nearly all are about others, and are ignored."""
        puppet = self._inside.get((stanza.get("to", ""), bare(stanza.get("from", ""))))
        kind = stanza.get("type")
        if not puppet:
            if kind is None:
                self.leave_behind(stanza)
        elif kind == "error":
            puppet.settle(JoinRefused(Fault.read(stanza)))
        elif kind == "unavailable":
            self.put_out(puppet, resource(stanza.get("from", "")))
        elif not puppet.entered.done() and "110" in statuses(stanza):
            puppet.nick = resource(stanza.get("from", ""))
            puppet.settle(None)

    def leave_behind(self, stanza: Element) -> None:
        """A puppet that a crash left behind in a room hears who is there: it leaves."""
        jid = stanza.get("to", "")
        if local(jid).startswith(GUEST_PREFIX):
            leaving = presence(jid, stanza.get("from", ""), type="unavailable")
            self._session.try_send(leaving)

    def put_out(self, puppet: Puppet, nick: str) -> None:
        """The room shows that an occupant left. If it is the puppet, it was kicked or banned, or
        the room was destroyed (which ejabberd tells nobody by code 110). Under another nickname it
        left because it was asked to."""
        if nick == puppet.nick:
            puppet.settle(JoinRefused(Fault("recipient-unavailable")))
            self.forget(puppet)

    def lost(self, jid: str, room: str) -> None:
        """The room says that it wasn't inside. One whose join is under way is: the room spoke of
        the time before."""
        puppet = self._inside.get((jid, room))
        if puppet and puppet.entered.done():
            self.forget(puppet)

    # Leaving

    def sweep(self) -> None:
        """The idle ones leave."""
        now, idle_s = self._clock(), self._limits.puppet_idle_s
        for puppet in tuple(self._inside.values()):
            if puppet.entered.done() and now - puppet.spoke >= idle_s:
                self.leave(puppet)

    def leave_all(self, room: str = "") -> None:
        """Every puppet leaves its room; only those in `room` where it is named."""
        for puppet in tuple(self._inside.values()):
            if room in ("", puppet.room):
                self.leave(puppet)

    def leave(self, puppet: Puppet) -> None:
        """A puppet leaves its room."""
        self.forget(puppet)
        to = f"{puppet.room}/{puppet.nick}"
        self._session.try_send(presence(puppet.jid, to, type="unavailable"))

    def forget(self, puppet: Puppet) -> None:
        """A puppet is not inside any more."""
        if self._inside.pop((puppet.jid, puppet.room), None):
            self._count[puppet.room] -= 1

    def lose_all(self) -> None:
        """The session ended, and with it every puppet's presence."""
        gone = Unavailable(_("The connection to the XMPP server was lost."))
        for puppet in tuple(self._inside.values()):
            puppet.settle(gone)
            self.forget(puppet)
