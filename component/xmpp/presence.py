"""Who is there: presence of those who let the bot see it (RFC 6121 sections 3 and 4).

Nobody keeps a component's roster but itself, and servers tell a component that comes back nothing
by themselves: whom the bot watches it probes whenever the stream comes up. Believed is what stands
in a stanza's `from` alone.
"""

from enum import StrEnum
from xml.etree.ElementTree import Element

import structlog

from component.xmpp.session import Session
from component.xmpp.stanza import MUC_USER, NS, bare, element, resource

log = structlog.get_logger()

MOST = 50_000
"""People who are watched."""
MOST_CLIENTS = 10
"""Clients of one person that are remembered."""


class WatchState(StrEnum):
    """How someone stands to being seen by the bot."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    """Asked no more."""


_ANSWERS: dict[str | None, WatchState] = {
    "subscribed": WatchState.AGREED,
    "unsubscribed": WatchState.REFUSED,
}


class Presence:
    """`ports.Online`; `bot` is the bare JID that asks."""

    def __init__(self, link: Session, bot: str) -> None:
        self._link = link
        self._bot = bot
        self._watched: dict[str, WatchState] = {}
        self._there: dict[str, set[str]] = {}
        link.up.append(self._ask_all)
        link.down.append(self._there.clear)

    def is_online(self, jid: str) -> bool:
        """See `ports.Online.is_online`."""
        return bool(self._there.get(bare(jid)))

    def asks(self, jid: str) -> bool:
        """See `ports.Online.asks`."""
        return self._watched.get(bare(jid)) is WatchState.ASKED

    def watch(self, jid: str) -> None:
        """See `ports.Online.watch`. Beyond `MOST` nobody is, and counts as not there."""
        jid = bare(jid)
        if jid in self._watched:
            return
        if len(self._watched) >= MOST:
            log.warning("presence limit reached", jid=jid, most=MOST)
            return
        self._watched[jid] = WatchState.ASKED
        if self._link.alive:
            self._send(jid, "subscribe")

    async def _ask_all(self) -> None:
        """Who agreed is probed. Who has yet to answer is asked again, which their server shows them
        once, and answers by itself where they agreed before (section 3.1.3); Prosody takes a probe
        for the end of such a request."""
        for jid, standing in self._watched.items():
            if standing is not WatchState.REFUSED:
                self._send(jid, "probe" if standing is WatchState.AGREED else "subscribe")

    def _send(self, jid: str, kind: str) -> None:
        self._link.try_send(element("presence", {"from": self._bot, "to": jid, "type": kind}))

    def heard(self, stanza: Element) -> None:
        """A presence to the bot that is no room's."""
        sender = stanza.get("from", "")
        jid, kind = bare(sender), stanza.get("type")
        if (
            jid not in self._watched or stanza.find(f"{{{MUC_USER}}}x") is not None
        ):  # an occupant is no person
            return
        if kind in _ANSWERS:
            self._watched[jid] = _ANSWERS[kind]
        if kind == "subscribed":
            self._send(jid, "probe")  # ejabberd shows nothing with an answer of its own
        elif kind in ("error", "unsubscribed") or (kind == "unavailable" and not resource(sender)):
            self._there.pop(jid, None)
        elif kind in (None, "unavailable"):
            self._turns(jid, resource(sender), kind is None and _minds(stanza))

    def _turns(self, jid: str, client: str, here: bool) -> None:
        clients = self._there.setdefault(jid, set())
        if not here:
            clients.discard(client)
        elif len(clients) < MOST_CLIENTS:
            clients.add(client)
        if not clients:
            del self._there[jid]


def _minds(stanza: Element) -> bool:
    """Whether available presence is of a client with someone before it, and that takes messages:
    one with a negative priority gets none that are sent to the bare JID (section 8.5.2)."""
    show = (stanza.findtext(f"{NS}show") or "").strip()
    priority = (stanza.findtext(f"{NS}priority") or "").strip()
    return show in ("", "chat") and not priority.startswith("-")
