"""What a mail that came back says: pure.

Reports in the standard shape (RFC 3464) are read strictly, and nothing else has a word in those.
Reports in the shapes of older mail servers are recognized by flufl.bounce. Where it is not certain
that an address does not exist, the address is kept.
"""

import email
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from email.message import Message

from flufl.bounce import all_failures

from component.common.sanitize import one_line
from component.methods.mail import dsn, refusals
from component.methods.mail.refusals import Meaning

MAX_READ_BYTES = 131_072
"""What is reported stands before the mail that comes back."""
MAX_MULTIPARTS = 10
"""Parts that hold parts; more are a trap."""
MAX_REASON_CHARS = 300
MAX_SAID_CHARS = 500
"""Characters that say behind an address why it failed."""
_REPLY = re.compile(r"\b(5\d\d)[ -]+(\S.*)")
"""A reply of a mail server (RFC 5321 section 4.2) in a line of text."""

logging.getLogger("flufl.bounce").setLevel(logging.CRITICAL)  # it logs each step, and mails' words


@dataclass(frozen=True, slots=True)
class RecipientStatus:
    """What became of a mail to somebody who is called by one of `addresses`, and why."""

    addresses: frozenset[str]
    meaning: Meaning
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    """What a mail that came back reports of each recipient, and whom it went to by its headers."""

    recipients: Sequence[RecipientStatus]
    to: frozenset[str] = frozenset()

    @property
    def addresses(self) -> frozenset[str]:
        """All that it names."""
        return self.to.union(*(status.addresses for status in self.recipients))

    def of(self, address: str) -> RecipientStatus:
        """What became of the mail to one of `addresses`.

        An address that no status names was forwarded to all of them. Where several are about it,
        only all of them together give it up.
        """
        about = [one for one in self.recipients if address in one.addresses] or self.recipients
        for status in about:
            if status.meaning is not Meaning.GONE:
                return status
        return about[0]


def read(raw: bytes, *, has_null_sender: bool = False) -> Report | None:
    """What a mail reports; None where it is not a report.

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
    blocks = dsn.blocks(mail)
    if not blocks:
        return None
    text = text_of(mail)
    recipients: list[RecipientStatus] = []
    for block in blocks:
        addresses = frozenset(dsn.recipients(block))
        said = ""
        if len(blocks) == 1:
            said = behind(addresses, text)
        why = one_line(dsn.reason(block, said))[:MAX_REASON_CHARS]
        recipients.append(RecipientStatus(addresses, dsn.meaning(block, said), why))
    return Report(recipients, frozenset(dsn.addressed(mail)))


def behind(addresses: Iterable[str], text: str) -> str:
    """What the words of a report say behind an address: some servers, such as Exim, say only there
    why it failed."""
    for address in sorted(addresses):
        _before, found, said = text.partition(address)
        if found:
            return one_line(said[:MAX_SAID_CHARS])
    return ""


def read_other(mail: Message) -> Report | None:
    """A report in another shape, where it quotes a reply that says what it is about."""
    quoted = quoted_reply(mail)
    if not quoted:
        return None
    try:
        temporary, permanent = all_failures(mail)
    except Exception:  # it reads what anybody may send
        return None
    failed = permanent - temporary
    if not failed:
        return None
    addresses = frozenset(address.decode("ascii", "replace") for address in failed)
    meaning, why = quoted
    return Report([RecipientStatus(addresses, meaning, why)])


def quoted_reply(mail: Message) -> tuple[Meaning, str] | None:
    """What the first reply in the text of a report is about that says that an address does not
    exist, or else that we are not wanted, and the reply."""
    unwanted = None
    for line in text_of(mail).splitlines():
        reply = _REPLY.search(line)
        if not reply:
            continue
        meaning = refusals.of_reply(int(reply[1]), reply[2])
        found = meaning, one_line(reply[0])[:MAX_REASON_CHARS]
        if meaning is Meaning.GONE:
            return found
        if meaning is Meaning.ABOUT_US and not unwanted:
            unwanted = found
    return unwanted


def text_of(mail: Message) -> str:
    """The first plain text of a mail, not of one that came back in it."""
    for part in dsn.parts(mail):
        payload = part.get_payload(decode=True)
        if part.get_content_type() == "text/plain" and isinstance(payload, bytes):
            return payload.decode("utf-8", "replace")
    return ""
