"""Addresses in a text become links; everything else is escaped."""

import re

from markupsafe import Markup, escape

_QUOTES = '"`“”„‟‘‚‛«»‹›「」『』'
_WIDE_MARKS = "（）［］【】《》〈〉。．，、！？；：…"
_INVISIBLE = "\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff"
LINK = re.compile(
    rf"(?<![a-z0-9])https?://[^\s<>|{_QUOTES}{_WIDE_MARKS}{_INVISIBLE}]+", re.IGNORECASE
)
"""An address with what may belong to the sentence behind it."""
TRAILING = ".,;:!?'’"
"""Marks that end a sentence or a quote where they end an address, and belong to it inside."""
BRACKETS = {")": "(", "]": "[", "}": "{"}
STYLING = "*_~"
"""Marks around words (XEP-0393)."""
ANCHOR = Markup('<a href="{0}" rel="noopener noreferrer nofollow ugc">{0}</a>')


def linked(text: str) -> Markup:
    """A text as HTML, with its http(s) addresses as links."""
    parts, end = list[Markup](), 0
    for match in LINK.finditer(text):
        address = without_marks(match.group(), text[max(match.start() - 1, 0) : match.start()])
        if address.endswith("//"):
            continue
        parts.append(escape(text[end : match.start()]))
        parts.append(ANCHOR.format(address))
        end = match.start() + len(address)
    parts.append(escape(text[end:]))
    return Markup().join(parts)


def without_marks(found: str, before: str) -> str:
    """An address without the marks at its end that belong to the sentence: a bracket that was not
    opened in it, and the styling mark that stands `before` it too."""
    surplus = {}
    for closing, opening in BRACKETS.items():
        surplus[closing] = found.count(closing) - found.count(opening)
    end = len(found)
    while end:
        last = found[end - 1]
        if surplus.get(last, 0) > 0:
            surplus[last] -= 1
        elif last in STYLING and last == before:
            before = ""
        elif last not in TRAILING:
            break
        end -= 1
    return found[:end]
