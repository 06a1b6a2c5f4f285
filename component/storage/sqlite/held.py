"""What processors hold back and keep, on SQLite."""

import json
from collections.abc import Mapping, Sequence

from component.bus.model.ledger import Place, StateEntry
from component.bus.model.planner import Held
from component.storage.sqlite.database import Database, Row, of_id
from component.storage.sqlite.rows import to_entry, to_held


class SQLiteHeld:
    """Messages that wait at stages (`component.bus.ports.held.HeldStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def due(self, now: int, limit: int) -> Sequence[Held]:
        """Return what is held at enabled routes and due, batches whole."""
        ready = await self._database.read("due", to_held, now=now, count=limit)
        alone: list[Held] = []
        order: dict[str, tuple[int, int]] = {}
        for held in ready:
            if held.batch:
                order.setdefault(held.batch, (held.due, held.id))
            else:
                alone.append(held)
        batches: Sequence[Held] = ()
        if order:
            batches = await self._database.read("batches", to_held, ids=json.dumps(list(order)))

        def position(held: Held) -> tuple[int, int, int]:
            due, first = order.get(held.batch, (held.due, held.id))
            return due, first, held.id

        return sorted([*alone, *batches], key=position)

    async def next_due(self) -> int | None:
        """Return when the next is due; None where nothing is held at an enabled route."""
        return await self._database.read_one("next_due", to_due)

    async def counts(self) -> Mapping[Place, int]:
        """Return how many messages each stage holds."""
        return dict(await self._database.read("held_counts", to_count))

    async def first(self, limit: int, route: int | None = None) -> Sequence[Held]:
        """Return what is due first, at one route or at all."""
        return await self._database.read("held_first", to_held, count=limit, route=route)

    async def of_message(self, message_id: str) -> Sequence[Held]:
        """Return where a message is held now."""
        return await self._database.read("held_of", to_held, id=of_id(message_id))

    async def processor_state(self) -> Sequence[StateEntry]:
        """Return what processors keep, oldest entry first."""
        return await self._database.read("processor_state", to_entry)


def to_due(row: Row) -> int:
    """Read when something is due, in ms since 1970."""
    return int(row["due"])


def to_count(row: Row) -> tuple[Place, int]:
    """Read how many messages a stage holds."""
    return (row["route"], row["stage"]), row["depth"]
