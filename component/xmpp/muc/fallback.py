"""Where the quote in an answer begins and ends (XEP-0461, XEP-0428): pure.

The offsets count characters, Unicode code points. Some clients count units of UTF-16 or bytes, or
leave out the end of a line, so that their quote ends in the middle of a word. Where the body shows
quoted lines, the quote ends with one of those.
"""

import re
from collections.abc import Callable

Counted = Callable[[str, int], int | None]
"""How many characters the first so many of a client's units are; None where a text has fewer."""

_NUMBER = re.compile(r"\s*\+?[0-9]{1,9}\s*")
_QUOTED = re.compile(r"(?:>[^\n]*(?:\n|$))+")
"""Quoted lines (XEP-0393 section 5.1.3)."""


def without_quote(body: str, start: str, end: str) -> str:
    """A body without what is quoted, by the offsets in a stanza; all of it where they make no sense
    or nothing would be left."""
    if not _NUMBER.fullmatch(start) or not _NUMBER.fullmatch(end):
        return body
    quote = span(body, int(start), int(end))
    if quote is None:
        return body
    first, last = quote
    rest = body[:first]
    if body[last:].strip():
        rest += body[last:]
    else:
        rest = rest.removesuffix("\n")
    if not rest.strip():
        return body
    return rest


def span(body: str, start: int, end: int) -> tuple[int, int] | None:
    """The characters that a quote takes; None where it is not in the body."""
    for counted in COUNTS:
        first, last = counted(body, start), counted(body, end)
        if first is None or last is None or first >= last:
            continue
        whole = at_line_end(body, first, last)
        if whole:
            return first, whole
    if not start < end <= len(body):
        return None
    return start, snapped(body, start, end)


def at_line_end(body: str, start: int, end: int) -> int:
    """The end of a quote that ends with a quoted line, with the end of that line; 0 where it does
    not."""
    if not is_quoted(body, start):
        return 0
    if body[end : end + 1] == "\n" and body[end - 1] != "\n":
        end += 1
    if end < len(body) and body[end - 1] != "\n":
        return 0
    lines = _QUOTED.match(body, start)
    if not lines or body[lines.end() : end].strip():
        return 0
    return end


def is_quoted(body: str, start: int) -> bool:
    """Whether a quoted line begins there."""
    return body[start : start + 1] == ">" and (start == 0 or body[start - 1] == "\n")


def snapped(body: str, start: int, end: int) -> int:
    """The end of a quote that ends in the middle of a line: with that line where it is quoted, else
    with the quoted lines before where it cuts a word."""
    lines = _QUOTED.match(body, start)
    if not lines or not is_quoted(body, start):
        return end
    if end < lines.end():
        line = body.find("\n", end)
        return lines.end() if line < 0 else line + 1
    is_cut = body[end - 1 : end + 1].isalnum() or end == len(body)
    return lines.end() if is_cut else end


# How clients count


def characters(body: str, count: int) -> int | None:
    """As it should be (XEP-0426)."""
    if count > len(body):
        return None
    return count


def utf16(body: str, count: int) -> int | None:
    """Units of UTF-16, as JavaScript and Java do."""
    encoded = body.encode("utf-16-le", "surrogatepass")
    if 2 * count > len(encoded):
        return None
    return len(encoded[: 2 * count].decode("utf-16-le", "ignore"))


def utf8(body: str, count: int) -> int | None:
    """Bytes."""
    encoded = body.encode("utf-8", "surrogatepass")
    if count > len(encoded):
        return None
    return len(encoded[:count].decode("utf-8", "ignore"))


COUNTS: tuple[Counted, ...] = (characters, utf16, utf8)
"""The first by which a quote ends with a quoted line is believed."""
