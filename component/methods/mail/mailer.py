"""The way to the mail server: few connections, used again, and one prober while it can't be
reached.

Nothing here knows channels. What goes over a connection is in `line.py`.
"""

import asyncio
import random
from collections.abc import Callable

import structlog

from component.bus.model.delivery import pause
from component.common.errors import ShoutbusError, Unavailable, Unconfirmed
from component.common.i18n import Words, _
from component.methods.mail.compose import Mail
from component.methods.mail.connection import DATA_PATIENCE, PATIENCE, Line, Lost, Server, tried
from component.methods.mail.replies import Down
from component.methods.mail.setup import MailSetup

log = structlog.get_logger()

IDLE = 30.0
"""Seconds a connection is kept for the next mail."""
MOST = 100
"""Mails that go over one connection."""


class Mailer:
    """Hands mails over, `connections` at a time. When the server can't be used all wait for one
    prober.

    `sender` gives an envelope sender to ask the server about. `wait` gives the seconds to a next
    try; see `delivery.pause`.
    """

    def __init__(
        self,
        setup: MailSetup,
        sender: Callable[[], str] | None = None,
        wait: Callable[[int, float], float] = pause,
        patience: float = PATIENCE,
        data_patience: float = DATA_PATIENCE,
    ) -> None:
        self._server = Server.of(setup, patience, data_patience)
        self._sender = sender or (lambda: setup.sender.address)
        self._wait = wait
        self._slots = asyncio.Semaphore(setup.connections)
        self._idle: list[Line] = []
        self._open = asyncio.Event()
        self._open.set()
        self._prober: asyncio.Task[None] | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self.trouble: Words | str = ""
        """Why the server can't be used now."""

    async def ready(self) -> None:
        """Return once the server can be used, as far as is known."""
        await self._open.wait()

    async def deliver(self, mail: Mail) -> None:
        """Hand a mail over: the server has it on return; raises DeliveryError."""
        async with self._slots:
            if not self._open.is_set():
                raise Unavailable(self.trouble)
            try:
                await self._carry(mail)
            except Down as error:
                self._close(error)
                raise

    async def _carry(self, mail: Mail) -> None:
        while self._idle:  # a connection that was kept may be gone: then there is another
            line = self._idle.pop()
            try:
                await self._fresh(line)
                await self._over(line, mail)
            except Lost:
                continue
            return
        line = Line(self._server)
        await line.open()
        try:
            await self._over(line, mail)
        except Lost as error:
            raise Down(
                _(
                    "the mail server {host} closes connections: {why}",
                    host=self._server.setup.host,
                    why=error,
                )
            ) from error

    async def _fresh(self, line: Line) -> None:
        if line.expiry:
            line.expiry.cancel()
        try:
            await line.fresh()
        except BaseException:
            line.close()
            raise

    async def _over(self, line: Line, mail: Mail) -> None:
        try:
            await line.send(mail)
        except (Down, Unconfirmed):
            line.close()
            raise
        except ShoutbusError:  # the server said no to this one
            self._keep(line)
            raise
        except BaseException:
            line.close()
            raise
        self._keep(line)

    def _keep(self, line: Line) -> None:
        if line.sent >= MOST or not self._open.is_set():
            self._bid(line)
            return
        line.expiry = asyncio.get_running_loop().call_later(IDLE, self._expire, line)
        self._idle.append(line)

    def _expire(self, line: Line) -> None:
        if line in self._idle:
            self._idle.remove(line)
            self._bid(line)

    def _bid(self, line: Line) -> None:
        task = asyncio.create_task(line.quit(), name="mail goodbye")
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    # While it can't be used

    def _close(self, error: Down) -> None:
        self._told(error)
        if self._open.is_set():
            self._open.clear()
            self._prober = asyncio.create_task(self._probe(error), name="mail prober")

    def _told(self, error: Down) -> None:
        """Say it once."""
        if str(error) != str(self.trouble):
            log.warning("mail paused", reason=str(error))
        self.trouble = error.sentence

    async def _probe(self, error: Down) -> None:
        failures = 1
        while not self._open.is_set():
            chance = random.random()  # noqa: S311
            await asyncio.sleep(max(error.wait, self._wait(failures, chance)))
            try:
                await self._try()
            except Down as again:
                error, failures = again, failures + 1
                self._told(error)
            except Exception:
                log.exception("mail prober failed")
                failures += 1

    async def _try(self) -> None:
        """Open the way again; raises Down."""
        line = await tried(self._server, self._sender())
        log.info("mail resumed", host=self._server.setup.host)
        self.trouble = ""
        self._open.set()
        self._keep(line)

    async def close(self) -> None:
        """End every connection; nothing is delivered after that."""
        if self._prober:
            self._prober.cancel()
            await asyncio.gather(self._prober, return_exceptions=True)
        for line in self._idle:
            self._bid(line)
        self._idle.clear()
        await asyncio.gather(*self._goodbyes, return_exceptions=True)
