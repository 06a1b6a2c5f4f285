"""A feed is tried before it is added: fetched and read once, with the limits and the addresses of
any poll. Nothing is posted or stored."""

from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from component.common.errors import BadInput
from component.common.i18n import Words, _
from component.fetch.client import Fetcher
from component.fetch.result import Fetched
from component.methods.feed.errors import NoFeed
from component.methods.feed.interval import ACCEPT
from component.methods.feed.parsing.item import Feed
from component.methods.feed.poll import LIMITS, named_feeds
from component.methods.feed.sandbox.workers import Workers

MAX_TITLE = 100
"""Characters of a feed's title that are kept."""


@dataclass(frozen=True, slots=True)
class Tried:
    """What is at an address: the address of the feed itself, its title, and how many items it
    has."""

    url: str
    title: str
    count: int


async def tried(fetcher: Fetcher, url: str, now: int) -> Tried:
    """The feed at an address, or the first one that a page there names. Raises FetchError,
    FeedError."""
    async with aclosing(Reader(now)) as reader:
        got = await fetcher.get(url, accept=ACCEPT, limits=LIMITS)
        try:
            feed = await reader.read(got)
        except NoFeed as page:
            named = named_feeds(page, got)
            if not named:
                raise
            url = named[0]
            feed = await reader.read(await fetcher.get(url, accept=ACCEPT, limits=LIMITS))
    return Tried(url, feed.title[:MAX_TITLE], len(feed.items))


async def trial(fetcher: Fetcher, settings: Any, now: int) -> Words:
    """What a channel with these settings would read. Raises FetchError, FeedError."""
    found = await tried(fetcher, str(settings.url), now)
    return _("The feed “{title}” was read; items: {count}.", title=found.title, count=found.count)


class Reader:
    """A process that reads the feed that is tried, until it is closed."""

    def __init__(self, now: int) -> None:
        self._workers = Workers()
        self._now = now

    async def read(self, got: Fetched) -> Feed:
        """The feed in an answer; raises FeedError."""
        if not got.body:
            raise BadInput(_("The address answered without content. Check the address."))
        return await self._workers.read(got.body, got.content_type, got.url, self._now)

    async def aclose(self) -> None:
        """End the process."""
        await self._workers.close()
