"""Where mail comes back to: takes the reports of failures from the team's mail server, by SMTP or
LMTP (RFC 2033).

It takes nothing but mail to envelope senders of ours (`envelope.py`), and never answers any with a
mail.
"""

import asyncio

import structlog
from aiosmtpd.smtp import SMTP, Envelope, Session, syntax

from component.bus.model.message import Channel
from component.bus.ports.method import Addresses, Clock
from component.common.errors import ConfigError, StoreError, words
from component.common.i18n import _
from component.methods.mail.envelope import Verp
from component.methods.mail.reports import Report, read
from component.methods.mail.setup import Place

log = structlog.get_logger()

MOST_BYTES = 1_048_576
MOST_AT_ONCE = 20
"""Connections."""
PATIENCE = 60.0
"""Seconds without a command until a connection is ended."""


class Bounces:
    """Listens at `place`. The report of a failure is on disk before it is taken (250)."""

    def __init__(self, place: Place, verp: Verp, addresses: Addresses, clock: Clock) -> None:
        self._place = place
        self._verp = verp
        self._addresses = addresses
        self._clock = clock
        self._server: asyncio.Server | None = None
        self.sessions: set[_Session] = set()

    async def start(self) -> None:
        """Listen; raises ConfigError where the place can't be had."""
        loop = asyncio.get_running_loop()
        try:
            self._server = await loop.create_server(
                lambda: _Session(self, loop), self._place.host, self._place.port
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
        """The port it listens at."""
        return int(self._server.sockets[0].getsockname()[1]) if self._server else 0

    async def close(self) -> None:
        """Listen no more."""
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
        """Tell of an address that failed; what is no report of that is dropped."""
        digest = self._verp.read(envelope.rcpt_tos[0], self._clock())
        raw = envelope.content
        report = await asyncio.to_thread(read, raw) if isinstance(raw, bytes) else None
        target = self._find(report, digest) if report and digest else None
        if not report or not target:
            log.info(
                "incoming mail dropped",
                bytes=len(raw or ""),
                reason="not a delivery failure report for our mail",
            )
            return "250 2.0.0 Dropped: this address does not receive mail"
        try:
            await self._addresses.bounced(target, report.why)
        except StoreError:
            return "451 4.3.0 Temporary error, try again later"
        log.info("mail returned", channel=str(target), reason=report.why)
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """A fault of ours: the server is to try again."""
        log.error("incoming mail failed", exc_info=error)
        return "451 4.3.0 Temporary error, try again later"

    def _find(self, report: Report, digest: bytes) -> Channel | None:
        """The address that the mail was sent to, which the report has to name."""
        named = {way for address in report.addresses for way in _ways(address)}
        found = [
            channel
            for one in sorted(named)
            if self._verp.digest(channel := Channel("mail", one)) == digest
        ]
        return found[0] if found else None


def _ways(address: str) -> set[str]:
    """How an address may stand among ours: its domain in small letters, and in letters as they are
    read."""
    local, at, domain = address.rpartition("@")
    domain = domain.lower()
    if not at or len(address) > 254 or address.split() != [address] or not address.isprintable():
        return set()
    try:
        read_as = domain.encode("ascii").decode("idna")
    except UnicodeError:
        read_as = domain
    return {f"{part}@{end}" for part in (local, local.lower()) for end in (domain, read_as)}


class _Session(SMTP):
    """One connection of the mail server's."""

    def __init__(self, bounces: Bounces, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            bounces,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname=bounces._verp.domain,
            ident="Shoutbus",
            timeout=PATIENCE,
            loop=loop,
        )
        self._sessions = bounces.sessions

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Not too many at once."""
        if len(self._sessions) >= MOST_AT_ONCE:
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
        """Let the connection go."""
        if self.transport:
            self.transport.close()

    @syntax("LHLO hostname")
    async def smtp_LHLO(self, arg: str) -> None:  # noqa: N802
        """LMTP's greeting (RFC 2033 section 4.1)."""
        await self.smtp_EHLO(arg)
