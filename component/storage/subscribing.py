"""How subscriptions are kept and read; what is written is within a transaction of the caller."""

import json
import sqlite3
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from functools import lru_cache
from typing import Any

from component.delivery import Delivery
from component.errors import Conflict
from component.message import Channel
from component.schedule import Schedule
from component.storage.rows import Row, found
from component.store import Spread, Turn
from component.subscription import Address, Interval, Proof, Standing, Subscription
from component.words import Words, _

_KEPT = 30 * 24 * 3600 * 1000
"""How long it is known that an address was asked, in ms."""
_CLEARED = 100
"""Spreads that are over and are forgotten when a new one begins."""

_SAME = ("who", "zone", "language", "thread", "name", "standing", "due", "cursor", "id")
"""What a row calls as a subscription does."""

_channel = lru_cache(20_000)(Channel.parse)


def _interval(row: Row) -> Interval:
    """As it was when it was kept: what is read anew could be understood otherwise by then."""
    return Interval(row["every"], Schedule(row["schedule"], row["cron"]) if row["schedule"] else None)


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


def to_address(row: Row) -> Address:
    """Of a row of `addresses`."""
    target = _channel(row["target"])
    return Address(row["who"], target, Proof(row["proof"]), row["asked"], row["tries"], row["why"])


async def add(queries: Any, connection: Any, one: Subscription, most: int) -> int:
    """See `store.SubscriptionStore.subscribe`."""
    row = of_subscription(one)
    place = {name: row[name] for name in ("owner", "channel", "target")}
    if await found(connection, queries.subscription_there, **place):
        raise Conflict(_taken(one))
    rows = await found(connection, queries.add_subscription, row=json.dumps(row), most=most)
    return int(rows[0]["id"]) if rows else 0


async def put(queries: Any, connection: Any, now: Sequence[Subscription]) -> None:
    """See `store.SubscriptionStore.change_subscriptions`."""
    for one in now:
        try:
            await queries.set_subscriptions(connection, rows=json.dumps([of_subscription(one)]))
        except sqlite3.IntegrityError as error:
            raise Conflict(_taken(one)) from error


def _taken(one: Subscription) -> Words:
    return _("{target} is told of {channel} already: change that subscription.", channel=one.channel, target=one.target)


async def end(queries: Any, connection: Any, numbers: Collection[int]) -> Sequence[Subscription]:
    """See `store.SubscriptionStore.unsubscribe`."""
    there = await _by_id(queries, connection, numbers)
    ids = json.dumps(list(there))
    await queries.end_subscriptions(connection, ids=ids)
    await queries.forget_told(connection, ids=ids)
    return list(there.values())


async def take_turns(queries: Any, connection: Any, turns: Sequence[Turn]) -> None:
    """Each turn of a subscription that stands and waits as it `was`; all else of it stays as it is by now."""
    if not turns:
        return
    there = await _by_id(queries, connection, [turn.was.id for turn in turns])
    taken: list[Turn] = []
    for turn in turns:
        one = there.get(turn.was.id)
        if one and _stands(one) == _stands(turn.was):
            there[one.id] = replace(one, standing=turn.now.standing, due=turn.now.due, cursor=turn.now.cursor)
            taken.append(turn)
    await _move(queries, connection, [there[number] for number in {turn.was.id for turn in taken}])
    # What its digest leaves out has to be known until that is sent: until the next turn.
    upto = [(turn.was.id, turn.was.cursor) for turn in taken]
    await queries.forget_told_upto(connection, rows=json.dumps(upto))
    parts = [(turn.digest, turn.was.id, turn.was.cursor, turn.now.cursor) for turn in taken if turn.digest]
    await queries.add_digest_parts(connection, rows=json.dumps(parts))


def _stands(one: Subscription) -> tuple[Standing, int, int]:
    return one.standing, one.due, one.cursor


async def _move(queries: Any, connection: Any, now: Iterable[Subscription]) -> None:
    rows = [(one.id, *_stands(one), int(one.live), one.urgent) for one in now]
    if rows:
        await queries.move_subscriptions(connection, rows=json.dumps(rows))


async def _by_id(queries: Any, connection: Any, numbers: Collection[int]) -> dict[int, Subscription]:
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
    return [Delivery(row["seq"], message, targets[row["channel"]], changed=message.at) for row in rows]


async def _hold(queries: Any, connection: Any, held: Sequence[Subscription]) -> None:
    """As they stand now, unless who has them stopped them since they were read. A cursor that moved on meanwhile stays:
    nothing is told twice."""
    there = await _by_id(queries, connection, [one.id for one in held])
    for one in held:
        was = there.get(one.id)
        if was and was.standing is Standing.ON:
            cursor = max(was.cursor, one.cursor)
            there[one.id] = replace(was, standing=one.standing, due=one.due, cursor=cursor)
    await _move(queries, connection, there.values())


async def ask(queries: Any, connection: Any, address: Address, since: int, most: int, most_in_all: int) -> bool:
    """See `store.SubscriptionStore.ask`."""
    target = str(address.mailbox)
    await queries.forget_asks(connection, before=address.asked - _KEPT)
    limits = {"since": since, "most": most, "most_in_all": most_in_all}
    if not await found(connection, queries.add_ask, target=target, at=address.asked, **limits):
        return False
    await put_address(queries, connection, address)
    return True


async def put_address(queries: Any, connection: Any, address: Address) -> None:
    """See `store.SubscriptionStore.put_address`."""
    await queries.put_address(connection, **{**asdict(address), "target": str(address.target)})
