"""The part of the store that holds subscriptions; see `subscribing`."""

import json
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.subscription import Standing, Subscription
from component.bus.ports.store import Part, Spread, Turn
from component.storage.sqlite import subscribing
from component.storage.sqlite.connections import LAST, Connections, transaction, wrapped
from component.storage.sqlite.rows import to_delivery
from component.storage.sqlite.subscribing import to_subscription


class Subscriptions(Connections):
    """See `store.SubscriptionStore`."""

    @wrapped
    async def subscribe(self, subscription: Subscription, most: int) -> int:
        """See `store.SubscriptionStore.subscribe`."""
        self._still_there()
        async with self._turn, transaction(self._writer):
            return await subscribing.add(self._queries, self._writer, subscription, most)

    @wrapped
    async def subscription(self, number: int) -> Subscription | None:
        """See `store.SubscriptionStore.subscription`."""
        rows = await self._rows(self._queries.subscriptions_by_id, ids=json.dumps([number]))
        return to_subscription(rows[0]) if rows else None

    @wrapped
    async def subscriptions(
        self,
        *,
        who: str | None = None,
        target: Channel | None = None,
        channel: Channel | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.subscriptions`."""
        page = {"after": min(after, LAST), "count": limit}
        there = {"channel": str(channel) if channel else None}
        if who is not None:
            told = {"who": who, "target": str(target) if target else None}
            rows = await self._rows(self._queries.subscriptions_by, **told, **there, **page)
        elif target:
            rows = await self._rows(
                self._queries.subscriptions_for, target=str(target), **there, **page
            )
        else:
            query = self._queries.subscriptions_at if channel else self._queries.all_subscriptions
            rows = await self._rows(query, **there, **page)
        return [to_subscription(row) for row in rows]

    @wrapped
    async def change_subscriptions(
        self, changes: Sequence[tuple[Subscription, Subscription]]
    ) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.change_subscriptions`."""
        async with self._turn, transaction(self._writer):
            return await subscribing.change(self._queries, self._writer, changes)

    @wrapped
    async def unsubscribe(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.unsubscribe`."""
        async with self._turn, transaction(self._writer):
            return await subscribing.end(self._queries, self._writer, numbers)

    @wrapped
    async def standings(self) -> Mapping[Standing, int]:
        """See `store.SubscriptionStore.standings`."""
        return {
            Standing(row["standing"]): row["depth"]
            for row in await self._rows(self._queries.standings)
        }

    @wrapped
    async def subscribed(self) -> Mapping[Channel, int]:
        """See `store.SubscriptionStore.subscribed`."""
        return {
            Channel.parse(row["channel"]): row["depth"]
            for row in await self._rows(self._queries.subscribed)
        }

    @wrapped
    async def hearers(
        self, channel: Channel, words: Collection[str], after: int, limit: int
    ) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.hearers`."""
        names = {"channel": str(channel), "words": json.dumps(list(words))}
        rows = await self._rows(self._queries.hearers, **names, after=min(after, LAST), count=limit)
        return [to_subscription(row) for row in rows]

    @wrapped
    async def subscriptions_of(
        self, targets: Collection[Channel], channels: Collection[Channel]
    ) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.subscriptions_of`."""
        sides = {"targets": targets, "channels": channels}
        names = {side: json.dumps([str(one) for one in several]) for side, several in sides.items()}
        return [
            to_subscription(row)
            for row in await self._rows(self._queries.subscriptions_of, **names)
        ]

    @wrapped
    async def spread(self, spread: Spread) -> Sequence[Delivery]:
        """See `store.SubscriptionStore.spread`."""
        self._still_there()
        async with self._turn, transaction(self._writer):
            return await subscribing.spread(self._queries, self._writer, spread)

    @wrapped
    async def spread_upto(self, seq: int) -> int:
        """See `store.SubscriptionStore.spread_upto`."""
        rows = await self._rows(self._queries.spread_upto, seq=min(seq, LAST))
        return int(rows[0]["upto"]) if rows else 0

    @wrapped
    async def heard_upto(self, numbers: Collection[int]) -> Mapping[int, int]:
        """See `store.SubscriptionStore.heard_upto`."""
        rows = await self._rows(self._queries.heard_upto, ids=json.dumps(list(numbers)))
        return {row["id"]: row["seq"] for row in rows}

    # Digests

    @wrapped
    async def due_subscriptions(self, now: int, limit: int) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.due_subscriptions`."""
        return [
            to_subscription(row)
            for row in await self._rows(self._queries.due_subscriptions, now=now, count=limit)
        ]

    @wrapped
    async def due_count(self, now: int) -> int:
        """See `store.SubscriptionStore.due_count`."""
        return int((await self._rows(self._queries.due_count, now=now))[0]["depth"])

    @wrapped
    async def far_subscriptions(self, due: int, after: int, limit: int) -> Sequence[Subscription]:
        """See `store.SubscriptionStore.far_subscriptions`."""
        rows = await self._rows(self._queries.far_subscriptions, due=due, after=after, count=limit)
        return [to_subscription(row) for row in rows]

    @wrapped
    async def next_subscription(self) -> int | None:
        """See `store.SubscriptionStore.next_subscription`."""
        rows = await self._rows(self._queries.next_subscription)
        return rows[0]["due"] if rows else None

    @wrapped
    async def take_turns(self, turns: Sequence[Turn]) -> None:
        """See `store.SubscriptionStore.take_turns`."""
        async with self._turn, transaction(self._writer):
            await subscribing.take_turns(self._queries, self._writer, turns)

    @wrapped
    async def forget_told(self, told: Collection[tuple[int, int]]) -> None:
        """See `store.SubscriptionStore.forget_told`."""
        async with self._turn, transaction(self._writer):
            await self._queries.forget_told_of(self._writer, rows=json.dumps(list(told)))

    @wrapped
    async def told_at_once(self, numbers: Collection[int]) -> Mapping[int, frozenset[int]]:
        """See `store.SubscriptionStore.told_at_once`."""
        told: defaultdict[int, set[int]] = defaultdict(set)
        for row in await self._rows(self._queries.told, ids=json.dumps(list(numbers))):
            told[row["subscription"]].add(row["seq"])
        return {number: frozenset(seqs) for number, seqs in told.items()}

    @wrapped
    async def between(
        self, channel: Channel, after: int, upto: int, limit: int
    ) -> Sequence[Delivery]:
        """See `store.SubscriptionStore.between`."""
        ends = {"channel": str(channel), "after": min(after, LAST), "upto": min(upto, LAST)}
        return [
            to_delivery(row) for row in await self._rows(self._queries.between, **ends, count=limit)
        ]

    @wrapped
    async def counted(self, channel: Channel, after: int, upto: int) -> int:
        """See `store.SubscriptionStore.counted`."""
        ends = {"channel": str(channel), "after": min(after, LAST), "upto": min(upto, LAST)}
        return int((await self._rows(self._queries.counted, **ends))[0]["depth"])

    @wrapped
    async def parts_of(self, digest: str) -> Sequence[Part]:
        """See `store.SubscriptionStore.parts_of`."""
        rows = await self._rows(self._queries.digest_parts, id=digest)
        return [Part(row["subscription"], row["after"], row["upto"]) for row in rows]
