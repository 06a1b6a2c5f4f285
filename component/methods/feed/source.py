"""Feeds: RSS, Atom and JSON Feed, polled at their own pace, or pushed by their hubs (WebSub). They
are sources only.

This module decides when a feed is polled; `poll` is one poll.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Self
from urllib.parse import urlsplit

import structlog

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import MethodSpec, Ports, Trouble
from component.common.errors import BadInput, StoreError, TooMany
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.rate import Rate
from component.common.value_types import WebAddress
from component.fetch.policy import is_global, literal
from component.methods.feed import leases, websub
from component.methods.feed.errors import FeedError
from component.methods.feed.host_limit import Turns
from component.methods.feed.leases import Leases
from component.methods.feed.poll import Choice, Looking
from component.methods.feed.sandbox.workers import Workers
from component.methods.feed.state import State
from component.methods.feed.trial import trial
from component.methods.feed.websub import Push

log = structlog.get_logger()

AT_ONCE = 24
"""Feeds that are looked at at one time: fewer than the scheduler runs jobs, so that slow sites hold
up nothing else."""
WORKERS = 2
"""Processes that read feeds, started when there is something to read."""
SPREAD = 50
"""Milliseconds from one feed to the next where many begin at once, as when the bus starts."""
RETRY_MS = 60_000
"""Milliseconds until a look that failed for a reason of our own."""
FAULT = 15 * 60_000
"""Milliseconds until the next one after a fault of ours."""
NUDGED = 60_000
"""Milliseconds between two looks that someone unknown asks for."""
PUSHES, PUSHES_A_MINUTE = 10, 2
"""Pushes of a feed that are sent at once, and then per minute. Beyond that the feed is polled."""
MAX_SENT = 10
INNER = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test", ".invalid")
"""Ends of host names that are not on the public internet."""


@dataclass(frozen=True, slots=True)
class Few:
    """How many of the last items: none, or a number."""

    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number written; raises BadInput."""
        low = text.strip().casefold()
        number = -1
        if low in ("none", "keine", "keiner", "keins"):
            number = 0
        elif re.fullmatch("[0-9]{1,3}", low):
            number = int(low)
        if not 0 <= number <= MAX_SENT:
            raise BadInput(
                _(
                    "“{text}” is not a number of items. Write none, or a number up to {most}.",
                    text=text[:40],
                    most=MAX_SENT,
                )
            )
        return cls(number)

    def __str__(self) -> str:
        return str(self.number or "none")


NONE = Few(0)


@dataclass(frozen=True, slots=True)
class FeedForm:
    """A feed's settings."""

    url: Annotated[
        WebAddress,
        Ask(_("Web address"), _("the address of the feed, or of a site that links to it")),
    ]
    first: Annotated[
        Few,
        Ask(
            _("Items to post when added"),
            _("none, or how many of the latest items to post when the feed is added"),
        ),
    ] = NONE
    most: Annotated[
        int,
        Ask(
            _("Most items per check"),
            _("1 to 50; further new items are only counted"),
        ),
    ] = MAX_SENT
    text: Annotated[
        bool,
        Ask(_("Include text"), _("post the text of each item in addition to its title and link")),
    ] = False
    public: Annotated[
        bool,
        Ask(
            _("Public"),
            _("everyone who can write to the bot can subscribe; otherwise operators only"),
        ),
    ] = True

    def __post_init__(self) -> None:
        if not 1 <= self.most <= 50:
            raise BadInput(_("The most items per check must be between 1 and 50."))

    @property
    def choice(self) -> Choice:
        """What a look needs of it."""
        return Choice(self.first.number, self.most, self.text)


@dataclass(eq=False)
class ConfiguredFeed:
    """A feed with the settings it has now. `state` is None until it was read from the store."""

    channel: Channel
    form: FeedForm
    fresh: bool
    """Whether its owner has just added or changed it; else the bus has just started."""
    state: State | None = None
    trouble: Words | str = ""
    nudged: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Feeds:
    """Every feed of the bus."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._base = public(ports.callbacks.public_url)
        self.looking = Looking(ports, Workers(WORKERS), public=bool(self._base))
        self._leases = Leases(ports, self._base, lambda: self.feeds.values())
        self._turns = Turns(AT_ONCE)
        self._pushes = Rate(lambda: ports.clock() / 1000, PUSHES, PUSHES_A_MINUTE / 60)
        self.feeds: dict[Channel, ConfiguredFeed] = {}
        self._bad: dict[Channel, Trouble] = {}
        self._runs = False
        ports.callbacks.heard.append(self)

    async def close(self) -> None:
        """End the processes that parse."""
        await self.looking.close()

    # What is configured

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Take on the configured channels; called again when they change."""
        wanted = dict(self.forms(specs))
        for channel in list(self.feeds):
            if channel not in wanted:
                self.forget(channel)
        due = self._ports.clock()
        for channel, form in wanted.items():
            known = self.feeds.get(channel)
            if known is None or known.form != form:
                self.feeds[channel] = ConfiguredFeed(channel, form, self._runs)
                self.poll_at(channel, due)
                due += SPREAD
        self._runs = True

    def forget(self, channel: Channel) -> None:
        """End the polls of a channel."""
        del self.feeds[channel]
        self._turns.forget(channel)
        self._ports.timer.drop(str(channel))
        self._ports.timer.drop(leases.name(channel))

    def forms(self, specs: Sequence[ChannelSpec]) -> Iterator[tuple[Channel, FeedForm]]:
        """The channels whose settings can be read; the others are in trouble."""
        self._bad.clear()
        for spec in specs:
            if spec.channel.address == "*":
                continue
            try:
                yield spec.channel, METHOD.settings(spec)
            except BadInput as error:
                log.warning("feed settings invalid", channel=str(spec.channel), reason=str(error))
                self._bad[spec.channel] = Trouble(spec.channel, error.sentence, 0)

    def troubles(self) -> Sequence[Trouble]:
        """The channels that cannot be read, and when they are polled next."""
        troubles = list(self._bad.values())
        for feed in self.feeds.values():
            if feed.state is None or not feed.state.poll.failures:
                continue
            due = feed.state.poll.due
            if feed.state.poll.stopped:
                due = 0
            troubles.append(Trouble(feed.channel, feed.trouble or feed.state.trouble, due))
        return troubles

    # Polls

    def poll_at(self, channel: Channel, due: int) -> None:
        """Poll a channel at a time (ms), in place of the time set before."""
        self._ports.timer.at(str(channel), due, partial(self.poll, channel))

    async def poll(self, channel: Channel) -> None:
        """Poll a channel, then let the next one of those that wait for its host go."""
        feed = self.feeds.get(channel)
        if feed is not None and await self.waits_for_turn(feed):
            return
        after = self._turns.next()
        if after:
            self.poll_at(after, self._ports.clock())

    async def waits_for_turn(self, feed: ConfiguredFeed) -> bool:
        """Poll the feed if it is due; True if it has to wait for others of its host."""
        state = await self.recalled(feed)
        if state and not state.poll.stopped and state.poll.due <= self._ports.clock():
            if not self._turns.take(feed.channel, urlsplit(state.url).hostname or ""):
                return True
            try:
                await self.poll_once(feed, state)
            finally:
                self._turns.free(feed.channel)
        self.poll_again(feed, self._ports.clock())
        return False

    def poll_again(self, feed: ConfiguredFeed, now: int) -> None:
        """Set the time of the next poll; a minute from now where the last one could not be
        stored."""
        if self.feeds.get(feed.channel) is not feed:
            return
        due = 0
        if feed.state:
            if feed.state.poll.stopped:
                return
            due = feed.state.poll.due
        if due <= now:
            due = now + RETRY_MS
        self.poll_at(feed.channel, due)

    async def recalled(self, feed: ConfiguredFeed) -> State | None:
        """The feed's state; None while the store cannot be read."""
        if feed.state is None:
            now = self._ports.clock()
            try:
                kept = await self._ports.memory.recall(feed.channel)
                state = loaded(kept) or State.begun(str(feed.form.url), now)
                if feed.fresh or state.asked != str(feed.form.url):
                    state = state.wanted(str(feed.form.url), now)
                elif kept and state.poll.due < now:
                    # The bus was away. To poll all of them at once would be a storm.
                    state = replace(state, poll=replace(state.poll, due=now))
                if state.dump() != kept:
                    await self._ports.memory.keep(feed.channel, state.dump())
            except StoreError as error:
                log.warning("feed update postponed", channel=str(feed.channel), reason=str(error))
                return None
            feed.state = state
            self._leases.later(feed)
        return feed.state

    async def poll_once(self, feed: ConfiguredFeed, state: State) -> None:
        """Poll the feed. What the store does not take, and faults of ours, are logged."""
        async with feed.turn:
            state = feed.state or state  # a push may have come first
            try:
                found, trouble = await self.looking.look(feed.channel, state, feed.form.choice)
                if self.feeds.get(feed.channel) is not feed:
                    return
                await self.take(feed, state, found)
                feed.trouble = trouble
            except StoreError as error:
                log.warning("feed update postponed", channel=str(feed.channel), reason=str(error))
            except Exception:
                log.exception("feed update failed", channel=str(feed.channel))
                feed.state = replace(
                    state, poll=replace(state.poll, due=self._ports.clock() + FAULT)
                )

    async def take(self, feed: ConfiguredFeed, before: State, found: State) -> None:
        """Store the state after a poll that began with `before`. The lease may have changed in
        the meantime. Raises StoreError."""
        if feed.state and found.lease is before.lease:
            found = replace(found, lease=feed.state.lease)
        if found.differs(before):
            await self._ports.memory.keep(feed.channel, found.dump())
        feed.state = found
        if found.lease is not before.lease:
            self._leases.later(feed)

    # What hubs push (WebSub)

    async def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """The answer to a hub's verification request. Raises StoreError."""
        return await self._leases.verify(token, query)

    async def push(self, token: str, body: bytes, content_type: str, signature: str) -> bool:
        """Take what was sent to a callback; False if the token is unknown. Raises StoreError."""
        found = self._leases.find(token)
        if found is None:
            return False
        feed = self.feeds.get(found.channel)
        if feed is None or feed.state is None:
            return False
        push = websub.push_of(feed.state.lease, body, signature, self._ports.clock())
        taken = False
        if push is Push.CONTENT and self.within_limit(feed):
            taken = await self.take_push(feed, body, content_type)
        if not taken and push in (Push.CONTENT, Push.NUDGE):
            self.nudge(feed)
        return True

    def within_limit(self, feed: ConfiguredFeed) -> bool:
        """Whether a push may be sent on: the feed chooses its hub, and either may flood."""
        try:
            self._pushes.spend(str(feed.channel))
        except TooMany:
            return False
        return True

    async def take_push(self, feed: ConfiguredFeed, body: bytes, content_type: str) -> bool:
        """Send what a hub pushed; False where it cannot be parsed. Raises StoreError."""
        async with feed.turn:
            state = feed.state
            if state is None:
                return False
            try:
                found = await self.looking.pushed(
                    feed.channel, state, feed.form.choice, body, content_type
                )
            except FeedError as error:
                log.info("WebSub content invalid", channel=str(feed.channel), reason=str(error))
                return False
            if self.feeds.get(feed.channel) is feed:
                await self.take(feed, state, found)
            return True

    def nudge(self, feed: ConfiguredFeed) -> None:
        """Poll soon, at most once a minute."""
        now = self._ports.clock()
        due = max(now, feed.nudged + NUDGED)
        if feed.state and not feed.state.poll.stopped and due < feed.state.poll.due:
            feed.nudged = due
            feed.state = replace(feed.state, poll=replace(feed.state.poll, due=due))
            self.poll_at(feed.channel, due)


def loaded(kept: object) -> State | None:
    """The stored state; None where there is no state that this release can read."""
    if not isinstance(kept, dict):
        return None
    try:
        return State.load(kept)
    except (KeyError, TypeError, ValueError, AttributeError):
        log.warning("stored feed state invalid, starting over")
        return None


def public(url: str) -> str:
    """The address where hubs can call the bus; "" where only this machine or network reaches it."""
    host = urlsplit(url).hostname or ""
    address = literal(host)
    if address is None:
        reachable = "." in host and not host.endswith(INNER)
    else:
        reachable = is_global(address)
    if reachable:
        return url
    return ""


METHOD = MethodSpec(
    "feed",
    None,
    "feed:news",
    re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    form=FeedForm,
    source=Feeds,
    shared=True,
    trial=trial,
)
