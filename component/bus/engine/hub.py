"""Accept, plan, save, deliver. Knows methods by their protocol only, and no database.

One writer commits (`writer.py`); each destination has a lane of its own (`lane.py`).
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType

import structlog

from component.bus.engine.broadcast import Listeners
from component.bus.engine.commits import Writer
from component.bus.engine.delivery_queue import Fell, Lane, nobody
from component.bus.engine.releases import Holds
from component.bus.engine.retraction import Taken, take_back
from component.bus.engine.routing import Flow
from component.bus.model.delivery import Delivery, State
from component.bus.model.dry_run import Hop
from component.bus.model.message import DELETED, Author, Channel, Message
from component.bus.model.planner import Held, no_permalink
from component.bus.model.records import Audit, ChannelSpec, Drop, Mute, Put
from component.bus.model.route import Make, Route, no_processors
from component.bus.ports.method import (
    Clock,
    Closes,
    Corrects,
    Listener,
    Method,
    Refusal,
    Source,
    Starts,
    Trouble,
    Troubled,
)
from component.bus.ports.store import Mark, Receipt, Spread, Store, Turn
from component.common.errors import Muted, Refused
from component.common.i18n import _

log = structlog.get_logger()

AT_ONCE = 256
"""Deliveries read at once where a channel is gone."""


class Hub:
    """The bus itself. `attach` the methods, then `start`."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self._clock = clock
        self.flow = Flow(store, clock, self._first_state)
        self.holds = Holds(store, clock, self._release)
        self._mutes: dict[str, Mute] = {}
        self._methods: Mapping[str, Method | None] = {}
        self._sources: Mapping[str, Source] = {}
        self._persons: frozenset[str] = frozenset()
        self._specs: dict[Channel, ChannelSpec] = {}
        self._lanes: dict[Channel, Lane] = {}
        self._listeners = Listeners()
        self._writer = Writer(
            store, self.flow, clock, self._accepted, lambda channel: self.find(channel) is not None
        )
        self._releaser: asyncio.Task[None] | None = None
        self._fell: Fell = nobody
        self._people = 0  # lanes of persons
        self._fewer = asyncio.Event()

    def attach(
        self,
        methods: Mapping[str, Method | None],
        persons: Iterable[str] = (),
        make: Make = no_processors,
        link: Callable[[Message], str] = lambda _message: "",
        sources: Mapping[str, Source] = MappingProxyType({}),
        permalink: Callable[[Message, Channel], str] = no_permalink,
        fell: Fell = nobody,
    ) -> None:
        """Give the hub its ways out; None stands for a method whose channels live in the store.

        `persons` are the methods whose channels are persons, `sources` those that only speak;
        `fell` is told what did not arrive; see `Flow.attach` for the rest.
        """
        self._fell = fell
        self.flow.attach(persons, make, link, permalink)
        self._methods = methods
        self._sources = sources
        self._persons = frozenset(persons)

    async def start(self) -> None:
        """Read what is configured and take up what was left undone."""
        await self.flow.load()
        await self.reload()
        self._writer.start()
        self._releaser = asyncio.create_task(self.holds.run(), name="hub holds")
        await self._begin(self._methods.values())
        for channel, count in (await self.store.backlog()).items():
            if self._methods.get(channel.method):
                await self._take_up(channel, count)

    async def _take_up(self, channel: Channel, count: int) -> None:
        log.info("taking up", channel=str(channel), pending=count)
        if self._reaches(channel):
            self._lane(channel).resume()
        else:
            await self._bury(channel)

    async def stop(self) -> None:
        """Let the lanes go, commit what was settled, end the readers. Nothing accepted is lost."""
        if self._releaser:
            self._releaser.cancel()
            await asyncio.gather(self._releaser, return_exceptions=True)
        await self._close(self._sources.values())
        for lane in tuple(self._lanes.values()):
            await lane.stop()
        await self._close(self._methods.values())
        await self._writer.stop()
        self.let_go()

    @staticmethod
    async def _begin(parts: Iterable[object]) -> None:
        for part in parts:
            if isinstance(part, Starts):
                await part.start()

    @staticmethod
    async def _close(parts: Iterable[object]) -> None:
        for part in parts:
            if isinstance(part, Closes):
                await part.close()

    def let_go(self) -> None:
        """End every live reading."""
        self._listeners.let_go()

    async def reload(self) -> None:
        """Take channels, routes and mutes from the store; in force for the next message."""
        self._specs = {spec.channel: spec for spec in await self.store.channels()}
        self._mutes = {mute.key: mute for mute in await self.store.mutes()}
        paused = {channel for channel, spec in self._specs.items() if not spec.enabled}
        self.flow.configure(await self.store.routes(), paused)
        self.holds.look_again()
        for channel, lane in self._lanes.items():
            lane.hold(channel in paused)
        for name, method in self._methods.items():
            mine = [
                one
                for one in self._specs.values()
                if one.channel.method == name and one.channel.address != "*"
            ]
            if method:
                method.configure(mine)
        for name, source in self._sources.items():
            source.configure(
                [one for one in self._specs.values() if one.channel.method == name and one.enabled]
            )
        for channel in [one for one in self._lanes if not self._reaches(one)]:
            await self._bury(channel)
        self._listeners.let_go(lambda channel: not self.find(channel))

    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """Change what is configured, in force on return; raises Conflict, StoreError.

        In one turn: what is planned by a route that is gone would wait there for ever.
        """
        async with self.flow.turn():
            await self.store.change(changes, audit)
            await self.reload()
            await self.flow.recount()

    async def _bury(self, channel: Channel) -> None:
        """End the lane of a channel that is gone; what waited for it becomes dead letters."""
        if lane := self._lanes.pop(channel, None):
            await lane.stop()
        after = 0
        while waiting := await self.store.pending(channel, after, AT_ONCE):
            after = waiting[-1].seq
            for delivery in waiting:
                self._refuse(delivery)

    def _refuse(self, delivery: Delivery) -> None:
        known = self._writer.known(delivery)
        if known.state is State.PENDING:  # else it was settled, and is on its way to the disk
            gone = Refused(
                _("{channel} is no channel of this bus any more.", channel=delivery.channel)
            )
            self._writer.settle(known.failed(gone, self._clock()))

    # What is configured

    @property
    def channels(self) -> tuple[ChannelSpec, ...]:
        """Every configured channel."""
        return tuple(self._specs.values())

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route, on or off."""
        return self.flow.routes

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What sources can't read and methods can't reach now."""
        parts: list[object] = [*self._sources.values(), *self._methods.values()]
        told = [part.troubles() for part in parts if isinstance(part, Troubled)]
        return tuple(one for group in told for one in group)

    def explain(self, message: Message) -> tuple[Hop, ...]:
        """See `Flow.explain`."""
        return self.flow.explain(message)

    def _reaches(self, channel: Channel) -> bool:
        """Whether something may be brought there: to what is configured, and to any person what the
        bus itself says."""
        return channel.method in self._persons or self.find(channel) is not None

    def method(self, name: str) -> Method | None:
        """A way out; None for one whose channels live in the store, or that there is not."""
        return self._methods.get(name)

    def find(self, channel: Channel) -> ChannelSpec | None:
        """The configured channel, or the `method:*` it falls under."""
        return self._specs.get(channel) or self._specs.get(channel.anyone)

    def leads_to(self, channel: Channel, without: Container[Channel] = ()) -> tuple[str, ...]:
        """Where a message from `channel` would go first, by title where there is one; those in
        `without` left out."""
        ends = [
            way.route.destination
            for way in self.flow.index.after(channel)
            if way.route.destination not in without
        ]
        titles = {end: self._specs[end].title for end in ends if end in self._specs}
        return tuple(f"{titles[end]} ({end})" if titles.get(end) else str(end) for end in ends)

    def ends(self, channel: Channel) -> frozenset[Channel]:
        """Where routes that are on lead from `channel`; nowhere while it is paused, nor to a paused
        one."""
        ends = {way.route.destination for way in self.flow.index.after(channel)}
        return frozenset(end for end in ends if (spec := self.find(end)) and spec.enabled)

    def refusals(self, receipt: Receipt) -> tuple[Refusal, ...]:
        """See `ports.Accept.refusals`. Other people's addresses are nobody's business."""
        told = [stop for stop in receipt.planned.stops if stop.tell]
        return tuple(Refusal(self._called(stop.destination), stop.why) for stop in told)

    def _called(self, channel: Channel) -> str:
        spec = self._specs.get(channel)
        if spec and spec.title:
            return spec.title
        return f"{channel.method}:…" if channel.method in self._persons else str(channel)

    @property
    def mutes(self) -> tuple[Mute, ...]:
        """Those that are muted, and those whose time is over and that nobody unmuted."""
        return tuple(self._mutes.values())

    def check_muted(self, author: Author) -> None:
        """Raise Muted, saying why and until when, where an operator muted the author."""
        mute = self._mutes.get(author.key)
        if mute and mute.holds(self._clock()):
            time = datetime.fromtimestamp(mute.until / 1000, UTC).strftime("%Y-%m-%d %H:%M")
            end = _("until {time} UTC", time=time) if mute.until else _("until they unmute you")
            why = f" ({mute.reason.rstrip('.')})" if mute.reason else ""
            raise Muted(
                _("An operator muted you {end}{why}: that went to nobody.", end=end, why=why)
            )

    # In

    async def accept(
        self,
        message: Message,
        mark: Mark | None = None,
        *,
        deliver: bool = False,
        spread: bool = True,
    ) -> Receipt:
        """See `ports.Accept.accept`."""
        self.check_muted(message.author)
        message = await self._threaded(message)
        to_person = deliver and message.channel.method in self._persons
        own = self._first_state(message.channel) if deliver else State.CAME
        offer = self.flow.offer(message, own, spread=spread and not to_person)
        return await self._writer.accept(offer, mark)

    async def tell(self, digest: Message, turns: Sequence[Turn]) -> Receipt:
        """Bring a digest to its own channel alone, with the turns that it is of; raises
        StoreError."""
        own = self._first_state(digest.channel)
        return await self._writer.accept(
            self.flow.offer(digest, own, spread=False, turns=turns), None
        )

    async def spread(self, spread: Spread) -> None:
        """Bring a message on to some subscribers; raises StoreError."""
        async with self.flow.turn():
            self._dispatch(await self.store.spread(spread))

    @property
    def people(self) -> int:
        """For how many persons something waits."""
        return self._people

    async def fewer(self, people: int) -> None:
        """Return once something waits for fewer persons than so many."""
        while self._people >= people:
            self._fewer.clear()
            await self._fewer.wait()

    async def _threaded(self, message: Message) -> Message:
        """In the thread of what it answers. One that names its thread waits for nothing here:
        others may not overtake it (see `Hearing`)."""
        if not message.replies or message.thread:
            return message
        return replace(
            message, thread=await self.store.thread_of(message.replies) or message.replies
        )

    async def correct(self, message: Message, origin: str) -> Receipt | None:
        """See `ports.Accept.correct`."""
        self.check_muted(message.author)
        earlier, places = await self.store.brought(origin)
        places = frozenset(
            one for one in places if isinstance(self._methods.get(one.method), Corrects)
        )
        if not earlier or earlier.body == message.body or not places:
            return None
        return await self._writer.accept(
            self.flow.correction(replace(message, corrects=earlier.id), places), None
        )

    def _first_state(self, channel: Channel) -> State:
        return State.PENDING if self._methods.get(channel.method) else State.DONE

    def note(self, mark: Mark) -> None:
        """See `Writer.note`."""
        self._writer.note(mark)

    def reading(self, channel: Channel) -> None:
        """See `Writer.reading`."""
        self._writer.reading(channel)

    # Out

    async def retry(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """Bring dead letters of channels that are there once more; pending on disk on return, or
        there already where the commit is the delivery.

        Their lanes look for them before they send. Raises Conflict where one is dead no more,
        StoreError.
        """
        by_channel: defaultdict[Channel, list[Delivery]] = defaultdict(list)
        kept: list[Delivery] = []
        for letter in letters:
            again = letter.retried(self._clock())
            if self._first_state(letter.channel) is State.DONE:
                kept.append(again.confirmed(self._clock()))
            else:
                by_channel[letter.channel].append(again)
        for channel, mine in by_channel.items():
            self._lane(channel).expect(one.seq for one in mine)
        await self.store.decide(
            [*kept, *(one for mine in by_channel.values() for one in mine)], audit
        )
        for channel, mine in by_channel.items():
            if self._reaches(channel):
                self._lane(channel).revive(mine)
            else:  # it went meanwhile
                for one in mine:
                    self._refuse(one)

    async def delete(self, message_id: str, audit: Audit) -> Sequence[Taken]:
        """Take a message's words away and let go what has not arrived; raises Conflict, StoreError.

        Then asks the places that have it to take it back, and says what each did; live readers
        learn it too.
        """
        async with self.flow.turn():  # what it let wait is counted
            await self.store.delete(message_id, DELETED, audit)
            await self.flow.recount()
        flights = [flight for lane in self._lanes.values() for flight in lane.forget(message_id)]
        hops = await self.store.trace(message_id)
        for hop in hops:
            self._listeners.tell(hop)
        return await take_back(self._methods, hops, flights)

    def listen(self, channel: Channel) -> Listener:
        """Everything new in `channel` from now on, and again what is deleted there; give it back
        with `unlisten`."""
        return self._listeners.add(channel)

    def unlisten(self, channel: Channel, listener: Listener) -> None:
        """End a live reading."""
        self._listeners.drop(channel, listener)

    def depths(self) -> dict[str, int]:
        """How many deliveries wait, by channel, as far as they are in memory; and how many wait for
        the disk."""
        return {str(channel): lane.depth for channel, lane in self._lanes.items()}

    async def check(self) -> None:
        """See `Writer.check`."""
        await self._writer.check()

    @property
    def unsaved(self) -> int:
        """See `Writer.unsaved`."""
        return self._writer.unsaved

    def _accepted(self, receipt: Receipt) -> None:
        self._dispatch(receipt.deliveries)
        for one in receipt.planned.holds:
            self.holds.expect(one.due)

    async def _release(self, due: Sequence[Held]) -> bool:
        """Let go on what was held, by the routes in force; whether there was anything to. Raises
        StoreError."""
        async with self.flow.turn():
            releases = self.flow.releases(due)
            self._dispatch(await self.store.release(releases))
        return bool(releases)

    def _dispatch(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.state is State.PENDING and self._reaches(delivery.channel):
                self._lane(delivery.channel).put(delivery)
            elif delivery.state is State.PENDING:  # it went while this was committed
                self._refuse(delivery)
            self._listeners.tell(delivery)

    def _lane(self, channel: Channel) -> Lane:
        lane = self._lanes.get(channel)
        if lane is None:
            method = self._methods[channel.method]
            if method is None:
                raise LookupError(f"{channel} is delivered by its commit")
            lane = self._lanes[channel] = Lane(
                channel,
                method,
                self.store,
                self._writer.settle,
                self._clock,
                self._fell,
                self._rests,
            )
            self._people += channel.method in self._persons
            spec = self._specs.get(channel)
            lane.hold(bool(spec and not spec.enabled))
        return lane

    def _rests(self, lane: Lane) -> bool:
        """Let go the lane of a person who has all that was for them: there may be ten thousand."""
        if lane.channel.method not in self._persons or self._lanes.get(lane.channel) is not lane:
            return False
        del self._lanes[lane.channel]
        self._people -= 1
        self._fewer.set()
        return True
