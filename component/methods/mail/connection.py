"""One connection to the mail server (RFC 5321): opened, asked and ended. Replies are judged in
`replies.py`."""

import asyncio
import ssl
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Self, TypeVar

from aiosmtplib import SMTP
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPException,
    SMTPHeloError,
    SMTPResponseException,
)

from component.common.errors import Refused, Unconfirmed, words
from component.common.i18n import _
from component.methods.mail.compose import OutgoingMail
from component.methods.mail.replies import Down, Locked, Stage, fault
from component.methods.mail.setup import MailSetup, Security

COMMAND_TIMEOUT_S = 60.0
"""Seconds that connecting and each command may take."""
DATA_TIMEOUT_S = 300.0
"""Seconds that a server may take to accept a mail."""
QUICK_TIMEOUT_S = 5.0
"""Seconds that RSET and QUIT may take."""

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Server:
    """The mail server: its settings, the certificates that are trusted, and the seconds that a
    command and a mail may take."""

    setup: MailSetup
    trust: ssl.SSLContext | None
    command_timeout_s: float
    data_timeout_s: float

    @classmethod
    def of(
        cls,
        setup: MailSetup,
        command_timeout_s: float = COMMAND_TIMEOUT_S,
        data_timeout_s: float = DATA_TIMEOUT_S,
    ) -> Self:
        """The one in the settings."""
        trust = None if setup.way is Security.NONE else setup.trust()
        return cls(setup, trust, command_timeout_s, data_timeout_s)


class Lost(Exception):
    """The connection went before a mail was on its way."""


class SmtpConnection:
    """One connection to the server, with a login."""

    def __init__(self, server: Server) -> None:
        setup = self._setup = server.setup
        self._data_timeout_s = server.data_timeout_s
        self._smtp = SMTP(
            hostname=setup.host,
            port=int(setup.at),  # the resolver of asyncio takes none but a plain one
            local_hostname=setup.sender.host,
            timeout=server.command_timeout_s,
            use_tls=setup.way is Security.TLS,
            start_tls=False,
            tls_context=server.trust,
        )
        self.sent = 0
        """The mails that went over it."""

    async def open(self) -> None:
        """Connect and log in; raises Down."""
        host = self._setup.host
        try:
            await self._smtp.connect()
            await self._hello()
            if self._setup.way is Security.STARTTLS:
                await self._smtp.starttls()
                await self._hello()
            if self._setup.user:
                await self._smtp.login(self._setup.user, self._setup.password)
        except SMTPAuthenticationError as error:
            self.close()
            raise Locked(
                _(
                    "the mail server {host} did not accept the user name and password: {said}",
                    host=host,
                    said=reason(error),
                )
            ) from error
        except (SMTPException, OSError, ValueError) as error:
            self.close()
            raise Down(
                _("the mail server {host} cannot be used: {why}", host=host, why=reason(error))
            ) from error
        except BaseException:  # it was cut off
            self.close()
            raise

    async def _hello(self) -> None:
        """Learn what the server offers."""
        try:
            await self._smtp.ehlo()
        except SMTPHeloError:
            await self._smtp.helo()

    async def reset(self) -> None:
        """Get ready for the next mail; raises Lost where the server ended the connection."""
        try:
            await self._smtp.rset(timeout=QUICK_TIMEOUT_S)
        except (SMTPException, OSError) as error:
            raise Lost from error

    async def greet(self, sender: str) -> None:
        """Ask whether mail from `sender` is taken; raises Down, Lost."""
        await self._ask(Stage.MAIL, self._smtp.mail(sender))
        await self.reset()

    async def send(self, mail: OutgoingMail) -> None:
        """Hand a mail over; raises DeliveryError, or Lost while it was not on its way yet."""
        encoding = "utf-8" if mail.utf8 else "ascii"
        envelope, recipient = self._options(mail)
        self.sent += 1
        await self._ask(
            Stage.MAIL, self._smtp.mail(mail.sender, options=envelope, encoding=encoding)
        )
        await self._ask(Stage.RCPT, self._smtp.rcpt(mail.to, options=recipient, encoding=encoding))
        try:
            await self._smtp.data(mail.content, timeout=self._data_timeout_s)
        except SMTPResponseException as error:
            raise fault(Stage.DATA, error.code, error.message) from error
        except (SMTPException, OSError) as error:  # it may have arrived all the same
            raise Unconfirmed(
                _(
                    "the mail server did not confirm whether it accepted the message: {why}",
                    why=reason(error),
                )
            ) from error

    def _options(self, mail: OutgoingMail) -> tuple[list[str], list[str]]:
        """For MAIL and RCPT. Where the server reports failures (RFC 3461), the reports are to name
        the address that the mail went to."""
        if mail.utf8 and "smtputf8" not in self._smtp.esmtp_extensions:
            raise Refused(
                _(
                    "the mail server does not accept addresses with international characters "
                    "such as {to}",
                    to=mail.to,
                )
            )
        envelope: list[str] = []
        recipient: list[str] = []
        if mail.utf8:
            envelope.append("SMTPUTF8")
        if self._setup.bounce_domain and "dsn" in self._smtp.esmtp_extensions:
            envelope.append("RET=HDRS")
            recipient.append("NOTIFY=FAILURE")
            if not mail.utf8:
                recipient.append(f"ORCPT=rfc822;{xtext(mail.to)}")
        return envelope, recipient

    async def _ask(self, stage: Stage, command: Awaitable[_T]) -> _T:
        try:
            return await command
        except SMTPResponseException as error:
            if error.code == 421:  # it ends the connection (RFC 5321 section 3.8)
                raise Lost(f"{error.code} {error.message}") from error
            raise fault(stage, error.code, error.message) from error
        except (SMTPException, OSError) as error:
            raise Lost(reason(error)) from error

    async def quit(self) -> None:
        """Say goodbye and close it."""
        try:
            await self._smtp.quit(timeout=QUICK_TIMEOUT_S)
        except (SMTPException, OSError):
            pass  # it was gone
        self.close()

    def close(self) -> None:
        """Close it at once: TLS would wait for the other side's goodbye."""
        transport = self._smtp.transport
        self._smtp.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


def reason(error: Exception) -> str:
    """What went wrong, without what a library adds."""
    cause = error.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
        return words(cause)
    return str(getattr(error, "message", "")) or str(error) or type(error).__name__


def xtext(text: str) -> str:
    """A text as xtext (RFC 3461 section 4)."""
    written = ""
    for letter in text:
        is_plain = "!" <= letter <= "~" and letter not in "+="
        written += letter if is_plain else f"+{ord(letter):02X}"
    return written


async def greeted(server: Server, sender: str) -> SmtpConnection:
    """A new connection, over which the server said that it accepts mail from `sender`; raises
    Down."""
    connection = SmtpConnection(server)
    await connection.open()
    try:
        await connection.greet(sender)
    except Lost as error:
        connection.close()
        raise Down(
            _("the mail server {host} closes connections: {why}", host=server.setup.host, why=error)
        ) from error
    except BaseException:
        connection.close()
        raise
    return connection
