"""JSON Feed 1.0 and 1.1 (https://www.jsonfeed.org/version/1.1/). Pure."""

import json
from typing import Any

from component.methods.feed.errors import BrokenFeed, NoFeed
from component.methods.feed.parsing.dates import stamp
from component.methods.feed.parsing.item import ITEMS, TITLE, Feed, Item
from component.methods.feed.parsing.made import made
from component.methods.feed.parsing.page import absolute
from component.methods.feed.parsing.plain import cut, line, plain, tidy


def read_json(text: str, url: str, now: int) -> Feed:
    """The feed in `text`; raises NoFeed where it is other JSON, BrokenFeed where it is none."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        raise BrokenFeed from None
    version = _word(data.get("version")) if isinstance(data, dict) else ""
    if "jsonfeed.org/version/" not in version:
        raise NoFeed
    link = absolute(_word(data.get("home_page_url")), url)
    entries = [one for one in _list(data.get("items"))[:ITEMS] if isinstance(one, dict)]
    return Feed(
        title=cut(line(_word(data.get("title"))), TITLE),
        link=link,
        items=tuple(_item(one, url, now, _authors(data)) for one in entries),
        hub=next(
            (
                _hub(one, url)
                for one in _list(data.get("hubs"))
                if isinstance(one, dict) and _hub(one, url)
            ),
            "",
        ),
        own=absolute(_word(data.get("feed_url")), url),
    )


def _item(one: dict[str, Any], url: str, now: int, everyone: str) -> Item:
    words = _word(one.get("content_text"))
    return made(
        id=_word(one.get("id")),
        link=absolute(_word(one.get("url")), url) or absolute(_word(one.get("external_url")), url),
        title=line(_word(one.get("title"))),
        author=_authors(one) or everyone,
        at=stamp(_word(one.get("date_published")), now),
        updated=stamp(_word(one.get("date_modified")), now),
        text=tidy(_word(one.get("summary")))
        or tidy(words)
        or plain(_word(one.get("content_html"))),
        tags=[_word(tag) for tag in _list(one.get("tags"))],
    )


def _authors(one: dict[str, Any]) -> str:
    """Names of those who wrote it: a list since 1.1, one in 1.0."""
    given = [*_list(one.get("authors")), one.get("author")]
    names = (
        _word(person.get("name")) or _word(person.get("url"))
        for person in given
        if isinstance(person, dict)
    )
    return ", ".join(dict.fromkeys(name for name in names if name))


def _hub(one: dict[str, Any], url: str) -> str:
    return (
        absolute(_word(one.get("url")), url) if _word(one.get("type")).lower() == "websub" else ""
    )


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _word(value: object) -> str:
    """Text; a number where text should be is common for ids."""
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""
