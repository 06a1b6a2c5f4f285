"""What subscriptions cost: 100,000 that a message does not concern, one shout told to 10,000 people by IM beside a bare
slixmpp component that tells them the same, a room's delays meanwhile, and 10,000 digests due at once.

The people are one component on the same Prosody, which counts; the rounds are taken in turn, the shout's and the bare
one's. Of what is due at once it is told how long it takes, and what it costs.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from component.message import Author, Channel, Message
from component.private import COMPONENT, HOST, ROOMS, free_port
from component.subscription import Interval, Subscription
from tests.bench import gun
from tests.bench.bare import Bare
from tests.bench.ear import Ear
from tests.crowd import CROWD, Crowd, jid, make_due, subscribe, subscriptions
from tests.servers import SECRET, TOKEN, Bus, Server, settings, start_bus
from tests.unit.subscribed import World, a_world

ROOM = f"lobby@{ROOMS}"
CHANNELS = [Channel("shoutbox", f"box{number}") for number in range(1_000)]
MANY, FEW, MESSAGES, AT_ONCE = 100_000, 10, 500, 64
PEOPLE = 10_000
ROUNDS = 4
PER_SECOND, HEARD = 20.0, 150
LOGGED = 20
WORDS = "The shop is open again from nine, and there is cake for everyone who comes before ten."
LOUD, DAILY = Channel("shoutbox", "loud"), Channel("shoutbox", "daily")
AIMS = (
    "aims: finding ratio near 1; told at 0.8 of the bare rate at least; a room's p99 meanwhile at most twice what it is"
)
Row = Callable[[str, float, float, str, str], str]


def _row(name: str, one: float, other: float, unit: str, compared: str = "") -> str:
    return f"{name:<28}{one:>12.2f}{other:>12.2f}  {unit:<12}{compared}"


def _spread(ours: list[float], theirs: list[float]) -> str:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


# Finding those whom a message concerns


def _spread_out(count: int) -> list[Subscription]:
    """So many over all channels; the first has ten in any case."""
    rest = range(count - FEW)
    there = [(number, CHANNELS[0]) for number in range(FEW)] + [(n + FEW, CHANNELS[1 + n % 999]) for n in rest]
    return [Subscription(jid(n), channel, Channel("chat", jid(n)), Interval()) for n, channel in there]


async def _told(world: World) -> tuple[float, float]:
    """Messages a second that are accepted and told to ten, and CPU seconds per message."""
    world.chat.told.clear()
    left = iter(range(MESSAGES))
    author = Author("Juliet", "juliet@example.org")

    async def speak() -> None:
        for number in left:
            await world.hub.accept(Message.new(CHANNELS[0], author, f"message {number}", number))

    began, before = time.perf_counter(), time.process_time()
    await asyncio.gather(*(speak() for _ in range(AT_ONCE)))
    await world.hub.fewer(1)
    assert len(world.chat.told) == FEW * MESSAGES, "lost or doubled"
    return MESSAGES / (time.perf_counter() - began), (time.process_time() - before) / MESSAGES


async def finding() -> str:
    """The rows of it."""
    few: list[tuple[float, float]] = []
    many: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        for folder, count in ((one, FEW), (other, MANY)):
            await subscribe(Path(folder) / "bus.db", _spread_out(count))
        async with a_world(Path(one), CHANNELS) as small, a_world(Path(other), CHANNELS) as large:
            for _ in range(ROUNDS + 1):
                few.append(await _told(small))
                many.append(await _told(large))
    (rates, cpu), (more_rates, more_cpu) = ([list(one) for one in zip(*of, strict=True)] for of in (few, many))
    median = statistics.median
    return "\n".join(
        [
            f"{'':<28}{FEW:>12}{MANY:>12}  subscriptions, {FEW} of them told",
            _row("accepting and telling", median(rates), median(more_rates), "messages/s", _spread(more_rates, rates)),
            _row("CPU per message", median(cpu) * 1e6, median(more_cpu) * 1e6, "µs", _spread(more_cpu, cpu)),
        ]
    )


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


def _quantile(delays: list[float], share: float) -> float:
    return sorted(delays)[int(share * (len(delays) - 1))]


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


def _memory(bus: Bus) -> float:
    """MiB."""
    return float(psutil.Process(bus.process.pid).memory_info().rss / 2**20)


def _config(server: Server, data: Path, port: int) -> str:
    more = "".join(f'\n[[channel]]\nname = "{one}"\n' for one in (LOUD, DAILY))
    return settings(server, data, port, more)


@asynccontextmanager
async def _bus(server: Server, data: Path) -> AsyncIterator[tuple[Bus, float]]:
    """One that is in its rooms, and the seconds that took."""
    port = free_port()
    began = time.monotonic()
    bus = start_bus(data, _config(server, data, port), port)
    try:
        while bus.health()["status"] != "ok":
            assert bus.process.poll() is None, bus.log.read_text()[-2000:]
            await asyncio.sleep(0.01)
        yield bus, time.monotonic() - began
        while bus.health()["queues"]:  # what is under way would be told again after the start
            await asyncio.sleep(0.01)
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
        own, server = (_cpu(one) - was for one, was in zip((pid, self.server_pid), before, strict=True))
        result.cpu.append(own / PEOPLE)
        result.server_cpu.append(server / PEOPLE)
        assert set(self.crowd.got.values()) == {1}, "doubled"

    async def bare(self, result: Result) -> None:
        """By a component of nothing but slixmpp."""
        command = [sys.executable, "-m", __name__, COMPONENT, SECRET, HOST, str(self.server.component_port), ROOM]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert process.stdin
        assert process.stdout
        assert await asyncio.to_thread(process.stdout.readline) == b"ready\n"
        stdin = process.stdin

        def speak() -> None:
            stdin.write(b"\n")
            stdin.flush()

        await self.told(result, process.pid, speak)
        stdin.close()
        await asyncio.to_thread(process.wait, 20)

    async def shout(self, bus: Bus, result: Result) -> None:
        """By the bus."""
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
            bare.send_message(jid(number), f"[Loud] {WORDS}", mtype="chat", mfrom=bare.me)
            if number % 50 == 49:
                await asyncio.sleep(0)
    await bare.disconnect()


# All digests at once


@dataclass
class Run:
    """Seconds, CPU seconds per digest, MiB before and at the most."""

    seconds: float
    cpu: float
    before: float
    most: float


async def _digests(stage: Stage, data: Path) -> Run:
    """Of what was said in a day, once it is due."""
    stage.crowd.forget()
    due = time.time() + 5
    make_due(data / "bus.db", int(due * 1000))
    async with _bus(stage.server, data) as (bus, _ready):
        before, most, was = _memory(bus), 0.0, _cpu(bus.process.pid)
        told = asyncio.create_task(stage.crowd.until(PEOPLE, 300))
        while not told.done():
            most = max(most, _memory(bus))
            await asyncio.wait([told], timeout=0.2)
        await told
        cpu = (_cpu(bus.process.pid) - was) / PEOPLE
        seconds = time.time() - due
        assert len({one for one, _id in stage.crowd.got}) == PEOPLE, "someone got two"
    return Run(seconds, cpu, before, most)


async def _fill(stage: Stage, data: Path) -> None:
    """10,000 who hear at once in one channel, as many with a digest of another that has something to tell."""
    daily = subscriptions(PEOPLE, DAILY, Interval.parse("daily at 9"))
    await subscribe(data / "bus.db", [*subscriptions(PEOPLE, LOUD), *daily])
    make_due(data / "bus.db", int((time.time() + 86400) * 1000))
    async with _bus(stage.server, data) as (bus, _ready):
        await stage.ear.join(ROOM, "Juliet")  # once the bus opened the room
        for number in range(LOGGED):
            assert bus.post(str(DAILY), f"{WORDS} {number}").status == 201


async def _rest(stage: Stage, data: Path) -> tuple[float, float]:
    """Seconds until a bus is in its rooms, and its MiB a moment later."""
    async with _bus(stage.server, data) as (bus, ready):
        await asyncio.sleep(3)  # what it looks through after the start is looked through
        return ready, _memory(bus)


async def _rested(stage: Stage, folder: Path) -> str:
    """Starting with few and with many."""
    for name, count in (("few", FEW), ("many", MANY)):
        await subscribe(folder / name / "bus.db", _spread_out(count))
    few, many = [await _rest(stage, folder / name) for name in ("few", "many", "few", "many")][2:]
    return "\n".join(
        [
            f"{'':<28}{FEW:>12}{MANY:>12}  subscriptions",
            _row("start: in its rooms", few[0], many[0], "s"),
            _row("memory", few[1], many[1], "MiB"),
        ]
    )


async def _rounds(stage: Stage, data: Path) -> tuple[Result, Result, Delays]:
    bare, ours, delays = Result(), Result(), Delays()
    for number in range(ROUNDS):
        for turn in (number, number + 1):
            if turn % 2:
                await stage.bare(bare)
                continue
            async with _bus(stage.server, data) as (bus, _ready):
                await stage.shout(bus, ours)
                delays.idle += await stage.delays(bus, f"idle-{number}")
                delays.busy += await stage.busy(bus, f"busy-{number}")
    return bare, ours, delays


@asynccontextmanager
async def _stage(folder: Path) -> AsyncIterator[Stage]:
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


def _tell(bare: Result, ours: Result, delays: Delays, run: Run) -> str:
    median = statistics.median
    rows = [
        f"{f'one shout to {PEOPLE} by IM':<28}{'bare':>12}{'bus':>12}",
        _row("told", median(bare.rates), median(ours.rates), "people/s", _spread(ours.rates, bare.rates)),
    ]
    for name, base, own in (("CPU a person", bare.cpu, ours.cpu), ("  Prosody's", bare.server_cpu, ours.server_cpu)):
        rows.append(_row(name, median(base) * 1e6, median(own) * 1e6, "µs", _spread(own, base)))
    rows.append(f"\n{'a room meanwhile':<28}{'idle':>12}{'telling':>12}")
    for share in (0.5, 0.99):
        idle, busy = (_quantile(one, share) * 1000 for one in (delays.idle, delays.busy))
        rows.append(_row(f"delay p{share * 100:.0f}", idle, busy, "ms", f"ratio {busy / idle:.2f}"))
    rows.append(f"\n{f'{PEOPLE} digests at once':<28}{'before':>12}{'running':>12}")
    rows.append(_row("memory", run.before, run.most, "MiB"))
    rows.append(f"{'in all':<40}{run.seconds:>12.1f}  {'s':<12}{PEOPLE / run.seconds:.0f} people/s")
    rows.append(f"{'CPU a person':<40}{run.cpu * 1e6:>12.0f}  µs")
    return "\n".join(rows)


async def measured() -> str:
    """The rows to print."""
    with tempfile.TemporaryDirectory() as folder:
        async with _stage(Path(folder)) as stage:
            await _fill(stage, Path(folder) / "bus")
            bare, ours, delays = await _rounds(stage, Path(folder) / "bus")
            run = await _digests(stage, Path(folder) / "bus")
            rested = await _rested(stage, Path(folder))
    return "\n\n".join([await finding(), rested, _tell(bare, ours, delays, run), AIMS])


if __name__ == "__main__":
    uvloop.run(_speak_bare(*sys.argv[1:])) if sys.argv[1:] else print(uvloop.run(measured()))
