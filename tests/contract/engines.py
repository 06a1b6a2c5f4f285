"""The engines that the store's suite runs on. A new one joins by one line in `ENGINES`."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from component.bus.model.subscription import Subscription
from component.bus.ports.store import Store
from component.storage import open_store

if TYPE_CHECKING:
    from component.storage.sqlite.database import Database


class Engine:
    """One place to keep things: opened as often as one likes, and broken at will."""

    def __init__(self, place: Path) -> None:
        self.place = place

    async def open(self) -> Store:
        raise NotImplementedError

    async def fill_disk(self, store: Store) -> None:
        """Nothing fits any more."""
        raise NotImplementedError

    async def free_disk(self, store: Store) -> None:
        """There is room again."""
        raise NotImplementedError

    async def crowd(self, store: Store, several: Sequence[Subscription]) -> None:
        """Subscribe many, in one go."""
        raise NotImplementedError

    async def plan(self, store: Store, query: str, **values: Any) -> Sequence[str]:
        """The steps in which a named query is answered, as the engine tells them."""
        raise NotImplementedError

    async def effort(self, store: Store, asked: Callable[[], Awaitable[Any]]) -> int:
        """How much the engine does to answer what is asked, in hundreds of its smallest steps."""
        raise NotImplementedError


class SQLiteEngine(Engine):
    """A file."""

    @property
    def file(self) -> Path:
        return self.place / "bus.db"

    async def open(self) -> Store:
        return await open_store(f"sqlite:{self.file}")

    async def fill_disk(self, store: Store) -> None:
        await _pragma(store, "max_page_count = 1")

    async def free_disk(self, store: Store) -> None:
        await _pragma(store, "max_page_count = 1000000")

    async def crowd(self, store: Store, several: Sequence[Subscription]) -> None:
        from component.storage.sqlite.subscription_rows import of_subscription

        rows = [{"row": json.dumps(of_subscription(one)), "most": len(several)} for one in several]
        writer = _opened(store).writer
        # Python 3.13 refuses to run a statement for many rows where it gives rows back.
        add, _returning, _id = writer.queries.add_subscription.sql.partition("returning")
        await writer.driver.execute("begin")
        await writer.driver.executemany(add, rows)
        await writer.driver.execute("commit")

    async def plan(self, store: Store, query: str, **values: Any) -> Sequence[str]:
        reader = _opened(store).reader
        sql = getattr(reader.queries, query).sql
        rows = await reader.driver.execute_fetchall(f"explain query plan {sql}", values)
        return [row["detail"] for row in rows]

    async def effort(self, store: Store, asked: Callable[[], Awaitable[Any]]) -> int:
        steps: list[None] = []
        reader = _opened(store).reader.driver
        await reader.set_progress_handler(lambda: steps.append(None), 100)
        await asked()
        await reader.set_progress_handler(lambda: None, 0)
        return len(steps)


async def _pragma(store: Store, words: str) -> None:
    await _opened(store).writer.driver.execute_fetchall(f"pragma {words}")


def _opened(store: Store) -> "Database":
    from component.storage.sqlite.store import SQLite

    assert isinstance(store, SQLite)
    return store.database


ENGINES: Mapping[str, Callable[[Path], Engine]] = {"sqlite": SQLiteEngine}
Opened = Callable[[], Awaitable[Store]]
