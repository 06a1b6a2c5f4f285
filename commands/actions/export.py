"""`export`: channels, routes, roles and the names of tokens as TOML, as the configuration file and `import` read it.

Tokens are told by name: their secrets are nowhere.
"""

import json
from collections.abc import Iterator, Mapping, Sequence

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.draw import BUDGET
from component.errors import TooLong
from component.ports import ChannelSpec
from component.roles import Role
from component.route import Route
from component.words import _

Value = str | bool | Sequence[str]


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    lines = list(written(bus))
    if len("\n".join(lines).encode()) > BUDGET * 4 // 5:  # escaped for XML it grows
        raise TooLong(_("That is more than a message carries; copy the database instead."))
    return Lines(_("# {bot}, without secrets", bot=bus.bot), lines)


def written(bus: Bus) -> Iterator[str]:
    """All of it, line by line."""
    for spec in bus.hub.channels:
        yield from table("channel", _channel(spec))
    for route in bus.hub.routes:
        yield from table("route", _route(route))
    for jid, role in sorted(bus.settings.roles.given.items()):
        yield from table("role", {"jid": jid, "role": role.label})
    for token in sorted(bus.settings.tokens.values(), key=lambda token: token.name):
        yield from table("token", {"name": token.name, "jid": token.jid})


def _channel(spec: ChannelSpec) -> Mapping[str, Value]:
    return {"name": str(spec.channel), "title": spec.title, **spec.settings, "paused": not spec.enabled}


def _route(route: Route) -> Mapping[str, Value]:
    return {"from": str(route.source), "to": str(route.destination), "off": not route.enabled}


def table(name: str, values: Mapping[str, Value]) -> Iterator[str]:
    """One table of an array (TOML 1.0), without its empty values; a blank line behind it."""
    yield f"[[{name}]]"
    for key, value in values.items():
        if value:
            yield f"{key} = {_value(value)}"
    yield ""


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")  # as JSON, but for DEL
    return "[" + ", ".join(_value(one) for one in value) + "]"


ACTION = Action("export", _("Export as TOML"), Role.ADMIN, _run, group="about")
