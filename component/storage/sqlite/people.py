"""Preferences, on SQLite."""

from collections.abc import Sequence
from dataclasses import asdict

from component.bus.model.records import Preference
from component.storage.sqlite.database import Database, Row


class SQLitePeople:
    """What is known of people (`component.bus.ports.people.PeopleStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def preferences(self) -> Sequence[Preference]:
        """Return everyone's preferences."""
        return await self._database.read("preferences", to_preference)

    async def prefer(self, preference: Preference) -> None:
        """Replace the preferences of a person."""
        async with self._database.transaction() as writer:
            await writer.run("put_preference", **asdict(preference))


def to_preference(row: Row) -> Preference:
    """Read a row of `preferences`."""
    return Preference(
        row["jid"],
        row["language"],
        row["confirm"],
        row["zone"],
        row["quiet"],
        bool(row["welcomed"]),
        bool(row["posts"]),
    )
