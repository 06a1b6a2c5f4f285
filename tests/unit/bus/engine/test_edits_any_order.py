"""Lines, edits, retractions and archives that are read again, in any order: every place shows the
same at the end."""

import asyncio
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from component.bus.model.message import WITHDRAWN, Kind, Message, id_from
from component.bus.model.route import Route
from component.storage import open_store
from tests.support.fakes import said, seeded
from tests.unit.bus.engine.test_edits import BOX, OTHER, ROOM, World

LINES = 3


@dataclass(frozen=True)
class Step:
    """What comes: a line (`words` as it was said), an edit of it, or its end (no words); it is
    number `number` in the archive. `turn` is whether the bus rests before."""

    line: int
    words: str
    number: int
    turn: bool

    @property
    def message(self) -> Message:
        origin = f"{ROOM}#{self.number}"
        message = said(
            self.words or WITHDRAWN, ROOM, at=1_000_000, origin=origin, id=id_from(origin)
        )
        if self.number < LINES:
            return message
        kind = Kind.CHAT if self.words else Kind.RETRACTION
        return replace(message, corrects=id_from(f"{ROOM}#{self.line}"), kind=kind)


def shown(archive: list[Step]) -> list[str]:
    """What each line says at the end; "" for what was taken back."""
    words: dict[int, str] = {}
    for step in archive:
        if step.number < LINES or words[step.line]:
            words[step.line] = step.words
    return list(words.values())


@st.composite
def archives(draw: st.DrawFn) -> list[Step]:
    """Lines in their order, each with changes behind it."""
    changes = draw(
        st.lists(st.tuples(st.integers(0, LINES - 1), st.sampled_from(["a", "b", ""])), max_size=8)
    )
    after = draw(st.lists(st.integers(0, 8), min_size=LINES, max_size=LINES))
    steps: list[Step] = []
    known: set[int] = set()
    waiting = list(enumerate(changes, LINES))
    for line in range(LINES):
        steps.append(Step(line, f"line {line}", line, draw(st.booleans())))
        known.add(line)
        for number, (of, words) in waiting[: after[line]]:
            if of in known:
                steps.append(Step(of, words, number, draw(st.booleans())))
        waiting = waiting[after[line] :]
    return steps


@settings(max_examples=30)
@given(archives(), st.lists(st.integers(0, 10), max_size=3), st.booleans())
def test_every_place_shows_the_same(archive: list[Step], again: list[int], waits: bool) -> None:
    """The archive is read from some places on once more, and the other room may be closed for a
    while."""
    steps = list(archive)
    for start in again:
        steps += archive[start:]
    asyncio.run(run(steps, shown(archive), waits=waits))


async def run(steps: list[Step], words: list[str], *, waits: bool) -> None:
    with tempfile.TemporaryDirectory() as folder:
        opened = await open_store(f"sqlite:{Path(folder) / 'bus.db'}")
        world = World(await seeded(opened, [Route(ROOM, BOX), Route(BOX, OTHER)]))
        await world.start()
        if waits:
            world.screen.closed.add(OTHER)
        await come(world, steps, waits=waits)
        await world.screen.open(OTHER)
        await world.rest()
        assert await world.log(BOX) == await world.log(ROOM)
        assert await world.log(BOX) == [one or WITHDRAWN for one in words]
        assert world.screen.lines(OTHER) == [one for one in words if one]
        await world.hub.stop()
        await opened.close()


async def come(world: World, steps: list[Step], *, waits: bool) -> None:
    """They come one after the other, some while the ones before are not on disk yet."""
    coming: list[asyncio.Task[object]] = []
    for step in steps:
        if step.turn:
            await asyncio.gather(*coming)
            if not waits:
                await world.rest()
        message = step.message
        if message.corrects:
            coming.append(asyncio.create_task(world.hub.revise(message)))
        else:
            coming.append(asyncio.create_task(world.hub.accept(message)))
        await asyncio.sleep(0)
    await asyncio.gather(*coming)
