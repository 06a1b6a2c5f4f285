"""Keeps the component's session up for ever: connects, and connects again.

slixmpp's component never reconnects by itself. A silent server is pinged and given up.
"""

import asyncio
import random
from typing import Any

import structlog

from component.common.errors import ConfigError, Unavailable
from component.xmpp.stream.connection import Connection, connect
from component.xmpp.stream.session import IqError, Session

log = structlog.get_logger()

LONGEST_WAIT_S = 10.0
"""Seconds between tries, at most."""
MISCONFIGURED_WAIT_S = 30.0
"""Seconds between tries where the configuration is at fault: a wrong secret does not mend
itself."""
SETTLED_S = 60.0
"""Seconds a session must last for the back-off to start afresh."""
PULSE_S = 15.0
"""Seconds between the pings that tell a frozen server from a quiet one, and that one may take."""


async def keep_up(session: Session) -> None:
    """Connect, and connect again, until cancelled."""
    failures = 0
    loop = asyncio.get_running_loop()
    while True:
        began, longest = loop.time(), LONGEST_WAIT_S
        try:
            connection = await connect(session.account, session.receive)
            began = loop.time()
            await hold(session, connection)
        except ConfigError as error:
            session.fail("misconfigured", str(error))
            longest, failures = MISCONFIGURED_WAIT_S, 10
        except Unavailable as error:
            session.fail("down", str(error))
        failures += 1
        if loop.time() - began >= SETTLED_S:
            failures = 0
        jitter = random.uniform(0.5, 1)  # noqa: S311
        await asyncio.sleep(min(longest, 0.25 * 2.0**failures) * jitter)


async def hold(session: Session, connection: Connection) -> None:
    """Return once the connection has ended."""
    session.begin(connection)
    tasks: list[asyncio.Task[Any]] = [
        asyncio.create_task(watch(session, connection)),
        asyncio.create_task(start_parts(session)),
    ]
    try:
        await connection.ended.wait()
    finally:
        for task in tasks:
            task.cancel()
        session.end()
        await connection.close()
    session.fail("down", f"the connection ended: {connection.trouble or 'connection lost'}")


async def start_parts(session: Session) -> None:
    """Call all who wait for a session, until it is gone."""
    for call in session.up:
        try:
            await call()
        except Unavailable:
            return
        except Exception:
            log.exception("XMPP start hook failed")


async def watch(session: Session, connection: Connection) -> None:
    """Ping ourselves through the server: a frozen one is given up."""
    while True:
        await asyncio.sleep(PULSE_S)
        try:
            await session.ping(session.domain, session.domain, PULSE_S)
        except IqError:
            continue  # an answer is an answer
        except Unavailable:
            connection.trouble = "the server stopped answering"
            connection.abort()
            return
