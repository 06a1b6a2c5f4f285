"""Jobs run once, at their time, in their order, never beside themselves; one that fails ends no
other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from component.bus.engine.scheduler import Scheduler
from tests.support.fakes import FakeClock


class Play:
    """A scheduler by a clock that is moved, and what it did."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.did: list[str] = []
        self.scheduler = Scheduler(self.clock)

    def does(self, what: str) -> Callable[[], Awaitable[None]]:
        async def job() -> None:
            self.did.append(what)

        return job

    def at(self, seconds: float, what: str) -> None:
        self.scheduler.at(what, int(seconds * 1000), self.does(what))

    async def until(self, seconds: float) -> list[str]:
        """What is done by then."""
        self.clock.now = seconds
        self.scheduler.tick()
        await self.scheduler.settled()
        return self.did


@pytest.fixture
async def play() -> AsyncIterator[Play]:
    one = Play()
    yield one
    await one.scheduler.settled()


async def test_each_at_its_time(play: Play) -> None:
    for seconds, what in ((1030, "c"), (1010, "a"), (1020, "b")):
        play.at(seconds, what)
    assert await play.until(1009.999) == []
    assert await play.until(1010) == ["a"]
    assert await play.until(5000) == ["a", "b", "c"]
    assert await play.until(9000) == ["a", "b", "c"]


async def test_put_off_and_dropped(play: Play) -> None:
    play.at(1010, "off")
    play.at(1020, "off")
    play.at(1010, "gone")
    play.scheduler.drop("gone")
    play.scheduler.drop("never")
    assert play.scheduler.due("gone") is None
    assert play.scheduler.due("off") == 1_020_000
    assert await play.until(1015) == []
    assert await play.until(1025) == ["off"]


async def test_what_fails_ends_no_other(play: Play) -> None:
    async def fails() -> None:
        raise LookupError

    play.scheduler.at("fails", 1_010_000, fails)
    play.at(1010, "other")
    assert await play.until(1010) == ["other"]
    play.at(1020, "fails")
    assert await play.until(1020) == ["other", "fails"]


async def test_never_beside_itself(play: Play) -> None:
    gate = asyncio.Event()

    async def slow() -> None:
        play.did.append("begun")
        await gate.wait()
        play.did.append("ended")

    play.scheduler.at("one", 1_010_000, slow)
    play.clock.now = 1010
    play.scheduler.tick()
    await asyncio.sleep(0)
    play.scheduler.at("one", 1_010_000, play.does("again"))
    play.scheduler.tick()
    await asyncio.sleep(0)
    assert play.did == ["begun"]
    gate.set()
    await play.scheduler.settled()
    assert await play.until(1010) == ["begun", "ended", "again"]


async def test_a_job_asks_for_its_next_time(play: Play) -> None:
    async def again() -> None:
        play.did.append("x")
        play.scheduler.at("x", play.clock() + 10_000, again)

    play.scheduler.at("x", 1_010_000, again)
    for seconds in (1010, 1020, 1030):
        await play.until(seconds)
    assert play.did == ["x", "x", "x"]


async def test_it_runs_by_itself(play: Play) -> None:
    done = asyncio.Event()

    async def job() -> None:
        done.set()

    running = asyncio.create_task(play.scheduler.run())
    await asyncio.sleep(0)
    play.scheduler.at("x", play.clock(), job)  # wakes it
    await asyncio.wait_for(done.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_runs_ends_with_it(play: Play) -> None:
    ended: list[str] = []
    begun = asyncio.Event()

    async def forever() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("yes")

    play.scheduler.at("x", 0, forever)
    running = asyncio.create_task(play.scheduler.run())
    await asyncio.wait_for(begun.wait(), 10)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert ended == ["yes"]


async def test_only_so_many_at_once(play: Play) -> None:
    play.scheduler = Scheduler(play.clock, at_once=3)
    gate, running, most = asyncio.Event(), 0, 0

    async def job() -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await gate.wait()
        running -= 1

    for number in range(10):
        play.scheduler.at(str(number), 0, job)
    play.scheduler.tick()
    for _ in range(20):
        await asyncio.sleep(0)
    gate.set()
    await play.scheduler.settled()
    assert most == 3


async def test_what_is_put_off_again_and_again_takes_no_room(play: Play) -> None:
    for number in range(10_000):
        play.at(2000 + number, "x")
    assert len(play.scheduler.heap) < 200
    assert await play.until(20_000) == ["x"]
