"""What every engine must do with digests of subscriptions, and with what they tell: see
`store.SubscriptionStore`."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from component.bus.engine.commits import Offer
from component.bus.engine.releases import release_all
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import BUS, Author, Channel, Kind, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.records import Audit
from component.bus.model.route import Route
from component.bus.model.subscription import Interval, Standing, Subscription
from component.bus.ports.digests import DigestPart, DigestTurn
from component.bus.ports.fan_out import FanOutPage
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan
from component.common.errors import Refused, StoreError
from component.common.i18n import Words
from tests.contract.engines import Engine, Opened
from tests.support.fakes import AUTHOR, FROM, OTHER, TO, offered, said
from tests.support.saving import committed, paged

MIGRATIONS = Path(str(resources.files("component.storage"))) / "migrations"
DAILY = Interval.parse("daily at 9")
AUDIT = Audit(2_000, "admin@x", "text", "message-delete", "", "")


async def added(store: Store, *several: Subscription) -> list[Subscription]:
    """Each with its number."""
    return [replace(each, id=await store.subscriptions.add(each, 100)) for each in several]


def due(at: int, target: str = "juliet@x", channel: Channel = FROM, **more: Any) -> Subscription:
    return Subscription(
        target, channel, Channel("chat", target), **{"interval": DAILY, "due": at, **more}
    )


def turn(was: Subscription, cursor: int = 9, digest: str = "") -> DigestTurn:
    return DigestTurn(was, was.told(was.due, cursor), digest)


def digest(target: str = "juliet@x", body: str = "the shouts of the day") -> Message:
    return said(body, Channel("chat", target), author=BUS, kind=Kind.DIGEST)


def telling(message: Message, *turns: DigestTurn) -> Offer:
    """A digest to accept."""
    plan = Plan([(message, message.channel, State.PENDING, "")])
    return Offer(message, lambda: plan, turns)


async def said_in(store: Store, *messages: Message) -> list[Delivery]:
    receipts = await committed(
        store, [offered(one, (one.channel, State.RECEIVED)) for one in messages], (), ()
    )
    return [receipt.deliveries[0] for receipt in receipts]


# What is due


async def test_none(store: Store) -> None:
    assert list(await store.digests.due(10**15, 10)) == []
    assert await store.digests.due_count(10**15) == 0
    assert await store.digests.next_due() is None
    assert list(await store.digests.between(FROM, 0, 10**30, 10)) == []
    assert await store.digests.count_between(FROM, 10**30, 10**30) == 0
    assert list(await store.digests.parts_of("0" * 32)) == []
    assert await store.messages.thread_of("0" * 32) == ""
    await store.digests.take_turns([])
    await store.digests.take_turns([turn(due(5, id=7))])


async def test_the_earliest_come_first(store: Store) -> None:
    late, early, never, paused, asked, failed = await added(
        store,
        due(9, "a@x"),
        due(3, "b@x"),
        due(0, "c@x"),
        due(5, "d@x", standing=Standing.PAUSED),
        due(1, "e@x", standing=Standing.ASKED),
        due(1, "f@x", standing=Standing.FAILED),
    )
    assert list(await store.digests.due(10, 10)) == [early, paused, late]
    assert list(await store.digests.due(5, 10)) == [early, paused]
    assert list(await store.digests.due(10, 1)) == [early]
    assert list(await store.digests.due(2, 10)) == []
    assert [await store.digests.due_count(now) for now in (2, 3, 5, 10)] == [0, 1, 2, 3]
    assert await store.digests.next_due() == 3
    await store.subscriptions.remove([early.id, late.id, never.id, asked.id, failed.id])
    assert await store.digests.next_due() == 5


async def test_a_target_comes_whole(store: Store) -> None:
    """However few are asked for: one target gets one digest."""
    there = await added(
        store,
        due(7, "a@x", OTHER),
        due(5, "b@x"),
        due(5, "a@x"),
        due(6, "b@x", OTHER),
        due(20, "a@x", TO),
        due(6, "c@x"),
        due(8, "b@x", TO),
    )
    a_late, b, a, b_later, _to_come, c, b_last = there
    assert list(await store.digests.due(10, 10)) == [a, a_late, b, b_later, b_last, c]
    assert list(await store.digests.due(10, 1)) == [a, a_late]
    assert list(await store.digests.due(10, 2)) == [a, a_late, b, b_later, b_last]


# Turns


async def test_a_turn_that_tells_nothing(store: Store) -> None:
    one, other, paused = await added(
        store, due(5), due(5, "romeo@x"), due(5, "nurse@x", standing=Standing.PAUSED)
    )
    await store.digests.take_turns([turn(one), turn(paused)])
    now = replace(one, due=one.next(5), cursor=9)
    back = replace(paused, standing=Standing.ON, due=now.due, cursor=9)
    assert list(await store.subscriptions.find()) == [now, other, back]
    await store.digests.take_turns([turn(one, 11)])  # as it was before: it is not so any more
    assert await store.subscriptions.get(one.id) == now


@pytest.mark.parametrize(
    "change", [{"due": 6}, {"due": 0}, {"cursor": 1}, {"standing": Standing.FAILED}], ids=str
)
async def test_one_that_was_moved_meanwhile_stays(store: Store, change: dict[str, Any]) -> None:
    was, other = await added(store, due(5), due(5, channel=OTHER))
    now = replace(was, **change)
    await store.subscriptions.change([(was, now)])
    message = digest()
    (receipt,) = await committed(
        store, [telling(message, turn(was, 9, message.id), turn(other, 8, message.id))], (), ()
    )
    assert receipt.new
    assert list(await store.subscriptions.find()) == [
        now,
        replace(other, due=other.next(5), cursor=8),
    ]
    assert list(await store.digests.parts_of(message.id)) == [DigestPart(other.id, 0, 8)]


async def test_one_that_was_set_otherwise_meanwhile_is_told_and_stays_set_so(store: Store) -> None:
    """Its digest is made by now. One that is told at once from now on is looked at from now on."""
    was, named = await added(
        store, due(5, standing=Standing.PAUSED), due(5, "romeo@x", name="Romeo")
    )
    live = replace(was, interval=Interval(), only="news")
    await store.subscriptions.change([(was, live), (named, replace(named, name="Montague"))])
    await store.digests.take_turns([turn(was), turn(named)])
    now = replace(live, standing=Standing.ON, cursor=9, due=was.told(5, 9).due)
    assert await store.subscriptions.get(was.id) == now
    assert list(await store.subscriptions.listeners(FROM, ["romeo"], 0, 9)) == [now]
    assert [one.name for one in await store.subscriptions.listeners(FROM, ["montague"], 0, 9)] == [
        "",
        "Montague",
    ]


async def test_a_digest_and_its_turns_are_kept_together(opened: Opened) -> None:
    store = await opened()
    one, other, empty = await added(
        store, due(5, cursor=3), due(5, channel=OTHER), due(5, channel=TO)
    )
    message = digest()
    offer = telling(message, turn(other, 8, message.id), turn(one, 9, message.id), turn(empty, 7))
    (receipt,) = await committed(store, [offer], (), ())
    await store.close()
    again = await opened()
    assert list(await again.deliveries.pending(message.channel, 0, 9)) == list(receipt.deliveries)
    assert list(await again.digests.parts_of(message.id)) == [
        DigestPart(one.id, 3, 9),
        DigestPart(other.id, 0, 8),
    ]
    assert [each.cursor for each in await again.subscriptions.find()] == [9, 8, 7]
    (known,) = await committed(again, [offer], (), ())
    assert not known.new
    assert [each.cursor for each in await again.subscriptions.find()] == [9, 8, 7]


async def test_one_is_told_once_of_two_digests_at_one_time(store: Store) -> None:
    (one,) = await added(store, due(5))
    first, second = digest(), digest(body="the same again")
    await committed(
        store, [telling(each, turn(one, 9, each.id)) for each in (first, second)], (), ()
    )
    assert list(await store.digests.parts_of(first.id)) == [DigestPart(one.id, 0, 9)]
    assert list(await store.digests.parts_of(second.id)) == []


async def test_turns_stand_with_what_was_held(store: Store) -> None:
    """A release takes turns as what is accepted does."""
    await store.configuration.seed((), [Route(FROM, TO)], ())
    (route,) = await store.configuration.routes()
    (one,) = await added(store, due(5))
    message = digest()
    held = Held(message, route.id, (1,), frozenset(), 0, 5)
    await committed(store, [Offer(message, lambda: Plan((), holds=[held]))], (), ())
    waiting = tuple(await store.held.of_message(message.id))
    plan = Plan([(message, TO, State.PENDING, "")])
    async with store.transaction() as tx:
        await release_all(tx, [waiting], lambda _held, _been: plan)
        await tx.write([turn(one, 9, message.id)])
    assert list(await store.digests.parts_of(message.id)) == [DigestPart(one.id, 0, 9)]
    assert await store.subscriptions.get(one.id) == one.told(5, 9)


async def test_a_full_disk_takes_no_turn(engine: Engine, store: Store) -> None:
    one, other = await added(store, due(5), due(5, "romeo@x"))
    long = digest(body="x" * 200_000)
    await engine.fill_disk(store)
    with pytest.raises(StoreError):
        await committed(store, [telling(long, turn(one, 9, long.id))], (), ())
    assert list(await store.digests.due(5, 10)) == [one, other]
    assert list(await store.digests.parts_of(long.id)) == []
    assert list(await store.messages.trace(long.id)) == []
    await engine.free_disk(store)
    await committed(store, [telling(long, turn(one, 9, long.id))], (), ())
    assert list(await store.digests.due(5, 10)) == [other]


async def test_what_was_told_at_once_is_known_until_the_next_turn(store: Store) -> None:
    """The digest that leaves it out is put into words later."""
    one, other = await added(
        store, due(5, online=True, cursor=2), due(5, "romeo@x", online=True, cursor=2)
    )
    (delivery,) = await said_in(store, said())
    await paged(
        store,
        FanOutPage(delivery, 9, notified=[(one.id, 1), (one.id, 3), (one.id, 12), (other.id, 1)]),
    )
    first = turn(one, 9)
    await store.digests.take_turns([first])
    assert await store.fan_out.notified([one.id, other.id]) == {one.id: {3, 12}, other.id: {1}}
    await store.digests.take_turns([turn(first.now, 15)])
    assert await store.fan_out.notified([one.id, other.id]) == {one.id: {12}, other.id: {1}}
    await store.digests.take_turns([turn(first.now, 15)])
    assert await store.fan_out.notified([one.id]) == {one.id: {12}}


# What a digest tells


async def test_what_came_between(store: Store) -> None:
    first, second, elsewhere, third, late = await said_in(
        store, said("1"), said("2"), said("x", OTHER), said("3"), said("4")
    )
    assert list(await store.digests.between(FROM, first.seq, third.seq, 10)) == [second, third]
    assert list(await store.digests.between(FROM, 0, late.seq, 2)) == [first, second]
    assert list(await store.digests.between(OTHER, 0, late.seq, 10)) == [elsewhere]
    assert list(await store.digests.between(FROM, late.seq, late.seq, 10)) == []
    assert await store.digests.count_between(FROM, first.seq, third.seq) == 2
    assert await store.digests.count_between(FROM, 0, 10**30) == 4


async def test_what_no_digest_tells(store: Store) -> None:
    plain = said("1")
    correction = replace(said("1!"), corrects=plain.id)
    of_a_digest = said("2", kind=Kind.DIGEST)
    like_one = said("3", author=Author("Juliet", "Digest:juliet@x"))
    deleted = said("4")
    await said_in(store, plain, correction, of_a_digest, like_one, deleted)
    await store.messages.delete(deleted.id, "(gone)", AUDIT)
    assert [one.message.body for one in await store.digests.between(FROM, 0, 99, 9)] == ["1", "3"]
    assert await store.digests.count_between(FROM, 0, 99) == 2


async def test_an_unpublished_story_is_not_told(store: Store) -> None:
    kept, hidden = await said_in(store, said("1"), said("2"))
    story = await store.stories.get(hidden.seq)
    assert story
    await store.stories.update(replace(story, published=False), AUDIT)
    assert list(await store.digests.between(FROM, 0, 99, 9)) == [kept]
    assert await store.digests.count_between(FROM, 0, 99) == 1


async def test_what_waits_for_nothing_is_due_again_where_something_came_meanwhile(
    store: Store,
) -> None:
    at_once = Interval()
    one, other = await added(store, due(5, interval=at_once), due(5, "romeo@x", interval=at_once))
    (delivery,) = await said_in(store, said())
    await store.digests.take_turns(
        [
            replace(turn(one, delivery.seq - 1), again=7),
            replace(turn(other, delivery.seq), again=7),
        ]
    )
    assert [(each.due, each.cursor) for each in await store.subscriptions.find()] == [
        (7, delivery.seq - 1),
        (0, delivery.seq),
    ]


async def test_those_that_are_due_far_ahead(store: Store) -> None:
    await added(
        store,
        due(5),
        due(50, "romeo@x"),
        due(60, "nurse@x", standing=Standing.PAUSED),
        due(70, "hero@x"),
    )
    assert [one.due for one in await store.digests.due_after(5, 0, 9)] == [50, 70]
    assert [one.due for one in await store.digests.due_after(5, 2, 9)] == [70]
    assert [one.due for one in await store.digests.due_after(5, 0, 1)] == [50]


async def test_what_is_on_its_way_to_a_channel_is_told_and_what_died_is_not(store: Store) -> None:
    offers = [
        offered(said(str(number)), (OTHER, State.RECEIVED), (FROM, State.PENDING))
        for number in range(3)
    ]
    waits, done, dead = [
        receipt.deliveries[1] for receipt in await committed(store, offers, (), ())
    ]
    await committed(store, (), [done.confirmed(2), dead.failed(Refused("no"), 2)], ())
    told = await store.digests.between(FROM, 0, 99, 9)
    assert [(one.seq, one.state) for one in told] == [
        (waits.seq, State.PENDING),
        (done.seq, State.DELIVERED),
    ]
    assert await store.digests.count_between(FROM, 0, 99) == 2


# Threads


async def test_a_message_keeps_what_it_answers(opened: Opened) -> None:
    store = await opened()
    start = said("first")
    answer = replace(said("second"), replies=start.id, thread=start.id)
    offers = [offered(one, (FROM, State.RECEIVED), (TO, State.PENDING)) for one in (start, answer)]
    await committed(store, offers, (), ())
    (again,) = await committed(store, [offered(answer)], (), ())
    await store.close()
    later = await opened()
    assert again.message == answer
    assert [one.message for one in await later.deliveries.log(FROM)] == [start, answer]
    assert [one.message for one in await later.digests.between(FROM, 0, 99, 9)] == [start, answer]
    assert [one.message for one in await later.stories.find(FROM)] == [answer, start]
    assert await later.messages.id_from(answer.origin) == answer.id
    assert [hop.channel for hop in await later.messages.trace(answer.id)] == [FROM, TO]
    assert (
        await later.messages.thread_of(start.id)
        == await later.messages.thread_of(answer.id)
        == start.id
    )


async def test_what_waits_keeps_what_it_answers(store: Store) -> None:
    await store.configuration.seed((), [Route(FROM, TO)], ())
    (route,) = await store.configuration.routes()
    answer = replace(said(author=AUTHOR), replies="a" * 32, thread="b" * 32)
    held = Held(answer, route.id, (1,), frozenset(), 0, 5)
    stop = Stopped(answer, route.id, "match", OTHER, Words("no"))
    await committed(store, [Offer(answer, lambda: Plan((), holds=[held], stops=[stop]))], (), ())
    assert messages(await store.held.of_message(answer.id)) == [answer]
    assert messages(await store.held.due(10, 9)) == [answer]
    assert messages(await store.messages.rejections(answer.id)) == [answer]


def messages(there: Sequence[Held | Stopped]) -> list[Message]:
    return [one.message for one in there]
