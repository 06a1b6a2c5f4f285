"""Who says what a route's processors stop is told so where they said it, in their language."""

import asyncio
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from component.cli.prosody import COMPONENT, ROOMS, free_port
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person, person
from tests.support.servers import TOKEN, Bus, Reply, Server, call, eventually, settings, start_bus

BOT = f"bot@{COMPONENT}"
ROOM = f"lobby@{ROOMS}"
TOLD = "The message was posted here, but not forwarded to Lobby: “darn” is not allowed there."
GESAGT = "nicht weitergeleitet an Lobby: „darn“"
REFUSES = '[[route.processor]]\nname = "words"\nwords = ["darn"]\nthen = "refuse"\n'


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Any]:
    one = request.param(tmp_path_factory.mktemp("place") / "server")
    one.start()
    yield one
    one.stop()


@pytest.fixture
def strict(place: Any, tmp_path: Path) -> Iterator[Bus]:
    """A bus between whose shoutbox and room a word is refused."""
    port = free_port()
    written = settings(place, tmp_path / "bus", port)
    assert "both = true\n" in written
    one = start_bus(
        tmp_path / "bus", written.replace("both = true\n", f"both = true\n\n{REFUSES}"), port
    )
    with one.running():
        yield one


def shout(
    bus: Bus, words: str, language: str = "en", accept: str = "text/html", key: str = "a" * 32
) -> Reply:
    fields = urlencode({"name": "Zoe", "body": words, "key": key}).encode()
    headers = {"Accept_Language": language, "Accept": accept, "Cookie": f"shoutbus={'0' * 32}"}
    return call(f"{bus.url}/shoutbox/lobby", fields, **headers)


def alert(page: Reply) -> str:
    found = re.search(r'id="error" role="alert">([^<]*)<', page.text)
    assert found
    return found.group(1)


def test_on_the_page_without_scripts(strict: Bus) -> None:
    page = shout(strict, "darn it")
    assert (page.status, alert(page)) == (200, TOLD)
    assert "<p>darn it</p>" in page.text, "it stands in its own shoutbox"
    assert shout(strict, "darn it").status == 303, "a reload is the same shout"
    assert GESAGT in alert(shout(strict, "darn", "fr, de-AT;q=0.8"))
    assert shout(strict, "fine").status == 303
    assert strict.bodies("shoutbox:lobby") == ["darn it", "darn", "fine"]


def test_by_script_and_by_the_api(strict: Bus) -> None:
    assert shout(strict, "darn it", accept="application/json").json["stopped"] == [TOLD]
    assert shout(strict, "fine", accept="application/json").json["stopped"] == []
    answer = strict.post("shoutbox:lobby", "darn it", key="once")
    assert (answer.status, answer.json["stopped"]) == (
        201,
        [{"to": "Lobby", "why": "“darn” is not allowed there."}],
    )
    assert strict.post("shoutbox:lobby", "darn it", key="once").json["stopped"] == [], "told once"
    german = call(
        f"{strict.url}/api/v1/channels/shoutbox:lobby/messages",
        json.dumps({"body": "darn"}).encode(),
        Authorization=f"Bearer {TOKEN}",
        Accept_Language="de",
    )
    assert german.json["stopped"][0]["why"].startswith("„darn“")


def private(me: Person) -> list[str]:
    """What the bot wrote to someone through the room."""
    return [
        one["body"]
        for one in me.heard
        if one["type"] == "chat" and one["from"] == f"{ROOM}/shoutbus"
    ]


async def test_in_private_and_in_the_room(strict: Bus, place: Any) -> None:
    async with person("juliet", place.passwords["juliet"], place.c2s) as me:
        me.tell(BOT, "darn it all")
        await me.agrees(BOT)
        told = await me.until(lambda: me.heard[1:], "an answer")
        assert told[0]["body"].startswith(f"{TOLD}\nPosted to Lobby (shoutbox:lobby)")
        me.tell(BOT, "shout shoutbox:lobby darn")
        await me.hears(f"Posted to shoutbox:lobby. {TOLD}")
        me.tell(f"lobby@{COMPONENT}", "darn again")
        await me.hears(TOLD)

        await me.join(ROOM, "Juliet")
        for words in ("darn in the room", "darn once more", "shoutbus: ping"):
            me.say(ROOM, words)
        await me.hears("Juliet: pong")
        assert (
            shout(strict, "darn from the page").status == 200
        )  # a puppet's words are not told of in the room
        me.say(ROOM, "good words")
        await asyncio.to_thread(
            eventually, lambda: "good words" in strict.bodies("shoutbox:lobby"), "they came"
        )
        await me.until(lambda: private(me), "told in private")
        me.say(ROOM, "shoutbus: whoami")
        await me.until(
            lambda: any("you are Juliet" in words for _, words in me.lines(ROOM)),
            "the bot's next answer",
        )
        assert private(me) == [TOLD], "once a minute"
        assert not any(TOLD in one["body"] for one in me.heard if one["type"] == "groupchat")
        assert not [words for words in strict.bodies("shoutbox:lobby") if "in the room" in words]
