"""What sources keep about their channels between runs."""

from dataclasses import dataclass
from typing import Any, Protocol

from component.bus.model.message import Channel


@dataclass(frozen=True, slots=True)
class ArchivePosition:
    """How far the archive of a channel has been read: a stanza id ("" where it is not known yet),
    and when it was read, in ms since 1970."""

    channel: Channel
    stanza_id: str
    at: int


class SourceState(Protocol):
    """What a source keeps about its channels, in JSON's types. Each method raises StoreError."""

    async def recall(self, channel: Channel) -> Any:
        """Return the state of a channel; None where nothing was kept, or the channel was removed
        since."""

    async def keep(self, channel: Channel, state: Any) -> None:
        """Replace the state of a channel. It is on disk on return."""


class SourceStateStore(SourceState, Protocol):
    """The state of every source, archive positions included. Each method raises StoreError."""

    async def archive_position(self, channel: Channel) -> ArchivePosition | None:
        """Return how far the archive of a channel has been read; None where it never was."""
