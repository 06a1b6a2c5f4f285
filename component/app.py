"""The composition root: the only file that knows everything. It owns the real clock, and closes the
circles."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
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
from component.bus.model.message import Channel, Message
from component.bus.model.message_page import MessagePages
from component.bus.model.roles import Roles
from component.bus.model.story import permalink
from component.bus.ports.deliveries import DeliveryStore
from component.bus.ports.method import (
    Callbacks,
    Clock,
    HeardThere,
    Method,
    MethodSpec,
    Ports,
    Source,
)
from component.bus.ports.store import Store
from component.common.errors import ConfigError, StoreError
from component.config import Config
from component.fetch.client import Fetcher, agent
from component.handlers import BusHandlers
from component.storage import open_store
from component.subscriptions.audience import SUBSCRIBERS
from component.subscriptions.factory import SubscriptionParts, put_together
from component.subscriptions.service import Subscriptions
from component.xmpp.gateway import Gateway
from component.xmpp.stream.connection import ComponentAccount
from web.context import Site
from web.guests import Guests
from web.sessions import SignIns

log = structlog.get_logger()

SWEEP = 1.0
"""Seconds between looks at what has timed out."""


def now() -> int:
    """Milliseconds since 1970, UTC."""
    return time.time_ns() // 1_000_000


async def unused(config: Config, store: Store) -> list[str]:
    """What the file would seed and the store does not hold, a sentence each: the store was seeded
    before."""
    channels = {spec.channel for spec in await store.configuration.channels()}
    routes = {(route.source, route.destination) for route in await store.configuration.routes()}
    tokens = {token.digest for token in await store.configuration.tokens()}
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

    xmpp: Gateway
    hub: Hub
    store: Store
    scheduler: Scheduler
    subscriptions: Subscriptions


@contextlib.asynccontextmanager
async def running(
    config: Config, clock: Clock = now, gateway: type[Gateway] = Gateway
) -> AsyncIterator[Running]:
    """The whole bus, from the moment it serves to its orderly end; raises ConfigError where it
    can't start."""
    known = dict(methods.discover())
    try:
        store = await open_store(config.store)
    except StoreError as error:
        raise ConfigError([error.sentence]) from error
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(store.close)
        await store.configuration.seed(config.channels, config.routes, config.tokens)
        for fault in await unused(config, store):
            log.warning("setting ignored", reason=fault)
        hub = Hub(store, clock)
        scheduler = Scheduler(clock)
        settings = Settings(store, hub, Roles(config.admins), known)
        secret = await store.secret()
        pages = MessagePages(config.web.public_url, secret)
        gateways: dict[str, HeardThere] = {}
        handlers = BusHandlers(
            hub,
            store.deliveries,
            store.messages,
            store.subscriptions,
            store.source_state,
            settings,
            known,
            pages,
            gateways,
        )
        xmpp = gateway(
            ComponentAccount(
                config.xmpp.host, config.xmpp.port, config.xmpp.component, config.xmpp.secret
            ),
            config.xmpp.bot,
            handlers,
            store.contacts,
            admins=config.admins,
            secret=secret,
            clock=clock,
        )
        fetcher = await stack.enter_async_context(_fetching(config, clock))
        callbacks = Callbacks(config.web.public_url)
        notices = put_together(
            config, hub, store, settings, known, xmpp.online, scheduler, pages.url, secret, clock
        )
        ports = Ports(
            xmpp.rooms,
            xmpp.direct,
            accept=hub,
            clock=clock,
            timer=scheduler,
            memory=store.source_state,
            tell=Notices(hub, settings, known, clock).tell,
            joins=xmpp.rooms.joins,
            fetcher=fetcher,
            ends=hub.ends,
            luck=SystemRandom(),
            addresses=notices.subscriptions.book,
            callbacks=callbacks,
            setup=config.setup,
            secret=secret,
            gateways=gateways,
        )
        attach(hub, config, known, ports, notices, pages)
        await settings.load()
        settings.changed_role.append(xmpp.roster.renew)
        handlers.seen_by.append(notices.subscriptions.seen)
        xmpp.rooms.lost.append(lambda _room, jid: notices.subscriptions.access.left(jid))
        scheduler.set_back.append(notices.digests.look_again)
        reminders = Reminders(hub, store.reminders, settings, known, scheduler, clock)
        began = time.monotonic()

        async def health() -> dict[str, Any]:
            return await _health(hub, store.deliveries, xmpp, began)

        guests = Guests(time.monotonic, [config.xmpp.bot, "shoutbus"])
        sign_ins = SignIns(time.monotonic, handlers.is_operator)
        bus = command.Bus(
            bot=xmpp.bot.bare,
            web=config.web.public_url,
            version=__version__,
            actions=command.discover(),
            hub=hub,
            store=store,
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
            sign_in=lambda jid, page: (
                f"{config.web.public_url}/sign-in/{sign_ins.link(jid, page)}?to={page}"
            ),
        )
        handlers.text = Text(bus, settings.roles.of, time.monotonic, xmpp.bot.write)
        handlers.adhoc = AdHoc(
            bus,
            settings.roles.of,
            xmpp.bot.write,
            time.monotonic,
            xmpp.identities.channel_at,
        )
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
            key_of=pages.key,
            bus=bus,
            sign_ins=sign_ins,
            sessions=Sessions(time.monotonic, handlers.is_operator),
            callbacks=callbacks,
        )
        await stack.enter_async_context(web.app.serving(site, config.web.host, config.web.port))
        for work in (xmpp.run(), scheduler.run(), _sweep(xmpp, handlers.adhoc)):
            stack.push_async_callback(_end, asyncio.create_task(work))
        stack.push_async_callback(
            xmpp.stop
        )  # first of all, while there is a stream to say goodbye on
        log.info("serving", url=config.web.public_url, component=config.xmpp.component)
        yield Running(xmpp, hub, store, scheduler, notices.subscriptions)


def attach(
    hub: Hub,
    config: Config,
    known: Mapping[str, MethodSpec],
    ports: Ports,
    parts: SubscriptionParts,
    pages: MessagePages,
) -> None:
    """Make the methods and sources, and give the hub all that it asks while it runs."""
    ways: dict[str, Method | None] = {}
    persons = [SUBSCRIBERS]
    sources: dict[str, Source] = {}
    for name, spec in known.items():
        if spec.listens:
            ways[name] = None
            if spec.make:
                ways[name] = spec.make(ports)
        if spec.person:
            persons.append(name)
        if spec.source:
            sources[name] = spec.source(ports)
    ways[SUBSCRIBERS] = parts.fanout

    def link_in_archive(message: Message, place: Channel) -> str:
        if not known[place.method].archive:
            return ""
        return f"{config.web.public_url}{permalink(message, place)}"

    hub.attach(
        ways,
        persons=persons,
        on_failure=parts.subscriptions.on_failure,
        followers=parts.subscriptions.audience.followers,
        renderer=parts.letters,
        make=processors.make,
        link=pages.url,
        sources=sources,
        permalink=link_in_archive,
    )


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


async def _sweep(*what: Gateway | AdHoc) -> None:
    while True:
        await asyncio.sleep(SWEEP)
        for one in what:
            one.sweep()


async def _health(
    hub: Hub, deliveries: DeliveryStore, xmpp: Gateway, began: float
) -> dict[str, Any]:
    told: dict[str, Any] = {
        "status": "ok",
        "version": __version__,
        "uptime": round(time.monotonic() - began, 1),
    }
    told["xmpp"] = xmpp.health()
    if troubles := {
        one.channel.method: str(one.why) for one in hub.troubles if one.channel.address == "*"
    }:
        told["troubles"] = troubles
    try:
        await hub.check()
        told["queues"] = {
            str(channel): depth for channel, depth in (await deliveries.backlog()).items()
        }
        told["store"] = {"state": "up", "unsaved": hub.unsaved}
    except StoreError as error:
        told["store"] = {"state": "down", "trouble": str(error)}
    if told["store"]["state"] != "up" or not xmpp.session.alive:
        told["status"] = "down"
    elif any(room.state != "in" for room in xmpp.rooms.all):
        told["status"] = "degraded"
    return told
