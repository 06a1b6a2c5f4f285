"""The process that reads feeds: it may be killed, fall, or be made to take too much, and the next
feed is read."""

import asyncio
import os
import select
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil
import pytest

from component.methods.feed.errors import (
    Crashed,
    DtdRefused,
    FeedError,
    HtmlPage,
    TooCostly,
    TooLarge,
)
from component.methods.feed.parsing.item import BYTES, Feed, Link
from component.methods.feed.sandbox.workers import Limits, Workers
from tests.unit.methods.feed.parsing.test_read import NOW, URL, rss

GOOD = rss("<item><title>One</title></item>")
SLOW = rss(
    "<item>" + "".join(f"<category>c{number}</category>" for number in range(60_000)) + "</item>"
)
"""Takes feedparser a minute: the cost of a category grows with the number of those before."""


@asynccontextmanager
async def _workers(count: int = 1, limits: Limits | None = None) -> AsyncIterator[Workers]:
    workers = Workers(count, limits)
    try:
        yield workers
    finally:
        await workers.close()


async def _read(workers: Workers, data: bytes = GOOD) -> Feed:
    return await workers.read(data, "application/rss+xml", URL, NOW)


async def _fails(workers: Workers, data: bytes) -> FeedError:
    with pytest.raises(FeedError) as caught:
        await _read(workers, data)
    return caught.value


async def _ended(pidfd: int) -> None:
    """Waits until a process has ended, and leaves it to be noticed by who started it."""
    ended, _, _ = await asyncio.to_thread(select.select, [pidfd], [], [], 10)
    os.close(pidfd)
    assert ended


async def test_a_process_starts_with_the_first_feed_and_is_kept() -> None:
    async with _workers() as workers:
        assert workers.pids == []
        assert (await _read(workers)).items[0].title == "One"
        first = workers.pids
        await _read(workers)
        assert workers.pids == first
        assert len(first) == 1
    assert not psutil.pid_exists(first[0])


async def test_errors_come_across() -> None:
    async with _workers() as workers:
        assert isinstance(
            await _fails(workers, b'<!DOCTYPE rss [<!ENTITY a "b">]><rss/>'), DtdRefused
        )
        page = await _fails(
            workers, b'<html><link rel=alternate type="application/rss+xml" href="/f" title="F">'
        )
        assert isinstance(page, HtmlPage)
        assert page.feeds == (Link("https://example.org/f", "application/rss+xml", "F"),)
        pids = workers.pids
        assert isinstance(await _fails(workers, b"x" * (BYTES + 1)), TooLarge)
        assert workers.pids == pids  # none of that cost a process


@pytest.mark.parametrize("signal_", [signal.SIGKILL, signal.SIGSEGV, signal.SIGTERM])
async def test_killed_between_feeds_the_next_is_read(signal_: signal.Signals) -> None:
    async with _workers() as workers:
        await _read(workers)
        pid = workers.pids[0]
        pidfd = os.pidfd_open(pid)
        os.kill(pid, signal_)
        await _ended(pidfd)
        assert (await _read(workers)).title == "T"
        assert workers.pids != [pid]


async def test_killed_while_it_reads_only_that_feed_fails() -> None:
    async with _workers(limits=Limits(seconds=60, patience=60)) as workers:
        reading = asyncio.create_task(_fails(workers, SLOW))
        waiting = asyncio.create_task(_read(workers))
        await asyncio.wait(
            [reading], timeout=2
        )  # by then it reads: it starts in a tenth of a second
        os.kill(workers.pids[0], signal.SIGSEGV)
        assert isinstance(await reading, Crashed)
        assert (await waiting).title == "T"


async def test_too_much_processor_time_is_stopped() -> None:
    async with _workers(limits=Limits(seconds=1, patience=60)) as workers:
        assert isinstance(await _fails(workers, SLOW), TooCostly)
        assert (await _read(workers)).title == "T"


async def test_too_long_by_the_clock_is_stopped() -> None:
    async with _workers(limits=Limits(seconds=60, patience=0.5)) as workers:
        assert isinstance(await _fails(workers, SLOW), TooCostly)
    async with _workers() as workers:
        assert (await _read(workers)).title == "T"


async def test_a_process_that_hangs_is_replaced() -> None:
    async with _workers(limits=Limits(patience=5)) as workers:
        await _read(workers)
        pid = workers.pids[0]
        os.kill(pid, signal.SIGSTOP)
        assert isinstance(await _fails(workers, GOOD), TooCostly)
        assert not psutil.pid_exists(pid)
    async with _workers() as workers:
        assert (await _read(workers)).title == "T"


async def test_too_much_memory_is_stopped() -> None:
    big = rss(f"<item><title>t</title>{'<link>https://x.example/</link>' * 200}</item>" * 900)
    async with _workers(limits=Limits(memory=64 * 1024 * 1024, seconds=60, patience=60)) as workers:
        assert (await _read(workers)).title == "T"
        assert isinstance(await _fails(workers, big), TooCostly)
        assert (await _read(workers)).title == "T"
    async with _workers(limits=Limits(seconds=60, patience=60)) as workers:
        assert len((await _read(workers, big)).items) == 900


async def test_who_no_longer_waits_gets_no_other_answer() -> None:
    async with _workers() as workers:
        await _read(workers)
        reading = asyncio.create_task(_read(workers, rss("<item><title>Mine</title></item>")))
        await asyncio.sleep(0)
        reading.cancel()
        with pytest.raises(asyncio.CancelledError):
            await reading
        assert (await _read(workers)).items[0].title == "One"


async def test_it_ends_when_there_is_nothing_to_read_and_starts_again() -> None:
    async with _workers(limits=Limits(idle=0.05)) as workers:
        await _read(workers)
        await _ended(os.pidfd_open(workers.pids[0]))
        assert workers.pids == []
        assert (await _read(workers)).title == "T"


async def test_it_is_replaced_after_some_feeds() -> None:
    async with _workers(limits=Limits(feeds=2)) as workers:
        await _read(workers)
        first = workers.pids
        await _read(workers)
        assert workers.pids == []
        await _read(workers)
        assert workers.pids != first


async def test_two_read_at_once_and_a_slow_one_holds_no_other() -> None:
    async with _workers(2, Limits(seconds=3, patience=60)) as workers:
        slow = asyncio.create_task(_fails(workers, SLOW))
        await asyncio.sleep(0)
        answers = [await _read(workers) for _ in range(20)]
        assert not slow.done()
        assert {answer.title for answer in answers} == {"T"}
        assert isinstance(await slow, TooCostly)


async def test_its_memory_stays_flat() -> None:
    data = rss(
        "".join(
            f"<item><title>{number}</title><description>{'x ' * 500}</description></item>"
            for number in range(30)
        )
    )
    async with _workers() as workers:
        for _ in range(50):
            await _read(workers, data)
        process = psutil.Process(workers.pids[0])
        before = process.memory_info().rss
        for _ in range(300):
            await _read(workers, data)
        assert process.memory_info().rss - before < 2 * 1024 * 1024
        assert before < 60 * 1024 * 1024


async def test_closed_while_it_reads_it_starts_no_other() -> None:
    async with _workers(limits=Limits(seconds=60, patience=60)) as workers:
        await _read(workers)
        reading = asyncio.create_task(_fails(workers, SLOW))
        await asyncio.wait([reading], timeout=0.2)
        await workers.close()
        assert isinstance(await reading, FeedError)
        assert workers.pids == []
        assert isinstance(await _fails(workers, GOOD), Crashed)


async def test_it_is_told_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHOUTBUS_SECRET", "canary")
    async with _workers() as workers:
        await _read(workers)
        assert "canary" not in psutil.Process(workers.pids[0]).environ().values()
