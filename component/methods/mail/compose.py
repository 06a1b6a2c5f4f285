"""A letter as mail (RFC 5322), with what keeps it from going round: pure.

The headers are `EmailMessage`'s, which refuses line ends in them; the body's line ends are made CR
LF. Its lines are short, and where they are not, or not ASCII, it is encoded: so no server has to
offer 8BITMIME.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP

from component.bus.model.delivery import Delivery
from component.bus.ports.rendering import Letter
from component.common.errors import Refused
from component.common.i18n import _
from component.common.sanitize import one_line, scrub
from component.methods.mail.setup import Mailbox

MAX_SUBJECT_CHARS = 200
_BODY = SMTP.clone(cte_type="7bit")
# COMPAT: Python folds what has no space in it, as long links have not, into encoded words, and then
# a mail program finds no link there. Up to 998 octets of a line are allowed (RFC 5322 section
# 2.1.1).
_HEADERS = _BODY.clone(max_line_length=990)


@dataclass(frozen=True, slots=True)
class OutgoingMail:
    """What goes to the server: the envelope, and the bytes. `utf8` says that it takes SMTPUTF8 (RFC
    6531)."""

    sender: str
    to: str
    id: str
    content: bytes
    utf8: bool = False


def compose(letter: Letter, delivery: Delivery, sender: Mailbox, envelope: str) -> OutgoingMail:
    """The mail of a delivery to an address, from `sender`, with the envelope sender `envelope`.

    The same delivery gives the same Message-ID, so that one who got it twice can tell. Raises
    Refused where the address is none.
    """
    to = to_wire(delivery.channel.address)
    mark = hashlib.blake2b(str(delivery.channel).encode(), digest_size=6).hexdigest()
    message_id = f"<{delivery.message.id}.{mark}@{sender.host}>"
    mail = EmailMessage(policy=_BODY)
    mail["From"] = Address(sender.name, addr_spec=sender.address)
    mail["To"] = to
    mail["Subject"] = one_line(letter.subject)[:MAX_SUBJECT_CHARS]
    mail["Date"] = datetime.fromtimestamp(delivery.message.at // 1000, UTC)
    mail["Message-ID"] = message_id
    for name, value in marks(letter, delivery):
        mail[name] = one_line(value)
    mail.set_content(scrub(letter.text))
    if letter.html:
        mail.add_alternative(scrub(letter.html), subtype="html")
    mail["Content-Language"] = one_line(
        letter.language
    )  # last: what is there before moves into the first part
    utf8 = not to.isascii()
    content = mail.as_bytes(policy=_HEADERS.clone(utf8=utf8))
    return OutgoingMail(envelope, to, message_id, content, utf8)


def marks(letter: Letter, delivery: Delivery) -> list[tuple[str, str]]:
    """Headers for programs: that no person wrote it (RFC 3834), of which list it is, and how to
    leave that."""
    headers = [
        ("Auto-Submitted", "auto-generated"),
        ("Precedence", "list"),
        ("X-Auto-Response-Suppress", "All"),
        ("X-Shoutbus", delivery.message.id),
    ]
    if letter.list_id:
        is_named = "<" in letter.list_id
        headers.append(("List-Id", letter.list_id if is_named else f"<{letter.list_id}>"))
    if letter.unsubscribe:
        headers.append(("List-Unsubscribe", f"<{letter.unsubscribe}>"))
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    return headers


def to_wire(address: str) -> str:
    """The address with its domain in ASCII (RFC 5891), unless the local part needs SMTPUTF8
    anyway."""
    local, _at, domain = address.rpartition("@")
    if not local.isascii():
        return address
    try:
        return f"{local}@{domain.encode('idna').decode()}"
    except UnicodeError as error:
        raise Refused(
            _(
                "“{address}” is not an email address. Write it as juliet@example.org.",
                address=address,
            )
        ) from error
