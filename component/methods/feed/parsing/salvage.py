"""What can be had of XML that is broken: its items one by one, so that a broken one takes no other
with it. Pure."""

import re
from collections.abc import Iterator
from itertools import groupby
from xml.parsers import expat

_ITEM = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<(/?(?:[\w.-]+:)?(?:item|entry))(?=[\s/>])[^>]*>?",
    re.IGNORECASE | re.DOTALL,
)
_TAG = re.compile(r"<([\w.:-]+)[^>]*>")
_CHANNEL = re.compile(r"<((?:[\w.-]+:)?channel)\b", re.IGNORECASE)


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

    Those that are whole stay together, unless they are to be had `apart`; broken ones are each by
    themselves.
    """
    found = [one for one in _ITEM.finditer(xml) if one[1]]
    starts = [one.start() for one in found if not one[1].startswith("/")]
    root = _TAG.match(xml)
    if not starts or not root or not well_formed(f"{root[0]}</{root[1]}>"):
        return [xml]
    head = xml[: starts[0]]
    channel = _CHANNEL.search(head)
    inside = channel is not None and f"</{channel[1]}" not in head
    opening, closing = root[0], f"</{root[1]}>"
    result = [head + (f"</{channel[1]}>" if channel and inside else "") + closing]
    items = _items(xml, starts)
    for whole, group in groupby(items, key=lambda item: well_formed(opening + item + closing)):
        # A broken one may swallow what comes after.
        result += [
            opening + one + closing for one in (["".join(group)] if whole and not apart else group)
        ]
    return result


def _items(xml: str, starts: list[int]) -> Iterator[str]:
    """Each item from its start to its end, or to the next where it has none; without one that was
    cut off."""
    chunks = [xml[start:end] for start, end in zip(starts, [*starts[1:], len(xml)], strict=True)]
    ends = [_end(chunk) for chunk in chunks]
    for number, (chunk, end) in enumerate(zip(chunks, ends, strict=True)):
        if end:
            yield chunk[:end]
        elif number < len(chunks) - 1 or not any(ends):
            name = _TAG.match(chunk)
            yield chunk + (f"</{name[1]}>" if name else "")


def _end(chunk: str) -> int:
    """Where the item ends; 0 if it does not."""
    return max(
        (one.end() for one in _ITEM.finditer(chunk) if one[1] and one[1].startswith("/")), default=0
    )
