"""Keeps the mark of web users for web users: whoever else goes by it is put out, in rooms that the
bot owns."""

import structlog

from component.bus.model.message import WEB_MARK
from component.common.errors import Unavailable
from component.common.i18n import _
from component.common.sanitize import skeleton
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.room import Room
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import DISCO_INFO, SAID, domain, element

log = structlog.get_logger()

_MARK = skeleton(WEB_MARK)


class NickGuard:
    """Looks at who comes in; `bot` is the full JID it asks and acts as."""

    def __init__(self, link: Session, owner: Owner, bot: str) -> None:
        self._link = link
        self._owner = owner
        self._bot = bot
        self._peers: dict[str, bool] = {}

    def minds(self, room: Room, nick: str) -> bool:
        """Whether an occupant goes by the mark, is no puppet of ours, and the bot may see to it."""
        if not room.owned or _MARK not in skeleton(nick):
            return False
        jid = room.occupants[nick].jid
        return bool(jid) and domain(jid) != self._link.domain

    async def put_out(self, room: Room, nick: str, jid: str) -> None:
        """Kick them, unless another bus answers for the domain of their real JID."""
        told = _("Names that contain “{mark}” are reserved for web users.", mark=WEB_MARK)
        try:
            if not await self.is_bus(domain(jid)):
                await self._owner.kick(room.jid, nick, told.told(room.language))
                log.info("kicked for using a web user's name", room=room.jid, nick=nick)
        except (IqError, Unavailable) as error:
            log.warning("kick failed", room=room.jid, nick=nick, reason=str(error))

    async def is_bus(self, theirs: str) -> bool:
        """Whether another Shoutbus answers at a domain: its puppets carry the mark rightly. No user
        can answer so."""
        if theirs not in self._peers:
            try:
                info = await self._link.iq(
                    "get", theirs, self._bot, element("query", {"xmlns": DISCO_INFO})
                )
                self._peers[theirs] = any(
                    one.get("var") == SAID for one in info.iter(f"{{{DISCO_INFO}}}feature")
                )
            except IqError:
                self._peers[theirs] = False
            except Unavailable:
                return False  # who does not answer is none, and is asked again
        return self._peers[theirs]
