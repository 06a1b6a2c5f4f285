"""Direct messages out (RFC 6121 section 5), each proved by a ping behind it (`proofs`).

`DirectMessages.tell` is a hot path: one line of a room may go to ten thousand people. It writes its
stanza as text, and keeps what is in it for the next recipient.
"""

import asyncio
from xml.etree.ElementTree import Element

from component.bus.model.flow_control import Way
from component.bus.model.message import Message
from component.bus.ports.method import Confirmation
from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.common.i18n import _
from component.common.sanitize import escape, fit
from component.xmpp.elements import body, own_words, replacing, serialize
from component.xmpp.handlers import Texts
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.proofs import Proofs, SentMessage
from component.xmpp.limits import BODY_BYTES, Limits
from component.xmpp.muc.retraction import retraction
from component.xmpp.stanza import SAID, Fault, bare, domain
from component.xmpp.stream.session import Session

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


class DirectMessages:
    """`ports.Direct` for the chat method; `bot` is the full JID they come from."""

    def __init__(
        self,
        session: Session,
        bot: str,
        texts: Texts,
        automatic: AutomaticAnswers,
        limits: Limits,
    ) -> None:
        self._session = session
        self._bot = bot
        self._texts = texts
        self._automatic = automatic
        self._proofs = Proofs(session, bot, limits)
        self._sent: dict[tuple[str, str], SentMessage] = {}
        self._last: tuple[Message | None, str, str] = (None, "", "")
        session.down.append(self.lose)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._proofs.close()

    async def ready(self) -> None:
        """Return once there is a session."""
        await self._session.wait()

    def way(self, jid: str) -> Way:
        """The flow of messages to the people of a JID's server."""
        return self._proofs.way(domain(jid))

    async def tell(self, jid: str, message: Message) -> Confirmation:
        """Send a message to a bare JID; a message that is on its way there is not sent again.

        Raises Unavailable.
        """
        under_way = self._sent.get((jid, message.id))
        if under_way and not under_way.confirmation.done():
            # A caller who gave up waiting for the proof does not tell them twice.
            return asyncio.shield(under_way.confirmation)
        inside = self.inside(message, self._texts.language(jid))
        confirmation = self.put(jid, message.id, inside, Unavailable)
        if self._proofs.fills_group(domain(jid)):
            await asyncio.sleep(0)  # lets the ping go right behind these
        return confirmation

    def inside(self, message: Message, language: str) -> str:
        """The XML inside the stanza. It is kept for the next recipient."""
        if self._last[0] is not message or self._last[1] != language:
            rest = _("… the full text is at {link}", link=self._texts.page_of(message))
            text = fit(message.line, BODY_BYTES, rest.told(language))
            inside = f'<body>{escape(text)}</body><said xmlns="{SAID}" id="{message.id}"/>'
            self._last = (message, language, inside + serialize(replacing(message)))
        return self._last[2]

    def put(self, jid: str, stanza_id: str, inside: str, lost: type[DeliveryError]) -> Confirmation:
        """Send it and begin to prove it; `lost` is the error where the proof never comes."""
        self._session.send_text(
            f'<message type="chat" id="{escape(stanza_id)}" from="{self._bot}" '
            f'to="{escape(jid)}">{inside}</message>'
        )
        self._automatic.told(jid)
        where, sent = domain(jid), SentMessage(lost)
        self._sent[jid, stanza_id] = sent
        way = self._proofs.way(where)
        way.flying += 1
        sent.confirmation.add_done_callback(lambda _: self.ended(jid, stanza_id, sent, way))
        self._proofs.expect(where, sent)
        return sent.confirmation

    def ended(self, jid: str, stanza_id: str, sent: SentMessage, way: Way) -> None:
        """A message is confirmed, failed or given up."""
        if self._sent.get((jid, stanza_id)) is sent:
            del self._sent[jid, stanza_id]
        way.ended()
        self._proofs.drop(domain(jid), way)

    async def write(self, jid: str, stanza_id: str, text: str) -> Confirmation:
        """Send plain words of the bot's to a JID that need not be a person's.

        Where nothing proves them they are unconfirmed: a gateway has its price, and is not to be
        told twice for nothing. Raises Unavailable.
        """
        words = serialize(body(fit(text, BODY_BYTES, "…")), own_words())
        return self.put(jid, stanza_id, words, Unconfirmed)

    async def retract(self, jid: str, message: Message) -> None:
        """Ask a person's client to hide what was sent (XEP-0424); raises Unavailable."""
        self._session.send(retraction("chat", self._bot, jid, message.id))

    def bounced(self, stanza: Element) -> None:
        """An error came back from someone: for a message on its way, it is the answer."""
        sender, fault = bare(stanza.get("from", "")), Fault.read(stanza)
        sent = self._sent.get((sender, stanza.get("id", "")))
        if not sent:
            return
        sentence = _("{who} did not accept the message: {why}.", who=sender, why=fault)
        if fault.condition in HOPELESS:
            sent.settle(Refused(sentence))
        else:
            sent.settle(Unavailable(sentence))

    def lose(self) -> None:
        """The session ended: nothing that is on its way is proved any more."""
        for sent in tuple(self._sent.values()):
            sent.settle(sent.lost(_("The connection to the XMPP server was lost.")))
