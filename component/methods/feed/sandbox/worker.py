"""The process that reads feeds: `python -m component.methods.feed.sandbox.worker MEMORY SECONDS`.

Frames in by standard input, frames out by standard output (`frames.py`). It opens nothing, writes
no file, and the kernel ends it where a feed takes more memory or processor time than it may.
"""

import json
import resource
import sys
from typing import Any, BinaryIO

from component.methods.feed.errors import FeedError, HtmlPage, TooCostly
from component.methods.feed.parsing.item import packed as feed_packed
from component.methods.feed.parsing.read import read
from component.methods.feed.sandbox.frames import LENGTH, packed


def main() -> None:
    """Reads feeds until standard input ends."""
    memory, seconds = int(sys.argv[1]), int(sys.argv[2])
    _confine(memory)
    source, sink = sys.stdin.buffer, sys.stdout.buffer
    while (asked := _frame(source)) is not None:
        data = _frame(source)
        if data is None:
            return
        _allow(seconds)
        try:
            answer = packed(_answer(json.loads(asked), data))
        except MemoryError:
            sink.write(packed({"error": TooCostly.__name__}))
            return  # what is left of its memory is not to be relied on
        sink.write(answer)
        sink.flush()


def _confine(memory: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))


def _allow(seconds: int) -> None:
    """So much processor time for the next feed, on top of what went before."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.getrlimit(resource.RLIMIT_CPU)[1]))


def _answer(asked: dict[str, Any], data: bytes) -> dict[str, Any]:
    try:
        return {"feed": feed_packed(read(data, asked["type"], asked["url"], asked["now"]))}
    except HtmlPage as page:
        return {
            "error": HtmlPage.__name__,
            "feeds": [[one.url, one.type, one.title] for one in page.feeds],
        }
    except FeedError as error:
        return {"error": type(error).__name__}
    except RecursionError:
        return {"error": TooCostly.__name__}


def _frame(source: BinaryIO) -> bytes | None:
    head = source.read(LENGTH.size)
    return source.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else None


if __name__ == "__main__":
    main()
