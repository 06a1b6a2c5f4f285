"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/). Pure.

What should be text or a list and is something else is made one where its meaning is plain, as the
specification asks for ids.
"""

import json
from math import isfinite
from typing import Any

from component.methods.feed.errors import BrokenFeed, NoFeed
from component.methods.feed.parsing.address import absolute, is_web
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.item import ITEMS, TITLE, Feed, Item, made
from component.methods.feed.parsing.people import person
from component.methods.feed.parsing.plain import cut, line, plain, tidy, unescaped


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
        title=cut(title(data), TITLE),
        link=absolute(word(data.get("home_page_url")), url),
        items=tuple(items),
        hub=hub(objects(data.get("hubs")), url),
        own=absolute(word(data.get("feed_url")), url),
    )


def item(entry: dict[str, Any], url: str, now: int, everyone: str) -> Item:
    """An item; `everyone` are the feed's authors, who count where the item names none."""
    summary = tidy(word(entry.get("summary"))) or tidy(word(entry.get("content_text")))
    return made(
        id=identity(entry.get("id")),
        link=page(entry, url),
        title=title(entry),
        author=authors(entry) or everyone,
        at=stamp(word(entry.get("date_published")), now),
        updated=stamp(word(entry.get("date_modified")), now),
        text=summary or plain(word(entry.get("content_html"))),
        tags=[word(tag) for tag in elements(entry.get("tags"))],
    )


def title(thing: dict[str, Any]) -> str:
    """The title of a feed or an item in one line. It is plain text, and blog programs put HTML's
    entities there."""
    return line(unescaped(word(thing.get("title"))))


def page(entry: dict[str, Any], url: str) -> str:
    """Where an item can be read, by the first address that it has: its own, another page, its id
    where that is an address, an attachment."""
    id = identity(entry.get("id"))
    if not is_web(id):
        id = ""
    addresses = [word(entry.get("url")), word(entry.get("external_url")), id]
    for attachment in objects(entry.get("attachments")):
        addresses.append(word(attachment.get("url")))
    for address in addresses:
        link = absolute(address, url)
        if link:
            return link
    return ""


def authors(thing: dict[str, Any]) -> str:
    """The names of its authors: a list since version 1.1, one object in 1.0, a text in neither."""
    names: dict[str, None] = {}
    for author in [*elements(thing.get("authors")), *elements(thing.get("author"))]:
        name = word(author)
        if isinstance(author, dict):
            name = word(author.get("name")) or word(author.get("url"))
        names[person(name)] = None
    return ", ".join(filter(None, names))


def hub(hubs: list[dict[str, Any]], url: str) -> str:
    """The address of the first WebSub hub; "" where there is no such hub."""
    for one in hubs:
        address = absolute(word(one.get("url")), url)
        if address and word(one.get("type")).lower() == "websub":
            return address
    return ""


def elements(value: object) -> list[Any]:
    """A list, or a list of the only thing that there is."""
    if value is None:
        return []
    if isinstance(value, list):
        return value
    return [value]


def objects(value: object) -> list[dict[str, Any]]:
    """The objects in a list, or the only one."""
    return [one for one in elements(value) if isinstance(one, dict)]


def identity(value: object) -> str:
    """An id as text, whatever it is (JSON Feed 1.1, Items)."""
    if not isinstance(value, bool | list | dict):
        return word(value)
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        return ""


def word(value: object) -> str:
    """Text; a number is common where text should be."""
    if isinstance(value, str):
        return value
    if isinstance(value, float) and isfinite(value):
        return f"{value:.15g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return ""
