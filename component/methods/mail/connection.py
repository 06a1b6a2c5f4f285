"""One connection to the mail server (RFC 5321): opened, asked and ended. Answers are judged in
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
from component.methods.mail.compose import Mail
from component.methods.mail.replies import Down, Locked, Stage, fault
from component.methods.mail.setup import MailSetup, Security

PATIENCE = 60.0
"""Seconds that connecting and each command may take."""
DATA_PATIENCE = 300.0
"""Seconds that a server may take to take on a mail."""
GOODBYE = 5.0

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Server:
    """Which server, whose word is taken that it is the one, and for how many seconds it is waited
    for."""

    setup: MailSetup
    trust: ssl.SSLContext | None
    patience: float
    data_patience: float

    @classmethod
    def of(
        cls, setup: MailSetup, patience: float = PATIENCE, data_patience: float = DATA_PATIENCE
    ) -> Self:
        """The one that is set up."""
        return cls(
            setup, None if setup.way is Security.NONE else setup.trust(), patience, data_patience
        )


class Lost(Exception):
    """The connection went before a mail was on its way."""


class Line:
    """One connection to the server, signed in."""

    def __init__(self, server: Server) -> None:
        setup = self._setup = server.setup
        self._data_patience = server.data_patience
        self._smtp = SMTP(
            hostname=setup.host,
            port=int(setup.at),  # the resolver of asyncio takes none but a plain one
            local_hostname=setup.sender.host,
            timeout=server.patience,
            use_tls=setup.way is Security.TLS,
            start_tls=False,
            tls_context=server.trust,
        )
        self.sent = 0
        self.expiry: asyncio.TimerHandle | None = None

    async def open(self) -> None:
        """Connect and sign in; raises Down."""
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
                    said=_why(error),
                )
            ) from error
        except (SMTPException, OSError, ValueError) as error:
            self.close()
            raise Down(
                _("the mail server {host} cannot be used: {why}", host=host, why=_why(error))
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

    async def fresh(self) -> None:
        """Ready for the next mail; raises Lost where the server ended the connection meanwhile."""
        try:
            await self._smtp.rset(timeout=GOODBYE)
        except (SMTPException, OSError) as error:
            raise Lost from error

    async def greet(self, sender: str) -> None:
        """Ask whether mail from `sender` is taken; raises Down, Lost."""
        await self._ask(Stage.MAIL, self._smtp.mail(sender))
        await self.fresh()

    async def send(self, mail: Mail) -> None:
        """Hand a mail over; raises DeliveryError, or Lost while it was not on its way yet."""
        encoding = "utf-8" if mail.utf8 else "ascii"
        envelope, recipient = self._options(mail)
        self.sent += 1
        await self._ask(
            Stage.MAIL, self._smtp.mail(mail.sender, options=envelope, encoding=encoding)
        )
        await self._ask(Stage.RCPT, self._smtp.rcpt(mail.to, options=recipient, encoding=encoding))
        try:
            await self._smtp.data(mail.content, timeout=self._data_patience)
        except SMTPResponseException as error:
            raise fault(Stage.DATA, error.code, error.message) from error
        except (SMTPException, OSError) as error:  # it may have arrived all the same
            raise Unconfirmed(
                _(
                    "the mail server did not confirm whether it accepted the message: {why}",
                    why=_why(error),
                )
            ) from error

    def _options(self, mail: Mail) -> tuple[list[str], list[str]]:
        """For MAIL and RCPT. Where the server tells of failures (RFC 3461), it is to name whom we
        wrote to."""
        if mail.utf8 and "smtputf8" not in self._smtp.esmtp_extensions:
            raise Refused(
                _(
                    "the mail server does not accept addresses with international characters "
                    "such as {to}",
                    to=mail.to,
                )
            )
        envelope, recipient = (["SMTPUTF8"] if mail.utf8 else []), []
        if self._setup.bounce_domain and "dsn" in self._smtp.esmtp_extensions:
            envelope.append("RET=HDRS")
            recipient.append("NOTIFY=FAILURE")
            if not mail.utf8:
                recipient.append(f"ORCPT=rfc822;{_xtext(mail.to)}")
        return envelope, recipient

    async def _ask(self, stage: Stage, command: Awaitable[_T]) -> _T:
        try:
            return await command
        except SMTPResponseException as error:
            if (
                error.code == 421
            ):  # it ends the connection, perhaps because it carried enough (RFC 5321 section 3.8)
                raise Lost(f"{error.code} {error.message}") from error
            raise fault(stage, error.code, error.message) from error
        except (SMTPException, OSError) as error:
            raise Lost(_why(error)) from error

    async def quit(self) -> None:
        """End it in good manners."""
        if self.expiry:
            self.expiry.cancel()
        try:
            await self._smtp.quit(timeout=GOODBYE)
        except (SMTPException, OSError):
            pass  # it was gone
        self.close()

    def close(self) -> None:
        """End it at once: TLS would wait for the other side's goodbye."""
        transport = self._smtp.transport
        self._smtp.close()
        if isinstance(transport, asyncio.WriteTransport):
            transport.abort()


def _why(error: Exception) -> str:
    """What went wrong, without what a library adds."""
    cause = error.__cause__
    if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
        return words(cause)
    return str(getattr(error, "message", "")) or str(error) or type(error).__name__


def _xtext(text: str) -> str:
    """RFC 3461 section 4."""
    return "".join(c if "!" <= c <= "~" and c not in "+=" else f"+{ord(c):02X}" for c in text)


async def tried(server: Server, sender: str) -> Line:
    """A new connection, over which the server said that it takes mail from `sender`; raises
    Down."""
    line = Line(server)
    await line.open()
    try:
        await line.greet(sender)
    except Lost as error:
        line.close()
        raise Down(
            _("the mail server {host} closes connections: {why}", host=server.setup.host, why=error)
        ) from error
    except BaseException:
        line.close()
        raise
    return line
