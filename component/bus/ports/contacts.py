"""Who has one of our JIDs as a contact: the subscriptions to our presence (RFC 6121 section 3)."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.contact import Contact, ContactCaps, ContactChange


class ContactStore(Protocol):
    """The roster of the component. Each method raises StoreError."""

    async def change(
        self, changes: Sequence[ContactChange], caps: ContactCaps
    ) -> Sequence[Contact]:
        """Apply changes in order, in one transaction. Returns those that were added, or were there
        already; the others were beyond a cap."""

    async def page(self, after: Contact | None, count: int) -> Sequence[Contact]:
        """Return the next contacts behind one, in their order; the first ones for None."""

    async def of(self, theirs: str) -> Sequence[Contact]:
        """Return all contacts of a bare JID."""

    async def end_unseen(self, before: int) -> int:
        """Remove the contacts that were last seen before a time in ms; return how many."""
