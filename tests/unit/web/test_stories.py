"""Stories: what a message says as one, its address, the pages and the feed of an archive on a real
store."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import fromstring

import feedparser  # type: ignore[import-untyped]
import pytest

from commands.action import Bus
from component import processors
from component.bus.model.message import MAX_BODY, Author, AuthorKind, Channel, Message
from component.bus.model.records import Audit, ChannelSpec, Drop, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.bus.model.story import MAX_TITLE, UNTITLED, Story, Told, key, permalink
from component.common.errors import BadInput
from component.storage import open_store
from tests.contract.pages import Browser, Page, a_browser
from tests.support.fakes import Bench, FakeMethod, a_bus, said, seeded, until

NEWS, BOX = Channel("story", "news"), Channel("shoutbox", "lobby")
AUDIT = Audit(0, "admin@x", "test", "test")
ROLES = {"admin@x": Role.ADMIN, "operator@x": Role.OPERATOR}

# What a message says as a story


@pytest.mark.parametrize(
    ("body", "title", "text"),
    [
        ("Hello", "Hello", ""),
        ("Hello\n\nThe text.\n\nMore.", "Hello", "The text.\n\nMore."),
        ("Hello\n \n\n  The text.", "Hello", "  The text."),
        ("Hello\nhttps://example.org/1", "Hello", "https://example.org/1"),
        ("Q: Why?\nA: Because.", "Q: Why?", "Q: Why?\nA: Because."),
        ("It is a long way\nto the end.", "It is a long way…", "It is a long way\nto the end."),
        ("\n\nHello", "Hello", ""),
        ("  \n \nHello\n\nText\n  \n", "Hello", "Text"),
        ("a\tb  c\n\nd", "a b c", "d"),
        ("\u200b\nhello", UNTITLED, "\u200b\nhello"),
        ("\u202egnp.exe\n\nd", "gnp.exe", "d"),
        ("x" * MAX_TITLE, "x" * MAX_TITLE, ""),
        ("x" * (MAX_TITLE + 1), "x" * (MAX_TITLE - 1) + "…", "x" * (MAX_TITLE + 1)),
    ],
)
def test_title_and_text(body: str, title: str, text: str) -> None:
    assert Told.of(body) == Told(title, text)


def test_a_long_line_is_cut_behind_a_word() -> None:
    title = Told.of("word " * 100).title
    assert title.endswith("word…")
    assert MAX_TITLE * 3 // 4 <= len(title) <= MAX_TITLE


@pytest.mark.parametrize(
    "text", ["", "One.", "One.\n\nTwo.", "  indented\n\ttab", "https://example.org", "\n\nx\n"]
)
@pytest.mark.parametrize("title", ["A title", "x" * MAX_TITLE, "It goes on", "<b>&"])
def test_what_an_operator_writes_is_what_is_read(title: str, text: str) -> None:
    told = Told.new(title, text)
    assert Told.of(told.body) == told
    assert (told.title, told.text) == (title, text.strip("\n"))


@pytest.mark.parametrize("title", ["", "  ", "\u200b", "x" * (MAX_TITLE + 1)])
def test_titles_that_will_not_do(title: str) -> None:
    with pytest.raises(BadInput, match="title"):
        Told.new(title, "text")


@pytest.mark.parametrize(
    ("title", "slug"),
    [
        ("Hello, World!", "hello-world"),
        ("Für Straße & Größe", "fur-strasse-grosse"),
        ("日本語", ""),
        ("../../etc/passwd", "etc-passwd"),
        ("a" * 100, "a" * 60),
        ("word " * 30, "word-word-word-word-word-word-word-word-word-word-word-word"),
    ],
)
def test_slugs(title: str, slug: str) -> None:
    assert Told(title, "").slug == slug
    assert key(f"12{f'-{slug}' if slug else ''}") == 12


@pytest.mark.parametrize(
    "text", ["", "-", "x", "12x", "-12", "1" * 19, "12-A", "١٢", "12/", "12 ", "feed.atom"]
)
def test_what_names_no_story(text: str) -> None:
    assert key(text) is None


def test_what_names_one() -> None:
    assert (key("12"), key("#12"), key("12-"), key("12-any-thing"), key("0" * 32)) == (
        12,
        12,
        12,
        12,
        "0" * 32,
    )


def test_when_it_changed() -> None:
    story = Story(1, NEWS, said("hello", at=5_000))
    assert (story.updated, story.shown) == (5_000, True)
    assert replace(story, changed=9_000).updated == 9_000
    assert not replace(story, published=False).shown
    assert not replace(story, deleted=True).shown


# The pages and the feed


class Reader:
    """A bus with an archive, and who reads it."""

    def __init__(self, bus: Bus, browser: Browser) -> None:
        self.bus, self.browser = bus, browser

    async def tell(
        self, body: str, author: Author | None = None, channel: Channel = NEWS, **more: Any
    ) -> Story:
        message = said(
            body, channel, author=author or Author("Juliet", "juliet@example.org"), **more
        )
        await self.bus.hub.accept(message, deliver=True)
        story = await self.bus.store.stories.of_message(channel, message.id)
        assert story
        return story

    async def change(self, story: Story, at: int = 2_000, **more: Any) -> Story:
        if "body" in more:
            more["message"] = replace(story.message, body=more.pop("body"))
        await self.bus.store.stories.update(replace(story, **more), replace(AUDIT, at=at))
        found = await self.bus.store.stories.get(story.seq)
        assert found
        return found

    async def configure(self, **settings: Any) -> None:
        spec = next(one for one in self.bus.hub.channels if one.channel == NEWS)
        await self.bus.settings.change([Put(replace(spec, settings=settings))], AUDIT)

    async def get(self, path: str, **headers: str) -> tuple[int, Any, str]:
        """Status, headers and text, no redirect followed."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self.browser.client.get(path, headers=named, allow_redirects=False) as answer:
            return answer.status, answer.headers, await answer.text()

    async def feed(self) -> Any:
        status, headers, text = await self.get("/stories/news/feed.atom")
        assert status == 200
        assert headers["Content-Type"] == "application/atom+xml; charset=utf-8"
        fromstring(text)
        found = feedparser.parse(text.encode())
        assert not found.bozo, found.get("bozo_exception")
        return found


@pytest.fixture
async def reader(tmp_path: Path) -> AsyncIterator[Reader]:
    async with a_bus(tmp_path) as bus:
        specs = [
            ChannelSpec(NEWS, "News & <b>more</b>"),
            ChannelSpec(BOX),
            ChannelSpec(Channel("story", "other")),
        ]
        await bus.settings.change([Put(spec) for spec in specs], AUDIT)
        async with a_browser(bus, dict(ROLES)) as browser:
            yield Reader(bus, browser)


async def test_an_archive_lists_stories_newest_first(reader: Reader) -> None:
    assert "No stories exist yet." in (await reader.browser.get("/stories/news")).lines
    for number in range(1, 46):
        await reader.tell(f"Story {number}\n\nText {number}.")
    await reader.tell("Elsewhere", channel=Channel("story", "other"))
    seen: list[str] = []
    path = "/stories/news"
    for _ in range(3):
        page = await reader.browser.get(path)
        assert page.status == 200
        seen += re.findall(r'<h2 id="story-\d+"><a href="[^"]+">(.*?)</a>', page.text)
        path = next((link for link in page.links if "before=" in link), "")
    assert seen == [f"Story {number}" for number in range(45, 0, -1)]
    assert path == ""
    assert "No older stories exist." in (await reader.browser.get("/stories/news?before=1")).lines


@pytest.mark.parametrize("before", ["x", "-1", "", "9" * 30])
async def test_a_page_that_is_none(reader: Reader, before: str) -> None:
    assert (await reader.browser.get(f"/stories/news?before={before}")).status == 400


async def test_a_storys_page(reader: Reader) -> None:
    story = await reader.tell(
        "Opening\n\nWe open.\nSee https://example.org/a?b=1&c=2.\n\nBye.", at=1_700_000_000_000
    )
    assert story.path == f"/stories/news/{story.seq}-opening"
    page = await reader.browser.get(story.path)
    assert (page.status, page.title) == (200, "Opening")
    assert "https://example.org/a?b=1&c=2" in page.links
    assert "<p>We open.\nSee " in page.text
    assert "<p>Bye.</p>" in page.text
    assert ">2023-11-14 22:13 UTC</time>" in page.text
    assert "juliet@" not in page.text
    assert "News &amp; &lt;b&gt;more" in page.text
    assert (
        'type="application/atom+xml" title="News &amp; &lt;b&gt;more&lt;/b&gt;" '
        'href="/stories/news/feed.atom"' in page.text
    )


async def test_operators_find_the_way_to_edit_it(reader: Reader) -> None:
    story = await reader.tell("Opening")
    edit = f"/commands/story-edit?story={story.seq}"
    known = (await reader.get(story.path))[1]["ETag"]
    assert edit not in (await reader.browser.get(story.path)).links
    await reader.browser.sign_in("member@x")
    assert edit not in (await reader.browser.get(story.path)).links
    await reader.browser.sign_in("operator@x")
    page = await reader.browser.get(story.path, If_None_Match=known)
    assert edit in page.links
    assert "Cookie" in page.headers["Vary"]
    assert (await reader.browser.get(edit)).fields["title"] == ["Opening"]


async def test_other_addresses_of_a_story_lead_to_it(reader: Reader) -> None:
    story = await reader.tell("Opening")
    for other in (
        f"{story.seq}",
        f"{story.seq}-",
        f"{story.seq}-openin",
        f"0{story.seq}-opening",
        story.message.id,
    ):
        status, headers, _text = await reader.get(f"/stories/news/{other}")
        assert (status, headers["Location"]) == (301, story.path), other
        assert (
            headers["Cache-Control"] == "no-cache"
        )  # the title may become another, and this one again
    assert permalink(story.message, NEWS) == f"/stories/news/{story.message.id}"
    bare = await reader.tell("日本語")
    assert (await reader.get(bare.path))[0] == 200
    assert (await reader.get(f"{bare.path}-x"))[1]["Location"] == bare.path


async def test_what_is_no_story(reader: Reader) -> None:
    await reader.tell("Opening")
    elsewhere = await reader.tell("Elsewhere", channel=Channel("story", "other"))
    shout = said("a shout", BOX)
    await reader.bus.hub.accept(shout)
    (delivery,) = await reader.bus.store.deliveries.log(BOX)
    for path in (
        "news/0",
        "news/99",
        f"news/{delivery.seq}",
        f"news/{shout.id}",
        f"news/{elsewhere.seq}",
        "news/x",
        "nows",
        "nows/feed.atom",
        "news/feed.rss",
        f"lobby/{delivery.seq}",
        "%2a",
        "news/%00",
        "news/" + "1" * 300,
    ):
        status, headers, text = await reader.get(f"/stories/{path}")
        assert status == 404, path
        assert headers["Content-Type"].startswith("text/html")
        assert "does not exist" in text, path


async def test_what_was_taken_away_says_so(reader: Reader) -> None:
    story = await reader.tell("Opening\n\nSecret words.")
    story = await reader.change(story, published=False)
    for path in (story.path, f"/stories/news/{story.seq}", f"/stories/news/{story.message.id}"):
        status, _headers, text = await reader.get(path)
        assert status == 410
        assert "This story was removed." in text
        assert "Opening" not in text
    assert "Opening" not in (await reader.browser.get("/stories/news")).text
    assert (await reader.feed()).entries == []
    await reader.change(story, published=True)
    assert (await reader.get(story.path))[0] == 200
    german = await reader.get("/stories/news/99", Accept_Language="de")
    assert "Diesen Artikel gibt es nicht." in german[2]


async def test_a_deleted_message_is_no_story_any_more(reader: Reader) -> None:
    story = await reader.tell("Opening\n\nSecret words.")
    story = await reader.change(story, body="Another title\n\nOther secret words.")
    await reader.bus.hub.delete(story.message.id, AUDIT)
    assert (await reader.get(story.path))[0] == 410
    assert "secret" not in (await reader.get("/stories/news"))[2]
    assert (await reader.feed()).entries == []
    (delivery,) = await reader.bus.store.deliveries.log(NEWS)
    assert delivery.message.body == "(deleted by an operator)"


async def test_an_edit_is_there_at_once(reader: Reader) -> None:
    story = await reader.tell("Opening\n\nWe open.", at=1_000)
    before = (await reader.feed()).entries[0]
    first = await reader.get(story.path)
    known = (await reader.get("/stories/news/feed.atom"))[1]["ETag"]
    edited = await reader.change(story, at=90_000_000_000, body="Closing\n\nWe close.")
    assert edited.path == f"/stories/news/{story.seq}-closing"
    assert (await reader.get(story.path))[1]["Location"] == edited.path
    page = await reader.browser.get(edited.path, If_None_Match=first[1]["ETag"])
    assert (page.status, page.title) == (200, "Closing")
    assert "1972-11-07 16:00 UTC" in page.text
    assert (await reader.get("/stories/news/feed.atom", If_None_Match=known))[0] == 200
    after = (await reader.feed()).entries[0]
    assert after.id == before.id
    assert (after.title, after.published) == ("Closing", before.published)
    assert after.updated > before.updated
    (delivery,) = await reader.bus.store.deliveries.log(
        NEWS
    )  # and so `last`, `search` and the API have it
    assert delivery.message.body == "Closing\n\nWe close."
    assert (await reader.bus.store.messages.trace(story.message.id))[
        0
    ].message.body == "Closing\n\nWe close."


async def test_the_feed(reader: Reader) -> None:
    await reader.tell('One <b>&\n\nIt\'s "one".\n  <script>alert(1)</script>', at=1_700_000_000_123)
    two = await reader.tell(
        "Two", Author("Zoë <i>", "guest:" + "0" * 32, AuthorKind.GUEST), at=1_700_000_001_000
    )
    feed = await reader.feed()
    assert feed.version == "atom10"
    assert feed.feed.title_detail == {
        "type": "text/plain",
        "language": None,
        "base": "",
        "value": "News & <b>more</b>",
    }
    assert feed.feed.id == "tag:127.0.0.1,2026:news"
    links = {link.rel: (link.href, link.type) for link in feed.feed.links}
    assert links == {
        "self": ("http://127.0.0.1/stories/news/feed.atom", "application/atom+xml"),
        "alternate": ("http://127.0.0.1/stories/news", "text/html"),
    }
    newest, oldest = feed.entries
    assert [one.title for one in feed.entries] == ["Two", "One <b>&"]
    assert newest.author == "Zoë <i> (web)"
    assert oldest.author == "Juliet"
    assert newest.link == f"http://127.0.0.1{two.path}"
    assert newest.id == f"tag:127.0.0.1,2023-11-14:news/{two.message.id}"
    assert oldest.published == oldest.updated == "2023-11-14T22:13:20.123Z"
    assert feed.feed.updated == newest.updated
    assert newest.content[0] == {
        "type": "text/html",
        "language": None,
        "base": "",
        "value": "<p>Two</p>",
    }
    raw = fromstring((await reader.get("/stories/news/feed.atom"))[2])
    atom = "{http://www.w3.org/2005/Atom}"
    content = raw.findall(f"{atom}entry")[1].find(f"{atom}content")
    assert content is not None
    assert content.get("type") == "html"
    assert (
        content.text
        == "<p>It&#39;s &#34;one&#34;.<br>\n  &lt;script&gt;alert(1)&lt;/script&gt;</p>"
    )
    assert len({one.id for one in feed.entries}) == 2
    assert 'rel="self"' in (await reader.get("/stories/other/feed.atom"))[2]


async def test_a_feed_has_the_newest_fifty(reader: Reader) -> None:
    for number in range(60):
        await reader.tell(f"Story {number}")
    assert [one.title for one in (await reader.feed()).entries] == [
        f"Story {number}" for number in range(59, 9, -1)
    ]


@pytest.mark.parametrize("path", ["/stories/news/feed.atom", "/stories/news", "STORY"])
async def test_what_did_not_change_is_not_sent_again(reader: Reader, path: str) -> None:
    story = await reader.tell("Opening")
    path = story.path if path == "STORY" else path
    status, headers, _text = await reader.get(path)
    assert (status, headers["Cache-Control"]) == (200, "no-cache")
    for known in (headers["ETag"], f'"x", W/{headers["ETag"]}', "*"):
        status, again, text = await reader.get(path, If_None_Match=known)
        assert (status, text, again["ETag"]) == (304, "", headers["ETag"])
        assert again["Cache-Control"] == "no-cache"
        assert again["Vary"] == headers["Vary"]
    assert (await reader.get(path, If_None_Match='"x"'))[0] == 200
    assert (await reader.get(path, If_None_Match="rubbish"))[0] == 200
    assert (await reader.get(path, If_Modified_Since="rubbish"))[0] == 200


async def test_the_time_of_a_feed_follows_what_it_says(reader: Reader) -> None:
    clock: Any = reader.bus.clock
    await reader.tell("Opening", at=5_000_000)
    assert (
        "Last-Modified" not in (await reader.get("/stories/news/feed.atom"))[1]
    )  # this second is not over
    clock.sleep(10)
    modified = (await reader.get("/stories/news/feed.atom"))[1]["Last-Modified"]
    assert (await reader.get("/stories/news/feed.atom", If_Modified_Since=modified))[0] == 304
    both = {"If_Modified_Since": modified, "If_None_Match": '"x"'}
    assert (await reader.get("/stories/news/feed.atom", **both))[0] == 200
    late = await reader.tell("What came late", at=1_000)  # said before the other one
    assert (await reader.get("/stories/news/feed.atom", If_Modified_Since=modified))[0] == 200
    clock.sleep(10)
    modified = (await reader.get("/stories/news/feed.atom"))[1]["Last-Modified"]
    await reader.change(late, published=False)
    assert (await reader.get("/stories/news/feed.atom", If_Modified_Since=modified))[0] == 200


NASTY = "]]>\u0085\u2028\ufffd<?x?>&#0;&bogus;<!DOCTYPE x [<!ENTITY a 'b'>]>\U0010ffff\u202e"


async def test_nothing_in_a_story_is_markup(reader: Reader) -> None:
    title = "</title><script>alert(1)</script>"
    text = (
        f'<img src=x onerror=alert(1)> javascript:alert(1) {NASTY} http://x/" onmouseover="alert(1)'
    )
    await reader.tell(f"{title}\n\n{text}", Author("</name><script>", "x@y"))
    await reader.tell(NASTY, Author(NASTY, "x@y"))
    feed = await reader.feed()
    assert feed.entries[1].title == title
    assert feed.entries[1].author == "</name><script>"
    assert "<img" not in feed.entries[1].content[0].value
    story = (await reader.bus.store.stories.find(NEWS))[1]
    for path in ("/stories/news", story.path):
        text = (await reader.get(path))[2]
        assert "<script" not in text
        assert "<img" not in text
        assert not re.search(r"<[^>]*\s(onerror|onmouseover)", text)
        assert 'href="javascript' not in text


async def test_a_title_with_control_characters_breaks_no_feed(reader: Reader) -> None:
    spec = next(one for one in reader.bus.hub.channels if one.channel == NEWS)
    await reader.bus.settings.change([Put(replace(spec, title="a\x01b\x0c\ufffe"))], AUDIT)
    assert (await reader.feed()).feed.title == "a\ufffdb\ufffd\ufffd"


async def test_the_largest_story(reader: Reader) -> None:
    story = await reader.tell("Long\n\n" + "<" * (MAX_BODY - 6))
    assert len((await reader.get("/stories/news"))[2]) < 20_000
    assert "&lt;" * (MAX_BODY - 6) in (await reader.get(story.path))[2]
    (entry,) = (await reader.feed()).entries
    assert len(entry.content[0].value) < 100_000
    assert entry.content[0].value.endswith("…</p>")


async def test_what_is_for_operators_alone(reader: Reader) -> None:
    story = await reader.tell("Secret words")
    await reader.configure(public=False)
    paths = [
        "/stories/news",
        story.path,
        "/stories/news/feed.atom",
        f"/stories/news/{story.message.id}",
    ]
    for path in [*paths, "/stories/news/99"]:
        status, headers, text = await reader.get(path)
        assert status == 403, path
        assert "Write “matrix” to bot@bus.example.org" in text
        assert "ecret" not in text
        assert "ETag" not in headers
    assert "/stories/news" not in (await reader.browser.get("/")).links
    await reader.browser.sign_in("member@x")
    assert (await reader.get(story.path))[0] == 403
    await reader.browser.sign_in("operator@x")
    for path in paths[:3]:
        status, headers, text = await reader.get(path)
        assert (status, headers["Cache-Control"]) == (200, "no-store")
        assert "Secret words" in text
        assert "ETag" not in headers
        assert 'rel="alternate" type="application/atom+xml" title' not in text
    assert "/stories/news" in (await reader.browser.get("/")).links


async def test_settings_that_can_not_be_read_open_nothing(reader: Reader) -> None:
    story = await reader.tell("Secret words")
    await reader.configure(public="perhaps")
    assert (await reader.get(story.path))[0] == 403
    assert (await reader.get("/"))[0] == 200


async def test_archives_are_listed(reader: Reader) -> None:
    page = await reader.browser.get("/")
    assert [one for one in page.links if one.startswith("/stories/")] == [
        "/stories/news",
        "/stories/other",
    ]
    assert "<h2>Stories</h2>" in page.text


async def test_in_german(reader: Reader) -> None:
    await reader.tell("Opening")
    page: Page = await reader.browser.get("/stories/news", Accept_Language="de")
    assert 'lang="de"' in page.text
    assert "Atom-Feed" in page.text
    assert page.headers["Content-Language"] == "de"
    assert "Accept-Language" in page.headers["Vary"]


async def test_nobody_posts_there_from_the_web(reader: Reader) -> None:
    page = await reader.browser.post("/stories/news", {"body": ["x"], "name": ["x"]})
    assert page.status in (404, 405)
    page = await reader.browser.post("/story/news", {"body": ["x"], "name": ["x"]})
    assert page.status == 404
    assert await reader.bus.store.stories.find(NEWS) == []


async def test_an_archive_that_is_removed(reader: Reader) -> None:
    story = await reader.tell("Opening")
    spec = next(one for one in reader.bus.hub.channels if one.channel == NEWS)
    await reader.bus.settings.change([Drop(spec)], AUDIT)
    for path in ("/stories/news", story.path, "/stories/news/feed.atom"):
        assert (await reader.get(path))[0] == 404


# As a place on a route


def _archive_link(message: Message, place: Channel) -> str:
    return f"https://bus.example.org{permalink(message, place)}" if place.method == "story" else ""


async def test_a_story_goes_on_with_its_permalink(tmp_path: Path) -> None:
    room, other = Channel("wire", "room"), Channel("wire", "other")
    route = Route(NEWS, room)
    told = Route(NEWS, room, stages=route.with_stage("template", (("line", ("{title}: {link}",)),)))
    plain = Route(room, other, stages=route.with_stage("template", (("line", ("{link}",)),)))
    store = await seeded(
        await open_store(f"sqlite:{tmp_path / 'bus.db'}"), [Route(BOX, NEWS), told, plain]
    )
    bench = Bench(store, FakeMethod())
    hub = await bench.start()
    hub.attach(
        {"wire": bench.method, "shoutbox": None, "story": None},
        make=processors.make,
        link=lambda one: f"whole {one.id}",
        permalink=_archive_link,
    )
    await hub.reload()
    message = said("Opening\n\nWe open.", BOX)
    hops = hub.explain(message)
    await hub.accept(message)
    await until(lambda: len(bench.method.sent) == 2, "it goes on")
    link = f"https://bus.example.org/stories/news/{message.id}"
    assert sorted(bench.method.sent) == [(other, f"whole {message.id}"), (room, f"Opening: {link}")]
    assert [hop.message.body for hop in hops] == [
        "Opening\n\nWe open.",
        f"Opening: {link}",
        f"whole {message.id}",
    ]
    story = await store.stories.of_message(NEWS, message.id)
    assert story
    assert story.told == Told("Opening", "We open.")
    await bench.close()
