"""Brings what comes to a channel to its subscribers: one delivery to `subscribers:CHANNEL` is for
all of them.

It goes through them in pages, and its progress is on disk with what became of each page: after a
crash it continues there. Subscribers who are reached on the wire immediately have no delivery; all
others have one, and so have those who could not be reached.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from component.bus.engine.hub import Hub
from component.bus.model import flow_control
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.model.subscription import DecisionTime, Subscription, Verdict, decide, words_of
from component.bus.ports.fan_out import FanOutPage
from component.bus.ports.method import Clock, Confirmation, Corrects, Fate, Quick, Retracts
from component.bus.ports.rendering import AsIs, Rendered
from component.bus.ports.store import Store
from component.common.errors import DeliveryError, StoreError, Unavailable
from component.subscriptions.audience import Audience
from component.subscriptions.counters import Counters
from component.subscriptions.instant import noted

PAGE = 128
"""Subscriptions that are looked at at once. After a crash, those may be told again who were told of
the page that was being sent and of the one before it."""
FILTERS_PER_TURN = 16
"""Subscriptions with filters between which others get their turn."""
MAX_UNSAVED = 1_000
"""Deliveries of which it is known what of them is not kept yet."""
THERE = frozenset({State.RECEIVED, State.PENDING, State.DELIVERED})
"""How what is in a channel, or on its way there, stands."""

Sent = tuple[Channel, Confirmation | DeliveryError]


@dataclass(frozen=True, slots=True)
class Run:
    """One message on its way to a channel's subscribers. `seq` is its delivery's to that channel,
    `before` are the channels with subscribers it came to earlier, `brought` all that it comes to:
    subscribers who get it there do not get it again."""

    delivery: Delivery
    channel: Channel
    seq: int
    before: Sequence[Channel]
    brought: frozenset[Channel]
    words: frozenset[str]
    told: Message


@dataclass(slots=True)
class PageOutcome:
    """What becomes of one page. `waits` are those whose server has enough for now, `counts` those
    who want so many messages at once; nobody waits longer than until `end` (the loop's time)."""

    upto: int
    targets: list[Channel] = field(default_factory=list)
    told: list[tuple[int, int]] = field(default_factory=list)
    held: list[Subscription] = field(default_factory=list)
    waits: list[Channel] = field(default_factory=list)
    counts: list[Subscription] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    end: float = 0.0

    async def landed(self) -> frozenset[Channel]:
        """Wait until all is confirmed, or until `end`. Returns those who could not be told, or of
        whom that is not proved."""
        flights = [sent for _target, sent in self.sent if isinstance(sent, asyncio.Future)]
        if flights:
            left = self.end - asyncio.get_running_loop().time()
            await asyncio.wait(flights, timeout=max(0.0, left))
        late = frozenset(target for target, sent in self.sent if _failed(sent))
        for flight in flights:
            if not flight.done():
                flight.add_done_callback(_seen)
        return late


def _failed(sent: Confirmation | DeliveryError) -> bool:
    return isinstance(sent, DeliveryError) or not sent.done() or sent.exception() is not None


class Subscribers:
    """The method of the channels that hold the subscribers of others.

    `title` is what a channel is called, `moment` what a decision looks at. Functions in `due` are
    called with each new due time (ms).
    """

    corrects = True
    form = AsIs()

    def __init__(
        self,
        hub: Hub,
        store: Store,
        audience: Audience,
        title: Callable[[Channel], str],
        moment: Callable[[], DecisionTime],
        clock: Clock,
    ) -> None:
        self.due: list[Callable[[int], None]] = []
        self.patience_s = flow_control.PATIENCE_S
        """The seconds that a page waits for confirmations."""
        self._hub = hub
        self._store = store
        self._audience = audience
        self._title = title
        self._moment = moment
        self._clock = clock
        self._counts = Counters(store.digests)
        # What was told and is not kept yet, by the seq of its delivery.
        self._left: dict[int, list[PageOutcome]] = {}

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nobody configures these channels."""

    async def ready(self, channel: Channel) -> None:
        """Return at once."""

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Nothing: the progress is in the store."""
        return frozenset()

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        """Tell everyone who wants it, from where an earlier run came to; done on return. Raises
        Unavailable where the store fails, and then continues later."""
        done: Confirmation = asyncio.get_running_loop().create_future()
        try:
            run = await self._begin(rendered.delivery)
            if run:
                await self._go(run)
        except StoreError as error:
            raise Unavailable(error.sentence) from error
        done.set_result(None)
        return done

    async def retract(self, delivery: Delivery) -> Fate:
        """Ask everyone who may have got it on the wire to hide it. Which of them wanted it is not
        known any more: its words are gone."""
        channel, fate, upto = Channel.parse(delivery.channel.address), Fate.STAYS, 0
        while some := await self._store.subscriptions.find(channel=channel, after=upto, limit=PAGE):
            upto = some[-1].id
            for one in some:
                method: object = self._hub.method(one.target.method)
                on_wire = isinstance(method, Quick) and _hears_at_once(one)
                if on_wire and isinstance(method, Retracts):
                    fate = await method.retract(replace(delivery, channel=one.target))
        return fate

    async def _begin(self, delivery: Delivery) -> Run | None:
        """None where it is not in its channel any more."""
        message, channel = delivery.message, Channel.parse(delivery.channel.address)
        trace = [one for one in await self._store.messages.trace(message.id) if one.state in THERE]
        here = next((one for one in trace if one.channel == channel), None)
        if here is None:
            return None
        before = [
            one.channel for one in trace if one.seq < here.seq and one.channel in self._audience
        ]
        brought = frozenset(one.channel for one in trace)
        told = noted(message, self._title(channel), await self._answered(message, channel))
        return Run(delivery, channel, here.seq, before, brought, words_of(message.body), told)

    async def _answered(self, message: Message, channel: Channel) -> Message | None:
        """What a message answers, where that came to this channel too: else it is others'
        affair."""
        if not message.replies:
            return None
        for hop in await self._store.messages.trace(message.replies):
            if hop.channel == channel and hop.state in THERE:
                return hop.message
        return None

    async def _go(self, run: Run) -> None:
        """Send page after page. A page is saved when all of it is confirmed or has a delivery;
        meanwhile the next one is sent. What an earlier attempt could not save is saved first, so
        that nobody gets it twice while the store fails."""
        seq = run.delivery.seq
        left = self._left.setdefault(seq, [])
        if len(self._left) > MAX_UNSAVED:
            del self._left[next(iter(self._left))]
        for page in tuple(left):
            await self._keep(run, page, left)
        await self._tell_all(run, await self._store.fan_out.progress(seq), left)
        self._left.pop(seq, None)
        if await self._is_deleted(run):  # while they were told: nobody asked them yet
            await self.retract(run.delivery)

    async def _is_deleted(self, run: Run) -> bool:
        return await self._store.messages.deletion(run.delivery.message.id) is not None

    async def _tell_all(self, run: Run, upto: int, left: list[PageOutcome]) -> None:
        keeping = asyncio.create_task(asyncio.sleep(0))
        try:
            while some := await self._store.subscriptions.listeners(
                run.channel, run.words, upto, PAGE
            ):
                upto = some[-1].id
                page = await self.page(run, some)
                left.append(page)
                await keeping
                keeping = asyncio.create_task(self._keep(run, page, left))
                if len(some) == PAGE and await self._is_deleted(run):
                    break
            await keeping
        except StoreError:
            # What it commits has to be brought on.
            await asyncio.gather(keeping, return_exceptions=True)
            raise
        finally:
            keeping.cancel()

    async def page(self, run: Run, some: Sequence[Subscription]) -> PageOutcome:
        """Send to some subscriptions, and note what becomes of each."""
        page, moment, filters = PageOutcome(some[-1].id), self._moment(), 0
        elsewhere = run.brought | await self._elsewhere(run, some, moment)
        for one in some:
            if run.seq <= one.cursor:
                continue  # it came in their digest meanwhile, or they subscribed since
            if one.only or one.without:
                filters += 1
                if filters % FILTERS_PER_TURN == 0:
                    await asyncio.sleep(0)
            verdict = decide(one, run.delivery.message, moment)
            if verdict is Verdict.NOW and one.target not in elsewhere:
                await self._tell(run, one, page)
            else:
                _let_wait(run, one, verdict, page, moment)
        for target in page.waits:
            await self._await(run, target, page)
        page.end = asyncio.get_running_loop().time() + self.patience_s
        return page

    async def _elsewhere(
        self, run: Run, some: Sequence[Subscription], moment: DecisionTime
    ) -> frozenset[Channel]:
        """Whose turn it was at a channel that the message came to before."""
        if not run.before:
            return frozenset()
        theirs = await self._store.subscriptions.between({one.target for one in some}, run.before)
        message = run.delivery.message
        return frozenset(
            one.target for one in theirs if decide(one, message, moment) is Verdict.NOW
        )

    async def _tell(self, run: Run, one: Subscription, page: PageOutcome) -> None:
        """On the wire, where their server answers; those whose server has enough are let wait."""
        method: object = self._hub.method(one.target.method)
        if run.delivery.message.corrects and not isinstance(method, Corrects):
            return  # told as it first was
        if not one.interval.at_once:
            page.told.append((one.id, run.seq))
        if not isinstance(method, Quick):
            page.targets.append(one.target)
        elif method.way(one.target).full:
            page.waits.append(one.target)
        else:
            await self._put(run, method, one.target, page)

    async def _await(self, run: Run, target: Channel, page: PageOutcome) -> None:
        method: object = self._hub.method(target.method)
        if isinstance(method, Quick):
            await method.way(target).room()
            await self._put(run, method, target, page)

    @staticmethod
    async def _put(run: Run, method: Quick, target: Channel, page: PageOutcome) -> None:
        await method.ready(target)  # while nobody can be told, nobody gets a delivery for that
        if method.way(target).silent:
            page.targets.append(target)
            return
        try:
            page.sent.append((target, await method.tell(target, run.told)))
        except DeliveryError as error:
            page.sent.append((target, error))

    async def _keep(self, run: Run, page: PageOutcome, left: list[PageOutcome]) -> None:
        """Wait for the page's confirmations; who could not be told, or not yet, gets a delivery. It
        may come twice to the latter, with the same id, where their server took it and never said
        so. Raises StoreError."""
        late = await page.landed()
        held = list(page.held)
        for one in await self._counts.full(page.counts, run.seq):
            held.append(replace(one, due=self._clock()))
        targets = [*page.targets, *sorted(late)]
        await self._hub.write([FanOutPage(run.delivery, page.upto, targets, page.told, held)])
        left.remove(page)
        for one in held:
            for call in self.due:
                call(one.due)


def _let_wait(
    run: Run, one: Subscription, verdict: Verdict, page: PageOutcome, moment: DecisionTime
) -> None:
    """Note for a digest what is not told now. What a message corrects, a digest tells itself."""
    if run.delivery.message.corrects:
        return
    if verdict is Verdict.HOLD:
        page.held.append(one.held(run.seq - 1, moment.quiet_until(one) or moment.now))
    elif verdict is Verdict.COUNT and not one.due:
        page.counts.append(one)


def _seen(flight: Confirmation) -> None:
    """Nobody waits for it any more: their own delivery has what becomes of it."""
    if not flight.cancelled():
        flight.exception()


def _hears_at_once(one: Subscription) -> bool:
    return one.interval.at_once or one.online or bool(one.name)
