"""Sites that send too much, too slowly, or rubbish: each is left in time, and it is said what it
did."""

import asyncio
import gzip
import socket
import zlib
from contextlib import suppress
from random import Random

import pytest
from aiohttp import web as http

from component.fetch.result import Fault, FetchError, Limits
from tests.support.site import (
    OK,
    Raw,
    Talk,
    fetching,
    gives,
    got,
    is_silent,
    keeps_saying,
    says,
    site,
)

# Too much


@pytest.mark.parametrize(
    ("coding", "bomb"),
    [
        ("gzip", gzip.compress(b"\0" * 50_000_000)),
        ("deflate", zlib.compress(b"\0" * 50_000_000)),
        ("gzip", gzip.compress(b"\0" * 900_000) * 20),
    ],
)
async def test_bombs(coding: str, bomb: bytes) -> None:
    async def handler(_request: http.Request) -> http.StreamResponse:
        return gives(bomb, Content_Encoding=coding)

    async with site(handler) as server, fetching() as fetcher:
        with pytest.raises(FetchError, match="sent more than 1 MiB"):
            await fetcher.get(server.url, limits=Limits(body=1024 * 1024))


async def test_what_is_packed_is_unpacked() -> None:
    async def handler(request: http.Request) -> http.StreamResponse:
        assert request.headers["Accept-Encoding"] == "gzip, deflate"
        return gives(gzip.compress(b"<rss/>" * 10_000), Content_Encoding="gzip")

    async with site(handler) as server, fetching() as fetcher:
        assert (await fetcher.get(server.url)).body == b"<rss/>" * 10_000


RAW = zlib.compressobj(wbits=-zlib.MAX_WBITS)


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"<rss/>") + b"\0" * 512),
        ("gzip", gzip.compress(b"<rss/>") + b"<!-- from the cache -->"),
        ("gzip", gzip.compress(b"<rss") + gzip.compress(b"/>")),
        ("x-gzip", gzip.compress(b"<rss/>")),
        ("deflate", zlib.compress(b"<rss/>") + b"\n"),
        ("deflate", RAW.compress(b"<rss/>") + RAW.flush()),
    ],
    ids=["padded", "followed", "in members", "by its old name", "followed deflate", "raw deflate"],
)
async def test_whatever_servers_do_to_compressed_data(coding: str, body: bytes) -> None:
    async def handler(_request: http.Request) -> http.StreamResponse:
        return gives(body, Content_Encoding=coding)

    async with site(handler) as server, fetching() as fetcher:
        assert (await fetcher.get(server.url)).body == b"<rss/>"


@pytest.mark.parametrize(
    ("coding", "body"),
    [
        ("gzip", gzip.compress(b"x" * 99)[:-9]),
        ("gzip", gzip.compress(b"x" * 99)[:-1]),
        ("deflate", zlib.compress(b"x" * 99)[:-1]),
        ("gzip, gzip", gzip.compress(gzip.compress(b"x" * 99))),
        ("br", b"x"),
    ],
    ids=["cut", "cut in its checksum", "cut deflate", "twice", "brotli"],
)
async def test_compressed_data_that_is_not_whole_is_none(coding: str, body: bytes) -> None:
    async def handler(_request: http.Request) -> http.StreamResponse:
        return gives(body, Content_Encoding=coding)

    async with site(handler) as server, fetching() as fetcher:
        with pytest.raises(FetchError, match="cannot be decompressed"):
            await fetcher.get(server.url)


async def test_a_body_that_says_it_is_too_large_is_not_read() -> None:
    sent = Raw()

    def count(size: int) -> None:
        sent.sent += size

    with pytest.raises(FetchError, match="more than"):
        await got(keeps_saying(OK + b"Content-Length: 100000000\r\n\r\n", b"x" * 10_000, count))
    assert sent.sent < 10_000_000  # what fits between two sockets


@pytest.mark.parametrize("start", [OK + b"Transfer-Encoding: chunked\r\n\r\n", OK + b"\r\n"])
async def test_a_body_without_end_is_left(start: bytes) -> None:
    sent = Raw()

    def count(size: int) -> None:
        sent.sent += size

    chunk = b"%x\r\n" % 10_000 + b"x" * 10_000 + b"\r\n"
    with pytest.raises(FetchError, match="more than"):
        await got(keeps_saying(start, chunk, count))
    assert sent.sent < 10_000_000


async def test_what_comes_is_counted_apart_from_what_is_unpacked() -> None:
    chunk = b"%x\r\n" % 60_000 + b"x" * 60_000 + b"\r\n"
    start = OK + b"Transfer-Encoding: chunked\r\n\r\n"
    assert len((await got(says(start + chunk + b"0\r\n\r\n"))).body) == 60_000
    with pytest.raises(FetchError, match="more than"):
        await got(says(start + chunk * 2 + b"0\r\n\r\n"))


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"x" * 100_000 + b"\r\n",
        b"X: y\r\n" * 10_000,
        b"x" * 100_000,
        b"Location: " + b"/" * 9000 + b"\r\n",
    ],
)
async def test_heads_that_are_too_large(head: bytes) -> None:
    with pytest.raises(FetchError, match="not HTTP"):
        await got(says(OK + head + b"\r\n"))


# Too slow


@pytest.mark.parametrize(
    ("talk", "words"),
    [
        (is_silent, "did not answer in time."),
        (keeps_saying(OK, b"X: y\r\n", pause=0.02), "did not answer in time."),
        (
            keeps_saying(
                b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", pause=0.02
            ),
            "in time",
        ),
        (
            keeps_saying(OK + b"Content-Length: 99999\r\n\r\n", b"x", pause=0.02),
            "sends data too slowly.",
        ),
        (
            keeps_saying(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n", pause=0.02),
            "sends data too slowly.",
        ),
        (
            keeps_saying(OK + b"Content-Length: 99999\r\n\r\n", b"x", pause=60),
            "did not answer in time.",
        ),
    ],
)
async def test_drips(talk: Talk, words: str) -> None:
    loop = asyncio.get_running_loop()
    start = loop.time()
    with pytest.raises(FetchError, match=words) as caught:
        await got(talk)
    assert caught.value.fault is Fault.SITE
    assert loop.time() - start < 1.5


async def test_all_time_is_counted_over_redirects() -> None:
    async def handler(request: http.Request) -> http.StreamResponse:
        await asyncio.sleep(1)
        return gives(b"", 302, Location=request.path + "x")

    async with site(handler) as server, fetching() as fetcher:
        with pytest.raises(FetchError, match="in time"):
            await fetcher.get(server.url, limits=Limits(total=2.5))
    assert len(server.asked) == 3


# Broken


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (OK + b"Content-Length: 10\r\n\r\nshort", "closed the connection too early."),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel", "closed the connection too early."),
        (
            OK
            + b"Content-Encoding: gzip\r\nContent-Length: 20\r\n\r\n"
            + gzip.compress(b"x" * 99)[:20],
            "decompressed",
        ),
        (OK + b"Content-Encoding: br\r\nContent-Length: 1\r\n\r\nx", "decompressed"),
        (OK + b"Content-Encoding: gzip\r\nContent-Length: 5\r\n\r\n<rss>", "decompressed"),
        (OK + b"Content-Length: 2\r\n\r\nhello", "not HTTP"),
        (OK + b"Content-Length: -1\r\n\r\nx", "not HTTP"),
        (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx", "not HTTP"),
        (
            OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n",
            "not HTTP|closed the connection too early",
        ),
        (OK + b"X\0: y\r\n\r\n", "not HTTP"),
        (OK, "closed the connection too early."),
        (b"", "closed the connection too early."),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "not HTTP"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "not HTTP"),
        (b"<rss>no head at all</rss>", "not HTTP"),
        (b"HTTP/1.1 999999 No\r\n\r\n", "not HTTP"),
        (b"HTTP/1.1 302 Found\r\n\r\n", "sent a redirect without a destination."),
        (b"HTTP/1.1 302 Found\r\nLocation: \r\n\r\n", "sent a redirect without a destination."),
        (
            b"HTTP/1.1 302 Found\r\nLocation: http://[\xff/\r\n\r\n",
            "redirects to an address that Shoutbus does not connect to.",
        ),
        (b"HTTP/1.1 300 Choose\r\n\r\n", "refused the request"),
    ],
)
async def test_broken_answers(answer: bytes, words: str) -> None:
    with pytest.raises(FetchError, match=words) as caught:
        await got(says(answer))
    assert caught.value.fault is Fault.SITE


async def test_a_connection_that_is_reset() -> None:
    async def talk(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK + b"Content-Length: 10\r\n\r\nsho")
        await writer.drain()
        taken = writer.get_extra_info("socket")
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    with pytest.raises(FetchError, match=r"closed the connection too early|reset"):
        await got(talk)


@pytest.mark.parametrize("seed", range(20))
async def test_random_bytes(seed: int) -> None:
    chance = Random(seed)  # noqa: S311
    start = chance.choice([b"", b"HTTP/1.1 ", OK, OK + b"Transfer-Encoding: chunked\r\n\r\n"])
    with suppress(FetchError):
        await got(says(start + chance.randbytes(300)))
