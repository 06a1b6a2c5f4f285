"""Counts calls of Python functions: how much work something is, told without a clock."""

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType


@contextlib.contextmanager
def counting_calls() -> Iterator[list[str]]:
    """Gives a list that has, at the end of the block, the name of each function called in it."""
    calls: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call":
            calls.append(frame.f_code.co_name)

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(before)
