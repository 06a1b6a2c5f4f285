"""Where mail comes back to: takes the reports of failures from the team's mail server, by SMTP or
LMTP (RFC 2033).

It takes nothing but mail to envelope senders of ours (`envelope.py`), and never answers any with a
mail.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from component.bus.model.message import Channel
from component.bus.ports.method import Clock
from component.common.errors import ConfigError, StoreError, words
from component.common.i18n import _
from component.methods.mail import reports
from component.methods.mail.envelope import Verp
from component.methods.mail.refusals import Meaning
from component.methods.mail.reports import RecipientStatus, Report
from component.methods.mail.setup import Place

log = structlog.get_logger()

NULL_SENDER = "<>"
"""As aiosmtpd writes the reverse-path that says that nobody wants an answer (RFC 5321 section
4.5.5)."""

EVENTS = {
    Meaning.GONE: "mail returned",
    Meaning.ABOUT_US: "mail not wanted",
    Meaning.KEPT: "mail not delivered",
}
"""How the log calls what a report says."""

Returned = Callable[[Channel, RecipientStatus], Awaitable[None]]
"""Takes what became of a mail to an address of ours; on disk on return. Raises StoreError."""
Read = Callable[..., Report | None]
"""Reads a mail that came back, as `reports.read` does."""


@dataclass(frozen=True, slots=True)
class BounceLimits:
    """Bytes of a mail, connections at one time, and seconds without a command until a connection is
    ended."""

    mail_bytes: int = 1_048_576
    connections: int = 20
    idle_s: float = 60.0


BOUNCE_LIMITS = BounceLimits()


class Bounces:
    """Listens at `place`. The report of a failure is on disk before it is taken (250)."""

    def __init__(
        self,
        place: Place,
        verp: Verp,
        returned: Returned,
        clock: Clock,
        limits: BounceLimits = BOUNCE_LIMITS,
        read: Read = reports.read,
    ) -> None:
        self.limits = limits
        self.domain = verp.domain
        self.sessions: set[BounceSession] = set()
        self._place = place
        self._verp = verp
        self._returned = returned
        self._clock = clock
        self._read = read
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises ConfigError where the place can't be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: BounceSession(self, loop), self._place.host, self._place.port
            )
        except OSError as error:
            raise ConfigError(
                [
                    _(
                        "[mail] bounce_listen: {place} cannot be used: {why}.",
                        place=self._place,
                        why=words(error),
                    )
                ]
            ) from error

    @property
    def port(self) -> int:
        """The port it listens at; 0 before `start`."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def close(self) -> None:
        """Stop listening, and end all connections."""
        if self._server:
            self._server.close()
            for session in list(self.sessions):
                session.end()
            await self._server.wait_closed()

    # Called by aiosmtpd

    async def handle_RCPT(  # noqa: N802
        self,
        _server: SMTP,
        _session: Session,
        envelope: Envelope,
        address: str,
        _options: list[str],
    ) -> str:
        """One recipient a mail, so that one answer is good for LMTP too."""
        if self._verp.read(address, self._clock()) is None:
            return "550 5.1.1 This address does not receive mail"
        if envelope.rcpt_tos:
            return "452 4.5.3 One recipient at a time"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Give up an address where nobody is. A mail that reports on none of ours is dropped."""
        digest = self._verp.read(envelope.rcpt_tos[0], self._clock())
        report = await self._report(envelope)
        named = self._named(report, digest) if report and digest else None
        if not report or not named:
            log.info(
                "incoming mail dropped",
                bytes=len(envelope.content or ""),
                reason="not a delivery failure report for our mail",
            )
            return "250 2.0.0 Dropped: this address does not receive mail"
        address, target = named
        status = report.of(address)
        try:
            await self._returned(target, status)
        except StoreError:
            return "451 4.3.0 Temporary error, try again later"
        event = EVENTS[status.meaning]
        log.info(event, channel=str(target), reason=status.why)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: the server is to try again."""
        log.error("incoming mail failed", exc_info=error)
        return "451 4.3.0 Temporary error, try again later"

    async def _report(self, envelope: Envelope) -> Report | None:
        raw = envelope.content
        if not isinstance(raw, bytes):
            return None
        has_null_sender = envelope.mail_from == NULL_SENDER
        return await asyncio.to_thread(self._read, raw, has_null_sender=has_null_sender)

    def _named(self, report: Report, digest: bytes) -> tuple[str, Channel] | None:
        """The address that the mail was sent to, as the report names it, which it has to, and as
        ours."""
        for address in sorted(report.addresses):
            for spelling in spellings(address):
                channel = Channel("mail", spelling)
                if self._verp.digest(channel) == digest:
                    return address, channel
        return None


def spellings(address: str) -> Iterator[str]:
    """How an address may be written among ours: its domain in small letters, and in letters as they
    are read."""
    local, at, domain = address.rpartition("@")
    if not at or len(address) > 254 or address.split() != [address] or not address.isprintable():
        return
    domain = domain.lower()
    try:
        readable = domain.encode("ascii").decode("idna")
    except UnicodeError:
        readable = domain
    for end in (domain, readable):
        yield f"{local}@{end}"
        yield f"{local.lower()}@{end}"


class BounceSession(SMTP):
    """One connection of the mail server's."""

    def __init__(self, bounces: Bounces, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            bounces,
            data_size_limit=bounces.limits.mail_bytes,
            enable_SMTPUTF8=True,
            hostname=bounces.domain,
            ident="Shoutbus",
            timeout=bounces.limits.idle_s,
            loop=loop,
        )
        self._sessions = bounces.sessions
        self._most = bounces.limits.connections

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, unless there are too many at once."""
        if len(self._sessions) >= self._most:
            transport.close()
            return
        self._sessions.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Nothing is kept of it."""
        if self in self._sessions:
            self._sessions.discard(self)
            super().connection_lost(error)

    def end(self) -> None:
        """Close the connection."""
        if self.transport:
            self.transport.close()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        """LMTP's greeting (RFC 2033 section 4.1)."""
        await self.smtp_EHLO(arg)
