"""Requests to other people's servers. Neither the servers nor what they send is trusted.

Each address is checked again when the connection is made, so that a changed name (DNS rebinding)
or a redirect gains nothing. A host gets one connection at a time. Decisions are in `policy`,
`result` and `freshness`.
"""

import asyncio
import errno
import socket
import ssl
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import DefaultResolver
from yarl import URL

from component.common.errors import words
from component.common.i18n import _
from component.common.sanitize import one_line
from component.fetch.decompress import CODINGS, Garbled, Inflate
from component.fetch.freshness import fresh_for, retry_after
from component.fetch.policy import Allowed, Way, inside, literal, within
from component.fetch.result import MIB, Fault, Fetched, FetchError, Limits, refusal

AT_ONCE = 40
"""Connections in all."""
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_SAME_METHOD = frozenset({307, 308})
_LIMITS = Limits()
_LINKS = 8000
"""Characters of the Link header that are kept."""


def agent(version: str, public_url: str) -> str:
    """The User-Agent of the bus; the + is followed by the address of its owner."""
    return f"Shoutbus/{version} (+{public_url})"


def explain(error: BaseException, host: str) -> FetchError:
    """Why a connection gave no answer, and whose fault that is."""
    if isinstance(error, TimeoutError):
        return FetchError(_("{host} did not answer in time.", host=host))
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return _nameless(error, host)
    if isinstance(error, aiohttp.ClientSSLError | ssl.SSLError):
        return _insecure(error, host)
    if isinstance(error, OSError):
        return _unreached(error, host)
    if isinstance(error, aiohttp.ServerDisconnectedError | aiohttp.ClientPayloadError):
        return FetchError(_("{host} closed the connection too early.", host=host))
    if isinstance(error, Garbled):
        return FetchError(_("{host} sent compressed data that cannot be decompressed.", host=host))
    return FetchError(_("{host} sent a response that is not HTTP.", host=host))


def _nameless(error: aiohttp.ClientConnectorDNSError, host: str) -> FetchError:
    causes = [error.os_error, error.os_error.__cause__]
    codes = {one.args[0] for one in causes if one and one.args}
    # c-ares: server failure, refused, time-out, no server; getaddrinfo: try again.
    later = {3, 6, 11, 12, socket.EAI_AGAIN, socket.EAI_SYSTEM}
    if codes & later:
        return FetchError(_("The name {host} could not be resolved.", host=host), Fault.HERE)
    return FetchError(_("The host {host} does not exist.", host=host), Fault.ADDRESS)


def _insecure(error: Exception, host: str) -> FetchError:
    cause = getattr(error, "certificate_error", None) or getattr(error, "os_error", error)
    why = getattr(cause, "verify_message", "")
    if why:
        return FetchError(_("{host} does not have a valid certificate: {why}.", host=host, why=why))
    return FetchError(_("A TLS connection to {host} cannot be established.", host=host))


def _unreached(error: OSError, host: str) -> FetchError:
    here = error.errno in (errno.ENETUNREACH, errno.EMFILE, errno.ENFILE, errno.EADDRNOTAVAIL)
    if error.errno == errno.EACCES:
        return inside(host)
    what = _("{host} cannot be reached: {why}.", host=host, why=words(error) or "?")
    return FetchError(what, Fault.HERE if here else Fault.SITE)


class _Resolver(AbstractResolver):
    """Gives only addresses that may be connected to."""

    def __init__(self, allowed: Allowed, names: AbstractResolver) -> None:
        self._allowed = allowed
        self._names = names
        self.vouched: set[str] = set()
        """Addresses inside that hosts allowed by name have."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """Raises OutOfReach where one address of the host is inside: nobody has that by chance."""
        found = await self._names.resolve(host, port, family)
        if self._allowed.names(host):
            self.vouched |= {one["host"] for one in found}
        elif not all(_reachable(one["host"], self._allowed) for one in found):
            raise inside(host)
        return found

    async def close(self) -> None:
        """Forget the names."""
        await self._names.close()

    def open(self, info: tuple[Any, ...]) -> socket.socket:
        """A socket for an address that was found; the last look before the connection, whatever led
        here."""
        host = info[4][0]
        if host not in self.vouched and not _reachable(host, self._allowed):
            raise PermissionError(errno.EACCES, "inside")
        return socket.socket(*info[:3])


def _reachable(host: str, allowed: Allowed) -> bool:
    address = literal(host)
    return address is not None and allowed.holds(address)


@dataclass
class _Host:
    """Whose turn it is, and how many want one."""

    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    wanted: int = 0


class Fetcher:
    """Fetches for everyone; made and closed inside a running loop."""

    def __init__(
        self,
        agent: str,
        allowed: Allowed,
        clock: Callable[[], int],
        names: AbstractResolver | None = None,
    ) -> None:
        """`agent` goes into User-Agent, `clock` gives ms, `names` resolves names in place of the
        system."""
        self._allowed = allowed
        self._clock = clock
        resolver = _Resolver(allowed, names or DefaultResolver())
        connector = aiohttp.TCPConnector(
            resolver=resolver,
            socket_factory=resolver.open,
            use_dns_cache=False,
            limit=AT_ONCE,
            limit_per_host=1,
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"User-Agent": agent, "Accept-Encoding": CODINGS},
            auto_decompress=False,
            trust_env=False,
            max_line_size=8190,
            max_field_size=8190,
            max_headers=128,
        )
        self._hosts: defaultdict[str, _Host] = defaultdict(_Host)
        self._slots = asyncio.Semaphore(AT_ONCE)

    async def close(self) -> None:
        """End all connections."""
        await self._session.close()

    async def get(
        self,
        url: str,
        *,
        accept: str = "*/*",
        etag: str = "",
        last_modified: str = "",
        limits: Limits = _LIMITS,
    ) -> Fetched:
        """The content of `url`, unless `etag` and `last_modified` show that it has not changed.

        Raises FetchError."""
        headers = {"Accept": accept, "If-None-Match": etag, "If-Modified-Since": last_modified}
        return await self._ask(
            "GET", url, {name: value for name, value in headers.items() if value}, None, limits
        )

    async def post(self, url: str, form: Mapping[str, str], *, limits: Limits = _LIMITS) -> Fetched:
        """What `url` answers to a form; raises FetchError, with what it says of it."""
        return await self._ask("POST", url, {}, form, limits)

    async def _ask(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
        limits: Limits,
    ) -> Fetched:
        way = Way(within(url, self._allowed))
        loop = asyncio.get_running_loop()
        left = limits.total
        follow = _REDIRECTS if form is None else _SAME_METHOD
        while True:
            async with self._turn(way.at) as manners:
                start = loop.time()
                got = await self._hop(
                    method, way.at, {**headers, **manners}, form, replace(limits, total=left)
                )
                left -= loop.time() - start
            if isinstance(got, Fetched):
                return replace(got, moved_to=way.moved_to, unsafe=way.unsafe)
            if got.code not in follow:
                raise refusal(way.at.raw_host or "", got.code)
            way.on(got.code, got.location, self._allowed)

    @asynccontextmanager
    async def _turn(self, url: URL) -> AsyncIterator[Mapping[str, str]]:
        """Wait for the host first and for a slot then, so that one slow host keeps only itself;
        outside every limit.

        Gives what to say of the connection: it is kept for who is next, and not for nobody, as each
        is an open file.
        """
        name = url.raw_host or ""
        host = self._hosts[name]
        host.wanted += 1
        try:
            async with host.lock, self._slots:
                yield {} if host.wanted > 1 else {"Connection": "close"}
        finally:
            host.wanted -= 1
            if not host.wanted:
                del self._hosts[name]

    async def _hop(
        self,
        method: str,
        url: URL,
        headers: Mapping[str, str],
        form: Mapping[str, str] | None,
        limits: Limits,
    ) -> "Fetched | _Elsewhere":
        host = url.raw_host or ""
        timeout = aiohttp.ClientTimeout(
            total=None, sock_connect=limits.connect, sock_read=limits.idle
        )
        head = asyncio.timeout(min(limits.head, limits.total))
        try:
            async with (
                asyncio.timeout(limits.total),
                head,
                self._session.request(
                    method, url, headers=headers, data=form, allow_redirects=False, timeout=timeout
                ) as response,
            ):
                head.reschedule(None)
                return await self._answer(
                    response, "If-None-Match" in headers or "If-Modified-Since" in headers, limits
                )
        except (aiohttp.ClientError, OSError, Garbled) as error:
            raise explain(error, host) from error

    async def _answer(
        self, response: aiohttp.ClientResponse, conditional: bool, limits: Limits
    ) -> "Fetched | _Elsewhere":
        code, headers, now = response.status, response.headers, self._clock()
        if code in _REDIRECTS:
            return _Elsewhere(code, headers.get("Location", ""))
        wait = retry_after(headers.get("Retry-After", ""), now)
        if not (200 <= code < 300 or (code == 304 and conditional)):
            said = await _said(response, limits) if response.method == "POST" else ""
            raise refusal(response.url.raw_host or "", code, wait, said)
        body = b"" if code == 304 else await read(response, limits)
        return Fetched(
            status=code,
            url=str(response.url.with_user(None)),
            body=body,
            content_type=_header(headers, "Content-Type"),
            etag=_header(headers, "ETag"),
            last_modified=_header(headers, "Last-Modified"),
            fresh_for=fresh_for(headers, now),
            retry_after=wait,
            link=", ".join(headers.getall("Link", []))[:_LINKS],
        )


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A redirect."""

    code: int
    location: str


def _header(headers: Mapping[str, str], name: str) -> str:
    """A header that is kept and may be sent back; "" for one that can't be."""
    value = headers.get(name, "")
    return value if len(value) <= 1000 and value.isascii() and value.isprintable() else ""


async def read(response: aiohttp.ClientResponse, limits: Limits) -> bytes:
    """The body, unpacked; raises FetchError where it is too much or too slow, Garbled where it
    can't be unpacked."""
    host = response.url.raw_host
    too_much = FetchError(
        _("{host} sent more than {most} MiB.", host=host, most=limits.body // MIB)
    )
    if (response.content_length or 0) > limits.packed:
        raise too_much
    loop = asyncio.get_running_loop()
    start, came, body = loop.time(), 0, bytearray()
    inflate = Inflate(response.headers.get("Content-Encoding", ""))
    async for chunk in response.content.iter_any():
        came += len(chunk)
        for part in inflate.feed(chunk):
            body += part
            if came > limits.packed or len(body) > limits.body:
                raise too_much
            await asyncio.sleep(0)  # unpacking is work, and others are waiting
        spent = loop.time() - start
        if spent > limits.grace and came < spent * limits.slowest:
            raise FetchError(_("{host} sends data too slowly.", host=host))
    inflate.end()
    return bytes(body)


async def _said(response: aiohttp.ClientResponse, limits: Limits) -> str:
    """The start of a text that tells why not."""
    if not response.content_type.startswith("text/plain"):
        return ""
    try:
        body = await read(response, replace(limits, packed=4096, body=4096))
    except (FetchError, Garbled, aiohttp.ClientError, OSError):
        return ""
    return one_line(body.decode("utf-8", "replace"))[:200]
