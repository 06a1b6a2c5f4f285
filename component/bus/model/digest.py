"""Digests: several messages gathered, and said as one. Pure."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from component.bus.model.message import (
    MAX_BODY,
    MAX_NAME,
    Author,
    AuthorKind,
    Channel,
    Kind,
    Message,
    id_from,
)
from component.bus.model.processor import Hold, Moment
from component.common.sanitize import one_line

MAX_CHARS = MAX_BODY // 2
"""Characters of one digest; what is more goes into another."""
MAX_GATHERED_CHARS = 500_000
"""Characters that wait in one batch, about: it is brought on as a whole, in one transaction."""
_OPEN = "open"
_LINE_END = re.compile(
    "[\n\x85\u2028\u2029]"
)  # all that some client may begin a line after (UAX 14)
_INDENT = "\n      "


def gathered(message: Message, moment: Moment, until: int, most: int | None = None) -> Hold:
    """Holds a message with those that came before it, in the batch that is open, until that batch's
    time or until there are `most`; where none is open, it opens one `until` then.

    One that is full goes at once where it would have gone by its count; else another takes what
    comes until its time.
    """
    batch, count, due, size = moment.notes.get(_OPEN) or ("", 0, 0, 0)
    size += len(message.body)
    if due <= moment.now:
        batch, count, due, size = id_from(f"batch {message.id}"), 0, until, len(message.body)
    elif size > MAX_GATHERED_CHARS and most is None:
        batch, count, size = id_from(f"batch {message.id}"), 0, len(message.body)
    if most and (count + 1 == most or size > MAX_GATHERED_CHARS):
        moment.notes.forget(_OPEN)
        return Hold(moment.now, batch)
    moment.notes.put(_OPEN, [batch, count + 1, due, size])
    return Hold(due, batch)


def digests(messages: Sequence[Message], batch: str, now: int) -> Sequence[Message]:
    """One message, or as many as it takes, that tell `messages` in their order; the first has the
    id `batch`.

    Each is from the channel of the first message, by an author of that channel's name.
    """
    source = messages[0].channel
    shape = (
        "%H:%M" if len({_day(one.at) for one in messages} | {_day(now)}) == 1 else "%Y-%m-%d %H:%M"
    )
    parts: list[list[str]] = [[]]
    size = 0
    for line in (piece for message in messages for piece in _pieces(_line(message, shape))):
        if parts[-1] and size + len(line) > MAX_CHARS:
            parts.append([])
            size = 0
        parts[-1].append(line)
        size += len(line) + 1
    return [
        _digest(source, lines, batch if not number else id_from(f"{batch} {number}"), now)
        for number, lines in enumerate(parts)
    ]


def _line(message: Message, shape: str) -> str:
    """A message with its time and author in front; its further lines stand under it, so that none
    passes for another's."""
    at = datetime.fromtimestamp(message.at / 1000, UTC).strftime(shape)
    return f"{at} {one_line(message.author.shown)}: {_LINE_END.sub(_INDENT, message.body)}"


def _pieces(line: str) -> Iterator[str]:
    """A line as it is; one that no digest could hold, in pieces that can't pass for lines."""
    yield line[:MAX_CHARS]
    for start in range(MAX_CHARS, len(line), MAX_CHARS):
        yield f"{_INDENT[1:]}{line[start : start + MAX_CHARS]}"


def _digest(source: Channel, lines: Sequence[str], id: str, now: int) -> Message:
    count = sum(not line.startswith(_INDENT[1:]) for line in lines)
    told = "1 message" if count == 1 else f"{count} messages"
    body = "\n".join((f"{told}:" if count else "…", *lines))
    author = Author(str(source)[:MAX_NAME], f"digest:{source}", AuthorKind.SOURCE)
    return Message.new(source, author, body, now, id=id, kind=Kind.AGGREGATE)


def _day(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%Y-%m-%d")
