"""One poll of a feed: fetch it, parse it, send what is new, and give the feed's next state.

The hub stores what is new before it counts as known here. After a crash in between it comes to the
hub once more, which recognizes it by its origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import structlog

from component.bus.model.message import Channel, Message
from component.bus.ports.method import Ports
from component.common.errors import Muted
from component.common.i18n import Words, _
from component.fetch.client import Fetcher
from component.fetch.result import Fault, Fetched, FetchError, Limits
from component.methods.feed import messages
from component.methods.feed.dedup import News, Seen, news
from component.methods.feed.errors import FeedError, HtmlPage, NoFeed
from component.methods.feed.interval import (
    ACCEPT,
    KEPT,
    Heard,
    Hints,
    OwnerNotice,
    Step,
    failed,
    succeeded,
)
from component.methods.feed.parsing.item import BYTES, ITEMS, Feed
from component.methods.feed.parsing.page import in_header, in_order
from component.methods.feed.sandbox.workers import Workers
from component.methods.feed.state import State, digest
from component.methods.feed.websub import Lease, offered

log = structlog.get_logger()

AT_ONCE = 10
"""Changed items that one look corrects."""
LIMITS = Limits(packed=BYTES, body=BYTES)
"""What is fetched of a feed at most is what is read of it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What a feed's owner chose: how many items to tell `first` and at `most`, and whether with
    their text."""

    first: int
    most: int
    text: bool


@dataclass(frozen=True, slots=True)
class Got:
    """What a look brought: `url` is the feed's from now on; no `feed` where it is as it was."""

    answer: Fetched
    url: str
    feed: Feed | None
    others: Sequence[str] = ()
    """Other feeds that the page named which led here."""


class Looking:
    """Looks at feeds, for all of them."""

    def __init__(self, ports: Ports, workers: Workers, *, public: bool) -> None:
        """Where the bus is `public`, hubs can call it."""
        self._ports = ports
        self.workers = workers
        self._public = public

    async def close(self) -> None:
        """End the processes that read."""
        await self.workers.close()

    async def look(
        self, channel: Channel, state: State, choice: Choice
    ) -> tuple[State, Words | str]:
        """Look once; gives how the feed stands then, and what the trouble is. Raises StoreError:
        look again."""
        try:
            got = await self.fetch(state)
        except (FetchError, FeedError) as error:
            return await self.failed(channel, state, error)
        return await self.take(channel, state, choice, got), ""

    async def pushed(
        self, channel: Channel, state: State, choice: Choice, body: bytes, content_type: str
    ) -> State:
        """Take what a hub sent: the feed, or some new items of it. Raises FeedError, StoreError."""
        now = self._ports.clock()
        feed = await self.parse(body, content_type, state.url)
        fresh = news(feed, state.seen or Seen(), now, at_once=choice.most)
        await self.send(channel, state, choice, fresh, feed)
        came = state.poll.came
        if fresh.new:
            came = (*came, now)[-KEPT:]
        seen = with_earlier(fresh.seen, state.seen or Seen())
        return replace(state, seen=seen, poll=replace(state.poll, came=came))

    # Fetching

    async def fetch(self, state: State) -> Got:
        """Fetch the feed, or the first one that a page names. Raises FetchError, FeedError."""
        fetcher: Fetcher = self._ports.fetcher()
        etag, last_modified = state.condition(self._ports.clock())
        got = await fetcher.get(
            state.url, accept=ACCEPT, etag=etag, last_modified=last_modified, limits=LIMITS
        )
        url = got.moved_to or state.url
        if got.unchanged or digest(got.body) == state.body:
            return Got(got, url, None)
        try:
            return Got(got, url, await self.parse(got.body, got.content_type, got.url))
        except NoFeed as page:
            named = named_feeds(page, got)
            if state.poll.since or not named:
                raise  # it was a feed before: now it is broken
        got = await fetcher.get(named[0], accept=ACCEPT, limits=LIMITS)
        feed = await self.parse(got.body, got.content_type, got.url)
        return Got(got, got.moved_to or named[0], feed, named[1:])

    async def parse(self, body: bytes, content_type: str, url: str) -> Feed:
        """The feed, without our own stories: a story made from a feed's item would come back for
        ever. Raises FeedError."""
        feed = await self.workers.read(body, content_type, url, self._ports.clock())
        base = self._ports.callbacks.public_url
        items = [item for item in feed.items if not messages.is_ours(item, base)]
        return replace(feed, items=tuple(items))

    # What follows

    async def take(self, channel: Channel, state: State, choice: Choice, got: Got) -> State:
        """Send what is new, notify the owner, and give the next state. Raises StoreError."""
        now, answer = self._ports.clock(), got.answer
        fresh = None
        if got.feed:
            fresh = new_items(got.feed, state, choice, now)
            await self.send(channel, state, choice, fresh, got.feed)
        step = succeeded(state.poll, now, self._ports.luck.random(), heard(got, fresh, state, now))
        await self.notify_address(channel, state, got)
        await self.notify(channel, step)
        state = replace(state, url=got.url, poll=step.poll, trouble="")
        if not answer.unchanged:
            state = replace(
                state,
                etag=answer.etag,
                last_modified=answer.last_modified,
                body=digest(answer.body),
                whole=now,
            )
        if got.feed and fresh:
            state = replace(state, title=got.feed.title, seen=fresh.seen)
        if self._public and got.feed:
            state = replace(state, lease=lease(state, got.feed, answer, now))
        return state

    async def send(
        self, channel: Channel, state: State, choice: Choice, fresh: News, feed: Feed
    ) -> None:
        """Send new items, corrections, and how many more there are. Raises StoreError."""
        now = self._ports.clock()
        for told in fresh.new:
            message = messages.message(
                channel, told, state.era, now, feed=feed.title, text=choice.text
            )
            if message:
                await self.accept(message)
        for told in fresh.updated[:AT_ONCE]:
            changed = messages.correction(
                channel, told, state.era, now, feed=feed.title, text=choice.text
            )
            if changed:
                await self.correct(changed, messages.original(channel, told, state.era))
        if fresh.rest:
            last = ""
            if fresh.new:
                last = fresh.new[-1].key
            more = messages.more(
                channel, fresh.rest, last, state.era, now, feed=feed.title, link=feed.link
            )
            await self.accept(more)

    async def accept(self, message: Message) -> None:
        """Give a message to the hub. A muted feed is logged. Raises StoreError."""
        try:
            await self._ports.accept.accept(message)
        except Muted as error:
            log.info("notice not delivered", channel=str(message.channel), reason=str(error))

    async def correct(self, message: Message, origin: str) -> None:
        """Correct an earlier message. A muted feed is logged. Raises StoreError."""
        try:
            await self._ports.accept.correct(message, origin)
        except Muted as error:
            log.info("correction not forwarded", channel=str(message.channel), reason=str(error))

    async def failed(
        self, channel: Channel, state: State, error: FetchError | FeedError
    ) -> tuple[State, Words | str]:
        """The state after a failure, and what is wrong; the owner is notified once."""
        here = gone = False
        retry_after = None
        if isinstance(error, FetchError):
            here = error.fault is Fault.HERE
            gone = error.code == 410
            retry_after = error.retry_after
        step = failed(
            state.poll,
            self._ports.clock(),
            self._ports.luck.random(),
            gone=gone,
            here=here,
            retry_after=retry_after,
        )
        log.info(
            "feed fetch failed",
            channel=str(channel),
            reason=str(error),
            failures=step.poll.failures,
        )
        if not step.news and not step.poll.told and not state.poll.since and not here:
            # It was just added: the person who wrote its address can correct it now.
            step = Step(replace(step.poll, told=True), OwnerNotice.BROKEN)
        await self.notify(channel, step, error.sentence)
        return replace(state, poll=step.poll, trouble=str(error)), error.sentence

    # Notices to the owner

    async def notify(self, channel: Channel, step: Step, why: Words | str = "") -> None:
        """Notify the owner of trouble, and of its end. Raises StoreError."""
        match step.news:
            case OwnerNotice.BROKEN:
                await self._ports.tell(
                    channel, _("The feed cannot be read. {why} Shoutbus keeps trying.", why=why)
                )
            case OwnerNotice.GONE:
                told = _(
                    "{why} The feed is no longer checked. Edit the channel to set another "
                    "address, or remove it.",
                    why=why,
                )
                await self._ports.tell(channel, told)
            case OwnerNotice.RECOVERED:
                await self._ports.tell(channel, _("The feed can be read again."))

    async def notify_address(self, channel: Channel, state: State, got: Got) -> None:
        """Notify the owner of another address, or of the choice among several feeds."""
        url = messages.shown(got.url)
        if got.others:
            others = ", ".join(got.others[:9])
            await self._ports.tell(
                channel,
                _(
                    "The page links to several feeds. Shoutbus reads the first one, {url}. To "
                    "use another one, edit the channel: {others}",
                    url=url,
                    others=others,
                ),
            )
        elif got.url != state.url and state.poll.since:
            await self._ports.tell(
                channel,
                _("The feed has moved permanently. Shoutbus now reads it at {url}.", url=url),
            )


def named_feeds(page: NoFeed, got: Fetched) -> list[str]:
    """The feeds that something else names, in itself or in the Link header that came with it."""
    links = in_header(got.link, got.url)
    if isinstance(page, HtmlPage):
        links = in_order([*page.feeds, *links])
    return [link.url for link in links]


def new_items(feed: Feed, state: State, choice: Choice, now: int) -> News:
    """What is new in the feed."""
    fresh = news(feed, state.seen, now, first=choice.first, at_once=choice.most)
    nothing_known = len(fresh.new) + fresh.rest == len(feed.items)
    if feed.items and nothing_known and state.seen and not state.poll.since:
        # Its owner wrote another address, and no item there is known: that is another feed.
        return news(feed, None, now, first=choice.first, at_once=choice.most)
    return fresh


def with_earlier(seen: Seen, earlier: Seen) -> Seen:
    """What is known after a push, which need not hold the whole feed: the rest stays known."""
    known = {mark.key for mark in seen.marks}
    others = [mark for mark in earlier.marks if mark.key not in known]
    return Seen((*others, *seen.marks)[-2 * ITEMS :], seen.loose)


def heard(got: Got, fresh: News | None, state: State, now: int) -> Heard:
    """What a successful poll says about the time of the next."""
    answer = got.answer
    whole = 0
    if answer.unchanged:
        whole = state.whole
    found = Heard(
        new=fresh is not None and bool(fresh.new or fresh.rest),
        fresh_for=answer.fresh_for,
        retry_after=answer.retry_after,
        pushed=state.lease is not None and state.lease.pushes(now),
        whole=whole,
    )
    if not got.feed:
        return found
    return replace(
        found,
        dates=tuple(item.at for item in got.feed.items if item.at),
        hints=Hints((got.feed.ttl or 0) * 60, tuple(sorted(got.feed.skip_hours))),
    )


def lease(state: State, feed: Feed, answer: Fetched, now: int) -> Lease | None:
    """The lease at the hub that the feed offers, if it does. A new one is yet to be requested."""
    hubs: tuple[str, ...] = ()
    if feed.hub:
        hubs = (feed.hub,)
    offer = offered(answer.link, answer.url, hubs, feed.own)
    present = state.lease
    if not offer or (present and present.topic == offer.topic and present.hub in offer.hubs):
        return present
    return Lease.new(offer.hubs[0], offer.topic, now)
