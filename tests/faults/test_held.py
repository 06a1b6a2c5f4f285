"""kill -9 of the bus while messages wait at a delay, a throttle and a digest: each comes, once, in
its order."""

import asyncio
import functools
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.yard import archived, channel, open_bus, room, route, someone, sound, words_of
from tests.support.servers import Bus, Server, start_bus

COUNT = 40
PROCESSORS = {
    "slowly": '[[route.processor]]\nname = "throttle"\ncount = 10\nper = "1s"\nthen = "hold"\n',
    "later": '[[route.processor]]\nname = "delay"\nby = "3s"\n[[route.processor]]\nname = '
    '"prefix"\ntext = "[late]"\n',
    "gathered": '[[route.processor]]\nname = "digest"\nevery = "3s"\n',
}


def _held(name: str) -> str:
    """A shoutbox whose route to a room of its name has processors."""
    one = channel(f"shoutbox:{name}") + channel(f"muc:{room(name)}")
    return one + route(f"shoutbox:{name}", f"muc:{room(name)}", both=False) + PROCESSORS[name]


def _again(bus: Bus) -> Bus:
    config = bus.log.with_name("shoutbus.toml").read_text()
    return start_bus(bus.log.parent, config, int(bus.url.rpartition(":")[2]))


def _numbers(lines: Sequence[tuple[str, str]]) -> list[str]:
    """Which words came, a digest's each by itself."""
    said = [line for words in words_of(lines) for line in words.splitlines()]
    return [line.rpartition("word ")[2] for line in said if "word " in line]


@pytest.mark.parametrize("kills", [1, 3])
async def test_what_is_held_comes_once(server: Server, tmp_path: Path, kills: int) -> None:
    bus = open_bus(server, tmp_path / "held", "".join(_held(name) for name in PROCESSORS))
    try:
        await asyncio.to_thread(bus.ready)
        async with someone(server, "juliet") as juliet:
            for name in PROCESSORS:
                await juliet.join(room(name), "Juliet")
            for number in range(COUNT):
                for name in PROCESSORS:
                    assert (
                        await asyncio.to_thread(bus.post, f"shoutbox:{name}", f"word {number}")
                    ).status == 201
                if (number + 1) % (COUNT // kills) == 0:
                    bus.kill()
                    bus = _again(bus)
                    await asyncio.to_thread(bus.ready)
            for name in PROCESSORS:
                heard = functools.partial(juliet.lines, room(name))
                await juliet.until(lambda heard=heard: len(_numbers(heard())) >= COUNT, name, 60)  # type: ignore[misc]
                assert _numbers(await archived(juliet, room(name))) == [
                    str(number) for number in range(COUNT)
                ], name
            late = words_of(await archived(juliet, room("later")))
            assert all("[late] word" in words for words in late)
        sound(bus, streams=kills + 1)
    finally:
        bus.stop()
