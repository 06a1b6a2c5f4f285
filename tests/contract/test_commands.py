"""What every command must keep on every surface; a new file in `commands/actions` is covered the
moment it is there.

A surface joins by one line in `SURFACES`: how a caller calls an action there, and what comes back.
"""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest

from commands import conversation
from commands.action import Action, Bus, Caller, check, discover
from commands.sessions import LIFE_S, PER_PERSON
from commands.text import Text
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.common.errors import Forbidden
from component.common.form import MAX_VALUE, Field, Jid
from component.common.value_types import WebAddress, Zone
from component.methods.feed.source import Few
from component.xmpp.handlers import IqFault, TypedLine
from tests.contract.forms import Client, a_seeded_bus, boxes, lines, sampled, session_of, told
from tests.contract.pages import a_browser

ACTIONS = discover()
ROLES = {
    "": Role.GUEST,
    "member@x": Role.MEMBER,
    "operator@x": Role.OPERATOR,
    "admin@x": Role.ADMIN,
}

Surface = Callable[[Bus, Action, str, bool], Awaitable[str | None]]


async def _text(bus: Bus, action: Action, jid: str, in_room: bool) -> str | None:
    answer = await Text(bus, ROLES.__getitem__, lambda: 0.0).answer(
        TypedLine(jid, "Nick", action.name, in_room)
    )
    return answer if isinstance(answer, str) else None


async def _form(bus: Bus, action: Action, jid: str, in_room: bool) -> str | None:
    if in_room:
        return await _text(bus, action, jid, in_room)  # rooms have no commands of their own
    client = Client(bus, ROLES.__getitem__)
    try:
        shown = await client.send(action.name, jid=jid)
    except IqFault as fault:
        return str(fault)
    return "\n".join(client.messages) or told(shown)


async def _web(bus: Bus, action: Action, jid: str, in_room: bool) -> str | None:
    if in_room or not jid:
        return await _text(
            bus, action, jid, in_room
        )  # rooms have no pages, and nobody is signed in without a JID
    async with a_browser(bus, dict(ROLES), jid) as browser:
        page = await browser.command(action.name)
        return page.note or page.title


SURFACES: Mapping[str, Surface] = {"text": _text, "form": _form, "web": _web}


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
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
    assert (file.__doc__ or "").startswith(f"`{action.name}` ")
    assert str(action.title)
    assert not str(action.title).endswith(".")
    assert action.name == action.name.strip().casefold()
    assert not action.name.endswith("?")


def refused(answer: str) -> bool:
    """Whether an answer refuses a command to a role or in a place."""
    return "requires the role" in answer or "works in a private chat only. Write to" in answer


@pytest.mark.parametrize("in_room", [False, True])
@pytest.mark.parametrize("jid", ROLES)
@pytest.mark.parametrize("name", ["help", "route-list", "token-create"])
async def test_each_surface_asks_for_the_role(
    bus: Bus, call: Surface, name: str, jid: str, in_room: bool
) -> None:
    """One command for everyone, one for operators, one for admins."""
    action = ACTIONS[name]
    answer = await call(bus, action, jid, in_room)
    assert answer
    allowed = ROLES[jid] >= action.role and (action.public or not in_room)
    assert refused(answer) is not allowed


@pytest.mark.parametrize("in_room", [False, True])
@pytest.mark.parametrize("role", Role)
def test_each_command_asks_for_its_role(action: Action, role: Role, in_room: bool) -> None:
    caller = Caller("juliet@x", "Juliet", role, in_room=in_room)
    bot = SimpleNamespace(bot="bot@bus")
    allowed = role >= action.role and (action.public or not in_room)
    if allowed:
        check(action, caller, bot)  # type: ignore[arg-type]
    else:
        with pytest.raises(Forbidden) as refusal:
            check(action, caller, bot)  # type: ignore[arg-type]
        assert refused(str(refusal.value))


@pytest.mark.parametrize("in_room", [False, True])
async def test_each_command_answers_on_each_surface(
    bus: Bus, action: Action, in_room: bool
) -> None:
    for call in SURFACES.values():
        answer = await call(bus, action, "admin@x", in_room)
        assert answer
        assert answer.strip() == answer
        if in_room:
            assert "admin@x" not in answer  # a real JID is not for the whole room


@pytest.mark.parametrize("in_room", [False, True])
@pytest.mark.parametrize("jid", ROLES)
async def test_help_names_what_one_may_call_and_no_more(
    bus: Bus, call: Surface, jid: str, in_room: bool
) -> None:
    answer = await call(bus, ACTIONS["help"], jid, in_room)
    assert answer
    named = names_in(answer)
    for one in ACTIONS.values():
        allowed = ROLES[jid] >= one.role and (one.public or not in_room)
        assert (one.name in named) is allowed


def names_in(answer: str) -> set[str]:
    """The commands that an answer of `help` names: one in each line before its title, or a group of
    them behind the group's."""
    named = set()
    whole = answer.replace("\n  ", " ")  # forms fold long lines
    for line in whole.splitlines():
        head, _colon, rest = line.partition(": ")
        named |= {head, *(name.replace(" ", "-") for name in rest.split(", "))}
    return named & ACTIONS.keys()


async def test_what_the_first_commands_say(bus: Bus, call: Surface) -> None:
    said = {
        name: await call(bus, ACTIONS[name], "admin@x", False)
        for name in ("ping", "version", "whoami")
    }
    assert said == {
        "ping": "pong",
        "version": "Shoutbus 1.2.3",
        "whoami": "You are admin@x, with the role admin.",
    }
    assert (
        await call(bus, ACTIONS["whoami"], "admin@x", True)
        == "Here you are Nick, with the role admin."
    )


# Each field's wrong values, in words


def _wrong(one: Field) -> Iterator[str]:
    """Values that can't be right in a field."""
    if one.kind == "boolean":
        yield "perhaps"
        return
    if not one.ask.prose:
        yield "x" * (MAX_VALUE + 1)
    if one.choices:
        yield "no-such-choice"
    if one.type is int:
        yield from ("many", "--5", "1.5", "1e3")
    if one.type is Jid:
        yield from ("no-jid", "@", "a@b/c")


def _right(one: Field) -> str:
    samples = {
        bool: "yes",
        int: "1",
        Jid: "juliet@example.org",
        Channel: "shoutbox:lobby",
        Zone: "UTC",
        WebAddress: "https://example.org/feed.xml",
        Few: "3",
    }
    return one.choices[0].value if one.choices else samples.get(one.type, "a")


async def test_wrong_values_are_told_in_words(bus: Bus, action: Action) -> None:
    asked = action.step.fields(bus) if action.step else ()
    for one in asked:
        for value in _wrong(one):
            given = {other.name: _right(other) for other in asked} | {one.name: value}
            if not action.opening:  # else a form begins otherwise
                client = Client(bus)
                session = session_of(await client.send(action.name))
                again = await client.send(
                    action.name, {name: [word] for name, word in given.items()}, session
                )
                assert again.get("status") == "executing", (one.name, value[:20])
                assert lines(again).startswith(f"{one.ask.label}: "), (one.name, value[:20])
            line = " ".join([action.name, *(f'{name}="{word}"' for name, word in given.items())])
            answer = await Text(bus, ROLES.__getitem__, lambda: 0.0).answer(
                TypedLine("admin@x", "Nick", line, False)
            )
            assert str(answer).startswith(f"Error: {one.ask.label}: "), (one.name, value[:20])


async def test_wrong_values_are_told_at_their_fields(bus: Bus, action: Action) -> None:
    asked = action.step.fields(bus) if action.step and not action.opening else ()
    async with a_browser(bus, {"admin@x": Role.ADMIN}, "admin@x") as browser:
        for one in asked:
            for value in _wrong(one):
                given = {other.name: [_right(other)] for other in asked} | {one.name: [value]}
                page = await browser.command(action.name, given)
                assert page.status == 400, (one.name, value[:20])
                assert set(page.faults) == {one.name}, (one.name, value[:20])
                assert page.faults[one.name]


async def test_looking_at_a_page_changes_nothing(bus: Bus, action: Action) -> None:
    asked = action.step.fields(bus) if action.step else ()
    query = "&".join(f"{one.name}={quote(_right(one))}" for one in asked)
    before = await bus.settings.store.audit.newest()
    async with a_browser(bus, {"admin@x": Role.ADMIN}, "admin@x") as browser:
        for path in (f"/commands/{action.name}", f"/commands/{action.name}?{query}"):
            page = await browser.get(path)
            assert page.status < 500
            assert page.title
    assert await bus.settings.store.audit.newest() == before


async def test_what_is_needed_is_asked_for(bus: Bus, action: Action) -> None:
    needed = [one for one in (action.step.fields(bus) if action.step else ()) if one.required]
    for one in needed if not action.opening else ():  # else a form begins otherwise
        client = Client(bus)
        first = await client.send(action.name)
        again = await client.send(action.name, sampled(first) | {one.name: [""]}, session_of(first))
        assert again.get("status") == "executing"
        assert f"{one.ask.label}: This field is required." in lines(again)
    if needed and not action.public:
        answer = await _text(bus, action, "admin@x", False)
        assert str(answer).splitlines()[-1].startswith("(“back” goes back")


# Whose it is, and for how long


async def test_another_persons_session_is_of_no_use(bus: Bus, action: Action) -> None:
    client = Client(bus)
    first = await client.send(action.name)
    for how in ("next", "complete", "prev", "cancel"):
        with pytest.raises(IqFault, match="belongs to someone else"):
            await client.send(
                action.name, sampled(first), session_of(first), action=how, jid="operator@x"
            )
    assert client.adhoc.count == (1 if first.get("status") == "executing" else 0)


async def test_another_persons_conversation_is_not_gone_on_with(bus: Bus, action: Action) -> None:
    text = Text(bus, ROLES.__getitem__, lambda: 0.0)
    await text.answer(TypedLine("admin@x", "Nick", action.name, False))
    assert await text.answer(TypedLine("operator@x", "Nick", "an answer of mine", False)) is None


async def test_a_session_ends_by_time(bus: Bus, action: Action) -> None:
    client = Client(bus)
    first = await client.send(action.name)
    client.now = LIFE_S + 1
    with pytest.raises(IqFault, match="This session has ended"):
        await client.send(action.name, sampled(first), session_of(first))
    assert client.adhoc.count == 0
    now = 0.0
    text = Text(bus, ROLES.__getitem__, lambda: now)
    await text.answer(TypedLine("admin@x", "Nick", action.name, False))
    now = conversation.LIFE + 1
    assert await text.answer(TypedLine("admin@x", "Nick", "an answer of mine", False)) is None


async def test_abandoned_ones_are_let_go(bus: Bus, action: Action) -> None:
    client = Client(bus)
    for n in range(3 * PER_PERSON):
        await client.send(action.name)
        await client.send(action.name, jid=f"person{n % 2}@x")
    assert client.adhoc.count <= 3 * PER_PERSON
    client.now = LIFE_S + 1
    client.adhoc.sweep()
    assert client.adhoc.count == 0


async def test_a_role_that_is_lost_on_the_way(bus: Bus, action: Action) -> None:
    roles = {"admin@x": Role.ADMIN}
    client = Client(bus, roles.__getitem__)
    first = await client.send(action.name)
    roles["admin@x"] = Role.GUEST
    if first.get("status") == "executing" and action.role > Role.GUEST:
        after = await client.send(action.name, sampled(first), session_of(first))
        assert told(after).startswith(
            f"Error: “{action.name}” requires the role {action.role.label}"
        )
        assert [*boxes(after)] == []
