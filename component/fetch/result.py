"""The result of a request: the answer, or the reason of the failure and whose fault it is."""

from dataclasses import dataclass
from enum import Enum

from component.common.errors import ShoutbusError
from component.common.i18n import Words, _

MIB = 1024 * 1024


class Fault(Enum):
    """Who can mend it."""

    ADDRESS = "address"
    """The person who wrote the address."""
    SITE = "site"
    """The site at that address."""
    HERE = "here"
    """This machine's operator."""

    @property
    def words(self) -> Words:
        """What to do about it."""
        if self is Fault.ADDRESS:
            return _("Check the address.")
        return (
            _("The problem is at the remote site.")
            if self is Fault.SITE
            else _("The problem is in the network of this machine.")
        )


class FetchError(ShoutbusError):
    """An address gave nothing.

    `code` is the HTTP status that came, 0 where none did; `retry_after` the seconds that the site
    asks to wait; `said` what it says itself, where it was asked to do something.
    """

    condition = "remote-server-not-found"
    status = 502

    def __init__(
        self,
        what: Words,
        fault: Fault = Fault.SITE,
        *,
        code: int = 0,
        retry_after: int | None = None,
        said: str = "",
    ) -> None:
        super().__init__(_("{what} {whose}", what=what, whose=fault.words))
        self.fault = fault
        self.code = code
        self.retry_after = retry_after
        self.said = said


class OutOfReach(FetchError):
    """An address that may not be fetched: who wrote it must change it, or the operator allow it."""

    condition = "not-allowed"
    status = 403

    def __init__(self, what: Words, fault: Fault = Fault.ADDRESS) -> None:
        super().__init__(what, fault)
        self.args = (what,)  # it says itself what to do


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a site is put up with: bytes as they come and unpacked; seconds until it is
    connected, until its headers are there, between two bytes, and in all."""

    packed: int = 10 * MIB
    body: int = 20 * MIB
    connect: float = 10
    head: float = 20
    idle: float = 15
    total: float = 60
    grace: float = 10
    """Seconds of a body after which it must have come at `slowest` bytes a second."""
    slowest: int = 1024


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: a status of 2xx, or 304 where nothing has changed.

    `url` is where it came from in the end, `moved_to` the address to use from now on ("" where that
    is the same). `fresh_for` and `retry_after` are seconds, `link` is the header (RFC 8288).
    `unsafe` where a redirect led from https to http.
    """

    status: int
    url: str
    moved_to: str = ""
    body: bytes = b""
    content_type: str = ""
    etag: str = ""
    last_modified: str = ""
    fresh_for: int | None = None
    retry_after: int | None = None
    link: str = ""
    unsafe: bool = False

    @property
    def unchanged(self) -> bool:
        """Whether it is what was fetched before."""
        return self.status == 304


def refusal(host: str, code: int, wait: int | None = None, said: str = "") -> FetchError:
    """The meaning of a status without content."""
    told: dict[int, tuple[Words, Fault]] = {
        304: (
            _(
                "{host} reported “not modified”, although no earlier version was fetched.",
                host=host,
            ),
            Fault.SITE,
        ),
        401: (_("{host} requires a user name and a password (401).", host=host), Fault.ADDRESS),
        403: (_("{host} denied access (403).", host=host), Fault.SITE),
        404: (_("The address does not exist on {host} (404).", host=host), Fault.ADDRESS),
        410: (
            _("The address was permanently removed from {host} (410).", host=host),
            Fault.ADDRESS,
        ),
        429: (_("{host} received too many requests (429).", host=host), Fault.SITE),
    }
    if code in told:
        what, fault = told[code]
    elif code >= 500:
        what, fault = _("{host} has an internal error ({code}).", host=host, code=code), Fault.SITE
    else:
        what, fault = _("{host} refused the request ({code}).", host=host, code=code), Fault.SITE
    return FetchError(what, fault, code=code, retry_after=wait, said=said)
