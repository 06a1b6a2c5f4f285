"""Live pages about the configuration: each is woken after every change, and looks for what concerns
it.

Server-Sent Events (WHATWG HTML section 9.2). Changes that arrive while an event is written are
looked at together.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Iterator

from aiohttp import web as http

from component.common.errors import TooMany
from component.common.i18n import _
from web.sse import HEADERS, HEARTBEAT_S, KEEP_ALIVE, RETRY, write

MAX_WATCHERS = 200
"""Watchers at once."""
MAX_WATCHERS_PER_PERSON = 20

Events = AsyncIterator[str]
"""What a watcher reads each time it looks: an event, or "" if nothing concerns it."""


class Watchers:
    """All open live pages of one process."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Event, str] = {}
        self._closed = False

    def look(self) -> None:
        """Something changed: wake everyone."""
        for wake in self._open:
            wake.set()

    async def close(self, _app: http.Application) -> None:
        """End all streams, which otherwise stay open."""
        self._closed = True
        self.look()

    @contextlib.contextmanager
    def watching(self, jid: str) -> Iterator[asyncio.Event]:
        """Register a live page of someone; raises TooMany. The event is set when something
        changed."""
        theirs = Counter(self._open.values())[jid]
        if len(self._open) >= MAX_WATCHERS or theirs >= MAX_WATCHERS_PER_PERSON:
            raise TooMany(_("Too many pages are open. Close some of them."), 10)
        wake = asyncio.Event()
        self._open[wake] = jid
        try:
            yield wake
        finally:
            del self._open[wake]

    async def serve(self, request: http.Request, jid: str, events: Events) -> http.StreamResponse:
        """Write what `events` gives, at once and after each change, until it ends."""
        response = http.StreamResponse(headers=HEADERS)
        with self.watching(jid) as wake:
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                await write(response, RETRY)
                async for event in events:
                    if event:
                        await write(response, event)
                    await wait_or_write(wake, response)
                    if self._closed:
                        break
        return response


async def wait_or_write(wake: asyncio.Event, response: http.StreamResponse) -> None:
    """Wait for a change; after some silence, write a comment that keeps the connection open."""
    try:
        async with asyncio.timeout(HEARTBEAT_S):
            await wake.wait()
    except TimeoutError:
        await write(response, KEEP_ALIVE)
    wake.clear()
