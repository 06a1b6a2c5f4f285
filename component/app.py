"""The composition root: the only file that knows everything. It owns the real clock, and closes the
circles."""

import asyncio
import contextlib
import hashlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from typing import Any

import structlog

import web.app
from commands import action as command
from commands.adhoc import AdHoc
from commands.sessions import Sessions
from commands.text import Text
from component import __version__, methods, processors
from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.notices import Notices
from component.bus.engine.reminders import Reminders
from component.bus.engine.scheduler import Scheduler
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.roles import Role, Roles
from component.bus.model.story import permalink
from component.bus.model.subscription import SUBSCRIBERS
from component.bus.ports.method import Callbacks, Clock, HeardThere, Method, MethodSpec, Ports
from component.bus.ports.store import Store
from component.common.errors import ConfigError, StoreError
from component.common.i18n import Words, _
from component.config.config import Config
from component.fetch.client import Fetcher, agent
from component.storage import open_store
from component.subscriptions.factory import put_together
from component.subscriptions.service import Subscriptions
from component.xmpp import disco
from component.xmpp.bot import Bot
from component.xmpp.connection import ComponentAccount
from component.xmpp.direct import DirectMessages
from component.xmpp.disco import Disco, Identity
from component.xmpp.muc.ingest import Ingest
from component.xmpp.muc.mam import MamArchive
from component.xmpp.muc.puppets import Puppets
from component.xmpp.muc.replies import had
from component.xmpp.muc.room import Room, RoomLine
from component.xmpp.muc.rooms import Rooms
from component.xmpp.presence import Presence
from component.xmpp.roster import Roster
from component.xmpp.session import Session
from component.xmpp.stanza import NS, bare, domain, local
from web.context import Site
from web.guests import Guests
from web.sessions import Operators

log = structlog.get_logger()

SWEEP = 1.0
"""Seconds between looks at what has timed out."""
LATEST = 2**62
"""Behind every delivery."""
RECALLED = 200
"""Lines of a room from before the start that can be answered."""


def now() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


class Xmpp:
    """The XMPP side put together: which stanza goes to whom."""

    def __init__(self, config: Config, store: Store, secret: bytes, clock: Clock) -> None:
        xmpp = config.xmpp
        self.link = Session(
            ComponentAccount(xmpp.host, xmpp.port, xmpp.component, xmpp.secret), self._heard
        )
        self._public_url = config.web.public_url
        self._secret = secret
        self.bot = Bot(self.link, xmpp.bot, clock)
        self.contacts = Roster(self.link, store)
        self.online = Presence(self.link, self.bot.bare)
        self.direct = DirectMessages(
            self.link, self.bot.jid, self.link_to, lambda jid: self._settings.language(jid, "")
        )
        self.puppets = Puppets(self.link, time.monotonic)
        self.archive = MamArchive(self.link, self.bot.jid)

        async def recent(channel: Channel) -> Sequence[Delivery]:
            return await store.log(channel, before=LATEST, limit=RECALLED)

        self.hearing = Ingest(self.archive, clock, store.mark, recent, secret)
        self.rooms = Rooms(
            self.link,
            self.bot.jid,
            "shoutbus",
            self.puppets,
            self.hearing,
            admins=config.admins,
            link_to=self.link_to,
        )
        self.desk = Disco(self.link, self._identify, self._listed)
        self.seen: list[Callable[[str], None]] = []
        """Called with the bare JID of each who writes, or shows the bot that they are there."""
        self._hub: Hub
        self._settings: Settings

    def attach(
        self,
        hub: Hub,
        text: Text,
        adhoc: AdHoc,
        settings: Settings,
        known: dict[str, MethodSpec],
        gateways: Mapping[str, HeardThere],
    ) -> None:
        """Close the circle between the hub and XMPP."""
        self.desk.attach(adhoc)
        self.contacts.attach(self._identify)
        self._hub, self._settings = hub, settings
        self._open = [name for name, spec in known.items() if spec.open]
        self.bot.attach(
            hub,
            hub.leads_to,
            self._addressed,
            text.answer,
            self.rooms.is_bus,
            lambda jid: settings.preference(jid).confirm,
            settings.language,
            partial(had, hub.store),
            gateways,
        )

        async def addressed(room: Room, said: RoomLine) -> None:
            await self.bot.addressed(self.rooms.tell, room, said)

        self.hearing.attach(hub, hub.note, hub.reading)
        self.rooms.attach(addressed, self.bot.stopped, self._greeting)

    def link_to(self, message: Message) -> str:
        """The page that has a message whole."""
        return f"{self._public_url}/messages/{message.id}/{self.key_of(message.id)}"

    def key_of(self, message_id: str) -> str:
        """What opens a message's own page: an id can be known or guessed from where the message was
        said."""
        return hashlib.blake2b(
            message_id.encode(), digest_size=16, key=self._secret, person=b"message page"
        ).hexdigest()

    def _greeting(self, room: Room) -> Words:
        ends = sorted(
            {str(route.destination) for route in self._hub.routes if route.source == room.channel}
        )
        if not ends:
            return _(
                "Hello! I am Shoutbus. Write “{bot}: help” to see what I can do.", bot=room.nick
            )
        return _(
            "Hello! I am Shoutbus. Messages in this room are also posted to {ends}. Write "
            "“{bot}: help” to see what I can do.",
            ends=", ".join(ends),
            bot=room.nick,
        )

    def _addressed(self, name: str) -> Channel | None:
        for method in self._open:
            if name and self._hub.find(Channel(method, name)):
                return Channel(method, name)
        return None

    def channel_at(self, jid: str) -> Channel | None:
        """The channel that a bare JID of ours stands for."""
        if domain(jid) != self.link.domain or jid == self.bot.bare:
            return None
        return self._addressed(local(jid))

    def _identify(self, jid: str) -> Identity | None:
        if jid == self.link.domain:
            return Identity("component", "generic", "Shoutbus")
        if jid == self.bot.bare:
            return Identity("client", "bot", "Shoutbus")
        channel = self.channel_at(jid)
        if channel:
            spec = self._hub.find(channel)
            return Identity("client", "bot", (spec and spec.title) or str(channel))
        return disco.puppet(jid)

    def _listed(self) -> list[tuple[str, str]]:
        boxes = [spec for spec in self._hub.channels if spec.channel.method in self._open]
        named = [
            (f"{spec.channel.address}@{self.link.domain}", spec.title or str(spec.channel))
            for spec in boxes
        ]
        return [(self.bot.bare, "Shoutbus"), *named]

    def _heard(self, stanza: Any) -> None:
        if stanza.tag == f"{NS}message":
            if self.rooms.message(stanza) or self.archive.heard(stanza):
                return
            if stanza.get("type") == "error":
                self.direct.bounced(stanza)
                return
            self._sees(stanza)
            self.bot.message(stanza, from_room=self.rooms.has(stanza.get("from", "")))
        elif stanza.tag == f"{NS}presence":
            self._shown(stanza)
        elif stanza.tag == f"{NS}iq":
            self.desk.iq(stanza)

    def _shown(self, stanza: Any) -> None:
        to = stanza.get("to", "")
        if to != self.bot.jid:
            self.puppets.heard(stanza)
        elif self.rooms.presence(stanza):
            return
        self.contacts.presence(stanza)
        if bare(to) == self.bot.bare:
            self.online.heard(stanza)
            if stanza.get("type") is None:
                self._sees(stanza)

    def _sees(self, stanza: Any) -> None:
        for call in self.seen:
            call(bare(stanza.get("from", "")))

    async def inside(self) -> None:
        """Return once the bot is in every room."""
        for room in self.rooms.all:
            await room.inside.wait()

    async def stop(self) -> None:
        """Say goodbye and end the stream."""
        if self.link.alive:
            self.rooms.leave()
            await self.contacts.goodbye()
        await self.link.close()
        await self.rooms.close()
        for part in (self.bot, self.contacts, self.direct):
            await part.close()

    def told(self) -> dict[str, Any]:
        """The XMPP part of `/health`."""
        rooms = {
            room.jid: {
                "state": room.state,
                "trouble": str(room.trouble),
                "limits": str(room.limits()) if room.affiliation else "",
            }
            for room in self.rooms.all
        }
        told = {"state": self.link.state, "trouble": self.link.trouble, "rooms": rooms}
        return told | ({"seconds": round(self.link.uptime, 1)} if self.link.since else {})


async def unused(config: Config, store: Store) -> list[str]:
    """What the file would seed and the store does not hold, a sentence each: the store was seeded
    before."""
    channels = {spec.channel for spec in await store.channels()}
    routes = {(route.source, route.destination) for route in await store.routes()}
    tokens = {token.digest for token in await store.tokens()}
    lost = [
        f"[[channel]] {spec.channel}" for spec in config.channels if spec.channel not in channels
    ]
    lost += [
        f"[[route]] {route.source} to {route.destination}"
        for route in config.routes
        if (route.source, route.destination) not in routes
    ]
    lost += [f"[[token]] {token.name}" for token in config.tokens if token.digest not in tokens]
    return [
        f"{one} is used only to set up an empty database, and this database is not empty. "
        "Add it with a command."
        for one in lost
    ]


@dataclass(frozen=True, slots=True)
class Running:
    """The bus as it runs."""

    xmpp: Xmpp
    hub: Hub
    scheduler: Scheduler
    subscriptions: Subscriptions


@contextlib.asynccontextmanager
async def running(config: Config, clock: Clock = now) -> AsyncIterator[Running]:
    """The whole bus, from the moment it serves to its orderly end; raises ConfigError where it
    can't start."""
    known = dict(methods.discover())
    try:
        store = await open_store(config.store)
    except StoreError as error:
        raise ConfigError([error.sentence]) from error
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await store.seed(config.channels, config.routes, config.tokens)
        for fault in await unused(config, store):
            log.warning("setting ignored", reason=fault)
        hub = Hub(store, clock)
        xmpp = Xmpp(config, store, await store.secret(), clock)
        scheduler = Scheduler(clock)
        settings = Settings(store, hub, Roles(config.admins), known)
        fetcher = await stack.enter_async_context(_fetching(config, clock))
        callbacks = Callbacks(config.web.public_url)
        secret = await store.secret()
        notices = put_together(
            config, hub, settings, known, xmpp.online, scheduler, xmpp.link_to, secret, clock
        )
        ports = Ports(
            xmpp.rooms,
            xmpp.direct,
            accept=hub,
            clock=clock,
            timer=scheduler,
            memory=store,
            tell=Notices(hub, settings, known, clock).tell,
            joins=xmpp.rooms.joins,
            fetcher=fetcher,
            ends=hub.ends,
            luck=SystemRandom(),
            letters=notices.letters,
            addresses=notices.subscriptions.book,
            callbacks=callbacks,
            setup=config.setup,
            secret=secret,
        )
        ways: dict[str, Method | None] = {
            name: spec.make(ports) if spec.make else None
            for name, spec in known.items()
            if spec.listens
        }
        hub.attach(
            ways | {SUBSCRIBERS: notices.fanout},
            persons=[*(name for name, spec in known.items() if spec.person), SUBSCRIBERS],
            on_failure=notices.subscriptions.on_failure,
            make=processors.make,
            link=xmpp.link_to,
            sources={name: spec.source(ports) for name, spec in known.items() if spec.source},
            permalink=lambda message, place: (
                f"{config.web.public_url}{permalink(message, place)}"
                if known[place.method].archive
                else ""
            ),
        )
        await settings.load()
        settings.changed_role.append(xmpp.contacts.renew)
        xmpp.seen.append(notices.subscriptions.seen)
        xmpp.rooms.lost.append(lambda _room, jid: notices.subscriptions.rights.left(jid))
        scheduler.set_back.append(notices.digests.look_again)
        reminders = Reminders(hub, settings, known, scheduler, clock)
        began = time.monotonic()

        async def health() -> dict[str, Any]:
            return await _health(hub, xmpp, began)

        guests = Guests(time.monotonic, [xmpp.bot.bare.partition("@")[0], "shoutbus"])
        operators = Operators(time.monotonic, lambda jid: settings.roles.of(jid) >= Role.OPERATOR)
        bus = command.Bus(
            bot=xmpp.bot.bare,
            web=config.web.public_url,
            version=__version__,
            actions=command.discover(),
            hub=hub,
            settings=settings,
            methods=known,
            clock=clock,
            health=health,
            rooms=xmpp.rooms,
            rooms_domain=config.xmpp.rooms,
            reminders=reminders,
            subscriptions=notices.subscriptions,
            digests=notices.digests,
            templates=notices.templates,
            guest=guests.holder,
            fetcher=fetcher,
            sign_in=lambda jid: f"{config.web.public_url}/sign-in/{operators.link(jid)}",
        )
        text = Text(bus, settings.roles.of, time.monotonic, xmpp.bot.write)
        adhoc = AdHoc(bus, settings.roles.of, xmpp.bot.write, time.monotonic, xmpp.channel_at)
        xmpp.attach(hub, text, adhoc, settings, known, ports.gateways)
        stack.push_async_callback(hub.stop)  # it may be begun in part
        await hub.start()
        await reminders.start()
        await notices.start()

        site = Site(
            hub=hub,
            clock=clock,
            guests=guests,
            roles=settings.roles,
            methods=known,
            tokens=settings.tokens,
            health=health,
            public_url=config.web.public_url,
            version=__version__,
            proxies=config.web.proxies,
            key_of=xmpp.key_of,
            bus=bus,
            operators=operators,
            sessions=Sessions(time.monotonic),
            callbacks=callbacks,
        )
        await stack.enter_async_context(web.app.serving(site, config.web.host, config.web.port))
        for work in (xmpp.link.run(), scheduler.run(), _sweep(xmpp.rooms, adhoc)):
            stack.push_async_callback(_end, asyncio.create_task(work))
        stack.push_async_callback(
            xmpp.stop
        )  # first of all, while there is a stream to say goodbye on
        log.info("serving", url=config.web.public_url, component=config.xmpp.component)
        yield Running(xmpp, hub, scheduler, notices.subscriptions)


@contextlib.asynccontextmanager
async def _fetching(config: Config, clock: Clock) -> AsyncIterator[Callable[[], Fetcher]]:
    """Gives the one fetcher, made when it is first asked for, since a bus without feeds needs
    none."""
    made: list[Fetcher] = []

    def fetcher() -> Fetcher:
        if not made:
            made.append(Fetcher(agent(__version__, config.web.public_url), config.fetch, clock))
        return made[0]

    try:
        yield fetcher
    finally:
        for one in made:
            await one.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _sweep(*what: Rooms | AdHoc) -> None:
    while True:
        await asyncio.sleep(SWEEP)
        for one in what:
            one.sweep()


async def _health(hub: Hub, xmpp: Xmpp, began: float) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status": "ok",
        "version": __version__,
        "uptime": round(time.monotonic() - began, 1),
    }
    told["xmpp"] = xmpp.told()
    if troubles := {
        one.channel.method: str(one.why) for one in hub.troubles if one.channel.address == "*"
    }:
        told["troubles"] = troubles
    try:
        await hub.check()
        told["queues"] = {
            str(channel): depth for channel, depth in (await hub.store.backlog()).items()
        }
        told["store"] = {"state": "up", "unsaved": hub.unsaved}
    except StoreError as error:
        told["store"] = {"state": "down", "trouble": str(error)}
    if told["store"]["state"] != "up" or not xmpp.link.alive:
        told["status"] = "down"
    elif any(room.state != "in" for room in xmpp.rooms.all):
        told["status"] = "degraded"
    return told
