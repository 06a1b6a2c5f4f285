"""Addresses as feeds write them, and the links that they are."""

import json
from html import escape
from xml.sax.saxutils import quoteattr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.feed.parsing.address import absolute
from component.methods.feed.parsing.read import read
from tests.support.cases import alternative, case_id, rows
from tests.unit.methods.feed.parsing.test_read import NOW

CAST = "https://cast.example.org/feed.xml"


def rss(items: str) -> bytes:
    return f"<rss><channel>{items}</channel></rss>".encode()


def link(data: bytes) -> str:
    return read(data, "", CAST, NOW).items[0].link or "none"


def items(address: str, via: str) -> list[bytes]:
    """Feeds whose item has the address in that place, by the ways to write it."""
    quoted = [quoteattr(address), f'"{escape(address)}"']
    texts = [escape(address), f"<![CDATA[{address}]]>"]
    if via == "enclosure":
        return [rss(f"<item><title>t</title><enclosure url={each}/></item>") for each in quoted]
    return [rss(f"<item><title>t</title><{via}>{each}</{via}></item>") for each in texts]


def others(address: str) -> list[bytes]:
    """Feeds of other kinds with the address as that of an enclosure."""
    item = {"title": "t", "attachments": [{"url": address}]}
    more = {"version": "https://jsonfeed.org/version/1.1", "items": [item]}
    entry = f'<entry><title>t</title><link rel="enclosure" href={quoteattr(address)}/></entry>'
    atom = f'<feed xmlns="http://www.w3.org/2005/Atom">{entry}</feed>'
    return [json.dumps(more).encode(), atom.encode()]


@pytest.mark.parametrize("row", rows("enclosures.tsv"), ids=case_id)
def test_an_address_seen_in_the_wild(row: dict[str, str]) -> None:
    right = {row["expected"], alternative(row) or row["expected"]}
    if "/kept" in row["expected"]:
        guid = f"<guid>{row['expected']}</guid>"
        links = [
            f"<link>{row['input']}</link>",
            "<link/>",
            "<link></link>",
            "<link><![CDATA[]]></link>",
        ]
        feeds = [rss(f"<item><title>t</title>{each}{guid}</item>") for each in links]
    else:
        feeds = items(row["input"], row["via"]) + others(row["input"])
    for feed in feeds:
        assert link(feed) in right


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http:/example.org/a", "http://example.org/a"),
        ("HTTPS:example.org/a", "https://example.org/a"),
        ("http://example.org\\a\\b?c\\d", "http://example.org/a/b?c\\d"),
        ("www.example.org", "https://www.example.org"),
        ("www.example.org:8080/a", "https://www.example.org:8080/a"),
        ("www.html", "https://cast.example.org/www.html"),
        ("https://example.org/a\u00a0b", "https://example.org/a%C2%A0b"),
        ('https://example.org/?q="a"<b>', "https://example.org/?q=%22a%22%3Cb%3E"),
        ("https://example.org/?a&copy=1", "https://example.org/?a&copy=1"),
        ("<a class='x' href='/a?b&amp;c'>x</a>", "https://cast.example.org/a?b&c"),
        ("<b>x</b>", ""),
        ("mailto:juliet@example.org", ""),
        ("https://[::1", ""),
        ("https://", ""),
        ("https://example.org/" + "a" * 3000, ""),
    ],
)
def test_an_address_like_them(address: str, expected: str) -> None:
    assert absolute(address, CAST) == expected


def test_a_guid_that_is_not_a_permalink_is_no_link() -> None:
    guid = '<guid isPermaLink="false">https://example.org/kept</guid>'
    assert link(rss(f"<item><title>t</title><link/>{guid}</item>")) == "none"


@given(st.text(st.sampled_from("htps:/\\w.a<>\"' =&;?#[]@\n\t\u00a0"), max_size=40))
def test_any_text_is_an_address_or_none(text: str) -> None:
    address = absolute(text, CAST)
    assert not address or address.startswith(("http://", "https://"))
    assert not set(address) & set(' <>"\n\t')
