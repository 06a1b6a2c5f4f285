"""HTML to plain text. Pure, and linear in what it is given; nothing it gives is markup to anyone.

No tree is built: tags are dropped, what people don't see (scripts, styles, comments) with them, and
blocks end lines.
"""

import html
import re

from component.common.sanitize import scrub

MOST = 65_536
"""Characters of a text that are looked at; a whole book in an item costs no more."""

_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|noscript|iframe|object|svg|math|head|template|select)\b.*?(?:</\1\s*>|\Z)"
    r"|<!\[CDATA\[|\]\]>"
    # The possessive quantifiers keep a tag that never ends from costing more than one look at it.
    r"|<(?P<tag>/?[a-z][\w:-]*+)(?:(?:\"[^\"]*+\"|'[^']*+'|[^\"'<>])*+>|[^<>]*+>)"
    r"|<[!?/][^<>]*+>",
    re.IGNORECASE | re.DOTALL,
)
_BLOCKS = frozenset(
    (
        "address",
        "article",
        "aside",
        "blockquote",
        "br",
        "caption",
        "center",
        "dd",
        "details",
        "div",
        "dl",
        "dt",
        "fieldset",
        "figcaption",
        "figure",
        "footer",
        "form",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "li",
        "main",
        "nav",
        "ol",
        "p",
        "pre",
        "section",
        "summary",
        "table",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
    )
)
_CELLS = frozenset(("td", "th"))
# What turns the line around for other text than its own, and what can't be seen and joins nothing.
_CONTROLS = re.compile("[\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e0fff]")


def plain(markup: str) -> str:
    """The text of `markup` as people see it, with a line for each block."""
    found = markup[:MOST]
    found = _without_tags(found) if "<" in found else " ".join(found.split())
    return tidy(html.unescape(found) if "&" in found else found)


def _without_tags(markup: str) -> str:
    parts: list[str] = []
    done, kept = 0, 0
    for token in _TOKEN.finditer(markup):
        parts.append(_spaced(markup[done : token.start()], kept))
        done = token.end()
        tag = (token["tag"] or "").lower()
        name = tag.removeprefix("/")
        if name == "pre":
            kept = max(0, kept + (-1 if tag.startswith("/") else 1))
        if name in _BLOCKS:
            parts.append(" " if name in _CELLS else "\n")
    parts.append(_spaced(markup[done:], kept))
    return "".join(parts)


def _spaced(text: str, kept: int) -> str:
    """White space is one space in HTML, but for preformatted text."""
    return text if kept or not text else re.sub(r"\s+", " ", text)


def tidy(text: str) -> str:
    """`text` with nothing in it that can't be seen, each line's white space folded, and no empty
    lines."""
    lines = (" ".join(line.split()) for line in _CONTROLS.sub("", scrub(text)).split("\n"))
    return "\n".join(line for line in lines if line)


def line(text: str) -> str:
    """`text` tidy and in one line."""
    return " ".join(tidy(text).split("\n"))


def cut(text: str, most: int) -> str:
    """`text` with at most `most` characters, and a mark where it goes on."""
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
