"""Bytes to a feed: RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0 by feedparser, JSON Feed by json.

Pure: nothing here opens an address or a file, feedparser is given bytes only. It may still take
long on what is made for that, so the bus calls it through `workers.py`, in a process that can be
killed.
"""

import re
from io import BytesIO
from typing import Any

import feedparser  # type: ignore[import-untyped]

from component.methods.feed.errors import BrokenFeed, EmptyFeed, NoFeed, TooLarge
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.document import Document, document
from component.methods.feed.parsing.encoding import text_of
from component.methods.feed.parsing.item import BYTES, ITEMS, TITLE, Feed, Item
from component.methods.feed.parsing.jsonfeed import read_json
from component.methods.feed.parsing.made import made
from component.methods.feed.parsing.page import absolute
from component.methods.feed.parsing.plain import cut, line, plain, tidy
from component.methods.feed.parsing.salvage import pieces, well_formed

_PERIODS = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
_SKIP = re.compile(r"<skipHours\b[^<>]*>", re.IGNORECASE)
_HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)
_HTML = ("text/html", "application/xhtml+xml")
_WEEK = 10080
ATOM = "feed"
"""The root of Atom's documents."""


def read(data: bytes, content_type: str, url: str, now: int) -> Feed:
    """The feed in `data`, which `url` gave as `content_type` at `now` (milliseconds).

    Raises a FeedError that says in words why there is none.
    """
    if len(data) > BYTES:
        raise TooLarge
    text = text_of(data, content_type)
    start = text.lstrip()[:1]
    if not start:
        raise EmptyFeed
    if start == "{":
        return read_json(text, url, now)
    found = document(text, url)
    return _feed(found, _parsed(found), url, now)


def _parsed(found: Document) -> Any:
    """What feedparser makes of it, and where it is broken, of its pieces."""
    whole = well_formed(found.xml)
    first = _understood(found.xml) if whole else None
    if first is None:
        read = [one for one in map(_understood, pieces(found.xml, apart=whole)) if one is not None]
        if not any(one["entries"] for one in read):
            raise BrokenFeed
        first = read[0]
        for other in read[1:]:
            first["entries"] += other["entries"]
    if not first["version"] and not first["entries"]:
        raise NoFeed
    return first


def _understood(xml: str) -> Any:
    """What feedparser makes of it; None where it trips, as it does over the oddest elements."""
    try:
        return feedparser.parse(
            BytesIO(xml.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            # For those who show HTML, and at five times the cost: here only plain text is kept
            # (`plain.py`).
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError):
        return None


def _feed(found: Document, result: Any, url: str, now: int) -> Feed:
    about = result["feed"]
    links = _links(about)
    link = _alternate(links, url)
    # Atom resolves by the document's own address (RFC 4287 section 2), and RSS, which says nothing,
    # by the site's.
    base = url if found.root == ATOM else link or url
    everyone = _people(about) if found.root == ATOM else ""
    return Feed(
        title=cut(line(_shown(about, "title")), TITLE),
        link=link,
        items=tuple(_item(one, base, now, everyone) for one in result["entries"][:ITEMS]),
        ttl=_ttl(about),
        skip_hours=_skipped(found.xml),
        hub=_named(links, "hub", url),
        own=_named(links, "self", url),
    )


def _item(one: Any, base: str, now: int, everyone: str) -> Item:
    published = stamp(_str(one, "published"), now) or stamp(_str(one, "created"), now)
    return made(
        id=_str(one, "id"),
        link=_link(one, base),
        title=line(_shown(one, "title")),
        author=_people(one) or _people(_source(one)) or everyone,
        at=published,
        updated=stamp(_str(one, "updated"), now),
        text=_text(one),
        tags=[_str(tag, "term") or _str(tag, "label") for tag in _all(one, "tags")],
    )


def _str(one: Any, key: str) -> str:
    """A text of feedparser's; `dict.get`, as its own warns of some keys and finds others under a
    second name."""
    value = dict.get(one, key)
    return value.strip() if isinstance(value, str) else ""


def _all(one: Any, key: str) -> list[Any]:
    """A list of feedparser's; an element of that name makes a text of it."""
    value = dict.get(one, key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _links(one: Any) -> list[Any]:
    return [link for link in _all(one, "links") if _str(link, "href")]


def _named(links: list[Any], rel: str, base: str) -> str:
    return next(
        (
            found
            for link in links
            if rel in _str(link, "rel").split() and (found := _address(link, base))
        ),
        "",
    )


def _address(link: Any, base: str) -> str:
    return absolute(_str(link, "href"), base)


def _alternate(links: list[Any], base: str) -> str:
    """The first link that is the thing itself, in HTML rather than in another form."""
    found = [link for link in links if _str(link, "rel") in ("alternate", "")]
    found.sort(key=lambda link: _str(link, "type") not in _HTML)
    return next((address for link in found if (address := _address(link, base))), "")


def _link(one: Any, base: str) -> str:
    """Where an item is to be read: its own link, its guid where that is one, what it encloses."""
    original = absolute(_str(one, "feedburner_origlink"), base)
    if original:
        return original
    links = _links(one)
    guid = _str(one, "link")
    permanent = absolute(guid, base) if guid.lower().startswith(("http://", "https://")) else ""
    return _alternate(links, base) or permanent or _named(links, "enclosure", base)


def _people(one: Any) -> str:
    """Who wrote it, by name, or by mail address where there is no name."""
    names = [_str(person, "name") or _str(person, "email") for person in _all(one, "authors")]
    names = [name for name in names if name] or [_str(one, "author")]
    return ", ".join(dict.fromkeys(plain(name) for name in names if name))


def _source(one: Any) -> Any:
    """The feed that an entry of a planet came from."""
    value = dict.get(one, "source")
    return value if isinstance(value, dict) else {}


def _detail(one: Any, key: str) -> str:
    detail = dict.get(one, key + "_detail")
    return _str(detail, "type") if isinstance(detail, dict) else ""


def _shown(one: Any, key: str) -> str:
    """A text as people see it: HTML where the feed says so, or where feedparser takes it for
    that."""
    value = _str(one, key)
    return plain(value) if _detail(one, key) in _HTML else tidy(value)


def _text(one: Any) -> str:
    """The summary, or where there is none, the whole."""
    if _detail(one, "summary"):
        summary = _shown(one, "summary")
        if summary:
            return summary
    for content in _all(one, "content"):
        value, type = _str(content, "value"), _str(content, "type")
        text = plain(value) if type in _HTML else tidy(value) if type == "text/plain" else ""
        if text:
            return text
    return ""


def _ttl(about: Any) -> int | None:
    """Minutes, by RSS 2.0's ttl or RSS 1.0's syndication module; a week at most."""
    ttl = _number(_str(about, "ttl"))
    if ttl:
        return min(ttl, _WEEK)
    period = _PERIODS.get(_str(about, "sy_updateperiod").lower())
    often = _number(_str(about, "sy_updatefrequency")) or 1
    return max(1, min(period // often, _WEEK)) if period else None


def _number(text: str) -> int:
    return int(text) if re.fullmatch(r"[0-9]{1,9}", text) else 0


def _skipped(xml: str) -> frozenset[int]:
    found = _SKIP.search(xml)
    listed = xml[found.end() : found.end() + 2_000].partition("</skip")[0] if found else ""
    return frozenset(int(hour) % 24 for hour in _HOUR.findall(listed))
