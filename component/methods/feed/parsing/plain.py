"""HTML to plain text. Pure, and linear in what it is given; nothing it gives is markup to anyone.

No tree is built: tags are dropped, what people don't see (scripts, styles, comments) with them, and
blocks end lines.
"""

import html
import re

from component.common.sanitize import scrub

MAX_CHARS = 65_536
"""Characters of a text that are looked at; a whole book in an item costs no more."""

IN_TAG = r"[^\"'<>]*+(?:(?:\"[^\"]*+\"|'[^']*+')[^\"'<>]*+)*"
"""What follows the name of a tag: values in quotation marks may contain anything."""
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)"
    r"|<(script|style|noscript|iframe|object|svg|math|head|template|select)\b.*?(?:</\1\s*>|\Z)"
    r"|<!\[CDATA\[|\]\]>"
    # The possessive quantifiers keep a tag that never ends from costing more than one look at it.
    rf"|<(?P<tag>/?[a-z][\w:-]*+)(?:{IN_TAG}>|[^<>]*+>)"
    r"|<[!?/][^<>]*+>",
    re.IGNORECASE | re.DOTALL,
)
# With its semicolon: R&D is no entity.
_ENTITY = re.compile(r"&(?:#\d{1,8}|#x[0-9a-f]{1,8}|[a-z]\w{1,31});", re.IGNORECASE)
_BLOCKS = frozenset(
    """
    address article aside blockquote br caption center dd details div dl dt fieldset
    figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section
    summary table tbody td th thead tr ul
    """.split()
)
_CELLS = frozenset(("td", "th"))
# What turns the line around for other text than its own, and what can't be seen and joins nothing.
_CONTROLS = re.compile("[\u00ad\u200b\u2060\u202a-\u202e\u2066-\u2069\ufeff\U000e0000-\U000e0fff]")


def plain(markup: str) -> str:
    """The text of `markup` as people see it, with a line for each block."""
    markup = markup[:MAX_CHARS]
    if "<" in markup:
        text = without_tags(markup)
    else:
        text = " ".join(markup.split())
    if "&" in text:
        text = html.unescape(text)
    return tidy(text)


def unescaped(text: str) -> str:
    """`text` without HTML's entities, which a writer has escaped once too often; tags stay."""
    return _ENTITY.sub(character, text)


def character(entity: re.Match[str]) -> str:
    """The character that an entity means."""
    return html.unescape(entity[0])


def without_tags(markup: str) -> str:
    """The text between tags, with a line end for each block."""
    parts: list[str] = []
    done, kept = 0, 0
    for token in _TOKEN.finditer(markup):
        parts.append(spaced(markup[done : token.start()], kept))
        done = token.end()
        tag = (token["tag"] or "").lower()
        name = tag.removeprefix("/")
        if name == "pre":
            if tag.startswith("/"):
                kept = max(0, kept - 1)
            else:
                kept += 1
        if name in _CELLS:
            parts.append(" ")
        elif name in _BLOCKS:
            parts.append("\n")
    parts.append(spaced(markup[done:], kept))
    return "".join(parts)


def spaced(text: str, kept: int) -> str:
    """Folds white space, as HTML does outside preformatted text."""
    if kept:
        return text
    return re.sub(r"\s+", " ", text)


def tidy(text: str) -> str:
    """`text` with nothing in it that can't be seen, each line's white space folded, and no empty
    lines."""
    visible = _CONTROLS.sub("", scrub(text))
    lines = [" ".join(each.split()) for each in visible.split("\n")]
    return "\n".join(filter(None, lines))


def line(text: str) -> str:
    """`text` tidy and in one line."""
    return " ".join(tidy(text).split("\n"))


def cut(text: str, most: int) -> str:
    """`text` with at most `most` characters; an ellipsis shows where it was cut."""
    if len(text) <= most:
        return text
    return text[: most - 1].rstrip() + "…"
