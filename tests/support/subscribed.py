"""A bus with subscribers: a real store and hub, time that is moved, and persons behind wires that
tests hold."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from component import processors
from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.limits import DEFAULT_LIMITS, EngineLimits
from component.bus.engine.notices import Notices
from component.bus.engine.scheduler import Scheduler
from component.bus.model.delivery import Delivery
from component.bus.model.flow_control import Way
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Preference, Put
from component.bus.model.roles import Roles
from component.bus.model.subscription import (
    Address,
    DecisionTime,
    Interval,
    Proof,
    Subscription,
)
from component.bus.ports.method import Confirmation, Fate, MethodSpec
from component.bus.ports.store import Store
from component.methods import discover
from component.storage import open_store
from component.subscriptions.addresses import QUOTAS, AddressBook, RequestQuotas
from component.subscriptions.audience import SUBSCRIBERS
from component.subscriptions.digests import Digests
from component.subscriptions.fan_out import Subscribers
from component.subscriptions.links import Links
from component.subscriptions.service import Subscriptions
from tests.support.fakes import FakeClock, FakeMethod, FakeOnline, said

LOBBY = Channel("shoutbox", "lobby")
TEAM = Channel("shoutbox", "team")
JULIET, ROMEO = "juliet@example.org", "romeo@example.org"
AUDIT = Audit(0, "admin@x", "test", "set")


class Persons(FakeMethod):
    """Persons who are told on the wire at once (`ports.Quick`). `told` is what came so: (JID,
    words); `taken` of whom something was taken back: (JID, message's id)."""

    corrects = True

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str]] = []
        self.refuses: dict[str, Exception] = {}
        self.taken: list[tuple[str, str]] = []
        self.unproved: set[str] = set()
        self.ways: defaultdict[str, Way] = defaultdict(Way)

    async def tell(self, target: Channel, message: Message) -> Confirmation:
        done: Confirmation = asyncio.get_running_loop().create_future()
        fault = self.refuses.get(target.address)
        if target.address in self.unproved:
            self.told.append((target.address, message.body))
        elif fault:
            done.set_exception(fault)
        else:
            self.told.append((target.address, message.body))
            done.set_result(None)
        return done

    def way(self, target: Channel) -> Way:
        return self.ways[target.address.rpartition("@")[2]]

    async def retract(self, delivery: Delivery) -> Fate:
        self.taken.append((delivery.channel.address, delivery.message.id))
        return Fate.ASKED


@dataclass
class World:
    """All of it; `chat` and `mail` are the ways out."""

    hub: Hub
    store: Store
    clock: FakeClock
    scheduler: Scheduler
    settings: Settings
    subscriptions: Subscriptions
    digests: Digests
    book: AddressBook
    online: FakeOnline
    chat: Persons
    mail: FakeMethod
    fanout: Subscribers

    async def subscribe(
        self, who: str = JULIET, channel: Channel = LOBBY, when: str = "", **more: Any
    ) -> Subscription:
        """A new one, by chat where no `target` is given; one by mail is confirmed."""
        target = more.pop("target", Channel("chat", who))
        if target.method == "mail":
            await self.store.addresses.put(Address(who, target, Proof.CONFIRMED))
        new = Subscription(who, channel, target, Interval.parse(when), **more)
        return await self.subscriptions.add(new)

    async def say(
        self, body: str, channel: Channel = LOBBY, who: str = ROMEO, **more: Any
    ) -> Message:
        """Someone says something; back once nothing is under way."""
        replies = more.pop("replies", "")
        author = Author(who.partition("@")[0], who)
        message = replace(
            said(body, channel, author=author, at=self.clock(), **more), replies=replies
        )
        await self.hub.accept(message)
        await self.rest()
        return message

    async def rest(self) -> None:
        """Return once every queue of a person has ended, no job runs, and all of it is on disk."""
        await self.scheduler.settled()
        await self.hub.crowd.below(1)
        async with asyncio.timeout(10):
            while (
                await self.store.deliveries.backlog()
            ):  # outcomes linger, for others to be committed with
                pass

    async def until(self, ms: int) -> None:
        """Let the clock come to a time, stopping wherever something is due."""
        while (due := self.scheduler.next_due()) is not None and due <= ms:
            self.clock.now = max(self.clock.now, due / 1000)
            self.scheduler.tick()
            await self.rest()
        self.clock.now = ms / 1000

    async def sleep(self, minutes: float) -> None:
        """Let time pass."""
        await self.until(self.clock() + int(minutes * 60_000))

    def quiet(self, jid: str, hours: str, zone: str = "UTC") -> None:
        """Someone's quiet hours."""
        self.settings.preferences[jid] = replace(Preference(jid, zone=zone), quiet=hours)


def known_methods() -> dict[str, MethodSpec]:
    return dict(discover())


@asynccontextmanager
async def a_world(
    folder: Path,
    channels: Iterable[Channel] = (LOBBY, TEAM),
    name: str = "bus.db",
    clock: FakeClock | None = None,
    limits: EngineLimits = DEFAULT_LIMITS,
    quotas: RequestQuotas = QUOTAS,
) -> AsyncIterator[World]:
    """A running one, its admin being admin@x; with the same folder and name it goes on where that
    one ended."""
    store = await open_store(f"sqlite:{folder / name}")
    clock = clock or FakeClock(1_800_000_000.0)
    hub, scheduler, online = Hub(store, clock, limits), Scheduler(clock), FakeOnline()
    known = known_methods()
    settings = Settings(store, hub, Roles(["admin@x"]), known)
    notices = Notices(hub, settings, known, clock)
    book = AddressBook(
        hub, store, notices, Links("http://127.0.0.1:8080", b"secret"), clock, quotas
    )
    subscriptions = Subscriptions(
        hub, store, settings, known, notices, book, online, scheduler, clock, ("chat", "mail")
    )

    def moment() -> DecisionTime:
        return DecisionTime(clock(), online.is_online, settings.quiet)

    chat, mail = Persons(), FakeMethod()
    fanout = Subscribers(
        hub, store, subscriptions.audience, lambda channel: channel.address.title(), moment, clock
    )
    digests = Digests(
        hub, store.digests, store.deliveries, store.fan_out, subscriptions, scheduler, moment, clock
    )
    for part in (fanout, subscriptions):
        part.due.append(digests.expect)
    scheduler.set_back.append(digests.look_again)
    hub.attach(
        {**dict.fromkeys(known), "chat": chat, "mail": mail, SUBSCRIBERS: fanout},
        persons=[*(one for one, spec in known.items() if spec.person), SUBSCRIBERS],
        make=processors.make,
        on_failure=subscriptions.on_failure,
        followers=subscriptions.audience.followers,
    )
    await hub.start()
    await settings.load()
    if not hub.channels:
        await settings.change([Put(ChannelSpec(one)) for one in channels], AUDIT)
    await subscriptions.start()
    await digests.start()
    yield World(
        hub,
        store,
        clock,
        scheduler,
        settings,
        subscriptions,
        digests,
        book,
        online,
        chat,
        mail,
        fanout,
    )
    await hub.stop()
    await store.close()
