"""What a digest says, read from the store: as much of it as can be shown, and how much more there
is.

Ten thousand people may get the same: what a channel's log holds between two places is read once for
all who want the same of it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, replace

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.subscription import Subscription
from component.bus.ports.digests import DigestPart
from component.bus.ports.method import Clock
from component.bus.ports.store import Store
from component.subscriptions.log_reader import alike, first
from component.subscriptions.rendering.digest import Selection
from component.subscriptions.rendering.recent import Recent

MAX_MESSAGES = 1_000
"""Messages that are kept for a digest; what is beyond is counted."""
LIFE_MS = 30_000
"""How long what was read is used before it is read again: something may have been deleted."""
MAX_EXCERPTS = 8

Keep = Callable[[Sequence[Subscription]], Awaitable[Sequence[Subscription]]]
"""Returns those of some subscriptions whose owners may still read their channels. Raises
StoreError."""


async def keep_all(subscriptions: Sequence[Subscription]) -> Sequence[Subscription]:
    """Everyone may read."""
    return subscriptions


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What some subscribers want of what a channel's log holds between two places, and how many
    messages more (`rest`; None where that is not known). `key` is the same for all who get this."""

    key: Hashable
    deliveries: Sequence[Delivery]
    rest: int | None

    def selection(self, channel: Channel) -> Selection:
        """The messages, of `channel`, for a digest."""
        return Selection(channel, [one.message for one in self.deliveries], self.rest)

    def by(self, author: str) -> Sequence[Delivery]:
        """What one author wrote of it."""
        return [one for one in self.deliveries if one.message.author.key == author]

    def without(self, author: str) -> "Excerpt":
        """The same without what one author wrote."""
        others = [one for one in self.deliveries if one.message.author.key != author]
        return Excerpt((self.key, author), others, self.rest)


@dataclass(frozen=True, slots=True)
class Piece:
    """A subscription's part of a digest: where it lies in the log, and the seqs that were sent
    immediately."""

    subscription: Subscription
    part: DigestPart
    notified: frozenset[int]


class Excerpts:
    """Reads for digests; each method raises StoreError."""

    def __init__(self, store: Store, clock: Clock, keep: Keep = keep_all) -> None:
        self._store = store
        self._keep = keep
        self._excerpts: Recent[Hashable, Excerpt] = Recent(MAX_EXCERPTS, LIFE_MS, clock)
        self._in_turn = asyncio.Lock()

    async def pieces(self, digest: str) -> Sequence[Piece]:
        """What the digest with a message id consists of, without subscriptions that have ended."""
        parts: dict[int, DigestPart] = {}
        subscriptions: list[Subscription] = []
        for part in await self._store.digests.parts_of(digest):
            parts[part.subscription] = part
            subscription = await self._store.subscriptions.get(part.subscription)
            if subscription:
                subscriptions.append(subscription)
        kept = await self._keep(subscriptions)
        if not kept:
            return ()
        notified = await self._store.fan_out.notified([one.id for one in kept])
        return [Piece(one, parts[one.id], notified.get(one.id, frozenset())) for one in kept]

    async def excerpt(self, piece: Piece) -> Excerpt:
        """What a piece says: read once for all who want the same, and again only for someone who
        wrote all of that themselves."""
        subscription = piece.subscription
        for_all = replace(piece, subscription=replace(subscription, own=True))
        shared = await self._read(for_all, "")
        mine = shared.by(subscription.who)
        if subscription.own or not subscription.who or not mine:
            return shared
        if len(mine) == len(shared.deliveries) and shared.rest != 0:
            return await self._read(piece, subscription.who)
        return shared.without(subscription.who)

    async def _read(self, piece: Piece, who: str) -> Excerpt:
        subscription, part = piece.subscription, piece.part
        key = (alike(subscription, part, piece.notified), who)
        async with self._in_turn:  # others who want the same wait, and memory holds one at a time
            known = self._excerpts.get(key)
            if known:
                return known
            deliveries, is_whole = await first(
                self._store.digests, subscription, part, piece.notified, MAX_MESSAGES
            )
            rest: int | None = 0
            if not is_whole:
                rest = await self._store.digests.count_between(
                    subscription.channel, deliveries[-1].seq, part.upto
                )
            if rest and is_choosy(piece):
                rest = None
            return self._excerpts.put(key, Excerpt(key, deliveries, rest))

    async def answered(self, channel: Channel, message_id: str) -> Message | None:
        """A message in a channel that another one answers; None where it was deleted or never came
        there: then its words may not be shown."""
        for hop in await self._store.messages.trace(message_id):
            if hop.channel == channel:
                return hop.message if not hop.message.is_gone else None
        return None

    async def places(self, message: Message) -> Sequence[Channel]:
        """Where a message was or will be brought, in that order."""
        hops = await self._store.messages.trace(message.id)
        return [one.channel for one in sorted(hops, key=lambda hop: hop.seq)]


def is_choosy(piece: Piece) -> bool:
    """Whether a subscription does not want everything: then nobody knows how much of the rest it
    wants."""
    one = piece.subscription
    return bool(one.only or one.without or one.thread or piece.notified)
