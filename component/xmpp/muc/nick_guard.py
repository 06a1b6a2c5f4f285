"""Keeps the mark of web users for web users: others who go by it are kicked, in rooms that the bot
owns."""

import structlog

from component.bus.model.message import WEB_MARK
from component.common.errors import Unavailable
from component.common.i18n import _
from component.common.sanitize import skeleton
from component.xmpp.elements import query
from component.xmpp.muc.owner import Owner
from component.xmpp.muc.room import Room
from component.xmpp.stanza import DISCO_INFO, SAID, domain, features
from component.xmpp.stream.session import IqError, Session

log = structlog.get_logger()

MARK = skeleton(WEB_MARK)


class NickGuard:
    """Looks at who comes in; `bot` is the full JID it asks and acts as."""

    def __init__(self, session: Session, owner: Owner, bot: str) -> None:
        self._session = session
        self._owner = owner
        self._bot = bot
        self._peers: dict[str, bool] = {}

    def minds(self, room: Room, nick: str) -> bool:
        """Whether an occupant goes by the mark, is not a puppet of ours, and the bot may kick
        them."""
        if not room.owned or MARK not in skeleton(nick):
            return False
        jid = room.jid_of(nick)
        return bool(jid) and domain(jid) != self._session.domain

    async def put_out(self, room: Room, nick: str, jid: str) -> None:
        """Kick them, unless another bus answers for the domain of their real JID."""
        reason = _("Names that contain “{mark}” are reserved for web users.", mark=WEB_MARK)
        try:
            if not await self.is_bus(domain(jid)):
                await self._owner.kick(room.jid, nick, reason.told(room.language))
                log.info("kicked for using a web user's name", room=room.jid, nick=nick)
        except (IqError, Unavailable) as error:
            log.warning("kick failed", room=room.jid, nick=nick, reason=str(error))

    async def is_bus(self, their_domain: str) -> bool:
        """Whether another Shoutbus answers at a domain: its puppets carry the mark rightly. No user
        can answer so."""
        if their_domain not in self._peers:
            try:
                info = await self._session.iq("get", their_domain, self._bot, query(DISCO_INFO))
                self._peers[their_domain] = SAID in features(info)
            except IqError:
                self._peers[their_domain] = False
            except Unavailable:
                return False  # a domain that does not answer is asked again
        return self._peers[their_domain]
