"""Digests of subscriptions, made when they are due: one for all of a target's that are due
together, on disk in the same transaction in which those subscriptions advance. So each is made once
in its time, whatever happens meanwhile; what was due while the bus was away becomes one.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from component.bus.engine.hub import Hub
from component.bus.model.message import BUS, Channel, Kind, Message
from component.bus.model.route import grouped
from component.bus.model.subscription import DecisionTime, Subscription
from component.bus.ports.deliveries import DeliveryStore
from component.bus.ports.digests import DigestPart, DigestStore, DigestTurn
from component.bus.ports.fan_out import FanOutStore
from component.bus.ports.method import Clock, Timer
from component.common.errors import StoreError
from component.subscriptions.log_reader import alike, first
from component.subscriptions.service import Subscriptions

log = structlog.get_logger()

MAX_BESIDE = 16
"""Digests that are made beside each other."""
MAX_COUNTED = 20
"""Messages that are counted to see whether a digest has anything to tell."""
RETRY_WITHOUT_TIME_MS = 3_600_000
"""Milliseconds before what failed is tried again, where it goes by no clock."""
RETRY_MS = 10_000
"""Milliseconds before what the disk refused is tried again."""
FAR_AHEAD_MS = 8 * 86_400_000
"""Milliseconds ahead that few are due; whether they are by a clock that was wrong is looked at each
hour."""
HOUR_MS = 3_600_000
_NAME = "digests"


@dataclass(frozen=True, slots=True)
class DigestLimits:
    """Subscriptions that are taken up at once (`page`); persons for whom a run's digests may wait
    to be sent (`people`): more are made once some of them were, or after `patience_s`, so that
    those who can't be reached hold up nobody else."""

    page: int = 200
    people: int = 500
    patience_s: float = 5.0


DIGEST_LIMITS = DigestLimits()


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands: how many digests' turns were `taken` since it began (`since`, in ms; 0
    where none runs)."""

    taken: int = 0
    since: int = 0


class Digests:
    """Makes them. Call `start` once the hub has started; then `timer` wakes it, at an earlier time
    where `expect` was called with one."""

    def __init__(
        self,
        hub: Hub,
        digests: DigestStore,
        deliveries: DeliveryStore,
        fan_out: FanOutStore,
        subscriptions: Subscriptions,
        timer: Timer,
        moment: Callable[[], DecisionTime],
        clock: Clock,
        limits: DigestLimits = DIGEST_LIMITS,
    ) -> None:
        self.limits = limits
        self.progress = Progress()
        self._hub = hub
        self._digests = digests
        self._deliveries = deliveries
        self._fan_out = fan_out
        self._subscriptions = subscriptions
        self._timer = timer
        self._moment = moment
        self._clock = clock
        self._next: int | None = None
        self._looked: int | None = None  # when those were looked at that are due far ahead

    async def start(self) -> None:
        """Take up what was left, and what was missed. Raises StoreError."""
        await self._rein_in()
        await self._plan()

    async def left(self) -> int:
        """How many subscriptions' time has come that were not told yet."""
        return await self._digests.due_count(self._clock())

    def expect(self, due: int) -> None:
        """Something is due at a time, in ms."""
        if self._next is None or due < self._next:
            self._next = due
            self._timer.at(_NAME, due, self._wake)

    def look_again(self) -> None:
        """The clock was set back: what was due by it may be too far away."""
        self.expect(self._clock())

    async def _plan(self) -> None:
        due = await self._digests.next_due()
        if due is not None:
            self.expect(due)

    async def _wake(self) -> None:
        self._next = None
        self.progress = Progress(0, self._clock())
        if not await self._is_done():
            self.expect(self._clock() + RETRY_MS)
        self.progress = Progress()

    async def _is_done(self) -> bool:
        """Send what is due, and plan when to look again. Whether nothing prevented it."""
        try:
            await self._rein_in()
            if await self._run():
                await self._plan()
                return True
        except StoreError as error:
            log.warning("digests postponed", reason=str(error))
        except Exception:
            log.exception("digests failed")
        return False

    async def _rein_in(self) -> None:
        """A clock that was ahead for a while put some off to where it stood: they are due when they
        are by now."""
        now = self._clock()
        if self._looked is not None and 0 <= now - self._looked < HOUR_MS:
            return
        after = 0
        while some := await self._digests.due_after(now + FAR_AHEAD_MS, after, self.limits.page):
            after = some[-1].id
            turns = []
            for one in some:
                due = one.next(now) or now
                if due < one.due:
                    turns.append(DigestTurn(one, replace(one, due=due)))
            await self._digests.take_turns(turns)
        self._looked = now

    async def _run(self) -> bool:
        """Send all digests that are due; whether nothing prevented it."""
        seen, stuck = _Seen(self._digests, self._deliveries), self._hub.crowd.size
        before: frozenset[Subscription] = frozenset()
        while ready := await self._digests.due(self._clock(), self.limits.page):
            if before.issuperset(ready):
                log.error("digests stuck", subscription=ready[0].id)
                return False
            before = frozenset(ready)
            stuck = await self._room(stuck)
            groups = grouped(ready, lambda one: one.target)
            beside = asyncio.Semaphore(MAX_BESIDE)
            await asyncio.gather(
                *(self._one(target, group, seen, beside) for target, group in groups.items())
            )
            self.progress = replace(self.progress, taken=self.progress.taken + len(ready))
        return True

    async def _room(self, stuck: int) -> int:
        """Wait for room for more than those who were `stuck` before; gives how many are by now."""
        try:
            async with asyncio.timeout(self.limits.patience_s):
                await self._hub.crowd.below(stuck + self.limits.people)
        except TimeoutError:
            return self._hub.crowd.size
        return stuck

    async def _one(
        self,
        target: Channel,
        group: Sequence[Subscription],
        seen: "_Seen",
        beside: asyncio.Semaphore,
    ) -> None:
        """Whatever goes wrong with one holds up no other."""
        async with beside:
            try:
                readable = await self._subscriptions.access.keep(group)
                await self._take(target, await self._ready(readable), seen)
            except StoreError:
                raise
            except Exception:
                log.exception("digest failed", target=str(target))
                await self._postpone(group)

    async def _postpone(self, group: Sequence[Subscription]) -> None:
        """Let each wait for its next time."""
        now = self._clock()
        turns = []
        for one in group:
            due = one.next(now) or now + RETRY_WITHOUT_TIME_MS
            turns.append(DigestTurn(one, replace(one, due=due)))
        await self._digests.take_turns(turns)

    async def _ready(self, group: Sequence[Subscription]) -> Sequence[Subscription]:
        """Those of them that are sent now. In quiet hours they wait for their end."""
        moment = self._moment()
        ready: list[Subscription] = []
        quiet: list[DigestTurn] = []
        for one in group:
            until = moment.quiet_until(one)
            if until:
                quiet.append(DigestTurn(one, replace(one, due=until)))
            else:
                ready.append(one)
        if quiet:
            await self._digests.take_turns(quiet)
        return ready

    async def _take(self, target: Channel, ready: Sequence[Subscription], seen: "_Seen") -> None:
        told = await self._apart(ready)
        turns = [await self._turn(one, seen) for one in ready]
        counts = [await seen.count(turn, told.get(turn.was.id, frozenset())) for turn in turns]
        # Before, so that nothing comes to their channels unheard once they stand so; and after, in
        # case those with subscribers were counted anew between.
        self._subscriptions.in_force(turn.now for turn in turns)
        if any(counts):
            await self._tell(target, turns, counts)
        elif turns:
            await self._digests.take_turns(turns)
        self._subscriptions.in_force(turn.now for turn in turns)

    async def _apart(self, ready: Sequence[Subscription]) -> Mapping[int, frozenset[int]]:
        """The seqs that each was told at once."""
        some = [one.id for one in ready if one.name or one.online]
        if not some:
            return {}
        return await self._fan_out.notified(some)

    async def _turn(self, one: Subscription, seen: "_Seen") -> DigestTurn:
        upto, now = max(await seen.upto(one), one.cursor), self._clock()
        return DigestTurn(one, one.told(now, upto), again=now if one.interval.at_once else 0)

    async def _tell(
        self, target: Channel, turns: Sequence[DigestTurn], counts: Sequence[int]
    ) -> None:
        """Its words are read and rendered when it is sent, by
        `component.subscriptions.rendering`: what stands here is for who looks at its trace."""
        names = ", ".join(sorted({str(turn.was.channel) for turn in turns}))
        some = str(sum(counts))
        if max(counts) >= MAX_COUNTED:
            some += "+"
        due = min(turn.was.due for turn in turns)
        places = ",".join(f"{turn.was.id}:{turn.was.cursor}" for turn in turns)
        digest = Message.new(
            target,
            BUS,
            f"{some} messages of {names}",
            self._clock(),
            origin=f"digest:{target}@{due}:{places}",
            kind=Kind.DIGEST,
        )
        writes = [replace(turn, digest=digest.id) for turn in turns]
        receipt = await self._hub.accept_with(digest, writes)
        if not receipt.new:  # it was told, and they were set back to where they stood before
            await self._digests.take_turns(turns)


class _Seen:
    """What channels hold, looked through once in a run: many have subscribed to the same."""

    def __init__(self, digests: DigestStore, deliveries: DeliveryStore) -> None:
        self._digests = digests
        self._deliveries = deliveries
        self._upto: dict[Channel, int] = {}
        self._authors: dict[Hashable, Sequence[str]] = {}
        self._one = asyncio.Lock()

    async def upto(self, one: Subscription) -> int:
        """The seq up to which its digest tells: the newest when the run came to its channel, so
        that others' is the same; but the newest now where what comes then is sent immediately."""
        if one.interval.at_once:
            return await self._deliveries.last_seq(one.channel)
        if one.channel not in self._upto:
            self._upto[one.channel] = await self._deliveries.last_seq(one.channel)
        return self._upto[one.channel]

    async def count(self, turn: DigestTurn, told: frozenset[int]) -> int:
        """How many messages a digest would tell; if there are more than `MAX_COUNTED`, at least
        one and at most that."""
        one, part = turn.was, DigestPart(turn.was.id, turn.was.cursor, turn.now.cursor)
        if part.after >= part.upto:
            return 0
        # One after the other, so that each is read once, and takes no more memory than one.
        async with self._one:
            authors = await self._first(one, part, told)
            if one.own or not one.who:
                return len(authors)
            others = sum(author != one.who for author in authors)
            if others or len(authors) < MAX_COUNTED:
                return others
            # All of that they said themselves.
            found, _whole = await first(self._digests, one, part, told, 1)
            return len(found)

    async def _first(
        self, one: Subscription, part: DigestPart, told: frozenset[int]
    ) -> Sequence[str]:
        """The authors of the first messages for everyone who wants the same."""
        key = alike(one, part, told)
        if key not in self._authors:
            found, _whole = await first(
                self._digests, replace(one, own=True), part, told, MAX_COUNTED
            )
            self._authors[key] = [delivery.message.author.key for delivery in found]
        return self._authors[key]
