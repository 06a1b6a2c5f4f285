"""Archives of stories as people read them, in a real browser; their feed as a reader has it; and
the way of a story from a shoutbox to a room, on a real bus."""

import asyncio
import calendar
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from xml.etree.ElementTree import fromstring

import feedparser  # type: ignore[import-untyped]
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from component.cli.prosody import ROOMS, free_port
from tests.browser.bot import answer, in_thread
from tests.browser.chromium import chromium
from tests.support import servers
from tests.support.people import person
from tests.support.servers import Bus, Server, call, eventually

MORE = f"""
[[channel]]
name = "shoutbox:press"

[[channel]]
name = "story:news"
title = "News"

[[channel]]
name = "story:inside"
title = "Inside"
public = false

[[channel]]
name = "muc:readers@{ROOMS}"

[[route]]
from = "shoutbox:press"
to = "story:news"

[[route]]
from = "story:news"
to = "muc:readers@{ROOMS}"

[[route.processor]]
name = "template"
line = "{{title}} {{link}}"
"""


@dataclass
class Press:
    """A bus with archives, who writes for them, and who reads them."""

    server: Server
    bus: Bus
    browser: Browser
    contexts: list[BrowserContext] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def tell(
        self, body: str, channel: str = "shoutbox:press", archive: str = "news", author: str = "Ann"
    ) -> str:
        """Say it; gives the address of its page once it is there."""
        answer = self.bus.post(channel, body, author=author)
        assert answer.status == 201, answer.text
        found = call(f"{self.bus.url}/stories/{archive}/{answer.json['id']}")
        assert found.status == 301, found.text
        return found.headers["Location"]

    def ask(self, line: str, name: str = "admin") -> str:
        """What the bot answers to someone's line."""
        return answer(self.server, name, line)

    def open(self, path: str, **options: Any) -> Page:
        """A page, to someone new. None may fault, break its security policy or open a dialogue."""
        context = self.browser.new_context(**options)
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda fault: self.faults.append(str(fault)))
        page.on("dialog", lambda dialog: self.faults.append(dialog.message))
        page.on(
            "console", lambda line: self.faults.append(line.text) if line.type == "error" else None
        )
        page.goto(f"{self.bus.url}{path}")
        return page

    def close(self) -> None:
        for context in self.contexts:
            context.close()
        self.contexts.clear()
        faults, self.faults = self.faults, []
        assert [one for one in faults if "status of 4" not in one] == []


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Press]:
    data = tmp_path_factory.mktemp("stories")
    server = Server(data / "prosody")
    server.start()
    port = free_port()
    bus = servers.start_bus(data / "bus", servers.settings(server, data / "bus", port, MORE), port)
    try:
        bus.ready()
        with chromium() as browser:
            yield Press(server, bus, browser)
    finally:
        bus.stop()
        server.stop()


@pytest.fixture
def press(house: Press) -> Iterator[Press]:
    yield house
    house.close()


def number(path: str) -> str:
    return path.rpartition("/")[2].partition("-")[0]


@pytest.mark.parametrize("scripts", [True, False])
def test_reading(press: Press, scripts: bool) -> None:
    path = press.tell(
        "We open\n\nOn Monday we open.\nSee https://example.org/.\n\nYours.", author="Zoë"
    )
    page = press.open("/", java_script_enabled=scripts)
    page.get_by_role("link", name="News").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("News")
    article = page.get_by_role("article", name="We open").first
    expect(article).to_contain_text("On Monday we open.")
    expect(article).to_contain_text("Zoë web")
    article.get_by_role("link", name="We open").click()
    expect(page).to_have_url(f"{press.bus.url}{path}")
    expect(page).to_have_title("We open · News · Shoutbus")
    expect(page.get_by_role("heading", level=1)).to_have_text("We open")
    expect(page.get_by_role("article").get_by_role("paragraph")).to_have_count(3)
    expect(page.get_by_role("link", name="https://example.org/")).to_have_attribute(
        "href", "https://example.org/"
    )
    page.get_by_role("link", name="All stories of News").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("News")


def test_turning_pages(press: Press) -> None:
    for count in range(45):
        press.tell(f"Turned {count}")
    page = press.open("/stories/news", java_script_enabled=False)
    expect(page.get_by_role("heading", level=2).first).to_have_text("Turned 44")
    expect(page.get_by_role("article")).to_have_count(20)
    older = page.get_by_role("navigation", name="More stories").get_by_role(
        "link", name="Older stories"
    )
    older.click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Turned 24")
    older.click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Turned 4")
    page.get_by_role("link", name="Newest stories").click()
    expect(page.get_by_role("heading", level=2).first).to_have_text("Turned 44")


def test_an_edit_and_what_is_taken_away_are_there_at_once(press: Press) -> None:
    path = press.tell("A slip\n\nOf the pen.")
    page = press.open(path)
    expect(page.get_by_role("heading", level=1)).to_have_text("A slip")
    assert "Changed the story: " in press.ask(f'story edit {number(path)} title="Put right"')
    page.reload()  # the old address leads to the new one
    expect(page.get_by_role("heading", level=1)).to_have_text("Put right")
    expect(page).to_have_url(f"{press.bus.url}/stories/news/{number(path)}-put-right")
    expect(page.get_by_text("edited")).to_have_count(1)
    assert "Changed the story: " in press.ask(f'story edit {number(path)} title="A slip"')
    page.reload()  # and back: no browser is sent in circles by what it kept
    expect(page).to_have_url(f"{press.bus.url}{path}")
    assert "Unpublished the story." in press.ask(f"story unpublish {number(path)}")
    answer = page.reload()
    assert answer
    assert answer.status == 410
    expect(page.get_by_role("main")).to_contain_text("This story was removed.")
    page.goto(f"{press.bus.url}/stories/news")
    expect(page.get_by_text("A slip")).to_have_count(0)
    assert "Published the story again:" in press.ask(f"story unpublish {number(path)} again")
    page.reload()
    expect(page.get_by_role("heading", name="A slip")).to_have_count(1)


def test_the_feed_as_a_reader_has_it(press: Press) -> None:
    before = time.time()
    path = press.tell(
        'Für <alle> & jeden\n\nZeile 1\nZeile 2\n\n"Ende" https://example.org/?a=1&b=2',
        author="Zoë",
    )
    page = press.open("/stories/news")
    found = page.locator('link[rel="alternate"][type="application/atom+xml"]')
    expect(found).to_have_attribute("title", "News")
    address = f"{press.bus.url}{found.get_attribute('href')}"
    expect(page.get_by_role("link", name="Atom feed")).to_have_attribute(
        "href", found.get_attribute("href") or ""
    )
    feed = feedparser.parse(call(address).text.encode())
    assert (feed.bozo, feed.version, feed.feed.title) == (False, "atom10", "News")
    entry = feed.entries[0]
    assert (entry.title, entry.author, entry.link) == (
        "Für <alle> & jeden",
        "Zoë (web)",
        f"{press.bus.url}{path}",
    )
    assert entry.content[0].value == (
        '<p>Zeile 1<br />\nZeile 2</p>\n<p>"Ende" <a href="https://example.org/?a=1&amp;b=2" '
        'rel="noopener noreferrer nofollow ugc">https://example.org/?a=1&amp;b=2</a></p>'
    )
    assert before - 1 <= calendar.timegm(entry.published_parsed) <= time.time() + 1
    assert call(entry.link).status == 200
    assert len({one.id for one in feed.entries}) == len(feed.entries)
    updated = [one.updated for one in feed.entries]
    assert feed.feed.updated == max(updated)
    known = call(address).headers["Etag"]
    assert call(address, If_None_Match=known).status == 304
    press.ask(f"story unpublish {number(path)}")
    again = call(address, If_None_Match=known)
    assert again.status == 200
    assert path not in again.text


EVIL = (
    "<script>alert(1)</script><img src=x onerror=alert(2)><svg onload=alert(3)>"
    "\"'><iframe srcdoc='<script>alert(4)</script>'>"
)


def test_nothing_of_a_story_runs(press: Press) -> None:
    body = f'{EVIL}\n\n{EVIL}\njavascript:alert(5) ]]> {EVIL} http://x/"onmouseover="alert(6)'
    path = press.tell(body, author="x' onfocus='alert(7)' autofocus='")
    for place in ("/stories/news", path):
        page = press.open(place)
        expect(page.get_by_role("article").first).to_contain_text("<script>alert(1)</script>")
        made = "main script, main img, main svg, main iframe, [onerror], [onload], [style]"
        assert page.evaluate(f"document.querySelectorAll('{made}').length") == 0
        assert (
            page.evaluate("[...document.links].filter((one) => !/^https?:/.test(one.href)).length")
            == 0
        )
    press.ask(f'story edit {number(path)} title="<b onclick=alert(8)>x"')
    page = press.open(f"/stories/news/{number(path)}")
    expect(page.get_by_role("heading", level=1)).to_have_text("<b onclick=alert(8)>x")
    expect(page).to_have_title("<b onclick=alert(8)>x · News · Shoutbus")
    feed = call(f"{press.bus.url}/stories/news/feed.atom").text
    fromstring(feed)
    assert "<script" not in feed
    policy = call(f"{press.bus.url}{path}").headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(press: Press, scheme: str) -> None:
    path = press.tell("Seen\n\n" + "All of it. " * 300)
    gone = press.tell("Gone")
    press.ask(f"story edit {number(path)} title=Looked")
    press.ask(f"story unpublish {number(gone)}")
    looked = []
    for place in (
        "/",
        "/stories/news",
        "/stories/news?before=1",
        path,
        gone,
        "/stories/news/0",
        "/stories/inside",
    ):
        page = press.open(place, color_scheme=scheme)
        found = Axe().run(page)
        looked.append(
            "" if found.violations_count == 0 else f"{page.url}: {found.generate_report()}"
        )
    assert looked == [""] * len(looked)


def test_phone(press: Press) -> None:
    path = press.tell(f"{'Long' * 20}\n\n{'word' * 200}")
    for place in ("/stories/news", path):
        page = press.open(
            place, viewport={"width": 360, "height": 640}, is_mobile=True, has_touch=True
        )
        assert page.evaluate("document.documentElement.scrollWidth") == 360


def test_what_is_for_operators(press: Press) -> None:
    answer = press.bus.post("story:inside", "Between us")
    assert answer.status == 201
    page = press.open("/")
    expect(page.get_by_role("link", name="News")).to_have_count(1)
    expect(page.get_by_role("link", name="Inside")).to_have_count(0)
    page.goto(f"{press.bus.url}/stories/inside")
    expect(page.get_by_role("main")).to_contain_text(
        "This story archive is for operators. Write “matrix” to"
    )
    link = next(word for word in press.ask("matrix").split() if "/sign-in/" in word)
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Matrix")
    page.goto(f"{press.bus.url}/stories/inside")
    page.get_by_role("link", name="Between us").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Between us")
    page.goto(f"{press.bus.url}/commands/story-edit?story={page.url}")
    page.get_by_label("Title").fill("Between you and me")
    page.get_by_label("Text").fill("One.\n\nTwo.")
    page.get_by_role("button", name="Finish").click()
    page.goto(f"{press.bus.url}/stories/inside")
    expect(
        page.get_by_role("article", name="Between you and me").get_by_role("paragraph")
    ).to_have_text(
        [page.get_by_role("article").get_by_role("paragraph").first.inner_text(), "One.", "Two."]
    )


def test_the_api_reads_and_writes_an_archive(press: Press) -> None:
    path = press.tell("By API\n\nText.", channel="story:news")
    assert press.bus.bodies("story:news")[-1] == "By API\n\nText."
    press.ask(f"story edit {number(path)} title=Otherwise")
    assert press.bus.bodies("story:news")[-1] == "Otherwise\n\nText."


def test_a_shout_becomes_a_story_and_a_room_is_told(press: Press) -> None:
    """From a shoutbox to an archive, and from there, with title and link, to a room."""
    room = f"readers@{ROOMS}"

    async def listening() -> tuple[str, str]:
        async with person("juliet", press.server.passwords["juliet"], press.server.c2s) as juliet:
            await juliet.join(room, "Juliet")
            path = await asyncio.to_thread(
                press.tell, "The way of a story\n\nIt is long.", author="Ann"
            )
            said = await juliet.until(
                lambda: next(
                    (line for _nick, line in juliet.lines(room) if "The way of a story" in line), ""
                ),
                "told",
            )
            return path, str(said)

    path, said = in_thread(lambda: asyncio.run(listening()))
    title, link = said.rsplit(" ", 1)
    assert title.endswith("The way of a story")
    assert "It is long." not in said
    leads = call(link)
    assert (leads.status, leads.headers["Location"]) == (301, path)
    page = press.open(link.removeprefix(press.bus.url))
    expect(page.get_by_role("heading", level=1)).to_have_text("The way of a story")
    expect(page.get_by_role("article")).to_contain_text("It is long.")
    message_id = link.rpartition("/")[2]
    assert press.ask(f"message delete {message_id} sure").startswith("Deleted")
    eventually(lambda: call(f"{press.bus.url}{path}").status == 410, "it is gone")
