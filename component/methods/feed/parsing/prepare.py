"""A feed's XML so that feedparser reads it rightly: what it would lose, misread, or read at a cost
without a bound. Pure.
"""

import re

from component.methods.feed.parsing.mend import CDATA
from component.methods.feed.parsing.people import MARK
from component.methods.feed.parsing.salvage import item_tags

# The start of an author's text, where feedparser looks for an address.
_AUTHOR = re.compile(
    r"(<(?:[\w-]+:)?(?:author|creator)\b[^<>]{0,500}>)(\s*<!\[CDATA\[)?"
    r"((?(2)[^\]]++|[^<\]]++))",
    re.IGNORECASE,
)
_AT = re.compile("@|&#64;|&#x40;", re.IGNORECASE)
# It does so at a cost that grows with the square of the longest word; one so long says nothing.
_LONG_WORD = re.compile(r"(?<![\w.+-])([\w.+-]{500})[\w.+-]+", re.ASCII)

# An empty address would be taken for that of the feed.
_EMPTY_ADDRESS = re.compile(r"""\shref\s*=\s*(?:"\s*"|'\s*')""", re.IGNORECASE)
# XML makes a space of a line break in an attribute, which is more than was meant.
_BROKEN_ADDRESS = re.compile(
    r"""\s(?:href|url)\s*=\s*(?:"[^"<>\r\n]*[\r\n][^"<>]*"|'[^'<>\r\n]*[\r\n][^'<>]*')""",
    re.IGNORECASE,
)
_BREAK = re.compile(r"(?<=[^=\s])\s*[\r\n]+\s*")
# The link of an item in RSS that leads nowhere; its guid counts where there is no link.
_DEAD_LINK = re.compile(
    r"<link\s*/>|<link>\s*(?:<!\[CDATA\[\s*)?"
    r"(?:(?!https?:)[a-z][a-z0-9+.-]*:[^<\]]*)?(?:\]\]>\s*)?</link>",
    re.IGNORECASE,
)
# HTML in an Atom document that stands there as elements, where it should be escaped.
_TEXTS = r"(?:content|summary|title)\b"
_INLINE_HTML = re.compile(
    rf"""(<{_TEXTS}[^<>]*\btype\s*=\s*(?:"(?:text/)?html"|'(?:text/)?html')[^<>]*(?<!/)>)"""
    rf"([^<]*+(?:<(?!/?{_TEXTS})[^<]*+)*)(?=</)",
    re.IGNORECASE,
)
_EMPTY_ITEM = re.compile(r"<[^<>]*>\s*</[^<>]*>")


def prepared(xml: str) -> str:
    """A feed's document as feedparser reads it rightly."""
    xml = _AUTHOR.sub(as_author, xml)
    xml = _LONG_WORD.sub(r"\1", xml)
    xml = _DEAD_LINK.sub("", _EMPTY_ADDRESS.sub("", xml))
    xml = _BROKEN_ADDRESS.sub(in_one_line, xml)
    if "html" in xml:
        parts = CDATA.split(xml)
        for place in range(0, len(parts), 2):
            parts[place] = _INLINE_HTML.sub(as_escaped, parts[place])
        xml = "".join(parts)
    return unnested(xml)


def as_author(start: re.Match[str]) -> str:
    """The start of an author's element, marked so that feedparser leaves it whole."""
    return start[1] + (start[2] or "") + _AT.sub("@" + MARK, start[3])


def in_one_line(attribute: re.Match[str]) -> str:
    """An attribute with an address, without the line breaks in it."""
    return " " + _BREAK.sub("", attribute[0].strip())


def as_escaped(element: re.Match[str]) -> str:
    """An element whose content is HTML, with that escaped."""
    return element[1] + element[2].replace("<", "&lt;")


def unnested(xml: str) -> str:
    """The document with each item that is inside of another behind that, and without empty ones.

    One whose items do not end is left as it is: it is broken, and read in pieces.
    """
    items = Items()
    at = 0
    for tag in item_tags(xml):
        items.add(xml[at : tag.start()])
        items.take(tag)
        at = tag.end()
    if items.open:
        return xml
    return "".join([*items.done, xml[at:]])


class Items:
    """The pieces of a document, put in order: those that are `done`, and the items still `open`,
    the outermost first."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.open: list[list[str]] = []
        self._whole: list[str] = []

    def add(self, piece: str) -> None:
        """Take what stands inside the innermost open item, or between items."""
        if self.open:
            self.open[-1].append(piece)
        else:
            self.done.append(piece)

    def take(self, tag: re.Match[str]) -> None:
        """Take the start of an item, its end, or an empty one, which says nothing."""
        if tag[0].endswith("/>"):
            return
        if not tag[1].startswith("/"):
            self.open.append([tag[0]])
        elif self.open:
            whole = "".join([*self.open.pop(), tag[0]])
            if not _EMPTY_ITEM.fullmatch(whole):
                self._whole.append(whole)
            self.close()

    def close(self) -> None:
        """Put an item that has ended behind the one around it, which ended last."""
        if not self.open:
            self.done.extend(reversed(self._whole))
            self._whole.clear()
