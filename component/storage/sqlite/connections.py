"""Connections to SQLite, by aiosqlite: a writer's in WAL mode with full sync, and a reader's.

A read that turns to a write fails "locked" at once, hence BEGIN IMMEDIATE.
"""

import asyncio
import contextlib
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import aiosql
import aiosqlite

from component.common.errors import StoreError
from component.common.i18n import _
from component.storage.sqlite.rows import Row, found

_P = ParamSpec("_P")
_T = TypeVar("_T")

_HERE = resources.files("component.storage")
LAST = 2**62
"""No number in the database is higher."""


def wrapped(work: Callable[_P, Coroutine[Any, Any, _T]]) -> Callable[_P, Coroutine[Any, Any, _T]]:
    """The driver's errors as the port's."""

    @functools.wraps(work)
    async def inner(*args: _P.args, **kwargs: _P.kwargs) -> _T:
        try:
            return await work(*args, **kwargs)
        except (sqlite3.Error, ValueError) as error:
            raise StoreError(
                _(
                    "A database error occurred ({error}). Nothing was changed; please try again.",
                    error=error,
                )
            ) from error

    return inner


class Connections:
    """A database that is open. Open it with `open`."""

    def __init__(
        self, path: Path, writer: aiosqlite.Connection, reader: aiosqlite.Connection
    ) -> None:
        self._path = path
        self._file = _inode(path)
        self._writer = writer
        self._reader = reader
        self._queries: Any = aiosql.from_str(
            _HERE.joinpath("queries.sql").read_text("utf-8"), "aiosqlite"
        )
        self._turn = asyncio.Lock()  # one transaction at a time on the writer's connection

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create the database at `path` and bring it up to date; raises StoreError."""
        async with contextlib.AsyncExitStack() as undo:
            try:
                await asyncio.to_thread(_private, path)
                writer = await _connect(path, undo)
                store = cls(path, writer, await _connect(path, undo))
                await store._migrate()
            except (sqlite3.Error, OSError) as error:
                raise StoreError(
                    _("The database {path} cannot be opened: {error}.", path=path, error=error)
                ) from error
            undo.pop_all()
        return store

    async def _migrate(self) -> None:
        done = await _number(self._writer, "pragma user_version")
        numbered = sorted(_HERE.joinpath("migrations").iterdir(), key=lambda file: file.name)
        if done > len(numbered):
            raise StoreError(
                _("The database was created by a newer version of Shoutbus. Run that version.")
            )
        for number, file in enumerate(numbered, 1):
            if number > done:
                script = file.read_text("utf-8")
                await self._writer.executescript(
                    f"begin immediate;\n{script}\npragma user_version = {number};\ncommit;"
                )

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
        await self._writer.close()
        await self._reader.close()

    async def _rows(self, query: Any, **values: object) -> Sequence[Row]:
        """What the reader's connection finds."""
        return await found(self._reader, query, **values)

    def _still_there(self) -> None:
        """A file that was removed under SQLite takes every commit, and nobody will ever read it."""
        if _inode(self._path) != self._file:
            raise StoreError(
                _("The database file was removed or replaced. Stop Shoutbus and restore the file.")
            )


@contextlib.asynccontextmanager
async def transaction(connection: aiosqlite.Connection) -> AsyncIterator[None]:
    """BEGIN IMMEDIATE … COMMIT, or ROLLBACK where anything failed, the COMMIT included.

    A caller that was cancelled may have left its statements to the connection's thread: they are
    waited for and rolled back first, or every later BEGIN would fail.
    """
    await connection.rollback()
    try:
        await connection.execute("begin immediate")
        yield
        await connection.execute("commit")
    except BaseException:
        await connection.rollback()
        raise


def _inode(path: Path) -> tuple[int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0)
    return found.st_dev, found.st_ino


def _private(path: Path) -> None:
    """Readable by its owner alone: what people said in private is in it."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)


async def _connect(path: Path, undo: contextlib.AsyncExitStack) -> aiosqlite.Connection:
    """A connection; `undo` closes it, so that its thread does not outlive a failed opening."""
    connection = await aiosqlite.connect(path, isolation_level=None)
    undo.push_async_callback(connection.close)
    connection.row_factory = sqlite3.Row
    for pragma in (
        "journal_mode = wal",
        "synchronous = full",
        "foreign_keys = on",
        "busy_timeout = 5000",
    ):
        await connection.execute(f"pragma {pragma}")
    return connection


async def _number(connection: aiosqlite.Connection, sql: str) -> int:
    async with connection.execute(sql) as cursor:
        row = await cursor.fetchone()
    return int(row[0]) if row else 0
