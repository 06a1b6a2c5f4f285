"""Where ways cross that let messages wait: all that was said reaches a place once, by whichever of them."""

import asyncio
from dataclasses import replace
from pathlib import Path

from component.delivery import State
from component.message import Channel, id_from
from component.ports import Drop, Put
from component.route import Route
from tests.unit.fakes import FROM, OTHER, TO, Bench, said
from tests.unit.test_holds import arrived, change, delay, digest, pass_time, prefix, route, say, stages, started

LAST = Channel("fake", "last")
ASIDE = Channel("fake", "aside")


def only(words: str) -> tuple[str, dict[str, str]]:
    return "match", {"words": words}


async def _texts(bench: Bench, channel: Channel) -> str:
    return "\n".join(one.message.body for one in await bench.store.log(channel))


async def test_a_digest_reaches_what_a_part_of_it_has_reached_since(tmp_path: Path) -> None:
    routes = (
        route(digest(every="10s")),
        Route(FROM, LAST, stages=stages(only("both"))),  # what is said to both is there before the digest is
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
