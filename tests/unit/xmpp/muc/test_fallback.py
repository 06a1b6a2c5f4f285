"""Where a quote ends, however a client counts."""

from xml.etree.ElementTree import Element, SubElement

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.xmpp.muc.fallback import utf8, utf16, without_quote
from component.xmpp.muc.replies import FALLBACK, REPLY, text_of
from tests.support.calls import counting_calls
from tests.support.cases import case_id, rows


def answer(body: str, **offsets: str) -> Element:
    stanza = Element("{jabber:component:accept}message")
    SubElement(stanza, "{jabber:component:accept}body").text = body
    SubElement(stanza, f"{{{REPLY}}}reply", id="1", to="team@rooms.example.org")
    fallback = SubElement(stanza, f"{{{FALLBACK}}}fallback", {"for": REPLY})
    SubElement(fallback, f"{{{FALLBACK}}}body", offsets)
    return stanza


@pytest.mark.parametrize("case", rows("replies.tsv"), ids=case_id)
def test_quotes_seen_in_the_wild(case: dict[str, str]) -> None:
    offsets: dict[str, str] = {}
    for name in ("start", "end"):
        if case[name]:
            offsets[name] = case[name]
    assert text_of(answer(case["body"], **offsets)) == case["expected"]


@given(st.text(alphabet="> a😀\n"), st.integers(-3, 30), st.integers(-3, 30))
def test_any_offsets(body: str, start: int, end: int) -> None:
    text = text_of(answer(body, start=str(start), end=str(end)))
    assert text.strip() or not body.strip()
    assert len(text) <= len(body)


LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Z"]), min_size=1, max_size=12)
QUOTE = st.lists(LINE, min_size=1, max_size=4).map(
    lambda lines: "".join(f"> {line}\n" for line in lines)
)
WORDS = st.text(st.sampled_from("abcäöü😀🇩🇪 "), min_size=1, max_size=20).filter(str.strip)


@given(QUOTE, WORDS)
def test_every_way_to_count(quote: str, words: str) -> None:
    body = quote + words
    for counted in (str.__len__, units, octets):
        assert without_quote(body, "0", str(counted(quote))) == words
    assert without_quote(body, "0", str(len(quote) - 1)) == words


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def octets(text: str) -> int:
    return len(text.encode())


@given(QUOTE, WORDS, st.integers(1, 3))
def test_an_end_inside_the_last_line_takes_the_line(quote: str, words: str, short: int) -> None:
    body = quote + words
    last = quote[:-1].rpartition("\n")[2]
    if short < len(last):
        assert without_quote(body, "0", str(len(quote) - short)).endswith(words)
        assert not without_quote(body, "0", str(len(quote) - short)).startswith(last[1:])


@pytest.mark.parametrize(
    ("body", "start", "end", "left"),
    [
        ("> a\n> b\nyes", 0, 10, "yes"),  # two characters for the end of a line
        ("> a\n\nyes", 0, 5, "yes"),
        ("> a\n\nyes", 0, 4, "\nyes"),
        ("> a\nJuliet: yes", 0, 12, "yes"),  # more than quoted lines, and no word is cut
        ("> a\nyes", 0, 6, "yes"),
        ("Juliet wrote:\n> a\nyes", 14, 18, "Juliet wrote:\nyes"),
        ("Juliet: a\nyes", 0, 10, "yes"),
        ("> a\nyes", 0, 0, "> a\nyes"),
        (">\nyes", 0, 2, "yes"),
    ],
)
def test_where_a_quote_ends(body: str, start: int, end: int, left: str) -> None:
    assert without_quote(body, str(start), str(end)) == left


@pytest.mark.parametrize("counted", [utf16, utf8])
def test_more_than_there_is(counted: object) -> None:
    assert callable(counted)
    assert counted("a", 99) is None


TEXT = st.text(st.sampled_from("> \nabc😀&<\ud800\r"), max_size=40)
OFFSET = st.one_of(st.integers(-5, 60).map(str), st.text(max_size=4))


@given(TEXT, OFFSET, OFFSET)
def test_nothing_is_made_up(body: str, start: str, end: str) -> None:
    rest = without_quote(body, start, end)
    assert len(rest) <= len(body)
    left = iter(body)
    assert all(letter in left for letter in rest)  # the letters of the body, in their order


def test_long_bodies_cost_what_their_length_is() -> None:
    body = "> 😀&\n" * 20_000 + "yes"
    with counting_calls() as calls:
        assert without_quote(body, "0", "99998").endswith("yes")
    assert len(calls) < 200
