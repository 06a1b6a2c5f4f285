"""What subscriptions cost: 100,000 that a message does not concern, one shout told to 10,000 people
by IM beside a bare slixmpp component that tells them the same, a room's delays meanwhile, and
10,000 digests due at once.

The people are one component on the same Prosody, which counts; the rounds are taken in turn, the
shout's and the bare one's. Of what is due at once it is told how long it takes, and what it costs.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

import uvloop

from component.bus.model.message import Author, Channel, Message
from component.bus.model.subscription import Interval, Subscription
from tests.bench.telling import (
    PEOPLE,
    ROUNDS,
    Delays,
    Result,
    Run,
    Stage,
    a_bus,
    a_stage,
    digests,
    fill,
    memory,
    quantile,
    rounds,
)
from tests.support.crowd import jid, subscribe
from tests.support.subscribed import World, a_world

CHANNELS = [Channel("shoutbox", f"box{number}") for number in range(1_000)]
MANY, FEW, MESSAGES, AT_ONCE = 100_000, 10, 500, 64
AIMS = (
    "aims: finding ratio near 1; told at 0.8 of the bare rate at least; a room's p99 "
    "meanwhile at most twice what it is"
)


def _row(name: str, one: float, other: float, unit: str, compared: str = "") -> str:
    return f"{name:<28}{one:>12.2f}{other:>12.2f}  {unit:<12}{compared}"


def _spread(ours: list[float], theirs: list[float]) -> str:
    ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
    return f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


# Finding those whom a message concerns


def _spread_out(count: int) -> list[Subscription]:
    """So many over all channels; the first has ten in any case."""
    rest = range(count - FEW)
    there = [(number, CHANNELS[0]) for number in range(FEW)] + [
        (n + FEW, CHANNELS[1 + n % 999]) for n in rest
    ]
    return [
        Subscription(jid(n), channel, Channel("chat", jid(n)), Interval()) for n, channel in there
    ]


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
    await world.hub.crowd.below(1)
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
    (rates, cpu), (more_rates, more_cpu) = (
        [list(one) for one in zip(*of, strict=True)] for of in (few, many)
    )
    median = statistics.median
    return "\n".join(
        [
            f"{'':<28}{FEW:>12}{MANY:>12}  subscriptions, {FEW} of them told",
            _row(
                "accepting and telling",
                median(rates),
                median(more_rates),
                "messages/s",
                _spread(more_rates, rates),
            ),
            _row(
                "CPU per message",
                median(cpu) * 1e6,
                median(more_cpu) * 1e6,
                "µs",
                _spread(more_cpu, cpu),
            ),
        ]
    )


# What it costs to have them


async def _rest(stage: Stage, data: Path) -> tuple[float, float]:
    """Seconds until a bus is in its rooms, and its MiB a moment later."""
    async with a_bus(stage.server, data, CHANNELS) as (bus, ready):
        await asyncio.sleep(3)  # what it looks through after the start is looked through
        return ready, memory(bus)


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


# All of it


def _tell(bare: Result, ours: Result, delays: Delays, run: Run) -> str:
    median = statistics.median
    rows = [
        f"{f'one shout to {PEOPLE} by IM':<28}{'bare':>12}{'bus':>12}",
        _row(
            "told",
            median(bare.rates),
            median(ours.rates),
            "people/s",
            _spread(ours.rates, bare.rates),
        ),
    ]
    for name, base, own in (
        ("CPU a person", bare.cpu, ours.cpu),
        ("  Prosody's", bare.server_cpu, ours.server_cpu),
    ):
        rows.append(_row(name, median(base) * 1e6, median(own) * 1e6, "µs", _spread(own, base)))
    rows.append(f"\n{'a room meanwhile':<28}{'idle':>12}{'telling':>12}")
    for share in (0.5, 0.99):
        idle, busy = (quantile(one, share) * 1000 for one in (delays.idle, delays.busy))
        rows.append(_row(f"delay p{share * 100:.0f}", idle, busy, "ms", f"ratio {busy / idle:.2f}"))
    rows.append(f"\n{f'{PEOPLE} digests at once':<28}{'before':>12}{'running':>12}")
    rows.append(_row("memory", run.before, run.most, "MiB"))
    rows.append(f"{'in all':<40}{run.seconds:>12.1f}  {'s':<12}{PEOPLE / run.seconds:.0f} people/s")
    rows.append(f"{'CPU a person':<40}{run.cpu * 1e6:>12.0f}  µs")
    return "\n".join(rows)


async def measured() -> str:
    """The rows to print."""
    with tempfile.TemporaryDirectory() as folder:
        async with a_stage(Path(folder)) as stage:
            await fill(stage, Path(folder) / "bus")
            bare, ours, delays = await rounds(stage, Path(folder) / "bus")
            run = await digests(stage, Path(folder) / "bus")
            rested = await _rested(stage, Path(folder))
    return "\n\n".join([await finding(), rested, _tell(bare, ours, delays, run), AIMS])


if __name__ == "__main__":
    print(uvloop.run(measured()))
