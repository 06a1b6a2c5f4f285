"""Whatever comes in which order (words, arrivals, confirmations, broken wires, full disks,
crashes): each accepted message arrives once, in order, where the destination can tell what
landed."""

import asyncio
import tempfile
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from component.bus.engine.delivery_queue import QueueLimits
from component.bus.engine.limits import CommitLimits, EngineLimits
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.model.route import Route
from component.bus.ports.method import Confirmation
from component.bus.ports.rendering import Rendered
from component.common.errors import DeliveryError, StoreError, Unavailable, Unconfirmed
from component.storage import open_store
from tests.support.fakes import FROM, TO, Bench, FakeMethod, at_once, said, seeded, until

Act = tuple[str, int]


class Pipe(FakeMethod):
    """A wire with length: what is sent arrives later or never, and is confirmed later still or
    never."""

    def __init__(self) -> None:
        super().__init__()
        self.pipe: deque[tuple[Delivery, Confirmation]] = deque()
        self.arrived: deque[Confirmation] = deque()
        self.healed = False

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self.pipe.append((rendered.delivery, confirmation))
        if self.healed:
            self.arrive(len(self.pipe))
            self.confirm(len(self.arrived))
        return confirmation

    def arrive(self, count: int) -> None:
        while self.pipe and count:
            delivery, confirmation = self.pipe.popleft()
            self.take(delivery)
            self.arrived.append(confirmation)
            count -= 1

    def confirm(self, count: int) -> None:
        while self.arrived and count:
            confirmation = self.arrived.popleft()
            if not confirmation.done():
                confirmation.set_result(None)
            count -= 1

    def broken(self, error: DeliveryError) -> None:
        """What has not arrived never will; what has is never confirmed."""
        for confirmation in (*self.arrived, *(one for _, one in self.pipe)):
            if not confirmation.done():
                confirmation.set_exception(error)
        self.pipe.clear()
        self.arrived.clear()

    async def landed(self, channel: Channel) -> frozenset[str]:
        return frozenset(self.ids[channel])

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nothing to do."""


ACTS: st.SearchStrategy[Act] = st.tuples(
    st.sampled_from(
        ["say", "say", "arrive", "confirm", "cut", "silence", "disk", "crash", "breathe"]
    ),
    st.integers(1, 12),
)


class Play:
    """Does what is asked and knows what must be true in the end."""

    def __init__(self, bench: Bench, pipe: Pipe) -> None:
        self.bench = bench
        self.pipe = pipe
        self.accepting: list[tuple[str, asyncio.Task[object]]] = []
        self.said = 0
        self.silences = 0

    async def act(self, name: str, count: int) -> None:
        if name == "say":
            self.say(count)
        elif name == "arrive":
            self.pipe.arrive(count)
        elif name == "confirm":
            self.pipe.confirm(count)
        elif name == "cut":
            self.pipe.broken(Unavailable("cut"))
        elif name == "silence" and self.silences < 8:  # the tenth silence makes a dead letter
            self.silences += 1
            self.pipe.broken(Unconfirmed("silence"))
        elif name == "disk":
            self.bench.store.failing = count % 3
        elif name == "crash":
            await self.crash()
        await asyncio.sleep(0.001 if name == "breathe" else 0)

    def say(self, count: int) -> None:
        for _ in range(count):
            self.said += 1
            body = str(self.said)
            self.accepting.append(
                (body, asyncio.create_task(self.bench.hubs[-1].accept(said(body))))
            )

    async def crash(self) -> None:
        await self.bench.crash()
        for _, task in self.accepting:
            task.cancel()
        self.pipe.broken(Unavailable("the bus is dead"))
        self.bench.store.failing = 0
        await self.bench.start()

    async def end(self) -> tuple[list[str], set[str]]:
        """All is well again: what was promised, and what was refused."""
        self.bench.store.failing = 0
        self.pipe.healed = True
        self.pipe.broken(Unavailable("healed"))
        results = await asyncio.gather(
            *(task for _, task in self.accepting), return_exceptions=True
        )
        promised = [
            body
            for (body, _), end in zip(self.accepting, results, strict=True)
            if not isinstance(end, BaseException)
        ]
        refused = {
            body
            for (body, _), end in zip(self.accepting, results, strict=True)
            if isinstance(end, StoreError)
        }
        await until(
            lambda: (
                not self.bench.hubs[-1].depths().get(str(TO)) and not self.bench.hubs[-1].unsaved
            ),
            "idle",
        )
        await self._idle()
        return promised, refused

    async def _idle(self) -> None:
        end = asyncio.get_running_loop().time() + 20
        while left := await self.bench.store.deliveries.backlog():
            assert asyncio.get_running_loop().time() < end, left
            await asyncio.sleep(0.002)


async def _play(acts: Sequence[Act], folder: str) -> None:
    pipe = Pipe()
    store = await seeded(await open_store(f"sqlite:{Path(folder) / 'bus.db'}"), [Route(FROM, TO)])
    limits = EngineLimits(CommitLimits(retry_s=0.001), queues=QueueLimits(5, 7, at_once))
    bench = Bench(store, pipe, limits=limits)
    play = Play(bench, pipe)
    try:
        await bench.start()
        for name, count in acts:
            await play.act(name, count)
        promised, refused = await play.end()
    finally:
        await bench.close()
    held = pipe.holds[TO]
    assert len(held) == len(set(held)), "doubled"
    assert [body for body in held if body in set(promised)] == promised, "lost or out of order"
    assert not refused & set(held), "delivered though refused"


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_nothing_is_lost_doubled_or_reordered(acts: list[Act]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(acts, folder))
