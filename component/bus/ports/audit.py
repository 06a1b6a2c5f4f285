"""The audit log."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.records import Audit


class AuditLog(Protocol):
    """Who changed what. Lines are written with the changes that they describe."""

    async def newest(
        self, before: int | None = None, limit: int = 20
    ) -> Sequence[tuple[int, Audit]]:
        """Return the newest lines with their numbers, newest first; those before a number, where
        given. Raises StoreError."""
