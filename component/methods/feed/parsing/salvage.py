"""Takes broken XML apart into its items, so that a broken one does not spoil the others. Pure."""

import re
from collections.abc import Iterator
from itertools import groupby, pairwise
from xml.parsers import expat

_ITEM = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<(/?(?:item|entry))(?=[\s/>])[^>]*>?",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<([\w.:-]+)[^>]*>")
_CHANNEL = re.compile(r"<(channel)\b", re.IGNORECASE)


def well_formed(xml: str) -> bool:
    """Whether a strict parser takes it."""
    parser = expat.ParserCreate(namespace_separator=" ")
    try:
        parser.Parse(xml.encode("utf-8", "replace"), True)
    except expat.ExpatError:
        return False
    return True


def pieces(xml: str, *, apart: bool = False) -> list[str]:
    """Documents with what `xml` has: what it says of itself, then its items.

    Well-formed items stay together, unless they are wanted `apart`. Each broken one gets a document
    by itself, since it may swallow what follows.
    """
    starts = [tag.start() for tag in item_tags(xml) if not tag[1].startswith("/")]
    root = _TAG.match(xml)
    if not starts or not root:
        return [xml]
    opening, closing = root[0], f"</{root[1]}>"
    result = [closed_head(xml[: starts[0]]) + closing]
    for whole, group in groupby(
        items(xml, starts), key=lambda item: well_formed(opening + item + closing)
    ):
        bodies = list(group)
        if whole and not apart:
            bodies = ["".join(bodies)]
        result.extend(opening + body + closing for body in bodies)
    return result


def closed_head(head: str) -> str:
    """What stands before the items, with its channel closed (RSS 2.0 has the items inside)."""
    channel = _CHANNEL.search(head)
    if channel and f"</{channel[1]}" not in head:
        return f"{head}</{channel[1]}>"
    return head


def items(xml: str, starts: list[int]) -> Iterator[str]:
    """Each item from its start to its end, or to the next where the end is missing; without the
    last one, if it was cut off."""
    bounds = [*starts, len(xml)]
    chunks = [xml[start:end] for start, end in pairwise(bounds)]
    ends = list(map(end_of_item, chunks))
    for chunk, end in zip(chunks, ends, strict=True):
        if end:
            yield chunk[:end]
        elif chunk is not chunks[-1] or not any(ends):
            yield chunk


def end_of_item(chunk: str) -> int:
    """Where the item ends; 0 if it does not."""
    end = 0
    for tag in item_tags(chunk):
        if tag[1].startswith("/"):
            end = tag.end()
    return end


def item_tags(xml: str) -> list[re.Match[str]]:
    """Where items start and end, outside CDATA; group 1 is the tag's name."""
    return [tag for tag in _ITEM.finditer(xml) if tag[1]]
