"""The audit log, on SQLite."""

from collections.abc import Sequence

from component.bus.model.records import Audit
from component.storage.sqlite.database import LAST, Connection, Database, Row


class SQLiteAuditLog:
    """Who changed what (`component.bus.ports.audit.AuditLog`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def newest(
        self, before: int | None = None, limit: int = 20
    ) -> Sequence[tuple[int, Audit]]:
        """Return the newest lines with their numbers, newest first."""
        number = LAST if before is None else before
        return await self._database.read("audit", to_numbered, number=number, count=limit)


def to_numbered(row: Row) -> tuple[int, Audit]:
    """Read a row of `audit`."""
    line = Audit(row["at"], row["who"], row["interface"], row["what"], row["before"], row["after"])
    return row["id"], line


async def write_audit(writer: Connection, audit: Audit) -> None:
    """Write a line of the audit log within the transaction of its change."""
    await writer.run(
        "add_audit",
        at=audit.at,
        who=audit.who,
        interface=audit.interface,
        what=audit.what,
        before=audit.before,
        after=audit.after,
    )
