"""What a server says of when to come again: `Retry-After`, `Cache-Control`, `Expires` (RFC 9110,
RFC 9111). Pure."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 366 * 86400
"""Seconds; what is further off is as good as never."""

_MAX_AGE = re.compile(r'max-age\s*=\s*"?(\d{1,12})')
_NOT_KEPT = re.compile(r"no-cache|no-store")


def retry_after(text: str, now: int) -> int | None:
    """Seconds to wait, from seconds or a date (RFC 9110 section 10.2.3); `now` in ms. None where it
    says nothing."""
    text = text.strip()
    if re.fullmatch(r"[0-9]{1,12}", text):
        return min(int(text), LONGEST)
    at = _date(text)
    return None if at is None else max(0, min(at - now // 1000, LONGEST))


def fresh_for(headers: Mapping[str, str], now: int) -> int | None:
    """How many seconds more the answer is fresh (RFC 9111 section 4.2); None where nothing is said
    of it.

    `headers` finds names as they are written in RFC 9111; `now` in ms.
    """
    control = headers.get("Cache-Control", "").lower()
    age = headers.get("Age", "").strip()
    known = _MAX_AGE.search(control)
    if _NOT_KEPT.search(control):
        return 0
    if known:
        old = int(age) if re.fullmatch(r"[0-9]{1,12}", age) else 0
        return max(0, min(int(known[1]) - old, LONGEST))
    if "Expires" not in headers:
        return None
    date = _date(headers.get("Date", ""))
    ends = _date(headers["Expires"])
    # What is no date, such as 0, has expired (section 5.3).
    return (
        0 if ends is None else max(0, min(ends - (now // 1000 if date is None else date), LONGEST))
    )


def _date(text: str) -> int | None:
    """Seconds since 1970."""
    try:
        at: datetime = parsedate_to_datetime(text)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
