"""Puts each reader's footer into what was made for all who get the same letter. Pure."""

from markupsafe import Markup

from component.common.sanitize import scrub

_FOOT = "\0foot\0"
HERE = Markup(_FOOT)  # noqa: S704 — a constant
"""Stands where the footer comes: no message holds it."""


def scrubbed(text: str) -> str:
    """What a template made, safe to send, with the place of the footer kept."""
    return _FOOT.join(scrub(part) for part in text.split(_FOOT))


def footed(text: str, foot: str) -> str:
    """With the footer in its place; where a template has none, at the end: nobody is to miss how to
    end it."""
    if _FOOT in text:
        return f"{text.replace(_FOOT, foot, 1).replace(_FOOT, '').rstrip()}\n"
    at = text.lower().rfind("</body>")
    return f"{text[:at]}{foot}\n{text[at:]}" if at >= 0 else f"{text.rstrip()}\n\n{foot}\n"
