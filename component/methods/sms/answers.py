"""What a provider's HTTP answer means for an SMS. Pure.

apprise looks at the status alone, and some providers answer 200 with an error inside. There is no
common shape, so what is looked for are the words that those we know of use for it: Twilio, Vonage,
Clickatell, MessageBird, ClickSend, BulkSMS, and gateways that answer in plain text.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.common.i18n import _
from component.common.sanitize import one_line


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer: its status, and the beginning of its body."""

    status: int
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer. Where the request `left`, it may have been carried out."""

    left: bool


Heard = Answer | Silence

MOST_SAID = 200
"""Characters of a provider's own words that are passed on."""

_LATE = frozenset({408, 504})
"""Somebody gave up waiting: what was asked for may have been done."""
_BUSY = frozenset({425, 429})
_PASSING = re.compile(
    r"throttl|try again|retry|temporar|too many|rate.?limit|internal error|overload|queue full",
    re.I,
)
_WORST = re.compile(
    r"fail|reject|error|invalid|insufficient|undeliver|expired|denied|blocked|not[ _]", re.I
)
_FINE = frozenset({"", "0", "00", "000", "none", "null", "false", "ok", "success"})
_WRONG = ("error", "errors", "errortext", "errormessage", "errordescription", "errorcode")
_SAYING = (
    "errortext",
    "errormessage",
    "errordescription",
    "message",
    "description",
    "detail",
    "error",
    "text",
    "title",
)
_YES = ("success", "accepted", "ok", "sent")


def verdict(taken: bool, heard: Sequence[Heard]) -> DeliveryError | None:
    """What became of an SMS that apprise says was `taken`, or not, given what was heard; None where
    it was sent."""
    last = heard[-1] if heard else None
    if last is None:
        return None if taken else Refused(_("The [sms] settings cannot send to this number."))
    if isinstance(last, Silence):
        if last.left:
            return Unconfirmed(_("The SMS provider did not answer in time."))
        return Unavailable(_("The SMS provider cannot be reached."))
    return _judged(last, taken)


def _judged(answer: Answer, taken: bool) -> DeliveryError | None:
    status, fault = answer.status, wrong_in(answer.body, failed=answer.status >= 300)
    if status in _LATE:
        return Unconfirmed(_("The SMS provider did not answer in time."))
    why = fault or f"HTTP {status}"
    if status >= 500 or status in _BUSY:
        return Unavailable(_refusal(why))
    if status >= 300:
        return Refused(_refusal(why))
    if fault:
        return Unavailable(_refusal(fault)) if _PASSING.search(fault) else Refused(_refusal(fault))
    return None if taken else Refused(_refusal(_said(answer.body) or why))


def _refusal(why: str) -> Any:
    return _("The SMS provider did not accept the message: {why}.", why=why.rstrip("."))


def wrong_in(body: bytes, *, failed: bool = False) -> str:
    """What an answer says went wrong, in its own words; "" where it says nothing of that. Of one
    that `failed` by its status all words are about that."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        said = _said(body)
        return (
            said
            if re.match("err|fail", said, re.I) or (failed and not said.startswith("<"))
            else ""
        )
    for one, among in _tables(found, ""):
        if why := _wrong(one, among, failed=failed):
            return one_line(why)[:MOST_SAID]
    return ""


def _said(body: bytes) -> str:
    return one_line(body[:1000].decode("utf-8", "replace"))[:MOST_SAID]


def _tables(value: Any, among: str, depth: int = 0) -> Iterator[tuple[Mapping[str, Any], str]]:
    """Each JSON object in `value`, outer ones first, its keys in small letters alone; and the key
    it stands under."""
    if isinstance(value, dict) and depth < 6:
        low = {re.sub("[^a-z]", "", str(key).lower()): inner for key, inner in value.items()}
        yield low, among
        for key, inner in low.items():
            yield from _tables(inner, key, depth + 1)
    elif isinstance(value, list) and depth < 6:
        for inner in value[:50]:
            yield from _tables(inner, among, depth + 1)


def _wrong(one: Mapping[str, Any], among: str, *, failed: bool) -> str:
    told = next((key for key in _WRONG if _bad(one.get(key))), "")
    status = str(one.get("status", one.get("type", "")))
    number = among == "messages" and status.isdigit() and int(status) not in (0, *range(200, 300))
    bad = bool(told or number or _WORST.match(status) or any(one.get(key) is False for key in _YES))
    inner = next(iter(_tables(one.get(told), told)), ({}, ""))[0] if told else {}
    said = (table.get(key) for table in (inner, one) for key in _SAYING)
    words = next((one for one in said if isinstance(one, str) and one.strip()), "")
    if not bad and not (failed and words):
        return ""
    code = str(one.get("errorcode") or one.get("code") or (status if number else ""))
    words = words or status or "error"
    return f"{words} ({code})" if code and code != words else words


def _bad(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(value) and str(value.get("code", "1")) not in _FINE
    if isinstance(value, list):
        return bool(value)
    return value is not None and str(value).strip().casefold() not in _FINE
