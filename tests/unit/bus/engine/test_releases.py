"""What is held back goes on once, in order, on a real store: whatever crashes, fails or is set
otherwise meanwhile."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from component.bus.engine.delivery_queue import QueueLimits
from component.bus.engine.hub import Hub
from component.bus.engine.limits import CommitLimits, EngineLimits, ReleaseLimits
from component.bus.model.delivery import State
from component.bus.model.message import MAX_BODY, Channel
from component.bus.model.records import Audit, Drop, Put
from component.bus.model.route import Route, Stage
from component.bus.ports.store import Store
from component.common.errors import StoreError
from component.storage import open_store
from tests.support.fakes import (
    FROM,
    OTHER,
    QUICK,
    TO,
    Bench,
    FakeMethod,
    Instead,
    WatchedStore,
    at_once,
    said,
    seeded,
    until_all,
)

NOBODY = Audit(0, "", "", "test")
Made = tuple[str, dict[str, str]]


def stages(*made: Made) -> tuple[Stage, ...]:
    return tuple(
        Stage(number + 1, name, tuple((key, (value,)) for key, value in values.items()))
        for number, (name, values) in enumerate(made)
    )


def delay(seconds: int) -> Made:
    return "delay", {"by": f"{seconds}s"}


def digest(**values: Any) -> Made:
    return "digest", {key: str(value) for key, value in values.items()}


def prefix(text: str) -> Made:
    return "prefix", {"text": text}


def route(*made: Made, source: Channel = FROM, to: Channel = TO) -> Route:
    return Route(source, to, stages=stages(*made))


@asynccontextmanager
async def started(
    folder: Path | str,
    *routes: Route,
    limits: EngineLimits = QUICK,
    make: Callable[[Store], WatchedStore] = WatchedStore,
) -> AsyncIterator[tuple[Bench, Hub]]:
    store = await seeded(await open_store(f"sqlite:{Path(folder) / 'bus.db'}"), routes)
    bench = Bench(make(store), FakeMethod(), limits=limits)
    try:
        yield bench, await bench.start()
    finally:
        await bench.close()


async def pass_time(bench: Bench, seconds: float) -> None:
    bench.clock.sleep(seconds)
    await bench.hubs[-1].releases.release_due()


async def say(hub: Hub, *bodies: str, channel: Channel = FROM) -> list[str]:
    return [(await hub.accept(said(body, channel))).message.id for body in bodies]


async def arrived(bench: Bench, count: int, channel: Channel = TO) -> list[str]:
    """What has arrived, once nothing is under way any more."""
    await until_all(bench.store, State.DELIVERED, count, channel)
    await idle(bench)
    return list(bench.method.holds[channel])


async def idle(bench: Bench) -> None:
    end = asyncio.get_running_loop().time() + 20
    while left := await bench.store.deliveries.backlog():
        assert asyncio.get_running_loop().time() < end, left
        await asyncio.sleep(0.002)


async def change(hub: Hub, *changed: Put | Drop) -> None:
    await hub.change(changed, NOBODY)


async def test_what_is_held_arrives_once_when_it_is_due(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(10))) as (bench, hub):
        await say(hub, "one", "two")
        bench.clock.sleep(5)
        await say(hub, "three")
        await pass_time(bench, 4.999)
        assert await arrived(bench, 0) == []
        assert hub.routing.held_at(hub.routes[0]) == 3
        await pass_time(bench, 0.001)
        assert await arrived(bench, 2) == ["one", "two"]
        await pass_time(bench, 5)
        await pass_time(bench, 100)
        assert await arrived(bench, 3) == ["one", "two", "three"]
        assert hub.routing.held_at(hub.routes[0]) == 0


async def test_what_is_held_goes_by_itself(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(count=2))) as (bench, hub):
        await say(hub, "one", "two")
        assert len(await arrived(bench, 1)) == 1


async def test_what_is_held_survives_a_crash(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(10), digest(every="1h"))) as (bench, hub):
        await say(hub, "one")
        await bench.crash()
        hub = await bench.start()
        await say(hub, "two")
        await pass_time(bench, 10)
        await bench.crash()
        hub = await bench.start()
        assert hub.routing.held_at(hub.routes[0]) == 2
        await pass_time(bench, 3600)
        assert await arrived(bench, 1) == ["2 messages:\n00:00 Juliet: one\n00:00 Juliet: two"]


async def test_a_disk_that_fails_holds_on(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(every="10s"), delay(5))) as (bench, hub):
        await say(hub, "one", "two")
        for late in (False, True, True):
            bench.store.failing, bench.store.late = 1, late
            with pytest.raises(StoreError):
                await pass_time(bench, 10)
            assert hub.routing.held_at(hub.routes[0]) == 2
        await hub.releases.release_due()
        await pass_time(bench, 5)
        assert len(await arrived(bench, 1)) == 1
        assert hub.routing.held_at(hub.routes[0]) == 0


async def test_what_was_refused_takes_no_place(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(count=2))) as (bench, hub):
        bench.store.failing, bench.store.late = 1, True
        with pytest.raises(StoreError):
            await say(hub, "refused")
        await say(hub, "one", "two")
        (body,) = await arrived(bench, 1)
        assert body.splitlines()[1:] == ["00:00 Juliet: one", "00:00 Juliet: two"]


async def test_a_digest_comes_whole(tmp_path: Path) -> None:
    bodies = [str(number) for number in range(450)]  # more than are let go at once
    async with started(tmp_path, route(digest(every="1h"))) as (bench, hub):
        await asyncio.gather(*(hub.accept(said(body)) for body in bodies))
        await pass_time(bench, 3600)
        (body,) = await arrived(bench, 1)
        assert body.splitlines() == [
            "450 messages:",
            *(f"00:00 Juliet: {number}" for number in bodies),
        ]


async def test_a_digest_of_what_is_too_long_comes_in_parts(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(count=2))) as (bench, hub):
        await say(hub, "x" * MAX_BODY, "y\n" * 100_000 + "y")
        await hub.releases.release_due()
        await idle(bench)
        text = "".join(bench.method.holds[TO])
        assert (text.count("x"), text.count("y")) == (MAX_BODY, 100_001)


async def test_a_deleted_message_does_not_come(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(every="1h")), route(delay(10), to=OTHER)) as (
        bench,
        hub,
    ):
        _one, two, _three = await say(hub, "one", "two", "three")
        await hub.delete(two, NOBODY)
        await pass_time(bench, 3600)
        (body,) = await arrived(bench, 1)
        assert body.splitlines() == ["2 messages:", "00:00 Juliet: one", "00:00 Juliet: three"]
        assert await arrived(bench, 2, OTHER) == ["one", "three"]
        (four,) = await say(hub, "four")
        await hub.delete(four, NOBODY)
        assert [hub.routing.held_at(one) for one in hub.routes] == [0, 0]
        await pass_time(bench, 3600)
        assert len(await arrived(bench, 1)) == 1


async def test_what_a_removed_route_holds_becomes_dead_letters(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(10))) as (bench, hub):
        await say(hub, "one", "two")
        await change(hub, Drop(hub.routes[0]))
        await pass_time(bench, 100)
        assert [one.message.body for one in await bench.store.dead_letters.newest(TO)] == [
            "two",
            "one",
        ]
        assert await arrived(bench, 0) == []


class Slow(WatchedStore):
    """A store whose changes take long to be told of."""

    meanwhile: asyncio.Task[Any] | None = None

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.configuration: Any = Instead(store.configuration, change=self._change)

    async def _change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        await self._store.configuration.change(changes, audit)
        if self.meanwhile:
            await asyncio.wait({self.meanwhile}, timeout=0.05)


async def test_nothing_is_held_at_a_route_that_is_gone(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(10)), make=Slow) as (bench, hub):
        assert isinstance(bench.store, Slow)
        bench.store.meanwhile = asyncio.create_task(hub.accept(said("one")))
        await change(hub, Drop(hub.routes[0]))
        receipt = await bench.store.meanwhile
        assert await bench.store.held.of_message(receipt.message.id) == []


async def test_a_route_that_is_off_holds_on(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(10))) as (bench, hub):
        await say(hub, "one", "two")
        await change(hub, Put(replace(hub.routes[0], enabled=False)))
        await say(hub, "while it was off")
        await pass_time(bench, 100)
        assert await arrived(bench, 0) == []
        await change(hub, Put(replace(hub.routes[0], enabled=True)))
        await say(hub, "three")  # it may be let go after this one came
        await pass_time(bench, 10)
        assert await arrived(bench, 3) == ["one", "two", "three"]


@pytest.mark.parametrize("after", [(delay(1),), ()])
async def test_what_comes_does_not_overtake_what_waits(
    tmp_path: Path, after: Sequence[Made]
) -> None:
    """Not even where the stage that holds it is set otherwise, or goes."""
    async with started(tmp_path, route(delay(1000))) as (bench, hub):
        await say(hub, "one", "two")
        await change(hub, Put(replace(hub.routes[0], stages=stages(*after))))
        await hub.releases.release_due()
        await say(hub, "three")
        await pass_time(bench, 1)
        assert await arrived(bench, 3) == ["one", "two", "three"]


async def test_who_passes_while_others_wait_goes_behind_them(tmp_path: Path) -> None:
    hold = ("throttle", {"count": "1", "per": "10s", "then": "hold"})
    async with started(tmp_path, route(hold)) as (bench, hub):
        await say(hub, "one", "two", "three")
        bench.store.failing = 1_000_000
        bench.clock.sleep(100)
        with pytest.raises(StoreError):
            await hub.releases.release_due()
        bench.store.failing = 0
        await say(hub, "four")  # it might pass, but that two and three wait
        await hub.releases.release_due()
        assert await arrived(bench, 4) == ["one", "two", "three", "four"]


async def test_what_waited_goes_through_the_later_stages_as_they_are(tmp_path: Path) -> None:
    first, then = stages(delay(10), prefix("then"))
    async with started(tmp_path, Route(FROM, TO, stages=(first, then))) as (bench, hub):
        await say(hub, "one")
        now = Stage(then.id, "prefix", (("text", ("now",)),))
        more = Stage(3, "prefix", (("text", ("and",)),))
        await change(hub, Put(replace(hub.routes[0], stages=(first, now, more))))
        await pass_time(bench, 10)
        assert await arrived(bench, 1) == ["and now one"]


# Digests on their way


async def test_two_routes_digest_the_same_messages(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(count=2)), route(digest(every="10s"), to=OTHER)) as (
        bench,
        hub,
    ):
        await say(hub, "one", "two")
        await pass_time(bench, 10)
        assert await arrived(bench, 1) == await arrived(bench, 1, OTHER)
        assert bench.method.ids[TO].isdisjoint(bench.method.ids[OTHER])


async def test_two_stages_digest_one_after_the_other(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(count=2), digest(count=2))) as (bench, hub):
        await say(hub, "1", "2", "3", "4")
        (body,) = await arrived(bench, 1)
        assert body.splitlines()[0] == "2 messages:"
        assert re.findall("Juliet: ([0-9])", body) == ["1", "2", "3", "4"]


async def test_a_ring_with_a_digest_ends(tmp_path: Path) -> None:
    back = [route(source=TO, to=OTHER), route(source=OTHER, to=FROM)]
    async with started(tmp_path, route(digest(every="10s")), *back) as (bench, hub):
        await say(hub, "one", "two")
        for _again in range(5):
            await pass_time(bench, 10)
        assert await arrived(bench, 1) == await arrived(bench, 1, OTHER)
        assert [one.message.body for one in await bench.store.deliveries.log(FROM)] == [
            "one",
            "two",
        ]


async def test_a_digest_brings_each_message_where_it_has_not_been(tmp_path: Path) -> None:
    """What was said at the far end does not come back there, and takes nothing with it."""
    ring = [route(digest(every="10s")), route(source=TO, to=OTHER), route(source=OTHER, to=FROM)]
    async with started(tmp_path, *ring) as (bench, hub):
        await say(hub, "far", channel=OTHER)
        await say(hub, "near", "nearer")
        for _again in range(5):
            await pass_time(bench, 10)
        assert await arrived(bench, 2) == [
            "1 message:\n00:00 Juliet: far",
            "2 messages:\n00:00 Juliet: near\n00:00 Juliet: nearer",
        ]
        assert bench.method.holds[OTHER] == [
            "2 messages:\n00:00 Juliet: near\n00:00 Juliet: nearer"
        ]
        assert [one.message.body for one in await bench.store.deliveries.log(FROM)] == [
            "far",
            "near",
            "nearer",
        ]


async def test_a_clock_set_back_loses_nothing(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(every="10s"))) as (bench, hub):
        await say(hub, "one")
        await pass_time(bench, 10)
        bench.clock.sleep(-5)
        await say(hub, "two")
        await pass_time(bench, 10)
        await arrived(bench, 2)
        told = [one.message.body for one in await bench.store.deliveries.log(TO)]
        assert told == ["1 message:\n00:00 Juliet: one", "1 message:\n00:00 Juliet: two"]


# Whatever comes in which order

CHAINS: Sequence[Made] = (
    delay(5),
    delay(30),
    ("throttle", {"count": "2", "per": "10s", "then": "hold"}),
    ("quiet", {"start": "0:17", "end": "0:18", "then": "hold"}),
    ("quiet", {"start": "0:18", "end": "0:17", "then": "digest"}),
    digest(every="7s"),
    digest(count=3),
)
ACTS = st.tuples(
    st.sampled_from(
        ["say", "say", "sleep", "go", "go", "disk", "crash", "off", "add", "edit", "breathe"]
    ),
    st.integers(1, 12),
)


class Play:
    """Does what is asked, and knows what was promised."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.said = 0
        self.accepting: list[tuple[str, asyncio.Task[Any]]] = []
        self.going: list[asyncio.Task[Any]] = []

    @property
    def hub(self) -> Hub:
        return self.bench.hubs[-1]

    async def act(self, name: str, count: int) -> None:
        acts: dict[str, Callable[[int], Any]] = {
            "say": self.say,
            "sleep": self.bench.clock.sleep,
            "go": self.go,
        }
        if name in acts:
            acts[name](count)
        elif name == "disk":
            self.bench.store.failing, self.bench.store.late = count % 3, count > 6
        elif name == "crash":
            await self.crash()
        elif name in ("off", "add", "edit"):
            await self.change(name, count)
        await asyncio.sleep(0.001 if name == "breathe" else 0)

    def say(self, count: int) -> None:
        for _ in range(count):
            self.said += 1
            body = str(self.said)
            self.accepting.append((body, asyncio.create_task(self.hub.accept(said(body)))))

    def go(self, _count: int) -> None:
        self.going.append(asyncio.create_task(self.hub.releases.release_due()))

    async def change(self, name: str, count: int) -> None:
        """The route goes off or on; or its last stage is set otherwise; or it gets one more."""
        (one,) = self.hub.routes
        settings = dict(stages(delay(count))[0].settings)
        if name == "off":
            one = replace(one, enabled=not one.enabled)
        elif name == "add" and len(one.stages) < 5:
            one = replace(one, stages=one.with_stage("delay", tuple(settings.items())))
        elif name == "edit":
            last = replace(one.stages[-1], name="delay", settings=tuple(settings.items()))
            one = replace(one, stages=(*one.stages[:-1], last))
        await asyncio.gather(
            *(task for _, task in self.accepting), return_exceptions=True
        )  # else it may find it off
        await change(self.hub, Put(replace(one, enabled=True)) if name != "off" else Put(one))
        if name == "off":
            await change(self.hub, Put(replace(self.hub.routes[0], enabled=True)))

    async def crash(self) -> None:
        for task in (*self.going, *(task for _, task in self.accepting)):
            task.cancel()
        await asyncio.gather(*self.going, return_exceptions=True)
        await self.bench.crash()
        self.bench.store.failing = 0
        await self.bench.start()

    async def end(self) -> tuple[list[str], set[str]]:
        """All is well again, and years go by: what was promised, and what was refused."""
        self.bench.store.failing = 0
        await asyncio.gather(*self.going, return_exceptions=True)
        results = await asyncio.gather(
            *(task for _, task in self.accepting), return_exceptions=True
        )
        while await self.bench.store.held.next_due() is not None:
            await pass_time(self.bench, 8 * 86400)
        promised, refused = [], set()
        for (body, _), end in zip(self.accepting, results, strict=True):
            if isinstance(end, StoreError):
                refused.add(body)
            elif not isinstance(end, BaseException):
                promised.append(body)
        await idle(self.bench)
        return promised, refused


async def _play(made: Sequence[Made], acts: Sequence[tuple[str, int]], folder: str) -> None:
    commits, releases = CommitLimits(retry_s=0.001), ReleaseLimits(page=5, retry_s=0.001)
    limits = EngineLimits(commits, releases, QueueLimits(back_off=at_once))
    async with started(folder, route(*made), limits=limits) as (bench, _hub):
        play = Play(bench)
        for name, count in acts:
            await play.act(name, count)
        promised, refused = await play.end()
        assert await bench.store.dead_letters.newest() == []
        assert bench.hubs[-1].routing.held_at(bench.hubs[-1].routes[0]) == 0
    found = [
        line
        for body in bench.method.holds[TO]
        for line in re.findall("(?m)(?:^|: )([0-9]+)$", body)
    ]
    assert len(found) == len(set(found)), "doubled"
    assert [body for body in found if body in set(promised)] == promised, "lost or out of order"
    assert not refused & set(found), "delivered though refused"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(CHAINS), min_size=1, max_size=3), st.lists(ACTS, max_size=25))
def test_nothing_held_is_lost_doubled_or_reordered(
    made: Sequence[Made], acts: Sequence[tuple[str, int]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(_play(made, acts, folder))
