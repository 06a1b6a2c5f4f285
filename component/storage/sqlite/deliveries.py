"""Deliveries and dead letters, on SQLite."""

from collections.abc import Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.records import Audit
from component.common.errors import Conflict
from component.common.i18n import _
from component.storage.sqlite.audit import write_audit
from component.storage.sqlite.database import LAST, Database, Row, of_id
from component.storage.sqlite.rows import to_delivery, to_depth


class SQLiteDeliveries:
    """Deliveries, by channel (`component.bus.ports.deliveries.DeliveryStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def pending(self, channel: Channel, after: int, limit: int) -> Sequence[Delivery]:
        """Return pending deliveries behind a seq, oldest first."""
        page = {"channel": str(channel), "seq": after, "count": limit}
        return await self._database.read("pending", to_delivery, **page)

    async def backlog(self) -> dict[Channel, int]:
        """Return how many deliveries are pending, by channel."""
        return dict(await self._database.read("backlog", to_depth))

    async def log(
        self, channel: Channel, *, after: int = 0, before: int | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """Return a page of what a channel holds, oldest first."""
        page = {"channel": str(channel), "count": limit}
        if before is None:
            seq = min(after, LAST)
            return await self._database.read("log_after", to_delivery, seq=seq, **page)
        seq = min(before, LAST)
        newest_first = await self._database.read("log_before", to_delivery, seq=seq, **page)
        return newest_first[::-1]

    async def brought(self, channel: Channel, message_id: str) -> Sequence[Delivery]:
        """Return what was brought to a channel of a message and its corrections."""
        key = {"channel": str(channel), "id": of_id(message_id)}
        return await self._database.read("brought_to", to_delivery, **key)

    async def last_seq(self, channel: Channel) -> int:
        """Return the newest seq in a channel; 0 where it is empty."""
        (seq,) = await self._database.read("last_seq", to_seq, channel=str(channel))
        return seq


class SQLiteDeadLetters:
    """Dead letters (`component.bus.ports.deliveries.DeadLetterStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(self, channel: Channel | None = None, limit: int = 50) -> Sequence[Delivery]:
        """Return dead letters, newest first."""
        if channel is None:
            return await self._database.read("dead_letters", to_delivery, count=limit)
        page = {"channel": str(channel), "count": limit}
        return await self._database.read("dead_letters_of", to_delivery, **page)

    async def get(self, seq: int) -> Delivery | None:
        """Return a dead letter; None where it does not exist."""
        return await self._database.read_one("dead_letter", to_delivery, seq=min(seq, LAST))

    async def counts(self) -> dict[Channel, int]:
        """Return how many dead letters there are, by channel."""
        return dict(await self._database.read("dead_letter_counts", to_depth))

    async def decide(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """Save dead letters in their new state, with a line of the audit log."""
        async with self._database.transaction() as writer:
            for letter in letters:
                decided = await writer.run(
                    "decide",
                    seq=letter.seq,
                    state=letter.state,
                    attempts=letter.attempts,
                    error=letter.error,
                    changed=letter.changed,
                )
                if not decided:
                    raise Conflict(
                        _(
                            "{number} is no longer a dead letter. Nothing was changed; please "
                            "review it and try again.",
                            number=letter.seq,
                        )
                    )
            await write_audit(writer, audit)


def to_seq(row: Row) -> int:
    """Read the seq of a row."""
    return int(row["seq"])
