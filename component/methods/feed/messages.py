"""A feed's items as messages. Pure. Others write feeds: names are made safe, text is plain."""

import re
from dataclasses import replace

from yarl import URL

from component.bus.model.message import (
    MAX_NAME,
    Author,
    AuthorKind,
    Channel,
    Kind,
    Message,
    id_from,
)
from component.common.errors import BadInput
from component.common.sanitize import one_line
from component.methods.feed.dedup import Told
from component.methods.feed.parsing.item import Item

_OURS = re.compile(r"tag:[^,]+,\d{4}-\d\d-\d\d:[a-z0-9._-]+/[0-9a-f]{32}")
"""What the bus's own archives call their stories."""
_LONGEST_TITLE = 120
"""Characters of a text that serve as the title of an item without one."""


def message(
    channel: Channel, told: Told, era: int, now: int, *, feed: str = "", text: bool = False
) -> Message | None:
    """An item as its channel says it; None where it says nothing.

    `feed` is the feed's title, for items without an author; with `text` its summary comes along.
    """
    item = told.item
    first, _end, rest = item.text.partition("\n")
    parts = [item.title or start(item.text), item.link]
    if text and item.title not in ("", first):
        parts.append(item.text)
    elif text:  # the first line is not said twice
        parts = [first, item.link, rest]
    body = "\n".join(filter(None, parts))
    at = now
    if item.at > 0:
        at = min(item.at, now)
    origin = original(channel, told, era)
    try:
        return Message.new(
            channel,
            author(channel, item.author, feed),
            body,
            at,
            origin=origin,
            kind=Kind.FEED_ITEM,
        )
    except BadInput:
        return None


def correction(
    channel: Channel, told: Told, era: int, now: int, *, feed: str = "", text: bool = False
) -> Message | None:
    """An item that has changed, as its channel says it now; each wording of it comes once."""
    changed = message(channel, told, era, now, feed=feed, text=text)
    if changed is None:
        return None
    return replace(changed, at=now, origin=f"{changed.origin}#{id_from(changed.body)}")


def original(channel: Channel, told: Told, era: int) -> str:
    """The origin of an item as it was told first."""
    return f"{channel}#{era}#{told.key}"


def more(
    channel: Channel, count: int, last: str, era: int, now: int, *, feed: str = "", link: str = ""
) -> Message:
    """What is said of `count` items that are not told one by one, after the one with the key
    `last`.

    It is kept like every message, so it is in one language.
    """
    body = f"and {count} more"
    if link:
        body = f"{body}: {link}"
    return Message.new(
        channel,
        author(channel, "", feed),
        body,
        now,
        origin=f"{channel}#{era}#{last}#more",
        kind=Kind.FEED_ITEM,
    )


def author(channel: Channel, *names: str) -> Author:
    """The first of `names` that people may be shown, else the channel's own."""
    for name in names:
        try:
            clean = one_line(name).replace("\ufffd", "")[:MAX_NAME].rstrip()
            return Author.named(clean, f"{channel}/{clean}", AuthorKind.SOURCE)
        except BadInput:
            continue
    return Author(str(channel)[:MAX_NAME], str(channel), AuthorKind.SOURCE)


def shown(url: str) -> str:
    """An address without the password that it may contain."""
    try:
        return str(URL(url).with_user(None))
    except ValueError:
        return url


def start(text: str) -> str:
    """The first line of a text, cut to the length of a title."""
    line = text.partition("\n")[0]
    if len(line) <= _LONGEST_TITLE:
        return line
    return f"{line[:_LONGEST_TITLE].rstrip()}…"


def is_ours(item: Item, base: str) -> bool:
    """Whether it is a story of this bus, which has the address `base`."""
    return item.link.startswith(f"{base}/stories/") and bool(_OURS.fullmatch(item.id))
