"""What processors cost: a message through a route with ten of them beside one through a route with
none.

Both buses are up at once and take turns, so that what else the machine does weighs on both alike;
nothing goes out.
"""

import asyncio
import statistics
import tempfile
import time
from pathlib import Path

from commands.action import Bus
from component.bus.model.records import ChannelSpec
from component.bus.model.route import Route, Stage
from component.processors import build, settings_of
from tests.bench.routes import ENDS, MESSAGES, ROUNDS, SOURCES, rate
from tests.support.fakes import a_bus

STAGES: tuple[tuple[str, dict[str, list[str]]], ...] = (
    ("match", {"pattern": ["message [0-9]+"]}),
    ("exclude", {"words": ["spam", "casino"]}),
    ("words", {"words": ["damn", "blast"], "then": ["mask"]}),
    ("dedupe", {"within": ["1h"]}),
    ("rewrite", {"pattern": ["([0-9]+)"], "by": ["#\\1"]}),
    ("quotes", {}),
    ("template", {"line": ["{author}: {body}"]}),
    ("prefix", {"text": ["[lobby]"]}),
    ("tag", {"word": ["lobby"]}),
    ("truncate", {"length": ["200"]}),
)
AIMS = "aim: under 30 µs a processor"


def _stages() -> tuple[Stage, ...]:
    made = [(name, settings_of(build(name, values))) for name, values in STAGES]
    return tuple(Stage(number, name, settings) for number, (name, settings) in enumerate(made, 1))


async def _filled(bus: Bus, stages: tuple[Stage, ...]) -> None:
    ends = (SOURCES[0], ENDS[0])
    await bus.settings.store.configuration.seed(
        [ChannelSpec(one) for one in ends], [Route(*ends, stages=stages)], ()
    )
    await bus.hub.reload()


async def _measure(bus: Bus) -> tuple[float, float]:
    """Messages a second, and CPU seconds per message."""
    before = time.process_time()
    found = await rate(bus)
    return found, (time.process_time() - before) / MESSAGES


async def measured() -> str:
    """The rows to print."""
    none: list[tuple[float, float]] = []
    ten: list[tuple[float, float]] = []
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        async with a_bus(Path(one)) as plain, a_bus(Path(other)) as staged:
            await _filled(plain, ())
            await _filled(staged, _stages())
            for _ in range(ROUNDS):
                none.append(await _measure(plain))
                ten.append(await _measure(staged))
    rates = [ours[0] / theirs[0] for ours, theirs in zip(ten, none, strict=True)]
    each = statistics.median(
        (ours[1] - theirs[1]) / len(STAGES) for ours, theirs in zip(ten, none, strict=True)
    )
    (bare, cpu), (through, more) = (
        (statistics.median(column) for column in zip(*rows, strict=True)) for rows in (none, ten)
    )
    return "\n".join(
        [
            f"{'':<28}{'none':>12}{'ten':>12}  processors",
            f"{'accepting':<28}{bare:>12.0f}{through:>12.0f}  {'messages/s':<12}"
            f"ratio {statistics.median(rates):.2f} ({min(rates):.2f} to {max(rates):.2f})",
            f"{'CPU per message':<28}{cpu * 1e6:>12.0f}{more * 1e6:>12.0f}  "
            f"{'µs':<12}{each * 1e6:.1f} µs a processor",
            AIMS,
        ]
    )


if __name__ == "__main__":
    print(asyncio.run(measured()))
