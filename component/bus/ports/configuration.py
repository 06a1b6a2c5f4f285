"""What operators configure: channels, routes, tokens, roles and mutes."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from component.bus.model.records import Audit, ChannelSpec, Drop, Grant, Mute, Put, Token
from component.bus.model.route import Route


class ConfigurationStore(Protocol):
    """What is configured. Each method raises StoreError; then nothing was changed."""

    async def channels(self) -> Sequence[ChannelSpec]:
        """Return all channels, by name."""

    async def routes(self) -> Sequence[Route]:
        """Return all routes, oldest first."""

    async def tokens(self) -> Sequence[Token]:
        """Return all API tokens, by name."""

    async def grants(self) -> Sequence[Grant]:
        """Return all roles that were granted, by JID."""

    async def mutes(self) -> Sequence[Mute]:
        """Return all mutes, expired ones included."""

    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """Make all changes, with a line of the audit log, or none.

        Raises Conflict where a record is not as it was read. What a removed route holds becomes
        dead letters of its destination. A stage that was removed or changed loses its state, and
        what it holds is due.
        """

    async def seed(
        self, channels: Iterable[ChannelSpec], routes: Iterable[Route], tokens: Iterable[Token]
    ) -> None:
        """Add these to a store that was never seeded; change nothing in any other."""
