"""Who is online: presence of those who let the bot see it (RFC 6121 sections 3 and 4).

Nobody keeps a component's roster but itself, and servers tell a component that comes back nothing
by themselves, so whom the bot watches it probes whenever the session begins. Only a stanza's `from`
is believed.
"""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from xml.etree.ElementTree import Element

import structlog

from component.xmpp import elements
from component.xmpp.limits import Limits
from component.xmpp.stanza import MUC_USER, NS, bare, resource
from component.xmpp.stream.session import Session
from component.xmpp.tasks import Tasks

log = structlog.get_logger()


AT_ONCE = 50
"""People who are asked in one turn of the loop."""


class WatchState(StrEnum):
    """Whether someone lets the bot see when they are online."""

    ASKED = "asked"
    AGREED = "agreed"
    REFUSED = "refused"
    """Not asked again."""


_ANSWERS = {"subscribed": WatchState.AGREED, "unsubscribed": WatchState.REFUSED}


class Presence:
    """`ports.Online`; `bot` is the bare JID that asks."""

    def __init__(self, session: Session, bot: str, limits: Limits) -> None:
        self._session = session
        self._bot = bot
        self._limits = limits
        self._watched: dict[str, WatchState] = {}
        self._online: dict[str, set[str]] = {}
        self._tasks = Tasks()
        self._asking: asyncio.Task[None] | None = None
        session.up.append(self.begin)
        session.down.append(self.end)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    async def begin(self) -> None:
        """The session began: all who are watched are asked, behind all that is more urgent."""
        self._asking = self._tasks.run(self.ask_again(tuple(self._watched)))

    def end(self) -> None:
        """The session ended: nothing is known of anyone."""
        self._online.clear()
        if self._asking:
            self._asking.cancel()

    def is_online(self, jid: str) -> bool:
        """Whether a bare JID has a client online that is not away, as far as the bot is shown."""
        return self.clients(jid) > 0

    def clients(self, jid: str) -> int:
        """How many such clients are remembered."""
        return len(self._online.get(bare(jid), ()))

    def asks(self, jid: str) -> bool:
        """Whether someone has yet to answer whether the bot may see them."""
        return self._watched.get(bare(jid)) is WatchState.ASKED

    def watch(self, jid: str) -> None:
        """Ask someone to let the bot see when they are online. Beyond the limit nobody is asked,
        and they count as offline."""
        jid = bare(jid)
        if jid in self._watched:
            return
        limit = self._limits.watched
        if len(self._watched) >= limit:
            log.warning("presence limit reached", jid=jid, most=limit)
            return
        self._watched[jid] = WatchState.ASKED
        if self._session.alive:
            self.send(jid, "subscribe")

    async def ask_again(self, jids: Sequence[str]) -> None:
        """Probe those who agreed. Ask those who have yet to answer again: their server shows them
        that once, and answers itself where they agreed before (section 3.1.3). Prosody takes a
        probe for the end of such a request."""
        for count, jid in enumerate(jids, 1):
            if count % AT_ONCE == 0:
                await asyncio.sleep(AT_ONCE / self._limits.greeted_per_s)
            state = self._watched[jid]
            if state is WatchState.AGREED:
                self.send(jid, "probe")
            elif state is WatchState.ASKED:
                self.send(jid, "subscribe")

    def send(self, jid: str, kind: str) -> None:
        """Send a presence of the bot."""
        self._session.try_send(elements.presence(self._bot, jid, type=kind))

    def heard(self, stanza: Element) -> None:
        """A presence to the bot that is not a room's."""
        sender = stanza.get("from", "")
        jid, client = bare(sender), resource(sender)
        # An occupant of a room is not a person.
        if jid not in self._watched or stanza.find(f"{{{MUC_USER}}}x") is not None:
            return
        kind = stanza.get("type", "")
        if kind in _ANSWERS:
            self._watched[jid] = _ANSWERS[kind]
        if kind == "subscribed":
            self.send(jid, "probe")  # ejabberd shows nothing with an answer that it gives itself
        elif kind in ("error", "unsubscribed") or (kind == "unavailable" and not client):
            self._online.pop(jid, None)
        elif kind == "unavailable":
            self.gone(jid, client)
        elif not kind and is_attentive(stanza):
            self.there(jid, client)
        elif not kind:
            self.gone(jid, client)

    def there(self, jid: str, client: str) -> None:
        """Someone's client is online."""
        clients = self._online.setdefault(jid, set())
        if len(clients) < self._limits.clients:
            clients.add(client)

    def gone(self, jid: str, client: str) -> None:
        """Someone's client is offline, or away."""
        clients = self._online.get(jid, set())
        clients.discard(client)
        if not clients:
            self._online.pop(jid, None)


def is_attentive(stanza: Element) -> bool:
    """Whether available presence is of a client with someone before it, and that takes messages:
    one with a negative priority gets none that are sent to the bare JID (section 8.5.2)."""
    show = (stanza.findtext(f"{NS}show") or "").strip()
    priority = (stanza.findtext(f"{NS}priority") or "").strip()
    return show in ("", "chat") and not priority.startswith("-")
