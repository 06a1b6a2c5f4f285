"""Text made safe: what may pass, what a name looks like, how a long text is cut."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.common.sanitize import escape, fit, has_hidden, is_clean, one_line, scrub, skeleton

ANY = st.text(st.characters(exclude_categories=()))


@pytest.mark.parametrize("bad", ["\x00", "\x07", "\x0b", "\x1b", "\ufffe", "\uffff", "\ud800"])
def test_what_xml_cannot_carry_is_replaced(bad: str) -> None:
    assert scrub(f"a{bad}b") == "a\ufffdb"
    assert not is_clean(bad)


@pytest.mark.parametrize("good", ["\t", "\n", " ", "é", "\ue000", "\ufffd", "😀", "\U0010ffff"])
def test_what_xml_can_carry_stays(good: str) -> None:
    assert scrub(f"a{good}b") == f"a{good}b"


def test_line_ends_are_one_kind() -> None:
    assert scrub("a\r\nb\rc\nd") == "a\nb\nc\nd"


@given(ANY)
def test_scrubbed_is_clean_and_stays(text: str) -> None:
    assert is_clean(scrub(text))
    assert scrub(scrub(text)) == scrub(text)
    scrub(text).encode()


@given(ANY)
def test_one_line_is_one_line(text: str) -> None:
    line = one_line(text)
    assert line == one_line(line)
    assert not has_hidden(line)
    assert "\n" not in line
    assert line == line.strip()


def test_one_line_folds_space_and_drops_what_hides() -> None:
    assert one_line("  a \n\t b\u202e\u200bc ") == "a bc"


@pytest.mark.parametrize(
    "same",
    [
        "аlice",  # a Cyrillic a
        "ＡＬＩＣＥ",
        "a\u200blice",
        "al\u00adice",
        "ALICE",
        "A l i c e",
        "al\u0131ce",
        "AIice",  # a capital i for the l
        "a1ice",
        "álice",
        "𝒶𝓁𝒾𝒸ℯ",
    ],
)
def test_what_looks_like_alice(same: str) -> None:
    assert skeleton(same) == skeleton("alice")


@pytest.mark.parametrize("other", ["alicia", "malice", "bob", "艾丽斯", ""])
def test_what_does_not_look_like_alice(other: str) -> None:
    assert skeleton(other) != skeleton("alice")


@given(ANY)
def test_escaped_text_is_one_xml_text(text: str) -> None:
    from xml.etree import ElementTree

    kept = scrub(text).replace("\n", " ").replace("\t", " ")
    assert ElementTree.fromstring(f'<a b="{escape(kept)}">{escape(kept)}</a>').attrib["b"] == kept


REST = "… the rest"


@given(
    st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from('&<"é😀')),
    st.integers(12, 200),
)
def test_fit_keeps_the_budget_and_says_where_the_rest_is(text: str, budget: int) -> None:
    out = fit(text, budget, REST)
    assert len(escape(out).encode()) <= budget
    if out != text:
        assert len(escape(text).encode()) > budget
        assert out.endswith(REST)
        kept = out.removesuffix(REST)
        assert text.startswith(kept)
        longer = text[: len(kept) + 1] + REST
        assert len(escape(longer).encode()) > budget  # nothing was cut without need


def test_fit_of_a_mebibyte_of_ampersands() -> None:
    out = fit("&" * 2**20, 60_000, REST)
    assert 59_990 <= len(escape(out).encode()) <= 60_000
