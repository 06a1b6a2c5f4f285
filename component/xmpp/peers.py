"""Which servers are other buses: asked with service discovery (XEP-0030), and asked again after a
while. No user can answer for a server."""

import time
from collections import OrderedDict
from collections.abc import Callable
from enum import StrEnum

from component.common.errors import Unavailable
from component.xmpp.elements import query
from component.xmpp.stanza import DISCO_INFO, SAID, features
from component.xmpp.stream.session import IqError, Session

REMEMBERED = 1_000
"""Servers of which an answer is remembered."""


class Peer(StrEnum):
    """What a server is."""

    BUS = "bus"
    OTHER = "other"
    UNKNOWN = "unknown"
    """It cannot be asked at the moment."""


_LIFE_S = {Peer.BUS: 3600.0, Peer.OTHER: 600.0, Peer.UNKNOWN: 60.0}
_DEFINITE = frozenset(
    {"service-unavailable", "feature-not-implemented", "item-not-found", "forbidden", "not-allowed"}
)
"""RFC 6120 conditions by which a server says that it does not answer such a question; others say
that it could not."""


class Peers:
    """Asks servers as the full JID `bot`; `clock` gives seconds."""

    def __init__(
        self, session: Session, bot: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._session = session
        self._bot = bot
        self._clock = clock
        self._known: OrderedDict[str, tuple[Peer, float]] = OrderedDict()

    async def is_bus(self, their_domain: str) -> bool:
        """Whether another Shoutbus answers at a domain now, or did within the hour."""
        return await self.find(their_domain) is Peer.BUS

    async def find(self, their_domain: str) -> Peer:
        """What answers at a domain."""
        peer, until = self._known.get(their_domain, (Peer.UNKNOWN, 0.0))
        if self._clock() < until:
            return peer
        peer = await self.ask(their_domain)
        self._known[their_domain] = peer, self._clock() + _LIFE_S[peer]
        if len(self._known) > REMEMBERED:
            self._known.popitem(last=False)
        return peer

    async def ask(self, their_domain: str) -> Peer:
        """Ask a server."""
        try:
            info = await self._session.iq("get", their_domain, self._bot, query(DISCO_INFO))
        except IqError as error:
            return Peer.OTHER if error.fault.condition in _DEFINITE else Peer.UNKNOWN
        except Unavailable:
            return Peer.UNKNOWN
        return Peer.BUS if SAID in features(info) else Peer.OTHER
