"""`export`: channels, routes, roles and the names of tokens as TOML, as the configuration file and
`import` read it.

Tokens are told by name: their secrets are nowhere.
"""

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.data_forms import BUDGET
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.bus.model.route import Route, Stage
from component.common.errors import TooLong
from component.common.form import fields
from component.common.i18n import _
from component.common.sanitize import escape
from component.processors import discover

Value = str | bool | int | Sequence[str]
MOST = 40
"""Messages of an answer."""


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    parts = list(parted(written(bus))) or [[]]
    if len(parts) > MOST or any(_size(lines) > BUDGET * 19 // 20 for lines in parts):
        raise TooLong(
            _("That is more than {most} messages carry; copy the database instead.", most=MOST)
        )
    if len(parts) == 1:
        return Lines(_("# {bot}, without secrets", bot=bus.bot), parts[0], exact=True)
    told = [
        Lines(
            _(
                "# {bot}, without secrets, part {part} of {parts}",
                bot=bus.bot,
                part=number,
                parts=len(parts),
            ),
            lines,
        )
        for number, lines in enumerate(parts, 1)
    ]
    return Lines(told[-1].title, told[-1].lines, ahead=told[:-1], exact=True)


def parted(tables: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """The tables' lines in parts, each as much as a message carries and TOML by itself."""
    lines: list[str] = []
    room = BUDGET * 9 // 10
    for one in tables:
        size = _size(one)
        if lines and size > room:
            yield lines
            lines, room = [], BUDGET * 9 // 10
        lines += one
        room -= size
    if lines:
        yield lines


def _size(lines: Iterable[str]) -> int:
    """Bytes within XML."""
    return sum(len(escape(line).encode()) + 1 for line in lines)


def written(bus: Bus) -> Iterator[Sequence[str]]:
    """All of it, table by table; a route's processors are with it."""
    for spec in bus.hub.channels:
        yield list(table("channel", _channel(spec), spec.settings))
    for route in bus.hub.routes:
        yield [*table("route", _route(route)), *_processors(route)]
    for jid, role in sorted(bus.settings.roles.given.items()):
        yield list(table("role", {"jid": jid, "role": role.label}))
    for token in sorted(bus.settings.tokens.values(), key=lambda token: token.name):
        yield list(table("token", {"name": token.name, "jid": token.jid}))


def _channel(spec: ChannelSpec) -> Mapping[str, Value]:
    return {
        "name": str(spec.channel),
        "title": spec.title,
        **spec.settings,
        "paused": not spec.enabled,
    }


def _route(route: Route) -> Mapping[str, Value]:
    return {"from": str(route.source), "to": str(route.destination), "off": not route.enabled}


def _processors(route: Route) -> Iterator[str]:
    for stage in route.stages:
        yield "[[route.processor]]"
        yield from (f"{key} = {_value(value)}" for key, value in _processor(stage).items())
        yield ""


def _processor(stage: Stage) -> Mapping[str, Value]:
    """Its settings in TOML's types, as far as they are known."""
    spec = discover().get(stage.name)
    kinds = {one.name: one for one in fields(spec.make, None)} if spec else {}
    found: dict[str, Value] = {"name": stage.name}
    for key, values in stage.settings:
        asked = kinds.get(key)
        if asked is None or asked.kind in ("list-multi", "text-multi"):
            found[key] = values
        elif asked.kind == "boolean":
            found[key] = values == ("1",)
        else:
            found[key] = int(values[0]) if asked.type is int and values else "".join(values)
    return found


def table(name: str, values: Mapping[str, Value], needed: Container[str] = ()) -> Iterator[str]:
    """One table of an array (TOML 1.0), of empty values with those that are `needed` only; a blank
    line behind it."""
    yield f"[[{name}]]"
    for key, value in values.items():
        if value or key in needed:
            yield f"{key} = {_value(value)}"
    yield ""


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(
            "\x7f", "\\u007f"
        )  # as JSON, but for DEL
    return "[" + ", ".join(_value(one) for one in value) + "]"


ACTION = Action("export", _("Export as TOML"), Role.ADMIN, _run, group="about")
