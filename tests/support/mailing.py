"""What the tests of mail share: addresses that are made up, and a mail server that does
what it is told."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from component.bus.model.delivery import Delivery
from component.bus.model.message import Author, Channel, Message
from component.bus.ports.method import Ports
from component.bus.ports.rendering import Letter, PlainRenderer
from component.common.errors import DeliveryError, StoreError
from component.methods.mail.compose import OutgoingMail, compose
from component.methods.mail.refusals import Meaning
from component.methods.mail.reports import RecipientStatus
from component.methods.mail.setup import Mailbox, MailSetup, Port
from tests.support.fakes import FakeClock, FakeWorld

HOST = "127.0.0.1"
SENDER = Mailbox("Shoutbus", "shoutbus@example.org")
JULIET = Channel("mail", "juliet@example.org")
SECRET = b"a secret for tests only"


def delivery(body: str = "hello", target: Channel = JULIET, seq: int = 1) -> Delivery:
    message = Message.new(
        Channel("shoutbox", "lobby"), Author("Romeo", "romeo@x"), body, 1_700_000_000_000
    )
    return Delivery(seq, message, target)


def a_mail(body: str = "hello", to: str = "juliet@example.org") -> OutgoingMail:
    return compose(
        Letter("Lobby", body), delivery(body, Channel("mail", to)), SENDER, SENDER.address
    )


def a_setup(port: int, **more: Any) -> MailSetup:
    return MailSetup(SENDER, HOST, Port(port), **more)


class FakeRenderer(PlainRenderer):
    """Says what a message says, in mails with `more` in them."""

    def __init__(self, **more: str) -> None:
        self.more = more

    async def letter(self, delivery: Delivery) -> Letter:
        return Letter("Lobby", delivery.message.body, **self.more)


class FakeAddresses:
    """All are proved, but where `refusal` says otherwise; `gone` is what came back."""

    def __init__(self) -> None:
        self.refusal: DeliveryError | None = None
        self.gone: list[tuple[Channel, str]] = []
        self.failing = 0
        self.told = asyncio.Event()

    async def check(self, delivery: Delivery) -> None:
        if self.refusal:
            raise self.refusal

    async def bounced(self, target: Channel, why: str) -> None:
        if self.failing:
            self.failing -= 1
            raise StoreError("The disk is full; nothing was changed, try again.")
        self.gone.append((target, why))
        self.told.set()

    async def returned(self, target: Channel, status: RecipientStatus) -> None:
        """Takes reports where no method does."""
        if status.meaning is Meaning.GONE:
            await self.bounced(target, status.why)

    async def knows(self, target: Channel) -> bool:
        return True

    async def allow(self, target: Channel) -> None:
        raise NotImplementedError

    async def owner(self, target: Channel) -> str:
        return ""

    async def stop(self, target: Channel) -> None:
        raise NotImplementedError


def ports(
    setup: MailSetup | None,
    addresses: FakeAddresses,
    clock: FakeClock | None = None,
    world: FakeWorld | None = None,
) -> Ports:
    world = world or FakeWorld(clock)
    nothing: Any = None
    return Ports(
        nothing,
        nothing,
        accept=world,
        clock=world.clock,
        timer=world.scheduler,
        memory=world,
        tell=world.tell,
        joins=[],
        fetcher=lambda: None,
        ends=lambda _: (),
        luck=Random(1),  # noqa: S311
        addresses=addresses,
        secret=SECRET,
        setup={"mail": setup} if setup else {},
    )


Answer = str | Callable[[], str]
DROP, HANG = "drop", "hang"


@dataclass
class Took:
    """A mail that the server has: the envelope as it was written, and the bytes as they went over
    the wire."""

    sender: str
    to: str
    raw: bytes


@dataclass
class OddServer:
    """An SMTP server whose answers are given: by the first word of a command, `.` for the end of a
    mail and `hello` for the greeting. An answer is a line, DROP (the connection) or HANG; a list is
    used up, then comes what is usual."""

    extensions: tuple[str, ...] = ("8BITMIME", "PIPELINING")
    answers: dict[str, list[str]] = field(default_factory=dict)
    always: dict[str, str] = field(default_factory=dict)
    took: list[Took] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    most_open: int = 0
    port: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, HOST, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()

    def count(self, word: str) -> int:
        return sum(line.upper().startswith(word) for line in self.heard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.connections += 1
        self.open += 1
        self.most_open = max(self.most_open, self.open)
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the other side went
        finally:
            self.open -= 1
            self._writers.discard(writer)
            writer.close()
            self.changed.set()

    async def _say(self, writer: asyncio.StreamWriter, word: str, usual: str) -> str:
        given = self.answers.get(word)
        said = given.pop(0) if given else self.always.get(word, usual)
        if said == DROP:
            raise ConnectionError(DROP)
        if said == HANG:
            await asyncio.Event().wait()
        writer.write(f"{said}\r\n".encode())
        await writer.drain()
        return said

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._say(writer, "hello", "220 odd.example.org")
        sender = to = ""
        while True:
            line = (await reader.readuntil(b"\r\n")).decode()[:-2]
            self.heard.append(line)
            word = line.partition(" ")[0].upper()
            if word == "DATA":
                if (await self._say(writer, word, "354 go on")).startswith("354"):
                    raw = await _until_dot(reader)
                    took = Took(sender, to, raw)
                    self.took.append(took)
                    self.changed.set()
                    if not (await self._say(writer, ".", "250 2.0.0 taken")).startswith("250"):
                        self.took.remove(took)
                continue
            sender, to = (line if word == "MAIL" else sender), (line if word == "RCPT" else to)
            usual = (
                self._hello if word == "EHLO" else "221 bye" if word == "QUIT" else "250 2.0.0 OK"
            )
            said = await self._say(writer, word, usual)
            if word == "QUIT" or said.startswith("421"):
                return

    @property
    def _hello(self) -> str:
        lines = ("odd.example.org", *self.extensions)
        return "\r\n".join(f"250{' ' if one == lines[-1] else '-'}{one}" for one in lines)


async def _until_dot(reader: asyncio.StreamReader) -> bytes:
    """The bytes as they come, to the one end that there is (RFC 5321 section 4.1.1.4)."""
    raw = b"\r\n" + await reader.readuntil(b"\r\n")
    while not raw.endswith(b"\r\n.\r\n"):
        raw += await reader.readuntil(b"\r\n")
    return raw[2:-3]


@asynccontextmanager
async def odd(
    extensions: Iterable[str] = ("8BITMIME",), **answers: str | list[str]
) -> AsyncIterator[OddServer]:
    """A server with these answers: lists are used up, what is no list stays; `end` stands for
    `.`."""
    named = {
        "." if name == "end" else name if name == "hello" else name.upper(): one
        for name, one in answers.items()
    }
    server = OddServer(
        tuple(extensions),
        {name: list(one) for name, one in named.items() if isinstance(one, list)},
        {name: one for name, one in named.items() if isinstance(one, str)},
    )
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
