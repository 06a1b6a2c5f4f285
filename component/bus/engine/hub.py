"""Accept, plan, save, deliver. Knows methods by their protocol only, and no database.

`GroupCommit` commits; each destination has a `DeliveryQueue`.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType

import structlog

from component.bus.engine.broadcast import Broadcast
from component.bus.engine.commits import Change, GroupCommit, Offer
from component.bus.engine.corrections import Ways
from component.bus.engine.crowd import Crowd
from component.bus.engine.delivery_queue import DeliveryQueue, OnFailure, no_fallback
from component.bus.engine.limits import DEFAULT_LIMITS, EngineLimits
from component.bus.engine.releases import Releases, release_all
from component.bus.engine.retraction import Retracted, retract_everywhere
from component.bus.engine.routing import Routing
from component.bus.model.delivery import Delivery, State
from component.bus.model.dry_run import Hop
from component.bus.model.message import DELETED, Author, Channel, Kind, Message
from component.bus.model.planner import Held, no_permalink
from component.bus.model.records import Audit, ChannelSpec, Drop, Mute, Put
from component.bus.model.route import Make, Route, no_processors
from component.bus.ports.accepted import Followers, Receipt, no_followers
from component.bus.ports.method import (
    Clock,
    Closes,
    Listener,
    Method,
    Refusal,
    Source,
    Starts,
    Trouble,
    Troubled,
)
from component.bus.ports.rendering import PLAIN, Renderer
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.store import Store
from component.bus.ports.transaction import Original, Plan, Revision, Write
from component.common.errors import Moot, Muted, Refused
from component.common.i18n import Words, _

log = structlog.get_logger()

AT_ONCE = 256
"""Deliveries read at once where a channel is gone."""


class Hub:
    """The bus itself. `attach` the methods, then `start`."""

    def __init__(self, store: Store, clock: Clock, limits: EngineLimits = DEFAULT_LIMITS) -> None:
        self._store = store
        self._limits = limits
        self.clock = clock
        self.routing = Routing(store.held, clock, self._first_state, limits.max_held)
        self.releases = Releases(store.held, clock, self._release, limits.releases)
        self._mutes: dict[str, Mute] = {}
        self.methods: Mapping[str, Method | None] = {}
        self.sources: Mapping[str, Source] = {}
        self._persons: frozenset[str] = frozenset()
        self._specs: dict[Channel, ChannelSpec] = {}
        self.queues: dict[Channel, DeliveryQueue] = {}
        self._broadcast = Broadcast()
        self.commits = GroupCommit(
            store,
            self.routing,
            clock,
            self._committed,
            lambda channel: self.find(channel) is not None,
            limits.commits,
        )
        self._releaser: asyncio.Task[None] | None = None
        self._on_failure: OnFailure = no_fallback
        self.crowd = Crowd()
        self._renderer: Renderer = PLAIN

    def attach(
        self,
        methods: Mapping[str, Method | None],
        persons: Iterable[str] = (),
        make: Make = no_processors,
        link: Callable[[Message], str] = lambda _message: "",
        sources: Mapping[str, Source] = MappingProxyType({}),
        permalink: Callable[[Message, Channel], str] = no_permalink,
        on_failure: OnFailure = no_fallback,
        followers: Followers = no_followers,
        renderer: Renderer = PLAIN,
    ) -> None:
        """Give the hub its methods; None for a method whose channels are kept in the store.

        `persons` are the methods whose channels are persons, `sources` those that only speak.
        `on_failure` is called for deliveries that did not arrive, `renderer` makes what the methods
        send. `Routing.attach` describes the rest.
        """
        self._on_failure = on_failure
        self._renderer = renderer
        self.routing.attach(persons, make, link, permalink, followers)
        self.methods = methods
        self.sources = sources
        self._persons = frozenset(persons)

    async def start(self) -> None:
        """Read what is configured and take up what was left undone."""
        await self.routing.load()
        await self.reload()
        self.commits.start()
        self._releaser = asyncio.create_task(self.releases.run(), name="releases")
        await self._begin(self.methods.values())
        for channel, count in (await self._store.deliveries.backlog()).items():
            if self.methods.get(channel.method):
                await self._take_up(channel, count)

    async def _take_up(self, channel: Channel, count: int) -> None:
        log.info("resuming deliveries", channel=str(channel), pending=count)
        if self._reaches(channel):
            self._queue(channel).resume()
        else:
            await self._bury(channel)

    async def stop(self) -> None:
        """Let the queues go, commit what was settled, end the readers. Nothing accepted is lost."""
        if self._releaser:
            self._releaser.cancel()
            await asyncio.gather(self._releaser, return_exceptions=True)
        await self._close(self.sources.values())
        for queue in tuple(self.queues.values()):
            await queue.stop()
        await self._close(self.methods.values())
        await self.commits.stop()
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
        self._broadcast.let_go()

    async def reload(self) -> None:
        """Take channels, routes and mutes from the store; in force for the next message."""
        self._specs = {spec.channel: spec for spec in await self._store.configuration.channels()}
        self._mutes = {mute.key: mute for mute in await self._store.configuration.mutes()}
        paused = {channel for channel, spec in self._specs.items() if not spec.enabled}
        self.routing.configure(await self._store.configuration.routes(), paused)
        self.releases.look_again()
        for channel, queue in self.queues.items():
            queue.hold(channel in paused)
        for name, method in self.methods.items():
            mine = [
                one
                for one in self._specs.values()
                if one.channel.method == name and one.channel.address != "*"
            ]
            if method:
                method.configure(mine)
        for name, source in self.sources.items():
            source.configure(
                [one for one in self._specs.values() if one.channel.method == name and one.enabled]
            )
        for channel in [one for one in self.queues if not self._reaches(one)]:
            await self._bury(channel)
        self._broadcast.let_go(lambda channel: not self.find(channel))

    async def change(self, changes: Sequence[Put | Drop], audit: Audit) -> None:
        """Change what is configured, in force on return; raises Conflict, StoreError.

        In one turn: what is planned by a route that is gone would wait there for ever.
        """
        async with self.routing.turn():
            await self._store.configuration.change(changes, audit)
            await self.reload()
            await self.routing.recount()

    async def _bury(self, channel: Channel) -> None:
        """End the queue of a channel that is gone; what waited for it becomes dead letters."""
        if queue := self.queues.pop(channel, None):
            await queue.stop()
        after = 0
        while waiting := await self._store.deliveries.pending(channel, after, AT_ONCE):
            after = waiting[-1].seq
            for delivery in waiting:
                self._refuse(delivery)

    def _refuse(self, delivery: Delivery) -> None:
        known = self.commits.known(delivery)
        if known.state is State.PENDING:  # else it was settled, and is on its way to the disk
            gone = Refused(_("The channel {channel} no longer exists.", channel=delivery.channel))
            self.commits.settle(known.failed(gone, self.clock()))

    # What is configured

    @property
    def channels(self) -> tuple[ChannelSpec, ...]:
        """Every configured channel."""
        return tuple(self._specs.values())

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route, on or off."""
        return self.routing.routes

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What sources can't read and methods can't reach now."""
        parts: list[object] = [*self.sources.values(), *self.methods.values()]
        told = [part.troubles() for part in parts if isinstance(part, Troubled)]
        return tuple(one for group in told for one in group)

    def explain(self, message: Message) -> tuple[Hop, ...]:
        """What each route would do with a message now. Nothing is stored or sent."""
        return self.routing.explain(message)

    def _reaches(self, channel: Channel) -> bool:
        """Whether something may be brought there: to what is configured, and to any person what the
        bus itself says."""
        return channel.method in self._persons or self.find(channel) is not None

    def method(self, name: str) -> Method | None:
        """A way out; None for one whose channels live in the store, or that there is not."""
        return self.methods.get(name)

    def find(self, channel: Channel) -> ChannelSpec | None:
        """The configured channel, or the `method:*` it falls under."""
        return self._specs.get(channel) or self._specs.get(channel.anyone)

    def leads_to(self, channel: Channel, without: Container[Channel] = ()) -> tuple[str, ...]:
        """Where a message from `channel` would go first, by title where there is one; those in
        `without` left out."""
        ends = [
            way.route.destination
            for way in self.routing.index.after(channel)
            if way.route.destination not in without
        ]
        titles = {end: self._specs[end].title for end in ends if end in self._specs}
        return tuple(f"{titles[end]} ({end})" if titles.get(end) else str(end) for end in ends)

    def ends(self, channel: Channel) -> frozenset[Channel]:
        """Where routes that are on lead from `channel`; nowhere while it is paused, nor to a paused
        one."""
        ends = {way.route.destination for way in self.routing.index.after(channel)}
        return frozenset(end for end in ends if (spec := self.find(end)) and spec.enabled)

    def refusals(self, receipt: Receipt) -> tuple[Refusal, ...]:
        """See `ports.Accept.refusals`. Other people's addresses are nobody's business."""
        told = [stop for stop in receipt.planned.stops if stop.tell]
        return tuple(Refusal(self._called(stop.destination), stop.why) for stop in told)

    def missed(self, receipt: Receipt) -> Sequence[Words]:
        """For the author of a change: where it did not arrive, and why. Each place once."""
        sentences = [refusal.sentence for refusal in self.refusals(receipt)]
        revision = receipt.planned.revision
        if not revision:
            return sentences
        places: dict[str, Words] = {}
        for channel, why in revision.missed:
            places.setdefault(self._called(channel), why)
        for place, why in places.items():
            sentences.append(_("Your change did not reach {place}: {why}", place=place, why=why))
        return sentences

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
        if mute and mute.holds(self.clock()):
            time = datetime.fromtimestamp(mute.until / 1000, UTC).strftime("%Y-%m-%d %H:%M")
            end = _("until {time} UTC", time=time) if mute.until else _("until further notice")
            why = f" ({mute.reason.rstrip('.')})" if mute.reason else ""
            raise Muted(
                _(
                    "An operator muted you {end}{why}. Your message was not forwarded.",
                    end=end,
                    why=why,
                )
            )

    # In

    async def accept(
        self,
        message: Message,
        mark: ArchivePosition | None = None,
        *,
        deliver: bool = False,
        spread: bool = True,
    ) -> Receipt:
        """Accept a message: it is committed on return. Raises StoreError, or Muted for its author.

        `mark` is saved in the same transaction. With `deliver` the message also has to reach its
        own channel; without `spread` it is not forwarded.
        """
        self.check_muted(message.author)
        message = await self._threaded(message)
        to_person = deliver and message.channel.method in self._persons
        own = self._first_state(message.channel) if deliver else State.RECEIVED
        forward = spread and not to_person
        plan = partial(self.routing.plan, message, own, forward=forward)
        return await self.commits.accept(Offer(message, plan), mark)

    async def accept_with(self, message: Message, writes: Sequence[Write]) -> Receipt:
        """Accept a message together with the writes of a service, in one transaction. Raises
        StoreError."""
        own = self._first_state(message.channel)
        plan = partial(self.routing.plan, message, own, forward=False)
        return await self.commits.accept(Offer(message, plan, writes), None)

    async def write(self, writes: Sequence[Write]) -> None:
        """Commit the writes of a service. Raises StoreError."""
        async with self.routing.turn():
            async with self._store.transaction() as tx:
                begun = await tx.write(writes)
            self._dispatch(begun)

    async def _threaded(self, message: Message) -> Message:
        """In the thread of what it answers. One that names its thread waits for nothing here:
        others may not overtake it (see `Hearing`)."""
        if not message.replies or message.thread:
            return message
        return replace(
            message, thread=await self._store.messages.thread_of(message.replies) or message.replies
        )

    async def correct(self, message: Message, origin: str) -> Receipt | None:
        """Give the message from `origin` the words of `message`, everywhere.

        Gives None where there is no such message, or it was deleted or has these words. Raises as
        `accept`.
        """
        original = await self._store.messages.id_from(origin)
        if not original:
            return None
        receipt = await self.revise(replace(message, corrects=original))
        return receipt if receipt.new else None

    async def revise(self, change: Message, mark: ArchivePosition | None = None) -> Receipt:
        """Correct the message that `change` names, or take it back, everywhere: a place gets the
        new words or loses the old ones. It is committed on return.

        The receipt is not `new` where nothing was changed: the message does not exist, it was
        `deleted`, or it has these words already. `mark` is saved in the same transaction. Raises
        StoreError, or Muted for the author of new words.
        """
        if change.kind is not Kind.RETRACTION:
            self.check_muted(change.author)

        def plan(original: Original) -> Plan:
            now = replace(original, deliveries=[self._now(one) for one in original.deliveries])
            known = replace(change, corrects=original.message.id)
            return self.routing.plan_correction(known, now, Ways(self.methods, self._persons))

        return await self.commits.accept(Change(change, plan), mark)

    def _now(self, delivery: Delivery) -> Delivery:
        """A delivery in its state by now, which may not be on disk yet."""
        known = self.commits.known(delivery)
        return replace(delivery, state=known.state, changed=known.changed)

    def _first_state(self, channel: Channel) -> State:
        return State.PENDING if self.methods.get(channel.method) else State.DELIVERED

    def note(self, mark: ArchivePosition) -> None:
        """Save how far an archive was read, with the next commit."""
        self.commits.note(mark)

    def reading(self, channel: Channel) -> None:
        """An archive is read again from its saved position: later positions count again."""
        self.commits.reading(channel)

    # Out

    async def retry(self, letters: Sequence[Delivery], audit: Audit) -> None:
        """Bring dead letters of channels that are there once more; pending on disk on return, or
        there already where the commit is the delivery.

        Their queues look for them before they send. Raises Conflict where one is dead no more,
        StoreError.
        """
        by_channel: defaultdict[Channel, list[Delivery]] = defaultdict(list)
        kept: list[Delivery] = []
        for letter in letters:
            again = letter.retried(self.clock())
            if self._first_state(letter.channel) is State.DELIVERED:
                kept.append(again.confirmed(self.clock()))
            else:
                by_channel[letter.channel].append(again)
        for channel, mine in by_channel.items():
            self._queue(channel).expect(one.seq for one in mine)
        await self._store.dead_letters.decide(
            [*kept, *(one for mine in by_channel.values() for one in mine)], audit
        )
        for channel, mine in by_channel.items():
            if self._reaches(channel):
                self._queue(channel).revive(mine)
            else:  # it went meanwhile
                for one in mine:
                    self._refuse(one)

    async def delete(self, message_id: str, audit: Audit) -> Sequence[Retracted]:
        """Take a message's words away and let go what has not arrived; raises Conflict, StoreError.

        Then asks the places that have it to take it back, and says what each did; live readers
        learn it too.
        """
        async with self.routing.turn():  # what it let wait is counted
            await self._store.messages.delete(message_id, DELETED, audit)
            await self.routing.recount()
        flights = [flight for queue in self.queues.values() for flight in queue.forget(message_id)]
        hops = await self._store.messages.trace(message_id)
        later = await self._store.messages.corrections_of(message_id)
        for hop in hops:
            self._broadcast.tell(hop)
        return await retract_everywhere(self.methods, [*hops, *later], flights)

    def listen(self, channel: Channel) -> Listener:
        """Everything new in `channel` from now on, and again what is edited or deleted there; give
        it back with `unlisten`."""
        return self._broadcast.add(channel)

    def unlisten(self, channel: Channel, listener: Listener) -> None:
        """End a live reading."""
        self._broadcast.drop(channel, listener)

    def depths(self) -> dict[str, int]:
        """How many deliveries wait, by channel, as far as they are in memory; and how many wait for
        the disk."""
        return {str(channel): queue.depth for channel, queue in self.queues.items()}

    async def check(self) -> None:
        """Raise StoreError if the last commit failed and the next one would fail too."""
        await self.commits.check()

    @property
    def unsaved(self) -> int:
        """Entries that wait for the next commit."""
        return self.commits.unsaved

    def _committed(self, receipts: Sequence[Receipt], begun: Sequence[Delivery]) -> None:
        changes: list[Receipt] = []
        for receipt in receipts:
            if receipt.planned.revision:
                changes.append(receipt)  # its deliveries were added behind all others
            else:
                self._dispatch(receipt.deliveries)
            for held in receipt.planned.holds:
                self.releases.expect(held.due)
        self._dispatch(begun)
        for change in changes:
            if change.planned.revision:
                self._revised(change.planned.revision, change.deliveries)

    def _revised(self, revision: Revision, deliveries: Sequence[Delivery]) -> None:
        """Send what was not sent yet in its new words, or not at all; what corrects or retracts
        it there is moot then. Show live readers what they see by now."""
        unsent = self._change_queues(revision)
        for delivery in deliveries:
            if delivery.channel in unsent:
                moot = Moot(_("The message was changed before it was sent there."))
                self.commits.settle(delivery.failed(moot, self.clock()))
            elif delivery.state is State.PENDING:
                self._send(delivery)
        for one in (*revision.words, *revision.ended):
            self._broadcast.tell(one)

    def _change_queues(self, revision: Revision) -> set[Channel]:
        """Change what waits in the queues. Returns the channels where all of it waited."""
        original = revision.original.message.id
        unsent: set[Channel] = set()
        for channel, queue, now in self._queues_of(revision.words):
            if queue.waits(original):
                unsent.add(channel)
            queue.revise(now.message)
        for channel, queue, _gone in self._queues_of(revision.ended):
            if queue.waits(original):
                unsent.add(channel)
            queue.forget(original)
        return unsent

    def _queues_of(
        self, deliveries: Iterable[Delivery]
    ) -> Iterator[tuple[Channel, DeliveryQueue, Delivery]]:
        for delivery in deliveries:
            queue = self.queues.get(delivery.channel)
            if queue:
                yield delivery.channel, queue, delivery

    async def _release(self, due: Sequence[Held]) -> bool:
        """Release held messages by the routes in force; whether there was anything to. Raises
        StoreError."""
        async with self.routing.turn():
            groups = self.routing.releasable(due)
            if groups:
                async with self._store.transaction() as tx:
                    deliveries = await release_all(tx, groups, self.routing.plan_release)
                self._dispatch(deliveries)
        return bool(groups)

    def _dispatch(self, deliveries: Iterable[Delivery]) -> None:
        for delivery in deliveries:
            if delivery.state is State.PENDING:
                self._send(delivery)
            self._broadcast.tell(delivery)

    def _send(self, delivery: Delivery) -> None:
        if self._reaches(delivery.channel):
            self._queue(delivery.channel).put(delivery)
        else:  # it went while this was committed
            self._refuse(delivery)

    def _queue(self, channel: Channel) -> DeliveryQueue:
        queue = self.queues.get(channel)
        if queue is None:
            method = self.methods[channel.method]
            if method is None:
                raise LookupError(f"{channel} is delivered when it is committed")
            queue = self.queues[channel] = DeliveryQueue(
                channel,
                method,
                self._renderer,
                self._store.deliveries,
                self.commits.settle,
                self.clock,
                self._on_failure,
                self._on_idle,
                self._limits.queues,
            )
            if channel.method in self._persons:
                self.crowd.join()
            spec = self._specs.get(channel)
            queue.hold(bool(spec and not spec.enabled))
        return queue

    def _on_idle(self, queue: DeliveryQueue) -> bool:
        """End the queue of a person who has everything: there may be ten thousand."""
        if queue.channel.method not in self._persons or self.queues.get(queue.channel) is not queue:
            return False
        del self.queues[queue.channel]
        self.crowd.leave()
        return True
