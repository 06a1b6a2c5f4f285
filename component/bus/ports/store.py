"""Everything durable: one port for each subject, and the unit of work."""

from contextlib import AbstractAsyncContextManager
from typing import Protocol

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


class Store(Protocol):
    """A database: a port for each subject. Who uses it gets the ports that they need, not this.

    Each method raises StoreError where the engine fails; then nothing was changed.
    """

    messages: MessageStore
    deliveries: DeliveryStore
    dead_letters: DeadLetterStore
    held: HeldStore
    configuration: ConfigurationStore
    audit: AuditLog
    people: PeopleStore
    contacts: ContactStore
    subscriptions: SubscriptionStore
    fan_out: FanOutStore
    digests: DigestStore
    addresses: AddressStore
    reminders: ReminderStore
    stories: StoryStore
    source_state: SourceStateStore

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Return a transaction that is committed where its block ends, and rolled back where it
        raises."""

    async def secret(self) -> bytes:
        """Return 32 random bytes, made once: the bus signs with them what it gives out."""

    async def probe(self) -> None:
        """Commit something small, to see whether that works."""

    async def close(self) -> None:
        """Finish what runs and close the files."""
