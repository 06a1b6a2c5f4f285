"""Every error that people see, with its name on each surface.

A class names its condition (RFC 6120 section 8.3.3) and its HTTP status once; the XMPP and web
surfaces map them from here. `str(error)` is a sentence for a person that says what to do, in
English, for logs and the database; `sentence` is the same, to be translated for its reader.
"""

import os
import socket
from collections.abc import Sequence

from component.common.i18n import Words, joined

UNKNOWN_HOST = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})


def words(error: OSError) -> str:
    """The system's words for an error, without what a library adds."""
    if isinstance(error, socket.gaierror):  # its numbers are not those of other errors
        if error.errno in UNKNOWN_HOST:
            return "host not found"
        return str(error.strerror).lower()
    if error.errno:
        return os.strerror(error.errno).lower()
    return str(error)


class ShoutbusError(Exception):
    """The root of the tree, which is never raised."""

    condition = "internal-server-error"
    status = 500

    @property
    def sentence(self) -> Words | str:
        """The sentence for a person; "" if the error has no text."""
        if not self.args:
            return ""
        sentence: Words | str = self.args[0]
        return sentence


class BadInput(ShoutbusError):
    """The input cannot be used; the sender must change it."""

    condition = "bad-request"
    status = 400


class Ambiguous(BadInput):
    """A name means several things; `choices` are their full names."""

    def __init__(self, sentence: Words | str, choices: Sequence[str]) -> None:
        super().__init__(sentence)
        self.choices = tuple(choices)


class TooLong(BadInput):
    """The input is longer than a message may be."""

    condition = "policy-violation"
    status = 413


class Unauthorized(BadInput):
    """The credentials are missing or wrong."""

    condition = "not-authorized"
    status = 401


class Forbidden(BadInput):
    """The caller is known but may not do that."""

    condition = "forbidden"
    status = 403


class Muted(Forbidden):
    """An operator has muted the author."""


class NotFound(BadInput):
    """The channel, message or page does not exist."""

    condition = "item-not-found"
    status = 404


class Gone(NotFound):
    """It existed and was removed."""

    condition = "gone"
    status = 410


class Conflict(BadInput):
    """It contradicts something that exists already, such as a name that is taken."""

    condition = "conflict"
    status = 409


class Reused(BadInput):
    """An Idempotency-Key was used for another request before
    (draft-ietf-httpapi-idempotency-key-header section 2.7)."""

    condition = "conflict"
    status = 422


class TooMany(BadInput):
    """A rate limit was exceeded; `retry_after` is in seconds."""

    condition = "resource-constraint"
    status = 429

    def __init__(self, sentence: Words | str, retry_after: int = 1) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after


class ConfigError(ShoutbusError):
    """The configuration has faults: `faults` lists all of them, one sentence each."""

    def __init__(self, faults: Sequence[Words | str]) -> None:
        super().__init__(joined(faults, "\n"))
        self.faults = faults


class StoreError(ShoutbusError):
    """The store could not commit. Nothing was accepted, and trying again may help."""

    condition = "internal-server-error"
    status = 503


class DeliveryError(ShoutbusError):
    """A destination did not accept a message."""


class Unavailable(DeliveryError):
    """The destination cannot be reached now; it does not count as an attempt."""

    condition = "remote-server-timeout"
    status = 503


class Unconfirmed(DeliveryError):
    """It was sent and not confirmed: look for it before sending again."""

    condition = "remote-server-timeout"
    status = 504


class Refused(DeliveryError):
    """The destination refused it for good."""

    condition = "not-acceptable"
    status = 502


class Moot(Refused):
    """There is nothing left to send: nothing went wrong, and nobody needs to look into it."""
