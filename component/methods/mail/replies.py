"""What a mail server's reply means for a delivery (RFC 5321 section 4.2, RFC 3463): pure."""

from collections.abc import Mapping
from enum import StrEnum

from component.common.errors import DeliveryError, Refused, Unavailable
from component.common.i18n import _
from component.common.sanitize import one_line
from component.methods.mail import refusals
from component.methods.mail.refusals import Meaning, Status

MAX_REPLY_CHARS = 300
"""Characters of a reply that are kept."""


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


class NotWanted(Refused):
    """The mail is refused for who sent it or for its words, not for whom it is for."""


ERRORS: Mapping[Meaning, type[Refused]] = {
    Meaning.GONE: NoMailbox,
    Meaning.ABOUT_US: NotWanted,
    Meaning.KEPT: Refused,
}


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
    meaning = refusals.of_reply(code, text)
    if stage is Stage.DATA and meaning is Meaning.GONE and not Status.find(text):
        meaning = Meaning.KEPT  # words alone, which may be about the mail
    return ERRORS[meaning](words)


def is_size_fault(code: int, text: str) -> bool:
    """Whether the mail is too large."""
    return code == 552 or text.lstrip().startswith("5.3.4")
