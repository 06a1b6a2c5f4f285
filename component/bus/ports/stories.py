"""Stories: messages that are kept as articles."""

from collections.abc import Sequence
from typing import Protocol

from component.bus.model.message import Channel
from component.bus.model.records import Audit
from component.bus.model.story import Story


class StoryStore(Protocol):
    """Stories, by archive. Each method raises StoreError."""

    async def find(
        self, channel: Channel, *, before: int | None = None, limit: int = 50, hidden: bool = False
    ) -> Sequence[Story]:
        """Return the stories of an archive, newest first; those before a seq, where given. With
        `hidden`, unpublished and deleted ones too."""

    async def get(self, seq: int) -> Story | None:
        """Return what was delivered under this seq, as a story, in whatever channel; None where
        nothing was."""

    async def of_message(self, channel: Channel, message_id: str) -> Story | None:
        """Return a message's story in an archive; None where it has none there."""

    async def update(self, story: Story, audit: Audit) -> None:
        """Save the text of a story and whether it is published, with a line of the audit log.

        Raises Conflict where the story is not as it was read, or was deleted.
        """
