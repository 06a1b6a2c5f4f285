"""How a text becomes SMS: which alphabet, how many parts, and where it may be cut. Pure.

GSM 03.38 (now 3GPP TS 23.038) section 6.2.1: one SMS holds 160 septets, or 70 units of UCS-2 where
a character is in neither table. Several that belong together hold 153 or 67 each, as 6 bytes say so
(TS 23.040 section 9.2.3.24.1). A character of two units is never divided, so a part may have one
unit less.
"""

import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_ESCAPE = 0x1B
_EXTENDED = {
    "\f": 0x0A,
    "^": 0x14,
    "{": 0x28,
    "}": 0x29,
    "\\": 0x2F,
    "[": 0x3C,
    "~": 0x3D,
    "]": 0x3E,
    "|": 0x40,
}
CODES: dict[str, bytes] = {}
"""The septets of each character, one in a byte."""
for _code, _character in enumerate(_BASIC):
    if _code != _ESCAPE:
        CODES[_character] = bytes([_code])
for _character, _code in {**_EXTENDED, "€": 0x65}.items():
    CODES[_character] = bytes([_ESCAPE, _code])

MAX_PARTS = 255
"""Parts that one message may have."""


class Alphabet(StrEnum):
    """How the characters of a message are written."""

    GSM = "GSM-7"
    UCS2 = "UCS-2"

    @property
    def room(self) -> tuple[int, int]:
        """Bytes of a message in one part, and of each part of several. A septet is a byte here: it
        is packed later."""
        return (160, 153) if self is Alphabet.GSM else (140, 134)


@dataclass(frozen=True, slots=True)
class Size:
    """What a text costs."""

    parts: int
    alphabet: Alphabet


def alphabet_of(text: str) -> Alphabet:
    """GSM's where it has each character."""
    if CODES.keys() >= set(text):
        return Alphabet.GSM
    return Alphabet.UCS2


def parts_of(text: str) -> list[bytes]:
    """The parts of a text, in order: septets, one in each byte, or UTF-16 in network order."""
    return list(filled(text, alphabet_of(text)))


def count(text: str) -> Size:
    """What a text costs; an empty one takes a part too."""
    alphabet = alphabet_of(text)
    return Size(len(list(filled(text, alphabet))), alphabet)


def cut(text: str, parts: int) -> str:
    """As much of a text as `parts` hold: all of it, or up to where a reader sees the end of a
    character."""
    if count(text).parts <= parts:
        return text
    ends = ends_in(text[: max(160, parts * 153) + 1])
    plain = gsm_length(text)
    plain_ends = [end for end in ends if end <= plain]
    return max(longest(text, plain_ends, parts), longest(text, ends, parts), key=len)


def gsm_length(text: str) -> int:
    """How many characters at the beginning of a text are GSM's."""
    for place, character in enumerate(text):
        if character not in CODES:
            return place
    return len(text)


def cheap(text: str, *, plain: bool = False) -> str:
    """A text with typists' marks for printers' where that makes it GSM's, as 160 characters fit
    then and not 70. With `plain` it becomes GSM's whatever it costs: letters lose marks that the
    alphabet lacks, and everything else becomes a "?"."""
    if alphabet_of(text) is Alphabet.GSM:
        return text
    typed = text.translate(_TYPED)
    if alphabet_of(typed) is Alphabet.GSM:
        return typed
    return "".join(map(plainer, typed)) if plain else text


def plainer(character: str) -> str:
    """A character of GSM's alphabet for any character; "" for one that only changes another."""
    if character in CODES:
        return character
    letters = ""
    for letter in unicodedata.normalize("NFKD", character):
        if not unicodedata.combining(letter):
            letters += letter
    if letters and CODES.keys() >= set(letters):
        return letters
    return "" if is_joining(character) else "?"


def longest(text: str, ends: list[int], parts: int) -> str:
    """Of the beginnings of a text that end at `ends`, the longest that fits if each is in the last
    one's alphabet."""
    alphabet = alphabet_of(text[: ends[-1]])

    def parts_up_to(end: int) -> int:
        return len(list(filled(text[:end], alphabet)))

    fitting = bisect_right(ends, parts, key=parts_up_to)
    if not fitting:
        return ""
    return text[: ends[fitting - 1]]


def filled(text: str, alphabet: Alphabet) -> Iterator[bytes]:
    """The parts of a text in an alphabet; one empty part where it is empty."""
    codes = [code_of(character, alphabet) for character in text]
    alone, among = alphabet.room
    if sum(map(len, codes)) <= alone:
        yield b"".join(codes)
        return
    part = b""
    for code in codes:
        if len(part) + len(code) > among:
            yield part
            part = b""
        part += code
    yield part


def code_of(character: str, alphabet: Alphabet) -> bytes:
    """A character in an alphabet."""
    if alphabet is Alphabet.GSM:
        return CODES[character]
    return character.encode("utf-16-be", "surrogatepass")


def ends_in(text: str) -> list[int]:
    """Where a text may end: not within what is read as one character (nearly UAX 29's grapheme
    clusters)."""
    ends = [0]
    for place in range(1, len(text)):
        if not belongs_together(text, place):
            ends.append(place)
    ends.append(len(text))
    return ends


def belongs_together(text: str, place: int) -> bool:
    """Whether the character at a place is read together with the one before it."""
    before, here = text[place - 1], text[place]
    if before == _JOINER or is_joining(here):
        return True
    if here not in _FLAGS:
        return False
    letters = len(text[:place]) - len(text[:place].rstrip(_FLAGS))
    return letters % 2 == 1


def is_joining(character: str) -> bool:
    """Whether a character only changes the one before it."""
    is_mark = unicodedata.category(character).startswith("M")
    return is_mark or character == _JOINER or character in _SKINS


_TYPED = str.maketrans(
    {
        "“": '"',
        "”": '"',
        "„": '"',
        "‟": '"',
        "«": '"',
        "»": '"',
        "‘": "'",
        "’": "'",
        "‚": "'",
        "‹": "'",
        "›": "'",
        "–": "-",
        "—": "-",
        "‐": "-",
        "‑": "-",
        "−": "-",
        "…": "...",
        "•": "*",
        "·": "*",
        "→": "->",
        "×": "x",
        "\u00a0": " ",
        "\u202f": " ",
        "\u2009": " ",
        "\t": " ",
    }
)
_JOINER = "\u200d"
_SKINS = "".join(map(chr, range(0x1F3FB, 0x1F400)))
_FLAGS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
"""Letters that make a flag by twos."""
