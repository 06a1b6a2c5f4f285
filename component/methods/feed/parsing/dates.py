"""What feeds write as a date, in milliseconds since 1970. Pure.

Texts are read by our own grammar (`date_text`), and numbers. feedparser has looser readings, which
take the month of today for one that is missing; a date that cannot be read surely is none, so they
are not used.
"""

import re
import time
from datetime import datetime

import feedparser  # type: ignore[import-untyped]

from component.methods.feed.parsing.date_text import NoDate, moment

EARLIEST = 31_536_000_000
"""1971, in milliseconds: what is before it is a clock that was never set, or nonsense."""

_NUMBER = re.compile(r"(\d{9,10})(?:\.\d+)?|(\d{12,13})")
_UNREAD = time.gmtime(0)


def stamp(text: str, now: int) -> int:
    """`text` in milliseconds since 1970 UTC; `now` where it lies in the future, 0 where it is not a
    date."""
    if not text:
        return 0
    at = number(text.strip())
    if not at:
        try:
            at = milliseconds(moment(text))
        except NoDate:
            return 0
    return believed(at, now)


def believed(at: int, now: int) -> int:
    """A time that is neither nonsense (0) nor in the future (`now`)."""
    if at < EARLIEST:
        return 0
    return min(at, now)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970."""
    return int(moment.timestamp()) * 1000


def number(text: str) -> int:
    """Seconds or milliseconds since 1970, as milliseconds; 0 where the text is something else."""
    digits = _NUMBER.fullmatch(text)
    if not digits:
        return 0
    if digits[1]:
        return int(digits[1]) * 1000
    return int(digits[2])


def unread(_text: str) -> time.struct_time:
    """What feedparser takes for the reading of every date, so that it tries no others: what the
    feed wrote is read by `stamp`."""
    return _UNREAD


feedparser.registerDateHandler(unread)
