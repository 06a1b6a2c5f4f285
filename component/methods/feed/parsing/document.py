"""Text to a document that an XML parser takes: without its prolog, bounded, and mended where many
feeds break.

Pure. Nothing before the root element is passed on, so that no parser ever sees a DTD: one that
defines anything is refused (bombs, XXE), the bare one of RSS 0.91 is dropped.
"""

import html
import re
from dataclasses import dataclass

from component.methods.feed.errors import DtdRefused, HtmlPage, NoFeed
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.item import ITEMS
from component.methods.feed.parsing.page import discover

_CDATA = re.compile(r"(<!\[CDATA\[.*?(?:\]\]>|\Z))", re.DOTALL)
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)
_DTD = re.compile(r"<!DOCTYPE[^<>\[]*+\[|<!ENTITY", re.IGNORECASE)
_ROOT = re.compile(
    r"<!--.*?(?:-->|\Z)|<\?[^<]*?\?>|<((?:[A-Za-z_][\w.-]*:)?(rss|rdf|feed|channel))(?=[\s/>])",
    re.IGNORECASE | re.DOTALL,
)
_HTML = re.compile(r"<(?:!doctype\s+)?html\b", re.IGNORECASE)
_BARE_HTML = re.compile(
    r"[^<]*<(?:head|body|title|meta|link|script|div|p|h1|br|center|table)\b", re.IGNORECASE
)
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# References to what XML can't carry, such as &#0; or &#x1F; or surrogates.
_REFERENCE = re.compile(r"&#(?:x([0-9a-f]{1,8})|(\d{1,8}));", re.IGNORECASE)
_AMPERSAND = re.compile(
    r"&(?!(?:amp|lt|gt|quot|apos|#\d{1,8}|#[xX][0-9a-fA-F]{1,8});)(?:(\w{1,31});)?"
)
# One with less than this before it is no element.
_STRAY = re.compile(r"<(?![A-Za-z_/!?])")
_END = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|</((?:[\w.-]+:)?(?:item|entry))\s*>", re.IGNORECASE | re.DOTALL
)
_DATE = re.compile(
    r"<(?:pubDate|published|issued|updated|modified|(?:\w+:)?date)\b[^>]{0,200}>\s*([^<]{4,60})<",
    re.IGNORECASE,
)
# feedparser looks for an address in an author at a cost that grows with the square of the length.
_LONG_NAME = re.compile(
    r"(<(?:[\w-]+:)?(?:author|creator|contributor|publisher|managingEditor|webMaster|owner|"
    r"name|email)\b[^<>]{0,500}>"
    r"(?:\s*<!\[CDATA\[)?[^<\]]{300})[^<\]]+",
    re.IGNORECASE,
)
# The same cost for a run of letters wherever it stands; a word of that length says nothing.
_LONG_WORD = re.compile(r"(?<![\w.+-])([\w.+-]{500})[\w.+-]+", re.ASCII)
_PREFIX = re.compile(r"<([A-Za-z_][\w-]*):[A-Za-z_]")
_NAMESPACES = {
    "atom": "http://www.w3.org/2005/Atom",
    "content": "http://purl.org/rss/1.0/modules/content/",
    "dc": "http://purl.org/dc/elements/1.1/",
    "dcterms": "http://purl.org/dc/terms/",
    "feedburner": "http://rssnamespace.org/feedburner/ext/1.0",
    "itunes": "http://www.itunes.com/DTDs/PodCast-1.0.dtd",
    "media": "http://search.yahoo.com/mrss/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "slash": "http://purl.org/rss/1.0/modules/slash/",
    "sy": "http://purl.org/rss/1.0/modules/syndication/",
}


@dataclass(frozen=True, slots=True)
class Document:
    """XML from its root element to that element's end; `root` is its name in small letters, without
    a prefix."""

    root: str
    xml: str


def document(text: str, url: str) -> Document:
    """The feed in `text`, ready to be parsed; raises DtdRefused, HtmlPage or NoFeed."""
    found = next((one for one in _ROOT.finditer(text) if one[1]), None)
    before = _COMMENT.sub("", text[: found.start()] if found else text)
    if _DTD.search(before):
        raise DtdRefused
    if not found or _is_page(before):
        raise (
            HtmlPage(discover(text, url))
            if _HTML.search(before[:65_536]) or _BARE_HTML.match(before)
            else NoFeed
        )
    body = text[found.start() :]
    end = body.rfind(f"</{found[1]}")
    body = _bounded(body[:end] if end > 0 else body, found[2].lower())
    body = _declared(_mended(body), found[1]) + (f"</{found[1]}>" if end > 0 else "")
    return Document(found[2].lower(), body)


def _is_page(before: str) -> bool:
    """Whether what stands before the root is a page, which shows a feed; a warning of PHP's is
    none."""
    return bool(re.search(r"<(?:html|body|head)\b", before, re.IGNORECASE))


def _mended(body: str) -> str:
    """`body` with what breaks most broken feeds put right: ampersands, HTML's entities, control
    characters."""
    body = _LONG_WORD.sub(r"\1", _LONG_NAME.sub(r"\1", _ILLEGAL.sub("", body)))
    if "&" not in body and not _STRAY.search(body):
        return body
    parts = _CDATA.split(body)
    parts[::2] = [_text(part) for part in parts[::2]]
    return "".join(parts)


def _text(part: str) -> str:
    part = _AMPERSAND.sub(_entity, part)
    return _STRAY.sub("&lt;", _REFERENCE.sub(_legal, part))


def _entity(found: re.Match[str]) -> str:
    name = found[1]
    if not name:
        return "&amp;"
    known = html.unescape(f"&{name};")
    return (
        f"&amp;{name};"
        if known.startswith("&")
        else "".join(f"&#{ord(letter)};" for letter in known)
    )


def _legal(found: re.Match[str]) -> str:
    number = int(found[1], 16) if found[1] else int(found[2])
    if 0x80 <= number < 0xA0:  # meant as Windows-1252, as browsers take it
        return f"&#{ord(html.unescape(found[0])[:1] or ' ')};"
    return found[0] if number <= 0x10FFFF and not _ILLEGAL.match(chr(number)) else ""


def _declared(body: str, root: str) -> str:
    """`body` with a namespace for each prefix that has none: a parser would stop at the first."""
    used = set(_PREFIX.findall(_CDATA.sub("", body))) - {"xml"}
    missing = [prefix for prefix in sorted(used) if f"xmlns:{prefix}" not in body][:50]
    more = "".join(
        f' xmlns:{prefix}="{_NAMESPACES.get(prefix, "urn:x-" + prefix)}"' for prefix in missing
    )
    return f"<{root}{more}{body[len(root) + 1 :]}"


def _bounded(body: str, root: str) -> str:
    """`body` with 1,000 items at most: those at the end where it has the newest, else those at its
    start."""
    if body.lower().count("</item") + body.lower().count("</entry") <= ITEMS:
        return body
    ends = [found.end() for found in _END.finditer(body) if found[1]]
    if len(ends) <= ITEMS:
        return body
    closing = "</channel>" if root == "rss" else ""
    if _date(body[ends[-2] :]) <= _date(body[: ends[0]][-20_000:]):
        return body[: ends[ITEMS - 1]] + closing
    head = re.search(r"<(?:[\w.-]+:)?(?:item|entry)[\s>]", body, re.IGNORECASE)
    return body[: head.start() if head else 0] + body[ends[-ITEMS - 1] :]


def _date(item: str) -> int:
    dates = _DATE.findall(item)
    return stamp(dates[-1], 2**53) if dates else 0
