"""What is known of people beside their roles."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.records import Preference


class PeopleStore(Protocol):
    """What people chose. Each method raises StoreError."""

    async def preferences(self) -> Sequence[Preference]:
        """Return the preferences of everyone who has any."""

    async def prefer(self, preference: Preference) -> None:
        """Replace the preferences of a person."""
