"""Pages that name feeds: which feeds, and in which order."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.feed.errors import HtmlPage
from component.methods.feed.parsing.page import discover, in_header, in_order
from component.methods.feed.parsing.read import read
from tests.support.calls import counting_calls
from tests.support.cases import CASES, case_id, data, rows
from tests.unit.methods.feed.parsing.test_read import NOW

BLOG = "https://example.org/blog/"
LINK = '<link rel="alternate" type="application/rss+xml" href="/feed.xml">'
STYLE = ".a{color:red}\n"
PARAGRAPH = "<p>Two households, both alike.</p>\n"
META = '<meta name="a" content="b">\n'


def page(head: str, body: str = "") -> bytes:
    return (
        f"<!doctype html>\n<html><head><title>Verona</title>\n{head}</head>"
        f"<body>{body}</body></html>\n"
    ).encode()


def filled(text: str, size: int) -> str:
    return text * (size // len(text) + 1)


LARGE = {
    "large-style.html": page(f"<style>{filled(STYLE, 280_000)}</style>{LINK}"),
    "large-body.html": page("", filled(PARAGRAPH, 430_000) + LINK),
    "large-meta.html": page(filled(META, 300_000) + LINK),
    "large-none.html": page(filled(META, 1_000), filled(PARAGRAPH, 5_000_000)),
}


def named(html: bytes, header: str = "") -> list[str]:
    with pytest.raises(HtmlPage) as caught:
        read(html, "text/html", BLOG, NOW)
    links = in_order([*caught.value.feeds, *in_header(header, BLOG)])
    return [link.url for link in links]


@pytest.mark.parametrize("row", rows("pages/expected.tsv"), ids=case_id)
def test_a_page_seen_in_the_wild(row: dict[str, str]) -> None:
    name = row["input"]
    html = LARGE.get(name) or data(f"pages/{name}")
    header = ""
    headers = CASES / "pages" / name.replace(".html", ".headers")
    if headers.exists():
        header = ", ".join(re.findall(r"(?m)^Link: (.*)$", headers.read_text("utf-8")))
    with counting_calls() as calls:
        assert named(html, header) == json.loads(row["expected"])
    assert len(calls) < 5_000


def test_feeds_of_comments_come_last() -> None:
    for title, href in (
        ("Kommentare zu Verona", "/k.xml"),
        ("", "/?feed=comments-rss2"),
        ("Commentaires", "/c.xml"),
    ):
        first = f'<link rel=alternate type=application/rss+xml title="{title}" href="{href}">'
        assert named(page(first + LINK)) == [
            "https://example.org/feed.xml",
            f"https://example.org{href}",
        ]


def test_what_scripts_and_styles_write_is_not_there() -> None:
    assert named(page(f"<script>x = '{LINK}'</script><textarea>{LINK}</textarea>")) == []


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ('</f>; rel="alternate feed"; title="a, b; c"', ["https://example.org/f"]),
        ("<f>;rel=alternate;type=application/atom+xml;charset=x", [BLOG + "f"]),
        ("</f>; REL=ALTERNATE; TYPE=application/rss+xml", ["https://example.org/f"]),
        ("</wp-json/>; rel=alternate; type=application/json", []),
        ("</f>; rel=alternate; type=text/html", []),
        ("</f>; rel=hub; type=application/rss+xml", []),
        ("<javascript:x>; rel=alternate; type=application/rss+xml", []),
        ("<<<>>>;;;,,,", []),
    ],
)
def test_a_link_header(header: str, expected: list[str]) -> None:
    assert [link.url for link in in_header(header, BLOG)] == expected


@given(st.text(st.sampled_from("<>;,=\"' relatn/\\"), max_size=80))
def test_any_text_is_looked_through(text: str) -> None:
    assert in_header(text, BLOG) == []
    assert discover(text, BLOG) == []
