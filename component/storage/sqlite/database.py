"""A database of SQLite, open: a connection that writes, and one that reads.

WAL mode with full sync. A read that becomes a write fails with "locked" at once, therefore each
transaction begins with BEGIN IMMEDIATE.
"""

import asyncio
import contextlib
import functools
import json
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, Self, TypeVar, cast

import aiosql
import aiosqlite

from component.bus.model.message import is_id
from component.common.errors import StoreError
from component.common.i18n import Words, _

_T = TypeVar("_T")

Row = Mapping[str, Any]

HERE = resources.files("component.storage")
APPLICATION = 0x53686F75
"""What the file says it is (`pragma application_id`): “Shou”."""
LAST = 2**62
"""No number in the database is higher."""
TABLES = "select name from sqlite_schema"
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

    async def put(self, query: str, rows: Sequence[Any], ids: "MessageIds | None" = None) -> None:
        """Run a query that takes many `rows` as JSON, where there are any; `ids` are those of the
        messages that the rows name by their places."""
        if rows and ids:
            await self.run(query, rows=json.dumps(rows), ids=ids.blob)
        elif rows:
            await self.run(query, rows=json.dumps(rows))


class MessageIds:
    """Ids of messages for a query that takes many rows: JSON holds no bytes, so a row names an id
    by its place in one blob."""

    def __init__(self) -> None:
        self._places: dict[str, int] = {}

    def place(self, message_id: str) -> int | None:
        """Return the place of an id, as SQL counts; None for the empty one."""
        if not message_id:
            return None
        return self._places.setdefault(message_id, 1 + 16 * len(self._places))

    @property
    def blob(self) -> bytes:
        """All ids, one after the other."""
        return b"".join(map(of_id, self._places))


def of_id(message_id: str) -> bytes:
    """Give the bytes of a message's id; what is not an id gives none, and no message has that."""
    if not is_id(message_id):
        return b""
    return bytes.fromhex(message_id)


def to_id(value: bytes | None) -> str:
    """Read the id of a message; "" for null."""
    if value is None:
        return ""
    return value.hex()


class Database:
    """An open database. Create it with `open`."""

    def __init__(
        self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection
    ) -> None:
        queries = load_queries()
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
                await migrate(writer, path)
            except (sqlite3.Error, OSError) as error:
                raise StoreError(
                    _("The database {path} cannot be opened: {error}.", path=path, error=error)
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
                _("The database file was removed or replaced. Stop Shoutbus and restore the file.")
            )


@contextlib.contextmanager
def driver_errors() -> Iterator[None]:
    """Raise the driver's errors as the port's."""
    try:
        yield
    except (sqlite3.Error, ValueError) as error:
        raise StoreError(
            _(
                "A database error occurred ({error}). Nothing was changed; please try again.",
                error=error,
            )
        ) from error


def inode(path: Path) -> tuple[int, int]:
    """Return which file is at a path, as device and inode; (0, 0) where none is."""
    try:
        status = path.stat()
    except OSError:
        return (0, 0)
    return status.st_dev, status.st_ino


def create_private(path: Path) -> None:
    """Create a file that its owner alone can read: private conversations are in it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


@functools.cache
def load_queries() -> Any:
    """Return the queries by the names that their files give them. The files are read once."""
    return aiosql.from_path(Path(str(HERE.joinpath("queries"))), "aiosqlite")


async def connect(path: Path, undo: contextlib.AsyncExitStack) -> aiosqlite.Connection:
    """Connect to a file; `undo` closes the connection, so that its thread does not outlive a failed
    opening."""
    connection = await aiosqlite.connect(path, isolation_level=None)
    undo.push_async_callback(connection.close)
    connection.row_factory = sqlite3.Row
    for pragma in PRAGMAS:
        await connection.execute(f"pragma {pragma}")
    return connection


async def migrate(connection: aiosqlite.Connection, path: Path) -> None:
    """Run the migrations that the database does not have yet, each in one transaction; raises
    StoreError where it is not one of this form."""
    schema = await connection.execute_fetchall(TABLES)
    application = await pragma(connection, "application_id")
    done = await pragma(connection, "user_version")
    check_form(path, application, done, {str(row[0]) for row in schema})
    numbered = sorted(HERE.joinpath("migrations").iterdir(), key=lambda file: file.name)
    if done > len(numbered):
        raise StoreError(
            _("The database was created by a newer version of Shoutbus. Run that version.")
        )
    for number, file in enumerate(numbered, 1):
        if number > done:
            script = file.read_text("utf-8")
            mark = f"pragma application_id = {APPLICATION};\npragma user_version = {number};"
            await connection.executescript(f"begin immediate;\n{script}\n{mark}\ncommit;")


def check_form(path: Path, application: int, version: int, tables: set[str]) -> None:
    """Refuse a file of the form before the first release, and of another program."""
    if is_first_form(application, version, tables):
        raise StoreError(
            _(
                "The database {path} was made by an earlier version. Run “shoutbus migrate "
                "--config FILE” once. It keeps a copy.",
                path=path,
            )
        )
    if application != APPLICATION and (application or version or tables):
        raise StoreError(foreign(path))


def is_first_form(application: int, version: int, tables: set[str]) -> bool:
    """Tell a database of the form before the first release, which said nothing of itself, by its
    version and its tables."""
    return application == 0 and 1 <= version <= 6 and {"messages", "facts"} <= tables


def foreign(path: Path) -> Words:
    """Say that a file is something else."""
    return _("The file {path} is not a database of Shoutbus.", path=path)


def script_of(name: str) -> str:
    """Return a file of SQL."""
    return HERE.joinpath(name).read_text("utf-8")


async def pragma(connection: aiosqlite.Connection, name: str) -> int:
    """Return a number that the database file holds."""
    async with connection.execute(f"pragma {name}") as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
