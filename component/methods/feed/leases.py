"""The leases that feeds have at their hubs: asked for, verified, renewed in time; see `websub.py`
for what they are."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Protocol
from urllib.parse import urlsplit

import structlog

from component.bus.model.message import Channel
from component.bus.ports.method import Ports
from component.common.errors import StoreError
from component.fetch.result import FetchError
from component.methods.feed import websub
from component.methods.feed.host_limit import Turns
from component.methods.feed.state import State
from component.methods.feed.websub import Lease

log = structlog.get_logger()

AT_ONCE = 8
"""Hubs that are asked at one time, each for one feed: with looks fewer than the scheduler runs
jobs, so that a hub which never answers holds up neither reminders nor other feeds."""


class Leased(Protocol):
    """A feed as far as its lease goes; its state is None until it is known."""

    channel: Channel
    state: State | None


class Leases:
    """The leases of the feeds that `all` gives, which hubs confirm below `base`; none where that is
    ""."""

    def __init__(self, ports: Ports, base: str, all: Callable[[], Iterable[Leased]]) -> None:
        self._ports = ports
        self._base = base
        self._all = all
        self._turns = Turns(AT_ONCE)

    def later(self, feed: Leased) -> None:
        """See to its lease when that is due."""
        lease = feed.state and feed.state.lease
        if not lease or not self._base or lease.state is websub.State.ENDED:
            return

        async def ask() -> None:
            await self._ask(feed)

        self._ports.timer.at(name(feed.channel), lease.due, ask)

    async def _ask(self, feed: Leased) -> None:
        """Ask the hub for it, or once more, when it has its turn."""
        lease = feed.state and feed.state.lease
        if not lease or not any(one is feed for one in self._all()):
            return
        if not self._turns.take(feed.channel, urlsplit(lease.hub).hostname or ""):
            return  # it is named when there is one
        try:
            await self._asked(feed, lease)
        finally:
            self._turns.free(feed.channel)
            self._next()

    def _next(self) -> None:
        """Who waited may ask; one that was removed meanwhile gives its turn to another."""
        while after := self._turns.next():
            if found := next((one for one in self._all() if one.channel == after), None):
                self.later(found)
                return

    async def _asked(self, feed: Leased, lease: Lease) -> None:
        """Ask. The hub may verify before its answer is there."""
        try:
            await self._keep(feed, websub.asked(lease, self._ports.clock()))
            await websub.ask(self._ports.fetcher(), lease, f"{self._base}/websub/{lease.token}")
        except FetchError as error:
            log.info(
                "WebSub request failed", channel=str(feed.channel), hub=lease.hub, reason=str(error)
            )
        except StoreError as error:
            log.warning("WebSub lease postponed", channel=str(feed.channel), reason=str(error))
        self.later(feed)

    async def _keep(self, feed: Leased, lease: Lease) -> None:
        if feed.state:
            feed.state = replace(feed.state, lease=lease)
            await self._ports.memory.keep(feed.channel, feed.state.dump())

    async def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """See `ports.Pushed.verify`."""
        feed = self.find(token)
        answer = websub.verified(
            feed.state.lease if feed and feed.state else None, query, self._ports.clock()
        )
        if feed and answer.lease:
            await self._keep(feed, answer.lease)
            self.later(feed)
        return answer.status, answer.body

    def find(self, token: str) -> Leased | None:
        """Whose token it is."""
        return next(
            (
                one
                for one in self._all()
                if one.state and one.state.lease and one.state.lease.token == token
            ),
            None,
        )


def name(channel: Channel) -> str:
    """What the timer knows a lease by."""
    return f"{channel} lease"
