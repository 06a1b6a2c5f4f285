"""Mends XML where many writers break it: feeds, and lists of feeds. Pure."""

import html
import re

CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
"""A section of CDATA. When a text is split by it, these are the odd parts."""

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# References to what XML can't carry, such as &#0; or &#x1F; or surrogates.
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,8})|(\d{1,8}));", re.IGNORECASE)
_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,8}|#[xX][0-9a-fA-F]{1,8});)(?:(\w{1,31});)?"
)
# One that begins no element. A feed that has it could be read in pieces; a list of feeds cannot.
_STRAY = re.compile(r"<(?![A-Za-z_/!?])")


def mended(body: str) -> str:
    """`body` with the most common faults corrected: ampersands, HTML's entities, control
    characters. Its lines stay the same."""
    body = _ILLEGAL.sub("", body)
    if "&" not in body and not _STRAY.search(body):
        return body
    parts = CDATA.split(body)
    parts[::2] = map(mended_text, parts[::2])
    return "".join(parts)


def mended_text(part: str) -> str:
    """What stands outside CDATA, with legal references only."""
    part = _AMPERSAND.sub(as_reference, part)
    return _STRAY.sub("&lt;", _REFERENCE.sub(as_legal_reference, part))


def as_reference(ampersand: re.Match[str]) -> str:
    """A bare ampersand, or one of HTML's entities (group 1), as XML has it."""
    name = ampersand[1]
    if not name:
        return "&amp;"
    letters = html.unescape(f"&{name};")
    if letters.startswith("&"):
        return f"&amp;{name};"
    return "".join(f"&#{ord(letter)};" for letter in letters)


def as_legal_reference(reference: re.Match[str]) -> str:
    """A reference to a character that XML can carry; "" for others."""
    if reference[1]:
        number = int(reference[1], 16)
    else:
        number = int(reference[2])
    if 0x80 <= number < 0xA0:  # Windows-1252, as browsers and feedparser read it; for lists
        return f"&#{ord(html.unescape(reference[0])[:1] or ' ')};"
    if number > 0x10FFFF or _ILLEGAL.match(chr(number)):
        return ""
    return reference[0]
