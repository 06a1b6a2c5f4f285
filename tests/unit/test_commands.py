"""Commands: who may run what where, in one runner, and how a line becomes one."""

from dataclasses import replace

import pytest

from commands.action import Action, Bus, Caller, Reply, discover, run
from commands.text import Text
from component.errors import BadInput, Forbidden
from component.roles import Role, Roles
from component.xmpp.bot import Asked


async def _says(caller: Caller, bus: Bus) -> Reply:
    return Reply((f"hello {caller.name}", bus.version))


async def _faults(_caller: Caller, _bus: Bus) -> Reply:
    raise BadInput("Say it otherwise.")


OPEN = Action("open", "for all", Role.GUEST, _says, public=True)
PRIVATE = Action("private", "for members", Role.MEMBER, _says)
ADMINS = Action("rule", "for admins", Role.ADMIN, _says, public=True)
FAULTY = Action("faulty", "goes wrong", Role.GUEST, _faults, public=True)
BUS = Bus("bot@bus", "http://web", "1.2", {one.name: one for one in (OPEN, PRIVATE, ADMINS, FAULTY)})
ROLES = Roles(["admin@x"])
TEXT = Text(BUS, ROLES.of)


def test_roles() -> None:
    assert [ROLES.of(jid) for jid in ("admin@x", "juliet@x", "")] == [Role.ADMIN, Role.MEMBER, Role.GUEST]
    assert Role.GUEST < Role.MEMBER < Role.OPERATOR < Role.ADMIN
    assert Role.ADMIN.label == "admin"


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("needed", Role)
async def test_each_role_against_each(role: Role, needed: Role) -> None:
    action, caller = replace(OPEN, role=needed), Caller("juliet@x", "juliet", role)
    if role >= needed:
        assert (await run(action, caller, BUS)).lines == ("hello juliet", "1.2")
    else:
        with pytest.raises(Forbidden) as told:
            await run(action, caller, BUS)
        assert needed.label in str(told.value)
        assert role.label in str(told.value)


async def test_not_before_all() -> None:
    caller = Caller("juliet@x", "juliet", Role.ADMIN, in_room=True)
    assert await run(OPEN, caller, BUS)
    with pytest.raises(Forbidden, match="bot@bus"):
        await run(PRIVATE, caller, BUS)


@pytest.mark.parametrize("line", ["open", "OPEN", " open ", "open?", "Open? "])
async def test_a_whole_line_is_a_command(line: str) -> None:
    assert await TEXT.answer(Asked("juliet@x", "juliet", line, in_room=False)) == "hello juliet\n1.2"


@pytest.mark.parametrize("line", ["", "opens", "open the door", "please open", "o pen", "open\nopen", "open??"])
async def test_any_other_line_is_none(line: str) -> None:
    assert await TEXT.answer(Asked("juliet@x", "juliet", line, in_room=False)) is None


async def test_the_role_is_by_the_jid_alone() -> None:
    for jid in ("juliet@x", "", "admin@y", "admin@x.evil"):
        answer = await TEXT.answer(Asked(jid, "admin@x", "rule", in_room=True))
        assert answer
        assert answer.startswith("Error: “rule” is for the role admin")
    assert await TEXT.answer(Asked("admin@x", "Someone", "rule", in_room=True)) == "hello Someone\n1.2"


async def test_a_fault_is_told() -> None:
    assert await TEXT.answer(Asked("juliet@x", "juliet", "faulty", in_room=False)) == "Error: Say it otherwise."


def test_discovery_finds_each_by_its_name() -> None:
    found = discover()
    assert {"help", "ping", "version", "whoami"} <= set(found)
    assert all(action.name == name for name, action in found.items())
