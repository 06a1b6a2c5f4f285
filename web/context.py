"""What all handlers share: the bus as the web side sees it, given by the composition root."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from aiohttp import web as http

from commands.action import Bus
from commands.sessions import Sessions
from component.bus.engine.hub import Hub
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec, Token
from component.bus.model.roles import Roles
from component.bus.ports.method import Callbacks, Clock, MethodSpec
from component.bus.ports.store import Store
from component.common.errors import NotFound
from component.common.i18n import _
from web.guests import Guests, client_address, is_address
from web.sessions import SignIns

NOTHING_THERE = _("This address does not exist.")


@dataclass(frozen=True, slots=True)
class Site:
    """The bus as the web side sees it. `tokens` is by the secret's SHA-256."""

    hub: Hub
    clock: Clock
    guests: Guests
    roles: Roles
    methods: Mapping[str, MethodSpec]
    tokens: Mapping[str, Token]
    health: Callable[[], Awaitable[dict[str, Any]]]
    public_url: str
    version: str
    proxies: tuple[str, ...]
    key_of: Callable[[str], str]
    bus: Bus
    sign_ins: SignIns
    sessions: Sessions
    callbacks: Callbacks = field(default_factory=Callbacks)

    @property
    def store(self) -> Store:
        """Everything durable."""
        return self.bus.store

    @property
    def by_mail(self) -> bool:
        """Whether people can subscribe with a mail address."""
        return "mail" in self.bus.subscriptions.ways

    @property
    def is_secure(self) -> bool:
        """Whether people use HTTPS, so that cookies may ask for it."""
        return self.public_url.startswith("https:")

    def is_open(self, channel: Channel) -> bool:
        """Whether anyone may read and post there."""
        spec = self.methods.get(channel.method)
        return bool(spec and spec.open)

    def shoutboxes(self) -> list[ChannelSpec]:
        """The channels that have a page."""
        return [spec for spec in self.hub.channels if self.is_open(spec.channel)]

    def shoutbox(self, method: str, address: str) -> ChannelSpec:
        """The channel of a page; raises NotFound."""
        for spec in self.shoutboxes():
            if (spec.channel.method, spec.channel.address) == (method, address):
                return spec
        if method not in self.methods:
            raise NotFound(NOTHING_THERE)
        raise NotFound(
            _("The {method} “{address}” does not exist.", method=method, address=address)
        )

    def token(self, secret: str) -> Token | None:
        """The API token with this secret. It is found by its digest, so that response times do not
        reveal how much of a guess was right."""
        return self.tokens.get(hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest())

    def address(self, request: http.Request) -> str:
        """The address a request comes from; only the configured proxies are believed."""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return client_address(request.remote or "", forwarded, self.proxies)

    def is_own_host(self, host: str) -> bool:
        """Whether a Host header names this bus: by its public name, localhost, or an IP address.
        Any other name may be the work of DNS rebinding."""
        name = urlsplit(f"//{host}").hostname or ""
        return name in (urlsplit(self.public_url).hostname, "localhost") or is_address(name)

    def message_path(self, message: Message) -> str:
        """The page of one message, with the key that opens it."""
        return f"/messages/{message.id}/{self.key_of(message.id)}"

    def trace_url(self, message: Message) -> str:
        """The API's address of a message's trace."""
        return f"{self.public_url}/api/v1/messages/{message.id}"


SITE: http.AppKey[Site] = http.AppKey("site", Site)
