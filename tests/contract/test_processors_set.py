"""Every processor is set alike on every surface: by form, by line, by TOML; and what is told of it
sets it again."""

from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

import pytest

from commands.action import Bus
from commands.actions.system.export import written
from commands.lookups import told
from commands.text import Text
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route, Settings
from component.common import form
from component.config import parse_import
from component.processors import build, discover, settings_of
from component.xmpp.handlers import TypedLine
from tests.contract.forms import Client, boxes, fields, session_of
from tests.contract.forms import told as shown
from tests.contract.processing import SAMPLES, Values
from tests.contract.test_rules import keeps_the_rules
from tests.support.fakes import a_bus

SEED = Audit(0, "admin@x", "test", "seed")

every_sample = pytest.mark.parametrize(
    ("name", "values"),
    SAMPLES,
    ids=[f"{name}-{number}" for number, (name, _values) in enumerate(SAMPLES)],
)


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    """With one route."""
    async with a_bus(tmp_path) as one:
        box, room = Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.example.org")
        await one.settings.change([Put(ChannelSpec(box)), Put(ChannelSpec(room))], SEED)
        await one.settings.change([Put(Route(box, room))], SEED)
        yield one


def _stages(bus: Bus) -> Sequence[tuple[str, Settings]]:
    (route,) = bus.hub.routes
    return [(stage.name, stage.settings) for stage in route.stages]


async def _add(client: Client, bus: Bus, name: str, values: Values) -> None:
    """As a client does that shows each form and sends all of it back."""
    at = await client.send("route-edit")
    for more in (
        {"route": [str(bus.hub.routes[0].id)], "what": ["add"]},
        {"processor": [name]},
        values,
    ):
        if at.get("status") == "executing":
            standing = {
                one.get("var", ""): [value.text or "" for value in one.iterfind("{*}value")]
                for one in boxes(at)
            }
            at = await client.send("route-edit", {**standing, **more}, session_of(at))
    assert at.get("status") == "completed", shown(at)


async def _write(bus: Bus, line: str) -> str:
    text = Text(bus, lambda _jid: Role.ADMIN, lambda: 0.0)
    return str(await text.answer(TypedLine("admin@x", "admin", line, False)))


@every_sample
async def test_by_form_by_line_and_by_toml_alike(bus: Bus, name: str, values: Values) -> None:
    wanted = (name, settings_of(build(name, values)))
    number = bus.hub.routes[0].id
    await _add(Client(bus, seen=keeps_the_rules), bus, name, values)
    assert _stages(bus) == [wanted]
    line = told(bus.hub.routes[0].stages[0])
    answer = await _write(bus, f"route edit {number} add {line}")
    assert _stages(bus) == [wanted, wanted], answer
    toml = "\n".join(line for lines in written(bus) for line in lines)
    part = parse_import(toml, bus.methods, "bot", [])
    assert [(stage.name, stage.settings) for stage in part.routes[0].stages] == [wanted, wanted]


def _bad(name: str) -> Mapping[str, Sequence[str]]:
    """Something that no field of it takes, but those that take all."""
    return {one.name: ["x" * 4_001] for one in form.fields(discover()[name].make, None)}


@pytest.mark.parametrize(
    "name", [name for name, spec in discover().items() if form.fields(spec.make, None)]
)
async def test_bad_settings_are_told_and_change_nothing(bus: Bus, name: str) -> None:
    """By form the form comes back and says why; by line and by TOML the error does."""
    client = Client(bus, seen=keeps_the_rules)
    at = await client.send("route-edit")
    for more in (
        {"route": [str(bus.hub.routes[0].id)], "what": ["add"]},
        {"processor": [name]},
        _bad(name),
    ):
        at = await client.send("route-edit", more, session_of(at))
    assert at.get("status") == "executing"
    assert [one for one in fields(at) if one.get("type") == "fixed"]
    key = next(iter(_bad(name)))
    answer = await _write(bus, f"route edit {bus.hub.routes[0].id} add {name} {key}={'x' * 4_001}")
    assert answer.startswith("Error: ")
    assert _stages(bus) == []
