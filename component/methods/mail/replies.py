"""What a mail server's answer means for a delivery (RFC 5321 section 4.2, RFC 3463): pure."""

import re
from enum import StrEnum

from component.common.errors import DeliveryError, Refused, Unavailable
from component.common.i18n import _
from component.common.sanitize import one_line

LONGEST = 300
"""Characters of an answer that are kept."""
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
    """The command that was answered."""

    MAIL = "mail"
    RCPT = "rcpt"
    DATA = "data"


class Down(Unavailable):
    """The mail server as a whole can't be used now; `wait` is for how many seconds at least."""

    wait = 0.0


class Locked(Down):
    """It does not let us in: asking often makes it worse."""

    wait = 60.0


class NoSuch(Refused):
    """There is nobody at the address, and there won't be."""


def fault(stage: Stage, code: int, text: str) -> DeliveryError:
    """What follows an answer other than yes."""
    said = one_line(f"{code} {text}")[:LONGEST]
    words = _("the mail server reports: {said}", said=said)
    if code < 500:
        return Down(words) if stage is Stage.MAIL else Unavailable(words)
    if stage is Stage.MAIL and not _is_size(code, text):
        return Down(words)  # it is about us, whoever the mail is for
    return NoSuch(words) if _is_recipient(stage, code, text) else Refused(words)


def _is_size(code: int, text: str) -> bool:
    return code == 552 or text.lstrip().startswith("5.3.4")


def _is_recipient(stage: Stage, code: int, text: str) -> bool:
    """Whether it is the address that is wrong, and not what the server thinks of us or of the
    words."""
    if found := _ENHANCED.match(text.lstrip()):
        subject, detail = int(found[1]), int(found[2])
        return stage is not Stage.MAIL and (
            (subject == 1 and detail not in (7, 8)) or (subject, detail) == (2, 1)
        )
    return stage is Stage.RCPT and code in _MAILBOX and not _POLICY.search(text)
