"""Who wrote an item, by the many forms in which feeds say so."""

import json
from html import escape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.feed.parsing.people import MARK, person
from component.methods.feed.parsing.read import read
from tests.support.cases import case_id, rows
from tests.unit.methods.feed.parsing.test_read import NOW, URL, rss

ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>t</title>{}</entry></feed>'


def author(data: bytes) -> str:
    return read(data, "", URL, NOW).items[0].author


@pytest.mark.parametrize("row", rows("authors.tsv"), ids=case_id)
def test_an_author_seen_in_the_wild(row: dict[str, str]) -> None:
    for text in (escape(row["input"]), f"<![CDATA[{row['input']}]]>"):
        if row["via"] == "atom":
            feed = ATOM.format(f"<author><name>{text}</name></author>").encode()
        else:
            element = {"author": "author", "creator": "dc:creator"}[row["via"]]
            feed = rss(f"<item><title>t</title><{element}>{text}</{element}></item>")
        assert author(feed) == row["expected"]
    item = {"title": "t", "authors": [{"name": row["input"]}]}
    feed = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": [item]}).encode()
    assert author(feed) == row["expected"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Juliet [juliet@example.community]", "Juliet"),
        ("juliet@example.community, Juliet", "Juliet"),
        ("Juliet juliet@example.community", "Juliet"),
        ("Juliet &lt;juliet@example.community&gt;", "Juliet"),
        ("juliet@example.community (Juliet (JC) Capulet)", "Juliet (JC) Capulet"),
        ("MAILTO:juliet@example.community?subject=Hello", "juliet@example.community"),
        ("<juliet@example.community>", "juliet@example.community"),
        ("juliet@example.org, romeo@example.org", "juliet@example.org, romeo@example.org"),
        ("Juliet @ home", "Juliet @ home"),
        ("@", "@"),
    ],
)
def test_an_author_like_them(text: str, expected: str) -> None:
    assert person(text) == expected


def test_several_authors_keep_their_names() -> None:
    creators = (
        "<dc:creator>juliet@example.industries (Juliet)</dc:creator>"
        "<dc:creator>romeo&#64;example.industries (Romeo)</dc:creator>"
        "<dc:creator>@nurse@social.example</dc:creator>"
    )
    assert (
        author(rss(f"<item><title>t</title>{creators}</item>"))
        == "Juliet, Romeo, @nurse@social.example"
    )


def test_text_that_looks_like_an_author_is_left_alone() -> None:
    text = escape("<author>juliet@example.org</author> <p>write to juliet@example.org</p>")
    feed = read(rss(f"<item><description>{text}</description></item>"), "", URL, NOW)
    assert feed.items[0].text == "juliet@example.org\nwrite to juliet@example.org"


@given(st.text(st.sampled_from('a@.<>()[]"&; :?\u2060'), max_size=60))
def test_any_text_gives_a_name(text: str) -> None:
    assert MARK not in person(text)
