"""Bytes to a feed: RSS 0.90 to 2.0, RDF, Atom 0.3 and 1.0 by feedparser, JSON Feed by json.

Pure: nothing here opens an address or a file, feedparser gets bytes only. A feed that is made for
it can still take long to parse, so the bus calls this in a process that can be killed (`sandbox`).
"""

import re
from io import BytesIO
from typing import Any

import feedparser  # type: ignore[import-untyped]

from component.fetch.decompress import Garbled, TooMuch, gunzipped
from component.methods.feed.errors import BrokenFeed, EmptyFeed, NoFeed, TooLarge
from component.methods.feed.parsing.document import Document, document
from component.methods.feed.parsing.encoding import text_of
from component.methods.feed.parsing.item import BYTES, ITEMS, TITLE, Feed, Item, made
from component.methods.feed.parsing.jsonfeed import read_json
from component.methods.feed.parsing.parsed import Parsed
from component.methods.feed.parsing.plain import cut
from component.methods.feed.parsing.salvage import pieces, well_formed

MINUTES = {"hourly": 60, "daily": 1440, "weekly": 10080, "monthly": 43200, "yearly": 525600}
"""Minutes of the periods that RSS 1.0's syndication module has."""
MAX_TTL = 10080
"""Minutes that a feed may ask to be kept."""
MAX_SKIP_HOURS = 2_000
"""Characters of the element skipHours that are read."""
ATOM = "feed"
"""The root of Atom's documents."""

SKIP_HOURS = re.compile(r"<skipHours\b[^<>]*>", re.IGNORECASE)
HOUR = re.compile(r"<hour>\s*(\d{1,2})\s*</hour>", re.IGNORECASE)


def read(data: bytes, content_type: str, url: str, now: int) -> Feed:
    """The feed in `data`, which `url` gave as `content_type` at `now` (milliseconds).

    Raises a FeedError that says why it cannot be read.
    """
    text = text_of(unpacked(data), content_type)
    start = text.lstrip()[:1]
    if not start:
        raise EmptyFeed
    if start == "{":
        return read_json(text, url, now)
    xml = document(text, url)
    return feed_of(xml, parse(xml.xml), url, now)


def unpacked(data: bytes) -> bytes:
    """The bytes of a feed, also of one that is a gzip file. Raises TooLarge, BrokenFeed."""
    if len(data) > BYTES:
        raise TooLarge
    try:
        return gunzipped(data, BYTES)
    except TooMuch as error:
        raise TooLarge from error
    except Garbled as error:
        raise BrokenFeed from error


def parse(xml: str) -> Any:
    """What feedparser makes of the document, or of its pieces where it is broken."""
    whole = well_formed(xml)
    first = None
    if whole:
        first = understood(xml)
    if first is None:
        parts = [part for part in map(understood, pieces(xml, apart=whole)) if part is not None]
        if not any(part["entries"] for part in parts):
            raise BrokenFeed
        first = parts[0]
        for part in parts[1:]:
            first["entries"] += part["entries"]
    if not first["version"] and not first["entries"]:
        raise NoFeed
    return first


def understood(xml: str) -> Any:
    """What feedparser makes of it; None where it fails, as it does on the oddest elements."""
    try:
        return feedparser.parse(
            BytesIO(xml.encode("utf-8", "replace")),
            response_headers={"content-type": "application/xml; charset=utf-8"},
            # Both are for readers that show HTML, and cost five times as much as the rest. Here
            # only plain text is kept (`plain`).
            resolve_relative_uris=False,
            sanitize_html=False,
        )
    except (LookupError, TypeError):
        return None


def feed_of(xml: Document, result: Any, url: str, now: int) -> Feed:
    """The feed in what feedparser gave.

    Atom resolves links by the document's own address (RFC 4287 section 2). RSS does not say, so
    there it is the site's.
    """
    about = Parsed(result["feed"])
    link = about.alternate(url)
    base, everyone = link or url, ""
    atom = xml.root == ATOM
    if atom:
        base, everyone = url, about.people()
    items = []
    for data in result["entries"][:ITEMS]:
        entry = Parsed(data)
        # RSS has guids that look like addresses and lead nowhere, and says which do.
        address = ""
        if atom:
            address = entry.text("id")
        title = entry.title(atom=atom)
        items.append(item_of(entry, entry.page(base, address), title, now, everyone))
    return Feed(
        title=cut(about.title(atom=atom), TITLE),
        link=link,
        items=tuple(items),
        ttl=minutes_to_live(about),
        skip_hours=skipped_hours(xml.xml),
        hub=about.related("hub", url),
        own=about.related("self", url),
    )


def item_of(entry: Parsed, link: str, title: str, now: int, everyone: str) -> Item:
    """An item; `everyone` are the feed's authors, who count where the entry names none."""
    return made(
        id=entry.text("id"),
        link=link,
        title=title,
        author=entry.people() or entry.child("source").people() or everyone,
        at=entry.time("published", now) or entry.time("created", now),
        updated=entry.time("updated", now),
        text=entry.summary(),
        tags=[tag.text("term") or tag.text("label") for tag in entry.children("tags")],
    )


def minutes_to_live(about: Parsed) -> int | None:
    """How many minutes the feed may be kept, by RSS 2.0's ttl or RSS 1.0's syndication module."""
    ttl = number(about.text("ttl"))
    if ttl:
        return min(ttl, MAX_TTL)
    period = MINUTES.get(about.text("sy_updateperiod").lower())
    if period is None:
        return None
    frequency = number(about.text("sy_updatefrequency")) or 1
    return max(1, min(period // frequency, MAX_TTL))


def number(text: str) -> int:
    """A whole number; 0 where the text is not one."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    return 0


def skipped_hours(xml: str) -> frozenset[int]:
    """The hours of the day, UTC, in which the feed never changes (RSS 2.0, skipHours)."""
    start = SKIP_HOURS.search(xml)
    if not start:
        return frozenset()
    listed = xml[start.end() : start.end() + MAX_SKIP_HOURS].partition("</skip")[0]
    return frozenset(int(hour) % 24 for hour in HOUR.findall(listed))
