"""Live readers of channels. Each has a bounded queue, and is disconnected if it falls behind."""

import asyncio
from collections import defaultdict
from collections.abc import Callable

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.ports.method import Listener

ROOM = 200
"""Deliveries by which a live reader may fall behind before it is disconnected."""


class Broadcast:
    """Who reads what, live."""

    def __init__(self) -> None:
        self._by_channel: defaultdict[Channel, set[Listener]] = defaultdict(set)

    def add(self, channel: Channel) -> Listener:
        """A new reader of a channel."""
        listener: Listener = asyncio.Queue(ROOM + 1)
        self._by_channel[channel].add(listener)
        return listener

    def drop(self, channel: Channel, listener: Listener) -> None:
        """A reader that went."""
        self._by_channel[channel].discard(listener)
        if not self._by_channel[channel]:
            del self._by_channel[channel]

    def tell(self, delivery: Delivery) -> None:
        """Something new in its channel, or something changed."""
        for listener in tuple(self._by_channel.get(delivery.channel, ())):
            _give(listener, delivery)

    def let_go(self, goes: Callable[[Channel], bool] = lambda _channel: True) -> None:
        """End every reading of the channels that go."""
        for channel in [one for one in self._by_channel if goes(one)]:
            for listener in tuple(self._by_channel[channel]):
                _give(listener, None)


def _give(listener: Listener, delivery: Delivery | None) -> None:
    """Hand it over, or let the reader go: it comes back and reads what it missed from the store."""
    if listener.qsize() >= ROOM or delivery is None:
        while not listener.empty():
            listener.get_nowait()
        delivery = None
    listener.put_nowait(delivery)
