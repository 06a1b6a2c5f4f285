"""What comes to a channel, told to its subscribers: one delivery to `subscribers:CHANNEL` stands for all of them.

It goes through them in pages, and how far it has come is on disk with what became of each page: after a crash it goes
on there. Who can be told on the wire at once has no delivery of their own; all others have, and who could not be told.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from component.configured import ChannelSpec
from component.delivery import Delivery, State
from component.errors import DeliveryError, StoreError, Unavailable
from component.hub import Hub
from component.message import Channel, Message
from component.noted import noted
from component.ports import Clock, Confirmation, Corrects, Fate, Quick, Retracts
from component.store import Spread
from component.subscription import Moment, Subscription, Verdict, decide, words_of

PAGE = 256
"""Subscriptions that are looked at at once: after a crash, who of them was told may be told again."""
WINDOW = 64
"""Persons who are told on the wire and not confirmed yet, over all channels: what a room's next line waits behind."""
MOST_COUNTS = 100_000
"""Counts that are kept in memory."""
THERE = frozenset({State.CAME, State.PENDING, State.DONE})
"""How what is in a channel, or on its way there, stands."""

Sent = tuple[Channel, Confirmation | DeliveryError]


@dataclass(frozen=True, slots=True)
class _Run:
    """One message on its way to a channel's subscribers. `seq` is its delivery's to that channel, `before` are the
    channels it came to earlier: who is told of it there is not told again."""

    delivery: Delivery
    channel: Channel
    seq: int
    before: Sequence[Channel]
    words: frozenset[str]
    told: Message


@dataclass(slots=True)
class _Page:
    """What becomes of one page."""

    upto: int
    targets: list[Channel] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)
    held: list[Subscription] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)


class Subscribers:
    """The method of the channels that stand for subscribers; see `ports.Method`.

    `title` is what a channel is called, `moment` what a decision looks at. Functions in `due` are called with each new
    due time (ms).
    """

    corrects = True

    def __init__(self, hub: Hub, title: Callable[[Channel], str], moment: Callable[[], Moment], clock: Clock) -> None:
        self.due: list[Callable[[int], None]] = []
        self.arrived: Callable[[Channel], None] = lambda _target: None
        """Called with each target that was told."""
        self._hub = hub
        self._title = title
        self._moment = moment
        self._clock = clock
        self._room = asyncio.Semaphore(WINDOW)
        self._counts: dict[int, int] = {}

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Method.configure`; nobody configures these."""

    async def ready(self, channel: Channel) -> None:
        """See `ports.Method.ready`."""

    async def landed(self, channel: Channel) -> frozenset[str]:
        """See `ports.Method.landed`: how far it has come is in the store."""
        return frozenset()

    async def send(self, delivery: Delivery) -> Confirmation:
        """Tell everyone who wants it, from where an earlier run came to; done on return. Raises Unavailable where the
        store fails, and then it goes on later."""
        done: Confirmation = asyncio.get_running_loop().create_future()
        try:
            run = await self._begin(delivery)
            if run:
                await self._go(run)
        except StoreError as error:
            raise Unavailable(error.sentence) from error
        done.set_result(None)
        return done

    async def retract(self, delivery: Delivery) -> Fate:
        """See `ports.Retracts.retract`: whoever was told on the wire is asked; who subscribed since is, too."""
        run, fate, upto = await self._begin(delivery), Fate.STAYS, 0
        while run and (some := await self._hub.store.hearers(run.channel, run.words, upto, PAGE)):
            upto = some[-1].id
            for one in some:
                method: object = self._hub.method(one.target.method)
                if isinstance(method, Quick) and isinstance(method, Retracts):
                    fate = await method.retract(replace(delivery, channel=one.target))
        return fate

    async def _begin(self, delivery: Delivery) -> _Run | None:
        """None where it is not in its channel any more."""
        message, channel = delivery.message, Channel.parse(delivery.channel.address)
        trace = [one for one in await self._hub.store.trace(message.id) if one.state in THERE]
        here = next((one for one in trace if one.channel == channel), None)
        if here is None:
            return None
        before = [one.channel for one in trace if one.seq < here.seq and one.channel in self._hub.flow.heard]
        told = noted(message, self._title(channel), await self._answered(message, channel))
        return _Run(delivery, channel, here.seq, before, words_of(message.body), told)

    async def _answered(self, message: Message, channel: Channel) -> Message | None:
        """What a message answers, where that came to this channel too: else it is others' affair."""
        hops = await self._hub.store.trace(message.replies) if message.replies else ()
        return next((hop.message for hop in hops if hop.channel == channel and hop.state in THERE), None)

    async def _go(self, run: _Run) -> None:
        """Page after page; each is kept, once all of it is confirmed or has a delivery, while the next is sent."""
        upto = await self._hub.store.spread_upto(run.delivery.seq)
        keeping = asyncio.create_task(asyncio.sleep(0))
        try:
            while some := await self._hub.store.hearers(run.channel, run.words, upto, PAGE):
                upto = some[-1].id
                page = await self._page(run, some)
                await keeping
                keeping = asyncio.create_task(self._keep(run, page))
            await keeping
        except StoreError:
            await asyncio.wait([keeping])  # what it commits has to be brought on
            raise
        finally:
            keeping.cancel()

    async def _page(self, run: _Run, some: Sequence[Subscription]) -> _Page:
        page, moment = _Page(some[-1].id), self._moment()
        elsewhere = await self._elsewhere(run, some, moment)
        for one in some:
            verdict = decide(one, run.delivery.message, moment)
            if verdict is Verdict.NOW and one.target not in elsewhere:
                await self._tell(run, one, page)
            elif run.delivery.message.corrects:
                continue  # a digest tells what it corrects
            elif verdict is Verdict.HOLD:
                until = moment.quiet_until(one) or moment.now
                page.held.append(one.held(run.seq - 1, until))
            elif verdict is Verdict.COUNT and await self._is_full(run, one):
                page.held.append(replace(one, due=moment.now))
        return page

    async def _elsewhere(self, run: _Run, some: Sequence[Subscription], moment: Moment) -> frozenset[Channel]:
        """Whose turn it was at a channel that the message came to before."""
        if not run.before:
            return frozenset()
        theirs = await self._hub.store.subscriptions_of({one.target for one in some}, run.before)
        message = run.delivery.message
        return frozenset(one.target for one in theirs if decide(one, message, moment) is Verdict.NOW)

    async def _tell(self, run: _Run, one: Subscription, page: _Page) -> None:
        method: object = self._hub.method(one.target.method)
        if run.delivery.message.corrects and not isinstance(method, Corrects):
            return  # told as it first was
        if not one.interval.at_once:
            page.told.append((one.id, run.seq))
        if not isinstance(method, Quick):
            page.targets.append(one.target)
            return
        await self._room.acquire()
        try:
            sent = await method.tell(one.target, run.told)
        except DeliveryError as error:
            self._room.release()
            page.sent.append((one.target, error))
            return
        sent.add_done_callback(lambda _sent: self._room.release())
        page.sent.append((one.target, sent))

    async def _keep(self, run: _Run, page: _Page) -> None:
        """Wait for the page's confirmations; who could not be told gets a delivery. Raises StoreError."""
        if flights := [sent for _target, sent in page.sent if isinstance(sent, asyncio.Future)]:
            await asyncio.wait(flights)
        for target, sent in page.sent:
            if isinstance(sent, DeliveryError) or sent.exception():
                page.targets.append(target)
            else:
                self.arrived(target)
        await self._hub.spread(Spread(run.delivery, page.upto, page.targets, page.told, page.held))
        for one in page.held:
            for call in self.due:
                call(one.due)

    async def _is_full(self, run: _Run, one: Subscription) -> bool:
        """Whether as many messages wait as someone wants in a digest. The store is asked when that is likely."""
        if one.due:
            return False
        known = self._counts.get(one.id)
        count = known + 1 if known is not None else await self._counted(run, one)
        if count >= one.interval.count and known is not None:
            count = await self._counted(run, one)
        if len(self._counts) >= MOST_COUNTS:
            self._counts.clear()
        self._counts[one.id] = count
        if count < one.interval.count:
            return False
        del self._counts[one.id]
        return True

    async def _counted(self, run: _Run, one: Subscription) -> int:
        if not (one.only or one.without or one.thread) and one.own:
            return await self._hub.store.counted(one.channel, one.cursor, run.seq)
        found = await self._hub.store.between(one.channel, one.cursor, run.seq, 10 * one.interval.count)
        return sum(one.wants(delivery.message) for delivery in found)
