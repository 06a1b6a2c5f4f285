"""Direct messages out (RFC 6121 section 5), each proved by what follows it.

A TCP write is no delivery: a ping to the recipient's domain behind the message proves that the
server took it, since a bounce would have come before the ping's answer. A remote domain's proves
the local server's acceptance.
"""

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable
from xml.etree.ElementTree import Element

from component.bus.model.flow_control import PATIENCE, Way
from component.bus.model.message import Message
from component.bus.ports.method import Confirmation
from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.common.i18n import _
from component.common.sanitize import escape as q
from component.common.sanitize import fit
from component.xmpp.muc.retraction import retraction
from component.xmpp.muc.rooms import BUDGET
from component.xmpp.session import IqError, Session
from component.xmpp.stanza import SAID, Fault, bare, domain, replacing
from component.xmpp.tasks import Tasks

HOPELESS = frozenset(
    {
        "service-unavailable",
        "item-not-found",
        "forbidden",
        "not-acceptable",
        "bad-request",
        "jid-malformed",
    }
)
"""RFC 6120 conditions after which the same message would be refused again. Unreachable is
transient."""

GROUP = 16
"""Messages to a domain behind which the next ping goes, while an earlier one is on its way: a ping
at a time would let the server wait for us, and us for the server."""

_Sent = tuple[Confirmation, type[DeliveryError]]
"""What proves it, and what it is where the proof never comes."""


class DirectMessages:
    """`ports.Direct` for the chat method; `bot` is the full JID they come from, `speaks` a bare
    JID's language."""

    def __init__(
        self,
        link: Session,
        bot: str,
        link_to: Callable[[Message], str],
        speaks: Callable[[str], str],
    ) -> None:
        self._link = link
        self._bot = bot
        self._link_to = link_to
        self._speaks = speaks
        self._sent: dict[tuple[str, str], _Sent] = {}
        self._unproved: dict[str, list[_Sent]] = {}
        self._ways: defaultdict[str, Way] = defaultdict(Way)
        self._pings: Counter[str] = Counter()
        self._last: tuple[Message | None, str, str] = (None, "", "")
        self._tasks = Tasks()
        link.down.append(self._lost)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    async def ready(self) -> None:
        """See `ports.Direct.ready`."""
        await self._link.wait()

    async def tell(self, jid: str, message: Message) -> Confirmation:
        """See `ports.Direct.tell`; a ping to their domain behind it proves that the server took it
        (XEP-0199)."""
        under_way = self._sent.get((jid, message.id))
        if under_way and not under_way[0].done():
            return asyncio.shield(
                under_way[0]
            )  # who gave up waiting for the proof does not tell them twice
        told = self._put(jid, message.id, self._worded(message, self._speaks(jid)), Unavailable)
        if len(self._unproved[domain(jid)]) % GROUP == 0:
            await asyncio.sleep(0)  # who tells many at once lets the ping go right behind these
        return told

    def way(self, jid: str) -> Way:
        """See `ports.Direct.way`."""
        return self._ways[domain(jid)]

    async def write(self, jid: str, id: str, text: str) -> Confirmation:
        """See `ports.Direct.write`; proved as what `tell` sends is. Where nothing proves it, it is
        unconfirmed: a gateway has its price, and is not to be told twice for nothing."""
        inside = f'<body>{q(fit(text, BUDGET, "…"))}</body><said xmlns="{SAID}"/>'
        return self._put(jid, id, inside, Unconfirmed)

    def _worded(self, message: Message, language: str) -> str:
        """What is in the stanza. It is kept for the next: ten thousand may be told the same."""
        if self._last[0] is not message or self._last[1] != language:
            rest = _("… the full text is at {link}", link=self._link_to(message))
            text = fit(message.line, BUDGET, rest.told(language))
            inside = (
                f'<body>{q(text)}</body><said xmlns="{SAID}" '
                f'id="{message.id}"/>{replacing(message)}'
            )
            self._last = (message, language, inside)
        return self._last[2]

    def _put(self, jid: str, id: str, inside: str, lost: type[DeliveryError]) -> Confirmation:
        """Send it and begin to prove it; `lost` is what it is where the proof never comes."""
        self._link.send(
            f'<message type="chat" id="{q(id)}" from="{self._bot}" to="{q(jid)}">{inside}</message>'
        )
        where, sent = domain(jid), (asyncio.get_running_loop().create_future(), lost)
        self._sent[jid, id] = sent
        way = self._ways[where]
        way.flying += 1
        sent[0].add_done_callback(lambda _: self._ended(jid, id, sent, way))
        self._unproved.setdefault(where, []).append(sent)
        self._prove_soon(where)
        return sent[0]

    def _ended(self, jid: str, id: str, sent: _Sent, way: Way) -> None:
        if self._sent.get((jid, id)) is sent:
            del self._sent[jid, id]
        way.ended()
        if not (way.flying or way.silent) and self._ways.get(domain(jid)) is way:
            del self._ways[domain(jid)]

    async def retract(self, jid: str, message: Message) -> None:
        """See `ports.Direct.retract`."""
        self._link.send(retraction("chat", self._bot, jid, message.id, self._speaks(jid)))

    def _prove_soon(self, where: str) -> None:
        """A ping covers all that was sent before it."""
        waiting = len(self._unproved.get(where, ()))
        if waiting and (waiting >= GROUP or not self._pings[where]):
            self._pings[where] += 1
            self._tasks.run(self._prove(where))

    async def _prove(self, where: str) -> None:
        try:
            if group := self._unproved.pop(where, []):
                await self._prove_group(where, group)
        finally:
            self._pings[where] -= 1
            if not self._pings[where]:
                del self._pings[where]
            self._prove_soon(where)

    async def _prove_group(self, where: str, group: list[_Sent]) -> None:
        trouble: Unavailable | None = None
        silent = False
        try:
            await self._ping(where)
        except IqError as answered:
            if answered.fault.condition.startswith("remote-server"):
                self._ways[where].hush()
                trouble = Unavailable(
                    _("{who} cannot be reached: {why}.", who=where, why=answered.fault)
                )
        except Unavailable as gone:
            trouble, silent = gone, True
        for confirmation, lost in group:
            if confirmation.done():
                continue
            if trouble:
                confirmation.set_exception(lost(trouble.sentence) if silent else trouble)
            else:
                confirmation.set_result(None)

    async def _ping(self, where: str) -> None:
        """Raises as `Session.ping`; how it goes there is known from when its answer came."""
        loop, way = asyncio.get_running_loop(), self._ways[where]
        sent, late = loop.time(), loop.call_later(PATIENCE, way.hush)
        try:
            await self._link.ping(where, self._bot)
        finally:
            late.cancel()
            if loop.time() - sent < PATIENCE:
                way.silent = False

    def bounced(self, stanza: Element) -> None:
        """An error came back from someone: for one of ours on its way, it is the answer."""
        fault = Fault.read(stanza)
        confirmation, _lost = self._sent.get(
            (bare(stanza.get("from", "")), stanza.get("id", "")), (None, None)
        )
        if confirmation and not confirmation.done():
            sentence = _(
                "{who} did not accept the message: {why}.",
                who=bare(stanza.get("from", "")),
                why=fault,
            )
            hopeless = fault.condition in HOPELESS
            confirmation.set_exception(Refused(sentence) if hopeless else Unavailable(sentence))

    def _lost(self) -> None:
        self._ways.clear()
        for confirmation, lost in tuple(self._sent.values()):
            if not confirmation.done():
                confirmation.set_exception(lost(_("The connection to the XMPP server was lost.")))
