"""Reminders, on SQLite."""

from collections.abc import Sequence
from dataclasses import asdict

from component.bus.model.message import Channel
from component.bus.model.reminder import Reminder
from component.storage.sqlite.database import LAST, Database, Row
from component.storage.sqlite.held import to_due


class SQLiteReminders:
    """Reminders (`component.bus.ports.reminders.ReminderStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, reminder: Reminder, most: int) -> int:
        """Add a reminder; return its number, 0 where its owner has too many."""
        values = asdict(reminder) | {"channel": str(reminder.channel), "most": most}
        del values["id"]
        async with self._database.transaction() as writer:
            added = await writer.rows("add_reminder", **values)
        if not added:
            return 0
        return int(added[0]["id"])

    async def get(self, number: int) -> Reminder | None:
        """Return a reminder; None where it does not exist."""
        return await self._database.read_one("reminder", to_reminder, id=min(number, LAST))

    async def find(self, who: str | None = None, limit: int = 100) -> Sequence[Reminder]:
        """Return the reminders of a person, or of everyone, next first."""
        if who is None:
            return await self._database.read("reminders", to_reminder, count=limit)
        return await self._database.read("reminders_of", to_reminder, who=who, count=limit)

    async def due(self, now: int, limit: int) -> Sequence[Reminder]:
        """Return the reminders that are due, earliest first."""
        return await self._database.read("due_reminders", to_reminder, now=now, count=limit)

    async def next_due(self) -> int | None:
        """Return when the next reminder is due; None without any."""
        return await self._database.read_one("next_reminder", to_due)

    async def settle(self, settled: Sequence[tuple[Reminder, int | None]]) -> None:
        """Remove each reminder, or give it its next time."""
        over: list[tuple[int, int]] = []
        later: list[tuple[int, int, int]] = []
        for reminder, again in settled:
            if again is None:
                over.append((reminder.id, reminder.due))
            else:
                later.append((reminder.id, reminder.due, again))
        async with self._database.transaction() as writer:
            await writer.put("end_reminders", over)
            await writer.put("put_off_reminders", later)

    async def drop(self, number: int) -> bool:
        """Remove a reminder; return whether it existed."""
        async with self._database.transaction() as writer:
            return bool(await writer.rows("drop_reminder", id=min(number, LAST)))


def to_reminder(row: Row) -> Reminder:
    """Read a row of `reminders`."""
    return Reminder(**{**dict(row), "channel": Channel.parse(row["channel"])})
