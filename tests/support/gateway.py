"""An SMS gateway on XMPP for tests: a component of its own on the bus's server, which stands for
telephones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from component.cli.prosody import COMPONENT, HOST
from component.common.sanitize import escape as q
from component.xmpp.connection import ComponentAccount
from component.xmpp.session import Session
from component.xmpp.stanza import NS, PING, body_of, element, error, local
from tests.support.servers import SECRET

GATEWAY = "sms.localhost"
EVIL = "evil.localhost"
BOT = f"bot@{COMPONENT}"


@dataclass
class Gateway:
    """Runs while it is entered. It bounces what is for a number in `refuses`, with that condition
    (RFC 6120)."""

    port: int
    domain: str = GATEWAY
    refuses: dict[str, tuple[str, str]] = field(default_factory=dict)
    sent: list[tuple[str, str, str]] = field(default_factory=list)
    """The number, the words and the stanza's id of all it was given."""
    errors: list[Element] = field(default_factory=list)
    answers: list[Element] = field(default_factory=list)
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Gateway"]:
        """Connect, and be there."""
        self.link = Session(ComponentAccount(HOST, self.port, self.domain, SECRET), self._heard)
        task = asyncio.create_task(self.link.run())
        try:
            async with asyncio.timeout(20):
                await self.link.wait()
            yield self
        finally:
            await self.link.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def says(self, number: str, words: str, id: str, to: str = BOT) -> None:
        """An SMS comes in from a number."""
        self.link.send(
            f'<message type="chat" from="{q(number)}@{self.domain}" to="{to}" '
            f'id="{q(id)}"><body>{q(words)}</body>'
            '<request xmlns="urn:xmpp:receipts"/></message>'
        )

    async def through(self) -> None:
        """Return once the bus has read all that was said before: its answer to a ping is behind
        what it did then."""
        await self.link.ping(BOT, self.domain)

    async def until(self, holds: Callable[[], Any], what: str) -> None:
        """Return once something that came makes it true."""
        try:
            async with asyncio.timeout(30):
                while not holds():
                    self._news.clear()
                    await self._news.wait()
        except TimeoutError:
            raise AssertionError(f"not within 30 s: {what}; there are {self.sent}") from None

    def _heard(self, stanza: Element) -> None:
        number = local(stanza.get("to", ""))
        back = {
            "from": stanza.get("to", ""),
            "to": stanza.get("from", ""),
            "id": stanza.get("id", ""),
        }
        if stanza.tag == f"{NS}iq" and stanza.find(f"{{{PING}}}ping") is not None:
            self.link.send(element("iq", back | {"type": "result"}))
        elif stanza.tag == f"{NS}message" and stanza.get("type") == "error":
            self.errors.append(stanza)
        elif stanza.tag == f"{NS}message" and number in self.refuses:
            kind, condition = self.refuses[number]
            self.link.send(
                element(
                    "message", back | {"type": "error"}, error(kind, condition, "no such telephone")
                )
            )
        elif stanza.tag == f"{NS}message" and body_of(stanza):
            self.sent.append((number, body_of(stanza), stanza.get("id", "")))
        elif stanza.tag == f"{NS}message":
            self.answers.append(stanza)
        self._news.set()
