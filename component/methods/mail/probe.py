"""Whether what `[mail]` says works: `shoutbus check` asks."""

import asyncio

from component.common.errors import words
from component.methods.mail.connection import Server, greeted
from component.methods.mail.replies import Down
from component.methods.mail.setup import MailSetup, Place

TIMEOUT_S = 20.0
"""Seconds for each step."""


async def probe(setup: MailSetup) -> str:
    """Try the connection, the login, the sender and the place for mail that comes back.

    Returns what is wrong, "" where nothing is.
    """
    faults: list[str] = []
    try:
        connection = await greeted(Server.of(setup, TIMEOUT_S), setup.sender.address)
        await connection.quit()
    except Down as error:
        faults.append(f"{error}.")
    if setup.bounce_domain:
        faults.append(await probe_place(setup.bounce_listen))
    return " ".join(filter(None, faults))


async def probe_place(place: Place) -> str:
    """Listen at a place for a moment. Returns what is wrong, "" where nothing is."""
    try:
        server = await asyncio.start_server(lambda *_: None, place.host, place.port)
    except OSError as error:
        return (
            f"bounce_listen: {place} cannot be used: {words(error)}. "
            "This is expected if Shoutbus is already running."
        )
    server.close()
    await server.wait_closed()
    return ""
