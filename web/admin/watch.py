"""Who watches a page of what is configured: each is woken after every change, and looks for what
concerns it.

Server-Sent Events (WHATWG HTML section 9.2). Changes that come while one is being written are one
look.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator

from aiohttp import web as http

from component.common.errors import TooMany
from component.common.i18n import _
from web.sse import HEADERS, HEARTBEAT, RETRY, write

MOST = 200
"""Watchers at once."""
MOST_EACH = 20
"""Of them, of one person."""


class Watchers:
    """All who watch, in one process."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Event, str] = {}
        self._closed = False

    def look(self) -> None:
        """Something is otherwise now."""
        for wake in self._open:
            wake.set()

    async def close(self, _app: http.Application) -> None:
        """End every watching: open pages hold their streams for ever."""
        self._closed = True
        self.look()

    @contextlib.contextmanager
    def _watching(self, jid: str) -> Iterator[asyncio.Event]:
        mine = sum(1 for one in self._open.values() if one == jid)
        if len(self._open) >= MOST or mine >= MOST_EACH:
            raise TooMany(_("Too many pages are open. Close some of them."), 10)
        wake = asyncio.Event()
        self._open[wake] = jid
        try:
            yield wake
        finally:
            del self._open[wake]

    async def serve(self, request: http.Request, jid: str, events: "Events") -> http.StreamResponse:
        """Write what `events` gives, at once and after each change, until it gives no more."""
        response = http.StreamResponse(headers=HEADERS)
        with self._watching(jid) as wake:
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                await write(response, RETRY)
                async for event in events:
                    if event:
                        await write(response, event)
                    if not await self._woken(wake, response):
                        break
        return response

    async def _woken(self, wake: asyncio.Event, response: http.StreamResponse) -> bool:
        """Wait for a change, or for the time to show that we are there; whether to go on."""
        try:
            async with asyncio.timeout(HEARTBEAT):
                await wake.wait()
        except TimeoutError:
            await write(response, ": still here\n\n")
        wake.clear()
        return not self._closed


Events = AsyncIterator[str]
"""What a watcher sees each time it looks: an event, or "" where nothing concerns it."""
