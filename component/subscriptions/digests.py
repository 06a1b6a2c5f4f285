"""Digests of subscriptions, told when they are due: of each target's that are due together one, on
disk in the same transaction in which those subscriptions move on. So each is told once in its time,
whatever happens meanwhile; what was due while the bus was away is told as one.
"""

import asyncio
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import structlog

from component.bus.engine.hub import Hub
from component.bus.model.message import Author, Channel, Message
from component.bus.model.route import grouped
from component.bus.model.subscription import DIGEST, Moment, Subscription
from component.bus.ports.digests import DigestPart, DigestTurn
from component.bus.ports.method import Clock, Timer
from component.bus.ports.store import Store
from component.common.errors import StoreError
from component.subscriptions.log_reader import alike, first
from component.subscriptions.service import Subscriptions

log = structlog.get_logger()

PAGE = 200
"""Subscriptions that are taken up at once."""
BESIDE = 16
"""Digests that are made beside each other."""
PEOPLE = 500
"""Persons for whom a run's digests may wait to be sent; more are made once some of them were,"""
PATIENCE = 5.0
"""or after so many seconds: those who can't be reached hold up nobody else."""
COUNTED = 20
"""Messages that are counted to see whether a digest has anything to tell."""
LATER = 3_600_000
"""Milliseconds before what failed is tried again, where it goes by no clock."""
AGAIN = 10_000
"""Milliseconds before what the disk refused is tried again."""
FAR = 8 * 86_400_000
"""Milliseconds ahead that few are due; whether they are by a clock that was wrong is looked at each
hour."""
HOUR = 3_600_000
_NAME = "digests"


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands: how many digests' turns were `taken` since it began (`since`, in ms; 0
    where none runs)."""

    taken: int = 0
    since: int = 0


class Digests:
    """Makes them. `start` once the hub has; then `timer` wakes it, and who knows of an earlier time
    calls `expect`."""

    def __init__(
        self,
        hub: Hub,
        subscriptions: Subscriptions,
        timer: Timer,
        moment: Callable[[], Moment],
        clock: Clock,
    ) -> None:
        self.progress = Progress()
        self._hub = hub
        self._subscriptions = subscriptions
        self._timer = timer
        self._moment = moment
        self._clock = clock
        self._next: int | None = None
        self._looked: int | None = None  # when those were looked at that are due far ahead

    @property
    def _store(self) -> Store:
        return self._hub.store

    async def start(self) -> None:
        """Take up what was left, and what was missed. Raises StoreError."""
        await self._rein_in()
        await self._plan()

    async def left(self) -> int:
        """How many subscriptions' time has come that were not told yet."""
        return await self._store.digests.due_count(self._clock())

    def expect(self, due: int) -> None:
        """Something is due at a time, in ms."""
        if self._next is None or due < self._next:
            self._next = due
            self._timer.at(_NAME, due, self._wake)

    def look_again(self) -> None:
        """The clock was set back: what was due by it may be too far away."""
        self.expect(self._clock())

    async def _plan(self) -> None:
        due = await self._store.digests.next_due()
        if due is not None:
            self.expect(due)

    async def _wake(self) -> None:
        self._next = None
        self.progress = Progress(0, self._clock())
        try:
            await self._rein_in()
            if await self._run():
                await self._plan()
            else:
                self.expect(self._clock() + AGAIN)
        except StoreError as error:
            log.warning("digests wait for the disk", reason=str(error))
            self.expect(self._clock() + AGAIN)
        except Exception:
            log.exception("digests failed")
            self.expect(self._clock() + AGAIN)
        self.progress = Progress()

    async def _rein_in(self) -> None:
        """A clock that was ahead for a while put some off to where it stood: they are due when they
        are by now."""
        now = self._clock()
        if self._looked is not None and 0 <= now - self._looked < HOUR:
            return
        after = 0
        while some := await self._store.digests.due_after(now + FAR, after, PAGE):
            after = some[-1].id
            sooner = [(one, due) for one in some if (due := one.next(now) or now) < one.due]
            await self._store.digests.take_turns(
                [DigestTurn(one, replace(one, due=due)) for one, due in sooner]
            )
        self._looked = now

    async def _run(self) -> bool:
        """Tell all that is due; whether nothing stands in the way of that."""
        seen, stuck = _Seen(self._store), self._hub.crowd.size
        before: frozenset[Subscription] = frozenset()
        while ready := await self._store.digests.due(self._clock(), PAGE):
            if before.issuperset(ready):
                log.error("digests make no progress", subscription=ready[0].id)
                return False
            before = frozenset(ready)
            stuck = await self._room(stuck)
            groups = grouped(ready, lambda one: one.target)
            beside = asyncio.Semaphore(BESIDE)
            await asyncio.gather(
                *(self._one(target, group, seen, beside) for target, group in groups.items())
            )
            self.progress = replace(self.progress, taken=self.progress.taken + len(ready))
        return True

    async def _room(self, stuck: int) -> int:
        """Wait for room for more than those who were `stuck` before; gives how many are by now."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._hub.crowd.below(stuck + PEOPLE)
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
                await self._take(
                    target, await self._ready(await self._subscriptions.rights.keep(group)), seen
                )
            except StoreError:
                raise
            except Exception:
                log.exception("a digest failed", target=str(target))
                now = self._clock()
                later = [
                    DigestTurn(one, replace(one, due=one.next(now) or now + LATER)) for one in group
                ]
                await self._store.digests.take_turns(later)

    async def _ready(self, group: Sequence[Subscription]) -> Sequence[Subscription]:
        """Those of them that are told now; for whom it is quiet it waits until that is over."""
        moment = self._moment()
        quiet = [(one, until) for one in group if (until := moment.quiet_until(one))]
        if quiet:
            await self._store.digests.take_turns(
                [DigestTurn(one, replace(one, due=until)) for one, until in quiet]
            )
        late = {one.id for one, _until in quiet}
        return [one for one in group if one.id not in late]

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
            await self._store.digests.take_turns(turns)
        self._subscriptions.in_force(turn.now for turn in turns)

    async def _apart(self, ready: Sequence[Subscription]) -> Mapping[int, frozenset[int]]:
        """The seqs that each was told at once."""
        some = [one.id for one in ready if one.name or one.online]
        return await self._store.fan_out.notified(some) if some else {}

    async def _turn(self, one: Subscription, seen: "_Seen") -> DigestTurn:
        upto, now = max(await seen.upto(one), one.cursor), self._clock()
        return DigestTurn(one, one.told(now, upto), again=now if one.interval.at_once else 0)

    async def _tell(
        self, target: Channel, turns: Sequence[DigestTurn], counts: Sequence[int]
    ) -> None:
        """Its words are read and put together when it is sent, by
        `component.subscriptions.rendering`: what stands here is for who looks at its trace."""
        names = ", ".join(sorted({str(turn.was.channel) for turn in turns}))
        some = f"{sum(counts)}{'+' * (max(counts) >= COUNTED)}"
        due = min(turn.was.due for turn in turns)
        places = ",".join(f"{turn.was.id}:{turn.was.cursor}" for turn in turns)
        digest = Message.new(
            target,
            Author("Shoutbus", f"{DIGEST}{target}"),
            f"{some} messages of {names}",
            self._clock(),
            origin=f"{DIGEST}{target}@{due}:{places}",
        )
        writes = [replace(turn, digest=digest.id) for turn in turns]
        receipt = await self._hub.accept_with(digest, writes)
        if not receipt.new:  # it was told, and they were set back to where they stood before
            await self._store.digests.take_turns(turns)


class _Seen:
    """What channels hold, looked through once in a run: many have subscribed to the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._upto: dict[Channel, int] = {}
        self._authors: dict[Hashable, Sequence[str]] = {}
        self._one = asyncio.Lock()

    async def upto(self, one: Subscription) -> int:
        """The seq up to which its digest tells: the newest when the run came to its channel, so
        that others' is the same; but the newest now where what comes then is told at once."""
        if one.interval.at_once:
            return await self._store.deliveries.last_seq(one.channel)
        if one.channel not in self._upto:
            self._upto[one.channel] = await self._store.deliveries.last_seq(one.channel)
        return self._upto[one.channel]

    async def count(self, turn: DigestTurn, told: frozenset[int]) -> int:
        """How many messages a digest would tell; where there are more than `COUNTED`, at least one
        and at most that."""
        one, part = turn.was, DigestPart(turn.was.id, turn.was.cursor, turn.now.cursor)
        if part.after >= part.upto:
            return 0
        async with (
            self._one
        ):  # one after the other, so that each is read once, and takes no more memory than one
            authors = await self._first(one, part, told)
            if one.own or not one.who:
                return len(authors)
            others = sum(author != one.who for author in authors)
            if others or len(authors) < COUNTED:
                return others
            found, _whole = await first(
                self._store, one, part, told, 1
            )  # all of that they said themselves
            return len(found)

    async def _first(
        self, one: Subscription, part: DigestPart, told: frozenset[int]
    ) -> Sequence[str]:
        """Who said the first of what everyone is told who wants the same."""
        key = alike(one, part, told)
        if key not in self._authors:
            found, _whole = await first(self._store, replace(one, own=True), part, told, COUNTED)
            self._authors[key] = [delivery.message.author.key for delivery in found]
        return self._authors[key]
