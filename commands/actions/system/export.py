"""`export` writes channels, routes, roles and the names of tokens as TOML, as the configuration
file and `import` read it.

Of tokens only the names are written: their secrets are not stored.
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
MAX_PARTS = 40
"""Messages of an answer."""


async def run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    """Write the configuration as TOML, in as many messages as it takes. Raises TooLong."""
    parts = list(parted(written(bus))) or [[]]
    largest = max(map(size_of, parts))
    if len(parts) > MAX_PARTS or largest > BUDGET * 19 // 20:
        raise TooLong(
            _(
                "The export does not fit into {most} messages. Copy the database instead.",
                most=MAX_PARTS,
            )
        )
    if len(parts) == 1:
        return Lines(_("# {bot}, without secrets", bot=bus.bot), parts[0], exact=True)
    answers = []
    for number, lines in enumerate(parts, 1):
        title = _(
            "# {bot}, without secrets, part {part} of {parts}",
            bot=bus.bot,
            part=number,
            parts=len(parts),
        )
        answers.append(Lines(title, lines))
    return Lines(answers[-1].title, answers[-1].lines, ahead=answers[:-1], exact=True)


def parted(tables: Iterable[Sequence[str]]) -> Iterator[list[str]]:
    """The tables' lines in parts, each as much as a message carries and TOML by itself."""
    lines: list[str] = []
    room = BUDGET * 9 // 10
    for one in tables:
        size = size_of(one)
        if lines and size > room:
            yield lines
            lines, room = [], BUDGET * 9 // 10
        lines += one
        room -= size
    if lines:
        yield lines


def size_of(lines: Iterable[str]) -> int:
    """Bytes within XML."""
    return sum(len(escape(line).encode()) + 1 for line in lines)


def written(bus: Bus) -> Iterator[Sequence[str]]:
    """All of it, table by table; a route's processors are with it."""
    for spec in bus.hub.channels:
        yield list(table("channel", channel_table(spec), spec.settings))
    for route in bus.hub.routes:
        yield [*table("route", route_tables(route)), *processor_tables(route)]
    for jid, role in sorted(bus.settings.roles.given.items()):
        yield list(table("role", {"jid": jid, "role": role.label}))
    for token in sorted(bus.settings.tokens.values(), key=lambda token: token.name):
        yield list(table("token", {"name": token.name, "jid": token.jid}))


def channel_table(spec: ChannelSpec) -> Mapping[str, Value]:
    """A channel's table."""
    return {
        "name": str(spec.channel),
        "title": spec.title,
        **spec.settings,
        "paused": not spec.enabled,
    }


def route_tables(route: Route) -> Mapping[str, Value]:
    """A route's table, and one for each of its processors."""
    return {"from": str(route.source), "to": str(route.destination), "off": not route.enabled}


def processor_tables(route: Route) -> Iterator[str]:
    """A table for each processor of a route."""
    for stage in route.stages:
        yield "[[route.processor]]"
        for key, value in processor_values(stage).items():
            yield f"{key} = {toml_value(value)}"
        yield ""


def processor_values(stage: Stage) -> Mapping[str, Value]:
    """A processor's settings in TOML's types, as far as they are known."""
    kinds = {}
    spec = discover().get(stage.name)
    if spec:
        kinds = {field.name: field for field in fields(spec.make, None)}
    table: dict[str, Value] = {"name": stage.name}
    for key, values in stage.settings:
        asked = kinds.get(key)
        if asked is None or asked.kind in ("list-multi", "text-multi"):
            table[key] = values
        elif asked.kind == "boolean":
            table[key] = values == ("1",)
        elif asked.type is int and values:
            table[key] = int(values[0])
        else:
            table[key] = "".join(values)
    return table


def table(name: str, values: Mapping[str, Value], needed: Container[str] = ()) -> Iterator[str]:
    """One table of an array (TOML 1.0), of empty values with those that are `needed` only; a blank
    line behind it."""
    yield f"[[{name}]]"
    for key, value in values.items():
        if value or key in needed:
            yield f"{key} = {toml_value(value)}"
    yield ""


def toml_value(value: Value) -> str:
    """A value as TOML 1.0 writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace(
            "\x7f", "\\u007f"
        )  # as JSON, but for DEL
    return "[" + ", ".join(toml_value(one) for one in value) + "]"


ACTION = Action("export", _("Export as TOML"), Role.ADMIN, run, group="system")
