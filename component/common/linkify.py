"""Addresses in a text, made links; all else stays text."""

import re

from markupsafe import Markup, escape

_LINK = re.compile(r"https?://[^\s<>\"']+[^\s<>\"'.,;:!?)\]]")


def linked(text: str) -> Markup:
    """Text with its http(s) addresses as links, and nothing else as markup."""
    out, at = list[Markup](), 0
    for found in _LINK.finditer(text):
        out.append(escape(text[at : found.start()]))
        out.append(
            Markup('<a href="{0}" rel="noopener noreferrer nofollow ugc">{0}</a>').format(
                found.group()
            )
        )
        at = found.end()
    return Markup().join([*out, escape(text[at:])])
