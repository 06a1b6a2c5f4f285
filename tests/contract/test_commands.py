"""What every command must keep on every surface; a new file in `commands/actions` is covered the moment it is there.

A surface joins by one line in `SURFACES`: how a caller calls an action there, and what comes back.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

import pytest

from commands.action import Action, Bus, discover
from commands.text import Text
from component.roles import Role
from component.xmpp.bot import Asked
from tests.unit.fakes import a_bus

ACTIONS = discover()
ROLES = {"": Role.GUEST, "member@x": Role.MEMBER, "operator@x": Role.OPERATOR, "admin@x": Role.ADMIN}

Surface = Callable[[Bus, Action, str, bool], Awaitable[str | None]]


async def _text(bus: Bus, action: Action, jid: str, in_room: bool) -> str | None:
    return await Text(bus, ROLES.__getitem__, lambda: 0.0).answer(Asked(jid, "Nick", action.name, in_room))


SURFACES: Mapping[str, Surface] = {"text": _text}


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_bus(tmp_path) as one:
        yield one


@pytest.fixture(params=SURFACES)
def call(request: pytest.FixtureRequest) -> Surface:
    return SURFACES[request.param]


@pytest.fixture(params=ACTIONS)
def action(request: pytest.FixtureRequest) -> Action:
    return ACTIONS[request.param]


def test_the_declaration(action: Action) -> None:
    file = inspect.getmodule(action.run)
    assert file
    assert (file.__doc__ or "").startswith(f"`{action.name}`: ")
    assert str(action.title)
    assert not str(action.title).endswith(".")
    assert action.name == action.name.strip().casefold()
    assert not action.name.endswith("?")


@pytest.mark.parametrize("in_room", [False, True])
@pytest.mark.parametrize("jid", ROLES)
async def test_each_role_gets_an_answer_or_a_refusal(
    bus: Bus, action: Action, call: Surface, jid: str, in_room: bool
) -> None:
    answer = await call(bus, action, jid, in_room)
    assert answer
    assert answer.strip() == answer
    allowed = ROLES[jid] >= action.role and (action.public or not in_room)
    refused = "is for the role" in answer or "is for a private chat" in answer
    assert refused is not allowed
    if in_room and jid:
        assert jid not in answer  # a real JID is not for the whole room


@pytest.mark.parametrize("in_room", [False, True])
@pytest.mark.parametrize("jid", ROLES)
async def test_help_names_what_one_may_call_and_no_more(bus: Bus, call: Surface, jid: str, in_room: bool) -> None:
    told = await call(bus, ACTIONS["help"], jid, in_room)
    assert told
    for one in ACTIONS.values():
        allowed = ROLES[jid] >= one.role and (one.public or not in_room)
        assert (f"{one.name}: {one.title}" in told.splitlines()) is allowed


async def test_what_the_first_commands_say(bus: Bus, call: Surface) -> None:
    said = {name: await call(bus, ACTIONS[name], "admin@x", False) for name in ("ping", "version", "whoami")}
    assert said == {"ping": "pong", "version": "Shoutbus 1.2.3", "whoami": "You are admin@x, with the role admin."}
    assert "Nick" in str(await call(bus, ACTIONS["whoami"], "", False))
    assert await call(bus, ACTIONS["whoami"], "admin@x", True) == "Here you are Nick, with the role admin."
