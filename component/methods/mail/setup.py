"""The table `[mail]`: through which server mail goes out, in whose name, and where what comes back
is taken."""

import ipaddress
import re
import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from component.common.errors import BadInput
from component.common.i18n import _
from component.common.sanitize import one_line
from component.methods.mail.envelope import ADDRESS

MAX_CONNECTIONS = 20
_DOMAIN = re.compile(
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)
_MAILBOX = re.compile(r"([^<>]*?)\s*<([^<>\s]+)>|(\S+)")


class Security(StrEnum):
    """How the connection to the server is kept from others: not at all, after STARTTLS (RFC 3207),
    from its start."""

    NONE = "none"
    STARTTLS = "starttls"
    TLS = "tls"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The way written; raises BadInput."""
        try:
            return cls(text)
        except ValueError as error:
            raise BadInput(
                _("“{text}” is not valid. Write none, starttls or tls.", text=text[:40])
            ) from error


_PORTS = {Security.NONE: 25, Security.STARTTLS: 587, Security.TLS: 465}


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A name, which may be "", and an address: Shoutbus <shoutbus@example.org>."""

    name: str
    address: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The mailbox written (RFC 5322 section 3.4); raises BadInput."""
        found = _MAILBOX.fullmatch(text.strip())
        name, address = "", ""
        if found:
            name, address = found[1] or "", found[2] or found[3]
        local, _at, domain = address.rpartition("@")
        address = f"{local}@{domain.lower()}"
        if not ADDRESS.fullmatch(address) or not address.isascii():
            raise BadInput(
                _(
                    "“{text}” is not a sender. Write it as Shoutbus <shoutbus@example.org>.",
                    text=text[:60],
                )
            )
        return cls(one_line(name).strip('"'), address)

    @property
    def host(self) -> str:
        """The part behind the @."""
        return self.address.rpartition("@")[2]

    def __str__(self) -> str:
        return f"{self.name} <{self.address}>" if self.name else self.address


@dataclass(frozen=True, slots=True)
class Domain:
    """A domain in lower case."""

    name: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """The domain written; raises BadInput."""
        low = text.strip().lower()
        if len(low) > 200 or not _DOMAIN.fullmatch(low):
            raise BadInput(
                _("“{text}” is not a domain. Write it as bounces.example.org.", text=text[:60])
            )
        return cls(low)

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Place:
    """Where to listen: an address and a port."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place written; raises BadInput."""
        host, _colon, port = text.rpartition(":")
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else -1
        if not host or not 0 <= number <= 65535:
            raise BadInput(
                _(
                    "“{text}” is not an address and port. Write it as 127.0.0.1:2526.",
                    text=text[:60],
                )
            )
        return cls(host.strip("[]"), number)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


class Port(int):
    """A port, 1 to 65535."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The port written; raises BadInput."""
        if not (text.isascii() and text.isdigit() and len(text) < 6 and 0 < int(text) < 65536):
            raise BadInput(
                _("“{text}” is not a port number. Choose one from 1 to 65535.", text=text[:40])
            )
        return cls(text)


class Connections(int):
    """How many connections at most."""

    @classmethod
    def parse(cls, text: str) -> Self:
        """The number written; raises BadInput."""
        if not (
            text.isascii() and text.isdigit() and len(text) < 4 and 0 < int(text) <= MAX_CONNECTIONS
        ):
            raise BadInput(
                _(
                    "“{text}” is out of range. Write a number from 1 to {most}.",
                    text=text[:40],
                    most=MAX_CONNECTIONS,
                )
            )
        return cls(text)


@dataclass(frozen=True, slots=True)
class MailSetup:
    """`[mail]`. `ca` is a file with the certificates that alone are trusted, in place of the
    system's.

    With a `bounce_domain` each mail has another envelope sender there, and a mail server
    brings what comes back to `bounce_listen` (SMTP or LMTP).
    """

    sender: Mailbox
    host: str = "127.0.0.1"
    port: Port | None = None
    security: Security | None = None
    user: str = ""
    password: str = field(default="", repr=False)
    clear_text: bool = False
    ca: str = ""
    connections: Connections = Connections(2)  # noqa: RUF009 — a number, which nothing can change
    bounce_domain: Domain | None = None
    bounce_listen: Place = Place("127.0.0.1", 2526)

    def __post_init__(self) -> None:
        if bool(self.user) != bool(self.password):
            raise BadInput(_("A user name and a password belong together. Set both, or neither."))
        if (
            self.user
            and self.way is Security.NONE
            and not self.clear_text
            and not is_loopback(self.host)
        ):
            raise BadInput(
                _(
                    "The password would be sent to {host} in clear text. Set security = "
                    '"starttls" or "tls", or allow it with clear_text = true.',
                    host=self.host,
                )
            )
        if self.ca:
            self.trust()

    @property
    def way(self) -> Security:
        """The security in force."""
        return self.security or (Security.NONE if is_loopback(self.host) else Security.STARTTLS)

    @property
    def at(self) -> int:
        """The port in force."""
        return self.port or _PORTS[self.way]

    def trust(self) -> ssl.SSLContext:
        """Whose word is taken for it that the server is the one meant; raises BadInput where `ca`
        is of no use."""
        try:
            return ssl.create_default_context(cafile=self.ca or None)
        except OSError as error:  # ssl.SSLError too
            why = error.strerror or str(error)
            raise BadInput(
                _(
                    "The certificate file in ca, {file}, cannot be used: {why}.",
                    file=self.ca,
                    why=why,
                )
            ) from error


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
