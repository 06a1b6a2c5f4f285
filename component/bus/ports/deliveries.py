"""Deliveries on their way, in a channel's log, and dead."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.records import Audit


class DeliveryStore(Protocol):
    """Deliveries, by channel. Each method raises StoreError."""

    async def pending(self, channel: Channel, after: int, limit: int) -> Sequence[Delivery]:
        """Return pending deliveries to a channel with a seq above `after`, oldest first."""

    async def backlog(self) -> dict[Channel, int]:
        """Return how many deliveries are pending, by channel."""

    async def log(
        self, channel: Channel, *, after: int = 0, before: int | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """Return what a channel holds, oldest first: the first `limit` behind the seq `after`, or
        the last `limit` before the seq `before`. A message that was corrected is there once, in its
        new words."""

    async def brought(self, channel: Channel, message_id: str) -> Sequence[Delivery]:
        """Return what was brought to a channel, or may have been, of a message and of what
        corrected it, oldest first."""

    async def last_seq(self, channel: Channel) -> int:
        """Return the newest seq in a channel; 0 where it is empty."""


class DeadLetterStore(Protocol):
    """Deliveries that were refused or ran out of tries. Each method raises StoreError."""

    async def newest(self, channel: Channel | None = None, limit: int = 50) -> Sequence[Delivery]:
        """Return dead letters, newest first; of one channel, where given."""

    async def get(self, seq: int) -> Delivery | None:
        """Return the dead letter with this seq; None where it does not exist."""

    async def counts(self) -> dict[Channel, int]:
        """Return how many dead letters there are, by channel."""

    async def decide(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """Save dead letters in their new state, with a line of the audit log, or nothing.

        Raises Conflict where one of them is not dead any more.
        """
