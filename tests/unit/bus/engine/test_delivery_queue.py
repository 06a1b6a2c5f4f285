"""A queue: order, a bounded window, what follows each kind of failure, and what a crash leaves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from component.bus.engine.delivery_queue import QUEUE_LIMITS, QueueLimits
from component.bus.engine.limits import EngineLimits
from component.bus.model.delivery import MAX_ATTEMPTS, Delivery, State
from component.bus.model.message import Message
from component.bus.ports.method import Confirmation
from component.bus.ports.rendering import PlainRenderer
from component.common.errors import (
    DeliveryError,
    Moot,
    Refused,
    StoreError,
    Unavailable,
    Unconfirmed,
)
from tests.support.fakes import (
    OTHER,
    TO,
    Bench,
    Instead,
    at_once,
    loses,
    said,
    unavailable,
    until_all,
)

NUMBERS = [str(number) for number in range(200)]


async def _shout(bench: Bench, *bodies: str) -> None:
    await asyncio.gather(*(bench.hubs[-1].accept(said(body)) for body in bodies))


async def test_order_is_kept(bench: Bench) -> None:
    await bench.start()
    await _shout(bench, *NUMBERS)
    await until_all(bench.store, State.DELIVERED, 200)
    assert bench.method.holds[TO] == NUMBERS
    assert bench.method.sent.count((TO, "7")) == 1


async def test_the_window_is_bounded(bench: Bench) -> None:
    bench.method.answers = False
    bench.method.closed.add(OTHER)
    await bench.start()
    await _shout(bench, *NUMBERS)
    await bench.method.until_sent(QUEUE_LIMITS.window)
    for number in range(1, 4):
        bench.method.confirm_all()
        await bench.method.until_sent(min(200, (number + 1) * QUEUE_LIMITS.window))
    bench.method.confirm_all()
    await until_all(bench.store, State.DELIVERED, 200)
    assert bench.method.most_flying == QUEUE_LIMITS.window
    assert bench.method.holds[TO] == NUMBERS


async def test_a_dead_lane_delays_no_other(bench: Bench) -> None:
    bench.method.closed.add(OTHER)
    hub = await bench.start()
    await _shout(bench, *NUMBERS[:100])
    await until_all(bench.store, State.DELIVERED, 100)
    assert bench.method.holds[OTHER] == []
    assert hub.depths()[str(OTHER)] == 100
    await bench.method.open(OTHER)
    await until_all(bench.store, State.DELIVERED, 100, OTHER)
    assert bench.method.holds[OTHER] == NUMBERS[:100]


async def test_an_unanswering_lane_delays_no_other(bench: Bench) -> None:
    method = bench.method
    method.answers = False
    await bench.start()
    await _shout(bench, "silence")
    await method.until_sent(2)
    method.answers = True
    hub = bench.hubs[-1]
    for _, confirmation in [one for one in method.flying if one[0].channel == TO]:
        confirmation.set_result(None)
    await _shout(bench, "speech")
    await until_all(bench.store, State.DELIVERED, 2)
    assert hub.depths() == {str(TO): 0, str(OTHER): 2}
    method.confirm_all()


@pytest.mark.parametrize("late", [False, True])
async def test_refused_is_a_dead_letter_and_the_rest_goes_on(bench: Bench, late: bool) -> None:
    bench.method.closed.add(OTHER)
    await bench.start()
    refusal = Refused("They said no.")
    bench.method.plans = [loses(refusal, arrives=False, method=bench.method) if late else refusal]
    await _shout(bench, *NUMBERS[:5])
    await until_all(bench.store, State.DELIVERED, 4)
    await until_all(bench.store, State.DEAD, 1)
    dead = next(one for one in await bench.store.deliveries.log(TO) if one.state is State.DEAD)
    assert (dead.message.body, dead.error, dead.attempts) == ("0", "They said no.", 1)
    assert bench.method.holds[TO] == NUMBERS[1:5]


async def test_unavailable_is_tried_until_it_works(bench: Bench) -> None:
    bench.method.closed.add(OTHER)
    await bench.start()
    bench.method.plans = [unavailable() for _ in range(3 * MAX_ATTEMPTS)]
    await _shout(bench, *NUMBERS[:5])
    await until_all(bench.store, State.DELIVERED, 5)
    assert bench.method.holds[TO] == NUMBERS[:5]
    assert {one.attempts for one in await bench.store.deliveries.log(TO)} == {0}


async def test_a_wire_that_breaks_keeps_order(bench: Bench) -> None:
    """The whole window is lost and sent again, oldest first."""
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()

    def silence(delivery: Delivery, confirmation: Confirmation) -> None:
        """Nothing arrives and nothing comes back."""

    method.plans = [silence] * 5
    await _shout(bench, *NUMBERS[:5])
    await method.until_sent(5)
    assert method.holds[TO] == []
    method.fail_all(unavailable())
    await until_all(bench.store, State.DELIVERED, 5)
    assert method.holds[TO] == NUMBERS[:5]
    assert method.asked == [TO]


@pytest.mark.parametrize("error", [Unconfirmed("no word"), Unavailable("away")])
async def test_what_landed_is_not_sent_again(bench: Bench, error: DeliveryError) -> None:
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()
    method.plans = [
        loses(error, arrives=True, method=method),
        loses(error, arrives=False, method=method),
        loses(error, arrives=True, method=method),
    ]
    await _shout(bench, "landed", "lost", "landed too")
    await until_all(bench.store, State.DELIVERED, 3)
    assert sorted(method.holds[TO]) == ["landed", "landed too", "lost"]
    assert [body for _, body in method.sent].count("lost") == 2
    assert len(method.sent) == 4
    assert method.asked


async def test_where_nobody_can_look_it_is_sent_again(bench: Bench) -> None:
    method = bench.method
    method.closed.add(OTHER)
    method.tells_landed = False
    await bench.start()
    method.plans = [loses(Unconfirmed("no word"), arrives=True, method=method)]
    await _shout(bench, "hello")
    await until_all(bench.store, State.DELIVERED, 1)
    assert method.holds[TO] == ["hello", "hello"]


async def test_tried_too_often_is_a_dead_letter_and_the_rest_goes_on(bench: Bench) -> None:
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()
    method.plans = [loses(Unconfirmed("no word"), arrives=False, method=method)] * MAX_ATTEMPTS
    await bench.hubs[-1].accept(said("never"))
    await until_all(bench.store, State.DEAD, 1)
    await _shout(bench, "after")
    await until_all(bench.store, State.DELIVERED, 1)
    assert method.holds[TO] == ["after"]


async def test_a_fault_in_a_method_ends_nothing(bench: Bench) -> None:
    """A bug raises what no protocol allows: the queue goes on."""
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()

    def broken(delivery: Delivery, confirmation: Confirmation) -> None:
        raise KeyError("a bug")

    def breaks(delivery: Delivery, confirmation: Confirmation) -> None:
        confirmation.set_exception(KeyError("a bug"))

    method.plans = [broken]
    await _shout(bench, *NUMBERS[:4])
    await until_all(bench.store, State.DELIVERED, 4)
    assert method.holds[TO] == NUMBERS[:4]
    method.plans = [breaks]
    await _shout(bench, "late")
    await until_all(bench.store, State.DELIVERED, 5)
    assert method.holds[TO] == [*NUMBERS[:4], "late"]
    assert {one.attempts for one in await bench.store.deliveries.log(TO)} == {0, 1}


async def test_a_message_that_breaks_a_method_each_time_is_a_dead_letter(bench: Bench) -> None:
    """It once held up its queue for ever."""
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()

    def broken(delivery: Delivery, confirmation: Confirmation) -> None:
        raise KeyError("a bug")

    method.plans = [broken] * MAX_ATTEMPTS
    await _shout(bench, *NUMBERS[:4])
    await until_all(bench.store, State.DEAD, 1)
    await until_all(bench.store, State.DELIVERED, 3)
    assert method.holds[TO] == NUMBERS[1:4]


@pytest.mark.parametrize("arrives", [True, False])
async def test_a_crash_between_sending_and_its_outcome(bench: Bench, arrives: bool) -> None:
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()

    def silence(delivery: Delivery, confirmation: Confirmation) -> None:
        if arrives:
            method.take(delivery)

    method.plans = [silence] * 10
    await _shout(bench, *NUMBERS[:10])
    await method.until_sent(10)
    await bench.crash()
    await bench.start()
    await until_all(bench.store, State.DELIVERED, 10)
    assert method.holds[TO] == NUMBERS[:10]
    assert method.asked == [TO]
    assert len(method.sent) == (10 if arrives else 20)


async def test_more_than_memory_holds(bench: Bench) -> None:
    bench.limits = EngineLimits(queues=QueueLimits(in_memory=20, back_off=at_once))
    method = bench.method
    method.closed |= {TO, OTHER}
    hub = await bench.start()
    for start in range(0, 200, 50):
        await _shout(bench, *NUMBERS[start : start + 50])
    assert hub.depths() == {str(TO): 20, str(OTHER): 20}
    assert await bench.store.deliveries.backlog() == {TO: 200, OTHER: 200}
    await method.open(TO)
    await until_all(bench.store, State.DELIVERED, 200)
    assert method.holds[TO] == NUMBERS
    assert bench.store.most_read <= 20


async def test_a_backlog_is_looked_for_once_a_page(bench: Bench) -> None:
    """Looking costs a search of an archive; it was once done for every few that were sent."""
    bench.limits = EngineLimits(queues=QueueLimits(5, 50, at_once))
    method = bench.method
    method.closed |= {TO, OTHER}
    await bench.start()
    await _shout(bench, *NUMBERS)
    await bench.crash()
    method.closed.discard(TO)
    await bench.start()
    await until_all(bench.store, State.DELIVERED, 200)
    assert method.holds[TO] == NUMBERS
    assert len(method.asked) <= 5


async def test_a_backlog_from_before_and_what_comes_meanwhile(bench: Bench) -> None:
    """What is put while the store is read was once forgotten, or sent twice."""
    bench.limits = EngineLimits(queues=QueueLimits(in_memory=10, back_off=at_once))
    method = bench.method
    method.closed |= {TO, OTHER}
    await bench.start()
    await _shout(bench, *NUMBERS[:35])
    await bench.crash()
    method.closed.discard(TO)
    hub = await bench.start()
    for body in NUMBERS[35:]:
        await hub.accept(said(body))
    await until_all(bench.store, State.DELIVERED, 200)
    assert method.holds[TO] == NUMBERS
    assert len(method.sent) == 200


@pytest.mark.parametrize("first", ["the read", "the put"])
async def test_a_commit_while_the_store_is_read(bench: Bench, first: str) -> None:
    """The two orders of a commit and a reading of the same queue, forced."""
    method = bench.method
    method.closed.add(OTHER)
    await bench.start()
    method.closed.add(TO)
    await _shout(bench, "old")
    await bench.crash()
    method.closed.discard(TO)
    reading, go_on = asyncio.Event(), asyncio.Event()
    pending = bench.store.deliveries.pending

    async def held(*where: object) -> object:
        found = await pending(*where) if first == "the read" else None
        reading.set()
        await go_on.wait()
        return found if found is not None else await pending(*where)

    bench.store.deliveries = Instead(bench.store.deliveries, pending=held)
    hub = await bench.start()
    await reading.wait()
    await hub.accept(said("new"))
    go_on.set()
    await until_all(bench.store, State.DELIVERED, 2)
    assert method.holds[TO] == ["old", "new"]


async def test_a_reading_that_finds_what_was_committed_and_not_put(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It would be sent twice."""
    method = bench.method
    method.closed |= {TO, OTHER}
    await bench.start()
    await _shout(bench, "old")
    await bench.crash()
    method.closed.discard(TO)
    committed, was_read = asyncio.Event(), asyncio.Event()
    pending, transaction = bench.store.deliveries.pending, bench.store.transaction

    async def read_late(*where: object) -> object:
        await committed.wait()
        found = await pending(*where)
        was_read.set()
        return found

    @asynccontextmanager
    async def told_late() -> AsyncIterator[object]:
        async with transaction() as tx:
            yield tx
        committed.set()
        await was_read.wait()

    bench.store.deliveries = Instead(bench.store.deliveries, pending=read_late)
    monkeypatch.setattr(bench.store, "transaction", told_late)
    hub = await bench.start()
    await hub.accept(said("new"))
    await hub.accept(said("newer"))
    await until_all(bench.store, State.DELIVERED, 3)
    assert [body for channel, body in method.sent if channel == TO] == ["old", "new", "newer"]


async def test_stop_loses_nothing_accepted(bench: Bench) -> None:
    method = bench.method
    method.closed.add(OTHER)
    method.answers = False
    hub = await bench.start()
    await _shout(bench, *NUMBERS[:30])
    await method.until_sent(30)
    for _, confirmation in method.flying[:10]:
        confirmation.set_result(None)
    await asyncio.sleep(0)
    await hub.stop()
    bench.hubs.clear()
    assert await bench.store.deliveries.backlog() == {TO: 20, OTHER: 30}
    method.answers = True
    method.tells_landed = True
    await bench.start()
    await until_all(bench.store, State.DELIVERED, 30)
    assert method.holds[TO] == NUMBERS[:30]


async def test_a_store_that_can_not_be_read_for_a_while(bench: Bench) -> None:
    from component.common.errors import StoreError

    bench.method.closed |= {TO, OTHER}
    await bench.start()
    await _shout(bench, *NUMBERS[:3])
    await bench.crash()
    bench.method.closed.discard(TO)
    pending, failures = bench.store.deliveries.pending, [1, 2, 3]

    async def failing(*where: object) -> object:
        if failures:
            failures.pop()
            raise StoreError("The disk is gone.")
        return await pending(*where)

    bench.store.deliveries = Instead(bench.store.deliveries, pending=failing)
    await bench.start()
    await until_all(bench.store, State.DELIVERED, 3)
    assert bench.method.holds[TO] == NUMBERS[:3]
    assert failures == []


async def test_methods_are_told_their_channels(bench: Bench) -> None:
    await bench.start()
    assert {spec.channel for spec in bench.method.specs} == {TO, OTHER}


# Rendering


class FailingRenderer(PlainRenderer):
    """Raises `errors`, one each; then says what a message says."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    async def message(self, delivery: Delivery) -> Message:
        if self.errors:
            raise self.errors.pop(0)
        return replace(delivery.message, body=f"[Lobby] {delivery.message.body}")


async def test_the_method_is_given_what_the_renderer_says(bench: Bench) -> None:
    bench.renderer = FailingRenderer()
    await bench.start()
    await _shout(bench, "hello")
    await until_all(bench.store, State.DELIVERED, 1)
    assert [(one.delivery.message.body, one.content.body) for one in bench.method.given[:1]] == [
        ("hello", "[Lobby] hello")
    ]


@pytest.mark.parametrize(
    "error", [Refused("The message is empty after rewriting."), Moot("It has ended.")]
)
async def test_what_has_nothing_to_say_is_not_sent(bench: Bench, error: Refused) -> None:
    bench.renderer = FailingRenderer(error)
    bench.method.closed.add(OTHER)
    await bench.start()
    await _shout(bench, "gone", "here")
    await until_all(bench.store, State.DELIVERED, 1)
    assert bench.method.holds[TO] == ["here"]
    (first, *_rest) = await bench.store.deliveries.log(TO, before=2**62, limit=9)
    assert first.state is (State.DROPPED if isinstance(error, Moot) else State.DEAD)
    assert first.error == str(error)
    # What is moot needs no other way to arrive.
    assert bench.failures == ([] if isinstance(error, Moot) else [(State.DEAD, str(error))])


async def test_a_store_that_fails_costs_no_try(bench: Bench) -> None:
    bench.renderer = FailingRenderer(StoreError("The disk is full."), StoreError("Still."))
    bench.method.closed.add(OTHER)
    await bench.start()
    await _shout(bench, "hello")
    await until_all(bench.store, State.DELIVERED, 1)
    (delivery,) = await bench.store.deliveries.log(TO, before=2**62, limit=9)
    assert delivery.attempts == 0
    assert bench.method.holds[TO] == ["hello"]
