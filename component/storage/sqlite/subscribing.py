"""How subscriptions are kept and read; what is written is within a transaction of the caller."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.subscription import Interval, Standing, Subscription
from component.bus.ports.store import Spread, Turn
from component.common.errors import Conflict
from component.common.i18n import Words, _
from component.common.schedule import Schedule
from component.storage.sqlite.rows import Row, found

_CLEARED = 100
"""Spreads that are over and are forgotten when a new one begins."""

_SAME = ("who", "zone", "language", "thread", "name", "standing", "due", "cursor", "id")
"""What a row calls as a subscription does."""

_channel = lru_cache(20_000)(Channel.parse)


def _interval(row: Row) -> Interval:
    """As it was when it was kept: what is read anew could be understood otherwise by then."""
    return Interval(
        row["every"], Schedule(row["schedule"], row["cron"]) if row["schedule"] else None
    )


def to_subscription(row: Row) -> Subscription:
    """Of a row of `subscriptions`."""
    return Subscription(
        row["who"],
        _channel(row["channel"]),
        _channel(row["target"]),
        _interval(row),
        row["zone"],
        row["language"],
        row["wanted"],
        row["unwanted"],
        row["thread"],
        bool(row["own"]),
        bool(row["online"]),
        row["name"],
        _channel(row["fallback"]) if row["fallback"] else None,
        Standing(row["standing"]),
        row["due"],
        row["cursor"],
        row["id"],
    )


def of_subscription(one: Subscription) -> dict[str, str | int]:
    """A row of `subscriptions`."""
    schedule = one.interval.schedule
    return {name: getattr(one, name) for name in _SAME} | {
        "owner": one.owner,
        "channel": str(one.channel),
        "target": str(one.target),
        "every": one.interval.count,
        "schedule": str(schedule or ""),
        "cron": schedule.cron if schedule else "",
        "wanted": one.only,
        "unwanted": one.without,
        "own": int(one.own),
        "online": int(one.online),
        "fallback": str(one.fallback or ""),
        "live": int(one.live),
        "urgent": one.urgent,
    }


async def add(queries: Any, connection: Any, one: Subscription, most: int) -> int:
    """See `store.SubscriptionStore.subscribe`."""
    row = of_subscription(one)
    place = {name: row[name] for name in ("owner", "channel", "target")}
    if await found(connection, queries.subscription_there, **place):
        raise Conflict(_taken(one))
    rows = await found(connection, queries.add_subscription, row=json.dumps(row), most=most)
    return int(rows[0]["id"]) if rows else 0


async def change(
    queries: Any, connection: Any, changes: Sequence[tuple[Subscription, Subscription]]
) -> Sequence[Subscription]:
    """See `store.SubscriptionStore.change_subscriptions`."""
    there = await _by_id(queries, connection, [was.id for was, _now in changes])
    fresh = [now for was, now in changes if there.get(was.id) == was]
    await put(queries, connection, fresh)
    return [there[was.id] for was, _now in changes if there.get(was.id, was) != was]


async def put(queries: Any, connection: Any, now: Sequence[Subscription]) -> None:
    """Each is as given here from now, within a transaction in which it was read."""
    for one in now:
        try:
            await queries.set_subscriptions(connection, rows=json.dumps([of_subscription(one)]))
        except sqlite3.IntegrityError as error:
            raise Conflict(_taken(one)) from error


def _taken(one: Subscription) -> Words:
    return _(
        "{target} is already subscribed to {channel}. Edit that subscription instead.",
        channel=one.channel,
        target=one.target,
    )


async def end(queries: Any, connection: Any, numbers: Collection[int]) -> Sequence[Subscription]:
    """See `store.SubscriptionStore.unsubscribe`."""
    there = await _by_id(queries, connection, numbers)
    ids = json.dumps(list(there))
    await queries.end_subscriptions(connection, ids=ids)
    await queries.forget_told(connection, ids=ids)
    return list(there.values())


async def take_turns(queries: Any, connection: Any, turns: Sequence[Turn]) -> None:
    """Each turn of a subscription that stands and waits as it `was`; all else of it stays as it is
    by now."""
    if not turns:
        return
    there = await _by_id(queries, connection, [turn.was.id for turn in turns])
    taken: list[Turn] = []
    for turn in turns:
        one = there.get(turn.was.id)
        if one and _stands(one) == _stands(turn.was):
            due = turn.now.due or await _again(queries, connection, turn)
            there[one.id] = replace(
                one, standing=turn.now.standing, due=due, cursor=turn.now.cursor
            )
            taken.append(turn)
    await _move(queries, connection, [there[number] for number in {turn.was.id for turn in taken}])
    # What its digest leaves out has to be known until that is sent: until the next turn.
    upto = [(turn.was.id, turn.was.cursor) for turn in taken]
    await queries.forget_told_upto(connection, rows=json.dumps(upto))
    parts = [
        (turn.digest, turn.was.id, turn.was.cursor, turn.now.cursor)
        for turn in taken
        if turn.digest
    ]
    await queries.add_digest_parts(connection, rows=json.dumps(parts))


async def _again(queries: Any, connection: Any, turn: Turn) -> int:
    """When one is due again that waits for nothing else: 0, unless something came behind its new
    cursor.

    Nothing can be lost between a digest and what is told at once. A message's delivery to the
    channel is committed with the one to its subscribers, whose fan-out reads the subscription later
    still. Where it reads it before this transaction, and so leaves the message to the digest, that
    delivery is there by now: up to the cursor, or seen here. Where it reads it after, it finds it
    free, or due still.
    """
    if not turn.again:
        return 0
    rows = await found(connection, queries.last_seq, channel=str(turn.was.channel))
    return turn.again if rows[0]["seq"] > turn.now.cursor else 0


def _stands(one: Subscription) -> tuple[Standing, int, int]:
    return one.standing, one.due, one.cursor


async def _move(queries: Any, connection: Any, now: Iterable[Subscription]) -> None:
    rows = [(one.id, *_stands(one), int(one.live), one.urgent) for one in now]
    if rows:
        await queries.move_subscriptions(connection, rows=json.dumps(rows))


async def _by_id(
    queries: Any, connection: Any, numbers: Collection[int]
) -> dict[int, Subscription]:
    rows = await found(connection, queries.subscriptions_by_id, ids=json.dumps(list(numbers)))
    return {row["id"]: to_subscription(row) for row in rows}


async def spread(queries: Any, connection: Any, one: Spread) -> Sequence[Delivery]:
    """See `store.SubscriptionStore.spread`."""
    seq = one.delivery.seq
    if not await found(connection, queries.spread_upto, seq=seq):
        await queries.clear_spreads(connection, count=_CLEARED)
    await queries.put_spread(connection, seq=seq, upto=one.upto)
    if one.told:
        await queries.add_told(connection, rows=json.dumps(list(one.told)))
    if one.held:
        await _hold(queries, connection, one.held)
    targets = {str(target): target for target in one.targets}
    if not targets:
        return []
    rows = await found(connection, queries.spread_to, seq=seq, targets=json.dumps(list(targets)))
    message = one.delivery.message
    return [
        Delivery(row["seq"], message, targets[row["channel"]], changed=message.at) for row in rows
    ]


async def _hold(queries: Any, connection: Any, held: Sequence[Subscription]) -> None:
    """As they stand now, unless who has them stopped them since they were read. A cursor that moved
    on meanwhile stays: nothing is told twice."""
    there = await _by_id(queries, connection, [one.id for one in held])
    for one in held:
        was = there.get(one.id)
        if was and was.standing is Standing.ON:
            cursor = max(was.cursor, one.cursor)
            there[one.id] = replace(was, standing=one.standing, due=one.due, cursor=cursor)
    await _move(queries, connection, there.values())
