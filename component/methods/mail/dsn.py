"""Delivery status notifications (RFC 3462, RFC 3464), read strictly: pure."""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesHeaderParser, HeaderParser
from email.utils import getaddresses

from component.methods.mail.refusals import is_nobody

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
RETURNED_TYPES = frozenset(
    {"message/rfc822", "text/rfc822-headers", "message/global", "message/global-headers"}
)
_PERMANENT = re.compile(r"5\.\d{1,3}\.\d{1,3}")
_EMPTY_LINE = re.compile(r"\r?\n[ \t]*\r?\n")
_COMMENT = re.compile(r"\([^()]*\)")


def is_report(mail: Message) -> bool:
    """Whether a mail claims to be a report, or holds the machine's part of one."""
    if mail.get_content_type() == "multipart/report":
        return True
    return any(part.get_content_type() in STATUS_TYPES for part in mail.walk())


def reported(mail: Message) -> Sequence[Message]:
    """The fields of each recipient that a mail reports on, whatever they say. Some servers put a
    report, or its machine's part, into a multipart of another kind."""
    if mail.get_content_type() in STATUS_TYPES:
        return [block for block in blocks(mail) if is_recipient(block)]
    found: list[Message] = []
    if mail.get_content_maintype() == "multipart":
        for part in parts(mail):
            found.extend(reported(part))
    return found


def blocks(part: Message) -> Iterator[Message]:
    """The groups of fields in the machine's part of a report."""
    for block in parts(part):
        yield block
        rest = block.get_payload()
        # Python splits message/delivery-status at its empty lines, and its sister (RFC 6533) not.
        if isinstance(rest, str):
            for text in _EMPTY_LINE.split(rest):
                yield HeaderParser().parsestr(text)


def is_recipient(block: Message) -> bool:
    """Whether fields are about a recipient, and not about the mail as a whole."""
    return "Final-Recipient" in block or "Original-Recipient" in block


def parts(mail: Message) -> Iterator[Message]:
    """The parts of a mail."""
    payload = mail.get_payload()
    if isinstance(payload, list):
        for part in payload:
            if isinstance(part, Message):
                yield part


def is_failure(block: Message, text: str) -> bool:
    """Whether a recipient's fields say that the mail failed for good, because nobody is at the
    address. `text` is what the report says to people: Exim says there why, and in the fields not
    where it is its own reason."""
    status = value(block, "Status")
    if value(block, "Action").lower() != "failed" or not _PERMANENT.match(status):
        return False
    words = diagnostic(block)
    if words:
        return is_nobody(words, status)
    return is_nobody("", status) or any(is_nobody(line, status) for line in text.splitlines())


def value(block: Message, name: str) -> str:
    """A field without its comments (RFC 3464 section 2.1.1)."""
    return _COMMENT.sub("", str(block.get(name, ""))).strip()


def diagnostic(block: Message) -> str:
    """What the other server said, in one line."""
    typed = " ".join(str(block.get("Diagnostic-Code", "")).split())
    kind, semicolon, words = typed.partition(";")
    if semicolon and kind.strip().isalnum():
        return words.strip()
    return typed


def recipients(block: Message) -> Iterator[str]:
    """The addresses in a recipient's fields."""
    for name in ("Original-Recipient", "Final-Recipient"):
        typed = value(block, name)
        address = typed.rpartition(";")[2].strip().strip("<>")
        if address:
            yield address


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
    return f"{value(block, 'Status')} {diagnostic(block)}".strip()
