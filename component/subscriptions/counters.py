"""How many messages wait for those who want a digest after so many. Each message is looked at once,
and counted for all."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from component.bus.model.subscription import Subscription
from component.bus.ports.digests import DigestStore

PAGE = 100
"""Messages that are read at once."""
MAX_COUNTS = 100_000
"""Counts that are kept in memory."""


@dataclass(frozen=True, slots=True)
class Count:
    """How many messages wait up to a seq. `basis` changes with everything that the count depends
    on."""

    basis: int
    count: int
    upto: int


class Counters:
    """What was counted since the start. The store is read where nothing was, and to be sure before
    a digest."""

    def __init__(self, digests: DigestStore) -> None:
        self._digests = digests
        self._known: dict[int, Count] = {}

    async def full(self, subscriptions: Sequence[Subscription], seq: int) -> list[Subscription]:
        """Those of some subscriptions, all of one channel, for whom enough messages wait by its
        delivery `seq`, which they want. Raises StoreError."""
        unsure = [one for one in subscriptions if not self.is_short(one, seq)]
        if not unsure:
            return []
        if len(self._known) >= MAX_COUNTS:
            self._known.clear()
        counts = await self.counted(unsure, seq)
        full: list[Subscription] = []
        for one in unsure:
            self._known[one.id] = Count(basis_of(one), counts[one.id], seq)
            if counts[one.id] >= one.interval.count:
                full.append(one)
        return full

    def is_short(self, one: Subscription, seq: int) -> bool:
        """Whether it is known that too few wait, with the one at `seq`, which is counted."""
        known = self._known.get(one.id)
        if known is None or not known.upto or known.basis != basis_of(one):
            return False
        count = known.count
        if seq > known.upto:  # else a run is taken up again
            count += 1
            self._known[one.id] = Count(known.basis, count, seq)
        return count < one.interval.count

    async def counted(self, subscriptions: Sequence[Subscription], seq: int) -> dict[int, int]:
        """How many messages wait, by each subscription's number. Raises StoreError."""
        counts: dict[int, int] = {}
        choosy: list[Subscription] = []
        for one in subscriptions:
            if takes_all(one):
                counts[one.id] = await self._digests.count_between(one.channel, one.cursor, seq)
            else:
                choosy.append(one)
        if choosy:
            counts |= await self._read(choosy, seq)
        return counts

    async def _read(self, subscriptions: Sequence[Subscription], seq: int) -> dict[int, int]:
        """Of what their channel holds, each message for all of them, until each has enough."""
        counts = dict.fromkeys([one.id for one in subscriptions], 0)
        after = min(one.cursor for one in subscriptions)
        left = list(subscriptions)
        while left:
            page = await self._digests.between(left[0].channel, after, seq, PAGE)
            if not page:
                break
            for delivery in page:
                for one in left:
                    counts[one.id] += delivery.seq > one.cursor and one.wants(delivery.message)
                await asyncio.sleep(0)
            after = page[-1].seq
            left = [one for one in left if counts[one.id] < one.interval.count]
        return counts


def takes_all(one: Subscription) -> bool:
    """Whether a subscription wants every message of its channel."""
    return not (one.only or one.without or one.thread) and (one.own or not one.who)


def basis_of(one: Subscription) -> int:
    """Changes with everything that a count depends on."""
    return hash((one.cursor, one.only, one.without, one.thread, one.own))
