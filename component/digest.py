"""Digests: several messages said as one. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime

from component.message import MAX_BODY, MAX_NAME, Author, Channel, Message, id_from

MOST = MAX_BODY // 2
"""Characters of one digest; what is more goes into another."""


def digests(messages: Sequence[Message], batch: str, now: int) -> Sequence[Message]:
    """One message, or as many as it takes, that tell `messages` in their order; the first has the id `batch`.

    Each is from the channel of the first message, by an author of that channel's name.
    """
    source = messages[0].channel
    parts: list[list[str]] = [[]]
    size = 0
    for message in messages:
        line = f"{_time(message.at)} {message.line}"
        if parts[-1] and size + len(line) > MOST:
            parts.append([])
            size = 0
        parts[-1].append(line)
        size += len(line) + 1
    return [
        _digest(source, lines, batch if not number else id_from(f"{batch} {number}"), now)
        for number, lines in enumerate(parts)
    ]


def _digest(source: Channel, lines: Sequence[str], id: str, now: int) -> Message:
    count = "1 message" if len(lines) == 1 else f"{len(lines)} messages"
    body = "\n".join((f"{count}:", *lines))
    return Message.new(source, Author(str(source)[:MAX_NAME], f"digest:{source}"), body, now, id=id)


def _time(at: int) -> str:
    return datetime.fromtimestamp(at / 1000, UTC).strftime("%H:%M")
