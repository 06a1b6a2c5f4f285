"""Whether what `[mail]` says works: asked by `shoutbus check`."""

import asyncio

from component.common.errors import words
from component.methods.mail.connection import Server, tried
from component.methods.mail.replies import Down
from component.methods.mail.setup import MailSetup

PATIENCE = 20.0
"""Seconds for each step."""


async def knock(setup: MailSetup) -> str:
    """Try the connection, the login, the sender and the place for what comes back; "" where all is
    well, else what is wrong."""
    faults = []
    try:
        line = await tried(Server.of(setup, PATIENCE), setup.sender.address)
        await line.quit()
    except Down as error:
        faults.append(f"{error}.")
    if setup.bounce_domain:
        place = setup.bounce_listen
        try:
            server = await asyncio.start_server(lambda *_: None, place.host, place.port)
        except OSError as error:
            faults.append(
                f"bounce_listen: {place} cannot be used: {words(error)}. This is expected "
                "if Shoutbus is already running."
            )
        else:
            server.close()
            await server.wait_closed()
    return " ".join(faults)
