"""A whole configuration as frozen data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from component.bus.model.records import ChannelSpec, Grant, Token
from component.bus.model.route import Route
from component.fetch.policy import Allowed


@dataclass(frozen=True, slots=True)
class Xmpp:
    """`[xmpp]`: the server's component port, the component's name and secret, its room service, and
    the bot's name."""

    host: str
    port: int
    component: str
    secret: str
    rooms: str
    bot: str


@dataclass(frozen=True, slots=True)
class Web:
    """`[web]`: where to listen, the URL that people use (without a slash at the end), and the
    proxies whose X-Forwarded-For is believed."""

    host: str
    port: int
    public_url: str
    proxies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Config:
    """A whole configuration, checked."""

    xmpp: Xmpp
    web: Web
    store: str
    """`[store]`: the store's URL."""
    admins: tuple[str, ...]
    """`[[admin]]`: bare JIDs."""
    channels: tuple[ChannelSpec, ...]
    routes: tuple[Route, ...]
    tokens: tuple[Token, ...]
    fetch: Allowed
    """`[fetch]`: what may be fetched inside the operator's networks."""
    setup: Mapping[str, Any] = field(default_factory=dict)
    """The settings of methods (`MethodSpec.setup`) that have a table, by the method's name."""
    letters: Path | None = None
    """`[letters]`: the folder of the operator's templates."""


@dataclass(frozen=True, slots=True)
class Import:
    """What a file to import contains: what operators configure by command. `tokens` are names, as
    such a file has no secrets."""

    channels: tuple[ChannelSpec, ...]
    routes: tuple[Route, ...]
    grants: tuple[Grant, ...]
    tokens: tuple[str, ...]
