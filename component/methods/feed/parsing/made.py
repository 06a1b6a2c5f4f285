"""What was read, made into an item that keeps its caps. Pure."""

from collections.abc import Iterable
from hashlib import blake2b

from component.common.sanitize import one_line
from component.methods.feed.parsing.item import AUTHOR, LINK, TAGS, TEXT, TITLE, Item
from component.methods.feed.parsing.plain import cut


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
    """An item; `at` is its last change where it does not say when it was first told."""
    names = (cut(one_line(tag), AUTHOR) for tag in tags)
    return Item(
        id=_id(id),
        link=link,
        title=cut(title, TITLE),
        author=cut(one_line(author), AUTHOR),
        at=at or updated,
        updated=updated,
        text=cut(text, TEXT),
        tags=tuple(dict.fromkeys(name for name in names if name))[:TAGS],
    )


def _id(id: str) -> str:
    """Its name, or where that is endless, what stands for it."""
    id = " ".join(id.split())
    return (
        id
        if len(id) <= LINK
        else blake2b(id.encode("utf-8", "replace"), digest_size=16).hexdigest()
    )
