"""For who wants a digest after so many messages: how many wait. Each message is looked at once, and
counted for all."""

import asyncio
from collections.abc import Sequence

from component.bus.model.subscription import Subscription
from component.bus.ports.store import Store

PAGE = 100
"""Messages that are read at once."""
MOST_COUNTS = 100_000
"""Counts that are kept in memory."""

_Count = tuple[int, int, int]
"""What it was counted for (see `_what`), how many, and up to which seq."""


class Counts:
    """What was counted since the start; the store is read for whom it was not, and to be sure
    before a digest."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._known: dict[int, _Count] = {}

    async def full(self, some: Sequence[Subscription], seq: int) -> list[Subscription]:
        """Those of `some`, all at one channel, for whom enough wait by its delivery `seq`, which
        they want. Raises StoreError."""
        unsure = [one for one in some if not self._is_short(one, seq)]
        if not unsure:
            return []
        if len(self._known) >= MOST_COUNTS:
            self._known.clear()
        counts = await self._counted(unsure, seq)
        for one in unsure:
            self._known[one.id] = (_what(one), counts[one.id], seq)
        return [one for one in unsure if counts[one.id] >= one.interval.count]

    def _is_short(self, one: Subscription, seq: int) -> bool:
        """Whether it is known that too few wait, with the one at `seq`."""
        what, count, upto = self._known.get(one.id, (0, 0, 0))
        if not upto or what != _what(one):
            return False
        if seq > upto:  # else a run is taken up again
            count += 1
            self._known[one.id] = (what, count, seq)
        return count < one.interval.count

    async def _counted(self, some: Sequence[Subscription], seq: int) -> dict[int, int]:
        plain = [one for one in some if _takes_all(one)]
        counts = {
            one.id: await self._store.digests.count_between(one.channel, one.cursor, seq)
            for one in plain
        }
        picky = [one for one in some if not _takes_all(one)]
        return {**counts, **await self._read(picky, seq)} if picky else counts

    async def _read(self, some: Sequence[Subscription], seq: int) -> dict[int, int]:
        """Of what their channel holds, each message for all of them, until each has enough."""
        counts = dict.fromkeys((one.id for one in some), 0)
        after, left = min(one.cursor for one in some), some
        while left and (
            found := await self._store.digests.between(left[0].channel, after, seq, PAGE)
        ):
            for delivery in found:
                for one in left:
                    counts[one.id] += delivery.seq > one.cursor and one.wants(delivery.message)
                await asyncio.sleep(0)
            after = found[-1].seq
            left = [one for one in left if counts[one.id] < one.interval.count]
        return counts


def _takes_all(one: Subscription) -> bool:
    return not (one.only or one.without or one.thread) and (one.own or not one.who)


def _what(one: Subscription) -> int:
    """Changes with whatever a count depends on."""
    return hash((one.cursor, one.only, one.without, one.thread, one.own))
