"""Preferences and contacts, on SQLite."""

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

    async def contacts(self) -> Sequence[tuple[str, str]]:
        """Return the presence subscriptions, as (our bare JID, their bare JID)."""
        return await self._database.read("contacts", to_contact)

    async def add_contact(self, ours: str, theirs: str) -> None:
        """Add a presence subscription."""
        async with self._database.transaction() as writer:
            await writer.run("add_contact", ours=ours, theirs=theirs)

    async def remove_contact(self, ours: str, theirs: str) -> None:
        """Remove a presence subscription."""
        async with self._database.transaction() as writer:
            await writer.run("remove_contact", ours=ours, theirs=theirs)


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


def to_contact(row: Row) -> tuple[str, str]:
    """Read a row of `contacts`."""
    return row["ours"], row["theirs"]
