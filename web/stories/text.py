"""A story's text as HTML."""

import re

from markupsafe import Markup

from component.common.linkify import linked

NEWLINE = Markup("\n")
BETWEEN_PARAGRAPHS = re.compile(r"\n\s*\n")


def paragraphs(text: str, newline: Markup = NEWLINE) -> Markup:
    """A text as HTML: paragraphs, lines and links; everything else is escaped. `newline` ends a
    line within a paragraph."""
    parts = []
    for part in BETWEEN_PARAGRAPHS.split(text):
        if part.strip():
            lines = linked(part.strip("\n")).replace("\n", newline)
            parts.append(Markup("<p>{}</p>").format(lines))
    return NEWLINE.join(parts)
