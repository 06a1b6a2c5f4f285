"""What a mail server's reply means for a delivery (RFC 5321 section 4.2, RFC 3463): pure."""

import re
from enum import StrEnum

from component.common.errors import DeliveryError, Refused, Unavailable
from component.common.i18n import _
from component.common.sanitize import one_line

MAX_REPLY_CHARS = 300
"""Characters of a reply that are kept."""
_ENHANCED = re.compile(r"5\.(\d{1,3})\.(\d{1,3})(?!\d)")
_MAILBOX = frozenset({550, 551, 553})
_POLICY = re.compile(
    r"relay|spam|polic|block|black|grey|gray|listed|reput|denied|prohib|not "
    r"(?:allowed|permitted|accepted)|refus|"
    r"reject(?:ed)? by|authenti|spf|dkim|dmarc|\brate\b|"
    r"too (?:many|much)|verify sender|sender",
    re.IGNORECASE,
)


class Stage(StrEnum):
    """The command that a reply answers."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


class Down(Unavailable):
    """The mail server cannot be used now, for any mail; `wait` is for how many seconds at least."""

    wait = 0.0


class Locked(Down):
    """The login is refused: asking often makes it worse."""

    wait = 60.0


class NoMailbox(Refused):
    """The address does not exist."""


def fault(stage: Stage, code: int, text: str) -> DeliveryError:
    """The error that a reply other than yes means."""
    said = one_line(f"{code} {text}")[:MAX_REPLY_CHARS]
    words = _("the mail server reports: {said}", said=said)
    if code < 500:
        if stage is Stage.MAIL:
            return Down(words)
        return Unavailable(words)
    if stage is Stage.MAIL and not is_size_fault(code, text):
        return Down(words)  # it is about the sender, whoever the mail is for
    if is_recipient_fault(stage, code, text):
        return NoMailbox(words)
    return Refused(words)


def is_size_fault(code: int, text: str) -> bool:
    """Whether the mail is too large."""
    return code == 552 or text.lstrip().startswith("5.3.4")


def is_recipient_fault(stage: Stage, code: int, text: str) -> bool:
    """Whether the address is wrong, and not what the server thinks of the sender or the words."""
    enhanced = _ENHANCED.match(text.lstrip())
    if enhanced:
        subject, detail = int(enhanced[1]), int(enhanced[2])
        return stage is not Stage.MAIL and (
            (subject == 1 and detail not in (7, 8)) or (subject, detail) == (2, 1)
        )
    return stage is Stage.RCPT and code in _MAILBOX and not _POLICY.search(text)
