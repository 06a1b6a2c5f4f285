"""Feeds made to hurt, all at once, on a real bus: each is told of once, in words, and other
channels' words pass on.

Each site has a loopback address of its own, as the bus looks at one feed of a host at a time.
"""

import asyncio
import gzip
import itertools
import statistics
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest
from aiohttp import web as http

from tests.faults.yard import ROOM, channel, open_bus, route, someone, soon, sound, words_of
from tests.support.servers import Bus, Server

Answer = Callable[[http.Request], Awaitable[http.StreamResponse]]
HEAD = b'<rss version="2.0"><channel><title>Bad</title>'
TAIL = b"</channel></rss>"
BOX = "shoutbox:feeds"


def _item(n: int | str, more: str = "") -> bytes:
    return (
        "<item><title>Item "
        f"{n}</title><link>http://bad.example/{n}</link><guid>{n}</guid>{more}</item>"
    ).encode()


def _gives(body: bytes, kind: str = "application/rss+xml", coding: str = "") -> Answer:
    more = {"Content-Encoding": coding} if coding else {}

    async def answer(_request: http.Request) -> http.StreamResponse:
        return http.Response(body=body, headers={"Content-Type": kind, **more})

    return answer


async def _drips(request: http.Request) -> http.StreamResponse:
    """A byte now and then, without end."""
    response = http.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await response.prepare(request)
    for byte in itertools.cycle(HEAD):
        await response.write(bytes([byte]))
        await asyncio.sleep(0.5)
    return response


async def _streams(request: http.Request) -> http.StreamResponse:
    """Items without end, as fast as they are taken."""
    response = http.StreamResponse(headers={"Content-Type": "application/rss+xml"})
    await response.prepare(request)
    await response.write(HEAD)
    for number in itertools.count():
        await response.write(_item(number) * 500)
    return response


async def _is_silent(_request: http.Request) -> http.StreamResponse:
    await asyncio.sleep(3600)
    return http.Response()


async def _circles(request: http.Request) -> http.StreamResponse:
    number = int(request.query.get("n", "0"))
    raise http.HTTPFound(f"/feed?n={(number + 1) % 3}")


async def _leads_inside(_request: http.Request) -> http.StreamResponse:
    raise http.HTTPMovedPermanently("http://169.254.169.254/latest/meta-data/")


LAUGHS = '<!DOCTYPE rss [<!ENTITY a "ha">' + "".join(
    f'<!ENTITY {name} "{f"&{before};" * 10}">' for before, name in itertools.pairwise("abcdefghij")
)
XXE = (
    b"<!DOCTYPE rss [<!ENTITY x SYSTEM "
    b'"file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>'
)
AUTHOR = (
    HEAD
    + b"<item><title>t</title><author>"
    + (b"<![CDATA[" + b"a" * 200 + b"]]>") * 5_000
    + b"</author></item>"
)
NESTED = HEAD + b"<item><title>t</title>" + b"<a>" * 500_000 + b"</item>" + TAIL

BAD: dict[str, tuple[Answer, str]] = {
    "many": (_gives(HEAD + b"".join(_item(n) for n in range(100_000)) + TAIL), "more than 8 MiB"),
    "author": (
        _gives(AUTHOR + TAIL),
        "Reading the feed exceeded the limit for time or memory and was stopped.",
    ),
    "nested": (
        _gives(NESTED),
        "Reading the feed exceeded the limit for time or memory and was stopped.",
    ),
    "drips": (_drips, "sends data too slowly."),
    "streams": (_streams, "more than 8 MiB"),
    "silent": (_is_silent, "did not answer in time."),
    "utf7": (
        _gives(b'<?xml version="1.0" encoding="utf-7"?>' + HEAD + TAIL),
        "The character encoding of the feed is not allowed.",
    ),
    "laughs": (
        _gives(f"{LAUGHS}]><rss><channel><title>&j;</title></channel></rss>".encode()),
        "XML entities",
    ),
    "xxe": (
        _gives(
            b"<!DOCTYPE rss [<!ENTITY x SYSTEM "
            b'"file:///etc/passwd">]><rss><channel><title>&x;</title></channel></rss>'
        ),
        "XML entities",
    ),
    "bomb": (_gives(gzip.compress(bytes(300 * 2**20)), coding="gzip"), "more than 8 MiB"),
    "garbled": (
        _gives(b"\x1f\x8b" + b"no gzip at all", coding="gzip"),
        "sent compressed data that cannot be decompressed.",
    ),
    "circle": (_circles, "redirects in a loop."),
    "inside": (_leads_inside, "redirects to an address that Shoutbus does not connect to."),
    "page": (
        _gives(b"<html><body>Nothing here</body></html>", "text/html"),
        "This address points to a web page, not a feed, and the page does not link to a feed.",
    ),
    "empty": (_gives(b""), "This address does not contain a feed. The page is empty."),
    "binary": (
        _gives(bytes(range(256)) * 100),
        "This address does not contain a feed. The content is not RSS, Atom or JSON Feed.",
    ),
}
_SMALL = [b"<item><guid>%d</guid><title>T</title></item>" % n for n in range(100_000)]
_DATED = [
    _item(1, "<pubDate>Mon, 01 Jan 0000 00:00:00 GMT</pubDate>"),
    _item(2, "<pubDate>Fri, 31 Dec 99999 23:59:59 GMT</pubDate>"),
]
_LATIN = _item("caf\u00e9").decode().encode("latin-1")
ODD: dict[str, Answer] = {
    "thousands": _gives(HEAD + b"".join(_SMALL) + TAIL),
    "dates": _gives(HEAD + b"".join(_DATED) + TAIL),
    "nameless": _gives(HEAD + b"<item><title>Only a title</title></item>" + TAIL),
    "latin": _gives(b'<?xml version="1.0" encoding="utf-8"?>' + HEAD + _LATIN + TAIL),
}
"""Odd ones that give what they have."""


@asynccontextmanager
async def _sites() -> AsyncIterator[dict[str, str]]:
    """Every feed at an address of its own: its URL by name."""
    urls: dict[str, str] = {}
    runners = []
    answers = {name: answer for name, (answer, _why) in BAD.items()} | ODD
    for number, (name, answer) in enumerate(answers.items(), 2):
        app = http.Application()
        app.router.add_get("/feed", answer)
        runner = http.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await http.TCPSite(runner, f"127.0.0.{number}", 0).start()
        urls[name] = f"http://127.0.0.{number}:{runner.addresses[0][1]}/feed"
        runners.append(runner)
    try:
        yield urls
    finally:
        for runner in runners:
            await runner.cleanup()


def _settings(urls: dict[str, str]) -> Iterator[str]:
    yield '\n[fetch]\nallow = ["127.0.0.0/8"]\n'
    yield channel(BOX)
    for name, url in urls.items():
        yield (
            channel(f"feed:{name}")
            + f'url = "{url}"\nfirst = 2\n'
            + route(f"feed:{name}", BOX, both=False)
        )


async def _canary(bus: Bus, hear: Callable[[], list[str]], told: asyncio.Event) -> list[float]:
    """Seconds from a post to its line in the room, again and again until `told`."""
    delays: list[float] = []
    while not told.is_set():
        words = f"canary {len(delays)}"
        began = time.monotonic()
        assert (await asyncio.to_thread(bus.post, "shoutbox:lobby", words)).status == 201
        while not any(words in line for line in hear()):
            await asyncio.sleep(0.005)
            assert time.monotonic() - began < 10, words
        delays.append(time.monotonic() - began)
        await asyncio.sleep(0.1)
    return delays


@pytest.mark.timeout(300)
async def test_bad_feeds_are_told_and_hold_up_nobody(server: Server, tmp_path: Path) -> None:
    async with (
        _sites() as urls,
        someone(server, "admin") as admin,
        someone(server, "juliet") as juliet,
    ):
        bus = open_bus(server, tmp_path / "bus", "".join(_settings(urls)))
        try:
            await asyncio.to_thread(bus.ready)
            await juliet.join(ROOM, "Juliet")
            over = asyncio.Event()
            watching = asyncio.create_task(_canary(bus, lambda: words_of(juliet.lines(ROOM)), over))

            def told(name: str) -> list[str]:
                return [one["body"] for one in admin.heard if f"feed:{name}:" in one["body"]]

            for name, (_answer, why) in BAD.items():
                await soon(lambda name=name: told(name), f"a word on {name}", 90)  # type: ignore[misc]
                assert why in told(name)[0], name
            for words in ("Only a title", "Item caf"):
                await soon(lambda words=words: any(words in one for one in bus.bodies(BOX)), words)  # type: ignore[misc]
            over.set()
            delays = await watching
            assert {name: len(told(name)) for name in BAD} == dict.fromkeys(BAD, 1)
            assert {name: told(name) for name in ODD} == {name: [] for name in ODD}
            assert len(delays) > 20
            assert statistics.quantiles(delays, n=20)[-1] < 1.0, sorted(delays)[-5:]
            assert max(delays) < 3.0
            assert psutil.Process(bus.process.pid).memory_info().rss < 350 * 2**20
            assert "root:" not in "".join(bus.bodies(BOX))
            sound(bus)
        finally:
            bus.stop()
