"""What sources keep, on SQLite."""

import json
from typing import Any

from component.bus.model.message import Channel
from component.bus.ports.source_state import ArchivePosition
from component.storage.sqlite.database import Database, Row


class SQLiteSourceState:
    """The state of sources (`component.bus.ports.source_state.SourceStateStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def recall(self, channel: Channel) -> Any:
        """Return the state of a channel; None where nothing was kept."""
        return await self._database.read_one("source_state", to_state, channel=str(channel))

    async def keep(self, channel: Channel, state: Any) -> None:
        """Replace the state of a channel."""
        async with self._database.transaction() as writer:
            await writer.run("put_source_state", channel=str(channel), state=json.dumps(state))

    async def archive_position(self, channel: Channel) -> ArchivePosition | None:
        """Return how far the archive of a channel has been read; None where it never was."""
        return await self._database.read_one("archive_position", to_position, channel=str(channel))


def to_state(row: Row) -> Any:
    """Read a row of `source_state`."""
    return json.loads(row["state"])


def to_position(row: Row) -> ArchivePosition:
    """Read a row of `archive_positions`."""
    return ArchivePosition(Channel.parse(row["channel"]), row["stanza_id"], row["at"])
