"""How reminders are kept and read; what is written is within a transaction of the caller."""

import dataclasses
import json
from collections.abc import Sequence
from typing import Any

from component.bus.model.message import Channel
from component.bus.model.reminder import Reminder
from component.storage.sqlite.rows import Row, found

_LAST = 2**62


def to_reminder(row: Row) -> Reminder:
    """Of a row of `reminders`."""
    return Reminder(**{**dict(row), "channel": Channel.parse(row["channel"])})


async def add(queries: Any, connection: Any, reminder: Reminder, most: int) -> int:
    """See `store.ReminderStore.add_reminder`."""
    values = dataclasses.asdict(reminder) | {"channel": str(reminder.channel), "most": most}
    values.pop("id")
    rows = await found(connection, queries.add_reminder, **values)
    return int(rows[0]["id"]) if rows else 0


async def one(queries: Any, connection: Any, number: int) -> Reminder | None:
    """See `store.ReminderStore.reminder`."""
    rows = await found(connection, queries.reminder, id=min(number, _LAST))
    return to_reminder(rows[0]) if rows else None


async def several(queries: Any, connection: Any, who: str | None, limit: int) -> Sequence[Reminder]:
    """See `store.ReminderStore.reminders`."""
    if who is None:
        rows = await found(connection, queries.reminders, count=limit)
    else:
        rows = await found(connection, queries.reminders_of, who=who, count=limit)
    return [to_reminder(row) for row in rows]


async def due(queries: Any, connection: Any, now: int, limit: int) -> Sequence[Reminder]:
    """See `store.ReminderStore.due_reminders`."""
    return [
        to_reminder(row)
        for row in await found(connection, queries.due_reminders, now=now, count=limit)
    ]


async def settle(
    queries: Any, connection: Any, came: Sequence[tuple[Reminder, int | None]]
) -> None:
    """See `store.ReminderStore.settle_reminders`."""
    over = [(reminder.id, reminder.due) for reminder, again in came if again is None]
    later = [(reminder.id, reminder.due, again) for reminder, again in came if again is not None]
    if over:
        await queries.end_reminders(connection, rows=json.dumps(over))
    if later:
        await queries.put_off_reminders(connection, rows=json.dumps(later))
