"""What processors hold back, and what they keep between messages."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from component.bus.model.ledger import Place, StateEntry
from component.bus.model.planner import Held


class HeldStore(Protocol):
    """Messages that wait at a stage of a route. Each method raises StoreError."""

    async def due(self, now: int, limit: int) -> Sequence[Held]:
        """Return what is held at enabled routes and due by `now` (ms since 1970), in the order it
        became due. A batch comes whole, also where that exceeds `limit`."""

    async def next_due(self) -> int | None:
        """Return when the next of it is due, in ms since 1970; None where nothing is held at an
        enabled route."""

    async def counts(self) -> Mapping[Place, int]:
        """Return how many messages each stage holds."""

    async def first(self, limit: int, route: int | None = None) -> Sequence[Held]:
        """Return what is due first, at one route or at all, enabled or not."""

    async def of_message(self, message_id: str) -> Sequence[Held]:
        """Return where a message is held now."""

    async def processor_state(self) -> Sequence[StateEntry]:
        """Return what processors keep between messages, oldest entry first."""
