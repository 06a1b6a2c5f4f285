"""Delivery status notifications (RFC 3464, RFC 6533), read strictly: pure.

A gateway may have put a notification into another mail, so it is looked for in all parts, but
never in a mail that came back or was forwarded.
"""

import re
from collections.abc import Iterator, Sequence
from email.message import Message
from email.parser import BytesHeaderParser, HeaderParser
from email.utils import getaddresses

from component.methods.mail import refusals
from component.methods.mail.refusals import Meaning

STATUS_TYPES = frozenset({"message/delivery-status", "message/global-delivery-status"})
RETURNED_TYPES = frozenset(
    {
        "message/rfc822",
        "text/rfc822-headers",
        "message/global",
        "message/global-headers",
    }
)
MAX_FIELD_CHARS = 4_000
"""Characters of a field that are read."""
_BLANK_LINES = re.compile(r"(?:\r?\n){2,}")
_COMMENT_MARKS = re.compile(r'\\.|[()"]', re.DOTALL)
_HEX = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")
"""A character of an address in a part that holds ASCII alone (RFC 6533 section 3)."""
_PERMANENT = re.compile(r"5\.\d{1,3}\.\d{1,3}(?!\d)")


def is_report(mail: Message) -> bool:
    """Whether a mail claims to be a report, or holds the machine's part of one."""
    for part in parts(mail):
        if part.get_content_type() in STATUS_TYPES or part.get_content_type() == "multipart/report":
            return True
    return False


def parts(mail: Message) -> Iterator[Message]:
    """A mail and its parts, without what is inside a part that is a mail."""
    yield mail
    if mail.get_content_maintype() == "multipart":
        for part in children(mail):
            yield from parts(part)


def children(part: Message) -> Iterator[Message]:
    """The parts right inside a part."""
    payload = part.get_payload()
    if isinstance(payload, list):
        for child in payload:
            if isinstance(child, Message):
                yield child


def blocks(mail: Message) -> Sequence[Message]:
    """The fields of each recipient that a mail reports on."""
    found: list[Message] = []
    for part in parts(mail):
        if part.get_content_type() in STATUS_TYPES:
            for child in children(part):
                found.append(child)
                found.extend(paragraphs(child))
    return [block for block in found if "Action" in block]


def paragraphs(child: Message) -> Iterator[Message]:
    """The fields of recipients behind those of the mail, which Python reads as a text where the
    report is in UTF-8 (RFC 6533 section 4)."""
    raw = child.get_payload(decode=True)
    if isinstance(raw, bytes):
        for paragraph in _BLANK_LINES.split(raw.decode("utf-8", "replace")):
            yield HeaderParser().parsestr(paragraph)


def meaning(block: Message, said: str = "") -> Meaning:
    """What a recipient's fields say; `said` are the words beside them, for where they say
    nothing."""
    status = structured(block, "Status")
    has_failed = structured(block, "Action").lower() == "failed" and _PERMANENT.match(status)
    if not has_failed:
        return Meaning.KEPT
    quoted = diagnostic(block)
    if not quoted and refusals.is_vague(status):
        quoted = said
    return refusals.of_report(status, quoted)


def recipients(block: Message) -> Iterator[str]:
    """The addresses in a recipient's fields. Some servers leave out the type of an address."""
    for name in ("Original-Recipient", "Final-Recipient"):
        kind, semicolon, address = structured(block, name).partition(";")
        if not semicolon:
            address = kind
        address = address.strip().strip("<>").strip()
        if address:
            yield _HEX.sub(character, address)


def character(escape: re.Match[str]) -> str:
    """The character of an escape; none where there is no such character."""
    number = int(escape[1], 16)
    if number > 0x10FFFF:
        return ""
    return chr(number)


def structured(block: Message, name: str) -> str:
    """A field without its comments (RFC 3464 section 2.1, RFC 5322 section 3.2.2)."""
    text = field(block, name)
    kept, at, depth, is_quoted = [], 0, 0, False
    for mark in _COMMENT_MARKS.finditer(text):
        if mark[0] == '"' and not depth:
            is_quoted = not is_quoted
        elif is_quoted:
            continue
        elif mark[0] == "(":
            if not depth:
                kept.append(text[at : mark.start()])
            depth += 1
        elif mark[0] == ")" and depth:
            depth -= 1
            at = mark.end()
    if not depth:
        kept.append(text[at:])
    return " ".join("".join(kept).split())


def field(block: Message, name: str) -> str:
    """A field in one line; "" where it is missing."""
    return " ".join(str(block.get(name, ""))[:MAX_FIELD_CHARS].split())


def diagnostic(block: Message) -> str:
    """What the other server said; "" where that is not reported. It has no comments: it is as it
    was said."""
    kind, semicolon, said = field(block, "Diagnostic-Code").partition(";")
    if not semicolon:
        return kind
    return said.strip()


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
    inner = list(children(part))
    if inner:
        return inner
    raw = part.get_payload(decode=True)
    if isinstance(raw, bytes):
        return [BytesHeaderParser().parsebytes(raw)]
    return []


def reason(block: Message, said: str = "") -> str:
    """Why a recipient's mail failed: the status, and what the other server said, or what is said
    beside."""
    return f"{structured(block, 'Status')} {diagnostic(block) or said}"
