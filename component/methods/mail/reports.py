"""What a mail that came back says (RFC 3462, RFC 3464): pure. Whatever is no such report says
nothing."""

import email
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

from component.common.sanitize import one_line

LOOKED_AT = 131_072
"""Bytes: what is told stands before the mail that comes back."""
MOST_PARTS = 10
"""Parts that hold parts; more are a trap."""
LONGEST = 300
"""Characters of the words that are kept."""
_FAILED = re.compile(r"5\.\d{1,3}\.\d{1,3}")
_RETURNED = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)


@dataclass(frozen=True, slots=True)
class Report:
    """A mail could not be delivered, for good: to one of `addresses`, and why."""

    addresses: frozenset[str]
    why: str


def read(raw: bytes) -> Report | None:
    """What `raw` reports; None where it is no report, or of nothing that failed for good."""
    top = BytesHeaderParser().parsebytes(raw[:LOOKED_AT])
    if (
        top.get_content_type() != "multipart/report"
        or raw[:LOOKED_AT].lower().count(b"multipart/") > MOST_PARTS
    ):
        return None
    try:
        whole = email.message_from_bytes(raw[:LOOKED_AT])
    except RecursionError:
        return None
    parts = (
        [part for part in whole.get_payload() if isinstance(part, Message)]
        if whole.is_multipart()
        else []
    )
    failed = [block for part in parts for block in _blocks(part) if _is_failure(block)]
    if not failed:
        return None
    found = {address for block in failed for address in _recipients(block)}
    found |= {address for part in parts for address in _addressed(part)}
    return Report(frozenset(found), _why(failed[0]))


def _blocks(part: Message) -> Iterator[Message]:
    """The recipients' fields."""
    if part.get_content_type() in ("message/delivery-status", "message/global-delivery-status"):
        blocks = part.get_payload()
        yield from (
            (one for one in blocks if isinstance(one, Message)) if isinstance(blocks, list) else ()
        )


def _is_failure(block: Message) -> bool:
    action, status = str(block.get("Action", "")), str(block.get("Status", ""))
    return action.strip().lower() == "failed" and bool(_FAILED.match(status.strip()))


def _recipients(block: Message) -> Iterator[str]:
    for name in ("Original-Recipient", "Final-Recipient"):
        _kind, _semicolon, address = str(block.get(name, "")).partition(";")
        if address.strip():
            yield address.strip().strip("<>")


def _addressed(part: Message) -> Iterator[str]:
    """Whom the mail went to that comes back: its headers say so, also where it was forwarded."""
    if part.get_content_type() not in _RETURNED:
        return
    inner = part.get_payload()
    if isinstance(inner, list):
        headers = [one for one in inner if isinstance(one, Message)]
    else:
        raw = part.get_payload(decode=True)
        headers = [BytesHeaderParser().parsebytes(raw)] if isinstance(raw, bytes) else []
    for header in headers:
        yield from (
            address for _name, address in getaddresses([str(header.get("To", ""))]) if address
        )


def _why(block: Message) -> str:
    _kind, semicolon, said = str(block.get("Diagnostic-Code", "")).partition(";")
    return one_line(f"{block.get('Status', '')} {said if semicolon else ''}")[:LONGEST]
