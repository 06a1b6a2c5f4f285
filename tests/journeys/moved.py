"""A bus in the tests' process whose clock is moved, told in Berlin's time; and shouts by its
API."""

import asyncio
import json
from datetime import datetime
from zoneinfo import ZoneInfo

from component.app import Running
from component.cli.prosody import HOST
from tests.support.fakes import FakeClock
from tests.support.servers import TOKEN, call

BERLIN = ZoneInfo("Europe/Berlin")


def at(time: str) -> float:
    """A time in Berlin in seconds since 1970."""
    return datetime.fromisoformat(time).replace(tzinfo=BERLIN).timestamp()


async def until(bus: Running, clock: FakeClock, time: str) -> None:
    """The clock is put to a time in Berlin, and what is due is done."""
    clock.now = at(time)
    bus.scheduler.look_again()
    await asyncio.sleep(0)
    await bus.scheduler.settled()


async def shout(port: int, words: str, **more: str) -> str:
    """Shout into the lobby by the API; gives the message's id."""
    url = f"http://{HOST}:{port}/api/v1/channels/shoutbox:lobby/messages"
    headers = {"Authorization": f"Bearer {TOKEN}", "Content_Type": "application/json"}
    reply = await asyncio.to_thread(
        call, url, json.dumps({"body": words, **more}).encode(), **headers
    )
    assert reply.status == 201
    return str(reply.json["id"])
