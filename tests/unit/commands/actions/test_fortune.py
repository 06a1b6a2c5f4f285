"""`fortune`: with the real packages, in private and in a room."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest

from commands.action import Bus
from commands.text import Text
from component.bus.model.roles import Role
from component.methods.fortune import databases
from component.xmpp.handlers import TypedLine
from tests.support.fakes import a_bus
from tests.unit.methods.scheduled.test_sources import database


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_bus(tmp_path) as one:
        yield replace(one, rng=Random(3))  # noqa: S311 — the same luck each time is what is wanted


async def says(bus: Bus, line: str, *, in_room: bool = False, jid: str = "") -> str:
    return str(
        await Text(bus, lambda _jid: Role.GUEST, lambda: 0.0).answer(
            TypedLine(jid, "Juliet", line, in_room)
        )
    )


@pytest.mark.parametrize("in_room", [False, True])
async def test_a_fortune_for_anyone(bus: Bus, in_room: bool) -> None:
    title, _newline, told = (await says(bus, "fortune computers", in_room=in_room)).partition("\n")
    assert title == "A fortune from “computers”:"
    database = next(one for one in databases.databases() if one.name == "computers")
    whole = database.file.read_text("utf-8").expandtabs()
    assert told
    assert told in whole


async def test_of_any_database(bus: Bus) -> None:
    told = {(await says(bus, "fortune")).partition("\n")[0] for _ in range(30)}
    assert len(told) > 1
    assert all(one.startswith("A fortune from “") for one in told)


async def test_one_that_is_not_there_and_a_path(bus: Bus) -> None:
    told = await says(bus, "/fortune nonesuch")
    assert told.startswith("Error: The fortune database “nonesuch” does not exist. Available are ")
    assert "computers" in told
    assert (
        "is not the name of a fortune database. Write it as computers, without a folder."
        in await says(bus, "/fortune ../../etc/passwd")
    )


async def test_offensive_ones_where_asked_and_never_in_a_room(bus: Bus, tmp_path: Path) -> None:
    database(tmp_path / "nice", "nice", "hello")
    database(tmp_path / "nice" / "off", "rude", "pfui")
    bus = replace(bus, fortune_places=[tmp_path / "nice"])
    assert await says(bus, "fortune rude offensive") == "A fortune from “rude”:\npfui"
    assert "The fortune database “rude” does not exist" in await says(bus, "fortune rude")
    assert "The fortune database “rude” does not exist" in await says(
        bus, "fortune rude", in_room=True
    )
    for line in ("fortune offensive", "fortune rude offensive", "fortune offensive=yes"):
        assert "Offensive fortunes are shown in private chats only. Write to" in await says(
            bus, line, in_room=True
        )
    assert {await says(bus, "fortune") for _ in range(30)} == {"A fortune from “nice”:\nhello"}


async def test_none_installed(bus: Bus, tmp_path: Path) -> None:
    bus = replace(bus, fortune_places=[tmp_path / "nowhere"])
    assert "No fortunes are installed on this machine. Install the package fortunes." in await says(
        bus, "fortune"
    )
