"""What is known of people beside their roles."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.records import Preference


class PeopleStore(Protocol):
    """Preferences, and the roster of presence subscriptions. Each method raises StoreError."""

    async def preferences(self) -> Sequence[Preference]:
        """Return the preferences of everyone who has any."""

    async def prefer(self, preference: Preference) -> None:
        """Replace the preferences of a person."""

    async def contacts(self) -> Sequence[tuple[str, str]]:
        """Return who is subscribed to our presence, as (our bare JID, their bare JID)."""

    async def add_contact(self, ours: str, theirs: str) -> None:
        """Add a presence subscription; no change where it already exists."""

    async def remove_contact(self, ours: str, theirs: str) -> None:
        """Remove a presence subscription; no change where it does not exist."""
