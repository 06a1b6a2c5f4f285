"""The feeds that a web page names (autodiscovery, https://www.rssboard.org/rss-autodiscovery), in
itself or in the Link header that came with it (RFC 8288). Pure."""

import html
import re
from collections.abc import Iterable, Iterator
from urllib.parse import unquote, urlsplit

from component.methods.feed.parsing.address import absolute
from component.methods.feed.parsing.item import TITLE, Link
from component.methods.feed.parsing.plain import IN_TAG, cut, line

MAX_FEEDS = 20
"""Feeds of a page that are given."""

_TAG = re.compile(
    r"<!--.*?(?:-->|\Z)|<(script|style|textarea)\b.*?(?:</\1\b|\Z)"
    rf"|<(?P<name>link|base)\b(?P<values>{IN_TAG})>",
    re.IGNORECASE | re.DOTALL,
)
_ATTRIBUTE = re.compile(r"""([a-z-]+)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""", re.IGNORECASE)
# One value of a Link header, and its parameters.
_NAME = r"[\w!#$&+.^`|~*-]+"
_HEADER = re.compile(rf"""<([^<>]*)>((?:\s*;\s*{_NAME}(?:\s*=\s*(?:"[^"]*"|[^\s",;]*))?)*)""")
_PARAMETER = re.compile(rf""";\s*({_NAME})\s*=\s*(?:"([^"]*)"|([^\s",;]*))""")
_TYPES = (
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/rdf+xml",
)
# Types that other things have too, so that the address or title must speak of a feed.
_MAYBE = ("application/json", "application/xml", "text/xml")
_SPEAKS = re.compile(r"rss|atom|feed|rdf", re.IGNORECASE)
# A feed of what readers say about the pages, by its address or its title.
_COMMENTS = re.compile(
    r"\b(?:comments?|kommentar\w*|commentaires?|comentarios?|commenti|reacties)\b",
    re.IGNORECASE,
)


def discover(text: str, url: str) -> list[Link]:
    """The feeds that the page `text`, had from `url`, names: http and https only, each once, in its
    order but for those of comments, which come last."""
    base = ""
    named = []
    for tag in _TAG.finditer(text):
        name = (tag["name"] or "").lower()
        if name == "base":
            base = base or absolute(attributes(tag["values"]).get("href", ""), url)
        elif name == "link":
            given = attributes(tag["values"])
            if is_feed(given):
                named.append(given)
    return in_order(links_of(named[: 10 * MAX_FEEDS], base or url))


def in_header(header: str, url: str) -> list[Link]:
    """The feeds that a Link header names, in the order of `discover`."""
    named = []
    for target, parameters in _HEADER.findall(header):
        given = {"href": target}
        for name, *values in _PARAMETER.findall(parameters):
            given.setdefault(name.lower(), "".join(values))
        if is_feed(given):
            named.append(given)
    return in_order(links_of(named, url))


def in_order(links: Iterable[Link]) -> list[Link]:
    """Links, each once, with feeds of comments at the end."""
    distinct: dict[str, Link] = {}
    for link in links:
        distinct.setdefault(link.url, link)
    return sorted(distinct.values(), key=of_comments)[:MAX_FEEDS]


def of_comments(link: Link) -> bool:
    """Whether a feed has the comments of a site, rather than what they are about."""
    parts = urlsplit(link.url)
    return bool(_COMMENTS.search(f"{unquote(parts.path)} {parts.query} {link.title}"))


def links_of(named: list[dict[str, str]], base: str) -> Iterator[Link]:
    """The feeds in the attributes of links, seen from `base`."""
    for given in named:
        address = absolute(given["href"], base)
        if address:
            yield Link(address, type_of(given), cut(line(given.get("title", "")), TITLE))


def attributes(text: str) -> dict[str, str]:
    """The attributes of a tag by their names in small letters."""
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape("".join(values)).strip())
    return found


def type_of(given: dict[str, str]) -> str:
    """The type that a link says it has, without parameters."""
    return given.get("type", "").partition(";")[0].strip().lower()


def is_feed(given: dict[str, str]) -> bool:
    """Whether a link with these attributes leads to a feed of its page."""
    rel = given.get("rel", "").lower().split()
    if "href" not in given or not {"alternate", "feed"} & set(rel) or "stylesheet" in rel:
        return False
    type = type_of(given)
    return type in _TYPES or "feed" in rel or (type in _MAYBE and speaks(given))


def speaks(given: dict[str, str]) -> bool:
    """Whether its address or title speaks of a feed."""
    return bool(_SPEAKS.search(given["href"]) or _SPEAKS.search(given.get("title", "")))
