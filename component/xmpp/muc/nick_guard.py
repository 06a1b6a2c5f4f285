"""Keeps the mark of web users for web users: others who go by it are kicked, in rooms that the bot
owns."""

import structlog

from component.bus.model.message import WEB_MARK
from component.common.errors import Unavailable
from component.common.i18n import _
from component.common.sanitize import skeleton
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.room import Room
from component.xmpp.peers import Peer, Peers
from component.xmpp.stanza import domain
from component.xmpp.stream.session import IqError, Session

log = structlog.get_logger()

MARK = skeleton(WEB_MARK)


class NickGuard:
    """Looks at who comes in."""

    def __init__(self, session: Session, owner: Owner, peers: Peers) -> None:
        self._session = session
        self._owner = owner
        self._peers = peers

    def minds(self, room: Room, nick: str) -> bool:
        """Whether an occupant goes by the mark, is not a puppet of ours, and the bot may kick
        them."""
        if not room.owned or MARK not in skeleton(nick):
            return False
        jid = room.jid_of(nick)
        return bool(jid) and domain(jid) != self._session.domain

    async def put_out(self, room: Room, nick: str, jid: str) -> None:
        """Kick them, unless another bus answers for the domain of their real JID, or it cannot be
        asked: puppets of another bus carry the mark rightly."""
        reason = _("Names that contain “{mark}” are reserved for web users.", mark=WEB_MARK)
        try:
            if await self._peers.find(domain(jid)) is Peer.OTHER:
                await self._owner.kick(room.jid, nick, reason.told(room.language))
                log.info("kicked for using a web user's name", room=room.jid, nick=nick)
        except (IqError, Unavailable) as error:
            log.warning("kick failed", room=room.jid, nick=nick, reason=str(error))
