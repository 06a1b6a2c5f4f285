"""Feeds seen in the wild, by what their items say."""

import json
from datetime import UTC, datetime
from gzip import compress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Channel
from component.methods.feed.dedup import news
from component.methods.feed.errors import BrokenFeed, FeedError, TooLarge
from component.methods.feed.messages import message
from component.methods.feed.parsing.item import BYTES, Feed, Item
from component.methods.feed.parsing.read import read
from tests.support.calls import counting_calls
from tests.support.cases import case_id, data, rows
from tests.unit.methods.feed.parsing.test_read import NOW, URL, rss

JSON_FEED = "https://jsonfeed.org/version/1.1"
FIELDS = st.sampled_from(
    "version id url title items author authors name attachments tags date_published".split()
)
PIECES = (
    "<item> </item> <item/> <entry> </entry> <title> </title> <link/> <link> </link> <guid> </guid>"
    " javascript:x http://a/ <author> </author> a@b.c <![CDATA[ ]]> &amp;amp; & < <pubDate>"
    ' </pubDate> 2024-01-01 <content type="html"><p> </content> <enclosure url="a\nb"/>'
    ' <link href=""/> <link rel="alternate" href="/a"/> \x00 <!-- -->'
).split(" ")
ALL = [
    row | {"folder": folder}
    for folder in ("rss", "atom", "jsonfeed")
    for row in rows(f"{folder}/expected.tsv")
]


def feed(name: str) -> Feed:
    return read(data(name), "", "https://example.org/feed.xml", NOW)


def part(item: Item, key: str) -> Any:
    if key == "date":
        return datetime.fromtimestamp(item.at / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return getattr(item, key)


@pytest.mark.parametrize(
    "row", [row for row in ALL if row["expected"].startswith("[")], ids=case_id
)
def test_a_feed_gives_what_counts(row: dict[str, str]) -> None:
    expected = json.loads(row["expected"])
    items = feed(f"{row['folder']}/{row['input']}").items
    assert len(items) == len(expected)
    for item, wanted in zip(items, expected, strict=True):
        assert {key: part(item, key) for key in wanted} == wanted


@pytest.mark.parametrize(
    "row", [row for row in ALL if row["expected"].startswith("second look")], ids=case_id
)
def test_a_second_look(row: dict[str, str]) -> None:
    first, second = (feed(f"{row['folder']}/{name}") for name in row["input"].split())
    found = news(second, news(first, None, NOW).seen, NOW)
    assert found.rest == 0
    assert found.updated == ()
    assert [f"{told.item.title} {part(told.item, 'date')[:10]}" for told in found.new] == {
        "second look: nothing new": [],
        "second look: one new, “A duel” of 25 November": ["A duel 2019-11-25"],
    }[row["expected"]]


def said(item: Item) -> str:
    told = news(Feed(items=(item,)), None, NOW, first=1).new[0]
    found = message(Channel("feed", "planet"), told, NOW, NOW, text=True)
    return found.body if found else ""


@pytest.mark.parametrize("row", [row for row in ALL if "once" in row["expected"]], ids=case_id)
def test_the_first_line_is_said_once(row: dict[str, str]) -> None:
    assert said(feed(f"rss/{row['input']}").items[0]).count("First line.") == 1
    assert said(Item(title="First line.", text="First line.\nSecond.")) == "First line.\nSecond."
    assert said(Item(title="First", text="First line.\nSecond.")) == "First\nFirst line.\nSecond."
    long = "word " * 50
    assert said(Item(link="http://a/", text=f"{long}\nMore")).count("word") == 50


# A gzip file


def test_a_gzip_file_is_read_within_its_bounds() -> None:
    good = rss("<item><title>t</title></item>")
    assert read(compress(good[:50]) + compress(good[50:]), "", URL, NOW).items[0].title == "t"
    for bad in (compress(good)[:-20], b"\x1f\x8bnothing"):
        with pytest.raises(BrokenFeed):
            read(bad, "", URL, NOW)
    with pytest.raises(TooLarge):
        read(compress(b" " * (BYTES + 1)), "", URL, NOW)


# Items in items


def titles(items: str) -> list[str]:
    return [item.title for item in read(rss(items), "", URL, NOW).items]


def test_items_inside_others_are_items() -> None:
    inner = "<item><title>B</title><item><title>C</title></item></item>"
    assert titles(f"<item>{inner}<title>A</title></item><item><title>D</title></item>") == [
        "A",
        "B",
        "C",
        "D",
    ]
    assert titles("<item><title>A</title><![CDATA[<item>]]></item><item/>") == ["A"]


def test_items_without_an_end_are_read_as_before() -> None:
    assert titles("<item><title>A</title><item><title>B</title><item/>")[:2] == ["A", "B"]


# HTML that is not escaped


def text(content: str, type: str = 'type="html"') -> str:
    entry = f"<entry><title>t</title><id>1</id><content {type}>{content}</content></entry>"
    xml = f'<feed xmlns="http://www.w3.org/2005/Atom">{entry * 2}</feed>'
    return read(xml.encode(), "", URL, NOW).items[1].text


def test_html_inside_atom_is_text_whichever_way_it_is_written() -> None:
    assert text("<p>a &lt;b&gt;c&lt;/b&gt;</p>") == "a c"
    assert text("&lt;p&gt;a &amp;lt;b&amp;gt;&lt;/p&gt;") == "a <b>"
    assert text("<![CDATA[<p>a &lt;b&gt;</p>]]>") == "a <b>"
    assert text("a &lt;b> c", 'type="text"') == "a <b> c"
    assert text("<div>a <i>b</i></div>", "type='text/html'") == "a b"


@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_any_feed_is_read_or_refused(inner: str) -> None:
    for start, end in (("<rss><channel>", "</channel></rss>"), ("<feed>", "</feed>")):
        try:
            read((start + inner + end).encode(), "", URL, NOW)
        except FeedError:
            continue


@pytest.mark.parametrize("piece", PIECES)
def test_work_grows_with_the_feed(piece: str) -> None:
    item = f"<item><title>t</title>{piece}<link>http://a/</link></item>"
    costs = []
    for size in (20, 200):
        with counting_calls() as calls:
            try:
                read(rss(item * size), "", URL, NOW)
            except FeedError:
                pass
        costs.append(len(calls))
    assert costs[1] < 11 * costs[0]


# JSON Feed


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(FIELDS, inner, max_size=5),
    max_leaves=20,
)


@given(st.dictionaries(FIELDS, anything), st.lists(st.dictionaries(FIELDS, anything), max_size=3))
def test_any_json_is_read_or_refused(about: dict[str, Any], items: list[dict[str, Any]]) -> None:
    for more in (about, about | {"version": JSON_FEED, "items": items}):
        try:
            read(json.dumps(more).encode("utf-8", "replace"), "", URL, NOW)
        except FeedError:
            continue


def test_work_grows_with_the_json() -> None:
    costs = []
    for size in (20, 200):
        items = [{"id": n, "title": "a &amp; b", "authors": ["j"] * 3} for n in range(size)]
        data = json.dumps({"version": JSON_FEED, "items": items}).encode()
        with counting_calls() as calls:
            read(data, "", URL, NOW)
        costs.append(len(calls))
    assert costs[1] < 11 * costs[0]


def json_item(**fields: Any) -> Item:
    more = {"version": JSON_FEED, "items": [fields]}
    return read(json.dumps(more).encode(), "", URL, NOW).items[0]


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        (7.0, "7"),
        (1e300, "1e+300"),
        (True, "true"),
        (["a", 1], '["a", 1]'),
        ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
        (float("nan"), ""),
    ],
)
def test_an_id_is_text_whatever_it_is(id: Any, expected: str) -> None:
    assert json_item(id=id).id == expected


def test_what_should_be_a_list_may_be_alone() -> None:
    item = json_item(
        authors="juliet",
        author={"url": "https://example.org/j"},
        tags="a",
        attachments={"url": "/a"},
    )
    assert item.author == "juliet, https://example.org/j"
    assert item.tags == ("a",)
    assert item.link == "https://example.org/a"


def test_entities_in_titles_are_characters_and_others_stay() -> None:
    title = "R&D &amp; AT&T &#x2013; &nosuch; &lt;b&gt; 1 < 2"
    assert json_item(title=title).title == "R&D & AT&T – &nosuch; <b> 1 < 2"
