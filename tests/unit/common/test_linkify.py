"""Where addresses end in a text, and that nothing else becomes HTML."""

import re
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markupsafe import Markup

from component.common.linkify import linked, links
from tests.support.calls import counting_calls
from tests.support.cases import case_id, rows


def marked(text: str) -> str:
    """A text with its links in ⟦ ⟧."""
    parts, end = [], 0
    for start, stop in links(text):
        parts.append(f"{text[end:start]}⟦{text[start:stop]}⟧")
        end = stop
    return "".join(parts) + text[end:]


@pytest.mark.parametrize("case", rows("links.tsv"), ids=case_id)
def test_links_seen_in_the_wild(case: dict[str, str]) -> None:
    assert marked(case["input"]) == case["expected"]


@pytest.mark.parametrize(
    "text",
    [
        "[a](⟦https://x.example/a⟧)[b](⟦https://x.example/b_(c)⟧)",
        "(⟦https://x.example/a⟧)(⟦https://x.example/b⟧)",
        "**⟦https://x.example/a⟧**",
        "*see ⟦https://x.example/a⟧* and ⟦https://x.example/b*⟧",
        "*see* ⟦https://x.example/a*⟧",
        "_see ⟦https://x.example/a_b⟧_.",
        "snake_case ⟦https://x.example/a_⟧",
        "_x\n⟦https://x.example/a_⟧",
        "‘⟦https://x.example/a⟧’, ’⟦https://x.example/it’s⟧’",
        "⟦https://x.example/a⟧（x）",
        "『⟦https://x.example/a⟧』",
        "⟦https://x.example/東京⟧、",
        "Link:⟦https://x.example/a⟧ — ⟦http://例え.example⟧",
        "⟦https://x.example/A–B⟧ –",
        "⟦https://web.example/web/https://x.example/a⟧",
        "⟦https://x.example/{id}⟧}",
        "⟦https://x.example/a⟧](",
        "[⟦http://[::1]:80/⟧]",
        "xhttps://x.example",
        "https://. https://) https://» https:///a",
        "⟦https://x.example⟧؟",
        "\u202a⟦https://x.example/a⟧\u202c",
    ],
)
def test_where_addresses_end(text: str) -> None:
    plain = re.sub("[⟦⟧]", "", text)
    assert marked(plain) == text


@given(st.text(alphabet="ht ps:/.()[]*_,'’ab”\u200b\n"))
def test_no_character_is_lost(text: str) -> None:
    assert unescape(re.sub(r"<[^>]*>", "", str(linked(text)))) == text


MARKS = st.text(st.sampled_from("()[]{}*_~'.,<>\"& \n/a»…"), max_size=12)


@given(st.lists(st.tuples(MARKS, st.sampled_from(["https://x.example/", "http://[", "https://"]))))
def test_each_address_once_and_nothing_is_lost(pieces: list[tuple[str, str]]) -> None:
    text = "".join(before + address for before, address in pieces)
    end = 0
    for start, stop in links(text):
        assert end <= start < stop
        end = stop
    html = linked(text)
    assert html.striptags() == Markup.escape(text).striptags()
    assert re.sub(r"</?a\b[^<>]*>", "", html) == Markup.escape(text)


@pytest.mark.parametrize(
    "piece",
    [
        "https://a/ ",
        "https://a)",
        "(https://a/(",
        "*https://a* ",
        "https://a/...",
        "https://a/[",
        "https://",
        "[a](https://a)",
        "https://a/_",
    ],
)
def test_cost_grows_with_the_length(piece: str) -> None:
    def count(times: int) -> int:
        with counting_calls() as calls:
            linked(piece * times)
        return len(calls)

    assert count(4_000) <= 5 * count(1_000)
    assert count(4_000) <= 20 * 4_000
