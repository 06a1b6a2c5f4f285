"""Reminders."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.reminder import Reminder


class ReminderStore(Protocol):
    """Reminders. Each method raises StoreError."""

    async def add(self, reminder: Reminder, most: int) -> int:
        """Add a reminder, on disk on return. Returns its number, 0 where `who` already has
        `most`."""

    async def get(self, number: int) -> Reminder | None:
        """Return a reminder; None where it does not exist."""

    async def find(self, who: str | None = None, limit: int = 100) -> Sequence[Reminder]:
        """Return the reminders of a bare JID, or of everyone, next first."""

    async def due(self, now: int, limit: int) -> Sequence[Reminder]:
        """Return the reminders due by `now` (ms since 1970), earliest first."""

    async def next_due(self) -> int | None:
        """Return when the next reminder is due, in ms since 1970; None without any."""

    async def settle(self, settled: Sequence[tuple[Reminder, int | None]]) -> None:
        """Remove each reminder (None) or give it its next time (ms since 1970), in one
        transaction. One that is not as it was read stays unchanged."""

    async def drop(self, number: int) -> bool:
        """Remove a reminder. Returns whether it existed."""
