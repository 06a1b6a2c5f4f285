"""The engines that the store's suite runs on. A new one joins by one line in `ENGINES`."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from component.storage import open_store
from component.store import Store


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


async def _pragma(store: Store, words: str) -> None:
    from component.storage.sqlite import SQLite

    assert isinstance(store, SQLite)
    await store._writer.execute_fetchall(f"pragma {words}")


ENGINES: Mapping[str, Callable[[Path], Engine]] = {"sqlite": SQLiteEngine}
Opened = Callable[[], Awaitable[Store]]
