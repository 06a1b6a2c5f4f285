"""Feeds as a source: what is told when, over redirects, failures, restarts and crashes; by real
servers, and a clock that is moved."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from email.utils import formatdate
from gzip import compress
from typing import Any

import pytest
from aiohttp import web as http

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Callbacks
from component.common.errors import BadInput
from component.fetch.client import Fetcher
from component.methods.feed.source import METHOD, Feeds, public
from tests.support.fakes import FakeClock, FakeWorld
from tests.support.site import LOOPBACK, Site, fetching, gives, site

START = 1_767_225_600.0
HOUR = 3600.0
DAY = 24 * HOUR
PLANET = Channel("feed", "planet")


@dataclass
class Blog:
    """A feed on a server: its items by number, newest first, and how it behaves."""

    numbers: list[int] = field(default_factory=list)
    title: str = "Planet"
    guid: str = "tag:planet,{n}"
    words: dict[int, str] = field(default_factory=dict)
    """Titles that were changed."""
    more: str = ""
    status: int = 200
    location: str = ""
    tags: bool = True
    """Whether it has an ETag."""
    stuck: bool = False
    """Whether it says that nothing has changed to everyone who has seen it before."""
    body: bytes | None = None
    headers: dict[str, str] = field(default_factory=dict)
    parsed: int = 0
    """Times that the whole was sent."""
    unchanged: int = 0

    def add(self, *numbers: int) -> None:
        """New items, the newest last."""
        self.numbers = [*reversed(numbers), *self.numbers]

    def written(self) -> bytes:
        items = "".join(self.item(n) for n in self.numbers)
        return (
            '<rss version="2.0" '
            f'xmlns:dc="http://purl.org/dc/elements/1.1/"><channel><title>{self.title}</'
            "title>".encode()
            + (f"<link>http://planet.example/</link>{self.more}{items}</channel></rss>".encode())
        )

    def item(self, n: int) -> str:
        at = formatdate(START - DAY + n * 60, usegmt=True)
        return (
            f"<item><title>{self.words.get(n, f'Entry {n}')}</title><link>http://"
            f"planet.example/{n}</link><pubDate>{at}</pubDate>"
            f"<guid>{self.guid.format(n=n)}</guid><dc:creator>Writer {n % 3}</dc:creator>"
            f"<description>All of {n}.</description></item>"
        )

    async def answer(self, request: http.Request) -> http.StreamResponse:
        if self.location and request.path != self.location:
            return gives(b"", self.status, Location=self.location)
        if self.status >= 400:
            return gives(b"", self.status)
        body = self.body if self.body is not None else self.written()
        etag = f'"{hashlib.sha256(body).hexdigest()[:12]}"'
        same = request.headers.get("If-None-Match") == etag
        if self.stuck and "If-None-Match" in request.headers:
            same = True
        if self.tags and same:
            self.unchanged += 1
            return gives(b"", 304, ETag=etag)
        self.parsed += 1
        kind = "text/html" if body.startswith(b"<html") else "application/rss+xml"
        answer = gives(body, Content_Type=kind)
        answer.headers.update(self.headers | ({"ETag": etag} if self.tags else {}))
        return answer


@dataclass
class Yard:
    """A bus's feeds on a fake world, and the blog that they read."""

    world: FakeWorld
    blog: Blog
    server: Site
    fetcher: Fetcher
    feeds: Feeds
    public_url: str = ""

    def subscribe(self, path: str = "/feed", **settings: Any) -> None:
        """Configure the one feed so."""
        self.feeds.configure(
            [ChannelSpec(PLANET, settings={"url": self.server.url + path, **settings})]
        )

    async def passes(self, seconds: float = 0.0) -> None:
        """Time passes; what is due is done."""
        await self.world.until(self.world.clock.now + seconds)

    async def restart(self) -> None:
        """The bus ends and starts again."""
        await self.feeds.close()
        self.feeds = made(self.world, self.fetcher, self.public_url)

    @property
    def bodies(self) -> list[str]:
        return [message.body for message in self.world.accepted]

    @property
    def told(self) -> list[str]:
        return [words for _channel, words in self.world.told]

    @property
    def due(self) -> float:
        """Seconds until the next look."""
        due = self.world.scheduler.due(str(PLANET))
        assert due
        return due / 1000 - self.world.clock.now


def made(world: FakeWorld, fetcher: Fetcher, public_url: str = "") -> Feeds:
    world.scheduler.drop(str(PLANET))
    return Feeds(replace(world.ports(), fetcher=lambda: fetcher, callbacks=Callbacks(public_url)))


@asynccontextmanager
async def a_yard(public_url: str = "") -> AsyncIterator[Yard]:
    blog = Blog()
    world = FakeWorld(FakeClock(START))
    async with site(blog.answer) as server, fetching(LOOPBACK) as fetcher:
        one = Yard(world, blog, server, fetcher, made(world, fetcher, public_url), public_url)
        try:
            yield one
        finally:
            await one.feeds.close()


@pytest.fixture
async def yard() -> AsyncIterator[Yard]:
    async with a_yard() as one:
        yield one


def entry(n: int) -> str:
    return f"Entry {n}\nhttp://planet.example/{n}"


# At first, and from then on


async def test_a_new_feed_is_silent_and_tells_what_is_new(yard: Yard) -> None:
    yard.blog.add(*range(1, 31))
    yard.subscribe()
    await yard.passes()
    assert (yard.bodies, yard.told) == ([], [])
    yard.blog.add(31, 32)
    await yard.passes(DAY)
    assert yard.bodies == [entry(31), entry(32)]
    first = yard.world.accepted[0]
    assert (first.channel, first.author.name) == (PLANET, "Writer 1")
    assert first.at == int((START - DAY + 31 * 60) * 1000)
    await yard.passes(5 * DAY)
    assert len(yard.bodies) == 2


async def test_the_last_few_are_told_at_first_where_that_is_wanted(yard: Yard) -> None:
    yard.blog.add(*range(1, 31))
    yard.subscribe(first="3")
    await yard.passes()
    assert yard.bodies == [entry(28), entry(29), entry(30)]


async def test_the_summary_comes_along_where_that_is_wanted(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe(first="1", text=True)
    await yard.passes()
    assert yard.bodies == [f"{entry(1)}\nAll of 1."]


async def test_an_unchanged_feed_costs_a_304_and_no_parse_and_no_place_on_disk(yard: Yard) -> None:
    yard.blog.add(1, 2)
    yard.subscribe()
    await yard.passes()
    kept = yard.world.kept[PLANET]
    yard.world.kept[PLANET] = "not written again"
    await yard.passes(22 * HOUR)
    assert yard.blog.parsed == 1
    assert yard.blog.unchanged > 5
    assert yard.world.kept[PLANET] == "not written again"
    assert kept["etag"]


@pytest.mark.parametrize(
    "headers", [{}, {"Cache-Control": "max-age=30000"}], ids=["", "that is kept for hours"]
)
async def test_a_feed_that_never_changes_is_asked_for_whole_once_a_day(
    yard: Yard, headers: dict[str, str]
) -> None:
    yard.blog.add(1)
    yard.blog.headers = headers
    yard.blog.stuck = True
    yard.subscribe()
    await yard.passes()
    yard.blog.add(2)
    whole = 0
    for _day in range(4):
        before = yard.blog.parsed
        await yard.passes(1.1 * DAY)
        whole += yard.blog.parsed > before
    assert whole == 4
    assert yard.bodies == [entry(2)]
    assert yard.blog.unchanged > yard.blog.parsed  # the other times by its ETag


async def test_a_feed_without_etag_that_is_byte_for_byte_the_same_is_not_parsed(
    yard: Yard, monkeypatch: pytest.MonkeyPatch
) -> None:
    yard.blog.tags = False
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()

    async def never(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(yard.feeds.looking.workers, "read", never)
    await yard.passes(DAY)
    assert yard.blog.parsed > 2
    assert not yard.feeds.troubles()


async def test_a_week_down_is_told_as_ten_and_how_many_more(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.status = 503
    await yard.passes(7 * DAY)
    yard.blog.status = 200
    yard.blog.add(*range(2, 49))
    await yard.passes(2 * DAY)
    assert yard.bodies == [
        *(entry(n) for n in range(39, 49)),
        "and 37 more: http://planet.example/",
    ]
    assert [words.partition(".")[0] for words in yard.told] == [
        "The feed cannot be read",
        "The feed can be read again",
    ]


async def test_how_many_at_once_is_the_owners_choice(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe(most=2)
    await yard.passes()
    yard.blog.add(2, 3, 4)
    await yard.passes(DAY)
    assert yard.bodies == [entry(3), entry(4), "and 1 more: http://planet.example/"]


async def test_new_ids_for_known_items_tell_nothing_again(yard: Yard) -> None:
    yard.blog.add(*range(1, 11))
    yard.subscribe()
    await yard.passes()
    yard.blog.guid = "https://new.example/?p={n}"
    await yard.passes(DAY)
    assert yard.bodies == []
    assert yard.blog.parsed == 2


# Restarts and crashes


async def test_a_changed_item_corrects_what_was_told_once(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe(first="1")
    await yard.passes()
    (told,) = yard.world.accepted
    yard.blog.words[1] = "Entry one"
    await yard.passes(DAY)
    await yard.passes(DAY)
    await yard.restart()
    yard.subscribe(first="1")
    await yard.passes(DAY)
    assert [(one.body, one.corrects) for one in yard.world.accepted[1:]] == [
        ("Entry one\nhttp://planet.example/1", told.id)
    ]


async def test_a_changed_item_that_was_never_told_stays_so(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.words[1] = "Entry one"
    await yard.passes(DAY)
    assert yard.world.accepted == []


async def test_nothing_is_told_twice_over_a_restart(yard: Yard) -> None:
    yard.blog.add(1, 2)
    yard.subscribe()
    await yard.passes()
    yard.blog.add(3)
    await yard.passes(DAY)
    await yard.restart()
    yard.blog.add(4)
    yard.subscribe()
    await yard.passes(DAY)
    assert yard.bodies == [entry(3), entry(4)]


async def test_a_crash_between_telling_and_keeping_tells_nothing_twice(yard: Yard) -> None:
    yard.blog.add(*range(1, 21))
    yard.subscribe(first="5")
    kept: dict[str, Any] = {}
    keep = yard.world.keep

    async def crashes(channel: Channel, state: Any) -> None:
        if yard.world.accepted and not kept:
            kept.update(state)
            raise asyncio.CancelledError
        await keep(channel, state)

    yard.world.keep = crashes  # type: ignore[method-assign]
    await yard.passes()
    assert kept
    assert yard.world.kept[PLANET]["seen"] is None
    await yard.restart()
    yard.subscribe(first="5")
    await yard.passes(DAY)
    assert yard.bodies == [entry(n) for n in range(16, 21)]
    yard.blog.add(21)
    await yard.passes(DAY)
    assert yard.bodies[5:] == [entry(21)]


async def test_a_disk_that_is_full_loses_nothing(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.add(2, 3)
    yard.world.failing = 3
    await yard.passes(DAY)
    assert yard.bodies == [entry(2), entry(3)]


async def test_what_was_kept_and_can_not_be_read_begins_anew_in_silence(yard: Yard) -> None:
    yard.world.kept[PLANET] = {"url": 7}
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.add(2)
    await yard.passes(DAY)
    assert yard.bodies == [entry(2)]


async def test_many_feeds_do_not_begin_at_one_moment(yard: Yard) -> None:
    names = [Channel("feed", f"n{number}") for number in range(100)]
    yard.feeds.configure([ChannelSpec(one, settings={"url": yard.server.url}) for one in names])
    dues = sorted(yard.world.scheduler.due(str(one)) or 0 for one in names)
    assert dues[-1] - dues[0] >= 99 * 50
    assert len(set(dues)) == 100


# Where it is


async def test_a_permanent_redirect_is_taken_over_and_told_once(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.status, yard.blog.location = 301, "/new"
    yard.blog.add(2)
    await yard.passes(3 * DAY)
    assert yard.told == [
        f"The feed has moved permanently. Shoutbus now reads it at {yard.server.url}/new."
    ]
    assert yard.bodies == [entry(2)]
    assert yard.world.kept[PLANET]["url"] == f"{yard.server.url}/new"
    assert [one.path for one in yard.server.asked[-3:]] == ["/new"] * 3
    await yard.restart()
    yard.subscribe()
    await yard.passes()
    assert yard.server.asked[-1].path == "/new"


async def test_a_passing_redirect_is_not_taken_over(yard: Yard) -> None:
    yard.blog.add(1)
    yard.blog.status, yard.blog.location = 302, "/today"
    yard.subscribe()
    await yard.passes(DAY)
    assert yard.told == []
    assert {one.path for one in yard.server.asked[::2]} == {"/feed"}


async def test_a_site_is_enough_where_it_names_its_feed(yard: Yard) -> None:
    page = (
        b'<html><head><link rel="alternate" type="application/rss+xml" '
        b'href="/feed"></head><body>Hi</body></html>'
    )
    await _discovered(yard, page)
    assert yard.told == []


async def test_a_site_with_several_feeds_tells_which(yard: Yard) -> None:
    page = (
        b'<html><head><link rel="alternate" type="application/rss+xml" href="/feed">'
        b'<link rel="alternate" type="application/rss+xml" href="/comments"></head></html>'
    )
    await _discovered(yard, page)
    assert len(yard.told) == 1
    assert (
        "The page links to several feeds. "
        f"Shoutbus reads the first one, {yard.server.url}/feed. "
        "To use another one, edit the channel:"
    ) in yard.told[0]
    assert f"{yard.server.url}/comments" in yard.told[0]


@pytest.mark.parametrize("page", [b"<html><body>Hi</body></html>", b"Hello", b""])
async def test_a_feed_named_by_the_link_header_is_read(yard: Yard, page: bytes) -> None:
    links = [
        '</style.css>; rel=preload, </comments/feed>; rel="alternate"; type="application/rss+xml"',
        '</feed>; rel="alternate"; type="application/rss+xml"; title="Planet, all of it"',
    ]
    await _discovered(yard, page, links)
    assert "reads the first one" in yard.told[0]


async def test_a_feed_in_a_gzip_file_is_read(yard: Yard) -> None:
    yard.blog.add(1)
    yard.blog.body = compress(yard.blog.written())
    yard.subscribe(first="1")
    await yard.passes()
    assert yard.bodies == [entry(1)]


async def _discovered(yard: Yard, page: bytes, links: Sequence[str] = ()) -> None:
    answer = yard.blog.answer

    async def both(request: http.Request) -> http.StreamResponse:
        if request.path != "/":
            return await answer(request)
        given = gives(page, Content_Type="text/html")
        for link in links:
            given.headers.add("Link", link)
        return given

    yard.blog.add(1, 2)
    async with site(both) as server:
        yard.server = server
        yard.subscribe("/", first="1")
        await yard.passes(DAY)
        assert yard.bodies == [entry(2)]
        assert [one.path for one in server.asked].count("/") == 1
        assert yard.world.kept[PLANET]["url"] == f"{server.url}/feed"


async def test_another_address_for_the_same_feed_tells_only_what_is_new(yard: Yard) -> None:
    yard.blog.add(*range(1, 6))
    yard.subscribe()
    await yard.passes()
    yard.blog.add(6)
    yard.subscribe("/moved")
    await yard.passes()
    assert yard.bodies == [entry(6)]


async def test_another_address_for_another_feed_is_silent_as_a_new_one_is(yard: Yard) -> None:
    yard.blog.add(*range(1, 6))
    yard.subscribe()
    await yard.passes()
    yard.blog.numbers = [*range(120, 100, -1)]
    yard.subscribe("/other")
    await yard.passes()
    assert yard.bodies == []
    yard.blog.add(121)
    await yard.passes(DAY)
    assert yard.bodies == [entry(121)]


# Trouble


async def test_a_new_feed_that_can_not_be_read_is_told_at_once_and_once(yard: Yard) -> None:
    yard.blog.status = 404
    yard.subscribe()
    await yard.passes()
    assert yard.told == [
        (
            "The feed cannot be read. The address does not exist on 127.0.0.1 (404). Check "
            "the address. Shoutbus keeps trying."
        )
    ]
    (trouble,) = yard.feeds.troubles()
    assert "404" in str(trouble.why)
    assert trouble.due > yard.world.clock()
    await yard.passes(3 * DAY)
    assert len(yard.told) == 1
    yard.blog.status = 200
    yard.blog.add(1)
    await yard.passes(2 * DAY)
    assert yard.told[1:] == ["The feed can be read again."]
    assert yard.feeds.troubles() == []


async def test_a_feed_that_breaks_is_told_once_also_over_a_restart(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.status = 500
    await yard.passes(HOUR)
    assert yard.told == []
    await yard.passes(2 * DAY)
    assert len(yard.told) == 1
    await yard.restart()
    yard.subscribe()
    await yard.passes(2 * DAY)
    assert len(yard.told) == 1
    assert "has an internal error (500)." in str(yard.feeds.troubles()[0].why)


async def test_what_is_gone_is_told_and_looked_at_no_more_until_its_owner_wants_it(
    yard: Yard,
) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.blog.status = 410
    await yard.passes(3 * DAY)
    asked = len(yard.server.asked)
    assert len(yard.told) == 1
    assert "(410)" in yard.told[0]
    assert yard.feeds.troubles()[0].due == 0
    await yard.restart()
    yard.subscribe()
    await yard.passes(3 * DAY)
    assert len(yard.server.asked) == asked
    yard.blog.status = 200
    yard.feeds.configure([])  # paused
    yard.subscribe()
    await yard.passes()
    assert len(yard.server.asked) == asked + 1
    assert yard.told[1:] == ["The feed can be read again."]


async def test_a_private_address_is_refused_in_words(yard: Yard) -> None:
    yard.feeds.configure([ChannelSpec(PLANET, settings={"url": "http://10.0.0.1/feed"})])
    await yard.passes()
    assert (
        "10.0.0.1 is in a private network, and Shoutbus does not connect to private "
        "networks. Ask an operator to allow this host."
    ) in yard.told[0]


async def test_retry_after_is_kept_to(yard: Yard) -> None:
    yard.blog.add(1)
    yard.blog.headers = {"Retry-After": "20000"}
    yard.subscribe()
    await yard.passes()
    assert yard.due >= 20_000


async def test_settings_that_will_not_do_are_a_trouble_and_no_crash(yard: Yard) -> None:
    yard.blog.add(1)
    other = Channel("feed", "other")
    yard.feeds.configure(
        [
            ChannelSpec(PLANET, settings={"url": "ftp://x/"}),
            ChannelSpec(Channel("feed", "*")),
            ChannelSpec(other, settings={"url": yard.server.url, "first": "1"}),
        ]
    )
    await yard.passes()
    assert [(one.channel, one.due) for one in yard.feeds.troubles()] == [(PLANET, 0)]
    assert yard.bodies == [entry(1)]


async def test_a_fault_of_ours_ends_no_feed(yard: Yard, monkeypatch: pytest.MonkeyPatch) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()

    async def fails(*_: object) -> None:
        raise LookupError

    yard.blog.add(2)
    with monkeypatch.context() as broken:
        broken.setattr(yard.feeds.looking.workers, "read", fails)
        await yard.passes(DAY)
    assert yard.bodies == []
    await yard.passes(HOUR)
    assert yard.bodies == [entry(2)]


async def test_a_removed_feed_is_not_looked_at(yard: Yard) -> None:
    yard.blog.add(1)
    yard.subscribe()
    await yard.passes()
    yard.feeds.configure([])
    await yard.passes(5 * DAY)
    assert len(yard.server.asked) == 1
    assert yard.feeds.troubles() == []


async def test_other_changes_of_the_bus_do_not_make_it_look(yard: Yard) -> None:
    yard.blog.add(1)
    for _ in range(5):
        yard.subscribe()
        await yard.passes()
    assert len(yard.server.asked) == 1


async def test_feeds_of_one_host_wait_for_each_other_and_all_have_their_turn(yard: Yard) -> None:
    yard.blog.add(1)
    names = [Channel("feed", f"n{number}") for number in range(40)]
    yard.feeds.configure(
        [ChannelSpec(one, settings={"url": f"{yard.server.url}/{one.address}"}) for one in names]
    )
    yard.world.clock.sleep(10)  # all are due
    await yard.passes()
    assert {one.path for one in yard.server.asked} == {f"/{one.address}" for one in names}
    assert yard.server.most == 1


# What others write


@pytest.mark.parametrize(
    ("author", "name"),
    [
        ("Jane &lt;b&gt;Doe&lt;/b&gt;", "Jane Doe"),
        ("Guest (web)", "Planet"),
        ("\u202eevil", "evil"),
        ("", "Planet"),
        ("x" * 500, "x" * 63 + "…"),
    ],
)
async def test_an_author_is_a_safe_name(yard: Yard, author: str, name: str) -> None:
    item = f"<item><title>One</title><guid>1</guid><dc:creator>{author}</dc:creator></item>"
    yard.blog.more = item
    yard.subscribe(first="1")
    await yard.passes()
    assert [one.author.name for one in yard.world.accepted] == [name]
    assert yard.bodies == ["One"]


async def test_an_item_from_the_future_is_of_now(yard: Yard) -> None:
    yard.blog.more = (
        "<item><title>Soon</title><guid>1</guid><pubDate>Thu, 01 Jan 2099 00:00:00 "
        "GMT</pubDate></item>"
    )
    yard.subscribe(first="1")
    await yard.passes()
    assert yard.world.accepted[0].at == int(START * 1000)


async def test_an_item_without_a_title_begins_with_its_text_and_one_with_nothing_is_left_out(
    yard: Yard,
) -> None:
    yard.blog.more = (
        "<item><description>Just words, as in a "
        "status.</description><guid>1</guid></item><item><guid>2</guid></item>"
    )
    yard.subscribe(first="2")
    await yard.passes()
    assert yard.bodies == ["Just words, as in a status."]


# Settings


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"url": ""},
        {"url": "ftp://example.org"},
        {"url": "https://"},
        {"url": "javascript:alert(1)"},
        {"url": "https://example.org", "first": "11"},
        {"url": "https://example.org", "first": "-1"},
        {"url": "https://example.org", "first": "all"},
        {"url": "https://example.org", "most": 0},
        {"url": "https://example.org", "most": 51},
        {"url": "https://example.org", "nothing": 1},
    ],
)
def test_settings_that_will_not_do(settings: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"\.$|its settings are "):
        METHOD.settings(ChannelSpec(PLANET, settings=settings))


def test_an_address_without_a_scheme_is_https() -> None:
    form = METHOD.settings(
        ChannelSpec(PLANET, settings={"url": "planet.example/feed", "first": "none"})
    )
    assert (str(form.url), form.choice.first) == ("https://planet.example/feed", 0)


@pytest.mark.parametrize(
    ("url", "reaches"),
    [
        ("https://bus.example.org", True),
        ("https://8.8.8.8:8443", True),
        ("http://127.0.0.1:8080", False),
        ("http://localhost:8080", False),
        ("http://bus", False),
        ("http://192.168.1.4", False),
        ("http://[::1]", False),
        ("http://bus.lan", False),
        ("", False),
    ],
)
def test_whether_hubs_can_call(url: str, reaches: bool) -> None:
    assert public(url) == (url if reaches else "")


async def test_our_own_stories_do_not_go_round() -> None:
    async with a_yard("https://bus.example") as yard:
        link = "https://bus.example/stories/news/7-hello"
        story = f"tag:bus.example,2026-01-01:news/{'a' * 32}"
        yard.blog.more = (
            f"<item><title>Ours</title><link>{link}</link><guid "
            f"isPermaLink='false'>{story}</guid></item>"
            f"<item><title>Of ours</title><link>{link}</link><guid "
            "isPermaLink='false'>another</guid></item>"
            f"<item><title>Theirs</title><link>https://b.example/stories/news/7</link>"
            f"<guid isPermaLink='false'>{story}</guid></item>"
        )
        yard.subscribe(first="10")
        await yard.passes()
        assert sorted(body.partition("\n")[0] for body in yard.bodies) == ["Of ours", "Theirs"]


async def test_a_look_begins_with_what_a_push_left(monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_yard() as yard:
        yard.blog.add(1)
        yard.subscribe()
        await yard.passes()
        feed = yard.feeds.feeds[PLANET]
        assert feed.state
        seen: list[Any] = []
        look = yard.feeds.looking.look

        async def watched(channel: Channel, state: Any, choice: Any) -> Any:
            seen.append(state)
            return await look(channel, state, choice)

        monkeypatch.setattr(yard.feeds.looking, "look", watched)
        await feed.turn.acquire()
        waits = asyncio.create_task(yard.feeds.poll_once(feed, feed.state))
        await asyncio.sleep(0)
        feed.state = pushed = replace(feed.state, title="by a push")
        feed.turn.release()
        await waits
        assert seen == [pushed]
