"""`make bench`: a bare slixmpp component, then the bus by HTTP with durable accept; same Prosody,
same room, one run. Then, without a server, the bus with ten routes and with 10,000, with ten
processors and none, and with 1,000 feeds; and on a server of its own, with 10,000 subscribers.

The rounds are taken in turn, so that what else the machine does weighs on both alike; medians are
told.
"""

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import uvloop

from component.cli.prosody import COMPONENT, HOST, ROOMS, free_port
from tests.bench import feeds, gun, routes, stages, subscriptions
from tests.bench.ear import Ear
from tests.support.servers import SECRET, TOKEN, Bus, Server, settings, start_bus

ROOM = f"lobby@{ROOMS}"
BURST = 3_000
STEADY, PER_SECOND = 200, 50.0
CONNECTIONS = 64
ROUNDS = 4
AIMS = (
    "aims: throughput at least 0.8 of the bare one, p50 within 3 ms, under 80 MiB, ready in "
    "under 1.5 s"
)


@dataclass
class Result:
    """One contender's rounds: messages a second, delays in seconds, CPU seconds per message (own,
    the server's)."""

    rates: list[float] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    server_cpu: list[float] = field(default_factory=list)

    def quantile(self, share: float) -> float:
        return sorted(self.delays)[int(share * (len(self.delays) - 1))]


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return times.user + times.system


async def _measure(
    ear: Ear,
    result: Result,
    pids: tuple[int, int],
    speak: Callable[[str, int, float | None], Awaitable[None]],
    name: str,
) -> None:
    run = f"burst-{name}"
    ear.expect(run, BURST)
    before = [_cpu(pid) for pid in pids]
    began = time.monotonic()
    await speak(run, BURST, None)
    await asyncio.wait_for(ear.done.wait(), 120)
    result.rates.append(BURST / (ear.last - began))
    own, server = (_cpu(pid) - was for pid, was in zip(pids, before, strict=True))
    result.cpu.append(own / BURST)
    result.server_cpu.append(server / BURST)
    assert sorted(ear.numbers) == list(range(BURST)), "lost or doubled"
    run = f"steady-{name}"
    ear.expect(run, STEADY)
    await speak(run, STEADY, PER_SECOND)
    await asyncio.wait_for(ear.done.wait(), 60)
    result.delays += ear.delays


async def _bare(ear: Ear, server: Server, result: Result, name: str) -> None:
    command = [
        sys.executable,
        "-m",
        "tests.bench.bare",
        COMPONENT,
        SECRET,
        HOST,
        str(server.prosody.component_port),
        ROOM,
    ]
    process = await asyncio.create_subprocess_exec(
        *command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    assert (await process.stdout.readline()) == b"ready\n"

    async def speak(run: str, count: int, per_second: float | None) -> None:
        assert process.stdin
        process.stdin.write(f"{run} {count} {per_second or ''}\n".encode())

    assert server.process
    await _measure(ear, result, (process.pid, server.process.pid), speak, f"bare-{name}")
    process.stdin.close()
    await process.wait()


async def _bus(ear: Ear, server: Server, bus: Bus, result: Result, name: str) -> None:
    async def speak(run: str, count: int, per_second: float | None) -> None:
        if per_second:
            await gun.steady(bus.url, "shoutbox:lobby", TOKEN, run, count, per_second)
        else:
            await gun.burst(bus.url, "shoutbox:lobby", TOKEN, run, count, CONNECTIONS)

    assert server.process
    await _measure(ear, result, (bus.process.pid, server.process.pid), speak, f"bus-{name}")


async def _start(data: Path, server: Server) -> tuple[Bus, float, float]:
    """A bus that is in its rooms; seconds until it served, and until it was there."""
    port = free_port()
    began = time.monotonic()
    bus = start_bus(data, settings(server, data, port), port)
    served = 0.0
    while (status := bus.health()["status"]) != "ok":
        if not served and status != "not served":
            served = time.monotonic() - began
        await asyncio.sleep(0.01)
    ready = time.monotonic() - began
    return bus, served or ready, ready


def _row(name: str, bare: float, bus: float, unit: str, compared: str) -> str:
    return f"{name:<28}{bare:>12.2f}{bus:>12.2f}  {unit:<12}{compared}"


def _tell(bare: Result, bus: Result, memory: float, served: float, ready: float) -> str:
    rates = [ours / theirs for ours, theirs in zip(bus.rates, bare.rates, strict=True)]
    rows = [f"{'':<28}{'bare':>12}{'bus':>12}"]
    rows.append(
        _row(
            "throughput",
            statistics.median(bare.rates),
            statistics.median(bus.rates),
            "messages/s",
            f"ratio {statistics.median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f})",
        )
    )
    for share in (0.5, 0.99):
        one, other = bare.quantile(share) * 1000, bus.quantile(share) * 1000
        rows.append(_row(f"delay p{share * 100:.0f}", one, other, "ms", f"{other - one:+.2f} ms"))
    for name, base, own in (
        ("CPU per message", bare.cpu, bus.cpu),
        ("  Prosody's", bare.server_cpu, bus.server_cpu),
    ):
        mine, theirs = statistics.median(own) * 1e6, statistics.median(base) * 1e6
        rows.append(_row(name, theirs, mine, "µs", f"ratio {mine / theirs:.2f}"))
    rows.append(f"{'memory at rest':<40}{memory:>12.1f}  MiB")
    rows.append(f"{'start: serving':<40}{served:>12.2f}  s")
    rows.append(f"{'start: in its rooms':<40}{ready:>12.2f}  s")
    return "\n".join([*rows, AIMS])


async def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.to_thread(Server, Path(folder) / "prosody")
        await asyncio.to_thread(server.start)
        ear = Ear("juliet", server.passwords["juliet"], server.prosody.c2s)
        bare, ours = Result(), Result()
        try:
            await ear.sign_in()
            bus, served, ready = await _start(Path(folder) / "bus", server)
            memory = psutil.Process(bus.process.pid).memory_info().rss / 2**20
            await ear.join(ROOM, "Juliet")
            bus.stop()
            for number in range(
                ROUNDS
            ):  # each first in turn: the archive grows, and the server slows with it
                for turn in (number, number + 1):
                    if turn % 2:
                        bus, *_ = await _start(Path(folder) / "bus", server)
                        await _bus(ear, server, bus, ours, str(number))
                        bus.stop()
                    else:
                        await _bare(ear, server, bare, str(number))
        finally:
            await ear.disconnect(wait=1)
            await asyncio.to_thread(server.stop)
    print(_tell(bare, ours, memory, served, ready))
    print(f"\n{await routes.measured()}")
    print(f"\n{await stages.measured()}")
    print(f"\n{await feeds.measured()}")
    print(f"\n{await subscriptions.measured()}")


if __name__ == "__main__":
    uvloop.run(main())
