"""The README's recipe, pasted word for word: a site's feed to the chat, a fortune every hour to the
chat and kept as a story, shoutbox and chat joined. On a real Prosody, with fortune-mod's real
files, by a clock that is moved."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from aiohttp import web as http

from component import methods
from component.app import Running, running
from component.bus.model.message import Channel
from component.cli.prosody import ROOMS, free_port
from component.config import parse
from component.methods.fortune.databases import databases, plain
from tests.support.fakes import FakeClock
from tests.support.people import Person, person
from tests.support.servers import Server, call, settings

README = Path(__file__).parents[2] / "README.md"
ROOM = f"lobby@{ROOMS}"
NICK = "shoutbus"
ITEM = "<item><guid>{0}</guid><title>{2}</title><link>{1}/{0}</link></item>"
PAGE = '<title>Site</title><link rel="alternate" type="application/rss+xml" href="/feed">'


def recipe(site: str) -> str:
    """What the README says to paste, with this test's addresses."""
    section = README.read_text("utf-8").partition("## The recipe")[2]
    pasted = re.search(r"```\n(import\n.*?)```", section, re.DOTALL)
    assert pasted
    return (
        pasted[1]
        .replace("https://www.example.org/", f"{site}/")
        .replace("rooms.example.org", ROOMS)
    )


class Site:
    """A site with a page that names its feed."""

    def __init__(self) -> None:
        self.url = ""
        self.items = ["1"]
        self.titles: dict[str, str] = {}

    async def page(self, _request: http.Request) -> http.Response:
        return http.Response(text=PAGE, content_type="text/html")

    async def feed(self, _request: http.Request) -> http.Response:
        items = "".join(
            ITEM.format(one, self.url, self.titles.get(one, f"News {one}")) for one in self.items
        )
        text = f"<rss version='2.0'><channel><title>Site</title>{items}</channel></rss>"
        return http.Response(text=text, content_type="application/rss+xml")


@asynccontextmanager
async def a_site() -> AsyncIterator[Site]:
    site = Site()
    app = http.Application()
    app.add_routes([http.get("/", site.page), http.get("/feed", site.feed)])
    runner = http.AppRunner(app)
    await runner.setup()
    port = free_port()
    await http.TCPSite(runner, "127.0.0.1", port).start()
    site.url = f"http://127.0.0.1:{port}"
    try:
        yield site
    finally:
        await runner.cleanup()


async def moved(bus: Running, clock: FakeClock, minutes: float) -> None:
    """The clock is put forward; what is due is done."""
    clock.sleep(minutes=minutes)
    bus.scheduler.look_again()
    await asyncio.sleep(0)
    await bus.scheduler.settled()


async def test_the_recipe(server: Server, tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 11, 24, 12, 10, tzinfo=UTC).timestamp())
    port = free_port()
    text = settings(server, tmp_path, port, '\n[fetch]\nallow = ["127.0.0.1"]\n')
    config = parse(text, methods.discover(), {})
    admin = config.admins[0].partition("@")[0]
    async with a_site() as site, running(config, clock) as bus:
        await asyncio.wait_for(bus.xmpp.inside(), 30)
        async with person(admin, server.passwords[admin], server.c2s) as me:
            await me.join(ROOM, "Juliet")
            me.tell(bus.xmpp.bot.bare, recipe(site.url))
            await _told(me, "Confirm?")
            me.tell(bus.xmpp.bot.bare, "yes")
            await _told(me, "Imported ")
            await (
                bus.scheduler.settled()
            )  # the feed is looked at, and nothing of it is told the first time

            site.items = ["2", "1"]
            lobby, stories = Channel("shoutbox", "lobby"), Channel("story", "fortunes")
            archive = bus.hub.listen(stories)
            await moved(bus, clock, 50)  # 13:00
            story = await asyncio.wait_for(archive.get(), 15)
            assert story
            assert story.message.body in _all_fortunes()
            await me.until(
                lambda: (NICK, story.message.line) in me.lines(ROOM), "the fortune in the room"
            )
            page = await asyncio.to_thread(call, f"http://127.0.0.1:{port}/stories/fortunes")
            assert (page.status, page.text.count("<article")) == (200, 1)

            await moved(bus, clock, 24 * 60)
            await _told(me, f"{site.url}/2")
            assert not any(f"{site.url}/1" in words for _nick, words in me.lines(ROOM))

            site.titles["2"] = "News two"  # a slip of its author's, mended
            await moved(bus, clock, 24 * 60)
            await _told(me, "News two")
            first, mended = (one for one in me.heard if f"{site.url}/2" in one["body"])
            corrected = mended.xml.find("{urn:xmpp:message-correct:0}replace")
            assert corrected is not None
            assert corrected.get("id") == first["id"]

            shouts = bus.hub.listen(lobby)
            me.say(ROOM, "said in the room")
            async with asyncio.timeout(15):
                while (shout := await shouts.get()) and shout.message.body != "said in the room":
                    pass


async def _told(me: Person, words: str) -> None:
    """Return once a message with these words in it came."""
    await me.until(lambda: any(words in one["body"] for one in me.heard), words, 30)


def _all_fortunes() -> str:
    """Every fortune on this machine, as they are told."""
    return "\n".join(
        plain(one.file.read_bytes().decode("utf-8", "replace")).expandtabs() for one in databases()
    )
