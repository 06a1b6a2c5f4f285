"""Server-Sent Events (WHATWG HTML section 9.2): a channel's new messages, resumed after
`Last-Event-ID`.

Nothing is lost or repeated: a reader first registers as a listener and then reads the store from
the last id it knows, and the sequence numbers show what it received both ways. A reader that falls
behind is disconnected and reconnects. A message that is edited or deleted is sent once more, to
those connected at that moment, as an event named `edited` or `deleted`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable

from aiohttp import web as http

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.common.errors import BadInput, TooMany
from component.common.i18n import _
from web.context import Site

HEARTBEAT_S = 20.0
"""Seconds of silence before a comment keeps proxies from closing the connection."""
WRITE_TIMEOUT_S = 20.0
"""Seconds that one write may take; a reader that does not read is disconnected."""
CATCH_UP_PAGE = 5
"""Events in memory for one reader that catches up."""
MAX_READERS = 1_000
"""Live readers at once."""
MAX_READERS_PER_ADDRESS = 200
MAX_CURSOR_DIGITS = 18
RETRY = "retry: 1000\n\n"
KEEP_ALIVE = ": still here\n\n"
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}

Listener = asyncio.Queue[Delivery | None]
Render = Callable[[Delivery], str]
"""Gives an event's data, one line."""


class Streams:
    """All live readers of one process."""

    def __init__(self) -> None:
        self._readers: Counter[str] = Counter()

    async def serve(
        self, request: http.Request, site: Site, channel: Channel, render: Render
    ) -> http.StreamResponse:
        """Stream `channel` to one reader; raises TooMany if there are too many."""
        after = await start_of(request, site, channel)
        address = site.address(request)
        self.check_room(address)
        response = http.StreamResponse(headers=HEADERS)
        listener = site.hub.listen(channel)
        self._readers[address] += 1
        try:
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                await write(response, RETRY)
                reader = Reader(response, render, after)
                await reader.catch_up(site, channel)
                await reader.follow(listener)
        finally:
            self._readers[address] -= 1
            self._readers += Counter()  # forgets addresses without readers
            site.hub.unlisten(channel, listener)
        return response

    def check_room(self, address: str) -> None:
        """Raise TooMany if there are too many readers, in all or at one address."""
        full = self._readers.total() >= MAX_READERS
        if full or self._readers[address] >= MAX_READERS_PER_ADDRESS:
            raise TooMany(
                _("Too many live connections are open. Reload the page, or try again later."), 10
            )


class Reader:
    """One live reader, who has everything up to the sequence number `after`."""

    def __init__(self, response: http.StreamResponse, render: Render, after: int) -> None:
        self._response = response
        self._render = render
        self._after = after

    async def catch_up(self, site: Site, channel: Channel) -> None:
        """Send what the store has, a page at a time."""
        while True:
            page = await site.store.deliveries.log(channel, after=self._after, limit=CATCH_UP_PAGE)
            if not page:
                return
            # One write at a time: what a reader does not take must not pile up here.
            for delivery in page:
                await self.send(delivery)

    async def follow(self, listener: Listener) -> None:
        """Send what the hub announces, until it ends the stream."""
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    delivery = await listener.get()
            except TimeoutError:
                await write(self._response, KEEP_ALIVE)
                continue
            if delivery is None:
                return
            if delivery.seq > self._after:
                await self.send(delivery)
            elif event := change_of(delivery.message):
                # Without an id, so that a reader that reconnects resumes where it was.
                data = self._render(delivery)
                await write(self._response, f"event: {event}\ndata: {data}\n\n")

    async def send(self, delivery: Delivery) -> None:
        """Send one message."""
        data = self._render(delivery)
        await write(self._response, f"id: {delivery.seq}\ndata: {data}\n\n")
        self._after = delivery.seq


def change_of(message: Message) -> str:
    """The name of the event for a message that was changed; "" where it was not."""
    if message.is_gone:
        return "deleted"
    return "edited" if message.edited else ""


async def start_of(request: http.Request, site: Site, channel: Channel) -> int:
    """The sequence number after which a stream starts: the browser's last, the page's, or now."""
    given = request.headers.get("Last-Event-ID") or request.query.get("after")
    if given is None:
        return await site.store.deliveries.last_seq(channel)
    return cursor(given)


def cursor(text: str) -> int:
    """A sequence number as clients send it back; raises BadInput."""
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_CURSOR_DIGITS):
        raise BadInput(
            _(
                "“{text}” is not a position. Send the number that came with a message.",
                text=text[:40],
            )
        )
    return int(text)


async def write(response: http.StreamResponse, text: str) -> None:
    """Write to a reader; raises TimeoutError if it does not read."""
    async with asyncio.timeout(WRITE_TIMEOUT_S):
        await response.write(text.encode())
