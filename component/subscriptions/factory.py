"""Subscriptions put together: who asks for them, who tells them at once, who makes their digests,
and in what words."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.notices import Notices
from component.bus.model.message import Channel, Message
from component.bus.model.story import permalink
from component.bus.model.subscription import DecisionTime
from component.bus.ports.method import Clock, MethodSpec, Online, Timer
from component.bus.ports.store import Store
from component.common.i18n import Words
from component.config import Config
from component.subscriptions.addresses import AddressBook
from component.subscriptions.digests import Digests
from component.subscriptions.fan_out import Subscribers
from component.subscriptions.links import Links
from component.subscriptions.rendering.digest import Places
from component.subscriptions.rendering.renderer import Renderer
from component.subscriptions.rendering.templates import Templates
from component.subscriptions.service import Subscriptions


@dataclass(frozen=True, slots=True)
class SubscriptionParts:
    """The parts."""

    subscriptions: Subscriptions
    fanout: Subscribers
    digests: Digests
    letters: Renderer
    templates: Templates

    async def start(self) -> None:
        """Take up what was asked for and missed; once the hub runs. Raises StoreError."""
        await self.subscriptions.start()
        await self.digests.start()


def put_together(
    config: Config,
    hub: Hub,
    store: Store,
    settings: Settings,
    known: Mapping[str, MethodSpec],
    online: Online,
    timer: Timer,
    link: Callable[[Message], str],
    secret: bytes,
    clock: Clock,
) -> SubscriptionParts:
    """All of it for a bus; `link` gives the page of a message."""
    url = config.web.public_url
    notices = Notices(hub, settings, known, clock)
    book = AddressBook(hub, store, notices, Links(url, secret), clock)
    ways = [
        name
        for name, spec in known.items()
        if spec.person and (spec.setup is None or name in config.setup)
    ]
    subscriptions = Subscriptions(
        hub, store, settings, known, notices, book, online, timer, clock, ways
    )

    def moment() -> DecisionTime:
        return DecisionTime(clock(), online.is_online, settings.quiet)

    def title(channel: Channel) -> str:
        spec = hub.find(channel)
        return (spec and spec.title) or channel.address

    def page(channel: Channel) -> str:
        spec = known.get(channel.method)
        return f"{url}/{channel.method}/{channel.address}" if spec and spec.open else ""

    def story(message: Message, channel: Channel) -> str:
        spec = known.get(channel.method)
        return f"{url}{permalink(message, channel)}" if spec and spec.archive else ""

    async def tell(words: Words) -> None:
        await notices.tell(Channel("letters", "templates"), words)

    fanout = Subscribers(hub, store, subscriptions.audience, title, moment, clock)
    digests = Digests(
        hub, store.digests, store.deliveries, store.fan_out, subscriptions, timer, moment, clock
    )
    for part in (fanout, subscriptions):
        part.due.append(digests.expect)
    templates = Templates(config.letters)
    letters = Renderer(
        store,
        Places(title, page, link, story),
        book.links,
        settings,
        templates,
        clock,
        host=urlsplit(url).hostname or "localhost",
        persons=[name for name, spec in known.items() if spec.person],
        tell=tell,
        hears_stop=any(getattr(setup, "gateway", None) for setup in config.setup.values()),
        keep=subscriptions.access.keep,
    )
    return SubscriptionParts(subscriptions, fanout, digests, letters, templates)
