"""An SMS gateway on XMPP for tests: a component of its own on the bus's server, which stands for
telephones."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import Element

from component.cli.prosody import COMPONENT, HOST
from component.xmpp.elements import answer, body, element, error, message
from component.xmpp.stanza import NS, PING, RECEIPTS, body_of, local
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.session import Session
from component.xmpp.stream.supervisor import keep_up
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
        self.session = Session(ComponentAccount(HOST, self.port, self.domain, SECRET), self._heard)
        task = asyncio.create_task(keep_up(self.session))
        try:
            async with asyncio.timeout(20):
                await self.session.wait()
            yield self
        finally:
            await self.session.close()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def says(self, number: str, words: str, id: str, to: str = BOT) -> None:
        """An SMS comes in from a number."""
        sender, request = f"{number}@{self.domain}", element(RECEIPTS, "request")
        self.session.send(message(sender, to, body(words), request, type="chat", id=id))

    async def through(self) -> None:
        """Return once the bus has read all that was said before: its answer to a ping is behind
        what it did then."""
        await self.session.ping(BOT, self.domain)

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
        if stanza.tag == f"{NS}iq" and stanza.find(f"{{{PING}}}ping") is not None:
            self.session.send(answer(stanza, "result"))
        elif stanza.tag == f"{NS}message" and stanza.get("type") == "error":
            self.errors.append(stanza)
        elif stanza.tag == f"{NS}message" and number in self.refuses:
            kind, condition = self.refuses[number]
            refusal = error(kind, condition, "no such telephone")
            self.session.send(answer(stanza, "error", refusal))
        elif stanza.tag == f"{NS}message" and body_of(stanza):
            self.sent.append((number, body_of(stanza), stanza.get("id", "")))
        elif stanza.tag == f"{NS}message":
            self.answers.append(stanza)
        self._news.set()
