"""What the hub asks of others, and others of the hub: protocols and the data they pass. Each says what it raises."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Protocol, runtime_checkable

from component.delivery import Delivery, State
from component.errors import BadInput
from component.form import Nothing, build, written
from component.ledger import Note, Place
from component.message import Channel, Message
from component.plan import Held, Stopped
from component.reminder import Reminder
from component.route import Route
from component.story import Story
from component.words import Words, _

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class ChannelSpec:
    """A configured channel: what it is called and its method's settings.

    While it is not `enabled` nothing passes: what comes from it goes no further, what goes to it waits.
    `version` is the store's: 0 for one that it does not hold yet.
    """

    channel: Channel
    title: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    enabled: bool = True
    version: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Token:
    """Who may use the API: a name, the SHA-256 of the secret in hexadecimal, and the bare JID it acts for."""

    name: str
    digest: str
    jid: str


@dataclass(frozen=True, slots=True)
class Grant:
    """A role given to a bare JID, by its label."""

    jid: str
    role: str


@dataclass(frozen=True, slots=True)
class Mute:
    """An author (`Author.key`, and the name they had then) whose messages go nowhere: `until` in ms, 0 for no end."""

    key: str
    name: str
    until: int = 0
    reason: str = ""

    def holds(self, now: int) -> bool:
        """Whether it is in force."""
        return not self.until or now < self.until


@dataclass(frozen=True, slots=True)
class Preference:
    """What a person (a bare JID) chose: a language ("" for their client's), how often the bot confirms what it
    passes on (once, always, never), and the time zone whose clocks they go by ("" for UTC)."""

    jid: str
    language: str = ""
    confirm: str = "once"
    zone: str = ""


Thing = ChannelSpec | Route | Token | Grant | Mute
"""What operators configure."""


@dataclass(frozen=True, slots=True)
class Put:
    """Add a thing (version 0), or change one from the version it was read at."""

    thing: Thing


@dataclass(frozen=True, slots=True)
class Drop:
    """Remove a thing, as it was read."""

    thing: Thing


@dataclass(frozen=True, slots=True)
class Audit:
    """Who changed what: `at` in ms, `who` a bare JID, `way` the surface, before and after in words."""

    at: int
    who: str
    way: str
    what: str
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a channel's archive has been read: its stanza id ("" where none is known yet) and when, in ms."""

    channel: Channel
    stanza_id: str
    at: int


@dataclass(frozen=True, slots=True)
class Planned:
    """What follows from a message, ready for the store: its `deliveries` to come (message, channel, state, error), its
    own channel's first where it has one; what is held and what was stopped; what processors noted; and the `digests`
    made on the way, which are messages themselves, with the `parts` of each (its id, the id of a message in it)."""

    deliveries: Sequence[tuple[Message, Channel, State, str]]
    holds: Sequence[Held] = ()
    stops: Sequence[Stopped] = ()
    notes: Sequence[Note] = ()
    digests: Sequence[Message] = ()
    parts: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A message to accept. `plan` is called once it is known to be new, in the transaction that keeps it."""

    message: Message
    plan: Callable[[], Planned]


@dataclass(frozen=True, slots=True)
class Release:
    """What was held, alone or as one batch, and goes on. `plan` is called in the transaction that lets it go, with
    what of it is held still and the channels that those messages have been brought to."""

    held: tuple[Held, ...]
    plan: Callable[[tuple[Held, ...], frozenset[Channel]], Planned]


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of an offer: `message` is the accepted one, or (`new` false) the one accepted before.

    `deliveries` are those of a new message, its own channel's first, `planned` all that followed from it. Where the
    one before was `deleted`, other words stand in it.
    """

    message: Message
    new: bool
    deliveries: tuple[Delivery, ...] = ()
    deleted: bool = False
    planned: Planned = Planned(())


@dataclass(frozen=True, slots=True)
class Refusal:
    """For its author: where a message was not passed on to, as people call the place, and why."""

    to: str
    why: Words

    @property
    def sentence(self) -> Words:
        """All of it, to tell them."""
        return _("It stands here, and was not passed on to {place}: {why}", place=self.to, why=self.why)


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
        """Each is over (None), or comes again at a time, in one go; but where it is not as it was read any more."""

    async def drop_reminder(self, number: int) -> bool:
        """Forget one; whether it was there."""


class Store(Memory, ReminderStore, Protocol):
    """Durable state. Every method raises StoreError where the engine fails; then nothing was changed."""

    async def save(
        self, offers: Sequence[Offer], outcomes: Sequence[Delivery], marks: Sequence[Mark]
    ) -> Sequence[Receipt]:
        """All of it in one transaction, on disk on return; receipts in the offers' order.

        An offer whose id or origin is known changes nothing; its receipt names what was accepted before.
        """

    async def release(self, releases: Sequence[Release]) -> Sequence[Delivery]:
        """All of it in one transaction: each is held no more, and what follows from it stands; gives the new
        deliveries. What is held no more already (its message was deleted) does not go on."""

    async def due(self, now: int, limit: int) -> Sequence[Held]:
        """What is held at enabled routes and due by `now`, in the order it came due; of a batch, all of it."""

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
        """What a channel holds, oldest first: the first `limit` after `after`, or the last `limit` before `before`."""

    async def last_seq(self, channel: Channel) -> int:
        """The newest delivery's seq in a channel; 0 where there is none."""

    async def trace(self, message_id: str) -> Sequence[Delivery]:
        """Every delivery of a message, its own channel's first; empty where there is no such message."""

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
        """All of it and its line in the audit log, or nothing; raises Conflict where a thing is not as it was read.

        What a removed route holds becomes dead letters of its destination. A stage that was removed or set otherwise
        forgets what it noted, and what it holds is due.
        """

    async def audit(self, before: int | None = None, limit: int = 20) -> Sequence[tuple[int, Audit]]:
        """The audit log's newest lines, newest first, with their numbers; those before one, where given."""

    async def dead(self, channel: Channel | None = None, limit: int = 50) -> Sequence[Delivery]:
        """Dead letters, newest first; of one channel, where given."""

    async def dead_letter(self, seq: int) -> Delivery | None:
        """The dead letter with this seq."""

    async def graves(self) -> dict[Channel, int]:
        """How many dead letters there are, by channel."""

    async def decide(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """What becomes of dead letters and its line in the audit log, or nothing; raises Conflict where one is dead
        no more."""

    async def delete(self, message_id: str, instead: str, audit: Audit) -> None:
        """Put other words in a message's place and drop what is pending or dead of it, with its line in the audit
        log; raises Conflict where it is deleted already. What was on the wire meanwhile may still become DONE."""

    async def deletion(self, message_id: str) -> tuple[int, str] | None:
        """When a message was deleted, in ms, and by which bare JID; None where it was not."""

    async def starting(self, start: str, limit: int = 2) -> Sequence[str]:
        """Ids of messages that begin with `start`."""

    async def search(self, channel: Channel, words: str, limit: int = 10) -> Sequence[Delivery]:
        """What a channel holds with `words` in its body or author's name, newest first."""

    async def stories(
        self, channel: Channel, *, before: int | None = None, limit: int = 50, hidden: bool = False
    ) -> Sequence[Story]:
        """The stories of an archive, newest first; those before a seq, where given. With `hidden` also those that were
        unpublished or deleted."""

    async def story(self, seq: int) -> Story | None:
        """What has arrived under this seq, as a story, whatever its channel."""

    async def story_of(self, channel: Channel, message_id: str) -> Story | None:
        """What a message is in an archive."""

    async def retell(self, story: Story, audit: Audit) -> None:
        """Keep what a story says and whether it is published, with its line in the audit log; raises Conflict where it
        is not as it was read, or was deleted."""

    async def contacts(self) -> Sequence[tuple[str, str]]:
        """(our JID, theirs), both bare: who subscribed to our presence."""

    async def add_contact(self, ours: str, theirs: str) -> None:
        """Keep a presence subscription."""

    async def remove_contact(self, ours: str, theirs: str) -> None:
        """Forget a presence subscription."""

    async def seed(self, channels: Iterable[ChannelSpec], routes: Iterable[Route], tokens: Iterable[Token]) -> None:
        """Put these in where the store is fresh (has never been seeded); else change nothing."""

    async def secret(self) -> bytes:
        """32 random bytes, made once: what this bus proves with that something is its own."""

    async def probe(self) -> None:
        """Write something and commit it, to see whether that works."""

    async def close(self) -> None:
        """Finish what runs and let go of the files."""


Confirmation = asyncio.Future[None]
"""The destination's word on one delivery; fails with Unconfirmed, Unavailable or Refused."""


class Method(Protocol):
    """A way out. Sending is in two steps, so that a lane keeps order and still has many in flight."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the channels of this method that are configured; called again when they change."""

    async def ready(self, channel: Channel) -> None:
        """Return once `channel` can be sent to; wait for as long as it can't."""

    async def send(self, delivery: Delivery) -> Confirmation:
        """Put it on the wire, in the order called; raises Unavailable or Refused."""

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Ids of recent messages the destination holds already, where it can tell; raises Unavailable."""


class Fate(StrEnum):
    """What became of a deleted message at a place that had it."""

    GONE = "gone"
    """The place itself took it back, and told everyone there."""
    ASKED = "asked"
    """Everyone's client there was asked to hide it, and need not."""
    STAYS = "stays"


@runtime_checkable
class Retracts(Protocol):
    """What a Method may have beside: a way to take back."""

    async def retract(self, delivery: Delivery) -> Fate:
        """Take back what was brought there (DONE) or, where people said it, was heard there (CAME).

        Raises Unavailable, or Refused with why it stays.
        """


class Rooms(Protocol):
    """The rooms (XEP-0045), as the muc method sees them; raises as Method does."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Be in these rooms."""

    async def ready(self, room: str) -> None:
        """Return once the bot is in `room` and has read what it missed."""

    async def say(self, room: str, message: Message) -> Confirmation:
        """Speak in `room` for the message's author."""

    async def landed(self, room: str) -> frozenset[str]:
        """The messages of ours that the room's archive holds beyond what was read before."""

    async def retract(self, room: str, delivery: Delivery) -> Fate:
        """See `Retracts.retract`."""


@dataclass(frozen=True, slots=True)
class RoomState:
    """How the bot stands in a room: whether it is in and what keeps it out, whether it is an owner, what it may not
    do ("" where it may do all), and how many others are in, web users' puppets left out."""

    inside: bool
    trouble: Words | str
    owned: bool
    limits: Words | str
    people: int


class RoomDesk(Protocol):
    """The rooms, as commands see them."""

    def told(self, room: str) -> RoomState | None:
        """How the bot stands in a room of the bus; None where it is none."""

    async def invite(self, room: str, whom: str) -> None:
        """Ask someone into a room of the bus; raises NotFound, Unavailable."""

    async def destroy(self, room: str, reason: str) -> None:
        """End for good a room that the bus has let go; raises Conflict where it has not, Refused, Unavailable."""


class Direct(Protocol):
    """Direct messages (RFC 6121 section 5), as the chat method sees them; raises as Method does."""

    async def ready(self) -> None:
        """Return once there is a stream."""

    async def tell(self, jid: str, message: Message) -> Confirmation:
        """Send it to a person."""

    async def retract(self, jid: str, message: Message) -> None:
        """Ask a person's client to hide what was sent; raises Unavailable."""


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method's declaration, `METHOD` at the end of its file in `component/methods`.

    `make` is None where the bus itself is the destination: then the commit is the delivery.
    `address` is what every address of the method matches. Whoever can reach an `open` method's channel may
    read it and post to it: it has a page and a JID of its own. A `person` method's channels are people, not
    places: what is brought to one goes no further, and a route from one is for what they say. Where a method has
    `puppets`, guests speak there under their own names; everywhere else the bot speaks for people. What is brought to
    an `archive` method's channel becomes a story there. `form` is the dataclass of its channels' settings
    (`component.form`). A method with a `source` only speaks: routes start at its channels, and none ends there.
    """

    name: str
    make: "Callable[[Ports], Method] | None"
    example: str
    address: re.Pattern[str]
    open: bool = False
    person: bool = False
    form: type = Nothing
    puppets: bool = False
    archive: bool = False
    source: "Callable[[Ports], Source] | None" = None

    @property
    def listens(self) -> bool:
        """Whether a route may end at its channels."""
        return self.source is None

    def settings(self, spec: ChannelSpec) -> Any:
        """A channel's settings as its form; raises BadInput that names what is wrong."""
        return build(str(spec.channel), self.form, {key: written(value) for key, value in spec.settings.items()})

    def check(self, channel: Channel, *, any: bool = False) -> None:
        """Raise BadInput where `channel` has no address of this method; with `any`, `*` is one."""
        if not (any and channel.address == "*") and not self.address.fullmatch(channel.address):
            raise BadInput(
                _("“{address}” is no address of a {method} channel: write it like {example}.",
                  address=channel.address, method=self.name, example=self.example)
            )  # fmt: skip

    def check_end(self, channel: Channel) -> None:
        """Raise BadInput where no route may end at `channel`."""
        if not self.listens:
            raise BadInput(_("{channel} only speaks: a route can start there, not end.", channel=channel))


class Accept(Protocol):
    """The hub, as ways in see it."""

    async def accept(
        self, message: Message, mark: Mark | None = None, *, deliver: bool = False, spread: bool = True
    ) -> Receipt:
        """Committed on return; raises StoreError, or Muted by its author, and then it is not accepted.

        With `deliver` the message has yet to be brought to its own channel too; without `spread` it goes nowhere else.
        `mark` is kept with it.
        """

    def refusals(self, receipt: Receipt) -> Sequence[Refusal]:
        """Where processors stopped a new message and say that its author is to know."""


Listener = asyncio.Queue[Delivery | None]
"""What a live reader of a channel drains; None ends it, because it fell behind or the bus stops."""


class Source(Protocol):
    """A way in that speaks by itself, at its times: it is given its channels, and calls `Accept.accept`."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the channels of this method that are configured and enabled; called again when they change."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A channel whose source can't read what it should: why, and when it tries again (ms; 0 where it does not)."""

    channel: Channel
    why: Words | str
    due: int


@runtime_checkable
class Troubled(Protocol):
    """What a Source may have beside: a word on what does not go well."""

    def troubles(self) -> Sequence[Trouble]:
        """Its channels in trouble now."""


@runtime_checkable
class Closes(Protocol):
    """What a Source may have beside: something to end with the bus."""

    async def close(self) -> None:
        """End it; nothing is asked of the source after that."""


Job = Callable[[], Awaitable[None]]


class Timer(Protocol):
    """What wakes at a time; see `component.scheduler`."""

    def at(self, name: str, due: int, job: Job) -> None:
        """Run `job` at `due` (ms since 1970), in place of what `name` stood for before."""

    def drop(self, name: str) -> None:
        """Nothing is to be done for `name` any more."""


Joined = Callable[[str, str, str], None]
"""Told of each who comes into a room of the bus: the room, their nickname, their bare JID ("" where it is hidden)."""


class Pushed(Protocol):
    """Who gave out callbacks (WebSub), each with a secret token; see `component.feeds.websub`."""

    async def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """What a hub that asks whether we asked is answered: an HTTP status and a text. Raises StoreError."""

    async def push(self, token: str, body: bytes, content_type: str, signature: str) -> bool:
        """Take what was sent to a callback, on disk on return; False for a token nobody has. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Where others can call the bus: its public address ("" where they can't), and who answers."""

    public_url: str = ""
    heard: list[Pushed] = field(default_factory=list)


class Tell(Protocol):
    """Says something to operators about a channel of theirs."""

    async def __call__(self, channel: Channel, words: Words) -> None:
        """Tell those who look after `channel`, in their languages, once; raises StoreError."""


@dataclass(frozen=True, slots=True)
class Ports:
    """What a method may be made from."""

    rooms: Rooms
    direct: Direct
    accept: Accept
    clock: Clock
    timer: Timer
    memory: Memory
    tell: Tell
    joins: list[Joined]
    """Call back from here who wants to hear of joins."""
    fetcher: Callable[[], Any]
    """What fetches others' addresses (`component.fetch.Fetcher`), made when it is first asked for."""
    ends: Callable[[Channel], Collection[Channel]]
    """Where a channel's routes lead now; see `Hub.ends`."""
    luck: Random
    """What sources draw by."""
    callbacks: Callbacks = field(default_factory=Callbacks)
