"""Programs that answer back: holiday notices, a simple bot in the room, a flood of requests. Each
ends within ten lines, and people are answered meanwhile."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from component.cli.prosody import COMPONENT, ROOMS, free_port
from tests.support.people import Person
from tests.support.servers import Bus, Server, settings, start_bus

BOT = f"bot@{COMPONENT}"
ROOM = f"lobby@{ROOMS}"
AWAY = "I am on holiday until the first of May and read nothing"
ROUTES = """
[[route]]
from = "chat:*"
to = "shoutbox:lobby"
both = false
"""


class Program(Person):
    """Answers each message in the same turn, as `answer` says; "" for none."""

    def __init__(self, name: str, password: str, port: int) -> None:
        super().__init__(name, password, port)
        self.said = 0
        self.away = False
        self.add_event_handler("message", self._answer)

    def answer(self, stanza: Any) -> str:
        return AWAY

    def _answer(self, stanza: Any) -> None:
        is_own = stanza["type"] == "groupchat" and stanza["mucnick"] == self.boundjid.user
        if not self.away or is_own or not stanza["body"] or stanza["type"] == "error":
            return
        words = self.answer(stanza)
        if not words:
            return
        self.said += 1
        if stanza["type"] == "groupchat":
            self.say(stanza["from"].bare, words)
        else:
            self.tell(stanza["from"].bare, words)


class Parrot(Program):
    """Says something new each time."""

    def answer(self, stanza: Any) -> str:
        return f"You are number {self.said}, and said: {stanza['body'][:40]}"


class RoomBot(Program):
    """A simple bot that asks whoever names it."""

    def answer(self, stanza: Any) -> str:
        return f"shoutbus: what is {self.said}?" if stanza["mucnick"] == "shoutbus" else ""


class World:
    def __init__(self, server: Server, bus: Bus) -> None:
        self.server = server
        self.bus = bus
        self.stack = AsyncExitStack()

    async def comes(self, kind: type[Person], name: str) -> Any:
        one = kind(name, self.server.passwords[name], self.server.c2s)
        await one.sign_in()
        self.stack.push_async_callback(one.disconnect, wait=1)
        return one

    async def asks(self, who: Person, line: str, answer: str) -> None:
        who.tell(BOT, line)
        await who.until(lambda: any(answer in one["body"] for one in who.heard), answer)


@pytest.fixture
async def world(server: Server, tmp_path: Path) -> AsyncIterator[World]:
    port = free_port()
    data = tmp_path / "bus"
    bus = start_bus(data, settings(server, data, port, ROUTES), port)
    with bus.running():
        one = World(server, bus)
        async with one.stack:
            yield one


async def quiet(world: World, witness: Person) -> None:
    """Everything that was under way has been said: what is said last is heard last."""
    for turn in range(3):
        before = len(witness.heard)
        await asyncio.to_thread(world.bus.post, "shoutbox:lobby", f"canary {turn}")
        await witness.until(lambda: "canary" in bodies(witness, before), "the canary")  # noqa: B023


def bodies(witness: Person, since: int) -> str:
    return "\n".join(one["body"] for one in witness.heard[since:])


@pytest.mark.parametrize("kind", [Program, Parrot])
async def test_an_auto_responder_ends_within_ten_lines(world: World, kind: type[Program]) -> None:
    juliet = await world.comes(kind, "juliet")
    juliet.away = True
    juliet.tell(BOT, AWAY)
    romeo = await world.comes(Person, "romeo")
    await romeo.join(ROOM, "Romeo")
    await quiet(world, romeo)
    await juliet.until(lambda: juliet.said, "it answers")
    await quiet(world, romeo)
    assert juliet.said <= 10
    assert AWAY not in await asyncio.to_thread(world.bus.bodies, "shoutbox:lobby")


async def test_two_subscribers_on_holiday_do_not_talk_to_each_other(world: World) -> None:
    """One shout became 636."""
    away = [await world.comes(Program, name) for name in ("juliet", "romeo")]
    for one in away:
        await world.asks(one, "subscribe lobby", "Subscription")
        await world.asks(one, "preferences confirm=never", "Confirmations")
        one.away = True
    admin = await world.comes(Person, "admin")
    await admin.join(ROOM, "Admin")
    await quiet(world, admin)
    await away[0].until(lambda: min(one.said for one in away) >= 3, "each shout is answered")
    await quiet(world, admin)
    shouts = await asyncio.to_thread(world.bus.bodies, "shoutbox:lobby")
    assert sum("holiday" in one for one in shouts) <= 4
    assert sum(one.said for one in away) <= 20


async def test_a_bot_in_the_room_is_left_alone(world: World) -> None:
    """240 lines went to and fro."""
    bot = await world.comes(RoomBot, "juliet")
    await bot.join(ROOM, "juliet")
    bot.away = True
    romeo = await world.comes(Person, "romeo")
    await romeo.join(ROOM, "Romeo")
    romeo.say(ROOM, "shoutbus: help")
    await quiet(world, romeo)
    await quiet(world, romeo)
    assert bot.said <= 20
    answers = [one for one in romeo.heard if "do not know the command" in one["body"]]
    assert 1 <= len(answers) <= 10


async def test_three_hundred_requests_for_help_are_one_answer(world: World) -> None:
    romeo = await world.comes(Person, "romeo")
    await romeo.join(ROOM, "Romeo")
    for _turn in range(300):
        romeo.say(ROOM, "shoutbus: help")
    romeo.say(ROOM, "the end")
    await romeo.hears("the end")
    await quiet(world, romeo)
    assert sum("Romeo: " in one["body"] for one in romeo.heard) == 1
