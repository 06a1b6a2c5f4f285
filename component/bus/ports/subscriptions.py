"""Subscriptions."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from component.bus.model.message import Channel
from component.bus.model.subscription import Standing, Subscription


class SubscriptionStore(Protocol):
    """Subscriptions. Each method raises StoreError. Changes are on disk on return."""

    async def add(self, subscription: Subscription, most: int) -> int:
        """Add a subscription. Returns its number, 0 where its owner already has `most`.

        Raises Conflict where its owner already has one for that target at that channel.
        """

    async def get(self, number: int) -> Subscription | None:
        """Return a subscription; None where it does not exist."""

    async def find(
        self,
        *,
        who: str | None = None,
        target: Channel | None = None,
        channel: Channel | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Subscription]:
        """Return subscriptions of a person, for a target, at a channel, or all; those with numbers
        above `after`, by number."""

    async def between(
        self, targets: Collection[Channel], channels: Collection[Channel]
    ) -> Sequence[Subscription]:
        """Return the subscriptions of any of the targets at any of the channels."""

    async def change(
        self, changes: Sequence[tuple[Subscription, Subscription]]
    ) -> Sequence[Subscription]:
        """Compare-and-set each pair (as it was read, as it is to be). Returns those that lost the
        race, as they are now; they stay unchanged, and ended ones stay ended.

        Raises Conflict where an owner would have two for one target at one channel; then nothing
        was changed.
        """

    async def remove(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """End subscriptions. Returns those that existed."""

    async def counts(self) -> Mapping[Standing, int]:
        """Return how many subscriptions there are, by status."""

    async def listener_counts(self) -> Mapping[Channel, int]:
        """Return for how many subscriptions each channel's messages are examined on arrival: the
        immediate ones, and those that mention a name. Channels without any are left out."""

    async def listeners(
        self, channel: Channel, words: Collection[str], after: int, limit: int
    ) -> Sequence[Subscription]:
        """Return a channel's immediate subscriptions and those whose name is one of `words`, by
        number, from above `after`."""
