"""Subscriptions, on SQLite."""

import json
import sqlite3
from collections.abc import Collection, Mapping, Sequence

from component.bus.model.message import Channel
from component.bus.model.subscription import Standing, Subscription
from component.common.errors import Conflict
from component.common.i18n import Words, _
from component.storage.sqlite.database import LAST, Database, Row
from component.storage.sqlite.rows import to_depth
from component.storage.sqlite.subscription_rows import (
    by_id,
    end,
    of_subscription,
    to_subscription,
)


class SQLiteSubscriptions:
    """Subscriptions (`component.bus.ports.subscriptions.SubscriptionStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, subscription: Subscription, most: int) -> int:
        """Add a subscription; return its number, 0 where its owner has too many."""
        row = of_subscription(subscription)
        place = {name: row[name] for name in ("owner", "channel", "target")}
        async with self._database.transaction() as writer:
            if await writer.rows("subscription_there", **place):
                raise Conflict(taken(subscription))
            added = await writer.rows("add_subscription", row=json.dumps(row), most=most)
        if not added:
            return 0
        return int(added[0]["id"])

    async def get(self, number: int) -> Subscription | None:
        """Return a subscription; None where it does not exist."""
        ids = json.dumps([number])
        return await self._database.read_one("subscriptions_by_id", to_subscription, ids=ids)

    async def find(
        self,
        *,
        who: str | None = None,
        target: Channel | None = None,
        channel: Channel | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Subscription]:
        """Return a page of subscriptions of a person, for a target, at a channel, or all."""
        given: dict[str, object] = {"after": min(after, LAST), "count": limit}
        if who is not None:
            query = "subscriptions_by"
            given |= {"who": who, "target": name_of(target), "channel": name_of(channel)}
        elif target:
            query = "subscriptions_for"
            given |= {"target": str(target), "channel": name_of(channel)}
        elif channel:
            query = "subscriptions_at"
            given["channel"] = str(channel)
        else:
            query = "all_subscriptions"
        return await self._database.read(query, to_subscription, **given)

    async def between(
        self, targets: Collection[Channel], channels: Collection[Channel]
    ) -> Sequence[Subscription]:
        """Return the subscriptions of any of the targets at any of the channels."""
        ends = {
            "targets": json.dumps([str(target) for target in targets]),
            "channels": json.dumps([str(channel) for channel in channels]),
        }
        return await self._database.read("subscriptions_of", to_subscription, **ends)

    async def change(
        self, changes: Sequence[tuple[Subscription, Subscription]]
    ) -> Sequence[Subscription]:
        """Compare-and-set each pair; return those that lost the race, as they are now."""
        lost: list[Subscription] = []
        async with self._database.transaction() as writer:
            known = await by_id(writer, [was.id for was, _now in changes])
            for was, now in changes:
                current = known.get(was.id)
                if current == was:
                    try:
                        await writer.put("set_subscriptions", [of_subscription(now)])
                    except sqlite3.IntegrityError as error:
                        raise Conflict(taken(now)) from error
                elif current:
                    lost.append(current)
        return lost

    async def remove(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """End subscriptions; return those that existed."""
        async with self._database.transaction() as writer:
            known = await by_id(writer, numbers)
            await end(writer, known)
        return list(known.values())

    async def counts(self) -> Mapping[Standing, int]:
        """Return how many subscriptions there are, by status."""
        return dict(await self._database.read("subscription_counts", to_count))

    async def listener_counts(self) -> Mapping[Channel, int]:
        """Return for how many subscriptions each channel's messages are examined on arrival."""
        return dict(await self._database.read("listener_counts", to_depth))

    async def listeners(
        self, channel: Channel, words: Collection[str], after: int, limit: int
    ) -> Sequence[Subscription]:
        """Return a channel's immediate subscriptions and those that mention one of `words`."""
        wanted = {"channel": str(channel), "words": json.dumps(list(words))}
        page = {"after": min(after, LAST), "count": limit}
        return await self._database.read("listeners", to_subscription, **wanted, **page)


def taken(subscription: Subscription) -> Words:
    """Say that the owner already has one for that target at that channel."""
    return _(
        "{target} is already subscribed to {channel}. Edit that subscription instead.",
        channel=subscription.channel,
        target=subscription.target,
    )


def name_of(channel: Channel | None) -> str | None:
    """Write a channel as queries take it: null where any will do."""
    if channel is None:
        return None
    return str(channel)


def to_count(row: Row) -> tuple[Standing, int]:
    """Read how many subscriptions have a status."""
    return Standing(row["status"]), row["depth"]
