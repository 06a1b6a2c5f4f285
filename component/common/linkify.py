"""Addresses in a text become links; everything else is escaped.

An address ends before what cannot be part of one: spaces, quotes, guillemets, the brackets and
stops of Chinese and Japanese, a bracket that closes what was opened before it. Then marks that
belong to the sentence are taken off its end. The cost is that of the text's length.
"""

import re
from collections.abc import Iterator

from markupsafe import Markup, escape

START = re.compile(r"(?<![A-Za-z0-9])https?://(?=[\w\[]|[^\x00-\x7f])", re.IGNORECASE)
BREAK = re.compile(
    r"[\s<>\"`|\x00-\x1f\x7f"
    r"\u00ab\u00bb\u2039\u203a\u201a\u201c-\u201f\u2026"  # guillemets, quotes, an ellipsis
    r"\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff"  # what has no width
    r"\u3001-\u3003\u3008-\u3011\u3014-\u301f\uff01\uff02\uff08\uff09\uff0c\uff0e\uff1a\uff1b"
    r"\uff1f\uff3b\uff3d\uff5b-\uff5d\uff5f-\uff64]"
)
"""Characters that are never part of an address."""
BRACKET = re.compile(r"[()\[\]{}]")
OPENED_BY = {")": "(", "]": "[", "}": "{"}
SENTENCE = ".,;:!?'\u2018\u2019\u2013\u2014\u060c\u061b\u061f\u0964([{"
"""What belongs to the sentence at the end of an address."""
STYLING = {
    "*": re.compile(r"(?P<open>(?<!\w)\*(?=\S|$))|(?P<close>(?<=\S)\*(?!\w))"),
    "_": re.compile(r"(?P<open>(?<![^\W_])_(?=\S|$))|(?P<close>(?<=\S)_(?!\w))"),
    "~": re.compile(r"(?P<open>(?<!\w)~(?=\S|$))|(?P<close>(?<=\S)~(?!\w))"),
}
"""Marks of styling (XEP-0393), which belong to the sentence where it opened them."""
ANCHOR = '<a href="{0}" rel="noopener noreferrer nofollow ugc">{0}</a>'
MAX_BEFORE = 200
"""Characters of a line before an address in which styling may have begun."""


def linked(text: str) -> Markup:
    """A text as HTML, with its http(s) addresses as links."""
    parts: list[str] = []
    end = 0
    for start, stop in links(text):
        parts.append(escape(text[end:start]))
        address = escape(text[start:stop])
        parts.append(ANCHOR.format(address))
        end = stop
    parts.append(escape(text[end:]))
    return Markup("".join(parts))  # noqa: S704 — each part is escaped


def links(text: str) -> Iterator[tuple[int, int]]:
    """Where each address in a text begins and ends."""
    broken = 0
    found = START.search(text)
    while found:
        start, host = found.span()
        if broken <= host:
            mark = BREAK.search(text, host)
            broken = mark.start() if mark else len(text)
        stop = end_of(text, start, closed(text, start, broken))
        if stop > host:
            yield start, stop
        found = START.search(text, max(stop, host))


def closed(text: str, start: int, stop: int) -> int:
    """Where a bracket closes that was opened before an address; `stop` where none does. Where one
    stays open, the address continues."""
    opened: list[str] = []
    for bracket in BRACKET.finditer(text, start, stop):
        mark = bracket[0]
        if mark not in OPENED_BY:
            opened.append(mark)
        elif opened and opened[-1] == OPENED_BY[mark]:
            opened.pop()
        else:
            return bracket.start()
    return stop


def end_of(text: str, start: int, stop: int) -> int:
    """The end of an address without the marks of the sentence around it."""
    while stop > start:
        last = text[stop - 1]
        if last not in SENTENCE and not (last in STYLING and is_styled(text, start, last)):
            break
        stop -= 1
    return stop


def is_styled(text: str, start: int, mark: str) -> bool:
    """Whether styling with a mark begins in the line before an address and does not end there."""
    floor = max(start - MAX_BEFORE, 0)
    line = max(text.rfind("\n", floor, start) + 1, floor)
    count = 0
    for found in STYLING[mark].finditer(text[line:start]):
        count += 1 if found.lastgroup == "open" else -1
    return count > 0
