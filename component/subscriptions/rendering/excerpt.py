"""What a digest tells, read from the store: so much of it as can be shown, and how much more there
is.

Ten thousand people may be told of the same: what a channel's log holds between two places is read
once for all who want the same of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from component.bus.model.delivery import Delivery
from component.bus.model.message import DELETED, Channel, Message
from component.bus.model.subscription import Subscription
from component.bus.ports.digests import DigestPart
from component.bus.ports.method import Clock
from component.bus.ports.store import Store
from component.subscriptions.log_reader import alike, first
from component.subscriptions.rendering.digest import Wanted
from component.subscriptions.rendering.recent import Recent

MOST_READ = 1_000
"""Messages that are kept for a digest; what is beyond is counted."""
LIFE = 30_000
"""Milliseconds that what was read is told before it is read again: something may have been
deleted."""

Keep = Callable[[Sequence[Subscription]], Awaitable[Sequence[Subscription]]]
"""Gives those of some subscriptions that may go on: whose owners may read their channels. Raises
StoreError."""


async def everyone(some: Sequence[Subscription]) -> Sequence[Subscription]:
    """All may go on."""
    return some


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What some want of what a channel's log holds between two places, `rest` more unread (None:
    nobody knows how many of it they want). `key` is the same for all who are told this."""

    key: Hashable
    deliveries: Sequence[Delivery]
    rest: int | None

    def wanted(self, channel: Channel) -> Wanted:
        """Of `channel`, for a digest."""
        return Wanted(channel, [one.message for one in self.deliveries], self.rest)


@dataclass(frozen=True, slots=True)
class Piece:
    """A subscription's part of a digest: where it stands in the log, and the seqs that were told at
    once."""

    subscription: Subscription
    part: DigestPart
    told: frozenset[int]


class Reader:
    """Reads for digests; each call raises StoreError. `keep` gives those of some subscriptions that
    may go on."""

    def __init__(self, store: Store, clock: Clock, keep: Keep = everyone) -> None:
        self._store = store
        self._keep = keep
        self._excerpts: Recent[Hashable, Excerpt] = Recent(8, LIFE, clock)
        self._one = asyncio.Lock()

    async def pieces(self, digest: str) -> Sequence[Piece]:
        """What the digest with that message id tells, without subscriptions that have ended."""
        parts = {part.subscription: part for part in await self._store.digests.parts_of(digest)}
        found = await self._keep(
            [one for number in parts if (one := await self._store.subscriptions.get(number))]
        )
        told = await self._store.fan_out.notified([one.id for one in found]) if found else {}
        return [Piece(one, parts[one.id], told.get(one.id, frozenset())) for one in found]

    async def excerpt(self, piece: Piece) -> Excerpt:
        """What it tells of what stands in the log there: read once for all who want the same, and
        again only for who said all of that themselves."""
        one = piece.subscription
        shared = await self._read(replace(piece, subscription=replace(one, own=True)), "")
        mine = [each for each in shared.deliveries if each.message.author.key == one.who]
        if one.own or not one.who or not mine:
            return shared
        if len(mine) == len(shared.deliveries) and shared.rest != 0:
            return await self._read(piece, one.who)
        others = [each for each in shared.deliveries if each.message.author.key != one.who]
        return Excerpt((shared.key, one.who), others, shared.rest)

    async def _read(self, piece: Piece, who: str) -> Excerpt:
        one, part = piece.subscription, piece.part
        key = (alike(one, part, piece.told), who)
        async with (
            self._one
        ):  # others who want the same wait; and what is read takes no more memory than that
            if known := self._excerpts.get(key):
                return known
            found, whole = await first(self._store, one, part, piece.told, MOST_READ)
            rest: int | None = (
                0
                if whole
                else await self._store.digests.count_between(one.channel, found[-1].seq, part.upto)
            )
            if one.only or one.without or one.thread or piece.told:
                rest = rest and None
            return self._excerpts.put(key, Excerpt(key, found, rest))

    async def answered(self, channel: Channel, message_id: str) -> Message | None:
        """A message that another one answers in a channel; None where it was deleted or never came
        there: then it may be others' affair."""
        hops = await self._store.messages.trace(message_id)
        seen = next((one.message for one in hops if one.channel == channel), None)
        return seen if seen and seen.body != DELETED else None

    async def places(self, message: Message) -> Sequence[Channel]:
        """Where a message was or will be brought, in that order."""
        hops = await self._store.messages.trace(message.id)
        return [one.channel for one in sorted(hops, key=lambda hop: hop.seq)]
