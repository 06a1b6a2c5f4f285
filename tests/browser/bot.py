"""The bot's answers, for tests whose thread a browser has."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from component.cli.prosody import COMPONENT
from tests.support.people import person
from tests.support.servers import Server

BOT = f"bot@{COMPONENT}"


def in_thread(work: Callable[[], Any]) -> Any:
    """Playwright keeps an event loop in this thread: others need their own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(work).result(60)


def answer(server: Server, name: str, line: str) -> str:
    """What the bot answers to someone's line."""

    async def talk() -> str:
        async with person(name, server.passwords[name], server.c2s) as one:
            one.tell(BOT, line)
            said = await one.until(
                lambda: next(
                    (m["body"] for m in one.heard if m["from"].bare == BOT and m["body"]), ""
                ),
                line,
            )
            return str(said)

    return str(in_thread(lambda: asyncio.run(talk())))
