"""Ten thousand people told by IM: who is there for it, and what is measured; `subscriptions` has it
done and tells.

Run by itself it is the baseline, a component of nothing but slixmpp: it tells them in a loop, once
for each line of its standard input.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree as ET

import psutil
import uvloop

from component.bus.model.message import Channel
from component.bus.model.subscription import Interval
from component.cli.prosody import COMPONENT, HOST, ROOMS, free_port
from component.xmpp.stanza import SAID
from tests.bench import gun
from tests.bench.bare import Bare
from tests.bench.ear import Ear
from tests.support.crowd import CROWD, Crowd, jid, make_due, subscribe, subscriptions
from tests.support.servers import SECRET, TOKEN, Bus, Server, eventually, settings, start_bus

ROOM = f"lobby@{ROOMS}"
PEOPLE = 10_000
ROUNDS, TELLINGS = 4, 3
PER_SECOND, HEARD = 20.0, 150
LOGGED = 20
WORDS = "The shop is open again from nine, and there is cake for everyone who comes before ten."
LOUD, DAILY = Channel("shoutbox", "loud"), Channel("shoutbox", "daily")


# One shout to all


@dataclass
class Result:
    """Rates (told a second), CPU seconds of the sender and of the server per person told."""

    rates: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)


@dataclass
class Delays:
    """A room's, in seconds: nothing else going on, and while all are told."""

    idle: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)


def quantile(delays: list[float], share: float) -> float:
    return sorted(delays)[int(share * (len(delays) - 1))]


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def memory(bus: Bus) -> float:
    """MiB."""
    return float(psutil.Process(bus.process.pid).memory_info().rss / 2**20)


@asynccontextmanager
async def a_bus(
    server: Server, data: Path, channels: Sequence[Channel] = (LOUD, DAILY)
) -> AsyncIterator[tuple[Bus, float]]:
    """One that is in its rooms, and the seconds that took."""
    port = free_port()
    more = "".join(f'\n[[channel]]\nname = "{one}"\n' for one in channels)
    began = time.monotonic()
    bus = start_bus(data, settings(server, data, port, more), port)
    try:
        while bus.health()["status"] != "ok":
            assert bus.process.poll() is None, bus.log.read_text()[-2000:]
            await asyncio.sleep(0.01)
        yield bus, time.monotonic() - began
        # What is under way would be told again after the start.
        await asyncio.to_thread(
            eventually, lambda: not bus.health()["queues"], "nothing is under way"
        )
    finally:
        bus.stop()


@dataclass
class Stage:
    """Who is there for all rounds."""

    server: Server
    crowd: Crowd
    ear: Ear

    @property
    def server_pid(self) -> int:
        assert self.server.process
        return self.server.process.pid

    async def told(self, result: Result, pid: int, speak: Callable[[], None]) -> None:
        """All are told once."""
        self.crowd.forget()
        before = [_cpu(one) for one in (pid, self.server_pid)]
        began = time.monotonic()
        await asyncio.to_thread(speak)
        await self.crowd.until(PEOPLE, 120)
        result.rates.append(PEOPLE / (self.crowd.last - began))
        own, server = (
            _cpu(one) - was for one, was in zip((pid, self.server_pid), before, strict=True)
        )
        result.cpu.append(own / PEOPLE)
        result.server_cpu.append(server / PEOPLE)
        assert set(self.crowd.got.values()) == {1}, "doubled"

    async def bare(self, result: Result) -> None:
        """By a component of nothing but slixmpp."""
        command = [sys.executable, "-m", "tests.bench.telling"]
        command += [COMPONENT, SECRET, HOST, str(self.server.component_port), ROOM]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin
        assert process.stdout
        assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
        stdin = process.stdin

        def speak() -> None:
            stdin.write(b"\n")
            stdin.flush()

        for _ in range(TELLINGS):
            await self.told(result, process.pid, speak)
        stdin.close()
        await asyncio.to_thread(process.wait, 20)

    async def shout(self, bus: Bus, result: Result) -> None:
        """By the bus."""
        for _ in range(TELLINGS):
            await self.told(result, bus.process.pid, lambda: _shout(bus))

    async def delays(self, bus: Bus, name: str) -> list[float]:
        """What a gentle talk in a room takes."""
        self.ear.expect(name, HEARD)
        await gun.steady(bus.url, "shoutbox:lobby", TOKEN, name, HEARD, PER_SECOND)
        await asyncio.wait_for(self.ear.done.wait(), 60)
        return self.ear.delays

    async def busy(self, bus: Bus, name: str) -> list[float]:
        """The same while all are told, again and again until the talk is over."""
        talk = asyncio.create_task(self.delays(bus, name))
        while not talk.done():
            self.crowd.forget()
            await asyncio.to_thread(_shout, bus)
            await self.crowd.until(PEOPLE, 120)
        return await talk


def _shout(bus: Bus) -> None:
    answer = bus.post(str(LOUD), WORDS)
    assert answer.status == 201, answer


async def _speak_bare(component: str, secret: str, host: str, port: str, room: str) -> None:
    """The baseline: in a loop, to each, whenever a line comes in."""
    bare = Bare(component, secret, host, int(port), room)
    began = asyncio.Event()
    bare.add_event_handler("session_start", lambda _: began.set())
    bare.connect()
    await began.wait()
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        for number in range(PEOPLE):
            told = bare.make_message(
                jid(number), f"tests: [Loud] {WORDS}", mtype="chat", mfrom=bare.me
            )
            ET.SubElement(
                told.xml, f"{{{SAID}}}said", id="0" * 32
            )  # as each stanza of the bus has it
            told.send()
            if number % 50 == 49:
                await asyncio.sleep(0)
    await bare.disconnect()


async def fill(stage: Stage, data: Path) -> None:
    """10,000 who hear at once in one channel, as many with a digest of another that has something
    to tell."""
    daily = subscriptions(PEOPLE, DAILY, Interval.parse("daily at 9"))
    await subscribe(data / "bus.db", [*subscriptions(PEOPLE, LOUD), *daily])
    make_due(data / "bus.db", int((time.time() + 86400) * 1000))
    async with a_bus(stage.server, data) as (bus, _ready):
        await stage.ear.join(ROOM, "Juliet")  # once the bus opened the room
        for number in range(LOGGED):
            assert bus.post(str(DAILY), f"{WORDS} {number}").status == 201


async def rounds(stage: Stage, data: Path) -> tuple[Result, Result, Delays]:
    """The bare one's, the bus's, and a room's while the bus tells."""
    bare, ours, delays = Result(), Result(), Delays()
    for number in range(ROUNDS):
        for turn in (number, number + 1):
            if turn % 2:
                await stage.bare(bare)
                continue
            async with a_bus(stage.server, data) as (bus, _ready):
                await stage.shout(bus, ours)
                delays.idle += await stage.delays(bus, f"idle-{number}")
                delays.busy += await stage.busy(bus, f"busy-{number}")
    return bare, ours, delays


@asynccontextmanager
async def a_stage(folder: Path) -> AsyncIterator[Stage]:
    """A server with everyone there."""
    server = await asyncio.to_thread(Server, folder / "prosody")
    with server.prosody.config.open("a") as config:
        config.write(f'\nComponent "{CROWD}"\n  component_secret = "{SECRET}"\n')
    await asyncio.to_thread(server.start)
    ear = Ear("juliet", server.passwords["juliet"], server.prosody.c2s)
    try:
        await ear.sign_in()
        async with Crowd(server.component_port).open() as crowd:
            yield Stage(server, crowd, ear)
    finally:
        await ear.disconnect(wait=1)
        await asyncio.to_thread(server.stop)


# All digests at once


@dataclass
class Run:
    """Seconds, CPU seconds per digest, MiB before and at the most."""

    seconds: float
    cpu: float
    before: float
    most: float


async def digests(stage: Stage, data: Path) -> Run:
    """Of what was said in a day, once it is due."""
    stage.crowd.forget()
    due = time.time() + 5
    make_due(data / "bus.db", int(due * 1000))
    async with a_bus(stage.server, data) as (bus, _ready):
        before, most, was = memory(bus), 0.0, _cpu(bus.process.pid)
        told = asyncio.create_task(stage.crowd.until(PEOPLE, 300))
        while not told.done():
            most = max(most, memory(bus))
            await asyncio.wait([told], timeout=0.2)
        await told
        cpu = (_cpu(bus.process.pid) - was) / PEOPLE
        seconds = time.time() - due
        assert len({one for one, _id in stage.crowd.got}) == PEOPLE, "someone got two"
    return Run(seconds, cpu, before, most)


if __name__ == "__main__":
    uvloop.run(_speak_bare(*sys.argv[1:]))
