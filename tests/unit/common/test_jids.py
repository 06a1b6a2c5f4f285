"""JIDs as servers fold them, however a person or a file writes them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.common.errors import BadInput
from component.common.form import Jid
from component.common.jids import BARE_JID, bare_jid, folded, is_bare_jid, nameprep, nodeprep
from tests.support.cases import case_id, rows


@pytest.mark.parametrize("case", rows("rooms.tsv"), ids=case_id)
def test_names_of_rooms_seen_in_the_wild(case: dict[str, str]) -> None:
    assert (nodeprep(case["input"]) or "none") == case["expected"]


@pytest.mark.parametrize(
    "text", ["", " ", "a b", "a\u3000b", "\u200b", "\ue000", "a\x00", "\ufffd"]
)
def test_what_no_server_takes(text: str) -> None:
    assert nodeprep(text) == ""
    assert not is_bare_jid(f"{text}@example.org")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ꭰ", "Ꭰ"),  # its small letter is of Unicode 8
        ("Ⴀ", "Ⴀ"),
        ("Ӏ", "Ӏ"),
        ("Ƚ", "Ƚ"),  # the capital is of Unicode 4.1, its small letter of 1.1
        ("Ϲ", "Ϲ"),
        ("GROẞE", "groẞe"),
        ("Ѐ", "ѐ"),
    ],
)
def test_letters_are_those_of_unicode_3_2(text: str, expected: str) -> None:
    """Prosody 0.12's util.encodings gives the same for every character."""
    assert nodeprep(text) == nameprep(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("שלום", "שלום"),
        ("שלום1", ""),  # what is written to the left stands at both ends
        ("1שלום", ""),
        ("שaם", ""),  # and alone
        ("ש1ם", "ש1ם"),
        ("x" * 1023, "x" * 1023),
        ("x" * 1024, ""),
        ("ß" * 512, ""),
    ],
)
def test_direction_and_length(text: str, expected: str) -> None:
    assert nodeprep(text) == expected


@pytest.mark.parametrize(
    ("written", "form"),
    [
        ("Juliet@Example.ORG", "juliet@example.org"),
        ("GRÖSSE@Räume.Example", "grösse@räume.example"),
        ("Команда@Rooms.example.org", "команда@rooms.example.org"),
        ("a@[::1]", "a@[::1]"),
    ],
)
def test_bare_jids(written: str, form: str) -> None:
    assert bare_jid(written) == Jid.parse(written) == folded(written) == form
    assert BARE_JID.fullmatch(form)


@pytest.mark.parametrize(
    "text", ["juliet", "@example.org", "juliet@", "a@b@c", "a@b/c", "a b@c", "a@b c", "a@<b>"]
)
def test_what_is_not_a_bare_jid(text: str) -> None:
    assert not is_bare_jid(text)
    with pytest.raises(BadInput, match="is not a JID"):
        bare_jid(text)


def test_domains() -> None:
    assert nameprep("EXAMPLE.org") == "example.org"
    assert nameprep("Straße.example") == "strasse.example"
    assert nameprep("example.org/x") == nameprep("a b") == nameprep("") == ""


@pytest.mark.parametrize(
    ("came", "is_known_as"),
    [
        ("Ä b@Example.org", "ä b@example.org"),  # no server sends it
        ("Größe@Example.org", "grösse@example.org"),
        ("BÜCHER.example", "bücher.example"),
    ],
)
def test_what_comes_over_the_wire_costs_no_error(came: str, is_known_as: str) -> None:
    assert folded(came) == is_known_as


@given(st.text(max_size=80), st.text(max_size=80))
def test_what_is_folded_stays(before: str, host: str) -> None:
    """Whatever is written, it is refused in words or has one form."""
    text = f"{before}@{host}"
    folded(text)
    if not is_bare_jid(text):
        return
    form = bare_jid(text)
    if is_bare_jid(form):
        assert bare_jid(bare_jid(form)) == bare_jid(form)
    assert folded(text) == form
