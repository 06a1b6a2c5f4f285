"""The store on SQLite: one class for each port, over one database."""

import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Self

from component.bus.model.delivery import Delivery
from component.bus.ports.addresses import AddressStore
from component.bus.ports.audit import AuditLog
from component.bus.ports.configuration import ConfigurationStore
from component.bus.ports.deliveries import DeadLetterStore, DeliveryStore
from component.bus.ports.digests import DigestStore
from component.bus.ports.fan_out import FanOutStore
from component.bus.ports.held import HeldStore
from component.bus.ports.messages import MessageStore
from component.bus.ports.people import PeopleStore
from component.bus.ports.reminders import ReminderStore
from component.bus.ports.source_state import ArchivePosition, SourceStateStore
from component.bus.ports.store import Offer, Receipt, Release
from component.bus.ports.stories import StoryStore
from component.bus.ports.subscriptions import SubscriptionStore
from component.storage.sqlite import accepting
from component.storage.sqlite.addresses import SQLiteAddresses
from component.storage.sqlite.audit import SQLiteAuditLog
from component.storage.sqlite.configuration import SQLiteConfiguration
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

    async def save(
        self,
        offers: Sequence[Offer],
        outcomes: Sequence[Delivery],
        positions: Sequence[ArchivePosition],
    ) -> Sequence[Receipt]:
        """Save offers, outcomes of deliveries and archive positions in one transaction."""
        receipts: Sequence[Receipt] = ()
        async with self.database.transaction() as writer:
            if offers:
                receipts = await accepting.accept(writer, offers)
            ends = [(one.seq, one.state, one.attempts, one.error, one.changed) for one in outcomes]
            await writer.put("set_outcomes", ends)
            places = [(str(one.channel), one.stanza_id, one.at) for one in positions]
            await writer.put("set_marks", places)
        return receipts

    async def release(self, releases: Sequence[Release]) -> Sequence[Delivery]:
        """Release held messages in one transaction; return the new deliveries."""
        deliveries: list[Delivery] = []
        async with self.database.transaction() as writer:
            for release in releases:
                deliveries += await accepting.release(writer, release)
        return deliveries

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
