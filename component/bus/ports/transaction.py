"""The unit of work: what is written together or not at all.

The engine opens a transaction, adds messages, plans them in memory, and puts the plans. The store
is called; it calls nobody back.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from component.bus.model.delivery import Delivery, State
from component.bus.model.ledger import StateEntry
from component.bus.model.message import Channel, Kind, Message
from component.bus.model.planner import Held, Stopped
from component.bus.ports.source_state import ArchivePosition
from component.common.i18n import Words


class Write:
    """Something that a service saves in the transaction of a message, or in a separate one.

    The engine hands it to the store and does not look inside; the store knows each kind.
    """

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Original:
    """A message that another one corrects or takes back, as it is now: whether it was `deleted`,
    its deliveries and where it is held, each in the words that it has there."""

    message: Message
    deleted: bool
    deliveries: Sequence[Delivery]
    held: Sequence[Held]


@dataclass(frozen=True, slots=True)
class Revision:
    """What `change`, a correction or a retraction, makes of the `original` that it names.

    `words` are the deliveries that have other words now, and `held` the held messages; `ended` and
    `dropped` are those of which nothing is left. `missed` are the places that keep the old words,
    each with the reason, for the author.
    """

    original: Original
    change: Message
    words: Sequence[Delivery] = ()
    held: Sequence[Held] = ()
    ended: Sequence[Delivery] = ()
    dropped: Sequence[Held] = ()
    missed: Sequence[tuple[Channel, Words]] = ()

    @property
    def retracts(self) -> bool:
        """Whether the original is taken back."""
        return self.change.kind is Kind.RETRACTION


@dataclass(frozen=True, slots=True)
class Plan:
    """What follows from a message: its `deliveries` (message, channel, state, error), that to its
    own channel first where there is one; held messages, rejections, and what processors keep.

    `digests` are messages that aggregators made on the way, `parts` says what is in each: (id of
    the digest, id of a message in it). `extra` are other messages that are delivered by the plan.
    `revision` is what it makes of an earlier message.
    """

    deliveries: Sequence[tuple[Message, Channel, State, str]]
    holds: Sequence[Held] = ()
    stops: Sequence[Stopped] = ()
    notes: Sequence[StateEntry] = ()
    digests: Sequence[Message] = ()
    parts: Sequence[tuple[str, str]] = ()
    extra: Sequence[Message] = ()
    revision: Revision | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """A message that was accepted before, and whether it was `deleted` since."""

    message: Message
    deleted: bool


@dataclass(frozen=True, slots=True)
class Released:
    """Held messages that were taken out of the store, and the channels that any of them has
    `reached` or is on its way to."""

    held: tuple[Held, ...]
    reached: frozenset[Channel]


class Transaction(Protocol):
    """An open transaction. Each method raises StoreError; then nothing of the transaction is
    saved."""

    async def add(self, messages: Sequence[Message]) -> Sequence[Known | None]:
        """Add messages. Returns for each None where it is new, else the one that has its id or its
        origin."""

    async def original(self, message_id: str) -> Original | None:
        """Return a message, or the one that it corrects; None where it does not exist."""

    async def put(self, plans: Sequence[Plan]) -> Sequence[tuple[Delivery, ...]]:
        """Save what follows from messages: first what they make of earlier ones. Returns the
        deliveries of each plan, in its order."""

    async def take_held(self, held: Sequence[Held]) -> Released:
        """Remove held messages. Returns those that were still there (a deleted message is not),
        in the words that they have by now, with the channels that they have reached since added to
        `been`."""

    async def settle(self, outcomes: Sequence[Delivery]) -> None:
        """Save what became of deliveries."""

    async def save_positions(self, positions: Sequence[ArchivePosition]) -> None:
        """Save how far archives were read."""

    async def write(self, writes: Sequence[Write]) -> Sequence[Delivery]:
        """Save what services keep. Returns the deliveries that this began, pending."""


class Transactions(Protocol):
    """What the engine asks of a store to commit. Each method raises StoreError."""

    def transaction(self) -> AbstractAsyncContextManager[Transaction]:
        """Return a transaction that is committed where its block ends, and rolled back where it
        raises."""

    async def probe(self) -> None:
        """Commit something small, to see whether that works."""
