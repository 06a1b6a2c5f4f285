"""Web servers on loopback that answer as told, well and badly; and names that lead where a test
says."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import chain, repeat

from aiohttp import web as http
from aiohttp.abc import AbstractResolver, ResolveResult

from component.fetch.client import Fetcher
from component.fetch.policy import Allowed
from component.fetch.result import Fetched, Limits
from tests.support.fakes import FakeClock

Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOPBACK = Allowed.parse(["127.0.0.1"])
QUICK = Limits(
    packed=100_000,
    body=1_000_000,
    connect=2,
    head=0.5,
    idle=0.3,
    total=2,
    grace=0.2,
    slowest=100_000,
)
OK = b"HTTP/1.1 200 OK\r\n"


@dataclass
class Site:
    """What a server saw: requests, the connections they came over, and how many of those there were
    at once."""

    port: int = 0
    asked: list[http.Request] = field(default_factory=list)
    peers: set[object] = field(default_factory=set)
    now: int = 0
    most: int = 0
    server: "http.Server | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def open(self) -> int:
        """Connections that stand now."""
        return len(self.server.connections) if self.server else 0


@asynccontextmanager
async def site(handler: Handler) -> AsyncIterator[Site]:
    """A server that answers everything by `handler`."""
    seen = Site()

    async def answer(request: http.Request) -> http.StreamResponse:
        seen.asked.append(request)
        seen.peers.add(request.transport and request.transport.get_extra_info("peername"))
        seen.now += 1
        seen.most = max(seen.most, seen.now)
        try:
            return await handler(request)
        finally:
            seen.now -= 1

    seen.server = http.Server(answer)  # type: ignore[arg-type]
    runner = http.ServerRunner(seen.server, shutdown_timeout=0)
    await runner.setup()
    await http.TCPSite(runner, "127.0.0.1", 0).start()
    seen.port = runner.addresses[0][1]
    try:
        yield seen
    finally:
        await runner.cleanup()


@dataclass
class Raw:
    """What a server of plain bytes saw."""

    port: int = 0
    connections: int = 0
    sent: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"


@asynccontextmanager
async def raw(talk: Talk) -> AsyncIterator[Raw]:
    """A server that talks as it likes, once it has heard the request's head."""
    seen = Raw()
    tasks: set[asyncio.Task[None]] = set()

    async def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.connections += 1
        task = asyncio.current_task()
        assert task
        tasks.add(task)
        try:
            await reader.readuntil(b"\r\n\r\n")
            await talk(reader, writer)
        except (OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # they left, or the test is over
        finally:
            writer.close()

    server = await asyncio.start_server(meet, "127.0.0.1", 0)
    seen.port = server.sockets[0].getsockname()[1]
    try:
        yield seen
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def says(data: bytes) -> Talk:
    """It says that and hangs up."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(data)
        await writer.drain()

    return talk


def keeps_saying(
    first: bytes, then: bytes, seen: Callable[[int], None] = lambda _sent: None, pause: float = 0
) -> Talk:
    """It says `first`, and then something without end."""

    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(first)
        while True:
            writer.write(then)
            await writer.drain()
            seen(len(then))
            await asyncio.sleep(pause)

    return talk


async def is_silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    """It hears, and says nothing."""
    await reader.read()


class Names(AbstractResolver):
    """Each host's addresses, one answer after the other; the last one stays. Unknown ones have
    127.0.0.1."""

    def __init__(
        self, answers: Mapping[str, Iterable[list[str]]] | None = None, error: OSError | None = None
    ) -> None:
        self._answers = {
            host: chain(found, repeat([*found][-1])) for host, found in (answers or {}).items()
        }
        self._error = error
        self.asked: list[str] = []

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        if self._error:
            raise self._error
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                proto=0,
                flags=socket.AI_NUMERICHOST,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
            )
            for one in next(self._answers.get(host, iter([["127.0.0.1"]])))
        ]

    async def close(self) -> None:
        pass


@asynccontextmanager
async def fetching(
    allowed: Allowed = LOOPBACK, names: AbstractResolver | None = None
) -> AsyncIterator[Fetcher]:
    """A fetcher that may fetch from 127.0.0.1 unless told otherwise."""
    fetcher = Fetcher(
        "Shoutbus/1 (+https://bus.example.org)", allowed, FakeClock(), names or Names()
    )
    try:
        yield fetcher
    finally:
        await fetcher.close()


def gives(body: bytes = b"<rss/>", status: int = 200, **headers: str) -> http.Response:
    """An answer; headers with _ for -."""
    return http.Response(
        body=body, status=status, headers={key.replace("_", "-"): it for key, it in headers.items()}
    )


async def plain(_request: http.Request) -> http.StreamResponse:
    """A small feed, always."""
    return gives()


async def got(talk: Talk, limits: Limits = QUICK) -> Fetched:
    """What is fetched from a server that talks like that."""
    async with raw(talk) as server, fetching() as fetcher:
        return await fetcher.get(server.url, limits=limits)
