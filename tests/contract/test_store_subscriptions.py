"""What every engine must do with subscriptions that are told at once, and with addresses: see
`store.SubscriptionStore`. Digests are in `test_store_digests`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from component.bus.engine.commits import Offer
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Channel
from component.bus.model.records import Audit
from component.bus.model.subscription import Interval, Standing, Subscription
from component.bus.ports.fan_out import FanOutPage
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan
from component.common.errors import Conflict, Refused, StoreError
from tests.contract.engines import Engine, Opened
from tests.support.fakes import FROM, OTHER, TO, offered, said
from tests.support.saving import committed, paged

ALL = Channel("subscribers", str(FROM))
MAIL = Channel("mail", "juliet@example.org")
DAILY = Interval.parse("daily at 9")
MOST = 100
AUDIT = Audit(2_000, "admin@x", "text", "message-delete", "", "")


def one(who: str = "juliet@x", channel: Channel = FROM, **more: Any) -> Subscription:
    return Subscription(
        who, channel, more.pop("target", Channel("chat", who or "nobody@x")), **more
    )


async def added(store: Store, *several: Subscription) -> list[Subscription]:
    """Each with its number."""
    return [replace(each, id=await store.subscriptions.add(each, MOST)) for each in several]


async def coming(store: Store, body: str = "hello", *to: Channel) -> Delivery:
    """The delivery to all subscribers of a message that came, and was brought to some already."""
    message = said(body)
    places = [
        (FROM, State.RECEIVED),
        (ALL, State.PENDING),
        *((channel, State.PENDING) for channel in to),
    ]
    (receipt,) = await committed(store, [offered(message, *places)], (), ())
    return receipt.deliveries[1]


WHOLE = Subscription(
    "juliet@x",
    FROM,
    MAIL,
    Interval.parse("Weekly  on Monday at 9:30"),
    "Europe/Berlin",
    "de",
    "„Ä 'x' \"y\" \\, 🍪",
    "/(spam|eggs)+/",
    "0" * 32,
    own=True,
    online=True,
    name="Juliet",
    fallback=Channel("sms", "+4912345"),
    standing=Standing.PAUSED,
    due=2**41,
    cursor=7,
)


def cron(subscription: Subscription) -> str:
    """Two schedules are one where their words are: what they mean is looked at here."""
    return subscription.interval.schedule.cron if subscription.interval.schedule else ""


@pytest.mark.parametrize(
    "whole",
    [
        WHOLE,
        one(),
        one(""),
        one(interval=Interval(20)),
        one(interval=DAILY),
        replace(WHOLE, standing=Standing.FAILED),
    ],
    ids=["all of it", "little", "nobody", "count", "daily", "failed"],
)
async def test_one_is_kept_whole(opened: Opened, whole: Subscription) -> None:
    store = await opened()
    (kept,) = await added(store, whole)
    await store.close()
    again = await opened()
    assert kept.id > 0
    found = await again.subscriptions.get(kept.id)
    assert found == kept
    assert cron(found) == cron(whole)
    assert list(await again.subscriptions.find()) == [kept]


async def test_none(store: Store) -> None:
    assert list(await store.subscriptions.find(after=10**30)) == []
    assert list(await store.subscriptions.listeners(FROM, ["juliet"], 0, 10)) == []
    assert await store.subscriptions.get(1) is await store.subscriptions.get(10**30) is None
    assert await store.subscriptions.listener_counts() == {}
    assert await store.fan_out.notified([1]) == {}
    assert (
        list(await store.subscriptions.between([], []))
        == list(await store.subscriptions.between([MAIL], [FROM]))
        == []
    )
    assert await store.fan_out.progress(10**30) == 0
    assert (
        list(await store.subscriptions.remove([]))
        == list(await store.subscriptions.remove([1, 10**30]))
        == []
    )
    assert list(await store.subscriptions.change([])) == []
    assert (
        list(
            await store.subscriptions.change(
                [(replace(one(), id=1), replace(one(), id=1, name="J"))]
            )
        )
        == []
    )
    assert (
        await store.fan_out.notified_upto([])
        == await store.fan_out.notified_upto([1, 10**30])
        == {}
    )
    await store.fan_out.forget_notified([(1, 1)])
    assert list(await store.subscriptions.find()) == []


async def test_they_are_listed_page_by_page(store: Store) -> None:
    there = await added(
        store,
        one(),
        one(channel=OTHER),
        one("romeo@x"),
        one("romeo@x", target=MAIL),
        one("", target=MAIL),
        one("", OTHER),
    )
    a, b, c, d, e, f = there
    assert list(await store.subscriptions.find()) == there
    assert list(await store.subscriptions.find(limit=2)) == [a, b]
    assert list(await store.subscriptions.find(after=b.id, limit=3)) == [c, d, e]
    assert list(await store.subscriptions.find(who="romeo@x")) == [c, d]
    assert list(await store.subscriptions.find(who="romeo@x", after=c.id)) == [d]
    assert list(await store.subscriptions.find(who="")) == [e, f]
    assert list(await store.subscriptions.find(target=MAIL)) == [d, e]
    assert list(await store.subscriptions.find(channel=OTHER)) == [b, f]
    assert list(await store.subscriptions.find(channel=OTHER, after=b.id, limit=1)) == [f]
    assert list(await store.subscriptions.find(who="romeo@x", target=MAIL)) == [d]
    assert list(await store.subscriptions.find(who="juliet@x", channel=OTHER)) == [b]
    assert list(await store.subscriptions.find(target=MAIL, channel=OTHER)) == []
    assert list(await store.subscriptions.find(who="nobody@x")) == []


async def test_those_of_targets_at_channels(store: Store) -> None:
    a, b, c, d = await added(
        store, one(), one(channel=OTHER), one("romeo@x", OTHER), one(target=MAIL)
    )
    assert list(await store.subscriptions.between([a.target], [FROM, OTHER])) == [a, b]
    assert list(await store.subscriptions.between({c.target, a.target, MAIL}, [OTHER, TO])) == [
        b,
        c,
    ]
    assert list(await store.subscriptions.between([MAIL, c.target], [FROM])) == [d]
    assert (
        list(await store.subscriptions.between([a.target], []))
        == list(await store.subscriptions.between([], [FROM]))
        == []
    )


async def test_no_more_than_so_many_for_each(store: Store) -> None:
    places = (FROM, TO, OTHER)
    assert [await store.subscriptions.add(one(channel=place), 2) > 0 for place in places] == [
        True,
        True,
        False,
    ]
    assert [
        await store.subscriptions.add(one("", place, target=MAIL), 2) > 0 for place in places
    ] == [
        True,
        True,
        False,
    ]
    assert await store.subscriptions.add(one("romeo@x", target=MAIL), 2) > 0
    assert len(await store.subscriptions.find()) == 5


async def test_no_second_one_at_a_channel_for_a_target(store: Store) -> None:
    (first,) = await added(store, one())
    for most in (MOST, 1):
        with pytest.raises(Conflict, match="chat:juliet@x is already subscribed to shoutbox:lobby"):
            await store.subscriptions.add(one(interval=DAILY), most)
    second, third = await added(store, one(target=MAIL), one("romeo@x", target=MAIL))
    with pytest.raises(Conflict):
        await store.subscriptions.change(
            [(third, replace(third, name="Romeo")), (second, replace(second, target=first.target))]
        )
    assert list(await store.subscriptions.find()) == [first, second, third]


async def test_they_change(store: Store) -> None:
    first, second, third = await added(store, one(), one("romeo@x"), one("nurse@x"))
    await store.subscriptions.remove([third.id])
    now = replace(WHOLE, id=first.id)
    assert (
        list(
            await store.subscriptions.change([(first, now), (third, replace(third, name="Nurse"))])
        )
        == []
    )
    assert list(await store.subscriptions.find()) == [now, second]


@pytest.mark.parametrize(
    "change", [{"due": 9}, {"cursor": 9}, {"standing": Standing.FAILED}, {"only": "x"}], ids=str
)
async def test_one_that_was_changed_since_it_was_read_stays(
    store: Store, change: dict[str, Any]
) -> None:
    first, second = await added(store, one(interval=DAILY), one("romeo@x"))
    there = replace(first, **change)
    await store.subscriptions.change([(first, there)])
    named = replace(second, name="R")
    late = await store.subscriptions.change(
        [(first, replace(first, zone="Europe/Berlin")), (second, named)]
    )
    assert list(late) == [there]
    assert list(await store.subscriptions.find()) == [there, named]


async def test_they_end_and_their_numbers_are_never_given_again(store: Store) -> None:
    first, second, third = await added(store, one(), one("romeo@x"), one("nurse@x"))
    delivery = await coming(store)
    await paged(store, FanOutPage(delivery, third.id, notified=[(first.id, 1), (third.id, 1)]))
    assert list(await store.subscriptions.remove([third.id, 99, second.id])) == [second, third]
    assert list(await store.subscriptions.remove([third.id])) == []
    assert await store.fan_out.notified([first.id, third.id]) == {first.id: {1}}
    (again,) = await added(store, one("nurse@x"))
    assert again.id > third.id


async def test_which_channels_are_looked_at(store: Store) -> None:
    await added(
        store,
        one(),
        one("a@x", interval=Interval(20)),
        one("b@x", interval=DAILY, online=True),
        one("c@x", interval=DAILY, name="C"),
        one("d@x", OTHER, name="D"),
        one("e@x", TO, interval=DAILY),
        one("f@x", TO, standing=Standing.PAUSED, name="F"),
        one("g@x", TO, standing=Standing.ASKED),
    )
    assert await store.subscriptions.listener_counts() == {FROM: 4, OTHER: 1}
    assert sum((await store.subscriptions.counts()).values()) == len(
        await store.subscriptions.find()
    )


async def test_who_hears_it(store: Store) -> None:
    there = await added(
        store,
        one("a@x"),
        one("b@x", interval=DAILY, name="Straße"),
        one("c@x", interval=DAILY, name="JULIET"),
        one("d@x", OTHER),
        one("e@x", standing=Standing.FAILED, name="juliet"),
        one("f@x", interval=DAILY),
        one("g@x", interval=Interval(2), name="nobody"),
        one("h@x", interval=DAILY, name="juliet"),
        one("i@x", standing=Standing.ASKED),
    )
    a, b, c, _d, _e, _f, g, h, _i = there
    assert list(await store.subscriptions.listeners(FROM, (), 0, 10)) == [a, g]
    assert list(await store.subscriptions.listeners(FROM, ["juliet", "juliet", "x"], 0, 10)) == [
        a,
        c,
        g,
        h,
    ]
    assert list(await store.subscriptions.listeners(FROM, {"strasse", "'"}, 0, 10)) == [a, b, g]
    assert list(await store.subscriptions.listeners(FROM, ["juliet"], 0, 2)) == [a, c]
    assert list(await store.subscriptions.listeners(FROM, ["juliet"], c.id, 2)) == [g, h]
    assert list(await store.subscriptions.listeners(FROM, ["juliet"], h.id, 2)) == []
    await store.subscriptions.change(
        [(a, replace(a, standing=Standing.PAUSED)), (h, replace(h, interval=Interval()))]
    )
    assert list(await store.subscriptions.listeners(FROM, (), 0, 10)) == [
        g,
        replace(h, interval=Interval()),
    ]


# Telling all


async def test_it_is_spread_page_by_page(opened: Opened) -> None:
    store = await opened()
    delivery = await coming(store)
    first = await paged(store, FanOutPage(delivery, 5, targets=[MAIL, OTHER, MAIL]))
    assert [(each.channel, each.state, each.message) for each in first] == [
        (MAIL, State.PENDING, delivery.message),
        (OTHER, State.PENDING, delivery.message),
    ]
    assert await store.fan_out.progress(delivery.seq) == 5
    assert list(await store.deliveries.pending(MAIL, 0, 10)) == [first[0]]
    await store.close()
    again = await opened()
    assert await again.fan_out.progress(delivery.seq) == 5
    assert list(await paged(again, FanOutPage(delivery, 9))) == []
    assert await again.fan_out.progress(delivery.seq) == 9


async def test_what_is_spread_twice_is_brought_once(store: Store) -> None:
    delivery = await coming(store, "hello", TO)
    (first,) = await paged(store, FanOutPage(delivery, 5, targets=[MAIL, TO, FROM]))
    await committed(store, (), [first.confirmed(2)], ())
    assert list(await paged(store, FanOutPage(delivery, 3, targets=[TO, MAIL]))) == []
    assert await store.fan_out.progress(delivery.seq) == 5
    assert [each.channel for each in await store.messages.trace(delivery.message.id)] == [
        FROM,
        ALL,
        TO,
        MAIL,
    ]


async def test_it_is_spread_as_it_was_brought(store: Store) -> None:
    """Processors may have changed what it says on the way to the channel."""
    message = said("hello")
    changed = replace(message, body="HELLO")
    plan = Plan([(message, FROM, State.RECEIVED, ""), (changed, ALL, State.PENDING, "")])
    (receipt,) = await committed(store, [Offer(message, lambda: plan)], (), ())
    (new,) = await paged(store, FanOutPage(receipt.deliveries[1], 1, targets=[MAIL]))
    assert new.message == changed
    assert list(await store.deliveries.pending(MAIL, 0, 10)) == [new]


async def test_what_was_deleted_meanwhile_is_brought_nowhere(store: Store) -> None:
    delivery = await coming(store)
    await store.messages.delete(delivery.message.id, "(gone)", AUDIT)
    assert list(await paged(store, FanOutPage(delivery, 5, targets=[MAIL]))) == []
    assert await store.deliveries.backlog() == {}


async def test_what_was_told_at_once_is_known(store: Store) -> None:
    first, second = await added(store, one(), one("romeo@x"))
    delivery = await coming(store)
    for _ in range(2):
        await paged(
            store,
            FanOutPage(
                delivery,
                second.id,
                notified=[(first.id, 1), (first.id, 3), (second.id, 1), (99, 1)],
            ),
        )
    assert await store.fan_out.notified([first.id, second.id, 99]) == {
        first.id: {1, 3},
        second.id: {1},
    }
    assert await store.fan_out.notified([second.id]) == {second.id: {1}}


async def test_what_did_not_arrive_at_once_is_known_no_more(store: Store) -> None:
    first, second = await added(store, one(), one("romeo@x"))
    delivery = await coming(store)
    await paged(
        store,
        FanOutPage(delivery, second.id, notified=[(first.id, 1), (first.id, 3), (second.id, 1)]),
    )
    await store.fan_out.forget_notified([(first.id, 1), (second.id, 9)])
    assert await store.fan_out.notified([first.id, second.id]) == {first.id: {3}, second.id: {1}}


async def test_up_to_where_each_has_heard(store: Store) -> None:
    """What is on its way to subscribers has come to those it passed."""
    first, second, elsewhere = await added(store, one(), one("romeo@x"), one(channel=OTHER))
    numbers = [first.id, second.id, elsewhere.id]
    assert await store.fan_out.notified_upto(numbers) == dict.fromkeys(numbers, 0)
    over, now, waits = [await coming(store) for _ in range(3)]
    before = now.seq - 2  # its own channel's delivery is the one before that to subscribers
    await committed(store, (), [over.confirmed(2)], ())
    assert await store.fan_out.notified_upto(numbers) == {
        first.id: before,
        second.id: before,
        elsewhere.id: 0,
    }
    await paged(store, FanOutPage(now, first.id))
    assert await store.fan_out.notified_upto(numbers) == {
        first.id: waits.seq - 2,
        second.id: before,
        elsewhere.id: 0,
    }
    await committed(store, (), [now.confirmed(2), waits.confirmed(2)], ())
    assert await store.fan_out.notified_upto([second.id]) == {second.id: waits.seq - 1}


async def test_what_is_held_waits(store: Store) -> None:
    first, second = await added(store, one(), one("romeo@x", name="Romeo"))
    delivery = await coming(store)
    for _ in range(2):
        await paged(
            store, FanOutPage(delivery, second.id, held=[first.held(delivery.seq - 1, 900)])
        )
    assert list(await store.subscriptions.find()) == [
        replace(first, due=900, cursor=delivery.seq - 1),
        second,
    ]
    await paged(store, FanOutPage(delivery, second.id, held=[second.held(4, 0, Standing.PAUSED)]))
    assert list(await store.subscriptions.listeners(FROM, (), 0, 10)) == [
        replace(first, due=900, cursor=delivery.seq - 1)
    ]


async def test_what_is_held_does_not_undo_what_was_changed_meanwhile(store: Store) -> None:
    paused, renamed, ahead, ended = await added(
        store, one("a@x"), one("b@x"), one("c@x"), one("d@x")
    )
    delivery = await coming(store)
    stands = (
        replace(paused, standing=Standing.PAUSED),
        replace(renamed, name="B"),
        replace(ahead, cursor=9),
    )
    await store.subscriptions.change(list(zip((paused, renamed, ahead), stands, strict=True)))
    await store.subscriptions.remove([ended.id])
    held = [each.held(4, 900) for each in (paused, renamed, ahead, ended)]
    await paged(store, FanOutPage(delivery, ended.id, held=held))
    assert list(await store.subscriptions.find()) == [
        stands[0],
        replace(stands[1], due=900, cursor=4),
        replace(stands[2], due=900),
    ]


async def test_how_far_it_came_is_forgotten_once_it_is_over(store: Store) -> None:
    over, dead, waits, new = [await coming(store) for _ in range(4)]
    for each in (over, dead, waits):
        await paged(store, FanOutPage(each, 5))
    await committed(store, (), [over.confirmed(2), dead.failed(Refused("no"), 2)], ())
    await paged(store, FanOutPage(new, 1))
    assert [await store.fan_out.progress(each.seq) for each in (over, dead, waits, new)] == [
        0,
        5,
        5,
        1,
    ]


async def test_a_full_disk_keeps_nothing_of_it(engine: Engine, store: Store) -> None:
    (kept,) = await added(store, one(interval=Interval(20)))
    delivery = await coming(store)
    spread = FanOutPage(
        delivery,
        5,
        targets=[Channel("mail", f"{number}@{'x' * 900}") for number in range(200)],
        notified=[(kept.id, 1)],
        held=[kept.held(1, 900)],
    )
    await engine.fill_disk(store)
    with pytest.raises(StoreError):
        await paged(store, spread)
    with pytest.raises(StoreError):
        await store.subscriptions.add(one("romeo@x", only="x" * 199, zone="y" * 100_000), MOST)
    assert await store.fan_out.progress(delivery.seq) == 0
    assert await store.fan_out.notified([kept.id]) == {}
    assert list(await store.subscriptions.find()) == [kept]
    assert await store.deliveries.backlog() == {ALL: 1}
    await engine.free_disk(store)
    assert len(await paged(store, spread)) == 200
    assert await store.fan_out.progress(delivery.seq) == 5


# Many


def crowd(count: int) -> Sequence[Subscription]:
    """Most of them elsewhere, or by a digest; a few hear at once, or where they are named."""
    return [
        one(
            f"{number}@x",
            FROM if number % 2 else OTHER,
            interval=DAILY,
            due=10**9 + number,
            name=f"n{number}",
        )
        for number in range(count)
    ]


async def test_who_hears_is_found_whatever_else_there_is(engine: Engine, store: Store) -> None:
    """It costs by how many get it, not by how many there are; and so does what is due."""
    few = await added(store, *(one(f"{number}@hears", name="juliet") for number in range(20)))
    named = await added(
        store, *(one(f"{number}@named", interval=DAILY, name="juliet") for number in range(5))
    )
    words = ["juliet", *(f"word{number}" for number in range(50))]

    async def hearers() -> None:
        assert list(await store.subscriptions.listeners(FROM, words, 0, 100)) == [*few, *named]

    async def due() -> None:
        assert list(await store.digests.due(1_000, 100)) == []
        assert await store.digests.due_count(1_000) == 0

    before = await engine.effort(store, hearers), await engine.effort(store, due)
    await engine.crowd(store, crowd(20_000))
    after = await engine.effort(store, hearers), await engine.effort(store, due)
    assert before[0] > 0
    assert after[0] <= before[0] + 5
    assert after[1] <= before[1] + 5
    assert await store.subscriptions.listener_counts() == {FROM: 10_025, OTHER: 10_000}
    assert await store.digests.due_count(10**9 + 99) == 100
    assert await store.digests.next_due() == 10**9


@pytest.mark.parametrize(
    ("query", "values", "index"),
    [
        ("listeners", {"channel": "a:b", "words": "[]", "after": 0, "count": 9}, "immediate"),
        ("listeners", {"channel": "a:b", "words": "[]", "after": 0, "count": 9}, "mention"),
        ("due_subscriptions", {"now": 1, "count": 9}, "due"),
        ("due_subscriptions", {"now": 1, "count": 9}, "target"),
        ("due_count", {"now": 1}, "due"),
        ("next_subscription", {}, "due"),
        ("listener_counts", {}, "immediate"),
        ("listener_counts", {}, "mention"),
        ("subscriptions_of", {"targets": "[]", "channels": "[]"}, "target"),
        (
            "subscriptions_by",
            {"who": "", "target": None, "channel": "a:b", "after": 0, "count": 9},
            "who",
        ),
        ("subscriptions_for", {"target": "a:b", "channel": None, "after": 0, "count": 9}, "target"),
        ("subscriptions_at", {"channel": "a:b", "after": 0, "count": 9}, "channel"),
    ],
)
async def test_it_is_found_by_an_index(
    engine: Engine, store: Store, query: str, values: dict[str, Any], index: str
) -> None:
    steps = await engine.plan(store, query, **values)
    assert any(f"INDEX subscriptions_{index}" in step for step in steps)
    assert not [step for step in steps if "subscriptions" in step and "INDEX" not in step]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ("add_fan_out_deliveries", {"seq": 1, "targets": "[]"}),
        ("clear_fan_out_progress", {"count": 1}),
        ("notified_upto", {"ids": "[]"}),
        ("end_fallbacks", {"who": "", "target": "a:b"}),
        ("forget_notified_pairs", {"rows": "[]"}),
        ("between", {"channel": "a:b", "after": 0, "upto": 9, "count": 9}),
        ("counted", {"channel": "a:b", "after": 0, "upto": 9}),
        ("add_notified", {"rows": "[]"}),
        ("forget_notified_upto", {"rows": "[]"}),
        ("move_subscriptions", {"rows": "[]"}),
    ],
)
async def test_no_table_that_grows_is_gone_through(
    engine: Engine, store: Store, query: str, values: dict[str, Any]
) -> None:
    steps = await engine.plan(store, query, **values)
    grown = ("deliveries", "messages", "deletions", "notified", "subscriptions", "addresses")
    assert not [step for step in steps if step.startswith("SCAN") and step.split()[1] in grown]
