"""`help`: one screen for each role, most used first; all of it; one command."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands.action import Bus, Caller, Lines
from commands.actions.system.help import Form, run
from component.bus.model.roles import Role
from component.common.i18n import tell
from tests.support.fakes import a_bus

SCREEN = 20
"""Lines of a chat window."""


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_bus(tmp_path) as made:
        yield made


async def said(bus: Bus, role: Role, command: str = "", *, in_room: bool = False) -> list[str]:
    caller = Caller("juliet@x", "Juliet", role, in_room=in_room)
    reply = await run(caller, Form(command), bus)
    assert isinstance(reply, Lines)
    return [tell(line, "en") for line in (reply.title, *reply.lines)]


@pytest.mark.parametrize("role", Role)
async def test_it_fits_one_screen(bus: Bus, role: Role) -> None:
    assert len(await said(bus, role)) <= SCREEN


async def test_a_guest_sees_each_command_with_its_title(bus: Bus) -> None:
    lines = await said(bus, Role.GUEST)
    assert lines[1:-1] == [
        "fortune: Show a fortune",
        "help: List all commands",
        "ping: Ping the bot",
        "version: Show the version",
        "whoami: Show who I am",
    ]
    assert lines == await said(bus, Role.GUEST, "all")


async def test_a_member_sees_what_people_do_most_first(bus: Bus) -> None:
    lines = await said(bus, Role.MEMBER)
    assert lines[1:5] == [
        "Messages: shout, last, search, fortune, trace",
        "Reminders: remind, reminder list, reminder drop",
        "Subscriptions: subscribe, unsubscribe, subscription list, pause, resume, "
        "subscription edit, stop",
        "My settings: quiet, preferences, whoami, address list, confirm, address drop",
    ]
    assert lines[5] == "Help and system: help, ping, version"
    assert lines[6] == (
        "“help shout” explains one command, “help all” lists all with their titles."
    )


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
async def test_operators_see_routes_behind_what_everyone_does(bus: Bus, role: Role) -> None:
    groups = [line.partition(":")[0] for line in await said(bus, role)]
    assert groups[1:7] == [
        "Messages",
        "Reminders",
        "Subscriptions",
        "My settings",
        "Routes",
        "Feeds and channels",
    ]
    (people,) = [line for line in await said(bus, role) if line.startswith("People: ")]
    assert ("token create" in people) is (role is Role.ADMIN)


@pytest.mark.parametrize("role", Role)
async def test_all_of_it(bus: Bus, role: Role) -> None:
    lines = await said(bus, role, "all")
    for action in bus.actions.values():
        assert (f"{action.name}: {action.title}" in lines) is (action.role <= role)


async def test_in_a_room_only_what_is_for_all(bus: Bus) -> None:
    lines = await said(bus, Role.ADMIN, in_room=True)
    assert [line.partition(":")[0] for line in lines[1:-1]] == [
        "fortune",
        "help",
        "ping",
        "version",
        "whoami",
    ]


async def test_one_command(bus: Bus) -> None:
    lines = await said(bus, Role.MEMBER, "reminder drop")
    assert lines[0].startswith("reminder drop ")
    assert (await said(bus, Role.MEMBER, "hilfe"))[0] == "help [command]: List all commands"
