"""The component's stream kept up for ever by a supervisor of our own, and what is asked over it.

A TCP write is no delivery, so a silent server is pinged and let go; nothing queued outlives its
stream.
"""

import asyncio
import contextlib
import itertools
import random
from collections.abc import Awaitable, Callable
from typing import Any
from xml.etree.ElementTree import Element

import structlog

from component.common.errors import ConfigError, Unavailable
from component.common.i18n import _
from component.xmpp.connection import ComponentAccount, Connection, connect
from component.xmpp.stanza import DISCO_INFO, MUC, NS, PING, Fault, bare, element, resource

log = structlog.get_logger()

CAP = 10.0
"""Seconds between tries, at most."""
SLOW = 30.0
"""Seconds between tries where the configuration is at fault: a wrong secret does not mend
itself."""
SETTLED = 60.0
"""Seconds a session must last for the back-off to start afresh."""
PULSE = 15.0
"""Seconds between the pings that tell a frozen server from a quiet one, and that one may take."""
PATIENCE = 20.0
"""Seconds an IQ may take."""
UNTRIED = "not connected yet"


class IqError(Exception):
    """An IQ was answered with an error: `fault` says which."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(str(fault))
        self.fault = fault


def may_answer(sender: str, asked: str) -> bool:
    """An answer is believed from who was asked alone: an occupant is not the room, whose bare JID
    they share."""
    return bare(sender) == bare(asked) and resource(sender) in ("", resource(asked))


async def knock(account: ComponentAccount, rooms: str) -> str:
    """Try the connection, the secret and the room service once; "" where all answer, else what to
    do."""
    link = Session(account, lambda _: None)
    advice = "Set it to the server's MUC component."
    task = asyncio.create_task(link.run())
    try:
        async with asyncio.timeout(PATIENCE):
            while link.state == "down" and link.trouble == UNTRIED:
                await link.changed.wait()
        if link.state != "up":
            return link.trouble
        info = await link.iq(
            "get", rooms, account.component, element("query", {"xmlns": DISCO_INFO}), 10
        )
        if not any(one.get("var") == MUC for one in info.iter(f"{{{DISCO_INFO}}}feature")):
            return f"rooms is {rooms}, which is not a room service. {advice}"
    except IqError as error:
        return f"rooms is {rooms}, and the server reports {error.fault}. {advice}"
    except (Unavailable, TimeoutError) as error:
        return f"rooms is {rooms}, which did not answer ({error}). {advice}"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return ""


class Session:
    """The stream as the rest of the folder sees it: `send`, `iq`, and what to call when it comes
    and goes."""

    def __init__(self, account: ComponentAccount, heard: Callable[[Element], None]) -> None:
        self.account = account
        self.domain = account.component
        self.state = "down"
        self.trouble = UNTRIED
        self.changed = asyncio.Event()
        self.since = 0.0
        self.up: list[Callable[[], Awaitable[None]]] = []
        self.down: list[Callable[[], None]] = []
        self._heard = heard
        self._stream: Connection | None = None
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

    def send(self, xml: str) -> None:
        """Write a stanza; raises Unavailable where there is no session. Not yet a delivery."""
        if not self._stream or not self._live.is_set() or not self._stream.transport:
            raise Unavailable(_("The connection to the XMPP server is down."))
        self._stream.send_raw(xml)

    def try_send(self, xml: str) -> None:
        """Write a stanza that means nothing once the session is gone."""
        with contextlib.suppress(Unavailable):
            self.send(xml)

    async def iq(
        self, kind: str, to: str, sender: str, inside: str, patience: float = PATIENCE
    ) -> Element:
        """Ask and wait for the result; raises IqError, or Unavailable on time-out and when the
        session ends."""
        number = f"q{next(self._numbers)}"
        answer: asyncio.Future[Element] = asyncio.get_running_loop().create_future()
        self._asked[number] = (to, answer)
        try:
            self.send(element("iq", {"type": kind, "id": number, "to": to, "from": sender}, inside))
            async with asyncio.timeout(patience):
                return await answer
        except TimeoutError as late:
            raise Unavailable(
                _("{who} did not answer within {seconds:.0f} s.", who=to, seconds=patience)
            ) from late
        finally:
            del self._asked[number]

    async def ping(self, to: str, sender: str, patience: float = PATIENCE) -> None:
        """XEP-0199; raises as `iq`."""
        await self.iq("get", to, sender, f'<ping xmlns="{PING}"/>', patience)

    def _receive(self, xml: Element) -> None:
        try:
            if xml.tag == f"{NS}iq" and xml.get("type") in ("result", "error"):
                self._answered(xml)
            else:
                self._heard(xml)
        except Exception:  # one bad stanza stops nothing else
            log.exception("stanza handling failed", sender=xml.get("from"), kind=xml.tag)

    def _answered(self, xml: Element) -> None:
        to, answer = self._asked.get(xml.get("id", ""), ("", None))
        if answer is None or answer.done() or not may_answer(xml.get("from", ""), to):
            return
        if xml.get("type") == "error":
            answer.set_exception(IqError(Fault.read(xml)))
        else:
            answer.set_result(xml)

    # The supervisor

    async def run(self) -> None:
        """Connect, and connect again, until cancelled."""
        failures = 0
        loop = asyncio.get_running_loop()
        while True:
            began, most = loop.time(), CAP
            try:
                self._stream = await connect(self.account, self._receive)
                began = loop.time()
                await self._session(self._stream)
            except ConfigError as error:
                self._trouble("misconfigured", str(error))
                most, failures = SLOW, 10
            except Unavailable as error:
                self._trouble("down", str(error))
            failures = 0 if loop.time() - began >= SETTLED else failures + 1
            jitter = random.uniform(0.5, 1)  # noqa: S311
            await asyncio.sleep(min(most, 0.25 * 2.0**failures) * jitter)

    def _trouble(self, state: str, sentence: str) -> None:
        if (state, sentence) != (self.state, self.trouble) and not self._closing:
            log.warning("XMPP is down", reason=sentence)
        if self.state == "up" or not self.since:
            self.since = asyncio.get_running_loop().time()
        self.state, self.trouble = state, sentence
        self.changed.set()

    async def _session(self, stream: Connection) -> None:
        self.state, self.trouble = "up", ""
        self.since = asyncio.get_running_loop().time()
        self._live.set()
        self.changed.set()
        log.info("XMPP is up", component=self.domain)
        tasks: list[asyncio.Task[Any]] = [
            asyncio.create_task(self._pulse(stream)),
            asyncio.create_task(self._rise()),
        ]
        try:
            await stream.ended.wait()
        finally:
            self._live.clear()
            for task in tasks:
                task.cancel()
            self._fall(stream)
            await stream.close()
        self._trouble("down", f"the connection ended: {stream.trouble or 'connection lost'}")

    async def _rise(self) -> None:
        for call in self.up:
            try:
                await call()
            except Unavailable:
                return
            except Exception:
                log.exception("XMPP start hook failed")

    def _fall(self, stream: Connection) -> None:
        gone = Unavailable(_("The connection to the XMPP server was lost."))
        for _to, answer in self._asked.values():
            if not answer.done():
                answer.set_exception(gone)
        for call in self.down:
            call()

    async def _pulse(self, stream: Connection) -> None:
        """Through the server and back to ourselves: a frozen one is let go."""
        while True:
            await asyncio.sleep(PULSE)
            try:
                await self.ping(self.domain, self.domain, PULSE)
            except IqError:
                continue  # an answer is an answer
            except Unavailable:
                stream.trouble = "the server stopped answering"
                stream.abort()
                return

    async def close(self) -> None:
        """End the session with a closing tag."""
        if self._stream:
            self._closing = True
            await self._stream.close()
