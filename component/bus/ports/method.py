"""What the hub asks of ways in and out, and they of the hub: protocols and the data they pass. Each
says what it raises."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random
from typing import Any, Protocol, runtime_checkable

from component.bus.model.delivery import Delivery
from component.bus.model.flow_control import Way
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.accepted import Receipt
from component.bus.ports.rendering import Form, Rendered
from component.bus.ports.source_state import ArchivePosition, SourceState
from component.common.errors import BadInput
from component.common.form import Nothing, build, written
from component.common.i18n import Words, _

Clock = Callable[[], int]
"""Milliseconds since 1970, UTC."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """For its author: where a message was not passed on to, as people call the place, and why."""

    to: str
    why: Words

    @property
    def sentence(self) -> Words:
        """All of it, to tell them."""
        return _(
            "The message was posted here, but not forwarded to {place}: {why}",
            place=self.to,
            why=self.why,
        )


Confirmation = asyncio.Future[None]
"""The destination's word on one delivery; fails with Unconfirmed, Unavailable or Refused."""


class Method(Protocol):
    """A way out. Sending is in two steps, so that a queue keeps order and still has many in
    flight."""

    @property
    def form(self) -> Form:
        """The form of what it sends: `send` is given content of that form."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the channels of this method that are configured; called again when they
        change."""

    async def ready(self, channel: Channel) -> None:
        """Return once `channel` can be sent to; wait for as long as it can't."""

    async def send(self, rendered: Rendered[Any]) -> Confirmation:
        """Put it on the wire, in the order called; raises Unavailable or Refused."""

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Ids of recent messages the destination holds already, where it can tell; raises
        Unavailable."""


@runtime_checkable
class Corrects(Protocol):
    """A method that can put a message in the place of an earlier one of its channel
    (`Message.corrects`)."""

    corrects: bool


@runtime_checkable
class Quick(Protocol):
    """A method that notifies many people on the wire, without a separate delivery for each."""

    async def ready(self, channel: Channel) -> None:
        """Return once something can be sent there, as `Method.ready`."""

    def way(self, target: Channel) -> Way:
        """How it goes to those of the same server; to be asked before each."""

    async def tell(self, target: Channel, message: Message) -> Confirmation:
        """Send it; raises as `Method.send`."""


@runtime_checkable
class Admits(Protocol):
    """A method that knows itself who may read a channel of it."""

    async def admits(self, channel: Channel, jid: str) -> bool:
        """Whether a bare JID may; raises NotFound, Unavailable."""


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
        """Retract what was delivered there (DELIVERED), or what people wrote there (RECEIVED).

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
        """Retract a delivery in a room, as `Retracts.retract`."""

    async def admits(self, room: str, jid: str, /) -> bool:
        """Whether a bare JID may enter a room, as `RoomDesk.admits`."""


@dataclass(frozen=True, slots=True)
class RoomState:
    """The bot in a room: whether it is in and what keeps it out, whether it is an owner, what it
    is not allowed to do ("" if nothing), and how many others are there, without puppets."""

    inside: bool
    trouble: Words | str
    owned: bool
    limits: Words | str
    people: int


class RoomDesk(Protocol):
    """The rooms, as commands see them."""

    def told(self, room: str) -> RoomState | None:
        """The bot's state in a room of the bus; None for another room."""

    async def invite(self, room: str, whom: str) -> None:
        """Ask someone into a room of the bus; raises NotFound, Unavailable."""

    async def destroy(self, room: str, reason: str) -> None:
        """End for good a room that the bus has let go; raises Conflict where it has not, Refused,
        Unavailable."""

    async def admits(self, room: str, jid: str, /) -> bool:
        """Whether a bare JID may enter and so read the room: not the banned; only members in a
        members-only room; None may with a password.

        Raises NotFound if it is another room, Unavailable.
        """


class Direct(Protocol):
    """Direct messages (RFC 6121 section 5), as the chat method sees them; raises as Method does."""

    async def ready(self) -> None:
        """Return once there is a stream."""

    async def tell(self, jid: str, message: Message) -> Confirmation:
        """Send it to a person; what is on its way to them already is not sent again."""

    def way(self, jid: str) -> Way:
        """How it goes to the people of a JID's server."""

    async def write(self, jid: str, id: str, text: str) -> Confirmation:
        """Send plain words of the bot's to a JID, which need be no person's: `id` is the
        stanza's."""

    async def retract(self, jid: str, message: Message) -> None:
        """Ask a person's client to hide what was sent; raises Unavailable."""


class Online(Protocol):
    """Who is there (RFC 6121 section 4), of those who let the bot see it."""

    def is_online(self, jid: str) -> bool:
        """Whether a bare JID has a client online that is not away, as far as the bot is shown."""

    def watch(self, jid: str) -> None:
        """Ask someone to let the bot see it, where they do not yet; asked once while the bus
        runs."""

    def asks(self, jid: str) -> bool:
        """Whether someone who is watched has yet to answer that."""


class Addresses(Protocol):
    """Which addresses of persons are proved theirs; each raises StoreError."""

    async def check(self, delivery: Delivery) -> None:
        """Raise Refused where nothing may be sent there, or not this: until its owner confirmed an
        address, nothing but the request to do so."""

    async def bounced(self, target: Channel, why: str) -> None:
        """What was sent there bounced permanently. The address is stopped, and the person who
        gave it gets an IM."""

    async def owner(self, target: Channel) -> str:
        """The bare JID that proved an address theirs; "" where nobody has."""

    async def knows(self, target: Channel) -> bool:
        """Whether somebody gave it, or had it asked of late."""

    async def stop(self, target: Channel) -> None:
        """Its owner wants nothing from the bus any more."""

    async def allow(self, target: Channel) -> None:
        """Its owner lets it be asked again, where they stopped it."""


HeardThere = Callable[[str, str, str], Awaitable[None]]
"""Told what comes from a gateway's JIDs: the local part, the words, and an id that names this
message."""


@dataclass(frozen=True, slots=True)
class MethodSpec:
    """A method's declaration, `METHOD` at the end of its file in `component/methods`.

    `make` is None where the bus itself is the destination: then the commit is the delivery.
    `address` matches every address of the method. Anyone who can reach the channel of an `open`
    method may read it and post to it: it has a page and a JID. The channels of a `person` method
    are people, not places: what is sent to them is not forwarded, and a route from them is for what
    they say. With `puppets`, guests speak there under their own names; everywhere else the bot
    speaks for people. What is delivered to an `archive` method's channel becomes a story. `form` is
    the dataclass of its channels' settings (`component.common.form`). A method with a `source` only
    speaks: routes start at its channels, but never end there. `setup` is the dataclass of the
    method's own table in the configuration. Channels of a `shared` method can be read by anyone
    with a known JID. `knock` tries the setup and says what is wrong ("" for nothing), for `shoutbus
    check`. `tidy` gives the one way to write an address that can be written in several; it raises
    BadInput for an invalid one. `trial` gets a fetcher, a channel's settings and the time (ms), and
    tries whether a channel with them would work before it is added: it gives a sentence on what it
    found, and raises a ShoutbusError.
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
    setup: type | None = None
    shared: bool = False
    knock: Callable[[Any], Awaitable[str]] | None = None
    tidy: Callable[[str], str] = str
    trial: Callable[[Any, Any, int], Awaitable[Words]] | None = None

    @property
    def listens(self) -> bool:
        """Whether a route may end at its channels."""
        return self.source is None

    def settings(self, spec: ChannelSpec) -> Any:
        """A channel's settings as its form; raises BadInput that names what is wrong."""
        return build(
            str(spec.channel),
            self.form,
            {key: written(value) for key, value in spec.settings.items()},
        )

    def channel(self, address: str) -> Channel:
        """The channel with an address that someone wrote; raises BadInput where that is none."""
        return Channel(self.name, address if address == "*" else self.tidy(address))

    def check(self, channel: Channel, *, any: bool = False) -> None:
        """Raise BadInput where `channel` has no address of this method; with `any`, `*` is one."""
        if not (any and channel.address == "*") and not self.address.fullmatch(channel.address):
            raise BadInput(
                _(
                    "“{address}” is not an address of a {method} channel. Write it as {example}.",
                    address=channel.address,
                    method=self.name,
                    example=self.example,
                )
            )
        tidied = self.channel(channel.address)
        if tidied != channel:
            raise BadInput(
                _(
                    "“{address}” is not in normal form. Write it as {tidied}.",
                    address=channel.address,
                    tidied=tidied.address,
                )
            )

    def takes(self, channel: Channel) -> bool:
        """Whether a route may end at `channel`: what cannot work is neither offered nor saved."""
        return self.listens and channel.address != "*"

    def check_end(self, channel: Channel) -> None:
        """Raise BadInput where no route may end at `channel` (`takes`), whatever its address."""
        if not self.listens:
            raise BadInput(
                _(
                    "{channel} only sends messages. A route can start there, but not end there.",
                    channel=channel,
                )
            )


class Accept(Protocol):
    """The hub, as ways in see it."""

    async def accept(
        self,
        message: Message,
        mark: ArchivePosition | None = None,
        *,
        deliver: bool = False,
        spread: bool = True,
    ) -> Receipt:
        """Committed on return; raises StoreError, or Muted by its author, and then it is not
        accepted.

        With `deliver` the message has yet to be brought to its own channel too; without `spread` it
        goes nowhere else. `mark` is saved with it.
        """

    async def correct(self, message: Message, origin: str) -> Receipt | None:
        """Bring `message` in the place of the one that came from `origin`, to where that was
        brought and a message can be corrected; None where that is nowhere, or the words are the
        same. Raises as `accept`."""

    def refusals(self, receipt: Receipt) -> Sequence[Refusal]:
        """Where processors stopped a new message and say that its author is to know."""


Listener = asyncio.Queue[Delivery | None]
"""What a live reader of a channel drains; None ends it, because it fell behind or the bus stops."""


class Source(Protocol):
    """A way in that speaks by itself, at its times: it is given its channels, and calls
    `Accept.accept`."""

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the channels of this method that are configured and enabled; called again when
        they change."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """A channel whose source can't read what it should: why, and when it tries again (ms; 0 where
    it does not)."""

    channel: Channel
    why: Words | str
    due: int


@runtime_checkable
class Troubled(Protocol):
    """What a Source or a Method may have beside: a word on what does not go well."""

    def troubles(self) -> Sequence[Trouble]:
        """Its channels in trouble now; `method:*` is all of them."""


@runtime_checkable
class Starts(Protocol):
    """What a Method may have beside: something to begin with the bus."""

    async def start(self) -> None:
        """Begin it; raises ConfigError where it can't."""


@runtime_checkable
class Closes(Protocol):
    """What a Source or a Method may have beside: something to end with the bus."""

    async def close(self) -> None:
        """End it; nothing is asked of it after that."""


Job = Callable[[], Awaitable[None]]


class Timer(Protocol):
    """What wakes at a time; see `component.bus.engine.scheduler`."""

    def at(self, name: str, due: int, job: Job) -> None:
        """Run `job` at `due` (ms since 1970), in place of what `name` stood for before."""

    def drop(self, name: str) -> None:
        """Nothing is to be done for `name` any more."""


Joined = Callable[[str, str, str], None]
"""Told of each who comes into a room of the bus: the room, their nickname, their bare JID ("" where
it is hidden)."""


class Pushed(Protocol):
    """Who gave out callbacks (WebSub), each with a secret token; see
    `component.methods.feed.websub`."""

    async def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """What a hub that asks whether we asked is answered: an HTTP status and a text. Raises
        StoreError."""

    async def push(self, token: str, body: bytes, content_type: str, signature: str) -> bool:
        """Take what was sent to a callback, on disk on return; False for a token nobody has. Raises
        StoreError."""


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
    memory: SourceState
    tell: Tell
    joins: list[Joined]
    """Call back from here who wants to hear of joins."""
    fetcher: Callable[[], Any]
    """What fetches others' addresses (`component.fetch.client.Fetcher`), made when it is first
    asked for."""
    ends: Callable[[Channel], Collection[Channel]]
    """Where a channel's routes lead now; see `Hub.ends`."""
    luck: Random
    """What sources draw by."""
    addresses: Addresses
    callbacks: Callbacks = field(default_factory=Callbacks)
    secret: bytes = b""
    """The store's: what is given out and comes back is signed with it."""
    setup: Mapping[str, Any] = field(default_factory=dict)
    """By a method's name its `MethodSpec.setup` as configured; a method that is not there is not
    configured."""
    gateways: dict[str, HeardThere] = field(default_factory=dict)
    """By the domain of a gateway (XEP-0100) whom to tell what its JIDs write to the bot; who wants
    it puts it here."""
