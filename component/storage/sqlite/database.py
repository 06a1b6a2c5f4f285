"""A database of SQLite, open: a connection that writes, and one that reads.

WAL mode with full sync. A read that becomes a write fails with "locked" at once, therefore each
transaction begins with BEGIN IMMEDIATE.
"""

import asyncio
import contextlib
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import aiosql
import aiosqlite

from component.common.errors import StoreError
from component.common.i18n import _

_T = TypeVar("_T")

Row = Mapping[str, Any]

HERE = resources.files("component.storage")
LAST = 2**62
"""No number in the database is higher."""
PRAGMAS = (
    "journal_mode = wal",
    "synchronous = full",
    "foreign_keys = on",
    "busy_timeout = 5000",
)


@dataclass(frozen=True, slots=True)
class Connection:
    """A connection, and the named queries that run on it."""

    driver: aiosqlite.Connection
    queries: Any

    async def rows(self, query: str, **values: object) -> Sequence[Row]:
        """Return all rows of a query at once: a statement that stays open keeps later reads in its
        own past, and no commit can end."""
        sql = getattr(self.queries, query).sql
        return cast("Sequence[Row]", await self.driver.execute_fetchall(sql, values))

    async def run(self, query: str, **values: object) -> int:
        """Run a query that changes rows, and return how many."""
        changed: int = await getattr(self.queries, query)(self.driver, **values)
        return changed

    async def put(self, query: str, rows: Sequence[Any]) -> None:
        """Run a query that takes many `rows` as JSON, where there are any."""
        if rows:
            await self.run(query, rows=json.dumps(rows))


class Database:
    """An open database. Create it with `open`."""

    def __init__(
        self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection
    ) -> None:
        queries = aiosql.from_path(Path(str(HERE.joinpath("queries"))), "aiosqlite")
        self.writer = Connection(writer, queries)
        self.reader = Connection(reader, queries)
        self._path = path
        self._inode = inode(path)
        self._turn = asyncio.Lock()  # one transaction at a time on the writer's connection

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create the database at `path` and bring it up to date; raises StoreError."""
        async with contextlib.AsyncExitStack() as undo:
            try:
                await asyncio.to_thread(create_private, path)
                writer = await connect(path, undo)
                database = cls(path, writer, await connect(path, undo))
                await migrate(writer)
            except (sqlite3.Error, OSError) as error:
                raise StoreError(
                    _("The database {path} can't be opened: {error}.", path=path, error=error)
                ) from error
            undo.pop_all()
        return database

    async def close(self) -> None:
        """Finish what runs and close the files."""
        await self.writer.driver.close()
        await self.reader.driver.close()

    async def read(self, query: str, make: Callable[[Row], _T], **values: object) -> list[_T]:
        """Return what `make` makes of each row of a query; raises StoreError."""
        with driver_errors():
            return [make(row) for row in await self.reader.rows(query, **values)]

    async def read_one(self, query: str, make: Callable[[Row], _T], **values: object) -> _T | None:
        """Return what `make` makes of the first row of a query; None where it has none. Raises
        StoreError."""
        for made in await self.read(query, make, **values):
            return made
        return None

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK where anything failed, the COMMIT included. Raises
        StoreError.

        A caller that was cancelled may have left its statements to the connection's thread: they
        are waited for and rolled back first, or every later BEGIN would fail.
        """
        self._check_file()
        driver = self.writer.driver
        with driver_errors():
            async with self._turn:
                await driver.rollback()
                try:
                    await driver.execute("begin immediate")
                    yield self.writer
                    await driver.execute("commit")
                except BaseException:
                    await driver.rollback()
                    raise

    def _check_file(self) -> None:
        """A file that was removed under SQLite takes every commit, and nobody will ever read it."""
        if inode(self._path) != self._inode:
            raise StoreError(
                _("The database's file was removed or replaced: stop the bus, and put it back.")
            )


@contextlib.contextmanager
def driver_errors() -> Iterator[None]:
    """Raise the driver's errors as the port's."""
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(
            _("The database failed ({error}); nothing was changed, try again.", error=error)
        ) from error


def inode(path: Path) -> tuple[int, int]:
    """Which file stands at a path, as device and inode; (0, 0) where none does."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def create_private(path: Path) -> None:
    """Create a file that its owner alone can read: private conversations are in it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


async def connect(path: Path, undo: contextlib.AsyncExitStack) -> aiosqlite.Connection:
    """Connect to a file; `undo` closes the connection, so that its thread does not outlive a failed
    opening."""
    connection = await aiosqlite.connect(path, isolation_level=None)
    undo.push_async_callback(connection.close)
    connection.row_factory = sqlite3.Row
    for pragma in PRAGMAS:
        await connection.execute(f"pragma {pragma}")
    return connection


async def migrate(connection: aiosqlite.Connection) -> None:
    """Run the migrations that the database does not have yet, each in one transaction."""
    done = await pragma(connection, "user_version")
    numbered = sorted(HERE.joinpath("migrations").iterdir(), key=lambda file: file.name)
    if done > len(numbered):
        raise StoreError(_("The database was made by a newer version of Shoutbus: run that one."))
    for number, file in enumerate(numbered, 1):
        if number > done:
            script = file.read_text("utf-8")
            await connection.executescript(
                f"begin immediate;\n{script}\npragma user_version = {number};\ncommit;"
            )


async def pragma(connection: aiosqlite.Connection, name: str) -> int:
    """Return a number that the database file holds."""
    async with connection.execute(f"pragma {name}") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
