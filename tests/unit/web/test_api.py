"""What the API lists: the newest messages, and from there on in both directions."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from commands.action import Bus
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Token
from component.bus.model.roles import Role
from component.config import digest
from tests.contract.forms import a_seeded_bus
from tests.contract.pages import Browser, a_browser

BOX = Channel("shoutbox", "lobby")
PATH = f"/api/v1/channels/{BOX}/messages"
SECRET = "a secret of the tests"


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


@pytest.fixture
async def client(bus: Bus) -> AsyncIterator[Browser]:
    async with a_browser(bus, {"admin@x": Role.ADMIN}) as browser:
        browser.tokens[digest(SECRET)] = Token("tests", digest(SECRET), "admin@x")
        yield browser


async def said(client: Browser, query: str = "") -> tuple[list[str], int, list[int]]:
    """What is listed, the `after` of the answer, and each message's `seq`."""
    page = await client.get(PATH + query, Authorization=f"Bearer {SECRET}")
    assert page.status == 200, page.text
    answer = json.loads(page.text)
    messages = answer["messages"]
    return (
        [one["body"] for one in messages],
        answer["after"],
        [one["seq"] for one in messages],
    )


async def say(bus: Bus, *bodies: str) -> None:
    author = Author("Juliet", "juliet@x")
    for body in bodies:
        await bus.hub.accept(Message.new(BOX, author, body, bus.clock()))


async def test_the_newest_are_listed_unless_asked_otherwise(bus: Bus, client: Browser) -> None:
    await say(bus, *"abcdefg")
    bodies, after, seqs = await said(client, "?limit=3")
    assert bodies == ["e", "f", "g"]
    assert after == seqs[-1]
    assert seqs == sorted(seqs)


async def test_from_there_to_the_older_ones(bus: Bus, client: Browser) -> None:
    await say(bus, *"abcdefg")
    _bodies, _after, seqs = await said(client, "?limit=3")
    bodies, _after, seqs = await said(client, f"?limit=3&before={seqs[0]}")
    assert bodies == ["b", "c", "d"]


async def test_from_there_to_what_comes_next(bus: Bus, client: Browser) -> None:
    await say(bus, *"abc")
    _bodies, after, _seqs = await said(client)
    assert await said(client, f"?after={after}") == ([], after, [])
    await say(bus, "d", "e")
    assert (await said(client, f"?after={after}"))[0] == ["d", "e"]


async def test_from_the_beginning(bus: Bus, client: Browser) -> None:
    before = (await said(client))[0]
    await say(bus, *"abc")
    assert (await said(client, "?after=0&limit=500"))[0] == [*before, "a", "b", "c"]


async def test_a_whole_channel_page_by_page(bus: Bus, client: Browser) -> None:
    await say(bus, *"abcdefghijk")
    everything = (await said(client, "?limit=500"))[0]
    read: list[str] = []
    bodies, after, _seqs = await said(client, "?after=0&limit=4")
    while bodies:
        read += bodies
        bodies, after, _seqs = await said(client, f"?after={after}&limit=4")
    assert read == everything
