"""What feeds cost: a thousand of them on a local server, looked at on one core, then again and
again, unchanged and with news; beside bare feedparser on the same bytes.

The server runs in a process of its own. Time between the looks is a clock that is moved; what the
looks take is real.
"""

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import aiohttp
import feedparser  # type: ignore[import-untyped]
import psutil
from aiohttp import web as http

from component.bus.engine.hub import Hub
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.fetch.client import Fetcher
from component.fetch.policy import Allowed
from component.methods.feed.source import Feeds
from component.storage import open_store
from tests.support.fakes import FakeClock, FakeWorld

FEEDS, ITEMS, HOSTS, ROUNDS = 1_000, 20, 50, 10
AIMS = (
    "aims: 1,000 feeds in a minute on one core, an unchanged one costs one 304, memory flat "
    "over ten rounds"
)
_STORY = (
    "<p>Some <b>words</b> of the day, with a <a href='https://example.org/more'>link</a>.</p>" * 6
)
CHANNELS = [Channel("feed", f"n{number}") for number in range(FEEDS)]


def body(number: int, version: int) -> bytes:
    """A feed with 20 items; each version has one more that is new."""
    items = "".join(
        f"<item><title>Entry {n} of {number}</title><link>https://example.org/{number}/{n}</link>"
        f"<guid>{number}-{n}</guid><dc:creator>Writer {n}</dc:creator>"
        f"<description><![CDATA[{_STORY}]]></description></item>"
        for n in range(ITEMS + version - 1, version - 1, -1)
    )
    head = (
        '<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>Feed '
        f"{number}</title>"
    )
    return f"{head}<link>https://example.org/{number}</link>{items}</channel></rss>".encode()


# The server


async def _serve() -> None:
    version, counts = [0], {"whole": 0, "unchanged": 0}

    async def feed(request: http.Request) -> http.Response:
        etag = f'"{request.match_info["number"]}-{version[0]}"'
        same = request.headers.get("If-None-Match") == etag
        counts["unchanged" if same else "whole"] += 1
        data = b"" if same else body(int(request.match_info["number"]), version[0])
        headers = {"ETag": etag, "Content-Type": "application/rss+xml"}
        return http.Response(body=data, status=304 if same else 200, headers=headers)

    async def news(_request: http.Request) -> http.Response:
        version[0] += 1
        return http.Response()

    async def told(_request: http.Request) -> http.Response:
        found = http.json_response(counts)
        counts.update(whole=0, unchanged=0)
        return found

    app = http.Application()
    app.add_routes(
        [http.get("/feed/{number}", feed), http.post("/news", news), http.get("/counts", told)]
    )
    runner = http.AppRunner(app, access_log=None)
    await runner.setup()
    await http.TCPSite(runner, "0.0.0.0", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


# The bus


@dataclass
class _Bus:
    """Feeds with a real store, hub and fetcher, on one core."""

    world: FakeWorld
    feeds: Feeds
    url: str

    async def look(self) -> tuple[float, float]:
        """Every feed once: seconds, and CPU seconds of the bus and its readers."""
        self.world.clock.now = (
            max(self.world.scheduler.due(str(one)) or 0 for one in CHANNELS) / 1000
        )
        began, before = time.monotonic(), self._cpu()
        while (due := self.world.scheduler.next_due()) is not None and due <= self.world.clock():
            self.world.scheduler.tick()
            await self.world.scheduler.settled()
        return time.monotonic() - began, self._cpu() - before

    def _cpu(self) -> float:
        ours, theirs = psutil.Process().cpu_times(), [one.cpu_times() for one in self._readers()]
        ended = ours.children_user + ours.children_system
        return ended + sum(one.user + one.system for one in (ours, *theirs))

    def _readers(self) -> list[psutil.Process]:
        return [psutil.Process(pid) for pid in self.feeds.looking.workers.pids]

    def memory(self) -> float:
        """MiB of the bus and its readers."""
        return sum(one.memory_info().rss for one in (psutil.Process(), *self._readers())) / 2**20

    async def counts(self) -> tuple[int, int]:
        """How often the server gave a whole feed, and how often it said that nothing changed, since
        last asked."""
        async with aiohttp.ClientSession() as session, session.get(f"{self.url}/counts") as answer:
            found = await answer.json()
        return found["whole"], found["unchanged"]

    async def news(self) -> None:
        async with aiohttp.ClientSession() as session, session.post(f"{self.url}/news"):
            pass


@asynccontextmanager
async def _bus(port: int, folder: Path) -> AsyncIterator[_Bus]:
    clock = FakeClock(time.time())
    world = FakeWorld(clock)
    store = await open_store(f"sqlite:{folder / 'feeds.db'}")
    hub = Hub(store, clock)
    fetcher = Fetcher("Shoutbus-bench", Allowed.parse(["127.0.0.0/8"]), clock)
    feeds = Feeds(
        replace(world.ports(), accept=hub, memory=store.source_state, fetcher=lambda: fetcher)
    )
    urls = [f"http://127.0.0.{2 + number % HOSTS}:{port}/feed/{number}" for number in range(FEEDS)]
    specs = [
        ChannelSpec(channel, settings={"url": url})
        for channel, url in zip(CHANNELS, urls, strict=True)
    ]
    await store.configuration.seed(specs, (), ())
    await hub.start()
    feeds.configure(specs)
    try:
        yield _Bus(world, feeds, f"http://127.0.0.1:{port}")
    finally:
        await feeds.close()
        await fetcher.close()
        await hub.stop()
        await store.close()


def _bare() -> float:
    """CPU seconds that feedparser alone takes for one of the feeds."""
    count = 100
    before = time.process_time()
    for number in range(count):
        assert len(feedparser.parse(body(number, 0)).entries) == ITEMS
    return (time.process_time() - before) / count


async def measured() -> str:
    """The rows to print."""
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.bench.feeds", "serve"], stdout=subprocess.PIPE
    )
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})  # the readers inherit it
    try:
        assert server.stdout
        port = int(server.stdout.readline())
        with tempfile.TemporaryDirectory() as folder:
            async with _bus(port, Path(folder)) as bus:
                return await _rows(bus)
    finally:
        os.sched_setaffinity(0, cores)
        server.kill()
        server.wait()
        if server.stdout:
            server.stdout.close()


async def _rows(bus: _Bus) -> str:
    bare = await asyncio.to_thread(_bare)
    first = await bus.look()
    whole, unchanged = await bus.counts()
    assert (whole, unchanged) == (FEEDS, 0)
    memory: list[float] = []
    same: list[tuple[float, float]] = []
    for _ in range(ROUNDS):
        same.append(await bus.look())
        memory.append(bus.memory())
    whole, unchanged = await bus.counts()
    assert (whole, unchanged) == (0, ROUNDS * FEEDS)
    await bus.news()
    fresh = await bus.look()
    middle = sorted(same)[ROUNDS // 2]
    assert (await bus.counts()) == (FEEDS, 0)
    rows = [
        f"{'feeds, on one core':<28}{'feeds/s':>12}{'CPU a feed':>14}{'1,000 feeds':>14}  by "
        "the bare parser's CPU"
    ]
    for name, (seconds, cpu) in (
        ("read first", first),
        ("unchanged (304)", middle),
        ("with one new item", fresh),
    ):
        each = cpu / FEEDS
        told = (
            f"{FEEDS / seconds:>12.0f}{each * 1000:>11.2f} ms{seconds:>12.1f} s  {each / bare:.2f}"
        )
        rows.append(f"{name:<28}{told}")
    rows.append(
        f"{'bare feedparser':<28}{1 / bare:>12.0f}{bare * 1000:>11.2f} ms{bare * FEEDS:>12.1f} s"
    )
    rows.append(f"{'memory after each round':<28}{' '.join(f'{one:.0f}' for one in memory)} MiB")
    rows.append(AIMS)
    return "\n".join(rows)


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(_serve())
    else:
        print(asyncio.run(measured()))
