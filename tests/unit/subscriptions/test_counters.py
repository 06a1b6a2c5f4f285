"""How many messages wait for who wants a digest after so many."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from component.bus.model.delivery import Delivery
from component.bus.model.message import Author
from component.bus.model.subscription import Subscription
from component.subscriptions.counters import PAGE, Counters
from tests.support.fakes import Instead, said
from tests.support.subscribed import AUDIT, JULIET, LOBBY, ROMEO, World, a_world


class ReadStore:
    """A store that counts the messages read from it, and how often it is asked for numbers
    alone."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.read = self.asked = 0
        self.digests: Any = Instead(
            store.digests, between=self._between, count_between=self._count_between
        )

    async def _between(self, *asked: Any) -> Sequence[Delivery]:
        found: Sequence[Delivery] = await self._store.digests.between(*asked)
        self.read += len(found)
        return found

    async def _count_between(self, *asked: Any) -> int:
        self.asked += 1
        return int(await self._store.digests.count_between(*asked))


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def _fill(world: World, *bodies: str, who: str = ROMEO) -> int:
    """The seq of the last of them."""
    author = Author("someone", who)
    now = world.clock()
    await asyncio.gather(
        *(world.hub.accept(said(body, LOBBY, author=author, at=now)) for body in bodies)
    )
    await world.rest()
    return await world.store.deliveries.last_seq(LOBBY)


def _counts(world: World) -> tuple[Counters, ReadStore]:
    store = ReadStore(world.store)
    return Counters(store.digests), store


async def _some(world: World, count: int, when: str, **more: Any) -> list[Subscription]:
    return [
        await world.subscribe(f"person{number}@example.org", when=when, **more)
        for number in range(count)
    ]


async def test_what_a_filter_finds_is_counted_however_much_lies_between(world: World) -> None:
    await world.subscribe(when="every 2", only="release")
    for _ in range(4):
        await _fill(world, *["chatter"] * 30)
        await world.say("release")
        await world.sleep(minutes=1)
    assert len(world.chat.sent) == 2


async def test_so_is_what_others_say_between_own_posts(world: World) -> None:
    await world.subscribe(when="every 2")
    await _fill(world, *["mine"] * 25, who=JULIET)
    await world.say("theirs")
    assert not world.chat.sent
    await world.say("theirs")
    await world.sleep(minutes=1)
    assert len(world.chat.sent) == 1


async def test_each_message_is_read_once_for_all(world: World) -> None:
    many = await _some(world, 20, "every 400", only="hello")
    first = await _fill(world, *["hello"] * (2 * PAGE + 10))
    counts, store = _counts(world)
    assert not await counts.full(many, first)
    assert store.read == 2 * PAGE + 10
    later = await _fill(world, *["hello"] * 5)
    for seq in range(first + 1, later + 1):
        assert not await counts.full(many, seq)
    assert store.read == 2 * PAGE + 10
    assert store.asked == 0


async def test_a_message_is_counted_once_though_its_run_is_taken_up_again(world: World) -> None:
    one = await world.subscribe(when="every 3", only="hello")
    first = await _fill(world, "hello")
    counts, store = _counts(world)
    assert not await counts.full([one], first)
    for _ in range(5):
        assert not await counts.full([one], first)
    assert store.read == 1, "not even looked at again"


async def test_another_filter_is_counted_anew(world: World) -> None:
    one = await world.subscribe(when="every 3", only="zzz")
    seq = await _fill(world, "zzz", "other", "other")
    counts, _store = _counts(world)
    assert not await counts.full([one], seq)
    wider = replace(one, only="")
    assert await counts.full([wider], seq) == [wider]


async def test_what_was_deleted_meanwhile_does_not_count(world: World) -> None:
    one = await world.subscribe(when="every 3", own=True)
    message = await world.say("one")
    counts, _store = _counts(world)
    assert not await counts.full([one], await world.store.deliveries.last_seq(LOBBY))
    await world.hub.delete(message.id, AUDIT)
    for body in ("two", "three"):
        assert not await counts.full([one], await _fill(world, body))
    assert await counts.full([one], await _fill(world, "four")) == [one]
