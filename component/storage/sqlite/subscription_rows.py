"""Rows of subscriptions, and what several ports do with them within a transaction."""

import json
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from component.bus.model.message import Channel
from component.bus.model.subscription import Interval, Standing, Subscription
from component.common.schedule import Schedule
from component.storage.sqlite.database import Connection, Row

_SAME = ("who", "zone", "language", "thread", "name", "due", "cursor", "id")
"""Columns that are called like the attribute of a subscription that they hold."""
_ALL = 2**31

parse_channel = lru_cache(20_000)(Channel.parse)
"""`Channel.parse`, remembered: thousands of subscriptions hold the same few channels."""


def to_subscription(row: Row) -> Subscription:
    """Read a row of `subscriptions`."""
    fallback = None
    if row["fallback"]:
        fallback = parse_channel(row["fallback"])
    return Subscription(
        row["who"],
        parse_channel(row["channel"]),
        parse_channel(row["target"]),
        to_interval(row),
        row["zone"],
        row["language"],
        row["include"],
        row["exclude"],
        row["thread"],
        bool(row["include_own"]),
        bool(row["online"]),
        row["name"],
        fallback,
        Standing(row["status"]),
        row["due"],
        row["cursor"],
        row["id"],
    )


def to_interval(row: Row) -> Interval:
    """Read an interval as it was understood when it was saved: a newer version may read its words
    differently."""
    if not row["schedule"]:
        return Interval(row["every"])
    return Interval(row["every"], Schedule(row["schedule"], row["cron"]))


def of_subscription(subscription: Subscription) -> dict[str, str | int]:
    """Give the row of a subscription, by column."""
    row: dict[str, str | int] = {name: getattr(subscription, name) for name in _SAME}
    schedule = subscription.interval.schedule
    row["schedule"] = row["cron"] = ""
    if schedule:
        row["schedule"], row["cron"] = str(schedule), schedule.cron
    return row | {
        "owner": subscription.owner,
        "channel": str(subscription.channel),
        "target": str(subscription.target),
        "every": subscription.interval.count,
        "status": subscription.standing,
        "include": subscription.only,
        "exclude": subscription.without,
        "include_own": int(subscription.own),
        "online": int(subscription.online),
        "fallback": str(subscription.fallback or ""),
        "immediate": int(subscription.live),
        "mention_name": subscription.urgent,
    }


async def by_id(connection: Connection, numbers: Collection[int]) -> dict[int, Subscription]:
    """Return the subscriptions with these numbers that exist, by number."""
    rows = await connection.rows("subscriptions_by_id", ids=json.dumps(list(numbers)))
    return {row["id"]: to_subscription(row) for row in rows}


async def of_target(connection: Connection, target: Channel) -> Sequence[Subscription]:
    """Return all subscriptions for a target."""
    page = {"target": str(target), "channel": None, "after": 0, "count": _ALL}
    rows = await connection.rows("subscriptions_for", **page)
    return [to_subscription(row) for row in rows]


async def move(writer: Connection, subscriptions: Iterable[Subscription]) -> None:
    """Save the status, due time and cursor of subscriptions; nothing else of them changes."""
    rows = [
        (one.id, one.standing, one.due, one.cursor, int(one.live), one.urgent)
        for one in subscriptions
    ]
    await writer.put("move_subscriptions", rows)


async def end(writer: Connection, numbers: Collection[int]) -> None:
    """End subscriptions, and forget what they were told at once."""
    ids = json.dumps(list(numbers))
    await writer.run("end_subscriptions", ids=ids)
    await writer.run("forget_notified", ids=ids)
