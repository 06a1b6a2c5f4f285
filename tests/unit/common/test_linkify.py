"""Where addresses in a text begin and end."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.common.linkify import linked
from tests.support.cases import rows


def marked(text: str) -> str:
    """The text with each link in ⟦ ⟧."""
    return unescape(re.sub(r"<a [^>]*>(.*?)</a>", r"⟦\1⟧", str(linked(text))))


@pytest.mark.parametrize("row", rows("links.tsv"), ids=lambda row: row["id"])
def test_an_address_in_a_text(row: dict[str, str]) -> None:
    assert marked(row["input"]) == row["expected"]


@given(st.text(alphabet="ht ps:/.()[]*_,'’ab”\u200b\n"))
def test_no_character_is_lost(text: str) -> None:
    assert unescape(re.sub(r"<[^>]*>", "", str(linked(text)))) == text
