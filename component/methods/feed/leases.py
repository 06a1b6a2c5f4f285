"""The leases that feeds have at their hubs (`websub`): requested, verified, renewed in time."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
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
        """Ask the hub when the lease is due."""
        lease = lease_of(feed)
        if not lease or not self._base or lease.state is websub.LeaseState.ENDED:
            return

        self._ports.timer.at(name(feed.channel), lease.due, partial(self.ask, feed))

    async def ask(self, feed: Leased) -> None:
        """Ask the hub for the lease, unless others of that hub are being asked."""
        lease = lease_of(feed)
        if not lease or self.of_channel(feed.channel) is not feed:
            return
        if not self._turns.take(feed.channel, urlsplit(lease.hub).hostname or ""):
            return  # `let_next_ask` comes back to it
        try:
            await self.request(feed, lease)
        finally:
            self._turns.free(feed.channel)
            self.let_next_ask()

    def let_next_ask(self) -> None:
        """Let the next feed ask that waited; one that was removed gives its turn to another."""
        after = self._turns.next()
        while after:
            feed = self.of_channel(after)
            if feed:
                self.later(feed)
                return
            after = self._turns.next()

    def of_channel(self, channel: Channel) -> Leased | None:
        """The feed of a channel; None where it was removed."""
        for feed in self._all():
            if feed.channel == channel:
                return feed
        return None

    async def request(self, feed: Leased, lease: Lease) -> None:
        """Ask now. The hub may verify before its answer arrives."""
        try:
            await self.store(feed, websub.asked(lease, self._ports.clock()))
            await websub.ask(self._ports.fetcher(), lease, f"{self._base}/websub/{lease.token}")
        except FetchError as error:
            log.info(
                "WebSub request failed", channel=str(feed.channel), hub=lease.hub, reason=str(error)
            )
        except StoreError as error:
            log.warning("WebSub lease postponed", channel=str(feed.channel), reason=str(error))
        self.later(feed)

    async def store(self, feed: Leased, lease: Lease) -> None:
        """Store the lease. Raises StoreError."""
        if feed.state:
            feed.state = replace(feed.state, lease=lease)
            await self._ports.memory.keep(feed.channel, feed.state.dump())

    async def verify(self, token: str, query: Mapping[str, str]) -> tuple[int, str]:
        """The answer to a hub's verification request: a status and a body. Raises StoreError."""
        feed = self.find(token)
        lease = None
        if feed:
            lease = lease_of(feed)
        answer = websub.verified(lease, query, self._ports.clock())
        if feed and answer.lease:
            await self.store(feed, answer.lease)
            self.later(feed)
        return answer.status, answer.body

    def find(self, token: str) -> Leased | None:
        """The feed whose lease has this token; None where there is no such feed."""
        for feed in self._all():
            lease = lease_of(feed)
            if lease and lease.token == token:
                return feed
        return None


def lease_of(feed: Leased) -> Lease | None:
    """The feed's lease, if it has one and its state is known."""
    if feed.state is None:
        return None
    return feed.state.lease


def name(channel: Channel) -> str:
    """What the timer knows a lease by."""
    return f"{channel} lease"
