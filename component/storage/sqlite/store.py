"""The store on SQLite: one class for each port, over one database."""

import contextlib
import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

from component.bus.ports.addresses import AddressStore
from component.bus.ports.audit import AuditLog
from component.bus.ports.configuration import ConfigurationStore
from component.bus.ports.contacts import ContactStore
from component.bus.ports.deliveries import DeadLetterStore, DeliveryStore
from component.bus.ports.digests import DigestStore
from component.bus.ports.fan_out import FanOutStore
from component.bus.ports.held import HeldStore
from component.bus.ports.messages import MessageStore
from component.bus.ports.people import PeopleStore
from component.bus.ports.reminders import ReminderStore
from component.bus.ports.source_state import SourceStateStore
from component.bus.ports.stories import StoryStore
from component.bus.ports.subscriptions import SubscriptionStore
from component.bus.ports.transaction import Transaction
from component.storage.sqlite.addresses import SQLiteAddresses
from component.storage.sqlite.audit import SQLiteAuditLog
from component.storage.sqlite.configuration import SQLiteConfiguration
from component.storage.sqlite.contacts import SQLiteContacts
from component.storage.sqlite.database import Database
from component.storage.sqlite.deliveries import SQLiteDeadLetters, SQLiteDeliveries
from component.storage.sqlite.digests import SQLiteDigests
from component.storage.sqlite.fan_out import SQLiteFanOut
from component.storage.sqlite.held import SQLiteHeld
from component.storage.sqlite.messages import SQLiteMessages
from component.storage.sqlite.people import SQLitePeople
from component.storage.sqlite.reminders import SQLiteReminders
from component.storage.sqlite.source_state import SQLiteSourceState
from component.storage.sqlite.stories import SQLiteStories
from component.storage.sqlite.subscriptions import SQLiteSubscriptions
from component.storage.sqlite.transaction import SQLiteTransaction


class SQLite:
    """A database of SQLite as the bus uses it (`component.bus.ports.store.Store`)."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.messages: MessageStore = SQLiteMessages(database)
        self.deliveries: DeliveryStore = SQLiteDeliveries(database)
        self.dead_letters: DeadLetterStore = SQLiteDeadLetters(database)
        self.held: HeldStore = SQLiteHeld(database)
        self.configuration: ConfigurationStore = SQLiteConfiguration(database)
        self.audit: AuditLog = SQLiteAuditLog(database)
        self.people: PeopleStore = SQLitePeople(database)
        self.contacts: ContactStore = SQLiteContacts(database)
        self.subscriptions: SubscriptionStore = SQLiteSubscriptions(database)
        self.fan_out: FanOutStore = SQLiteFanOut(database)
        self.digests: DigestStore = SQLiteDigests(database)
        self.addresses: AddressStore = SQLiteAddresses(database)
        self.reminders: ReminderStore = SQLiteReminders(database)
        self.stories: StoryStore = SQLiteStories(database)
        self.source_state: SourceStateStore = SQLiteSourceState(database)

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open or create the database at `path` and bring it up to date; raises StoreError."""
        return cls(await Database.open(path))

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """Open a transaction."""
        async with self.database.transaction() as writer:
            yield SQLiteTransaction(writer)

    async def secret(self) -> bytes:
        """Return the secret, made at the first call."""
        async with self.database.transaction() as writer:
            await writer.run("keep_secret", value=secrets.token_hex(32))
            (row,) = await writer.rows("secret")
        return bytes.fromhex(row["value"])

    async def probe(self) -> None:
        """Commit something small."""
        async with self.database.transaction() as writer:
            await writer.run("probe")

    async def close(self) -> None:
        """Finish what runs and close the files."""
        await self.database.close()
