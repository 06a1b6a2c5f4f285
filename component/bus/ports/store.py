"""What the hub and its parts ask of a database: the protocol, and the data that passes. Says what
it raises."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from component.bus.model.delivery import Delivery, State
from component.bus.model.ledger import Note, Place
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.records import (
    Audit,
    ChannelSpec,
    Drop,
    Grant,
    Mute,
    Preference,
    Put,
    Token,
)
from component.bus.model.reminder import Reminder
from component.bus.model.route import Route
from component.bus.model.story import Story
from component.bus.model.subscription import Address, Standing, Subscription


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a channel's archive has been read: its stanza id ("" where none is known yet) and
    when, in ms."""

    channel: Channel
    stanza_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Turn:
    """A subscription's digest was due: how it `was` and is `now`. `digest` is the id of the message
    that tells what its channel's log holds behind `was.cursor` up to `now.cursor`; "" where there
    was nothing to tell. One with `again` waits for nothing any more, unless something came to its
    channel meanwhile: then it is due at that time (ms)."""

    was: Subscription
    now: Subscription
    digest: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """What a digest tells: of a subscription's channel the deliveries behind `after` up to `upto`,
    both seqs."""

    subscription: int
    after: int
    upto: int


@dataclass(frozen=True, slots=True)
class Spread:
    """How far `delivery`, which is one to all subscribers of a channel, has come: up to the
    subscription `upto`.

    That is kept where `upto` is above 0. `targets` are those that get its message as a delivery of
    their own; `told` are (subscription, seq of the delivery to its channel) that were told at once
    of what their digest would tell; `held` are subscriptions as they stand now.
    """

    delivery: Delivery
    upto: int
    targets: Sequence[Channel] = ()
    told: Sequence[tuple[int, int]] = ()
    held: Sequence[Subscription] = ()


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
    notes: Sequence[Note] = ()
    digests: Sequence[Message] = ()
    parts: Sequence[tuple[str, str]] = ()
    turns: Sequence[Turn] = ()


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


class Memory(Protocol):
    """What a source keeps about its channels, in JSON's types; raises StoreError."""

    async def recall(self, channel: Channel) -> Any:
        """What was kept; None where nothing was, or the channel was removed since."""

    async def keep(self, channel: Channel, state: Any) -> None:
        """Keep it, on disk on return."""


class ReminderStore(Protocol):
    """Where reminders are kept. Each raises StoreError."""

    async def add_reminder(self, reminder: Reminder, most: int) -> int:
        """Keep a new one; on disk on return. Gives its number, 0 where `who` has `most` already."""

    async def reminder(self, number: int) -> Reminder | None:
        """The one of a number."""

    async def reminders(self, who: str | None = None, limit: int = 100) -> Sequence[Reminder]:
        """Those that someone asked for, or all; the next first."""

    async def due_reminders(self, now: int, limit: int) -> Sequence[Reminder]:
        """Those whose time has come, the earliest first."""

    async def next_reminder(self) -> int | None:
        """When the next is due, in ms; None where there is none."""

    async def settle_reminders(self, came: Sequence[tuple[Reminder, int | None]]) -> None:
        """Each is over (None), or comes again at a time, in one go; but where it is not as it was
        read any more."""

    async def drop_reminder(self, number: int) -> bool:
        """Forget one; whether it was there."""


class SubscriptionStore(Protocol):
    """Where subscriptions are kept. Each raises StoreError; what changes is on disk on return."""

    async def subscribe(self, subscription: Subscription, most: int) -> int:
        """Keep a new one. Gives its number, 0 where its owner has `most` already; raises Conflict
        where they have one at that channel for that target."""

    async def subscription(self, number: int) -> Subscription | None:
        """The one of a number."""

    async def subscriptions(
        self,
        *,
        who: str | None = None,
        target: Channel | None = None,
        channel: Channel | None = None,
        after: int = 0,
        limit: int = 100,
    ) -> Sequence[Subscription]:
        """Those of someone, for a target, at a channel, or all; with numbers above `after`, by
        number."""

    async def change_subscriptions(
        self, changes: Sequence[tuple[Subscription, Subscription]]
    ) -> Sequence[Subscription]:
        """Each that is as it was read (first) is so from now (second); what is gone stays gone.
        Gives those that were changed since they were read, as they are: they stay so. Raises
        Conflict where an owner would have two at one channel for one target; then nothing was
        changed."""

    async def unsubscribe(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """End these; gives those that were there."""

    async def standings(self) -> Mapping[Standing, int]:
        """How many there are, by how they stand."""

    async def subscribed(self) -> Mapping[Channel, int]:
        """For how many subscriptions messages of a channel are looked at when they come: the live
        ones, and those with an urgent name. Channels without any are left out."""

    async def hearers(
        self, channel: Channel, words: Collection[str], after: int, limit: int
    ) -> Sequence[Subscription]:
        """A channel's live ones and those whose urgent name is one of `words`, by number, from
        above `after`."""

    async def subscriptions_of(
        self, targets: Collection[Channel], channels: Collection[Channel]
    ) -> Sequence[Subscription]:
        """Those of any of the targets at any of the channels."""

    async def spread(self, spread: Spread) -> Sequence[Delivery]:
        """Keep how far a delivery to subscribers has come, with all that it says; gives the new
        deliveries, pending. A target that the message was brought to already gets none."""

    async def spread_upto(self, seq: int) -> int:
        """Up to which subscription a delivery to subscribers has come; 0 at its start."""

    async def heard_upto(self, numbers: Collection[int]) -> Mapping[int, int]:
        """Of each of these subscriptions the seq of its channel behind which is what has yet to
        come to it at once: all that is in the channel has, but for what is on its way to
        subscribers and has not passed this one."""

    async def due_subscriptions(self, now: int, limit: int) -> Sequence[Subscription]:
        """Those whose time has come, the earliest first; of each target that is among the first
        `limit`, all of them, beside each other."""

    async def due_count(self, now: int) -> int:
        """How many there are whose time has come."""

    async def far_subscriptions(self, due: int, after: int, limit: int) -> Sequence[Subscription]:
        """Those that are not paused and due later than `due` (ms), by number, from above
        `after`."""

    async def next_subscription(self) -> int | None:
        """When the next is due, in ms; None where there is none."""

    async def take_turns(self, turns: Sequence[Turn]) -> None:
        """Keep turns that told nothing: those that were changed meanwhile stay as they are."""

    async def forget_told(self, told: Collection[tuple[int, int]]) -> None:
        """Each (subscription, seq) did not arrive at once after all."""

    async def told_at_once(self, numbers: Collection[int]) -> Mapping[int, frozenset[int]]:
        """The seqs that subscriptions were told of at once and that stand behind their cursor."""

    async def between(
        self, channel: Channel, after: int, upto: int, limit: int
    ) -> Sequence[Delivery]:
        """What came to a channel, or is on its way there, behind `after` up to `upto`, oldest
        first; without what was deleted, and what corrects an earlier one."""

    async def counted(self, channel: Channel, after: int, upto: int) -> int:
        """How many of them there are."""

    async def parts_of(self, digest: str) -> Sequence[Part]:
        """What the digest with that message id tells, by subscription; empty where it is none of a
        subscription."""


class Asked(StrEnum):
    """What came of wanting to ask an address's owner."""

    NOW = "now"
    ALREADY = "already"
    """It was asked as often as it may be."""
    SPENT = "spent"
    """Who wants it, or others of their domain, asked as much as they may."""
    STOPPED = "stopped"
    """Its owner wants nothing."""


@dataclass(frozen=True, slots=True)
class Asks:
    """How often a mailbox was asked, how often someone did so, and how often all of their
    domain."""

    mailbox: int
    person: int
    domain: int


@dataclass(frozen=True, slots=True)
class Limits(Asks):
    """How often that may be, from `since` on (ms). All who gave nothing but an address are one
    person."""

    since: int


class AddressStore(Protocol):
    """Where addresses are kept. Each raises StoreError; what changes is on disk on return, all of
    it or nothing."""

    async def address(self, who: str, target: Channel) -> Address | None:
        """An address as someone gave it."""

    async def addresses(
        self, *, who: str | None = None, target: Channel | None = None
    ) -> Sequence[Address]:
        """All that someone gave, or all who gave one."""

    async def put_address(self, address: Address) -> None:
        """Keep one, in the place of what it was before."""

    async def drop_address(self, who: str, target: Channel) -> None:
        """Forget one; nothing of theirs falls back to it any more."""

    async def ask(self, address: Address, by: str, limits: Limits) -> Asked:
        """Keep an address that is to be asked now (`asked`), and that it is, `by` whom it is
        wanted; where that is too often, nothing is kept. What was asked later than now, by a clock
        that was wrong, does not count."""

    async def asks(self, target: Channel, by: str, since: int, upto: int) -> Asks:
        """How often that was from `since` to `upto` (ms); nobody knows for more than a month."""

    async def take_try(self, who: str, since: int, upto: int, most: int) -> Sequence[Address]:
        """Count a try at each address of someone's that was asked from `since` to `upto` (ms), and
        gives these; not of those that have had `most`."""

    async def confirm(
        self, address: Address, now: int, numbers: Collection[int] | None
    ) -> Sequence[Subscription]:
        """An address is theirs who gave it: subscriptions that wait for that begin, those of
        `numbers` where given, and the others of those end. Gives those that began; nothing happens
        where it was asked anew, or is gone."""

    async def bounce(self, target: Channel, why: str) -> None:
        """What was sent there came back: so it stands with all who gave it, and what is told there
        is stopped."""

    async def stop(self, target: Channel) -> None:
        """Its owner wants nothing: what is told there ends, and nobody has it any more."""

    async def is_stopped(self, target: Channel) -> bool:
        """Whether the owner of its mailbox wants nothing."""

    async def allow(self, target: Channel) -> None:
        """The owner of its mailbox lets it be asked again."""

    async def came(self, message_id: str, channels: Collection[Channel]) -> frozenset[Channel]:
        """To which of the channels a message was brought, or is on its way."""


class Store(Memory, ReminderStore, SubscriptionStore, AddressStore, Protocol):
    """Durable state. Every method raises StoreError where the engine fails; then nothing was
    changed."""

    async def save(
        self, offers: Sequence[Offer], outcomes: Sequence[Delivery], marks: Sequence[Mark]
    ) -> Sequence[Receipt]:
        """All of it in one transaction, on disk on return; receipts in the offers' order.

        An offer whose id or origin is known changes nothing; its receipt names what was accepted
        before.
        """

    async def release(self, releases: Sequence[Release]) -> Sequence[Delivery]:
        """All of it in one transaction: each is held no more, and what follows from it stands;
        gives the new deliveries. What is held no more already (its message was deleted) does not go
        on."""

    async def brought(self, origin: str) -> tuple[Message | None, frozenset[Channel]]:
        """The message that came from `origin`, and where it was or will be brought; nowhere where
        it was deleted."""

    async def due(self, now: int, limit: int) -> Sequence[Held]:
        """What is held at enabled routes and due by `now`, in the order it came due; of a batch,
        all of it."""

    async def next_due(self) -> int | None:
        """When the next of it is due, in ms; None where nothing is held at an enabled route."""

    async def held_counts(self) -> Mapping[Place, int]:
        """How many messages each stage holds."""

    async def held_first(self, limit: int, route: int | None = None) -> Sequence[Held]:
        """The first to go on of what is held, at one route or at any, enabled or not."""

    async def held(self, message_id: str) -> Sequence[Held]:
        """Where a message waits now."""

    async def stops(self, message_id: str) -> Sequence[Stopped]:
        """Where a message was stopped, in that order; their words are told in English."""

    async def notes(self) -> Sequence[Note]:
        """What processors noted, oldest first."""

    async def pending(self, channel: Channel, after: int, limit: int) -> Sequence[Delivery]:
        """Pending deliveries to `channel` with seq above `after`, oldest first."""

    async def backlog(self) -> dict[Channel, int]:
        """How many deliveries are pending, by channel."""

    async def log(
        self, channel: Channel, *, after: int = 0, before: int | None = None, limit: int = 50
    ) -> Sequence[Delivery]:
        """What a channel holds, oldest first: the first `limit` after `after`, or the last `limit`
        before `before`."""

    async def last_seq(self, channel: Channel) -> int:
        """The newest delivery's seq in a channel; 0 where there is none."""

    async def trace(self, message_id: str) -> Sequence[Delivery]:
        """Every delivery of a message, its own channel's first; empty where there is no such
        message."""

    async def thread_of(self, message_id: str) -> str:
        """The id of the message that began the thread in which a message stands: its own, where it
        stands in none; "" where there is no such message."""

    async def mark(self, channel: Channel) -> Mark | None:
        """How far `channel` was read."""

    async def channels(self) -> Sequence[ChannelSpec]:
        """All configured channels."""

    async def routes(self) -> Sequence[Route]:
        """All routes, oldest first."""

    async def tokens(self) -> Sequence[Token]:
        """All API tokens."""

    async def grants(self) -> Sequence[Grant]:
        """Every role that was given to someone."""

    async def mutes(self) -> Sequence[Mute]:
        """Who is muted, also those whose time is over."""

    async def preferences(self) -> Sequence[Preference]:
        """What everyone chose."""

    async def prefer(self, preference: Preference) -> None:
        """Keep what a person chose."""

    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """All of it and its line in the audit log, or nothing; raises Conflict where a thing is not
        as it was read.

        What a removed route holds becomes dead letters of its destination. A stage that was removed
        or set otherwise forgets what it noted, and what it holds is due.
        """

    async def audit(
        self, before: int | None = None, limit: int = 20
    ) -> Sequence[tuple[int, Audit]]:
        """The audit log's newest lines, newest first, with their numbers; those before one, where
        given."""

    async def dead(self, channel: Channel | None = None, limit: int = 50) -> Sequence[Delivery]:
        """Dead letters, newest first; of one channel, where given."""

    async def dead_letter(self, seq: int) -> Delivery | None:
        """The dead letter with this seq."""

    async def graves(self) -> dict[Channel, int]:
        """How many dead letters there are, by channel."""

    async def decide(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """What becomes of dead letters and its line in the audit log, or nothing; raises Conflict
        where one is dead no more."""

    async def delete(self, message_id: str, instead: str, audit: Audit) -> None:
        """Put other words in a message's place and drop what is pending or dead of it, with its
        line in the audit log; raises Conflict where it is deleted already. What was on the wire
        meanwhile may still become DONE."""

    async def deletion(self, message_id: str) -> tuple[int, str] | None:
        """When a message was deleted, in ms, and by which bare JID; None where it was not."""

    async def starting(self, start: str, limit: int = 2) -> Sequence[str]:
        """Ids of messages that begin with `start`."""

    async def search(self, channel: Channel, words: str, limit: int = 10) -> Sequence[Delivery]:
        """What a channel holds with `words` in its body or author's name, newest first."""

    async def stories(
        self, channel: Channel, *, before: int | None = None, limit: int = 50, hidden: bool = False
    ) -> Sequence[Story]:
        """The stories of an archive, newest first; those before a seq, where given. With `hidden`
        also those that were unpublished or deleted."""

    async def story(self, seq: int) -> Story | None:
        """What has arrived under this seq, as a story, whatever its channel."""

    async def story_of(self, channel: Channel, message_id: str) -> Story | None:
        """What a message is in an archive."""

    async def retell(self, story: Story, audit: Audit) -> None:
        """Keep what a story says and whether it is published, with its line in the audit log;
        raises Conflict where it is not as it was read, or was deleted."""

    async def contacts(self) -> Sequence[tuple[str, str]]:
        """(our JID, theirs), both bare: who subscribed to our presence."""

    async def add_contact(self, ours: str, theirs: str) -> None:
        """Keep a presence subscription."""

    async def remove_contact(self, ours: str, theirs: str) -> None:
        """Forget a presence subscription."""

    async def seed(
        self, channels: Iterable[ChannelSpec], routes: Iterable[Route], tokens: Iterable[Token]
    ) -> None:
        """Put these in where the store is fresh (has never been seeded); else change nothing."""

    async def secret(self) -> bytes:
        """32 random bytes, made once: what this bus proves with that something is its own."""

    async def probe(self) -> None:
        """Write something and commit it, to see whether that works."""

    async def close(self) -> None:
        """Finish what runs and let go of the files."""
