"""Addresses in a text become links; everything else is escaped."""

import re

from markupsafe import Markup, escape

LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")
ANCHOR = Markup('<a href="{0}" rel="noopener noreferrer nofollow ugc">{0}</a>')


def linked(text: str) -> Markup:
    """A text as HTML, with its http(s) addresses as links."""
    parts, end = list[Markup](), 0
    for match in LINK.finditer(text):
        parts.append(escape(text[end : match.start()]))
        parts.append(ANCHOR.format(match.group()))
        end = match.end()
    parts.append(escape(text[end:]))
    return Markup().join(parts)
