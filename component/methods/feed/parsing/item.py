"""What a feed says, in types that can't hold more than a room can bear. Data only; nothing here
reads or fetches."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

BYTES = 8 * 1024 * 1024
"""What is read of a feed at most, and below, how much of it an item may hold."""
TITLE = 300
AUTHOR = 64
TEXT = 2_000
LINK = 2_000
ITEMS = 1_000
TAGS = 20


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that a feed tells.

    `id` is what the feed calls it, "" where it has no name; `link` is absolute and http or https,
    or "". `title` is one line, `text` plain text with line ends, both without markup. `at` and
    `updated` are in milliseconds since 1970 UTC, 0 where the feed does not say or says nonsense;
    neither is later than the moment of reading.
    """

    id: str = ""
    link: str = ""
    title: str = ""
    author: str = ""
    at: int = 0
    updated: int = 0
    text: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        caps = (
            (self.title, TITLE),
            (self.author, AUTHOR),
            (self.text, TEXT),
            (self.link, LINK),
            (self.id, LINK),
        )
        if any(len(value) > cap for value, cap in caps) or len(self.tags) > TAGS:
            raise ValueError(self.title[:TITLE])


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed and its items in the order it has them, 1,000 at most.

    `ttl` is how many minutes it may be kept, by its own word, `skip_hours` the hours of the day
    (UTC) in which it never changes. `hub` is where WebSub is to be had, `own` what the feed calls
    its own address; both may be "".
    """

    title: str = ""
    link: str = ""
    items: tuple[Item, ...] = ()
    ttl: int | None = None
    skip_hours: frozenset[int] = frozenset()
    hub: str = ""
    own: str = ""

    def __post_init__(self) -> None:
        if len(self.items) > ITEMS:
            raise ValueError(len(self.items))


@dataclass(frozen=True, slots=True)
class Link:
    """A feed that a page names."""

    url: str
    type: str = ""
    title: str = ""


def packed(feed: Feed) -> dict[str, Any]:
    """`feed` as JSON can carry it."""
    return {
        "title": feed.title,
        "link": feed.link,
        "ttl": feed.ttl,
        "skip_hours": sorted(feed.skip_hours),
        "hub": feed.hub,
        "own": feed.own,
        "items": [
            [one.id, one.link, one.title, one.author, one.at, one.updated, one.text, list(one.tags)]
            for one in feed.items
        ],
    }


def unpacked(data: Mapping[str, Any]) -> Feed:
    """What `packed` made of a feed; raises KeyError, TypeError or ValueError where it is none."""
    return Feed(
        title=str(data["title"]),
        link=str(data["link"]),
        items=tuple(_item(values) for values in data["items"]),
        ttl=None if data["ttl"] is None else int(data["ttl"]),
        skip_hours=frozenset(int(hour) for hour in data["skip_hours"]),
        hub=str(data["hub"]),
        own=str(data["own"]),
    )


def _item(values: Sequence[Any]) -> Item:
    *words, at, updated, text, tags = values
    id, link, title, author = (str(word) for word in words)
    return Item(
        id, link, title, author, int(at), int(updated), str(text), tuple(str(tag) for tag in tags)
    )
