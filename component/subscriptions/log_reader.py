"""What a subscription wants of what its channel's log holds between two places, read a little at a
time: a channel may hold megabytes, and a filter takes its time with each message.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.subscription import Subscription
from component.bus.ports.digests import DigestPart
from component.bus.ports.store import Store

PAGE = 20
"""Deliveries that are read at once: one may have a quarter of a million characters."""
MOST_CHARACTERS = 1_000_000
"""Characters that are kept of what is found, about."""
IN_ONE_GO = 200_000
"""Characters that are looked through before others have their turn."""


def alike(one: Subscription, part: DigestPart, told: frozenset[int]) -> Hashable:
    """The same for all who are told the same between two places, but for what each said themselves.
    `told` are the seqs that it was told at once."""
    apart = frozenset(seq for seq in told if part.after < seq <= part.upto)
    return (one.channel, part.after, part.upto, one.only, one.without, one.thread, apart)


async def first(
    store: Store, one: Subscription, part: DigestPart, told: frozenset[int], most: int
) -> tuple[Sequence[Delivery], bool]:
    """The first `most` that it wants, or fewer where they are long, oldest first; and whether the
    log was read to the end. Raises StoreError."""
    found: list[Delivery] = []
    size = 0
    async for delivery in _between(store, one, part):
        if delivery.seq not in told and one.wants(delivery.message):
            found.append(delivery)
            size += len(delivery.message.body)
            if len(found) >= most or size >= MOST_CHARACTERS:
                return found, False
    return found, True


async def _between(store: Store, one: Subscription, part: DigestPart) -> AsyncIterator[Delivery]:
    after, size = part.after, 0
    while True:
        page = await store.digests.between(one.channel, after, part.upto, PAGE)
        for delivery in page:
            yield delivery
            size += len(delivery.message.body)
            if size >= IN_ONE_GO:
                size = 0
                await asyncio.sleep(0)
        if len(page) < PAGE:
            return
        after = page[-1].seq
