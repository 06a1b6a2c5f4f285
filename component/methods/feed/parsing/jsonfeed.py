"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/). Pure."""

import json
from typing import Any

from component.methods.feed.errors import BrokenFeed, NoFeed
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.item import ITEMS, TITLE, Feed, Item, made
from component.methods.feed.parsing.page import absolute
from component.methods.feed.parsing.plain import cut, line, plain, tidy


def read_json(text: str, url: str, now: int) -> Feed:
    """The feed in `text`; raises BrokenFeed where it is not JSON, NoFeed where it is other JSON."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenFeed from None
    if not isinstance(data, dict) or "jsonfeed.org/version/" not in word(data.get("version")):
        raise NoFeed
    everyone = authors(data)
    items = [item(entry, url, now, everyone) for entry in objects(data.get("items"))[:ITEMS]]
    return Feed(
        title=cut(line(word(data.get("title"))), TITLE),
        link=absolute(word(data.get("home_page_url")), url),
        items=tuple(items),
        hub=hub(objects(data.get("hubs")), url),
        own=absolute(word(data.get("feed_url")), url),
    )


def item(entry: dict[str, Any], url: str, now: int, everyone: str) -> Item:
    """An item; `everyone` are the feed's authors, who count where the item names none."""
    link = absolute(word(entry.get("url")), url)
    summary = tidy(word(entry.get("summary"))) or tidy(word(entry.get("content_text")))
    return made(
        id=word(entry.get("id")),
        link=link or absolute(word(entry.get("external_url")), url),
        title=line(word(entry.get("title"))),
        author=authors(entry) or everyone,
        at=stamp(word(entry.get("date_published")), now),
        updated=stamp(word(entry.get("date_modified")), now),
        text=summary or plain(word(entry.get("content_html"))),
        tags=[word(tag) for tag in elements(entry.get("tags"))],
    )


def authors(thing: dict[str, Any]) -> str:
    """The names of its authors: a list since version 1.1, one object in 1.0."""
    names: list[str] = []
    for person in objects([*elements(thing.get("authors")), thing.get("author")]):
        name = word(person.get("name")) or word(person.get("url"))
        if name and name not in names:
            names.append(name)
    return ", ".join(names)


def hub(hubs: list[dict[str, Any]], url: str) -> str:
    """The address of the first WebSub hub; "" where there is no such hub."""
    for one in hubs:
        address = absolute(word(one.get("url")), url)
        if address and word(one.get("type")).lower() == "websub":
            return address
    return ""


def elements(value: object) -> list[Any]:
    """A list; empty where it is something else."""
    if isinstance(value, list):
        return value
    return []


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list."""
    return [one for one in elements(value) if isinstance(one, dict)]


def word(value: object) -> str:
    """Text; a number is common where an id should be text."""
    if isinstance(value, str):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""
