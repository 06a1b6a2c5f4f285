"""A message centre for tests: it speaks SMPP 3.4 as a server does, and keeps what it was given."""

import asyncio
import ssl
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from component.cli.prosody import HOST
from component.methods.sms.gsm import CODES

USER, PASSWORD, SENDER = "shoutbus", "sesame77", "15551234567"
INVALID_PASSWORD, INVALID_DESTINATION, THROTTLED = 0x0E, 0x0B, 0x58

_HEAD = struct.Struct("!IIII")
_BINDS = {0x01, 0x02, 0x09}
_SUBMIT, _UNBIND, _ENQUIRE, _ANSWER = 0x04, 0x06, 0x15, 0x8000_0000
_LETTERS = {code: one for one, code in CODES.items()}


@dataclass(frozen=True)
class Submitted:
    """One submit_sm (section 4.4.1)."""

    source: str
    to: str
    esm_class: int
    coding: int
    message: bytes

    @property
    def head(self) -> bytes:
        """What says which part it is; none where it is all."""
        return self.message[:6] if self.esm_class & 0x40 else b""

    @property
    def text(self) -> str:
        """Its words."""
        body = self.message[len(self.head) :]
        if self.coding == 8:
            return body.decode("utf-16-be")
        words, left = "", body
        while left:
            size = 2 if left[0] == 0x1B else 1
            words += _LETTERS[left[:size]]
            left = left[size:]
        return words


@dataclass
class Smsc:
    """Runs while it is entered. `refuses` gives the command_status for a number; `mute` numbers get
    no answer, and the line of who sends to a `cut` one ends."""

    refuses: dict[str, int] = field(default_factory=dict)
    mute: set[str] = field(default_factory=set)
    cut: set[str] = field(default_factory=set)
    asks_first: bool = False
    """Whether it asks for a sign of life before it answers."""
    port: int = 0
    received: list[Submitted] = field(default_factory=list)
    lines: int = 0
    _news: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        """Its address, as `url` in [sms] names it."""
        return f"smpp://{HOST}:{self.port}"

    @property
    def settings(self) -> str:
        """What [sms] says to send by it."""
        return (
            f'provider = "smpp"\nurl = "{self.url}"\naccount = "{USER}"\nsecret = "{PASSWORD}"\n'
            f'sender = "{SENDER}"'
        )

    @asynccontextmanager
    async def open(self, tls: ssl.SSLContext | None = None) -> AsyncIterator["Smsc"]:
        """Listen."""
        lines: dict[asyncio.Task[None] | None, asyncio.StreamWriter] = {}

        async def line(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            self.lines += 1
            lines[asyncio.current_task()] = writer
            try:
                await self._line(reader, writer)
            except (asyncio.IncompleteReadError, ConnectionError):
                pass  # they hung up
            finally:
                writer.close()
                del lines[asyncio.current_task()]

        server = await asyncio.start_server(line, HOST, self.port, ssl=tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for one in lines.values():
                one.transport.abort()
            await asyncio.gather(*(task for task in lines if task))

    async def until(self, count: int) -> list[Submitted]:
        """What it was given, once that is so much."""
        async with asyncio.timeout(20):
            while len(self.received) < count:
                self._news.clear()
                await self._news.wait()
        return self.received

    async def _line(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        bound = False
        while True:
            length, command, _status, number = _HEAD.unpack(await reader.readexactly(16))
            body = await reader.readexactly(length - 16)
            if command in _BINDS:
                bound = body.split(b"\0")[:2] == [USER.encode(), PASSWORD.encode()]
                status = 0 if bound else INVALID_PASSWORD
                writer.write(
                    _pdu(command | _ANSWER, status, number, b"simulator\0" if bound else b"")
                )
            elif command == _SUBMIT and bound:
                if not self._submitted(writer, _read(body), number):
                    return
            elif command in (_ENQUIRE, _UNBIND):
                writer.write(_pdu(command | _ANSWER, 0, number))
            await writer.drain()

    def _submitted(self, writer: asyncio.StreamWriter, one: Submitted, number: int) -> bool:
        if self.asks_first:
            writer.write(_pdu(_ENQUIRE, 0, 7_000 + number))
        status = self.refuses.get(one.to, 0)
        if not status:
            self.received.append(one)
            self._news.set()
        if one.to in self.cut:
            return False
        if one.to not in self.mute:
            named = b"" if status else f"{len(self.received)}\0".encode()
            writer.write(_pdu(_SUBMIT | _ANSWER, status, number, named))
        return True


def _pdu(command: int, status: int, number: int, body: bytes = b"") -> bytes:
    return _HEAD.pack(16 + len(body), command, status, number) + body


def _read(body: bytes) -> Submitted:
    _service, rest = body.split(b"\0", 1)
    source, rest = rest[2:].split(b"\0", 1)
    to, rest = rest[2:].split(b"\0", 1)
    esm_class, rest = rest[0], rest[3:]
    _when, _until, rest = rest.split(b"\0", 2)
    coding, size = rest[2], rest[4]
    return Submitted(source.decode(), to.decode(), esm_class, coding, rest[5 : 5 + size])
