"""Where ways cross that let messages wait: all that was said reaches a place once, by whichever of
them."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest

from component import processors
from component.bus.model.digest import MAX_GATHERED_CHARS
from component.bus.model.message import Channel, id_from
from component.bus.model.records import Drop, Put
from component.bus.model.route import Route, Settings
from tests.support.fakes import FROM, OTHER, QUICK, TO, Bench, said
from tests.unit.bus.engine.test_releases import (
    NOBODY,
    Made,
    arrived,
    change,
    delay,
    digest,
    idle,
    pass_time,
    route,
    say,
    stages,
    started,
)

LAST = Channel("wire", "last")


def only(words: str) -> tuple[str, dict[str, str]]:
    return "match", {"words": words}


async def _texts(bench: Bench, channel: Channel) -> str:
    return "\n".join(one.message.body for one in await bench.store.deliveries.log(channel))


async def test_a_digest_reaches_what_a_part_of_it_has_reached_since(tmp_path: Path) -> None:
    routes = (
        route(digest(every="10s")),
        Route(
            FROM, LAST, stages=stages(only("both"))
        ),  # what is said to both is there before the digest is
        Route(TO, LAST),
    )
    async with started(tmp_path, *routes) as (bench, hub):
        await say(hub, "both", "alone")
        await pass_time(bench, 10)
        told = await _texts(bench, LAST)
        assert (told.count("both"), told.count("alone")) == (1, 1)
        assert [(await _texts(bench, TO)).count(word) for word in ("both", "alone")] == [1, 1]


async def test_two_digests_on_the_way_to_one_place_tell_it_once(tmp_path: Path) -> None:
    routes = (
        Route(FROM, TO, stages=stages(delay(1))),
        Route(FROM, OTHER, stages=stages(delay(2))),
        Route(TO, LAST, stages=stages(digest(every="10s"))),
        Route(OTHER, LAST, stages=stages(digest(every="10s"))),
    )
    async with started(tmp_path, *routes) as (bench, hub):
        await say(hub, "once")
        for seconds in (1, 1, 10, 10):
            await pass_time(bench, seconds)
        assert (await _texts(bench, LAST)).count("once") == 1


async def test_what_waits_for_a_place_is_not_told_there_by_a_digest_too(tmp_path: Path) -> None:
    routes = (
        route(digest(every="10s")),
        Route(FROM, LAST, stages=stages(delay(60))),
        Route(TO, LAST),
    )
    async with started(tmp_path, *routes) as (bench, hub):
        await say(hub, "once")
        for seconds in (10, 60):
            await pass_time(bench, seconds)
        assert (await _texts(bench, LAST)).count("once") == 1


async def test_what_a_digest_told_is_not_told_again_by_what_waited_longer(tmp_path: Path) -> None:
    routes = (
        Route(FROM, TO, stages=stages(delay(1))),
        Route(TO, LAST, stages=stages(digest(every="10s"))),
        Route(FROM, OTHER, stages=stages(delay(60))),
        Route(OTHER, LAST),
    )
    async with started(tmp_path, *routes) as (bench, hub):
        await say(hub, "once")
        for seconds in (1, 10, 60):
            await pass_time(bench, seconds)
        assert (await _texts(bench, LAST)).count("once") == 1
        assert (await _texts(bench, OTHER)).count("once") == 1


async def test_routes_that_change_while_it_is_let_go_are_taken_as_they_are_then(
    tmp_path: Path,
) -> None:
    """What was planned by a route that is gone would wait there for ever."""
    routes = (route(delay(1)), Route(TO, LAST, stages=stages(delay(1))))
    async with started(tmp_path, *routes) as (bench, hub):
        await say(hub, "once")
        bench.clock.sleep(1)
        async with hub.routing.turn():
            going = asyncio.create_task(hub.releases.release_due())
            await asyncio.sleep(0.1)  # it has read what is due, and waits for its turn
            await bench.store.configuration.change([Drop(hub.routes[1])], NOBODY)
            await hub.reload()
        await going
        assert await arrived(bench, 1) == ["once"]
        assert await bench.store.held.counts() == {}


async def test_routes_that_are_turned_off_while_it_is_let_go_hold_on(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(1))) as (bench, hub):
        await say(hub, "once")
        bench.clock.sleep(1)
        async with hub.routing.turn():
            going = asyncio.create_task(hub.releases.release_due())
            await asyncio.sleep(0.1)
            await bench.store.configuration.change(
                [Put(replace(hub.routes[0], enabled=False))], NOBODY
            )
            await hub.reload()
        await going
        assert hub.routing.held_at(hub.routes[0]) == 1
        await change(hub, Put(replace(hub.routes[0], enabled=True)))
        assert await arrived(bench, 1) == ["once"]


@pytest.mark.parametrize("made", [digest(every="1h"), digest(every="1h", count=100)])
async def test_a_batch_does_not_grow_without_bound(made: Made, tmp_path: Path) -> None:
    """It is brought on as a whole: what is too much for one transaction would never go."""
    body = "x" * 10_000
    async with started(tmp_path, route(made)) as (bench, hub):
        await say(hub, *[f"{number} {body}" for number in range(70)])
        bench.clock.sleep(3_600)
        due = await bench.store.held.due(bench.clock(), 1_000)
        batches = {one.batch: 0 for one in due}
        for one in due:
            batches[one.batch] += len(one.message.body)
        assert max(batches.values()) <= MAX_GATHERED_CHARS
        await hub.releases.release_due()
        await idle(bench)
        told = await _texts(bench, TO)
        assert [told.count(f" {number} x") for number in range(70)] == [1] * 70
        assert [told.index(f" {number} x") for number in range(70)] == sorted(
            told.index(f" {n} x") for n in range(70)
        )


async def test_no_one_can_take_a_digests_id_before_it(tmp_path: Path) -> None:
    async with started(tmp_path, route(digest(every="10s"), to=OTHER), Route(OTHER, LAST)) as (
        bench,
        hub,
    ):
        (first,) = await say(hub, "one")
        batch = id_from(f"1 1 {id_from(f'batch {first}')}")
        for number in range(1, 4):
            await hub.accept(said("mine", LAST, id=id_from(f"{batch} {number}")))
        await hub.accept(said("mine", LAST, id=batch))
        await pass_time(bench, 10)
        assert "one" in await _texts(bench, LAST)


async def test_a_processor_in_the_place_of_another_is_not_taken_for_passed(tmp_path: Path) -> None:
    async with started(tmp_path, route(delay(3600))) as (bench, hub):
        await say(hub, "keep", "junk")
        await change(hub, Put(replace(hub.routes[0], enabled=False)))
        await change(hub, Put(replace(hub.routes[0], stages=())))
        await change(
            hub, Put(replace(hub.routes[0], stages=hub.routes[0].with_stage(*_set(only("keep")))))
        )
        assert hub.routing.held_at(hub.routes[0]) == 2
        await change(hub, Put(replace(hub.routes[0], enabled=True)))
        assert await arrived(bench, 1) == ["keep"]
        assert hub.routing.held_at(hub.routes[0]) == 0


async def test_what_finds_no_room_takes_no_turn(tmp_path: Path) -> None:
    few = replace(QUICK, max_held=3)
    made = "throttle", {"count": "1", "per": "1s", "then": "hold"}
    async with started(tmp_path, route(made), limits=few) as (bench, hub):
        await say(hub, *map(str, range(20)))
        assert len(await bench.store.dead_letters.newest(TO)) == 16
        for _second in range(3):
            await pass_time(bench, 1)
        await say(hub, "later")
        await pass_time(bench, 1)
        assert await arrived(bench, 5) == ["0", "1", "2", "3", "later"]


def _set(made: tuple[str, dict[str, str]]) -> tuple[str, Settings]:
    (stage,) = stages(made)
    return stage.name, stage.settings


@pytest.mark.parametrize("made", [delay(1), digest(every="1s")])
async def test_what_waited_for_a_person_goes_no_further_than_to_them(
    made: Made, tmp_path: Path
) -> None:
    juliet, secret = Channel("chat", "juliet@example.org"), Channel("wire", "secret")
    routes = (route(made, source=secret, to=juliet), Route(Channel("chat", "*"), FROM))
    async with started(tmp_path, *routes) as (bench, hub):
        hub.attach(
            {"wire": bench.method, "shoutbox": None, "chat": bench.method},
            {"chat"},
            processors.make,
        )
        await hub.reload()
        await say(hub, "for her alone", channel=secret)
        await pass_time(bench, 1)
        assert "for her alone" in (await arrived(bench, 1, juliet))[0]
        assert await bench.store.deliveries.log(FROM) == []


async def test_a_digest_that_waits_is_overtaken_by_what_is_in_it(tmp_path: Path) -> None:
    routes = (
        Route(FROM, TO, stages=stages(digest(every="1s"), delay(9))),
        Route(FROM, OTHER, stages=stages(delay(2))),
        Route(OTHER, LAST),
        Route(TO, LAST),
    )
    async with started(tmp_path, *routes) as (bench, hub):
        await say(hub, "once")
        for seconds in (1, 1, 9):
            await pass_time(bench, seconds)
        assert (await _texts(bench, LAST)).count("once") == 1
        assert (await _texts(bench, TO)).count("once") == 1


# Any net of routes

BOXES = [Channel("shoutbox", name) for name in "abcde"]


def _waits(chance: random.Random) -> list[Made]:
    """What lets a message wait or gathers it, and stops none."""
    some: Sequence[list[Made]] = (
        [],
        [],
        [delay(chance.choice([1, 2, 5, 9]))],
        [digest(every=f"{chance.choice([1, 3, 7])}s")],
        [digest(every=f"{chance.choice([3, 7])}s", count=chance.choice([1, 2, 3]))],
        [("throttle", {"count": "1", "per": f"{chance.choice([1, 2])}s", "then": "hold"})],
    )
    return chance.choice(some)


def _reached(start: Channel, routes: Sequence[Route]) -> set[Channel]:
    found, ahead = {start}, [start]
    while ahead:
        place = ahead.pop()
        new = {one.destination for one in routes if one.source == place} - found
        found |= new
        ahead += new
    return found


@pytest.mark.parametrize("seed", [*range(8), 2022, 2197, 4192, 6217, 7172])
async def test_whatever_the_routes_it_comes_everywhere_once(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)  # noqa: S311
    ends = chance.sample(list(permutations(BOXES, 2)), chance.randint(3, 8))
    routes = [Route(*pair, stages=stages(*_waits(chance), *_waits(chance))) for pair in ends]
    said_at: dict[str, Channel] = {}
    async with started(tmp_path, *routes) as (bench, hub):
        for number in range(chance.randint(1, 5)):
            said_at[f"word{number}."] = place = chance.choice(BOXES)
            await say(hub, f"word{number}.", channel=place)
            await pass_time(bench, chance.choice([0, 0.5, 1, 3]))
        for _second in range(60):
            await pass_time(bench, 1)
        assert await bench.store.held.counts() == {}
        came = {place: await _texts(bench, place) for place in BOXES}
    told: Mapping[str, Counter[Channel]] = {
        word: Counter({place: text.count(word) for place, text in came.items() if word in text})
        for word in said_at
    }
    assert told == {word: Counter(_reached(start, routes)) for word, start in said_at.items()}
