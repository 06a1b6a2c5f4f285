"""Contacts, on SQLite."""

from collections.abc import Sequence

from component.bus.model.contact import Contact, ContactCaps, ContactChange, ContactChangeKind
from component.storage.sqlite.database import Connection, Database, Row


class SQLiteContacts:
    """The roster (`component.bus.ports.contacts.ContactStore`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def change(
        self, changes: Sequence[ContactChange], caps: ContactCaps
    ) -> Sequence[Contact]:
        """Apply changes in order, in one transaction."""
        kept = []
        async with self._database.transaction() as writer:
            for change in changes:
                if change.kind is ContactChangeKind.ADD and await add(writer, change, caps):
                    kept.append(change.contact)
                elif change.kind is ContactChangeKind.REMOVE:
                    await writer.run("remove_contact", **change.contact._asdict())
                elif change.kind is ContactChangeKind.SEEN:
                    await writer.run("see_contact", **change.contact._asdict(), at=change.at)
        return kept

    async def page(self, after: Contact | None, count: int) -> Sequence[Contact]:
        """Return the next contacts behind one."""
        ours, theirs = after or Contact("", "")
        return await self._database.read(
            "contacts_page", to_contact, ours=ours, theirs=theirs, count=count
        )

    async def of(self, theirs: str) -> Sequence[Contact]:
        """Return all contacts of a bare JID."""
        return await self._database.read("contacts_of", to_contact, theirs=theirs)

    async def end_unseen(self, before: int) -> int:
        """Remove the contacts that were last seen before a time."""
        async with self._database.transaction() as writer:
            return await writer.run("end_contacts", before=before)


async def add(writer: Connection, change: ContactChange, caps: ContactCaps) -> bool:
    """Add a contact, and return whether it is there."""
    domain = change.contact.domain
    found = await writer.rows(
        "add_contact",
        **change.contact._asdict(),
        domain=domain,
        at=change.at,
        most_of_domain=caps.of(domain),
        most=caps.in_all,
    )
    return bool(found)


def to_contact(row: Row) -> Contact:
    """Read a row of `contacts`."""
    return Contact(row["ours"], row["theirs"])
