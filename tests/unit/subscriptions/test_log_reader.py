"""What a subscription wants of a log, read a little at a time."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

from component.bus.model.delivery import Delivery
from component.bus.model.subscription import Subscription
from component.bus.ports.digests import DigestPart, DigestStore
from component.subscriptions.log_reader import CHARS_IN_TURN, MAX_KEPT_CHARS, PAGE, alike, first
from tests.support.fakes import FROM, TO, said

ONE = Subscription("juliet@x", FROM, TO, own=True)
ALL = DigestPart(1, 0, 10_000)
NONE = frozenset[int]()


class Log:
    """A store that has its answers at hand."""

    def __init__(self, *bodies: str) -> None:
        self.held = [Delivery(number, said(body), FROM) for number, body in enumerate(bodies, 1)]
        self.reads = 0

    async def between(self, _channel: Any, after: int, upto: int, limit: int) -> Sequence[Delivery]:
        self.reads += 1
        return [one for one in self.held if after < one.seq <= upto][:limit]


async def read(
    log: Log, one: Subscription = ONE, most: int = 1_000, told: frozenset[int] = NONE
) -> tuple[str, bool]:
    found, whole = await first(cast("DigestStore", log), one, ALL, told, most)
    return " ".join(each.message.body for each in found), whole


async def test_all_that_it_wants_however_far_behind() -> None:
    log = Log(*["chatter"] * 999, "news", *["chatter"] * 99, "more news")
    assert await read(log, replace(ONE, only="news")) == ("news more news", True)
    assert await read(log, replace(ONE, only="nothing")) == ("", True)
    assert await read(log, replace(ONE, only="news"), told=frozenset({1_000})) == (
        "more news",
        True,
    )


async def test_no_more_than_is_asked_for() -> None:
    log = Log(*["hello"] * 500)
    assert await read(log, most=2) == ("hello hello", False)
    assert log.reads == 1
    assert await read(Log(*["hello"] * PAGE)) == (" ".join(["hello"] * PAGE), True)


async def test_no_more_than_fits_memory() -> None:
    words, whole = await read(Log(*["x" * 250_000] * 40))
    assert MAX_KEPT_CHARS <= len(words) < MAX_KEPT_CHARS + 250_000
    assert not whole


async def test_others_have_their_turn_between() -> None:
    log = Log(*["ä" * 50_000] * 100)
    reading = asyncio.create_task(read(log, replace(ONE, only="news")))
    turns = 0
    while not reading.done():
        turns += 1
        await asyncio.sleep(0)
    assert turns >= 100 * 50_000 // CHARS_IN_TURN


def test_who_is_told_the_same() -> None:
    part = DigestPart(1, 10, 20)
    assert alike(ONE, part, frozenset({5})) == alike(
        replace(ONE, who="romeo@x", id=7), DigestPart(7, 10, 20), frozenset({21})
    )
    others = [
        alike(replace(ONE, only="news"), part, NONE),
        alike(replace(ONE, without="news"), part, NONE),
        alike(replace(ONE, thread="t"), part, NONE),
        alike(replace(ONE, channel=TO, target=FROM), part, NONE),
        alike(ONE, part, frozenset({15})),
        alike(ONE, DigestPart(1, 9, 20), NONE),
    ]
    assert len({alike(ONE, part, NONE), *others}) == 7
