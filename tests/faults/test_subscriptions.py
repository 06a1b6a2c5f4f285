"""The bus or the server dies while many are told: everyone hears of it, hardly anyone twice, and
nobody of two digests of the same time."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from component.bus.model.message import Channel
from component.bus.model.subscription import Interval
from component.subscriptions.audience import subscribers
from component.subscriptions.fan_out import PAGE
from tests.faults.yard import admit, channel, open_bus, soon, sound
from tests.support.crowd import CROWD, Crowd, jid, make_due, subscribe, subscriptions
from tests.support.servers import Bus, Server, start_bus

PEOPLE = 600
LOUD = Channel("shoutbox", "loud")
EVERYONE = {jid(number) for number in range(PEOPLE)}


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[tuple[Server, Crowd]]:
    """Everyone, on a server of their own."""
    server = await asyncio.to_thread(Server, tmp_path / "prosody")
    admit(server, CROWD)
    await asyncio.to_thread(server.start)
    async with Crowd(server.component_port).open() as one:
        yield server, one
    await asyncio.to_thread(server.stop)


@asynccontextmanager
async def _bus(server: Server, data: Path, interval: Interval | None = None) -> AsyncIterator[Bus]:
    """One that everyone has subscribed to a channel of; ready."""
    await subscribe(data / "bus.db", subscriptions(PEOPLE, LOUD, interval))
    bus = open_bus(server, data, channel(str(LOUD)))
    try:
        await asyncio.to_thread(bus.ready)
        yield bus
    finally:
        bus.stop()


def _again(bus: Bus) -> None:
    """The same bus on the same data, after it ended."""
    config = bus.log.with_name("shoutbus.toml").read_text()
    bus.process = start_bus(bus.log.parent, config, int(bus.url.rpartition(":")[2])).process


def _takes_up(bus: Bus, place: str) -> bool:
    """Whether something for a place, or for a kind of them, was left when the bus died."""
    return any(
        "resuming deliveries" in line and f"channel={place}" in line
        for line in bus.log.read_text().splitlines()
    )


async def _all_told(bus: Bus, crowd: Crowd, words: str) -> Counter[str]:
    """Return once everyone has it and nothing is under way; how often each got it."""
    await crowd.until(PEOPLE)
    await soon(lambda: not bus.health().get("queues", LOUD), "nothing is under way")
    heard = Counter({one: count for (one, _id), count in crowd.got.items()})
    assert heard.keys() == EVERYONE
    assert all(words in said for said in crowd.said.values())
    return heard


@pytest.mark.parametrize("told", [50, 400])
async def test_bus_killed_while_all_are_told(
    crowd: tuple[Server, Crowd], tmp_path: Path, told: int
) -> None:
    server, people = crowd
    async with _bus(server, tmp_path / "bus") as bus:
        assert (await asyncio.to_thread(bus.post, str(LOUD), "cake for all")).status == 201
        await people.until(told)
        bus.kill()
        _again(bus)
        await soon(lambda: _takes_up(bus, str(subscribers(LOUD))), "it goes on where it was")
        heard = await _all_told(bus, people, "cake for all")
        assert sum(count > 1 for count in heard.values()) <= 2 * PAGE
        assert max(heard.values()) <= 2
        sound(bus, streams=2)


async def test_bus_killed_in_a_run_of_digests(crowd: tuple[Server, Crowd], tmp_path: Path) -> None:
    server, people = crowd
    async with _bus(server, tmp_path / "bus", Interval.parse("daily at 9")) as bus:
        for number in range(3):
            assert (await asyncio.to_thread(bus.post, str(LOUD), f"word {number}")).status == 201
        await asyncio.to_thread(bus.stop)
        make_due(tmp_path / "bus/bus.db", int(time.time() * 1000))
        _again(bus)
        for told in (50, 300):
            await people.until(told)
            bus.kill()
            _again(bus)
        assert _takes_up(bus, "chat:"), "it was over before the bus was dead"
        await _all_told(bus, people, "word 2")
        ids = Counter(one for one, _id in people.got)
        assert set(ids.values()) == {1}, "someone has two digests"
        sound(bus, streams=4)


async def test_server_killed_while_all_are_told(
    crowd: tuple[Server, Crowd], tmp_path: Path
) -> None:
    server, people = crowd
    async with _bus(server, tmp_path / "bus") as bus:
        assert (await asyncio.to_thread(bus.post, str(LOUD), "cake for all")).status == 201
        await people.until(150)
        server.kill()
        assert bus.health()["queues"], "it was over before the server was dead"
        await asyncio.to_thread(server.start)
        await _all_told(bus, people, "cake for all")
        await asyncio.to_thread(bus.ready)
        sound(bus, streams=2)
