"""What a feed says, in types that can't hold more than a room can bear. Data only; nothing here
reads or fetches."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

from component.common.sanitize import one_line
from component.methods.feed.parsing.plain import cut

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


def made(
    *,
    id: str,
    link: str,
    title: str,
    author: str,
    at: int,
    updated: int,
    text: str,
    tags: Iterable[str],
) -> Item:
    """An item, cut to its caps. Its time is that of its last change where it has no other."""
    names: dict[str, None] = {}
    for tag in tags:
        name = cut(one_line(tag), AUTHOR)
        if name:
            names[name] = None
    return Item(
        id=short_id(id),
        link=link,
        title=cut(title, TITLE),
        author=cut(one_line(author), AUTHOR),
        at=at or updated,
        updated=updated,
        text=cut(text, TEXT),
        tags=tuple(names)[:TAGS],
    )


def short_id(id: str) -> str:
    """The id, or a hash of it where it is endless."""
    id = " ".join(id.split())
    if len(id) <= LINK:
        return id
    return blake2b(id.encode("utf-8", "replace"), digest_size=16).hexdigest()


def packed(feed: Feed) -> dict[str, Any]:
    """`feed` as JSON can carry it."""
    items = []
    for item in feed.items:
        words = [item.id, item.link, item.title, item.author]
        items.append([*words, item.at, item.updated, item.text, list(item.tags)])
    return {
        "title": feed.title,
        "link": feed.link,
        "ttl": feed.ttl,
        "skip_hours": sorted(feed.skip_hours),
        "hub": feed.hub,
        "own": feed.own,
        "items": items,
    }


def unpacked(data: Mapping[str, Any]) -> Feed:
    """What `packed` made; raises KeyError, TypeError or ValueError where `data` is something
    else."""
    ttl = data["ttl"]
    if ttl is not None:
        ttl = int(ttl)
    return Feed(
        title=str(data["title"]),
        link=str(data["link"]),
        items=tuple(map(unpacked_item, data["items"])),
        ttl=ttl,
        skip_hours=frozenset(map(int, data["skip_hours"])),
        hub=str(data["hub"]),
        own=str(data["own"]),
    )


def unpacked_item(values: Sequence[Any]) -> Item:
    """An item of `packed`."""
    *words, at, updated, text, tags = values
    id, link, title, author = map(str, words)
    return Item(id, link, title, author, int(at), int(updated), str(text), tuple(map(str, tags)))
