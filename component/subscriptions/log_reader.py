"""What a subscription wants of its channel's log between two places, read a little at a time: a
channel may hold megabytes, and a filter takes its time with each message.
"""

import asyncio
from collections.abc import AsyncIterator, Hashable, Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.subscription import Subscription
from component.bus.ports.digests import DigestPart, DigestStore

PAGE = 20
"""Deliveries that are read at once: one may have a quarter of a million characters."""
MAX_KEPT_CHARS = 1_000_000
"""Characters that are kept of what is found, about."""
CHARS_IN_TURN = 200_000
"""Characters that are looked through before others have their turn."""


def alike(one: Subscription, part: DigestPart, notified: frozenset[int]) -> Hashable:
    """The same for all who get the same between two places, but for what each said themselves.
    `notified` are the seqs that were sent immediately."""
    apart = frozenset(seq for seq in notified if part.after < seq <= part.upto)
    return (one.channel, part.after, part.upto, one.only, one.without, one.thread, apart)


async def first(
    digests: DigestStore, one: Subscription, part: DigestPart, notified: frozenset[int], most: int
) -> tuple[Sequence[Delivery], bool]:
    """The first `most` that it wants, or fewer where they are long, oldest first; and whether the
    log was read to the end. Raises StoreError."""
    found: list[Delivery] = []
    size = 0
    async for delivery in deliveries(digests, one, part):
        if delivery.seq not in notified and one.wants(delivery.message):
            found.append(delivery)
            size += len(delivery.message.body)
            if len(found) >= most or size >= MAX_KEPT_CHARS:
                return found, False
    return found, True


async def deliveries(
    digests: DigestStore, one: Subscription, part: DigestPart
) -> AsyncIterator[Delivery]:
    """What the log of its channel holds there, oldest first. Raises StoreError."""
    after, size = part.after, 0
    while True:
        page = await digests.between(one.channel, after, part.upto, PAGE)
        for delivery in page:
            yield delivery
            size += len(delivery.message.body)
            if size >= CHARS_IN_TURN:
                size = 0
                await asyncio.sleep(0)
        if len(page) < PAGE:
            return
        after = page[-1].seq
