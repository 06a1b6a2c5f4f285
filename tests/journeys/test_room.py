"""A room and a shoutbox joined: what is said in one stands in the other, once, under its author's
name."""

from typing import Any

import pytest

from tests.support.people import person
from tests.support.servers import Bus, eventually

ROOM = "lobby@rooms.localhost"


def _password(told: dict[str, Any], name: str) -> str:
    return next(
        str(one["password"]) for one in told["accounts"] if one["jid"].startswith(f"{name}@")
    )


@pytest.fixture
def juliet(demo: tuple[Bus, dict[str, Any]]) -> Any:
    _, told = demo
    return person("juliet", _password(told, "juliet"), told["xmpp"]["port"])


async def test_room_to_shoutbox_and_back(demo: tuple[Bus, dict[str, Any]], juliet: Any) -> None:
    bus, told = demo
    async with juliet as me:
        await me.join(ROOM, "Juliet")
        me.say(ROOM, "from the room")
        await me.hears("from the room")
        eventually(lambda: "from the room" in bus.bodies("shoutbox:lobby"), "the shoutbox has it")
        assert bus.post("shoutbox:lobby", "from a guest", author="Zoe").status == 201
        said = await me.hears("from a guest")
        assert said["from"].resource == "Zoe (web)"
        assert bus.post("shoutbox:lobby", "from a program").status == 201
        said = await me.hears("demo: from a program")
        assert said["from"].resource == "shoutbus"
        await me.posts(told["bot"], "by private message", "juliet: by private message")
        assert bus.bodies("shoutbox:lobby").count("by private message") == 1
        me.tell("lobby@bus.localhost", "to the channel's own address")
        await me.hears("juliet: to the channel's own address")
        words = [words for _, words in me.lines(ROOM)]
        assert len(words) == len(set(words)), words


async def test_bot_answers(demo: tuple[Bus, dict[str, Any]], juliet: Any) -> None:
    _, told = demo
    async with juliet as me:
        await me.join(ROOM, "Juliet")
        for line, answer in (
            ("ping", "pong"),
            ("whoami", "You are juliet@localhost, with the role member."),
            ("version", "Shoutbus 0.1.0"),
        ):
            me.tell(told["bot"], line)
            await me.hears(answer)
        me.tell(told["bot"], "help")
        await me.until(lambda: any("Messages: shout" in words for _, words in me.lines()), "help")
        me.tell(told["bot"], "help all")
        await me.until(lambda: any("whoami: " in words for _, words in me.lines()), "help all")
        me.tell(told["bot"], "help trace")
        await me.until(
            lambda: any(
                "trace " in words and "Trace a message" in words for _, words in me.lines()
            ),
            "help",
        )
        me.tell(told["bot"], "hlep")
        asked = "Did you mean “help”? Reply “yes”, or “send” to post the line as it is"
        await me.until(lambda: any(words.startswith(asked) for _, words in me.lines()), asked)
        me.say(ROOM, "shoutbus: ping")
        await me.hears("Juliet: pong")
        me.say(ROOM, "Shoutbus, whoami")
        await me.hears("Juliet: Here you are Juliet, with the role member.")
