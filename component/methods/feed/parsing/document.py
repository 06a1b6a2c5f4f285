"""Text to a document that an XML parser takes: without its prolog, bounded, and mended where many
feeds break.

Pure. Nothing before the root element is passed on, so that no parser ever sees a DTD: one that
defines anything is refused (bombs, XXE), the bare one of RSS 0.91 is dropped.
"""

import re
from dataclasses import dataclass

from component.methods.feed.errors import DtdRefused, HtmlPage, NoFeed
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.item import ITEMS
from component.methods.feed.parsing.mend import mended
from component.methods.feed.parsing.page import discover
from component.methods.feed.parsing.prepare import prepared

_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DTD = re.compile(r"<!DOCTYPE[^<>\[]*+\[", re.IGNORECASE)
_ROOT = re.compile(
    r"<!--.*?(?:-->|\Z)|<((?:[A-Za-z_][\w.-]*:)?(rss|rdf|feed|channel))(?=[\s/>])",
    re.IGNORECASE | re.DOTALL,
)
_HTML = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_BARE_HTML = re.compile(
    r"[^<]*<(?:head|body|title|meta|link|script|div|p|h1|br|center|table)\b", re.IGNORECASE
)
_END = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
_DATE = re.compile(
    r"<(?:pubDate|published|issued|updated|modified|(?:\w+:)?date)\b[^>]{0,200}>\s*([^<]{4,60})<",
    re.IGNORECASE,
)
_PREFIX = re.compile(r"<([A-Za-z_][\w-]*):[A-Za-z_]")
_DECLARED = re.compile(r"\sxmlns:([\w-]+)")
MAX_PREFIXES = 50
"""Prefixes without a namespace that get one."""
# feedparser knows other prefixes by themselves.
_NAMESPACES = {"atom": "http://www.w3.org/2005/Atom"}


@dataclass(frozen=True, slots=True)
class Document:
    """XML from its root element to that element's end; `root` is its name in small letters, without
    a prefix."""

    root: str
    xml: str


def document(text: str, url: str) -> Document:
    """The feed in `text`, ready to be parsed; raises DtdRefused, HtmlPage or NoFeed."""
    root = root_of(text)
    before = text
    if root:
        before = text[: root.start()]
    before = _COMMENT.sub("", before)
    if _DTD.search(before):
        raise DtdRefused
    if not root or is_page(before):
        if _HTML.search(before[:65_536]) or _BARE_HTML.match(before):
            raise HtmlPage(discover(text, url))
        raise NoFeed
    tag, name = root[1], root[2].lower()
    body, closing = text[root.start() :], ""
    end = body.rfind(f"</{tag}")
    if end > 0:
        body, closing = body[:end], f"</{tag}>"
    whole = declared(prepared(mended(bounded(body, name))), tag)
    return Document(name, whole + closing)


def root_of(text: str) -> re.Match[str] | None:
    """The start of the root element: group 1 is its tag, group 2 the tag without a prefix."""
    for match in _ROOT.finditer(text):
        if match[1]:
            return match
    return None


def is_page(before: str) -> bool:
    """Whether what precedes the root is an HTML page that shows a feed; a PHP warning is not."""
    return re.search(r"<(?:html|body|head)\b", before, re.IGNORECASE) is not None


def declared(body: str, root: str) -> str:
    """`body` with a namespace for each prefix that has none: a parser would stop at the first."""
    missing = set(_PREFIX.findall(body)) - set(_DECLARED.findall(body)) - {"xml"}
    more = ""
    for prefix in sorted(missing)[:MAX_PREFIXES]:
        namespace = _NAMESPACES.get(prefix, f"urn:x-{prefix}")
        more += f' xmlns:{prefix}="{namespace}"'
    return f"<{root}{more}{body[len(root) + 1 :]}"


def bounded(body: str, root: str) -> str:
    """`body` with 1,000 items at most: the last ones if the newest is there, else the first."""
    if body.lower().count("</item") + body.lower().count("</entry") <= ITEMS:
        return body
    ends = [tag.end() for tag in _END.finditer(body)]
    if len(ends) <= ITEMS:
        return body
    if last_date(body[ends[-2] :]) <= last_date(body[: ends[0]][-20_000:]):
        kept = body[: ends[ITEMS - 1]]
        if root == "rss":
            kept += "</channel>"
        return kept
    head = re.search(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]", body, re.IGNORECASE)
    kept = body[ends[-ITEMS - 1] :]
    if head:
        kept = body[: head.start()] + kept
    return kept


def last_date(item: str) -> int:
    """The last date in an item, in milliseconds since 1970; 0 if it has none."""
    dates = _DATE.findall(item)
    if not dates:
        return 0
    return stamp(dates[-1], 2**53)
