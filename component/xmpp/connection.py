"""One connection of the component (XEP-0114): slixmpp's stream and handshake, and nothing that
outlives them.

Seen of slixmpp and kept to here: a component never reconnects by itself, so each connection is a
new Stream; one character that XML can't carry kills the stream, so `send_raw` scrubs whatever goes
out.
"""

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import structlog
from slixmpp import ComponentXMPP
from slixmpp.xmlstream.xmlstream import NotConnectedError

from component.common.errors import ConfigError, Unavailable, words
from component.common.sanitize import scrub
from component.xmpp.stanza import STREAM_ERROR

log = structlog.get_logger()

LIMIT = 500_000
"""Bytes of one stanza: servers end the stream at 512 KiB."""
HANDSHAKE = 20.0
"""Seconds the handshake may take."""

_CONFIGURATION = {
    # ejabberd says the same of a name that it doesn't know.
    "not-authorized": "the server refused the secret or the name; copy [xmpp] secret and "
    "component from its component section",
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


class Connection(ComponentXMPP):
    """One connection: slixmpp's stream and handshake; stanzas go to `heard` as parsed elements."""

    def __init__(self, account: ComponentAccount, heard: Callable[[Element], None]) -> None:
        super().__init__(  # type: ignore[no-untyped-call]
            account.component, account.secret, account.host, account.port, fix_error_ns=True
        )
        self.whitespace_keepalive = False
        self.heard = heard
        self.trouble = ""
        self._out: list[bytes] = []
        self.ended = asyncio.Event()
        self.began: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self.add_event_handler("session_start", lambda _: self._begin(True))
        self.add_event_handler("connection_failed", self._failed)
        self.add_event_handler("disconnected", self._end)

    def _begin(self, well: bool) -> None:
        if not self.began.done():
            self.began.set_result(well)

    def _failed(self, reason: object) -> None:
        why = words(reason) if isinstance(reason, OSError) else str(reason)
        self.trouble = (
            self.trouble
            or f"no connection ({why}); check that the server is running and that this is its "
            "component port"
        )
        self._begin(False)

    def _end(self, _: object) -> None:
        self.ended.set()
        self._begin(False)

    def data_received(self, data: bytes | str) -> None:
        """Acknowledge at once: a server that waits for it before it sends more (Nagle) stood still
        40 ms a window."""
        if self.socket is not None and hasattr(
            socket, "TCP_QUICKACK"
        ):  # Linux; it forgets it each time
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
        """The one place everything goes out through; what is sent in one turn of the loop goes as
        one write: a packet for each stanza costs us and the server more than the stanza."""
        data = scrub(data).encode() if isinstance(data, str) else data
        if len(data) > LIMIT:
            log.error(
                "oversized stanza dropped",
                size=len(data),
                begins=data[:80].decode("utf-8", "replace"),
            )
            return
        if not self.transport:
            raise NotConnectedError
        if not self._out:
            self.loop.call_soon(self._flush)
        self._out.append(data)

    def _flush(self) -> None:
        data, self._out = b"".join(self._out), []
        with contextlib.suppress(
            NotConnectedError
        ):  # it went in this turn: nothing of it was delivered
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
    """A stream past its handshake; raises Unavailable, or ConfigError where trying again can't
    help."""
    stream = Connection(account, heard)
    stream.connect()
    try:
        async with asyncio.timeout(HANDSHAKE):
            if await stream.began:
                return stream
    except TimeoutError:
        stream.trouble = "the server did not answer the handshake"
    except asyncio.CancelledError:
        await stream.close()
        raise
    await stream.close()
    where = f"{account.host}:{account.port} as {account.component}"
    if why := _CONFIGURATION.get(stream.trouble):
        raise ConfigError([f"{where}: {why}."])
    told = stream.trouble or "the server closed the connection"
    raise Unavailable(f"{where}: {told}" + ("" if told.endswith("?") else "."))
