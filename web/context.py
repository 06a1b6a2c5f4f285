"""What the handlers share, given by the composition root; and the little that each of them asks of
it."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
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
from component.common.errors import NotFound
from component.common.i18n import LANGUAGES, Words, _, tell
from web.guests import Guests, caller, is_address
from web.sessions import Operators

NOWHERE = _("This address does not exist.")


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
    operators: Operators
    sessions: Sessions
    callbacks: Callbacks = field(default_factory=Callbacks)

    def is_open(self, channel: Channel) -> bool:
        """Whether anyone may read and post there."""
        spec = self.methods.get(channel.method)
        return bool(spec and spec.open)

    @property
    def by_mail(self) -> bool:
        """Whether who gives a mail address may be told there."""
        return "mail" in self.bus.subscriptions.ways

    def boxes(self) -> list[ChannelSpec]:
        """The channels that have a page."""
        return [spec for spec in self.hub.channels if self.is_open(spec.channel)]

    def box(self, method: str, address: str) -> ChannelSpec:
        """The channel of a page; raises NotFound."""
        spec = next(
            (
                one
                for one in self.boxes()
                if (one.channel.method, one.channel.address) == (method, address)
            ),
            None,
        )
        if spec is None:
            if method not in self.methods:
                raise NotFound(NOWHERE)
            raise NotFound(
                _("The {method} “{address}” does not exist.", method=method, address=address)
            )
        return spec

    def token(self, secret: str) -> Token | None:
        """Whose token it is. Found by its digest, so no timing tells how much of a guess was
        right."""
        return self.tokens.get(hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest())

    def address(self, request: http.Request) -> str:
        """Where a request comes from, by the word of the proxies that are listed."""
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", []))
        return caller(request.remote or "", forwarded, self.proxies)

    def is_ours(self, host: str) -> bool:
        """Whether a Host header names this bus: its public name, or an address; others may be
        rebound to us."""
        name = urlsplit(f"//{host}").hostname or ""
        return name in (urlsplit(self.public_url).hostname, "localhost") or is_address(name)

    def whole_url(self, message: Message) -> str:
        """The page of one message, with the key that opens it."""
        return f"/messages/{message.id}/{self.key_of(message.id)}"

    def trace_url(self, message: Message) -> str:
        """Where the API tells what became of a message."""
        return f"{self.public_url}/api/v1/messages/{message.id}"


def policy(ancestors: str) -> str:
    """The Content-Security-Policy of a page that `ancestors` may frame: no script and style but our
    own files."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
        "connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {ancestors}"
    )


SITE: http.AppKey[Site] = http.AppKey("site", Site)


def asked_language(request: http.Request) -> str:
    """The first language of the browser's that we speak (RFC 9110 section 12.5.4)."""
    asked: list[tuple[float, str]] = []
    for part in request.headers.get("Accept-Language", "").split(",")[:20]:
        tag, _semicolon, weight = part.strip().partition(";q=")
        try:
            asked.append((-float(weight or 1), tag.partition("-")[0].lower()))
        except ValueError:
            continue
    asked.sort(key=lambda one: one[0])
    return next((start for _weight, start in asked if start in LANGUAGES), "en")


def speaking(language: str) -> dict[str, Any]:
    """What templates tell people with: `_` what stands in them, `tell` what they are given."""
    return {"lang": language, "_": partial(_told, language), "tell": partial(_tell, language)}


def _told(language: str, template: str, **values: Any) -> str:
    return Words(template, values).told(language)


def _tell(language: str, words: Words | str) -> str:
    return tell(words, language)
