"""How many SMS a text takes, and where it may be cut."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.sms.gsm import Alphabet, alphabet_of, cheap, count, cut, parts_of

WITHIN = "aZ0 @£ñß\n"
ESCAPED = "€[]{}\\^~|\f"
BEYOND = "яあ“😀👩\u200d👧🇩🇪é\u0301\U0001f3fd"
texts = st.text(st.sampled_from(WITHIN + ESCAPED), max_size=700) | st.text(
    st.sampled_from(WITHIN + ESCAPED + BEYOND) | st.characters(exclude_categories=["Cs"]),
    max_size=300,
)


@pytest.mark.parametrize(
    ("text", "parts", "alphabet"),
    [
        ("", 1, "GSM-7"),
        ("a" * 160, 1, "GSM-7"),
        ("a" * 161, 2, "GSM-7"),
        ("a" * 306, 2, "GSM-7"),
        ("a" * 307, 3, "GSM-7"),
        ("€" * 80, 1, "GSM-7"),
        ("€" * 81, 2, "GSM-7"),
        ("€" * 152, 2, "GSM-7"),  # 76 in each: a part has no half
        ("€" * 153, 3, "GSM-7"),
        ("§" * 160, 1, "GSM-7"),
        ("`", 1, "UCS-2"),
        ("я" * 70, 1, "UCS-2"),
        ("я" * 71, 2, "UCS-2"),
        ("a" * 70 + "я", 2, "UCS-2"),
        ("я" * 134, 2, "UCS-2"),
        ("я" * 135, 3, "UCS-2"),
        ("😀" * 35, 1, "UCS-2"),
        ("😀" * 66, 2, "UCS-2"),  # 33 in each
        ("😀" * 67, 3, "UCS-2"),
    ],
)
def test_parts_and_alphabet(text: str, parts: int, alphabet: str) -> None:
    size = count(text)
    assert (size.parts, size.alphabet) == (parts, alphabet)


def test_the_codes_of_the_standard() -> None:
    """TS 23.038 section 6.2.1, and its extension table in 6.2.1.1."""
    assert parts_of("@Δ ¡§¿à") == [b"\x00\x10\x20\x40\x5f\x60\x7f"]
    assert parts_of("€[~]|") == [b"\x1b\x65\x1b\x3c\x1b\x3d\x1b\x3e\x1b\x40"]
    assert parts_of("я😀") == ["я😀".encode("utf-16-be")]


@given(texts)
def test_parts_hold_all_of_it_and_no_half_of_a_character(text: str) -> None:
    parts = parts_of(text)
    alone, among = alphabet_of(text).room
    assert all(len(part) <= (alone if len(parts) == 1 else among) for part in parts)
    assert count(text).parts == len(parts)
    if alphabet_of(text) is Alphabet.GSM:
        assert not any(part.endswith(b"\x1b") for part in parts)
        assert sum(map(len, parts)) == sum(2 if one in ESCAPED else 1 for one in text)
    else:
        assert "".join(part.decode("utf-16-be") for part in parts) == text


@given(texts, st.integers(1, 4))
def test_what_is_cut_fits_and_is_the_longest_that_does(text: str, parts: int) -> None:
    kept = cut(text, parts)
    assert text.startswith(kept)
    assert count(kept).parts <= parts
    if kept == text:
        return
    rest = text[len(kept) :]
    assert not unicodedata.category(rest[0]).startswith("M")
    assert "\u200d" not in (rest[0], kept[-1:])
    if all(one in WITHIN + ESCAPED for one in text):
        assert count(kept + rest[0]).parts > parts


def test_a_cut_leaves_what_is_read_as_one_character_whole() -> None:
    family = "👩\u200d👩\u200d👧"
    assert cut("я" * 66 + family, 1) == "я" * 66
    assert cut("я" * 69 + "e\u0301", 1) == "я" * 69
    assert cut("я" * 66 + "🇩🇪🇫🇷", 1) == "я" * 66 + "🇩🇪"
    assert cut("я" * 68 + "🇩🇪", 1) == "я" * 68
    assert cut("я" * 68 + "👍\U0001f3fd", 1) == "я" * 68


def test_a_cut_before_the_first_strange_character_may_be_longer() -> None:
    assert cut("a" * 150 + "😀", 1) == "a" * 150
    assert cut("a" * 400 + "😀", 1) == "a" * 160


def test_printers_marks_do_not_cost_a_second_sms() -> None:
    said = "„Wir kommen später …“ – Juliet’s\u00a0Gruß"
    assert cheap(said) == '"Wir kommen später ..." - Juliet\'s Gruß'
    assert cheap("“я”") == "“я”"
    assert cheap("plain `") == "plain `"


@given(texts)
def test_plain_is_in_gsm_s_alphabet(text: str) -> None:
    assert alphabet_of(cheap(text, plain=True)) is Alphabet.GSM


def test_plain_keeps_what_can_be_read() -> None:
    assert cheap("“Čeština” ő 😀 👍\U0001f3fd x²", plain=True) == '"Cestina" o ? ? x2'
