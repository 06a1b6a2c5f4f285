"""Tries the connection, the secret and the room service once: `shoutbus check` asks."""

import asyncio

from component.common.errors import Unavailable
from component.xmpp.elements import query
from component.xmpp.stanza import DISCO_INFO, MUC, features
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.session import IQ_TIMEOUT_S, NOT_TRIED, IqError, Session
from component.xmpp.stream.supervisor import keep_up


async def probe(account: ComponentAccount, rooms: str) -> str:
    """What is wrong and what to do about it; "" where everything answers. `rooms` is the domain of
    the room service."""
    session = Session(account, lambda _: None)
    task = asyncio.create_task(keep_up(session))
    advice = "Set it to the server's MUC component."
    try:
        async with asyncio.timeout(IQ_TIMEOUT_S):
            while session.state == "down" and session.trouble == NOT_TRIED:
                await session.changed.wait()
        if session.state != "up":
            return session.trouble
        info = await session.iq("get", rooms, account.component, query(DISCO_INFO), 10)
        if MUC not in features(info):
            return f"rooms is {rooms}, which is not a room service. {advice}"
    except IqError as error:
        return f"rooms is {rooms}, and the server reports {error.fault}. {advice}"
    except (Unavailable, TimeoutError) as error:
        return f"rooms is {rooms}, which did not answer ({error}). {advice}"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    return ""
