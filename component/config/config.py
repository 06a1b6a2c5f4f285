"""Configuration: TOML and environment into a frozen Config; every fault is reported at once, in
words.

Channels, routes and tokens here only seed a fresh store; from then on they live in it.
"""

import difflib
import hashlib
import ipaddress
import os
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from component.bus.model.message import GUEST_PREFIX, Channel
from component.bus.model.records import ChannelSpec, Grant, Token
from component.bus.model.roles import Role
from component.bus.model.route import Route, Settings, Stage
from component.bus.ports.method import MethodSpec
from component.common import form
from component.common.errors import BadInput, ConfigError
from component.common.form import Faults, fields
from component.common.i18n import Words, _
from component.common.sanitize import BARE_JID
from component.config.toml import Table
from component.fetch.policy import Allowed
from component.processors import build, settings_of

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Xmpp:
    """`[xmpp]`: the server's component port, the component's name and secret, its room service, the
    bot's name."""

    host: str
    port: int
    component: str
    secret: str
    rooms: str
    bot: str


@dataclass(frozen=True, slots=True)
class Web:
    """`[web]`: where to listen, the URL people use (no slash at the end), and which proxies' word
    is taken."""

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
    admins: tuple[str, ...]
    channels: tuple[ChannelSpec, ...]
    routes: tuple[Route, ...]
    tokens: tuple[Token, ...]
    fetch: Allowed
    """`[fetch]`: what may be fetched inside the operator's networks."""
    setup: Mapping[str, Any] = field(default_factory=dict)
    """By a method's name its own settings (`MethodSpec.setup`), where it has a table."""
    letters: Path | None = None
    """`[letters]`: the folder of the operator's templates."""


@dataclass(frozen=True, slots=True)
class Part:
    """What operators configure, as one file says it; `tokens` by name, without secrets."""

    channels: tuple[ChannelSpec, ...]
    routes: tuple[Route, ...]
    grants: tuple[Grant, ...]
    tokens: tuple[str, ...]


def parse_part(
    text: str, methods: Mapping[str, MethodSpec], bot: str, known: Collection[Channel]
) -> Part:
    """`[[channel]]`, `[[route]]`, `[[role]]` and `[[token]]` alone, for a bus whose bot has the
    name `bot` and which has the `known` channels; raises ConfigError with every fault."""
    faults: list[Words | str] = []
    top = Table(_toml(text), _("the file"), faults)
    part = Part(
        channels=tuple(spec for one in top.tables("channel") if (spec := _channel(one, methods))),
        routes=tuple(route for one in top.tables("route") for route in _routes(one, methods)),
        grants=tuple(_grant(one) for one in top.tables("role")),
        tokens=tuple(_named(one) for one in top.tables("token")),
    )
    top.done()
    here = [spec.channel for spec in part.channels]
    faults += _twice(here) + _loose(part.routes, {*here, *known}) + _addresses(here, bot, methods)
    jids = [grant.jid for grant in part.grants]
    twice = sorted({one for one in jids if one and jids.count(one) > 1})
    faults += [_("{what} stands twice.", what=f"[[role]] {one}") for one in twice]
    if faults:
        raise ConfigError(faults)
    return part


def load(
    path: Path, methods: Mapping[str, MethodSpec], environment: Mapping[str, str] = os.environ
) -> Config:
    """The configuration in the file at `path`; raises ConfigError with every fault."""
    return _whole(*examine(path, methods, environment))


def parse(
    text: str, methods: Mapping[str, MethodSpec], environment: Mapping[str, str] = os.environ
) -> Config:
    """The configuration written in `text`; raises ConfigError with every fault."""
    return _whole(*_read(text, methods, environment))


def _whole(config: Config, faults: Sequence[Words | str]) -> Config:
    if faults:
        raise ConfigError(faults)
    return config


def examine(
    path: Path, methods: Mapping[str, MethodSpec], environment: Mapping[str, str] = os.environ
) -> tuple[Config, list[Words | str]]:
    """What can be made of the file at `path`, and every fault in it; raises ConfigError where it is
    no TOML at all."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ConfigError([f"{path} can't be read: {error.strerror}."]) from error
    except UnicodeDecodeError as error:
        raise ConfigError(
            [f"{path} is not UTF-8 (byte {error.start}): save it as UTF-8."]
        ) from error
    return _read(text, methods, environment)


def _read(
    text: str, methods: Mapping[str, MethodSpec], environment: Mapping[str, str]
) -> tuple[Config, list[Words | str]]:
    faults: list[Words | str] = []
    top = Table(_toml(text), _("the file"), faults)
    config = Config(
        xmpp=_xmpp(top.table("xmpp"), environment),
        web=_web(top.table("web", needed=False)),
        store=_store(top.table("store", needed=False)),
        admins=tuple(jid for admin in top.tables("admin") if (jid := admin.jid("jid"))),
        channels=tuple(spec for one in top.tables("channel") if (spec := _channel(one, methods))),
        routes=tuple(route for one in top.tables("route") for route in _routes(one, methods)),
        tokens=tuple(_token(one) for one in top.tables("token")),
        fetch=_fetch(top.table("fetch", needed=False)),
        setup=_setup(top, methods, environment),
        letters=_letters(top.table("letters", needed=False)),
    )
    top.done()
    channels = [spec.channel for spec in config.channels]
    return config, faults + _together(config, channels) + _addresses(
        channels, config.xmpp.bot, methods
    )


def _toml(text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([_("The file is not TOML: {error}.", error=error)]) from error


def _addresses(
    channels: Sequence[Channel], bot: str, methods: Mapping[str, MethodSpec]
) -> list[Words]:
    """Open channels have JIDs at the component, beside the bot's and those of web users."""
    taken = [channel for channel in channels if methods[channel.method].open]
    faults = [
        _(
            "[[channel]] {channel} has the bot's own address: choose another, or another bot "
            "in [xmpp].",
            channel=channel,
        )
        for channel in taken
        if channel.address == bot
    ]
    names = [(f"[[channel]] {channel}", channel.address) for channel in taken] + [
        ("[xmpp] bot", bot)
    ]
    return faults + [
        _(
            "{whose} begins with {prefix}, which is kept for web users: choose another name.",
            whose=whose,
            prefix=GUEST_PREFIX,
        )
        for whose, name in names
        if name.startswith(GUEST_PREFIX)
    ]


def _loose(routes: Sequence[Route], known: Collection[Channel]) -> list[Words]:
    """Routes need channels at both ends."""
    ends = {end for route in routes for end in (route.source, route.destination)}
    return [
        _("A [[route]] names {channel}, and no [[channel]] does: add one.", channel=end)
        for end in sorted(ends)
        if end not in known and end.anyone not in known
    ]


def _twice(channels: Sequence[Channel]) -> list[Words]:
    twice = sorted({one for one in channels if channels.count(one) > 1})
    return [_("{what} stands twice.", what=f"[[channel]] {one}") for one in twice]


def _together(config: Config, channels: Sequence[Channel]) -> list[Words | str]:
    """Faults between tables."""
    faults: list[Words | str] = [*_loose(config.routes, {*channels})]
    names = [token.name for token in config.tokens]
    twice = sorted(name for name in {*names} if names.count(name) > 1)
    faults += [f"Two [[token]] are named “{name}”: names must differ." for name in twice]
    known_by: dict[str, str] = {}
    for token in config.tokens:
        other = known_by.setdefault(token.digest, token.name)
        if other != token.name:
            faults.append(
                f"[[token]] “{other}” and “{token.name}” have one secret: give each its own."
            )
    return faults + _twice(channels)


def _xmpp(table: Table, environment: Mapping[str, str]) -> Xmpp:
    host = table.text("host", "127.0.0.1")
    if not table.flag("clear_text") and not _is_loopback(host):
        table.fault(
            f"host {host} is another machine, and a component's stream is not encrypted: run "
            "the bus beside the "
            "server, use a tunnel, or accept it with clear_text = true"
        )
    component = table.domain("component")
    written = table.text("secret", "")
    secret = environment.get("SHOUTBUS_SECRET") or written
    if not secret:
        table.fault(
            "secret is missing: the one in the server's component section (or SHOUTBUS_SECRET)"
        )
    rooms = table.domain("rooms")
    bot = table.text("bot", "bot").lower()
    if not BARE_JID.fullmatch(f"{bot}@x"):
        table.fault(
            f"bot is “{bot}”, which can't stand before the @ of a JID: write a name like bot"
        )
    return Xmpp(host, table.number("port", 5347), component, secret, rooms, bot)


def _web(table: Table) -> Web:
    listen = table.text("listen", "127.0.0.1:8080")
    host, _colon, port = listen.rpartition(":")
    number = int(port) if port.isascii() and port.isdigit() else -1
    if not host or not 0 <= number <= 65535:
        table.fault(f"listen is “{listen}”: write address:port, like 127.0.0.1:8080")
    url = table.text("public_url", f"http://{listen}").rstrip("/")
    if not _is_url(url):
        table.fault(
            f"public_url is “{url}”: write the address people use, like https://shouts.example.org"
        )
    proxies = tuple(str(one) for one in table.items("proxies"))
    for one in proxies:
        if not _is_network(one):
            table.fault(
                f"proxies holds “{one}”, which is no address or network, like 10.0.0.1 or "
                "10.0.0.0/8"
            )
    return Web(host.strip("[]"), number, url, proxies)


def _store(table: Table) -> str:
    return table.text("url", "sqlite:shoutbus.db")


def _fetch(table: Table) -> Allowed:
    entries = [str(one) for one in table.items("allow")]
    try:
        return Allowed.parse(entries)
    except BadInput as error:
        table.fault(_("{key}: {why}", key="allow", why=error.sentence))
        return Allowed()


def _letters(table: Table) -> Path | None:
    folder = table.text("folder", "")
    return Path(folder) if folder else None


def _setup(
    top: Table, methods: Mapping[str, MethodSpec], environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """The methods' own settings, of those that have a table."""
    kinds = {name: spec.setup for name, spec in methods.items() if spec.setup}
    tables = {name: top.table(name, needed=False) for name in kinds}
    made = {
        name: _own(name, kinds[name], tables[name], environment) for name in kinds if top.has(name)
    }
    return {name: one for name, one in made.items() if one is not None}


def _own(name: str, kind: type, table: Table, environment: Mapping[str, str]) -> Any:
    """A method's settings. What the environment says goes before the table, as passwords are better
    kept there."""
    values: dict[str, Sequence[str]] = {}
    asked = fields(kind, None)
    values.update(table.rest([one.name for one in asked]))
    for one in asked:
        if said := environment.get(f"SHOUTBUS_{name}_{one.name}".upper()):
            values[one.name] = said.split(",") if one.kind.endswith("-multi") else (said,)
    return _made(table, values, lambda: form.build(name, kind, values))


def _find_channel(
    table: Table, key: str, methods: Mapping[str, MethodSpec], *, any: bool = False
) -> Channel | None:
    written = table.text(key)
    if not written:
        return None
    try:
        channel = Channel.parse(written)
        _method(channel, methods).check(channel, any=any)
    except BadInput as error:
        table.fault(_("{key}: {why}", key=key, why=error.sentence))
        return None
    return channel


def _method(channel: Channel, methods: Mapping[str, MethodSpec]) -> MethodSpec:
    if channel.method in methods:
        return methods[channel.method]
    near = difflib.get_close_matches(channel.method, methods, 1) or sorted(methods)
    names = ", ".join(near)
    raise BadInput(
        _(
            "there is no method “{method}”: did you mean one of {names}?",
            method=channel.method,
            names=names,
        )
        if len(near) > 1
        else _(
            "there is no method “{method}”: did you mean {name}?", method=channel.method, name=names
        )
    )


def _channel(table: Table, methods: Mapping[str, MethodSpec]) -> ChannelSpec | None:
    channel = _find_channel(table, "name", methods, any=True)
    title = table.text("title", "")
    enabled = not table.flag("paused")
    if channel is None:
        if not table.has("name"):
            table.done()  # which may be written wrong
        table.rest()
        return None
    values = table.rest()
    made = _made(
        table, values, lambda: form.build(channel.method, methods[channel.method].form, values)
    )
    return ChannelSpec(
        channel, title, form.kept(made) if made else {}, enabled
    )  # where it is none, that is told


def _routes(table: Table, methods: Mapping[str, MethodSpec]) -> Sequence[Route]:
    both, enabled = table.flag("both"), not table.flag("off")
    source = _find_channel(table, "from", methods, any=not both)
    destination = _find_channel(table, "to", methods)
    if destination and not methods[destination.method].listens:
        table.fault(
            _("to: {channel} only speaks: a route can start there, not end.", channel=destination)
        )
        destination = None
    processors = [found for one in table.tables("processor") if (found := _processor(one))]
    table.done()
    if not source or not destination:
        return ()
    stages = tuple(
        Stage(number, name, settings) for number, (name, settings) in enumerate(processors, 1)
    )
    try:
        there = Route(source, destination, enabled, stages=stages)
        return (there, Route(destination, source, enabled, stages=stages)) if both else (there,)
    except BadInput as error:
        table.fault(error.sentence)
        return ()


def _processor(table: Table) -> tuple[str, Settings] | None:
    """A processor's name, and its settings as they are kept."""
    name, values = table.text("name"), table.rest()
    if not name:
        return None
    made = _made(table, values, lambda: build(name, values))
    return (name, settings_of(made)) if made else None


def _made(table: Table, values: Mapping[str, Sequence[str]], make: Callable[[], _T]) -> _T | None:
    """What `make` makes of the values in a table; None where that is none, which is told."""
    try:
        made = make()
    except BadInput as error:
        cause = error.__cause__
        by_key = cause.by_field if isinstance(cause, Faults) else {}
        for key, why in by_key.items():
            table.fault(_("{key}: {why}", key=key, why=why))
        if not by_key:
            table.fault(error.sentence)
        return None
    for one in fields(type(made), None):
        if len(values.get(one.name, ())) > 1 and one.kind not in ("list-multi", "text-multi"):
            table.fault(_("{key} takes one value, no list", key=one.name))
    return made


def _grant(table: Table) -> Grant:
    jid, role = table.jid("jid"), table.text("role").lower()
    given = [one.label for one in Role if one > Role.GUEST]
    if role and role not in given:
        these, last = ", ".join(given[:-1]), given[-1]
        table.fault(
            _("role is “{role}”: write {these} or {last}", role=role[:40], these=these, last=last)
        )
    table.done()
    return Grant(jid, role)


def _named(table: Table) -> str:
    """A token without its secret."""
    table.jid("jid")
    name = table.text("name")
    table.done()
    return name


def _token(table: Table) -> Token:
    name, secret, jid = table.text("name"), table.text("secret"), table.jid("jid")
    if secret and len(secret) < 16:
        table.fault(
            f"secret has {len(secret)} characters: use at least 16, like the output of "
            "`openssl rand -hex 24`"
        )
    table.done()
    return Token(name, digest(secret), jid)


def digest(secret: str) -> str:
    """What is kept of a token's secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_url(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
