"""What a person wrote, without the quote that other clients see (XEP-0461, XEP-0428)."""

from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.xmpp.muc.replies import FALLBACK, REPLY, text_of
from tests.support.cases import rows


def answer(body: str, **offsets: str) -> Element:
    stanza = Element("{jabber:component:accept}message")
    SubElement(stanza, "{jabber:component:accept}body").text = body
    SubElement(stanza, f"{{{REPLY}}}reply", id="1", to="team@rooms.example.org")
    fallback = SubElement(stanza, f"{{{FALLBACK}}}fallback", {"for": REPLY})
    SubElement(fallback, f"{{{FALLBACK}}}body", offsets)
    return stanza


@pytest.mark.parametrize("row", rows("replies.tsv"), ids=lambda row: row["id"])
def test_a_fallback(row: dict[str, str]) -> None:
    offsets = {name: row[name] for name in ("start", "end") if row[name]}
    assert text_of(answer(row["body"], **offsets)) == row["expected"]


@given(st.text(alphabet="> a😀\n"), st.integers(-3, 30), st.integers(-3, 30))
def test_any_offsets(body: str, start: int, end: int) -> None:
    text = text_of(answer(body, start=str(start), end=str(end)))
    assert text.strip() or not body.strip()
    assert len(text) <= len(body)
