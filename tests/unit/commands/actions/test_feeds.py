"""Feeds in and out as OPML, and what operators see of feeds in trouble."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from aiohttp import web as http

from commands.actions.channels.feed_export import parted
from commands.actions.channels.feed_import import new_channels, slug
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.ports.method import Trouble
from component.common.i18n import _
from component.fetch.policy import Allowed
from component.methods.feed.opml import Entry, parse
from tests.support.calls import counting_calls
from tests.support.fakes import a_bus
from tests.support.site import fetching, gives, site
from tests.unit.commands.actions.test_transfer import Desk

OPML = """<?xml version="1.0"?>
<opml version="2.0"><head><title>Mine</title></head><body>
<outline text="News">
<outline type="rss" text="Die Größe" xmlUrl="https://one.example/feed"/></outline>
<outline type="rss" text="Planet" xmlUrl="https://two.example/feed"/>
<outline type="rss" text="Planet" xmlUrl="https://three.example/feed"/>
<outline type="rss" text="日本" xmlUrl="https://nihon.example/feed"/>
</body></opml>"""
BOX = Channel("shoutbox", "lobby")


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with a_bus(tmp_path) as bus:
        await bus.settings.change([Put(ChannelSpec(BOX))], Audit(0, "", "", ""))
        yield Desk(bus)


def _feeds(desk: Desk) -> dict[str, str]:
    found = [spec for spec in desk.bus.hub.channels if spec.channel.method == "feed"]
    return {spec.channel.address: spec.settings["url"] for spec in found}


async def test_a_pasted_list_is_shown_and_then_taken(desk: Desk) -> None:
    told = await desk.says(f"feed import to=shoutbox:lobby\n{OPML}\ndone")
    assert (
        "The import would add these 4 feeds:\n+ feed:die-grosse title=Die Größe "
        "url=https://one.example/feed"
    ) in told
    assert _feeds(desk) == {}
    assert await desk.says("yes") == "Added 4 feeds."
    assert _feeds(desk) == {
        "die-grosse": "https://one.example/feed",
        "planet": "https://two.example/feed",
        "planet-2": "https://three.example/feed",
        "nihon-example": "https://nihon.example/feed",
    }
    assert {str(route.source) for route in desk.bus.hub.routes} == {
        f"feed:{name}" for name in _feeds(desk)
    }
    assert {route.destination for route in desk.bus.hub.routes} == {BOX}


async def test_what_is_exported_is_imported_and_what_is_here_is_not_added_again(
    desk: Desk, tmp_path: Path
) -> None:
    await desk.says(f"feed import\n{OPML}\ndone")
    await desk.says("yes")
    told = await desk.says("feed export")
    ET.fromstring(told)
    assert [one.url for one in parse(told.encode()).entries] == list(_feeds(desk).values())
    await desk.says(f"feed import\n{told}\ndone")
    assert len(_feeds(desk)) == 4
    (tmp_path / "other").mkdir()
    async with a_bus(tmp_path / "other") as bus:
        other = Desk(bus)
        await other.says(f"feed import\n{told}\ndone")
        await other.says("yes")
        assert _feeds(other) == _feeds(desk)


async def test_a_list_by_its_address(desk: Desk) -> None:
    async def answer(_request: http.Request) -> http.StreamResponse:
        return gives(OPML.encode(), Content_Type="text/x-opml")

    async with site(answer) as server, fetching() as fetcher:
        desk = Desk(replace(desk.bus, fetcher=lambda: fetcher))
        told = await desk.says(f"feed import {server.url}/feeds.opml")
        assert "The import would add these 4 feeds:" in (
            told if "would add" in told else await desk.says("done")
        )
        await desk.says("no")
    assert _feeds(desk) == {}


async def test_no_list_and_no_feeds_are_told(desk: Desk) -> None:
    assert await desk.says("feed export") == "No feeds exist yet."
    assert "The file is not OPML" in await desk.says("feed import\n<html>hello</html>\ndone")


def test_a_long_list_is_parted() -> None:
    entries = [
        Entry(f"https://example.org/{number}/{'x' * 200}", "T" * 200) for number in range(300)
    ]
    parts = list(parted(entries))
    assert len(parts) > 3
    assert [one for part in parts for one in part] == entries


@pytest.mark.parametrize(
    ("title", "address"), [("", ""), ("…", ""), ("A  b -- C!", "a-b-c"), ("é" * 99, "e" * 40)]
)
def test_slug(title: str, address: str) -> None:
    assert slug(title) == address


async def test_status_tells_of_feeds_in_trouble(desk: Desk) -> None:
    class Source:
        def configure(self, specs: object) -> None: ...

        def troubles(self) -> list[Trouble]:
            return [
                Trouble(
                    Channel("feed", "one"),
                    _("The feed is damaged, and no items can be found in it."),
                    3_600_000,
                ),
                Trouble(Channel("feed", "two"), "gone", 0),
            ]

    desk.bus.hub.sources = {"feed": Source()}
    told = await desk.says("status")
    assert "Sources with errors: 2" in told
    assert (
        "  feed:one: The feed is damaged, and no items can be found in it. Next try at "
        "1970-01-01 01:00:00 UTC."
    ) in told
    assert "  feed:two: gone" in told


def test_many_feeds_of_one_name_get_their_addresses_soon() -> None:
    entries = [Entry(f"https://one.example/{number}", "Planet") for number in range(10_000)]
    with counting_calls() as calls:
        specs = list(new_channels(entries, {"feed:planet"}))
    assert len(calls) < 20 * 10_000  # and not a multiple of their square
    assert [spec.channel.address for spec in specs[:2]] == ["planet-2", "planet-3"]
    assert len({spec.channel for spec in specs}) == 10_000


RSS = b"""<rss version="2.0"><channel><title>Planet of tests</title>
<item><title>One</title><guid>1</guid></item><item><title>Two</title><guid>2</guid></item>
</channel></rss>"""
PAGE = b"""<html><head><link rel="alternate" type="application/rss+xml" href="/feed.xml"></head>
<body>Hello</body></html>"""
ROOM = Channel("muc", "lobby@rooms.example.org")


@asynccontextmanager
async def _reading(desk: Desk) -> AsyncIterator[tuple[Desk, str]]:
    """A desk that reaches a site: a feed, a page that links to it, and a page without a feed."""

    async def answer(request: http.Request) -> http.StreamResponse:
        match request.path:
            case "/feed.xml":
                return gives(RSS, Content_Type="application/rss+xml")
            case "/":
                return gives(PAGE, Content_Type="text/html")
            case "/empty":
                return gives(b"")
            case "/gone":
                return gives(b"gone", 404)
        return gives(b"<html><body>Hello</body></html>", Content_Type="text/html")

    await desk.bus.settings.change([Put(ChannelSpec(ROOM))], Audit(0, "", "", ""))
    async with site(answer) as server, fetching() as fetcher:
        yield Desk(replace(desk.bus, fetcher=lambda: fetcher)), server.url


@pytest.mark.parametrize("path", ["/feed.xml", "/"])
async def test_a_feed_and_its_route_in_one_line(desk: Desk, path: str) -> None:
    async with _reading(desk) as (reading, url):
        told = await reading.says(f"feed add {url}{path} lobby")
        assert told == (
            "Added feed:planet-of-tests: “Planet of tests” (items: 2). New items are posted to "
            "muc:lobby@rooms.example.org. To be notified yourself, write “subscribe "
            "feed:planet-of-tests”."
        )
        assert _feeds(desk) == {"planet-of-tests": f"{url}/feed.xml"}
        routes = [(str(route.source), route.destination) for route in desk.bus.hub.routes]
        assert routes == [("feed:planet-of-tests", ROOM)]
        again = await reading.says(f"feed add {url}{path} shoutbox:lobby")
        assert "feed:planet-of-tests already reads this feed." in again
    assert len(_feeds(desk)) == 1


async def test_a_feed_with_a_name_and_without_a_room(desk: Desk) -> None:
    async with _reading(desk) as (reading, url):
        told = await reading.says(f"feed add {url}/feed.xml none name=news first=none")
        assert told == (
            "Added feed:news: “Planet of tests” (items: 2). They are not posted yet; write “route "
            "add feed:news …” with a room."
        )
        assert "already exists" in await reading.says(f"feed add {url}/ none name=news")
    (spec,) = [spec for spec in desk.bus.hub.channels if spec.channel.method == "feed"]
    assert (spec.title, dict(spec.settings)) == ("Planet of tests", {"url": f"{url}/feed.xml"})
    assert not desk.bus.hub.routes


@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/page", "the page does not link to a feed"),
        ("/gone", "404"),
        ("/empty", "The address answered without content."),
    ],
)
async def test_what_is_no_feed_is_not_added(desk: Desk, path: str, why: str) -> None:
    async with _reading(desk) as (reading, url):
        assert why in await reading.says(f"feed add {url}{path} lobby")
    assert _feeds(desk) == {}
    assert not desk.bus.hub.routes


async def test_a_channel_of_feeds_is_tried_too(desk: Desk) -> None:
    async with _reading(desk) as (reading, url):
        told = await reading.says(f"channel add feed news url={url}/page")
        assert "the page does not link to a feed" in told
        assert _feeds(desk) == {}
        await reading.says("cancel")
        told = await reading.says(f"channel add feed news url={url}/")
        assert told.startswith("Added feed:news. Its messages are not forwarded yet")
        assert told.endswith("The feed “Planet of tests” was read; items: 2.")


async def test_an_address_inside_is_not_fetched_for_a_feed(desk: Desk) -> None:
    async with fetching(Allowed.parse([])) as fetcher:
        reading = Desk(replace(desk.bus, fetcher=lambda: fetcher))
        told = await reading.says("feed add http://127.0.0.1:9/feed.xml shoutbox:lobby")
    assert "Added" not in told
    assert _feeds(desk) == {}
