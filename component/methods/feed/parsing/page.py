"""The feeds that a web page names (autodiscovery, https://www.rssboard.org/rss-autodiscovery).
Pure."""

import html
import re
from urllib.parse import urljoin, urlsplit

from component.methods.feed.parsing.item import LINK, TITLE, Link
from component.methods.feed.parsing.plain import cut, line

MOST = 262_144
"""Characters of a page that are looked at, and below, feeds that are given."""
_FEEDS = 20

_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(link|base)\b((?:\"[^\"]*+\"|'[^']*+'|[^\"'<>])*+)>",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
)
# Types that other things have too, so that the address or title must speak of a feed.
_MAYBE = ("application/json", "application/xml", "text/xml")
_SPEAKS = re.compile(r"rss|atom|feed|rdf", re.IGNORECASE)


def discover(text: str, url: str) -> list[Link]:
    """The feeds that the page `text`, had from `url`, names in its order, each once: http and https
    only."""
    base, found = url, dict[str, Link]()
    for tag in _TAG.finditer(text[:MOST]):
        given = _attributes(tag[2]) if tag[1] else {}
        if not given:
            continue
        if tag[1].lower() == "base":
            base = absolute(given.get("href", ""), url) or base
        elif _is_feed(given):
            address = absolute(given["href"], base)
            if address and len(found) < _FEEDS:
                title = cut(line(given.get("title", "")), TITLE)
                found.setdefault(address, Link(address, _type(given), title))
    return list(found.values())


def absolute(address: str, base: str) -> str:
    """`address` as a whole one, seen from `base`; "" where it is none of http or https."""
    address = "".join(address.split())
    if not address:
        return ""
    try:
        whole = urljoin(base, address)
        parts = urlsplit(whole)
        fine = parts.scheme in ("http", "https") and parts.hostname and len(whole) <= LINK
    except ValueError:
        return ""
    return whole if fine and whole.isprintable() else ""


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape("".join(values)).strip())
    return found


def _type(given: dict[str, str]) -> str:
    return given.get("type", "").partition(";")[0].strip().lower()


def _is_feed(given: dict[str, str]) -> bool:
    rel = given.get("rel", "").lower().split()
    if "href" not in given or not {"alternate", "feed"} & set(rel) or "stylesheet" in rel:
        return False
    type = _type(given)
    return type in _TYPES or "feed" in rel or (type in _MAYBE and _speaks(given))


def _speaks(given: dict[str, str]) -> bool:
    return bool(_SPEAKS.search(given["href"]) or _SPEAKS.search(given.get("title", "")))
