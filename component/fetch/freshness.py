"""When a server wants to be asked again: `Retry-After`, `Cache-Control`, `Expires` (RFC 9110,
RFC 9111). Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

MAX_SECONDS = 366 * 86400
"""The longest time that is believed, in seconds."""

_MAX_AGE = re.compile(r'max-age\s*=\s*"?(\d{1,12})')
_NOT_KEPT = re.compile(r"no-cache|no-store")


def retry_after(text: str, now: int) -> int | None:
    """Seconds to wait, from seconds or a date (RFC 9110 section 10.2.3); None where the text is
    neither. `now` is in milliseconds."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return min(int(text), MAX_SECONDS)
    at = seconds_of(text)
    if at is None:
        return None
    return bounded(at - now // 1000)


def fresh_for(headers: Mapping[str, str], now: int) -> int | None:
    """For how many more seconds the answer is fresh (RFC 9111 section 4.2); None where the headers
    do not say.

    `headers` finds names as they are written in RFC 9111. `now` is in milliseconds.
    """
    control = headers.get("Cache-Control", "").lower()
    age = headers.get("Age", "").strip()
    known = _MAX_AGE.search(control)
    if _NOT_KEPT.search(control):
        return 0
    if known:
        seconds = int(known[1])
        if re.fullmatch(r"[0-9]{1,12}", age):
            seconds -= int(age)
        return bounded(seconds)
    if "Expires" not in headers:
        return None
    ends = seconds_of(headers["Expires"])
    if ends is None:
        return 0  # an invalid date, such as 0, has expired (section 5.3)
    date = seconds_of(headers.get("Date", ""))
    if date is None:
        date = now // 1000
    return bounded(ends - date)


def bounded(seconds: int) -> int:
    """Neither negative nor longer than is believed."""
    return max(0, min(seconds, MAX_SECONDS))


def seconds_of(text: str) -> int | None:
    """A date (RFC 9110 section 5.6.7) in seconds since 1970; None where the text is not a date."""
    try:
        at: datetime = parsedate_to_datetime(text)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return int(at.timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
