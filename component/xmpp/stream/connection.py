"""One connection of the component (XEP-0114): slixmpp's stream and handshake, and nothing that
outlives them.

A slixmpp component never reconnects by itself, so each `Connection` connects once. One character
that XML can't carry kills the stream, so `send_raw` scrubs everything that goes out.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element, XMLPullParser

import structlog
from slixmpp import ComponentXMPP
from slixmpp.xmlstream.xmlstream import NotConnectedError

from component.common.errors import ConfigError, Unavailable, words
from component.common.sanitize import scrub
from component.xmpp.stanza import STREAM_ERROR

log = structlog.get_logger()

MAX_STANZA_BYTES = 500_000
"""Bytes of one stanza: servers end the stream at 512 KiB."""
HANDSHAKE_S = 20.0
"""Seconds the handshake may take."""

_CONFIGURATION = {
    # ejabberd says the same of a name that it doesn't know.
    "not-authorized": "the server refused the secret or the name; copy [xmpp] secret and component "
    "from its component section",
    "host-unknown": "the server does not know this component, or this is not its component port; "
    "check its component section",
    "conflict": "another process is already connected as this component",
}


@dataclass(frozen=True, slots=True)
class ComponentAccount:
    """Where the component connects and as what."""

    host: str
    port: int
    component: str
    secret: str


class PromptParser(XMLPullParser):  # type: ignore[type-arg]  # is generic for mypy alone
    """Gives a stanza as soon as it is whole.

    expat puts off a tag that came in two parts until as much has come again, so the last stanza of
    a burst would wait for the next one. This is since 2.6, and in Debian 12's 2.5 too; older
    Pythons have no flush. Therefore expat never gets a part of a tag: what follows the last “>” is
    held back. Servers write “&gt;” where it does not end a tag.
    """

    def __init__(self) -> None:
        super().__init__(("start", "end"))
        self._held: list[bytes] = []

    def feed(self, data: Any) -> None:
        """Take bytes as they come."""
        whole, end, rest = data.rpartition(b">")
        if end:
            super().feed(b"".join((*self._held, whole, end)))
            self._held.clear()
        self._held.append(rest)


class Connection(ComponentXMPP):
    """slixmpp's stream and handshake; stanzas go to `heard` as parsed elements.

    `opened` gives whether the handshake went well, `ended` is set when the stream is over, and
    `trouble` says why.
    """

    def __init__(self, account: ComponentAccount, heard: Callable[[Element], None]) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            account.component, account.secret, account.host, account.port, fix_error_ns=True
        )
        self.whitespace_keepalive = False
        self.heard = heard
        self.trouble = ""
        self.ended = asyncio.Event()
        self.opened: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._out: list[bytes] = []
        self.add_event_handler("session_start", lambda _: self.handshake_done(True))
        self.add_event_handler("connection_failed", self.connect_failed)
        self.add_event_handler("disconnected", self.stream_ended)

    def handshake_done(self, well: bool) -> None:
        """The handshake is over."""
        if not self.opened.done():
            self.opened.set_result(well)

    def connect_failed(self, reason: object) -> None:
        """There was no TCP connection."""
        why = str(reason)
        if isinstance(reason, OSError):
            why = words(reason)
        if not self.trouble:
            self.trouble = (
                f"no connection ({why}); check that the server is running and that this is its "
                "component port"
            )
        self.handshake_done(False)

    def stream_ended(self, _: object) -> None:
        """The stream is over, before or after the handshake."""
        self.ended.set()
        self.handshake_done(False)

    def init_parser(self) -> None:
        """Begin a stream."""
        super().init_parser()
        self.parser = PromptParser()

    def data_received(self, data: bytes | str) -> None:
        """Acknowledge at once: a server that waits for that before it sends more (Nagle) stood
        still 40 ms a window."""
        # Linux alone has this option, and forgets it each time.
        if self.socket is not None and hasattr(socket, "TCP_QUICKACK"):
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
        super().data_received(data)

    # COMPAT: slixmpp's place for "a whole stanza came in"; it has no public one before stanza
    # objects are built.
    def _spawn_event(self, xml: Element) -> None:
        if xml.tag == STREAM_ERROR:
            self.trouble = next((child.tag.rpartition("}")[2] for child in xml), "error")
        elif self.sessionstarted:
            self.heard(xml)
        else:
            super()._spawn_event(xml)

    def send_raw(self, data: str | bytes) -> None:
        """The one way out. What is sent in one turn of the loop goes as one write: a packet for
        each stanza costs us and the server more than the stanza."""
        if isinstance(data, str):
            data = scrub(data).encode()
        if len(data) > MAX_STANZA_BYTES:
            log.error("oversized stanza dropped", size=len(data))
            return
        if not self.transport:
            raise NotConnectedError
        if not self._out:
            self.loop.call_soon(self.write_out)
        self._out.append(data)

    def write_out(self) -> None:
        """Write what was sent in this turn of the loop."""
        data, self._out = b"".join(self._out), []
        # Where the connection went in this turn, nothing of it was delivered.
        with contextlib.suppress(NotConnectedError):
            super().send_raw(data)

    async def close(self) -> None:
        """End the stream and everything slixmpp runs for it."""
        if self.is_connected():
            with contextlib.suppress(Exception):
                await asyncio.wait_for(self.disconnect(wait=1.0, ignore_send_queue=True), 2)
        self.cancel_connection_attempt()
        if self._run_out_filters:
            self._run_out_filters.cancel()


async def connect(account: ComponentAccount, heard: Callable[[Element], None]) -> Connection:
    """A connection past its handshake; raises Unavailable, or ConfigError where trying again does
    not help."""
    connection = Connection(account, heard)
    connection.connect()
    try:
        async with asyncio.timeout(HANDSHAKE_S):
            if await connection.opened:
                return connection
    except TimeoutError:
        connection.trouble = "the server did not answer the handshake"
    except asyncio.CancelledError:
        await connection.close()
        raise
    await connection.close()
    where = f"{account.host}:{account.port} as {account.component}"
    why = _CONFIGURATION.get(connection.trouble)
    if why:
        raise ConfigError([f"{where}: {why}."])
    trouble = connection.trouble or "the server closed the connection"
    if not trouble.endswith("?"):
        trouble += "."
    raise Unavailable(f"{where}: {trouble}")
