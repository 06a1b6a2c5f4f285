"""What a mail that came back says: pure.

Reports in the standard shape (RFC 3464) are read strictly, and nothing else has a word in those.
Reports in the shapes of older mail servers are recognized by flufl.bounce. Where it is not certain
that an address does not exist, the address is kept.
"""

import email
import logging
import re
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from component.common.sanitize import one_line
from component.methods.mail import dsn
from component.methods.mail.replies import Stage, is_recipient_fault

MAX_READ_BYTES = 131_072
"""What is reported stands before the mail that comes back."""
MAX_MULTIPARTS = 10
"""Parts that hold parts; more are a trap."""
MAX_REASON_CHARS = 300
_REPLY = re.compile(r"\b(5\d\d)[ -]+(\S.*)")
"""A reply of a mail server (RFC 5321 section 4.2) in a line of text."""

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs each step, and mails' words


@dataclass(frozen=True, slots=True)
class Report:
    """A mail could not be delivered for good: to one of `addresses`, and why."""

    addresses: frozenset[str]
    why: str


def read(raw: bytes, *, has_null_sender: bool = False) -> Report | None:
    """What a mail reports; None where it does not report that an address failed for good.

    Other shapes than the standard one are believed only where the mail has no sender, as reports
    have none (RFC 5321 section 4.5.5).
    """
    beginning = raw[:MAX_READ_BYTES]
    if beginning.lower().count(b"multipart/") > MAX_MULTIPARTS:
        return None
    try:
        mail = email.message_from_bytes(beginning)
        if dsn.is_report(mail):
            return read_standard(mail)
        return read_other(mail) if has_null_sender else None
    except RecursionError:
        return None


def read_standard(mail: Message) -> Report | None:
    """A report in the standard shape."""
    reported = dsn.reported(mail)
    text = ""
    if len(reported) == 1:
        text = text_of(mail)
    failures = [block for block in reported if dsn.is_failure(block, text)]
    if not failures:
        return None
    addresses: set[str] = set()
    for block in failures:
        addresses.update(dsn.recipients(block))
    if len(reported) == 1:
        addresses.update(dsn.addressed(mail))
    return Report(frozenset(addresses), one_line(dsn.reason(failures[0]))[:MAX_REASON_CHARS])


def read_other(mail: Message) -> Report | None:
    """A report in another shape, where it quotes a reply that says that an address does not
    exist."""
    why = quoted_reply(mail)
    if not why:
        return None
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # it reads what anybody may send
        return None
    failed = permanent - temporary
    if not failed:
        return None
    addresses = frozenset(address.decode("ascii", "replace") for address in failed)
    return Report(addresses, why)


def quoted_reply(mail: Message) -> str:
    """The first reply in the text of a report that says that an address does not exist; "" without
    one."""
    for line in text_of(mail).splitlines():
        reply = _REPLY.search(line)
        if reply and is_recipient_fault(Stage.RCPT, int(reply[1]), reply[2]):
            return one_line(reply[0])[:MAX_REASON_CHARS]
    return ""


def text_of(mail: Message) -> str:
    """The first plain text of a mail."""
    for part in mail.walk():
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/plain" and isinstance(payload, bytes):
            return payload.decode("utf-8", "replace")
    return ""
