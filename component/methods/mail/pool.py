"""Connections to the mail server that are used again."""

import asyncio
from dataclasses import dataclass

from component.methods.mail.connection import Server, SmtpConnection


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """The mails that go over one connection, and the seconds that it is kept for the next one."""

    mails: int = 100
    idle_s: float = 30.0


POOL_LIMITS = PoolLimits()


class SmtpPool:
    """Keeps connections while they are idle."""

    def __init__(self, server: Server, limits: PoolLimits = POOL_LIMITS) -> None:
        self._server = server
        self._limits = limits
        self._idle: dict[SmtpConnection, asyncio.TimerHandle] = {}
        self._goodbyes: set[asyncio.Task[None]] = set()

    async def open(self) -> SmtpConnection:
        """A new connection; raises Down."""
        connection = SmtpConnection(self._server)
        await connection.open()
        return connection

    def take(self) -> SmtpConnection | None:
        """The connection that was kept last; None where nothing is kept."""
        if not self._idle:
            return None
        connection, expiry = self._idle.popitem()
        expiry.cancel()
        return connection

    def keep(self, connection: SmtpConnection) -> None:
        """Keep a connection for the next mail, or end it where it carried enough."""
        if connection.sent >= self._limits.mails:
            self.end(connection)
            return
        loop = asyncio.get_running_loop()
        self._idle[connection] = loop.call_later(self._limits.idle_s, self.expire, connection)

    def expire(self, connection: SmtpConnection) -> None:
        """End a connection that nobody took."""
        if self._idle.pop(connection, None):
            self.end(connection)

    def end(self, connection: SmtpConnection) -> None:
        """Say goodbye, without waiting for the answer."""
        task = asyncio.create_task(connection.quit(), name="mail goodbye")
        self._goodbyes.add(task)
        task.add_done_callback(self._goodbyes.discard)

    async def close(self) -> None:
        """End every connection."""
        connection = self.take()
        while connection:
            self.end(connection)
            connection = self.take()
        await asyncio.gather(*self._goodbyes, return_exceptions=True)
