"""The component's session as the rest of the folder sees it: what is sent, what is asked, and what
to call when it begins and ends.

`supervisor` keeps it up. A TCP write is not a delivery, and nothing queued outlives its connection.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Awaitable, Callable
from xml.etree.ElementTree import Element

import structlog

from component.common.errors import Unavailable
from component.common.i18n import _
from component.xmpp.elements import element, serialize, stanza
from component.xmpp.stanza import NS, PING, Fault, bare, resource
from component.xmpp.stream.connection import ComponentAccount, Connection

log = structlog.get_logger()

IQ_TIMEOUT_S = 20.0
"""Seconds an IQ may take."""
NOT_TRIED = "not connected yet"


class IqError(Exception):
    """An IQ was answered with an error: `fault` says which."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def may_answer(sender: str, asked: str) -> bool:
    """Whether an answer is believed: only from who was asked. An occupant is not the room, whose
    bare JID they share."""
    return bare(sender) == bare(asked) and resource(sender) in ("", resource(asked))


class Session:
    """One session at a time with the server. `heard` gets every stanza but answers to IQs."""

    def __init__(self, account: ComponentAccount, heard: Callable[[Element], None]) -> None:
        self.account = account
        self.domain = account.component
        self.state = "down"
        self.trouble = NOT_TRIED
        self.changed = asyncio.Event()
        self.since = 0.0
        self.up: list[Callable[[], Awaitable[None]]] = []
        """Called when a session begins."""
        self.down: list[Callable[[], None]] = []
        """Called when it ends."""
        self._heard = heard
        self._connection: Connection | None = None
        self._asked: dict[str, tuple[str, asyncio.Future[Element]]] = {}
        self._numbers = itertools.count(1)
        self._live = asyncio.Event()
        self._closing = False

    async def wait(self) -> None:
        """Return once there is a session."""
        await self._live.wait()

    @property
    def alive(self) -> bool:
        """Whether there is a session."""
        return self._live.is_set()

    @property
    def uptime(self) -> float:
        """Seconds since the session began, or ended."""
        return asyncio.get_running_loop().time() - self.since

    # Sending

    def send(self, built: Element) -> None:
        """Write a stanza; raises Unavailable without a session. Not yet a delivery."""
        self.send_text(serialize(built))

    def try_send(self, built: Element) -> None:
        """Write a stanza that means nothing once the session is gone."""
        with contextlib.suppress(Unavailable):
            self.send(built)

    def send_text(self, xml: str) -> None:
        """Write a stanza that is XML already, on a hot path; raises as `send`."""
        if not self._connection or not self.alive or not self._connection.transport:
            raise Unavailable(_("The connection to the XMPP server is down."))
        self._connection.send_raw(xml)

    # Asking

    async def iq(
        self, kind: str, to: str, sender: str, inside: Element, timeout_s: float = IQ_TIMEOUT_S
    ) -> Element:
        """Ask and wait for the result; raises IqError, or Unavailable on time-out and when the
        session ends."""
        number = f"q{next(self._numbers)}"
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._asked[number] = (to, answer)
        try:
            self.send(stanza("iq", sender, to, inside, type=kind, id=number))
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError as late:
            raise Unavailable(
                _("{who} did not answer within {seconds:.0f} s.", who=to, seconds=timeout_s)
            ) from late
        finally:
            del self._asked[number]

    async def ping(self, to: str, sender: str, timeout_s: float = IQ_TIMEOUT_S) -> None:
        """XEP-0199; raises as `iq`."""
        await self.iq("get", to, sender, element(PING, "ping"), timeout_s)

    # Receiving

    def receive(self, xml: Element) -> None:
        """Take a stanza from the connection."""
        try:
            if xml.tag == f"{NS}iq" and xml.get("type") in ("result", "error"):
                self.answered(xml)
            else:
                self._heard(xml)
        except Exception:  # one bad stanza stops nothing else
            log.exception("stanza handling failed", sender=xml.get("from"), kind=xml.tag)

    def answered(self, xml: Element) -> None:
        """Give the answer to an IQ to the part that asked it."""
        to, answer = self._asked.get(xml.get("id", ""), ("", None))
        if answer is None or answer.done() or not may_answer(xml.get("from", ""), to):
            return
        if xml.get("type") == "error":
            answer.set_exception(IqError(Fault.read(xml)))
        else:
            answer.set_result(xml)

    # Beginning and ending

    def begin(self, connection: Connection) -> None:
        """The handshake on a connection is done."""
        self._connection = connection
        self.state, self.trouble = "up", ""
        self.since = asyncio.get_running_loop().time()
        self._live.set()
        self.changed.set()
        log.info("XMPP is up", component=self.domain)

    def end(self) -> None:
        """The connection ended: nothing that was asked is answered any more."""
        self._live.clear()
        gone = Unavailable(_("The connection to the XMPP server was lost."))
        for _to, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(gone)
        for call in self.down:
            call()

    def fail(self, state: str, sentence: str) -> None:
        """The session is not up: `state` is "down" or "misconfigured", `sentence` says why."""
        if (state, sentence) != (self.state, self.trouble) and not self._closing:
            log.warning("XMPP is down", reason=sentence)
        if self.state == "up" or not self.since:
            self.since = asyncio.get_running_loop().time()
        self.state, self.trouble = state, sentence
        self.changed.set()

    async def close(self) -> None:
        """End the session with a closing tag."""
        if self._connection:
            self._closing = True
            await self._connection.close()
