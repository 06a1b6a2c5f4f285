"""The server or the bus dies or freezes, at any moment: what was accepted arrives, once and in
order."""

import asyncio
import functools
import socket
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.faults.yard import BOX, ROOM, archived, open_bus, someone, soon, sound, words_of
from tests.support.servers import Bus, Server, start_bus


def _again(bus: Bus) -> Bus:
    """The same bus on the same data, after it ended."""
    config = bus.log.with_name("shoutbus.toml").read_text()
    return start_bus(bus.log.parent, config, int(bus.url.rpartition(":")[2]))


def _newest(bus: Bus, words: str) -> bool:
    return bus.bodies(BOX)[-1:] == [words]


async def test_server_killed_for_ten_seconds(server: Server, bus: Bus) -> None:
    said: list[str] = []
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        for second in range(14):
            if second == 2:
                server.kill()
            if second == 5:
                health = await asyncio.to_thread(bus.get, "/health")
                assert (health.status, health.json["status"], health.json["xmpp"]["state"]) == (
                    503,
                    "down",
                    "down",
                )
                assert health.json["xmpp"]["trouble"]
            if second == 12:
                await asyncio.to_thread(server.start)
            said.append(f"{second} seconds")
            assert (await asyncio.to_thread(bus.post, BOX, said[-1])).status == 201
            await asyncio.sleep(1)  # one message a second is the load
    await asyncio.to_thread(bus.ready)
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        said.append("the last")
        bus.post(BOX, said[-1])
        await juliet.hears(f"tests: {said[-1]}", 30)
        assert words_of(await archived(juliet, ROOM)) == [f"tests: {one}" for one in said]
    assert bus.bodies(BOX) == said
    sound(bus, streams=2)


@pytest.mark.parametrize("moment", [20, 150, 299])
async def test_bus_killed_in_a_burst(server: Server, bus: Bus, moment: int) -> None:
    accepted: list[str] = []
    reached = threading.Event()

    def post(number: int) -> None:
        words = f"burst {number}"
        try:
            if bus.post(BOX, words, author="Zoe" if number % 3 == 0 else None).status == 201:
                accepted.append(words)
        except OSError:  # the bus is dead: not accepted
            return
        if len(accepted) >= moment:
            reached.set()

    def kill() -> None:
        assert reached.wait(30)
        bus.kill()

    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        with ThreadPoolExecutor(8) as pool:
            killing = asyncio.gather(
                asyncio.to_thread(kill), asyncio.to_thread(lambda: [*pool.map(post, range(300))])
            )
            await killing
        assert len(accepted) >= moment
        again = _again(bus)
        try:
            await asyncio.to_thread(again.ready)
            again.post(BOX, "the last")
            await juliet.hears("tests: the last", 30)
            heard = Counter(words.removeprefix("tests: ") for words in words_of(juliet.lines(ROOM)))
            kept = Counter(again.bodies(BOX))
            sound(again, streams=2)
        finally:
            again.stop()
    assert set(heard) == set(kept)
    assert {words: heard[words] for words in accepted} == dict.fromkeys(accepted, 1)
    assert set(heard.values()) == set(kept.values()) == {1}


async def test_server_frozen_then_killed(server: Server, bus: Bus) -> None:
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        bus.post(BOX, "before")
        await juliet.hears("tests: before")
        server.freeze()
        for number in range(20):  # gone into a socket that nobody will ever read
            author = "Zoe" if number == 10 else None
            assert (
                await asyncio.to_thread(bus.post, BOX, f"frozen {number}", author=author)
            ).status == 201
        server.kill()
    await asyncio.to_thread(server.start)
    await asyncio.to_thread(bus.ready)
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        bus.post(BOX, "the last")
        await juliet.hears("tests: the last", 30)
        lines = await archived(juliet, ROOM)
    said = ["before", *(f"frozen {number}" for number in range(20)), "the last"]
    assert [words.removeprefix("tests: ") for words in words_of(lines)] == said
    assert ("Zoe (web)", "frozen 10") in lines
    sound(bus, streams=2)


async def test_server_frozen_until_the_bus_doubts_then_thawed(server: Server, bus: Bus) -> None:
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        bus.post(BOX, "before")
        await juliet.hears("tests: before")
        server.freeze()
        for number in range(20):
            assert (await asyncio.to_thread(bus.post, BOX, f"frozen {number}")).status == 201
        await soon(lambda: "delivery paused" in bus.log.read_text(), "the bus doubts", 30)
        server.thaw()
        bus.post(BOX, "the last")
        await juliet.hears("tests: the last", 30)
        said = ["before", *(f"frozen {number}" for number in range(20)), "the last"]
        assert words_of(juliet.lines(ROOM)) == [f"tests: {one}" for one in said]
    sound(bus)


async def test_what_was_said_while_the_bus_was_down(server: Server, tmp_path: Path) -> None:
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        await juliet.unlock(ROOM)
        juliet.say(ROOM, "before the bus ever came")
        await juliet.hears("before the bus ever came")
        bus = open_bus(server, tmp_path / "bus")
        try:
            bus.ready()
            expected: list[str] = []
            for time, end in enumerate((bus.kill, bus.stop, bus.kill)):
                juliet.say(ROOM, f"there {time}")
                await soon(functools.partial(_newest, bus, f"there {time}"), "heard live")
                await asyncio.to_thread(end)
                missed = [
                    f"missed {time}.{number}" for number in range(120)
                ]  # more than a page of the archive
                for words in missed:
                    juliet.say(ROOM, words)
                await juliet.hears(missed[-1])
                expected += [f"there {time}", *missed]
                bus.process = _again(bus).process
                bus.ready()
                await soon(functools.partial(_newest, bus, missed[-1]), "read from the archive")
            assert bus.bodies(BOX) == expected
            said = words_of(juliet.lines(ROOM))
            assert len(said) == len(set(said))
            sound(bus, streams=4)
        finally:
            bus.stop()


async def test_puppets_left_behind_by_a_crash_leave(server: Server, bus: Bus) -> None:
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        bus.post(BOX, "here I am", author="Zoe")
        await juliet.hears("here I am")
        bus.kill()
        again = _again(bus)
        try:
            await juliet.sees_leave(ROOM, "Zoe (web)")
            sound(again, streams=2)
        finally:
            again.stop()


async def test_server_absent_at_the_start(tmp_path: Path) -> None:
    server = await asyncio.to_thread(Server, tmp_path / "prosody")
    bus = open_bus(server, tmp_path / "bus")
    try:
        await asyncio.to_thread(bus.ready, "down")
        assert "no connection" in bus.health()["xmpp"]["trouble"]
        assert bus.post(BOX, "before the server is there").status == 201
        await asyncio.to_thread(server.start)
        await asyncio.to_thread(bus.ready)
        async with someone(server, "juliet") as juliet:
            await juliet.join(ROOM, "Juliet")
            bus.post(BOX, "after")
            await juliet.hears("tests: after")
            assert "tests: before the server is there" in words_of(await archived(juliet, ROOM))
            bus.stop()
            assert bus.process.returncode == 0
            await juliet.sees_leave(ROOM, "shoutbus")
        assert "Traceback" not in bus.log.read_text()
    finally:
        bus.stop()
        await asyncio.to_thread(server.stop)


async def test_stop_with_the_server_frozen(server: Server, bus: Bus) -> None:
    """Nor do an open page and a message that nobody confirmed hold it up."""
    where = urlsplit(bus.url)
    with socket.create_connection((where.hostname, where.port), 10) as page:
        page.sendall(b"GET /shoutbox/lobby/stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert page.recv(100).startswith(b"HTTP/1.1 200")
        server.freeze()
        assert bus.post(BOX, "into the frozen server", author="Zoe").status == 201
        await asyncio.to_thread(bus.stop)
    assert bus.process.returncode == 0, bus.log.read_text()
    assert "Traceback" not in bus.log.read_text()
    server.thaw()
    bus.process = _again(bus).process
    await asyncio.to_thread(bus.ready)
    async with someone(server, "juliet") as juliet:
        await juliet.join(ROOM, "Juliet")
        assert bus.post(BOX, "after").status == 201
        await juliet.hears("tests: after")
        kept = words_of(await archived(juliet, ROOM))
        assert kept == ["into the frozen server", "tests: after"]
