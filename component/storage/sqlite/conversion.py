"""The conversion of a database of the form before the first release.

The old file is only read: a copy of it is kept beside it, the new one is written into a file of its
own and verified, and takes the place of the old one as the last step. Where anything fails before
that, the old file is as it was.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from component.bus.model.message import Channel
from component.bus.model.subscription import mailbox
from component.common.errors import StoreError
from component.storage.sqlite.database import APPLICATION, foreign, is_first_form, script_of

LAST_VERSION = 6
"""The last version of the first form."""
TABLES = {
    "facts": "metadata",
    "messages": "messages",
    "deliveries": "deliveries",
    "deletions": "deletions",
    "stops": "rejections",
    "held": "held",
    "parts": "aggregate_parts",
    "notes": "processor_state",
    "marks": "archive_positions",
    "memories": "source_state",
    "channels": "channels",
    "routes": "routes",
    "tokens": "tokens",
    "roles": "roles",
    "mutes": "mutes",
    "audit": "audit",
    "preferences": "preferences",
    "contacts": "contacts",
    "reminders": "reminders",
    "stories": "stories",
    "subscriptions": "subscriptions",
    "told": "notified",
    "digest_parts": "digest_parts",
    "spreads": "fan_out_progress",
    "addresses": "addresses",
    "asks": "confirmation_requests",
}
"""Each table of the first form, and what holds its rows now."""

_KINDS = {"asks:": "confirmation", "bus:digest:": "digest", "reminder:": "reminder"}
"""What origins of the first form begin with, and the kind of such messages."""
_AUTHORS = {
    "bus:": ("notice", "bus"),
    "bus:digest:": ("digest", "bus"),
    "guest:": ("chat", "guest"),
    "token:": ("chat", "token"),
    "digest:": ("aggregate", "source"),
}
"""What authors' keys of the first form begin with, and the kinds of their messages and of them."""


@dataclass(frozen=True, slots=True)
class Converted:
    """What was converted: where the copy of the old file is, and how many rows each table has."""

    copy: Path
    rows: dict[str, int]


def convert(path: Path) -> Converted | None:
    """Convert the database at `path`; None where there is nothing to do. Raises StoreError, and
    then the file is as it was."""
    if not path.is_file():
        raise StoreError(f"The database {path} does not exist.")
    work = path.with_name(f"{path.name}.converting")
    new = path.with_name(f"{path.name}.converted")
    try:
        if not needs_conversion(path):
            return None
        copy = free_name(path)
        partial = path.with_name(f"{path.name}.copying")
        with left_without(work, new, partial), contextlib.closing(exclusive(path)) as old:
            old.execute("vacuum into ?", (str(work),))
            upgrade(work)
            rows = fill(work, new)
            old.execute("vacuum into ?", (str(partial),))
            old.execute("pragma journal_mode = delete")  # no log is left for the new file to find
            put(partial, copy, like=path)
            put(new, path, like=path)
    except (sqlite3.Error, OSError) as error:
        raise StoreError(
            f"The database {path} was not converted; nothing was changed: {error}."
        ) from error
    return Converted(copy, rows)


def needs_conversion(path: Path) -> bool:
    """Whether a file is a database of the first form; raises StoreError where it is neither of that
    form nor of this one."""
    with contextlib.closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=rw", uri=True)) as old:
        application = number(old, "pragma application_id")
        tables = {str(row[0]) for row in old.execute("select name from sqlite_schema")}
        version = number(old, "pragma user_version")
    if is_first_form(application, version, tables):
        return True
    if application == APPLICATION:
        return False
    raise StoreError(foreign(path))


def exclusive(path: Path) -> sqlite3.Connection:
    """Open a database that nothing else has open, and check that it is whole; raises StoreError."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=2)
    try:
        connection.execute("pragma locking_mode = exclusive")
        connection.execute("begin exclusive")
        connection.execute("commit")
        (verdict,) = connection.execute("pragma integrity_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" in str(error):
            raise StoreError(f"The database {path} is in use. Stop Shoutbus first.") from error
        raise
    if verdict != "ok":
        connection.close()
        raise StoreError(f"The database {path} is damaged: {verdict}. Nothing was changed.")
    return connection


def upgrade(work: Path) -> None:
    """Bring a copy of the first form to its last version."""
    with contextlib.closing(sqlite3.connect(work, isolation_level=None)) as old:
        version = number(old, "pragma user_version")
        for later in range(version + 1, LAST_VERSION + 1):
            script = script_of(f"conversion/before_{later}.sql")
            old.executescript(f"begin;\n{script}\npragma user_version = {later};\ncommit;")


def fill(work: Path, new: Path) -> dict[str, int]:
    """Write the new database in one transaction, and verify it; return the rows of each table."""
    new.touch(mode=0o600)
    with contextlib.closing(sqlite3.connect(new, isolation_level=None)) as connection:
        connection.execute("pragma foreign_keys = on")
        connection.execute("attach ? as old", (str(work),))
        connection.create_function("unhex", 1, bytes_of, deterministic=True)
        connection.create_function("kind_of", 3, kind_of, deterministic=True)
        connection.create_function("author_kind_of", 3, author_kind_of, deterministic=True)
        connection.create_function("mailbox_of", 1, mailbox_of, deterministic=True)
        connection.create_function("who_of", 1, who_of, deterministic=True)
        schema = script_of("migrations/0001_start.sql")
        rows = script_of("conversion/convert.sql")
        ending = f"pragma application_id = {APPLICATION};\npragma user_version = 1;\n"
        connection.executescript(f"begin immediate;\n{schema}\n{rows}\n{ending}")
        counts = verified(connection)
        connection.execute("commit")
    return counts


def verified(connection: sqlite3.Connection) -> dict[str, int]:
    """Compare how many rows each table has with what it was made of; raises StoreError."""
    counts: dict[str, int] = {}
    for before, table in TABLES.items():
        old = number(connection, f"select count(*) from old.{before}")  # noqa: S608
        counts[table] = number(connection, f"select count(*) from main.{table}")  # noqa: S608
        if old != counts[table]:
            raise StoreError(
                f"The table {table} would have {counts[table]} rows in place of {old}. "
                "Nothing was changed."
            )
    return counts


def put(file: Path, place: Path, *, like: Path) -> None:
    """Put a file in a place at once, on disk on return, with the owner and the mode of another: the
    bus may run as someone else."""
    status = like.stat()
    file.chmod(status.st_mode & 0o777)
    if (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(file, status.st_uid, status.st_gid)
    synchronize(file)
    file.replace(place)
    synchronize(place.parent)


def synchronize(path: Path) -> None:
    """Wait until a file or a folder is on disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def free_name(path: Path) -> Path:
    """Return a name for the copy that no file has."""
    copy = path.with_name(f"{path.name}.before-migration")
    count = 1
    while copy.exists():
        count += 1
        copy = path.with_name(f"{path.name}.before-migration-{count}")
    return copy


@contextlib.contextmanager
def left_without(*files: Path) -> Iterator[None]:
    """Remove work files before and after."""
    try:
        remove(files)
        yield
    finally:
        remove(files)


def remove(files: tuple[Path, ...]) -> None:
    """Remove database files with their journals, where they exist."""
    for file in files:
        for suffix in ("", "-journal", "-wal", "-shm"):
            file.with_name(f"{file.name}{suffix}").unlink(missing_ok=True)


# What the conversion's SQL asks for


def bytes_of(text: str) -> bytes | None:
    """Give the bytes of a message's id; null for none."""
    if not text:
        return None
    return bytes.fromhex(text)


def kinds_of(origin: str, channel: str, author_key: str) -> tuple[str, str]:
    """Tell what a message is and what its author is, as messages of the first form say it: by the
    beginnings of their origin and of the author's key."""
    kind, author_kind = "chat", "person"
    if author_key == channel or author_key.startswith(f"{channel}/"):
        kind, author_kind = "announcement", "source"
        if channel.startswith("feed:"):
            kind = "feed-item"
    elif author_key.startswith("greeting:"):
        kind, author_kind = "greeting", "source"
    for beginning, kinds in _AUTHORS.items():
        if author_key.startswith(beginning):
            kind, author_kind = kinds
    for beginning, named in _KINDS.items():
        if origin.startswith(beginning):
            kind = named
    return kind, author_kind


def kind_of(origin: str, channel: str, author_key: str) -> str:
    """Tell what a message is."""
    return kinds_of(origin, channel, author_key)[0]


def author_kind_of(origin: str, channel: str, author_key: str) -> str:
    """Tell what the author of a message is."""
    return kinds_of(origin, channel, author_key)[1]


def mailbox_of(channel: str) -> str:
    """Give the mailbox of an address."""
    return str(mailbox(Channel.parse(channel)))


def who_of(origin: str) -> str:
    """Read who gave the address out of a request's origin."""
    return origin.split(":", 2)[2].split(" ", 1)[0]


def number(connection: sqlite3.Connection, sql: str) -> int:
    """Return the one number that a statement gives."""
    (value,) = connection.execute(sql).fetchone()
    return int(value)
