"""Roles, tokens, the audit log and the status: right, wrong, changed meanwhile, in force at once;
on the real store."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from commands.action import Bus, Caller, Done, Lines, Step, begin, go_on
from commands.text import Text
from component.bus.model.delivery import State
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Drop, Put, Token
from component.bus.model.roles import Role
from component.bus.model.subscription import Standing, Subscription
from component.common.errors import Conflict, Forbidden
from component.config import digest
from component.xmpp.handlers import TypedLine
from tests.support.fakes import a_bus, offered, said
from tests.support.saving import committed

ADMIN = Caller("admin@x", "admin", Role.ADMIN, way="form")
NOBODY = Audit(0, "", "", "")


class Stage:
    """People who write to the bot."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self._text = Text(bus, bus.settings.roles.of, lambda: 0.0)

    async def says(self, line: str, jid: str = "admin@x", *, in_room: bool = False) -> str:
        return str(await self._text.answer(TypedLine(jid, jid.partition("@")[0], line, in_room)))

    async def changes(self) -> list[tuple[str, str, str, str]]:
        """Who did what, before, after; newest first."""
        return [
            (one.who, one.what, one.before, one.after)
            for _, one in await self.bus.store.audit.newest()
        ]


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with a_bus(tmp_path) as bus:
        yield Stage(bus)


# Roles


async def test_a_role_given_and_taken_is_in_force_at_once(stage: Stage) -> None:
    assert "requires the role operator; your role is" in await stage.says(
        "channel list", "juliet@x"
    )
    assert await stage.says("role grant Juliet@X operator") == "juliet@x now has the role operator."
    assert (await stage.says("channel list", "juliet@x")).endswith("0 channels:")
    assert await stage.says("role grant juliet@x admin") == "juliet@x now has the role admin."
    assert (await stage.says("role list")).splitlines()[1:] == [
        "admin@x: admin (from the configuration file)",
        "juliet@x: admin",
    ]
    assert await stage.says("role revoke juliet@x") == "juliet@x no longer has the role admin."
    assert "requires the role operator; your role is" in await stage.says(
        "channel list", "juliet@x"
    )
    assert await stage.changes() == [
        ("admin@x", "role-revoke", "juliet@x: admin", ""),
        ("admin@x", "role-grant", "juliet@x: operator", "juliet@x: admin"),
        ("admin@x", "role-grant", "", "juliet@x: operator"),
    ]


@pytest.mark.parametrize(
    "line", ["role grant admin@x member", "role grant ADMIN@X admin", "role revoke admin@x"]
)
async def test_the_configurations_admins_are_its_own(stage: Stage, line: str) -> None:
    await stage.says("role grant juliet@x admin")
    assert "in the configuration file" in await stage.says(line, "juliet@x")
    assert stage.bus.settings.roles.of("admin@x") is Role.ADMIN
    assert len(await stage.changes()) == 1


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("role grant nobody admin", "JID"),
        ("role grant juliet@x/phone admin", "JID"),
        ("role grant juliet@x king", "not one of the choices"),
        ("role grant juliet@x guest", "not one of the choices"),
        ("role revoke juliet@x", "does not have an assigned role. “role list” shows the roles."),
    ],
)
async def test_what_is_no_role(stage: Stage, line: str, told: str) -> None:
    answer = await stage.says(f"/{line}")
    assert answer.startswith("Error: ")
    assert told in answer
    assert await stage.changes() == []


async def test_a_role_that_stands_already(stage: Stage) -> None:
    await stage.says("role grant juliet@x operator")
    assert "already" in await stage.says("role grant juliet@x operator")
    assert len(await stage.changes()) == 1


@pytest.mark.parametrize(
    "name", ["role-grant", "role-revoke", "token-create", "token-revoke", "export", "import"]
)
async def test_for_admins_only(stage: Stage, name: str) -> None:
    with pytest.raises(Forbidden):
        await begin(stage.bus.actions[name], replace(ADMIN, role=Role.OPERATOR), stage.bus)


# Tokens


def secret_in(answer: str) -> str:
    (line,) = [one for one in answer.splitlines() if re.fullmatch(r"[\w-]{32}", one)]
    return line


async def test_a_token_works_at_once_and_its_secret_is_nowhere(
    stage: Stage, tmp_path: Path
) -> None:
    secret = secret_in(await stage.says("token create news juliet@x"))
    assert stage.bus.settings.tokens[digest(secret)] == Token("news", digest(secret), "juliet@x")
    assert await stage.says("token list") == "1 tokens:\nnews: acts for juliet@x"
    assert await stage.changes() == [("admin@x", "token-create", "", "news: juliet@x")]
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert digest(secret).encode() in kept
    assert secret.encode() not in kept


async def test_a_token_for_oneself(stage: Stage) -> None:
    one, other = (
        secret_in(await stage.says("token create one")),
        secret_in(await stage.says("token create other")),
    )
    assert one != other
    assert {token.jid for token in stage.bus.settings.tokens.values()} == {"admin@x"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("token create news nobody", "not a JID"),
        ("token create news", "already"),
        ('token create "zoe (web)"', "cannot contain"),
        (f"token create {'x' * 65}", "The maximum is 64"),
        ("token revoke old", "not one of the choices"),
    ],
)
async def test_tokens_that_will_not_do(stage: Stage, line: str, told: str) -> None:
    await stage.says("token create news")
    assert told in await stage.says(line)
    assert [token.name for token in stage.bus.settings.tokens.values()] == ["news"]


async def test_a_secret_is_not_for_a_room(stage: Stage) -> None:
    assert "private chat" in await stage.says("token create news", in_room=True)
    assert not stage.bus.settings.tokens


async def test_a_token_revoked(stage: Stage) -> None:
    await stage.says("token create news juliet@x")
    assert "Programs that sign in with" in await stage.says("token revoke news")
    assert await stage.says("no") == "Nothing was changed."
    assert stage.bus.settings.tokens
    await stage.says("token revoke news")
    assert await stage.says("yes") == "Revoked the token “news”."
    assert not stage.bus.settings.tokens
    assert (await stage.changes())[0] == ("admin@x", "token-revoke", "news: juliet@x", "")
    await stage.says("token create news")
    assert await stage.says("token revoke news sure") == "Revoked the token “news”."


async def test_a_token_made_anew_meanwhile(stage: Stage) -> None:
    await stage.says("token create news")
    action = stage.bus.actions["token-revoke"]
    first = await begin(action, ADMIN, stage.bus)
    assert isinstance(first, Step)
    asked = await go_on(action, first, {"name": ["news"]}, ADMIN, stage.bus)
    assert isinstance(asked, Step)
    (old,) = stage.bus.settings.tokens.values()
    await stage.bus.settings.change(
        [Drop(old), Put(Token("news", digest("another"), "juliet@x"))], NOBODY
    )
    with pytest.raises(Conflict):
        await go_on(action, asked, {"sure": ["1"]}, ADMIN, stage.bus)
    assert [token.jid for token in stage.bus.settings.tokens.values()] == ["juliet@x"]


# The log and the status


async def test_the_newest_changes(stage: Stage) -> None:
    for name in ("one", "two", "three"):
        await stage.says(f"role grant {name}@x operator")
    title, *lines = (await stage.says("audit 2")).splitlines()
    assert title == "2 changes, newest first (UTC):"
    assert lines == [
        f"1970-01-01 00:16:40 admin@x (text) role-grant: ∅ → {name}@x: operator"
        for name in ("three", "two")
    ]
    assert len((await stage.says("audit")).splitlines()) == 4


@pytest.mark.parametrize("count", ["0", "-1", "201", "m4ny"])
async def test_no_count_of_lines(stage: Stage, count: str) -> None:
    assert (await stage.says(f"audit {count}")).startswith("Error: ")


async def test_status(stage: Stage) -> None:
    room = Channel("muc", "team@rooms.x")
    await stage.bus.settings.change([Put(ChannelSpec(room))], NOBODY)
    message = said()
    await committed(
        stage.bus.store,
        [offered(message, (room, State.DEAD), (message.channel, State.RECEIVED))],
        (),
        (),
    )

    for who, standing in (
        ("a@x", Standing.ASKED),
        ("b@x", Standing.ASKED),
        ("c@x", Standing.PAUSED),
    ):
        one = Subscription(who, message.channel, Channel("chat", who), standing=standing)
        await stage.bus.store.subscriptions.add(one, 100)

    async def health() -> dict[str, object]:
        rooms = {
            "team@rooms.x": {"state": "out", "trouble": "the room is for members"},
            "in@rooms.x": {"state": "in"},
        }
        xmpp = {"state": "up", "trouble": "", "rooms": rooms, "seconds": 60.0}
        return {
            "status": "degraded",
            "uptime": 93_784.0,
            "xmpp": xmpp,
            "queues": {"muc:team@rooms.x": 7},
        }

    reply = await begin(
        stage.bus.actions["status"], ADMIN, replace(stage.bus, health=health, version="9.9")
    )
    assert isinstance(reply, Lines)
    assert str(reply.title) == "Shoutbus 9.9, up for 1 d 2 h 3 min: degraded"
    assert [str(line) for line in reply.lines] == [
        "XMPP: up since 1970-01-01 00:15:40 UTC",
        "Rooms: 2, not joined: 1",
        "  team@rooms.x: the room is for members",
        "Pending: 7",
        "  muc:team@rooms.x: 7",
        "Subscriptions: 3, 2 unconfirmed",
        "Dead letters: 1",
        "  muc:team@rooms.x: 1",
    ]


async def test_status_while_the_database_is_down(stage: Stage) -> None:
    async def health() -> dict[str, object]:
        xmpp = {"state": "down", "trouble": "no connection", "rooms": {}}
        return {
            "status": "down",
            "uptime": 59.0,
            "xmpp": xmpp,
            "store": {"state": "down", "trouble": "disk full"},
        }

    reply = await begin(stage.bus.actions["status"], ADMIN, replace(stage.bus, health=health))
    assert isinstance(reply, Lines)
    told = [str(line) for line in reply.lines]
    assert told[:3] == ["XMPP: down", "  no connection", "Rooms: 0, not joined: 0"]
    assert "Database: disk full" in told


async def test_a_form_gives_a_role(stage: Stage) -> None:
    action = stage.bus.actions["role-grant"]
    first = await begin(action, ADMIN, stage.bus)
    assert isinstance(first, Step)
    reply = await go_on(
        action, first, {"jid": ["juliet@x"], "role": ["operator"]}, ADMIN, stage.bus
    )
    assert isinstance(reply, Done)
    assert [one.interface for _, one in await stage.bus.store.audit.newest()] == ["form"]
