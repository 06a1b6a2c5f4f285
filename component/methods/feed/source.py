"""Feeds: RSS, Atom and JSON Feed, polled at their own pace, or pushed by their hubs (WebSub). It
only speaks.

Here is when a feed is looked at; what a look is stands in `component/feeds/looking.py`.
"""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from component.methods.feed.websub import Heard

log = structlog.get_logger()

AT_ONCE = 24
"""Feeds that are looked at at one time: fewer than the scheduler runs jobs, so that slow sites hold
up nothing else."""
WORKERS = 2
"""Processes that read feeds, started when there is something to read."""
SPREAD = 50
"""Milliseconds from one feed to the next where many begin at once, as when the bus starts."""
AGAIN = 60_000
"""Milliseconds until a look that failed for a reason of our own."""
FAULT = 15 * 60_000
"""Milliseconds until the next one after a fault of ours."""
NUDGED = 60_000
"""Milliseconds between two looks that someone unknown asks for."""
PUSHES, PUSHES_A_MINUTE = 10, 2
"""Pushes of a feed that are told at once, and later; at more the feed itself is looked at."""
MOST = 10


@dataclass(frozen=True, slots=True)
class Few:
    """How many of the last items: none, or a number."""

    number: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number written; raises BadInput."""
        low = text.strip().casefold()
        number = (
            0
            if low in ("none", "keine", "keiner", "keins")
            else int(low)
            if re.fullmatch("[0-9]{1,3}", low)
            else -1
        )
        if not 0 <= number <= MOST:
            raise BadInput(
                _(
                    "“{text}” is not a number of items. Write none, or a number up to {most}.",
                    text=text[:40],
                    most=MOST,
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
            _("Initial items"),
            _("none, or how many of the latest items to post when the feed is added"),
        ),
    ] = NONE
    most: Annotated[
        int,
        Ask(
            _("Items at a time"),
            _("how many items to post at a time, 1 to 50; further items are only counted"),
        ),
    ] = MOST
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
            raise BadInput(_("The number of items to post at a time must be between 1 and 50."))

    @property
    def choice(self) -> Choice:
        """What a look needs of it."""
        return Choice(self.first.number, self.most, self.text)


@dataclass(eq=False)
class _Feed:
    """A feed while it is configured so; its `state` is None until it was recalled."""

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
        self._looking = Looking(ports, Workers(WORKERS), public=bool(self._base))
        self._leases = Leases(ports, self._base, lambda: self._feeds.values())
        self._turns = Turns(AT_ONCE)
        self._pushes = Rate(lambda: ports.clock() / 1000, PUSHES, PUSHES_A_MINUTE / 60)
        self._feeds: dict[Channel, _Feed] = {}
        self._bad: dict[Channel, Trouble] = {}
        self._runs = False
        ports.callbacks.heard.append(self)

    async def close(self) -> None:
        """See `ports.Closes`."""
        await self._looking.close()

    # What is configured

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Source`."""
        wanted = dict(self._wanted(specs))
        for channel in [one for one in self._feeds if one not in wanted]:
            del self._feeds[channel]
            self._turns.forget(channel)
            self._ports.timer.drop(str(channel))
            self._ports.timer.drop(leases.name(channel))
        new = [
            one
            for one, form in wanted.items()
            if one not in self._feeds or self._feeds[one].form != form
        ]
        for place, channel in enumerate(new):
            self._feeds[channel] = _Feed(channel, wanted[channel], self._runs)
            self._at(channel, self._ports.clock() + place * SPREAD)
        self._runs = True

    def _wanted(self, specs: Sequence[ChannelSpec]) -> Iterator[tuple[Channel, FeedForm]]:
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
        """See `ports.Troubled`."""
        states = [(feed, feed.state) for feed in self._feeds.values() if feed.state]
        failing = [
            Trouble(
                feed.channel,
                feed.trouble or state.trouble,
                0 if state.poll.stopped else state.poll.due,
            )
            for feed, state in states
            if state.poll.failures
        ]
        return [*self._bad.values(), *failing]

    # Looks

    def _at(self, channel: Channel, due: int) -> None:
        async def look() -> None:
            await self._look(channel)

        self._ports.timer.at(str(channel), due, look)

    async def _look(self, channel: Channel) -> None:
        feed = self._feeds.get(channel)
        waits = feed is not None and await self._looks(feed)
        if not waits and (after := self._turns.next()):
            self._at(after, self._ports.clock())

    async def _looks(self, feed: _Feed) -> bool:
        """Look, if it is time to; whether it has to wait for its turn."""
        state = await self._recalled(feed)
        if state and not state.poll.stopped and state.poll.due <= self._ports.clock():
            if not self._turns.take(feed.channel, urlsplit(state.url).hostname or ""):
                return True
            try:
                await self._looked(feed, state)
            finally:
                self._turns.free(feed.channel)
        self._again(feed, self._ports.clock())
        return False

    def _again(self, feed: _Feed, now: int) -> None:
        """Ask to be woken for the next look, if there is to be one."""
        if self._feeds.get(feed.channel) is not feed or (feed.state and feed.state.poll.stopped):
            return
        due = feed.state.poll.due if feed.state else 0
        self._at(feed.channel, due if due > now else now + AGAIN)  # later is what could not be kept

    async def _recalled(self, feed: _Feed) -> State | None:
        """How it stands; None while the store does not tell."""
        if feed.state is None:
            now = self._ports.clock()
            try:
                kept = await self._ports.memory.recall(feed.channel)
                state = _loaded(kept) or State.begun(str(feed.form.url), now)
                if feed.fresh or state.asked != str(feed.form.url):
                    state = state.wanted(str(feed.form.url), now)
                elif (
                    kept and state.poll.due < now
                ):  # the bus was away: all of them at once would be a storm
                    state = replace(state, poll=replace(state.poll, due=now))
                if state.dump() != kept:
                    await self._ports.memory.keep(feed.channel, state.dump())
            except StoreError as error:
                log.warning("feed update postponed", channel=str(feed.channel), reason=str(error))
                return None
            feed.state = state
            self._leases.later(feed)
        return feed.state

    async def _looked(self, feed: _Feed, state: State) -> None:
        async with feed.turn:
            state = feed.state or state  # a push may have come first
            try:
                found, trouble = await self._looking.look(feed.channel, state, feed.form.choice)
                if self._feeds.get(feed.channel) is not feed:
                    return
                await self._take(feed, state, found)
                feed.trouble = trouble
            except StoreError as error:
                log.warning("feed update postponed", channel=str(feed.channel), reason=str(error))
            except Exception:
                log.exception("feed update failed", channel=str(feed.channel))
                feed.state = replace(
                    state, poll=replace(state.poll, due=self._ports.clock() + FAULT)
                )

    async def _take(self, feed: _Feed, before: State, found: State) -> None:
        """The state after a look that began with `before`; its lease may have changed meanwhile."""
        if feed.state and found.lease is before.lease:
            found = replace(found, lease=feed.state.lease)
        if found.differs(before):
            await self._ports.memory.keep(feed.channel, found.dump())
        feed.state = found
        if found.lease is not before.lease:
            self._leases.later(feed)

    # What hubs push (WebSub)

    async def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """See `ports.Pushed`."""
        return await self._leases.verify(token, query)

    async def push(self, token: str, body: bytes, content_type: str, signature: str) -> bool:
        """See `ports.Pushed`."""
        found = self._leases.find(token)
        feed = self._feeds.get(found.channel) if found else None
        if feed is None or feed.state is None:
            return False
        heard = websub.heard(feed.state.lease, body, signature, self._ports.clock())
        if heard is Heard.CONTENT and not self._may(feed):
            heard = Heard.NUDGE
        if heard is Heard.NUDGE or (
            heard is Heard.CONTENT and not await self._pushed(feed, body, content_type)
        ):
            self._nudge(feed)
        return True

    def _may(self, feed: _Feed) -> bool:
        """Whether what is pushed may be told: a feed chooses its hub, and one of the two may want
        to flood."""
        try:
            self._pushes.spend(str(feed.channel))
        except TooMany:
            return False
        return True

    async def _pushed(self, feed: _Feed, body: bytes, content_type: str) -> bool:
        """Whether it could be read."""
        async with feed.turn:
            state = feed.state
            if state is None:
                return False
            try:
                found = await self._looking.pushed(
                    feed.channel, state, feed.form.choice, body, content_type
                )
            except FeedError as error:
                log.info("WebSub content invalid", channel=str(feed.channel), reason=str(error))
                return False
            if self._feeds.get(feed.channel) is feed:
                await self._take(feed, state, found)
            return True

    def _nudge(self, feed: _Feed) -> None:
        """Look soon; not as often as someone asks."""
        now = self._ports.clock()
        due = max(now, feed.nudged + NUDGED)
        if feed.state and not feed.state.poll.stopped and due < feed.state.poll.due:
            feed.nudged = due
            feed.state = replace(feed.state, poll=replace(feed.state.poll, due=due))
            self._at(feed.channel, due)


def _loaded(kept: object) -> State | None:
    """What was kept; None where nothing was, or something that this release can't read."""
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
    if address is not None:
        return url if is_global(address) else ""
    inner = (".localhost", ".local", ".internal", ".lan", ".home.arpa", ".test", ".invalid")
    return url if "." in host and not host.endswith(inner) else ""


METHOD = MethodSpec(
    "feed",
    None,
    "feed:planet",
    re.compile(r"[a-z0-9][a-z0-9._-]{0,63}"),
    form=FeedForm,
    source=Feeds,
    shared=True,
)
