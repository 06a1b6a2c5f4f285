"""Server-Sent Events (WHATWG HTML section 9.2): what is new in a channel, resumed after
`Last-Event-ID`.

Nothing is lost or repeated: the reader listens first, then reads the store after its last id, and
what it heard meanwhile is known by its seq. A reader that does not keep up is let go and comes
back. What is deleted comes once more, to those who read just then, as an event named `deleted`.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable

from aiohttp import web as http

from component.bus.model.delivery import Delivery
from component.bus.model.message import DELETED, Channel
from component.common.errors import BadInput, TooMany
from component.common.i18n import _
from web.context import Site

HEARTBEAT = 20.0
"""Seconds of silence before a comment keeps proxies from closing."""
PATIENCE = 20.0
"""Seconds one write may take: who does not read is let go."""
PAGE = 5
"""Events in memory for one reader who catches up."""
MOST = 1_000
"""Live readers at once."""
MOST_EACH = 200
"""Of them, from one address."""
RETRY = "retry: 1000\n\n"
HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store",
    "X-Accel-Buffering": "no",
}


class Streams:
    """All live readers of one process."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    async def serve(
        self, request: http.Request, site: Site, channel: Channel, draw: Callable[[Delivery], str]
    ) -> http.StreamResponse:
        """Stream `channel` to one reader; `draw` gives an event's data, one line."""
        after = await _start(request, site, channel)
        address = site.address(request)
        if self._open.total() >= MOST or self._open[address] >= MOST_EACH:
            raise TooMany(
                _("Too many live connections are open. Reload the page, or try again later."), 10
            )
        response = http.StreamResponse(headers=HEADERS)
        listener = site.hub.listen(channel)
        self._open[address] += 1
        try:
            await response.prepare(request)
            with contextlib.suppress(ConnectionError, TimeoutError):
                await write(response, RETRY)
                await _pour(response, site, channel, after, listener, draw)
        finally:
            self._open[address] -= 1
            self._open += Counter()  # forgets who has none
            site.hub.unlisten(channel, listener)
        return response


async def _start(request: http.Request, site: Site, channel: Channel) -> int:
    """The seq to go on after: the browser's last, the page's, or now."""
    given = request.headers.get("Last-Event-ID") or request.query.get("after")
    if given is None:
        return await site.hub.store.last_seq(channel)
    return cursor(given)


def cursor(text: str) -> int:
    """A seq as people send it back; raises BadInput."""
    if not (text.isascii() and text.isdigit() and len(text) < 19):
        raise BadInput(
            _(
                "“{text}” is not a position. Send the number that came with a message.",
                text=text[:40],
            )
        )
    return int(text)


async def _pour(
    response: http.StreamResponse,
    site: Site,
    channel: Channel,
    after: int,
    listener: asyncio.Queue[Delivery | None],
    draw: Callable[[Delivery], str],
) -> None:
    while drawn := [
        (one.seq, draw(one)) for one in await site.hub.store.log(channel, after=after, limit=PAGE)
    ]:
        for (
            after,
            data,
        ) in drawn:  # one at a time: what a reader does not take must not pile up here
            await write(response, _event(after, data))
    while True:
        try:
            async with asyncio.timeout(HEARTBEAT):
                delivery = await listener.get()
        except TimeoutError:
            await write(response, ": still here\n\n")
            continue
        if delivery is None:
            return
        if delivery.seq > after:
            await write(response, _event(delivery.seq, draw(delivery)))
            after = delivery.seq
        elif delivery.message.body == DELETED:  # without an id: reading goes on where it was
            await write(response, f"event: deleted\ndata: {draw(delivery)}\n\n")


def _event(seq: int, data: str) -> str:
    return f"id: {seq}\ndata: {data}\n\n"


async def write(response: http.StreamResponse, text: str) -> None:
    """Write to a reader; raises TimeoutError for one who does not read."""
    async with asyncio.timeout(PATIENCE):
        await response.write(text.encode())
