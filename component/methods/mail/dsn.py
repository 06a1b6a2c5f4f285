"""Delivery status notifications (RFC 3462, RFC 3464), read strictly: pure."""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import getaddresses

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
RETURNED_TYPES = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)
_PERMANENT = re.compile(r"5\.\d{1,3}\.\d{1,3}")


def is_report(mail: Message) -> bool:
    """Whether a mail claims to be a report, or holds the machine's part of one."""
    if mail.get_content_type() == "multipart/report":
        return True
    return any(part.get_content_type() in STATUS_TYPES for part in mail.walk())


def failures(mail: Message) -> Sequence[Message]:
    """The fields of each recipient whom the mail did not reach and never will; none where the mail
    is not a report."""
    if mail.get_content_type() != "multipart/report":
        return ()
    return [block for part in parts(mail) for block in blocks(part) if is_failure(block)]


def parts(mail: Message) -> Iterator[Message]:
    """The parts of a mail."""
    payload = mail.get_payload()
    if isinstance(payload, list):
        for part in payload:
            if isinstance(part, Message):
                yield part


def blocks(part: Message) -> Iterator[Message]:
    """The fields of each recipient in a part."""
    if part.get_content_type() in STATUS_TYPES:
        yield from parts(part)


def is_failure(block: Message) -> bool:
    """Whether a recipient's fields say that the mail failed for good."""
    action = str(block.get("Action", "")).strip().lower()
    status = str(block.get("Status", "")).strip()
    return action == "failed" and bool(_PERMANENT.match(status))


def recipients(block: Message) -> Iterator[str]:
    """The addresses in a recipient's fields."""
    for name in ("Original-Recipient", "Final-Recipient"):
        address = str(block.get(name, "")).partition(";")[2].strip()
        if address:
            yield address.strip("<>")


def addressed(mail: Message) -> Iterator[str]:
    """Whom the mail that comes back went to: its headers say so, also where it was forwarded."""
    for part in parts(mail):
        if part.get_content_type() in RETURNED_TYPES:
            for header in returned_headers(part):
                for _name, address in getaddresses([str(header.get("To", ""))]):
                    if address:
                        yield address


def returned_headers(part: Message) -> Sequence[Message]:
    """The headers of the mail that comes back."""
    inner = list(parts(part))
    if inner:
        return inner
    raw = part.get_payload(decode=True)
    return [BytesHeaderParser().parsebytes(raw)] if isinstance(raw, bytes) else []


def reason(block: Message) -> str:
    """Why a recipient's mail failed: the status, and what the other server said."""
    diagnostic = str(block.get("Diagnostic-Code", "")).partition(";")[2]
    return f"{block.get('Status', '')} {diagnostic}"
