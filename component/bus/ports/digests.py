"""Digests of subscriptions: when they are due, and what they tell."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.subscription import Subscription
from component.bus.ports.transaction import Write


@dataclass(frozen=True, slots=True)
class DigestTurn(Write):
    """A subscription whose digest was due: how it `was` and how it is `now`.

    `digest` is the id of the message that tells what its channel's log holds behind `was.cursor` up
    to `now.cursor`; "" where there was nothing to tell. `again` (ms since 1970, 0 for never) is
    when it is due again where nothing else makes it due, and something came to its channel
    meanwhile.
    """

    was: Subscription
    now: Subscription
    digest: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True)
class DigestPart:
    """What a digest tells: the deliveries of a subscription's channel behind `after` up to `upto`,
    both seqs."""

    subscription: int
    after: int
    upto: int


class DigestStore(Protocol):
    """Digests. Each method raises StoreError."""

    async def due(self, now: int, limit: int) -> Sequence[Subscription]:
        """Return the subscriptions due by `now` (ms since 1970), earliest first. Of each target
        that is among the first `limit`, all of them, side by side."""

    async def due_count(self, now: int) -> int:
        """Return how many subscriptions are due by `now` (ms since 1970)."""

    async def due_after(self, due: int, after: int, limit: int) -> Sequence[Subscription]:
        """Return the subscriptions that are on and due later than `due` (ms since 1970), by number,
        from above `after`."""

    async def next_due(self) -> int | None:
        """Return when the next is due, in ms since 1970; None where no subscription is."""

    async def take_turns(self, turns: Sequence[DigestTurn]) -> None:
        """Save turns that have no digest. A subscription that changed meanwhile stays
        unchanged."""

    async def parts_of(self, digest: str) -> Sequence[DigestPart]:
        """Return what the digest with that message id tells, by subscription; empty where it is
        not the digest of a subscription."""

    async def between(
        self, channel: Channel, after: int, upto: int, limit: int
    ) -> Sequence[Delivery]:
        """Return what a digest may tell of a channel behind `after` up to `upto`, oldest first:
        what was delivered there or is pending, without deleted messages and corrections."""

    async def count_between(self, channel: Channel, after: int, upto: int) -> int:
        """Return how many of them there are."""
