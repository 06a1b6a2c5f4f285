"""Every fault the bus tells a person about, with its name on each surface.

A class names its RFC 6120 section 8.3.3 condition and its HTTP status once; the XMPP and web
surfaces map them from here. `str(error)` is a sentence for a person that says what to do, in
English, as logs and the database have it; `sentence` is the same, to be told in the reader's
language.
"""

import os
import socket
from collections.abc import Sequence

from component.common.i18n import Words, joined

_NO_HOST = frozenset({socket.EAI_NONAME, socket.EAI_NODATA})


def words(error: OSError) -> str:
    """What the system says of an error, without what a library adds."""
    if isinstance(error, socket.gaierror):  # whose numbers are not the system's
        return "no such host" if error.errno in _NO_HOST else str(error.strerror).lower()
    return os.strerror(error.errno).lower() if error.errno else str(error)


class ShoutbusError(Exception):
    """The root of the tree; never raised itself."""

    condition = "internal-server-error"
    status = 500

    @property
    def sentence(self) -> Words | str:
        """What to tell a person; "" where nothing was said."""
        said: Words | str = self.args[0] if self.args else ""
        return said


class BadInput(ShoutbusError):
    """What came in can't be used; the sender must change it."""

    condition = "bad-request"
    status = 400


class TooLong(BadInput):
    """More than a message may carry."""

    condition = "policy-violation"
    status = 413


class Unauthorized(BadInput):
    """No credentials, or wrong ones."""

    condition = "not-authorized"
    status = 401


class Forbidden(BadInput):
    """Known, and not allowed."""

    condition = "forbidden"
    status = 403


class Muted(Forbidden):
    """An operator muted the author."""


class NotFound(BadInput):
    """No such channel, message or page."""

    condition = "item-not-found"
    status = 404


class Gone(NotFound):
    """It was there, and was taken away."""

    condition = "gone"
    status = 410


class Conflict(BadInput):
    """It contradicts what stands already, such as a name that is taken."""

    condition = "conflict"
    status = 409


class Reused(BadInput):
    """An Idempotency-Key that stood for another request (draft-ietf-httpapi-idempotency-key-header
    section 2.7)."""

    condition = "conflict"
    status = 422


class TooMany(BadInput):
    """Over a rate limit; `retry_after` is in seconds."""

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
    """The store could not commit; nothing was accepted, try again."""

    condition = "internal-server-error"
    status = 503


class DeliveryError(ShoutbusError):
    """A destination did not take a message."""


class Unavailable(DeliveryError):
    """The destination can't be reached now; no attempt was spent on it."""

    condition = "remote-server-timeout"
    status = 503


class Unconfirmed(DeliveryError):
    """It was sent and nothing came back: look before sending again."""

    condition = "remote-server-timeout"
    status = 504


class Refused(DeliveryError):
    """The destination said no, for good."""

    condition = "not-acceptable"
    status = 502


class Moot(Refused):
    """There is nothing left to say to the destination: nothing went wrong, and nobody needs to look
    into it."""
