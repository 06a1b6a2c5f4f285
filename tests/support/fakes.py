"""Fakes of time, of the wire (it confirms, refuses, fails and loses on demand) and of a disk that
fails."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any, NoReturn

from commands.action import Bus, discover
from component import processors
from component.bus.engine.admin import Settings
from component.bus.engine.commits import Offer
from component.bus.engine.delivery_queue import QueueLimits
from component.bus.engine.hub import Hub
from component.bus.engine.limits import CommitLimits, EngineLimits
from component.bus.engine.notices import Notices
from component.bus.engine.reminders import Reminders
from component.bus.engine.scheduler import Scheduler
from component.bus.model.delivery import Delivery, State
from component.bus.model.ledger import Ledger
from component.bus.model.message import Author, Channel, Message
from component.bus.model.planner import Planner
from component.bus.model.records import ChannelSpec, Preference
from component.bus.model.roles import Roles
from component.bus.model.route import Route, Routes
from component.bus.ports.accepted import Receipt
from component.bus.ports.deliveries import DeliveryStore
from component.bus.ports.method import Confirmation, Joined, Method, Ports, Refusal, RoomState
from component.bus.ports.rendering import PLAIN, AsMessage, Rendered, Renderer, render
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan, Transaction
from component.common.errors import DeliveryError, Refused, StoreError, Unavailable
from component.common.i18n import Words
from component.methods import discover as discover_methods
from component.storage import open_store
from component.subscriptions.addresses import AddressBook
from component.subscriptions.links import Links
from component.subscriptions.service import Subscriptions

AUTHOR = Author("Juliet", "juliet@example.org")
FROM = Channel("shoutbox", "lobby")
TO = Channel("wire", "one")
OTHER = Channel("wire", "two")


def said(body: str = "hello", channel: Channel = FROM, **more: Any) -> Message:
    """A message as someone said it."""
    return Message.new(channel, more.pop("author", AUTHOR), body, more.pop("at", 1_000), **more)


def offered(message: Message, *plan: tuple[Channel, State]) -> Offer:
    """A message to accept, and the state each channel it concerns starts in."""
    return Offer(message, lambda: Plan([(message, channel, state, "") for channel, state in plan]))


def reached(message: Message, routes: Routes) -> tuple[Channel, ...]:
    """Where a message arrives."""
    follows = Planner(routes, Ledger(), message.at, lambda _message: "").plan(message)
    return tuple(one.channel for one in follows.arrivals)


@dataclass
class FakeClock:
    """Time that passes when told to: milliseconds by a call, as `ports.Clock`; seconds as a
    monotonic clock."""

    now: float = 1_000.0

    def __call__(self) -> int:
        return int(self.now * 1000)

    def seconds(self) -> float:
        return self.now

    def sleep(self, seconds: float = 0.0, minutes: float = 0.0) -> None:
        self.now += seconds + minutes * 60


async def deliver(method: Method, delivery: Delivery, renderer: Renderer = PLAIN) -> Confirmation:
    """Send a delivery as its queue does."""
    return await method.send(await render(method.form, renderer, delivery))


class FakeMethod:
    """A destination behind a wire. It `holds` what reached it, and confirms at once unless
    `answers` is off.

    `plans` are taken by the next sends, one each: an error to raise in sending; else a function of
    the delivery and its confirmation, which decides what becomes of them.
    """

    form = AsMessage()

    def __init__(self) -> None:
        self.holds: defaultdict[Channel, list[str]] = defaultdict(list)
        self.ids: defaultdict[Channel, set[str]] = defaultdict(set)
        self.sent: list[tuple[Channel, str]] = []
        self.given: list[Rendered[Message]] = []
        self.flying: list[tuple[Delivery, Confirmation]] = []
        self.most_flying = 0
        self.answers = True
        self.tells_landed = True
        self.asked: list[Channel] = []
        self.specs: Sequence[ChannelSpec] = ()
        self.plans: list[DeliveryError | Callable[[Delivery, Confirmation], None]] = []
        self.closed: set[Channel] = set()
        self._opened = asyncio.Condition()
        self._news = asyncio.Event()

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        self.specs = specs

    async def ready(self, channel: Channel) -> None:
        async with self._opened:
            await self._opened.wait_for(lambda: channel not in self.closed)

    async def open(self, channel: Channel) -> None:
        """Let a closed channel be reached."""
        async with self._opened:
            self.closed.discard(channel)
            self._opened.notify_all()

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        delivery = rendered.delivery
        self.given.append(rendered)
        self.sent.append((delivery.channel, delivery.message.body))
        self._news.set()
        plan = self.plans.pop(0) if self.plans else None
        if isinstance(plan, DeliveryError):
            raise plan
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        self.flying.append((delivery, confirmation))
        self.most_flying = max(self.most_flying, sum(1 for _, one in self.flying if not one.done()))
        if plan:
            plan(delivery, confirmation)
        elif self.answers:
            self.take(delivery)
            confirmation.set_result(None)
        else:
            self.take(delivery)
        return confirmation

    def take(self, delivery: Delivery) -> None:
        """It arrives."""
        self.holds[delivery.channel].append(delivery.message.body)
        self.ids[delivery.channel].add(delivery.message.id)

    async def landed(self, channel: Channel) -> frozenset[str]:
        self.asked.append(channel)
        return frozenset(self.ids[channel]) if self.tells_landed else frozenset()

    def confirm_all(self) -> None:
        """Confirm what is on the wire, oldest first."""
        for _, confirmation in self.flying:
            if not confirmation.done():
                confirmation.set_result(None)

    def fail_all(self, error: DeliveryError) -> None:
        """The wire breaks."""
        for _, confirmation in self.flying:
            if not confirmation.done():
                confirmation.set_exception(error)

    async def until_sent(self, count: int) -> None:
        """Return once that many were put on the wire."""
        async with asyncio.timeout(10):
            while len(self.sent) < count:
                self._news.clear()
                await self._news.wait()


def loses(
    error: DeliveryError, *, arrives: bool, method: FakeMethod
) -> Callable[[Delivery, Confirmation], None]:
    """A plan: nothing comes back, whether or not it `arrives`."""

    def plan(delivery: Delivery, confirmation: Confirmation) -> None:
        if arrives:
            method.take(delivery)
        confirmation.set_exception(error)

    return plan


class Instead:
    """A port of a store of which some methods are others."""

    def __init__(self, port: Any, **methods: Any) -> None:
        self._port = port
        self.__dict__.update(methods)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._port, name)


class WatchedDeliveries:
    """Deliveries of a store, and how many pending ones were read at once at most."""

    def __init__(self, deliveries: DeliveryStore) -> None:
        self._deliveries = deliveries
        self.most_read = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._deliveries, name)

    async def pending(self, channel: Channel, after: int, limit: int) -> Sequence[Delivery]:
        found = await self._deliveries.pending(channel, after, limit)
        self.most_read = max(self.most_read, len(found))
        return found


class WatchedStore:
    """A store that counts its saves, tells of each, and whose disk fails on demand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.saves: list[list[int]] = []
        """Of each transaction, how many messages, outcomes and positions it has."""
        self.failing = 0
        self.late = False
        """Whether it fails only once it was planned what follows, and most of it is written."""
        self.gate: asyncio.Event | None = None
        self.saved = asyncio.Event()
        self.messages: Any = store.messages
        self.reminders: Any = store.reminders
        self.deliveries: Any = WatchedDeliveries(store.deliveries)

    @property
    def most_read(self) -> int:
        """The longest page of pending deliveries that was read."""
        return int(self.deliveries.most_read)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Any]:
        counts = [0, 0, 0]
        self.saves.append(counts)
        if self.gate:
            await self.gate.wait()
        fails = self.failing > 0
        self.failing -= fails
        try:
            if fails and not self.late:
                _fail()
            async with self._store.transaction() as tx:
                yield WatchedTransaction(tx, counts)
                if fails:
                    _fail()
        finally:
            self.saved.set()


class WatchedTransaction:
    """A transaction that counts the messages, outcomes and positions in it."""

    def __init__(self, tx: Transaction, counts: list[int]) -> None:
        self._tx = tx
        self._counts = counts

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tx, name)

    async def add(self, messages: Sequence[Message]) -> Any:
        self._counts[0] += len(messages)
        return await self._tx.add(messages)

    async def settle(self, outcomes: Sequence[Delivery]) -> None:
        self._counts[1] += len(outcomes)
        await self._tx.settle(outcomes)

    async def save_positions(self, positions: Sequence[ArchivePosition]) -> None:
        self._counts[2] += len(positions)
        await self._tx.save_positions(positions)


def _fail() -> NoReturn:
    raise StoreError("The disk is full; nothing was changed, try again.")


async def until(holds: Callable[[], Any], what: str) -> None:
    """Return once `holds` is true; for what tells no one. Fails, naming `what`."""
    end = asyncio.get_running_loop().time() + 20
    while not holds():
        assert asyncio.get_running_loop().time() < end, f"not within 20 s: {what}"
        await asyncio.sleep(0.001)


async def until_all(store: Any, state: State, count: int, channel: Channel = TO) -> None:
    """Return once `count` deliveries to `channel` are in `state` on disk."""
    async with asyncio.timeout(20):
        while True:
            found = [
                one
                for one in await store.deliveries.log(channel, limit=10_000)
                if one.state is state
            ]
            if len(found) >= count:
                assert len(found) == count, found
                return
            store.saved.clear()
            try:
                async with asyncio.timeout(0.05):
                    await store.saved.wait()
            except TimeoutError:
                continue


def at_once(_failures: int, _chance: float) -> float:
    """No pause after a failure."""
    return 0.0


FAST = QueueLimits(back_off=at_once)
QUICK = EngineLimits(CommitLimits(retry_s=0.01), queues=FAST)
"""Of an engine that tries again at once."""


@dataclass
class Bench:
    """A hub between `FROM` and channels of one fake method, on a store that can be opened again."""

    store: WatchedStore
    method: FakeMethod
    clock: FakeClock = field(default_factory=FakeClock)
    hubs: list[Hub] = field(default_factory=list)
    limits: EngineLimits = QUICK
    renderer: Renderer = PLAIN
    failures: list[tuple[State, str]] = field(default_factory=list)
    """What the hub told of deliveries that did not arrive: their state then, and why."""

    async def start(self, method: FakeMethod | None = None) -> Hub:
        """A hub, the first one or the one after a crash."""
        self.method = method or self.method
        hub = Hub(self.store, self.clock, self.limits)
        hub.attach(
            {"wire": self.method, "shoutbox": None},
            make=processors.make,
            renderer=self.renderer,
            on_failure=self._failed,
        )
        await hub.start()
        self.hubs.append(hub)
        return hub

    async def _failed(self, then: Delivery, error: DeliveryError) -> Delivery:
        self.failures.append((then.state, str(error)))
        return then

    async def crash(self) -> None:
        """As kill -9: no last commit, no goodbye."""
        self.hubs.pop()
        names = ("queue ", "releases", "group commit")
        tasks = [task for task in asyncio.all_tasks() if task.get_name().startswith(names)]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def close(self) -> None:
        for hub in self.hubs:
            await hub.stop()
        await self.store.close()


async def seeded(store: Store, routes: Iterable[Route]) -> WatchedStore:
    """A store with these routes and the channels they name."""
    ways = list(routes)
    ends = {end: None for route in ways for end in (route.source, route.destination)}
    await store.configuration.seed([ChannelSpec(end) for end in ends], ways, ())
    return WatchedStore(store)


def unavailable() -> Unavailable:
    return Unavailable("The wire is cut.")


class FakeRooms:
    """Rooms as commands see them: `states` is what is told of each; what was asked of them stands
    in the lists."""

    def __init__(self) -> None:
        self.states: dict[str, RoomState] = {}
        self.invited: list[tuple[str, str]] = []
        self.destroyed: list[str] = []
        self.refusal: DeliveryError | None = None
        self.admitted: set[tuple[str, str]] = set()

    async def admits(self, room: str, jid: str, /) -> bool:
        return (room, jid) in self.admitted

    def told(self, room: str) -> RoomState | None:
        return self.states.get(room)

    async def invite(self, room: str, whom: str) -> None:
        if self.refusal:
            raise self.refusal
        self.invited.append((room, whom))

    async def destroy(self, room: str, reason: str) -> None:
        if self.refusal:
            raise self.refusal
        self.destroyed.append(room)


@dataclass
class FakeOnline:
    """Who is there, and who let themselves be seen, as tests say."""

    there: set[str] = field(default_factory=set)
    watched: list[str] = field(default_factory=list)
    agreed: set[str] = field(default_factory=set)

    def asks(self, jid: str) -> bool:
        return jid in self.watched and jid not in self.agreed

    def is_online(self, jid: str) -> bool:
        return jid in self.there

    def watch(self, jid: str) -> None:
        self.watched.append(jid)


@asynccontextmanager
async def a_bus(folder: Path) -> AsyncIterator[Bus]:
    """What commands may use, on a real store in `folder`; nothing goes out. admin@x is the
    admin."""
    store = await open_store(f"sqlite:{folder / 'commands.db'}")
    clock = FakeClock()
    hub = Hub(store, clock)
    known = discover_methods()
    hub.attach(
        dict.fromkeys(known), [one.name for one in known.values() if one.person], processors.make
    )
    settings = Settings(store, hub, Roles(["admin@x"]), known)
    notices = Notices(hub, settings, known, clock)
    book = AddressBook(
        hub, store, notices, Links("http://127.0.0.1:8080", b"a secret of the bus"), clock
    )
    ways = [one.name for one in known.values() if one.person]
    subscriptions = Subscriptions(
        hub, store, settings, known, notices, book, FakeOnline(), Scheduler(clock), clock, ways
    )

    async def health() -> dict[str, Any]:
        return {
            "status": "ok",
            "xmpp": {"state": "up", "rooms": {}},
            "queues": {},
            "store": {"state": "up"},
        }

    await hub.start()
    yield Bus(
        bot="bot@bus.example.org",
        web="http://127.0.0.1:8080",
        version="1.2.3",
        actions=discover(),
        hub=hub,
        store=store,
        settings=settings,
        methods=known,
        clock=clock,
        health=health,
        rooms=FakeRooms(),
        rooms_domain="rooms.example.org",
        reminders=Reminders(hub, store.reminders, settings, known, Scheduler(clock), clock),
        subscriptions=subscriptions,
    )
    await hub.stop()
    await store.close()


async def prefers(bus: Bus, chosen: Preference) -> None:
    """Someone chose these preferences."""
    await bus.settings.prefer(chosen.jid, lambda _: chosen)


@dataclass
class FakeAddresses:
    """Whose addresses are whose: by default all are proved nobody's in particular."""

    owners: dict[Channel, str] = field(default_factory=dict)
    refused: dict[Channel, str] = field(default_factory=dict)
    gone: list[tuple[Channel, str]] = field(default_factory=list)
    stopped: list[Channel] = field(default_factory=list)

    async def check(self, delivery: Delivery) -> None:
        if delivery.channel in self.refused:
            raise Refused(self.refused[delivery.channel])

    async def bounced(self, target: Channel, why: str) -> None:
        self.gone.append((target, why))

    async def knows(self, target: Channel) -> bool:
        return True

    async def allow(self, target: Channel) -> None:
        raise NotImplementedError

    async def owner(self, target: Channel) -> str:
        return self.owners.get(target, "")

    async def stop(self, target: Channel) -> None:
        self.stopped.append(target)


class FakeWorld:
    """What sources see: a clock that is moved, a hub that takes every message, a memory, and owners
    who listen."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.scheduler = Scheduler(self.clock)
        self.accepted: list[Message] = []
        self.kept: dict[Channel, Any] = {}
        self.told: list[tuple[Channel, str]] = []
        self.joins: list[Joined] = []
        self.ends: defaultdict[Channel, set[Channel]] = defaultdict(set)
        self.luck = Random(1)  # noqa: S311 — the same luck each time is what is wanted
        self.failing = 0

    async def accept(
        self,
        message: Message,
        mark: ArchivePosition | None = None,
        *,
        deliver: bool = False,
        spread: bool = True,
    ) -> Receipt:
        if self.failing:
            self.failing -= 1
            raise StoreError("The disk is full; nothing was changed, try again.")
        known = next((one for one in self.accepted if one.origin == message.origin), None)
        if known:
            return Receipt(known, new=False)
        self.accepted.append(message)
        return Receipt(message, new=True)

    async def correct(self, message: Message, origin: str) -> Receipt | None:
        earlier = next((one for one in self.accepted if one.origin == origin), None)
        return await self.accept(replace(message, corrects=earlier.id)) if earlier else None

    def refusals(self, receipt: Receipt) -> Sequence[Refusal]:
        return ()

    async def recall(self, channel: Channel) -> Any:
        return json.loads(json.dumps(self.kept.get(channel)))

    async def keep(self, channel: Channel, state: Any) -> None:
        self.kept[channel] = json.loads(json.dumps(state))

    async def tell(self, channel: Channel, words: Words) -> None:
        self.told.append((channel, str(words)))

    @property
    def said(self) -> list[tuple[str, str]]:
        """(channel, words) of all that was accepted."""
        return [(str(one.channel), one.body) for one in self.accepted]

    def ports(self, rooms: Any = None, direct: Any = None) -> Ports:
        return Ports(
            rooms,
            direct,
            accept=self,
            clock=self.clock,
            timer=self.scheduler,
            memory=self,
            tell=self.tell,
            joins=self.joins,
            fetcher=lambda: None,
            ends=lambda channel: self.ends[channel],
            luck=self.luck,
            addresses=FakeAddresses(),
        )

    async def until(self, seconds: float) -> None:
        """Let the clock come to `seconds`, stopping at each time that something is due."""
        while (due := self.scheduler.next_due()) is not None and due <= seconds * 1000:
            self.clock.now = max(self.clock.now, due / 1000)
            self.scheduler.tick()
            await self.scheduler.settled()
        self.clock.now = seconds
