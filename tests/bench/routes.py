"""How the bus bears 1,000 channels and 10,000 routes, beside one with ten: accepting, reloading,
drawing route-add.

The channel that is spoken in has ten routes in both, so that one message is the same work; nothing
goes out. Both buses are up at once and take turns, so that what else the machine does weighs on
both alike.
"""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from commands import data_forms
from commands.action import Bus
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.route import Route
from component.xmpp.elements import serialize
from tests.support.fakes import a_bus

CHANNELS, MANY, OWN = 1_000, 10_000, 10
MESSAGES, AT_ONCE, ROUNDS = 3_000, 64, 5
AIMS = "aims: ratio near 1, first step of route-add within 100 ms and under 64 KiB"

BOXES = [Channel("shoutbox", f"box{number}") for number in range(CHANNELS)]
SOURCES, ENDS = BOXES[: CHANNELS // 2], BOXES[CHANNELS // 2 :]


def _routes(count: int) -> list[Route]:
    """Ten from the first channel, the rest from others; none leads on."""
    own = [Route(SOURCES[0], end) for end in ENDS[:OWN]]
    others = SOURCES[1:]
    rest = range(count - OWN)
    return own + [
        Route(others[number % len(others)], ENDS[number // len(others)]) for number in rest
    ]


async def _filled(bus: Bus, count: int) -> None:
    await bus.settings.store.configuration.seed(
        [ChannelSpec(one, f"Box {one.address}") for one in BOXES], _routes(count), ()
    )
    await bus.hub.reload()


async def rate(bus: Bus) -> float:
    """Messages accepted in a second in the first channel, each on disk, 64 at once."""
    left = iter(range(MESSAGES))
    author = Author("Juliet", "juliet@example.org")

    async def speak() -> None:
        for number in left:
            await bus.hub.accept(Message.new(SOURCES[0], author, f"message {number}", number))

    began = time.perf_counter()
    await asyncio.gather(*(speak() for _ in range(AT_ONCE)))
    return MESSAGES / (time.perf_counter() - began)


async def _change(bus: Bus, number: int) -> float:
    """Seconds until one more route is in force."""
    began = time.perf_counter()
    await bus.settings.change(
        [Put(Route(SOURCES[1], ENDS[-1 - number]))], Audit(0, "", "", "bench")
    )
    return time.perf_counter() - began


def _drawn(bus: Bus) -> str:
    """The first step of route-add, as it goes out."""
    step = bus.actions["route-add"].step
    assert step
    form = data_forms.form(step, step.fields(bus), step.values, {}, "en")
    return serialize(data_forms.executing("route-add", "0" * 22, form, last=True, back=False))


def _took(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


async def measured() -> str:
    """The rows to print."""
    few: list[float] = []
    many: list[float] = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        async with a_bus(Path(one)) as small, a_bus(Path(other)) as large:
            await _filled(small, OWN)
            await _filled(large, MANY)
            for _ in range(ROUNDS):
                few.append(await rate(small))
                many.append(await rate(large))
            drawing = statistics.median(_took(lambda: _drawn(large)) for _ in range(ROUNDS))
            size = len(_drawn(large).encode())
            reloads = statistics.median([await _change(large, number) for number in range(ROUNDS)])
    ratios = [ours / theirs for ours, theirs in zip(many, few, strict=True)]
    spread = f"ratio {statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    rates = f"{statistics.median(few):>12.0f}{statistics.median(many):>12.0f}"
    return "\n".join(
        [
            f"{'':<28}{'10 routes':>12}{'10,000':>12}",
            f"{'accepting':<28}{rates}  {'messages/s':<12}{spread}",
            f"{'a change in force':<40}{reloads * 1000:>12.1f}  ms",
            f"{'route-add: first step':<40}{drawing * 1000:>12.1f}  ms, {size / 1024:.1f} KiB",
            AIMS,
        ]
    )


if __name__ == "__main__":
    print(asyncio.run(measured()))
