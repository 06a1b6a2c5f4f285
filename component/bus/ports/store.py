"""Everything durable: one port for each subject, and the transaction that accepts messages."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from component.bus.model.delivery import Delivery, State
from component.bus.model.ledger import StateEntry
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.ports.addresses import AddressStore
from component.bus.ports.audit import AuditLog
from component.bus.ports.configuration import ConfigurationStore
from component.bus.ports.deliveries import DeadLetterStore, DeliveryStore
from component.bus.ports.digests import DigestStore, DigestTurn
from component.bus.ports.fan_out import FanOutStore
from component.bus.ports.held import HeldStore
from component.bus.ports.messages import MessageStore
from component.bus.ports.people import PeopleStore
from component.bus.ports.reminders import ReminderStore
from component.bus.ports.source_state import ArchivePosition, SourceStateStore
from component.bus.ports.stories import StoryStore
from component.bus.ports.subscriptions import SubscriptionStore


@dataclass(frozen=True, slots=True)
class Planned:
    """What follows from a message, ready for the store: its `deliveries` to come (message, channel,
    state, error), its own channel's first where it has one; what is held and what was stopped; what
    processors noted; and the `digests` made on the way, which are messages themselves, with the
    `parts` of each (its id, the id of a message in it). `turns` are those of subscriptions whose
    digest it is."""

    deliveries: Sequence[tuple[Message, Channel, State, str]]
    holds: Sequence[Held] = ()
    stops: Sequence[Stopped] = ()
    notes: Sequence[StateEntry] = ()
    digests: Sequence[Message] = ()
    parts: Sequence[tuple[str, str]] = ()
    turns: Sequence[DigestTurn] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A message to accept. `plan` is called once it is known to be new, in the transaction that
    keeps it."""

    message: Message
    plan: Callable[[], Planned]


@dataclass(frozen=True, slots=True)
class Release:
    """What was held, alone or as one batch, and goes on. `plan` is called in the transaction that
    lets it go, with what of it is held still and the channels that those messages have been brought
    to."""

    held: tuple[Held, ...]
    plan: Callable[[tuple[Held, ...], frozenset[Channel]], Planned]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an offer: `message` is the accepted one, or (`new` false) the one accepted
    before.

    `deliveries` are those of a new message, its own channel's first, `planned` all that followed
    from it. Where the one before was `deleted`, other words stand in it.
    """

    message: Message
    new: bool
    deliveries: tuple[Delivery, ...] = ()
    deleted: bool = False
    planned: Planned = Planned(())


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
    subscriptions: SubscriptionStore
    fan_out: FanOutStore
    digests: DigestStore
    addresses: AddressStore
    reminders: ReminderStore
    stories: StoryStore
    source_state: SourceStateStore

    async def save(
        self,
        offers: Sequence[Offer],
        outcomes: Sequence[Delivery],
        positions: Sequence[ArchivePosition],
    ) -> Sequence[Receipt]:
        """Save all of it in one transaction, on disk on return. Returns receipts in the order of
        the offers.

        An offer whose id or origin is known changes nothing; its receipt names what was accepted
        before.
        """

    async def release(self, releases: Sequence[Release]) -> Sequence[Delivery]:
        """Release held messages with what follows from them, in one transaction. Returns the new
        deliveries.

        What is not held any more, because its message was deleted, is left out.
        """

    async def secret(self) -> bytes:
        """Return 32 random bytes, made once: the bus signs with them what it gives out."""

    async def probe(self) -> None:
        """Commit something small, to see whether that works."""

    async def close(self) -> None:
        """Finish what runs and close the files."""
