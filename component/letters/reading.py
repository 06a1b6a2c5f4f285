"""What a digest tells, read from the store: so much of it as can be shown, and how much more there is.

Ten thousand people may be told of the same: what a channel's log holds between two places is read once for all.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from component.delivery import Delivery
from component.letters.digest import Wanted
from component.letters.recent import Recent
from component.message import DELETED, Channel, Message
from component.ports import Clock
from component.store import Part, Store
from component.subscription import Subscription

PAGE = 20
"""Deliveries that are read at once: one may have a quarter of a million characters."""
MOST_READ = 1_000
"""Deliveries of a channel that are read for a digest; what is beyond is counted."""
MOST_CHARACTERS = 1_000_000
"""Characters of them, about."""
LIFE = 30_000
"""Milliseconds that what was read is told before it is read again: something may have been deleted."""


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What a channel's log holds behind a place up to another, `rest` more of it unread; and who said any of it."""

    deliveries: Sequence[Delivery]
    rest: int
    authors: frozenset[str]


@dataclass(frozen=True, slots=True)
class Piece:
    """A subscription's part of a digest: where it stands in the log, and the seqs that were told at once."""

    subscription: Subscription
    part: Part
    told: frozenset[int]

    def key(self, excerpt: Excerpt) -> Hashable:
        """The same for all who are told the same of an excerpt."""
        one = self.subscription
        own = one.who if one.who in excerpt.authors and not one.own else ""
        told = frozenset(seq for seq in self.told if self.part.after < seq <= self.part.upto)
        return (one.channel, self.part.after, self.part.upto, one.only, one.without, one.thread, own, told)

    def wanted(self, excerpt: Excerpt) -> Wanted:
        """What of an excerpt it tells."""
        one = self.subscription
        found = [each.message for each in excerpt.deliveries if each.seq not in self.told and one.wants(each.message)]
        counted = not (one.only or one.without or one.thread or self.told)
        return Wanted(one.channel, found, excerpt.rest if counted or not excerpt.rest else None)


class Reader:
    """Reads for digests; each call raises StoreError."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._excerpts: Recent[tuple[Channel, int, int], Excerpt] = Recent(8, LIFE, clock)

    async def pieces(self, digest: str) -> Sequence[Piece]:
        """What the digest with that message id tells, without subscriptions that have ended."""
        parts = await self._store.parts_of(digest)
        found = [(part, one) for part in parts if (one := await self._store.subscription(part.subscription))]
        told = await self._store.told_at_once([one.id for _part, one in found]) if found else {}
        return [Piece(one, part, told.get(one.id, frozenset())) for part, one in found]

    async def excerpt(self, piece: Piece) -> Excerpt:
        """What stands in the log there."""
        key = (piece.subscription.channel, piece.part.after, piece.part.upto)
        return self._excerpts.get(key) or self._excerpts.put(key, await self._read(*key))

    async def _read(self, channel: Channel, after: int, upto: int) -> Excerpt:
        found: list[Delivery] = []
        size = 0
        while len(found) < MOST_READ and size < MOST_CHARACTERS:
            page = await self._store.between(channel, found[-1].seq if found else after, upto, PAGE)
            found += page
            size += sum(len(one.message.body) for one in page)
            if len(page) < PAGE:
                return Excerpt(found, 0, _authors(found))
        return Excerpt(found, await self._store.counted(channel, found[-1].seq, upto), _authors(found))

    async def answered(self, channel: Channel, message_id: str) -> Message | None:
        """A message that another one answers in a channel; None where it was deleted or never came there: then it may
        be others' affair."""
        hops = await self._store.trace(message_id)
        seen = next((one.message for one in hops if one.channel == channel), None)
        return seen if seen and seen.body != DELETED else None

    async def places(self, message: Message) -> Sequence[Channel]:
        """Where a message was or will be brought, in that order."""
        hops = await self._store.trace(message.id)
        return [one.channel for one in sorted(hops, key=lambda hop: hop.seq)]


def _authors(found: Sequence[Delivery]) -> frozenset[str]:
    return frozenset(one.message.author.key for one in found)
