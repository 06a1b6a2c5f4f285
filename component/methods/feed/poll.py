"""One look at a feed: fetch it, read it, tell what is new, keep what is known of it now.

What is told is kept by the hub before it counts as known here: a crash in between brings it once
more to the hub, which knows it by its origin.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import structlog

from component.bus.model.message import Channel, Message
from component.bus.ports.method import Ports
from component.common.errors import Muted
from component.common.i18n import Words, _
from component.fetch.client import Fetcher
from component.fetch.result import Fault, Fetched, FetchError, Limits
from component.methods.feed import messages
from component.methods.feed.dedup import News, Seen, news
from component.methods.feed.errors import FeedError, HtmlPage
from component.methods.feed.interval import ACCEPT, KEPT, Heard, Hints, Step, failed, succeeded
from component.methods.feed.interval import News as Told
from component.methods.feed.parsing.item import BYTES, ITEMS, Feed
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
        self._workers = workers
        self._public = public

    async def close(self) -> None:
        """End the processes that read."""
        await self._workers.close()

    async def look(
        self, channel: Channel, state: State, choice: Choice
    ) -> tuple[State, Words | str]:
        """Look once; gives how the feed stands then, and what the trouble is. Raises StoreError:
        look again."""
        try:
            got = await self._get(channel, state)
        except (FetchError, FeedError) as error:
            return await self._failed(channel, state, error)
        return await self._read(channel, state, choice, got), ""

    async def pushed(
        self, channel: Channel, state: State, choice: Choice, body: bytes, content_type: str
    ) -> State:
        """Take what a hub sent: the feed, or some new items of it. Raises FeedError, StoreError."""
        now = self._ports.clock()
        feed = await self._understood(body, content_type, state.url)
        fresh = news(feed, state.seen or Seen(), now, at_once=choice.most)
        await self._tell(channel, state, choice, fresh, feed)
        known = {mark.key for mark in fresh.seen.marks}
        # It need not hold the whole feed: what is not in it stays known.
        others = tuple(mark for mark in (state.seen or Seen()).marks if mark.key not in known)
        seen = Seen((*others, *fresh.seen.marks)[-2 * ITEMS :], fresh.seen.loose)
        came = (*state.poll.came, now)[-KEPT:] if fresh.new else state.poll.came
        return replace(state, seen=seen, poll=replace(state.poll, came=came))

    # Getting it

    async def _get(self, channel: Channel, state: State) -> Got:
        fetcher: Fetcher = self._ports.fetcher()
        got = await fetcher.get(
            state.url,
            accept=ACCEPT,
            etag=state.etag,
            last_modified=state.last_modified,
            limits=LIMITS,
        )
        url = got.moved_to or state.url
        if got.unchanged or digest(got.body) == state.body:
            return Got(got, url, None)
        try:
            return Got(got, url, await self._parsed(got))
        except HtmlPage as page:
            if state.poll.since or not page.feeds:
                raise  # what was a feed once is no page now, but broken
            named = [one.url for one in page.feeds]
        got = await fetcher.get(named[0], accept=ACCEPT, limits=LIMITS)
        return Got(got, got.moved_to or named[0], await self._parsed(got), named[1:])

    async def _parsed(self, got: Fetched) -> Feed:
        return await self._understood(got.body, got.content_type, got.url)

    async def _understood(self, body: bytes, content_type: str, url: str) -> Feed:
        """Without our own stories: what comes from a feed may become one, and would go round for
        ever."""
        feed = await self._workers.read(body, content_type, url, self._ports.clock())
        base = self._ports.callbacks.public_url
        return replace(
            feed, items=tuple(item for item in feed.items if not messages.is_ours(item, base))
        )

    # What becomes of it

    async def _read(self, channel: Channel, state: State, choice: Choice, got: Got) -> State:
        now, answer = self._ports.clock(), got.answer
        fresh = self._news(got.feed, state, choice, now) if got.feed else None
        if fresh and got.feed:
            await self._tell(channel, state, choice, fresh, got.feed)
        step = succeeded(state.poll, now, self._ports.luck.random(), _heard(got, fresh, state, now))
        await self._say_where(channel, state, got)
        await self._say(channel, step)
        known = state.etag, state.last_modified, state.body
        if not answer.unchanged:
            known = answer.etag, answer.last_modified, digest(answer.body)
        return replace(
            state,
            url=got.url,
            poll=step.poll,
            trouble="",
            title=got.feed.title if got.feed else state.title,
            etag=known[0],
            last_modified=known[1],
            body=known[2],
            seen=fresh.seen if fresh else state.seen,
            lease=_lease(state, got, now) if self._public else state.lease,
        )

    def _news(self, feed: Feed, state: State, choice: Choice, now: int) -> News:
        found = news(feed, state.seen, now, first=choice.first, at_once=choice.most)
        if (
            feed.items
            and not state.poll.since
            and state.seen
            and len(found.new) + found.rest == len(feed.items)
        ):
            # Its owner wrote another address, and nothing there is known: that is another feed.
            return news(feed, None, now, first=choice.first, at_once=choice.most)
        return found

    async def _tell(
        self, channel: Channel, state: State, choice: Choice, fresh: News, feed: Feed
    ) -> None:
        now = self._ports.clock()
        for told in fresh.new:
            message = messages.message(
                channel, told, state.era, now, feed=feed.title, text=choice.text
            )
            if message:
                await self._accept(message)
        for told in fresh.updated[:AT_ONCE]:
            changed = messages.correction(
                channel, told, state.era, now, feed=feed.title, text=choice.text
            )
            if changed:
                await self._correct(changed, messages.original(channel, told, state.era))
        if fresh.rest:
            last = fresh.new[-1].key if fresh.new else ""
            await self._accept(
                messages.more(
                    channel, fresh.rest, last, state.era, now, feed=feed.title, link=feed.link
                )
            )

    async def _accept(self, message: Message) -> None:
        try:
            await self._ports.accept.accept(message)
        except Muted as error:
            log.info("notice not delivered", channel=str(message.channel), reason=str(error))

    async def _correct(self, message: Message, origin: str) -> None:
        try:
            await self._ports.accept.correct(message, origin)
        except Muted as error:
            log.info("correction not forwarded", channel=str(message.channel), reason=str(error))

    async def _failed(
        self, channel: Channel, state: State, error: FetchError | FeedError
    ) -> tuple[State, Words | str]:
        fetching = error if isinstance(error, FetchError) else None
        here = bool(fetching and fetching.fault is Fault.HERE)
        gone = bool(fetching and fetching.code == 410)
        step = failed(
            state.poll,
            self._ports.clock(),
            self._ports.luck.random(),
            gone=gone,
            here=here,
            retry_after=fetching.retry_after if fetching else None,
        )
        log.info(
            "feed fetch failed",
            channel=str(channel),
            reason=str(error),
            failures=step.poll.failures,
        )
        if not step.news and not step.poll.told and not state.poll.since and not here:
            # It was just added: whoever wrote its address is there to mend it.
            step = Step(replace(step.poll, told=True), Told.BROKEN)
        await self._say(channel, step, error.sentence)
        return replace(state, poll=step.poll, trouble=str(error)), error.sentence

    # What its owner hears

    async def _say(self, channel: Channel, step: Step, why: Words | str = "") -> None:
        match step.news:
            case Told.BROKEN:
                await self._ports.tell(
                    channel, _("The feed cannot be read. {why} Shoutbus keeps trying.", why=why)
                )
            case Told.GONE:
                told = _(
                    "{why} The feed is no longer checked. Edit the channel to set another "
                    "address, or remove it.",
                    why=why,
                )
                await self._ports.tell(channel, told)
            case Told.RECOVERED:
                await self._ports.tell(channel, _("The feed can be read again."))

    async def _say_where(self, channel: Channel, state: State, got: Got) -> None:
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


def _heard(got: Got, fresh: News | None, state: State, now: int) -> Heard:
    answer, feed = got.answer, got.feed
    told: dict[str, Any] = {}
    if feed:
        told["dates"] = tuple(item.at for item in feed.items if item.at)
        told["hints"] = Hints((feed.ttl or 0) * 60, tuple(sorted(feed.skip_hours)))
    return Heard(
        new=bool(fresh and (fresh.new or fresh.rest)),
        fresh_for=answer.fresh_for,
        retry_after=answer.retry_after,
        pushed=bool(state.lease and state.lease.pushes(now)),
        **told,
    )


def _lease(state: State, got: Got, now: int) -> Lease | None:
    """The lease to have at the hub that the feed offers, if it does; a new one has yet to be asked
    for."""
    feed, lease = got.feed, state.lease
    offer = feed and offered(
        got.answer.link, got.answer.url, (feed.hub,) if feed.hub else (), feed.own
    )
    if not offer or (lease and lease.topic == offer.topic and lease.hub in offer.hubs):
        return lease
    return Lease.new(offer.hubs[0], offer.topic, now)
