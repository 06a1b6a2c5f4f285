"""How a text is put into SMS: which alphabet, how many parts, and where it may be cut. Pure.

GSM 03.38 (now 3GPP TS 23.038) section 6.2.1: one SMS holds 160 septets, or 70 units of UCS-2 where
a character is in neither table. Several that belong together hold 153 or 67 each, as 6 bytes say so
(TS 23.040 section 9.2.3.24.1). A character of two units never stands in two parts, so a part may
have one unit less.
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
CODES = {one: bytes([code]) for code, one in enumerate(_BASIC) if code != _ESCAPE}
CODES |= {one: bytes([_ESCAPE, code]) for one, code in {**_EXTENDED, "€": 0x65}.items()}

MOST = 255
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
    """GSM's own where it has each character."""
    return Alphabet.GSM if all(one in CODES for one in text) else Alphabet.UCS2


def parts_of(text: str) -> list[bytes]:
    """The parts of a text, in order: septets, one in each byte, or UTF-16 in network order."""
    return list(_filled(text, alphabet_of(text)))


def count(text: str) -> Size:
    """What a text costs; an empty one takes a part too."""
    alphabet = alphabet_of(text)
    return Size(sum(1 for _part in _filled(text, alphabet)), alphabet)


def cut(text: str, parts: int) -> str:
    """As much of a text as `parts` hold: all of it, or up to where one reads a character's end."""
    if count(text).parts <= parts:
        return text
    ends = _ends(text[: max(160, parts * 153) + 1])
    plain = next((place for place, one in enumerate(text) if one not in CODES), len(text))
    return max(
        (_longest(text, among, parts) for among in ([one for one in ends if one <= plain], ends)),
        key=len,
    )


def cheap(text: str, *, plain: bool = False) -> str:
    """A text with typists' marks for printers' where that makes it GSM's, as 160 characters fit
    then and not 70. With `plain` it becomes GSM's whatever it costs: letters lose marks that the
    alphabet lacks, and all else is a "?"."""
    if alphabet_of(text) is Alphabet.GSM:
        return text
    typed = text.translate(_TYPED)
    if alphabet_of(typed) is Alphabet.GSM:
        return typed
    return "".join(map(_plainer, typed)) if plain else text


def _plainer(one: str) -> str:
    if one in CODES:
        return one
    letters = [
        letter for letter in unicodedata.normalize("NFKD", one) if not unicodedata.combining(letter)
    ]
    if letters and all(letter in CODES for letter in letters):
        return "".join(letters)
    return "" if _joins(one) else "?"


def _longest(text: str, ends: list[int], parts: int) -> str:
    """Of the beginnings of a text that end at `ends`, the longest that fits if each is in the last
    one's alphabet."""
    alphabet = alphabet_of(text[: ends[-1]])
    fitting = bisect_right(
        ends, parts, key=lambda end: sum(1 for _part in _filled(text[:end], alphabet))
    )
    return text[: ends[fitting - 1]] if fitting else ""


def _filled(text: str, alphabet: Alphabet) -> Iterator[bytes]:
    codes = [
        CODES[one] if alphabet is Alphabet.GSM else one.encode("utf-16-be", "surrogatepass")
        for one in text
    ]
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


def _ends(text: str) -> list[int]:
    """Where a text may end: not within what is read as one character (nearly UAX 29's grapheme
    clusters)."""
    return [0, *(place for place in range(1, len(text)) if not _belongs(text, place)), len(text)]


def _belongs(text: str, place: int) -> bool:
    """Whether the character at `place` is read together with the one before it."""
    before, here = text[place - 1], text[place]
    if before == _JOINER or _joins(here):
        return True
    if here not in _FLAGS:
        return False
    letters = len(text[:place]) - len(text[:place].rstrip(_FLAGS))
    return letters % 2 == 1


def _joins(one: str) -> bool:
    """Whether a character is but part of the one before it."""
    return one == _JOINER or unicodedata.category(one).startswith("M") or one in _SKINS


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
