"""Hands mails to the mail server, and finds out when it can be used again after a failure.

Nothing here knows channels. What goes over a connection is in `connection.py`.
"""

import asyncio
import random
from collections.abc import Callable

import structlog

from component.bus.model.delivery import pause
from component.common.errors import ShoutbusError, Unavailable, Unconfirmed
from component.common.i18n import Words, _
from component.methods.mail.compose import OutgoingMail
from component.methods.mail.connection import (
    COMMAND_TIMEOUT_S,
    DATA_TIMEOUT_S,
    Lost,
    Server,
    SmtpConnection,
    greeted,
)
from component.methods.mail.pool import POOL_LIMITS, PoolLimits, SmtpPool
from component.methods.mail.replies import Down
from component.methods.mail.setup import MailSetup

log = structlog.get_logger()


class Mailer:
    """Hands mails over, `connections` at a time. While the server can't be used all wait for one
    prober.

    `sender` gives an envelope sender to ask the server about. `wait` gives the seconds to the next
    try, as `delivery.pause` does.
    """

    def __init__(
        self,
        setup: MailSetup,
        sender: Callable[[], str] | None = None,
        wait: Callable[[int, float], float] = pause,
        command_timeout_s: float = COMMAND_TIMEOUT_S,
        data_timeout_s: float = DATA_TIMEOUT_S,
        limits: PoolLimits = POOL_LIMITS,
    ) -> None:
        self._server = Server.of(setup, command_timeout_s, data_timeout_s)
        self._sender = sender or (lambda: setup.sender.address)
        self._wait = wait
        self._slots = asyncio.Semaphore(setup.connections)
        self._pool = SmtpPool(self._server, limits)
        self._open = asyncio.Event()
        self._open.set()
        self._prober: asyncio.Task[None] | None = None
        self.trouble: Words | str = ""
        """Why the server can't be used now."""

    async def ready(self) -> None:
        """Return once the server can be used, as far as is known."""
        await self._open.wait()

    async def deliver(self, mail: OutgoingMail) -> None:
        """Hand a mail over: the server has it on return. Raises DeliveryError."""
        async with self._slots:
            if not self._open.is_set():
                raise Unavailable(self.trouble)
            try:
                await self._carry(mail)
            except Down as error:
                self._stop(error)
                raise

    async def close(self) -> None:
        """End every connection; nothing is delivered after that."""
        if self._prober:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        await self._pool.close()

    async def _carry(self, mail: OutgoingMail) -> None:
        """Over a connection that was kept, where it is still there; else over a new one."""
        kept = self._pool.take()
        while kept:
            try:
                await refreshed(kept)
                await self._send(kept, mail)
            except Lost:
                kept = self._pool.take()
                continue
            return
        connection = await self._pool.open()
        try:
            await self._send(connection, mail)
        except Lost as error:
            host = self._server.setup.host
            raise Down(
                _("the mail server {host} closes connections: {why}", host=host, why=error)
            ) from error

    async def _send(self, connection: SmtpConnection, mail: OutgoingMail) -> None:
        try:
            await connection.send(mail)
        except (Down, Unconfirmed):
            connection.close()
            raise
        except ShoutbusError:  # the server refused this one
            self._keep(connection)
            raise
        except BaseException:
            connection.close()
            raise
        self._keep(connection)

    def _keep(self, connection: SmtpConnection) -> None:
        if self._open.is_set():
            self._pool.keep(connection)
        else:
            self._pool.end(connection)

    # While the server can't be used

    def _stop(self, error: Down) -> None:
        self._report(error)
        if self._open.is_set():
            self._open.clear()
            self._prober = asyncio.create_task(self._probe(error), name="mail prober")

    def _report(self, error: Down) -> None:
        """Log a trouble once."""
        if str(error) != str(self.trouble):
            log.warning("mail paused", reason=str(error))
        self.trouble = error.sentence

    async def _probe(self, error: Down) -> None:
        """Try again and again, until the server can be used."""
        failures = 1
        while not self._open.is_set():
            chance = random.random()  # noqa: S311
            await asyncio.sleep(max(error.wait, self._wait(failures, chance)))
            try:
                await self._try()
            except Down as again:
                error, failures = again, failures + 1
                self._report(error)
            except Exception:
                log.exception("mail prober failed")
                failures += 1

    async def _try(self) -> None:
        """Open the way again; raises Down."""
        connection = await greeted(self._server, self._sender())
        log.info("mail resumed", host=self._server.setup.host)
        self.trouble = ""
        self._open.set()
        self._pool.keep(connection)


async def refreshed(connection: SmtpConnection) -> None:
    """Make a connection ready for the next mail, or close it; raises Lost."""
    try:
        await connection.reset()
    except BaseException:
        connection.close()
        raise
