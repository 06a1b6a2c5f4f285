"""Puppets: room occupants that stand for web users, so that people see who is there.

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
from component.xmpp.session import Session
from component.xmpp.stanza import MUC, Fault, bare, element, local, resource, statuses

log = structlog.get_logger()

MOST = 50
"""Puppets in one room."""
IDLE = 600.0
"""Seconds a puppet stays after its last words."""
PATIENCE = 10.0
"""Seconds a join may take: a server that mangles the nickname never answers at all."""


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


class Puppets:
    """All puppets; `clock` gives monotonic seconds."""

    def __init__(self, link: Session, clock: Callable[[], float]) -> None:
        self._link = link
        self._clock = clock
        self._inside: dict[tuple[str, str], Puppet] = {}
        self._count: dict[str, int] = {}
        link.down.append(self._gone)

    def jid(self, author: Author) -> str:
        """The JID that stands for a web user in every room."""
        digest = hashlib.blake2b(author.key.encode(), digest_size=8).hexdigest()
        return f"{GUEST_PREFIX}{digest}@{self._link.domain}/web"

    async def enter(self, room: str, author: Author) -> Puppet | None:
        """The author's puppet in `room`, let in where need be; None where the bot should speak for
        them.

        Raises Refused where the room has banned them, Unavailable where the stream went.
        """
        key = (self.jid(author), room)
        puppet = self._inside.get(key)
        if puppet and puppet.asked != author.shown:
            self._leave(puppet)
            puppet = None
        if not puppet:
            if self._count.get(room, 0) >= MOST:
                return None
            puppet = await self._join(
                Puppet(key[0], room, author.shown, author.shown, self._clock())
            )
        if puppet:
            puppet.spoke = self._clock()
        return puppet

    async def _join(self, puppet: Puppet) -> Puppet | None:
        self._inside[puppet.jid, puppet.room] = puppet
        self._count[puppet.room] = self._count.get(puppet.room, 0) + 1
        inside = element("x", {"xmlns": MUC}, '<history maxstanzas="0"/>')
        try:
            self._link.send(
                element(
                    "presence", {"from": puppet.jid, "to": f"{puppet.room}/{puppet.nick}"}, inside
                )
            )
            async with asyncio.timeout(PATIENCE):
                await puppet.entered
        except TimeoutError:
            log.warning("join of a web user not answered", room=puppet.room, nick=puppet.nick)
            self._leave(puppet)
            return None
        except JoinRefused as kept:
            self._forget(puppet)
            if kept.fault.condition == "forbidden":
                raise Refused(
                    _("{nick} is banned from {room}.", nick=puppet.nick, room=puppet.room)
                ) from kept
            log.info(
                "bot posts for a web user",
                room=puppet.room,
                nick=puppet.nick,
                reason=str(kept.fault),
            )
            return None
        except Unavailable:
            self._forget(puppet)
            raise
        return puppet

    def heard(self, stanza: Element) -> None:
        """A presence to a puppet. Nearly all are about others and are let go at once."""
        puppet = self._inside.get((stanza.get("to", ""), bare(stanza.get("from", ""))))
        kind = stanza.get("type")
        if not puppet:
            if kind is None:
                self._ghost(stanza)
            return
        if kind == "error":
            self._settle(puppet, JoinRefused(Fault.read(stanza)))
        elif not puppet.entered.done() or kind == "unavailable":
            self._own(puppet, stanza, kind)

    def _ghost(self, stanza: Element) -> None:
        """One that a crash left behind in a room hears who is there: it leaves."""
        if local(stanza.get("to", "")).startswith(GUEST_PREFIX):
            leaving = {
                "from": stanza.get("to", ""),
                "to": stanza.get("from", ""),
                "type": "unavailable",
            }
            self._link.try_send(element("presence", leaving))

    def _own(self, puppet: Puppet, stanza: Element, kind: str | None) -> None:
        nick = resource(stanza.get("from", ""))
        if kind == "unavailable":
            # Under another nickname it left by itself. ejabberd destroys a room without saying 110
            # to anyone.
            if nick == puppet.nick:  # kicked, banned, the room was destroyed
                self._settle(puppet, JoinRefused(Fault("recipient-unavailable")))
                self._forget(puppet)
        elif "110" in statuses(stanza):
            puppet.nick = nick
            self._settle(puppet, None)

    def _settle(self, puppet: Puppet, error: Exception | None) -> None:
        if puppet.entered.done():
            return
        if error:
            puppet.entered.set_exception(error)
        else:
            puppet.entered.set_result(None)

    def lost(self, jid: str, room: str) -> None:
        """The room says that it wasn't inside. One that is coming in by now is: that was of its
        time before."""
        puppet = self._inside.get((jid, room))
        if puppet and puppet.entered.done():
            self._forget(puppet)

    def names(self, room: str) -> list[str]:
        """The nicknames of the puppets in `room`."""
        return [puppet.nick for puppet in self._inside.values() if puppet.room == room]

    def sweep(self) -> None:
        """Let the idle ones go."""
        now = self._clock()
        for puppet in [
            one for one in self._inside.values() if one.entered.done() and now - one.spoke >= IDLE
        ]:
            self._leave(puppet)

    def leave_all(self, room: str = "") -> None:
        """Every puppet leaves its room; those in `room` alone where named."""
        for puppet in [one for one in self._inside.values() if room in ("", one.room)]:
            self._leave(puppet)

    def _leave(self, puppet: Puppet) -> None:
        self._forget(puppet)
        self._link.try_send(
            element(
                "presence",
                {"from": puppet.jid, "to": f"{puppet.room}/{puppet.nick}", "type": "unavailable"},
            )
        )

    def _forget(self, puppet: Puppet) -> None:
        if self._inside.pop((puppet.jid, puppet.room), None):
            self._count[puppet.room] -= 1

    def _gone(self) -> None:
        gone = Unavailable(_("The connection to the XMPP server was lost."))
        for puppet in tuple(self._inside.values()):
            self._settle(puppet, gone)
            self._forget(puppet)


class JoinRefused(Exception):
    """The room did not let a puppet in: `fault` says why."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault
