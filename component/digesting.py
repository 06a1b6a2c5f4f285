"""Digests of subscriptions, told when they are due: of each target's that are due together one, on disk in the same
transaction in which those subscriptions move on. So each is told once in its time, whatever happens meanwhile; what was
due while the bus was away is told as one.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import structlog

from component.delivery import Delivery
from component.errors import StoreError
from component.hub import Hub
from component.message import Author, Channel, Message
from component.ports import Clock, Timer
from component.route import grouped
from component.store import Store, Turn
from component.subscription import DIGEST, Moment, Subscription
from component.subscriptions import Subscriptions

log = structlog.get_logger()

PAGE = 200
"""Subscriptions that are taken up at once."""
PEOPLE = 500
"""Persons for whom digests may wait to be sent; more are made once some of them were."""
LOOKED_AT = 2_000
"""Messages that are looked at to see whether a digest has anything to tell; it is taken to, where there are more."""
KEPT = 32
"""Ranges of channels' logs that a run keeps in memory."""
LATER = 3_600_000
"""Milliseconds before what failed is tried again, where it goes by no clock."""
AGAIN = 10_000
"""Milliseconds before what the disk refused is tried again."""
_NAME = "digests"


@dataclass(frozen=True, slots=True)
class Progress:
    """How a run stands: how many digests' turns were `taken` since it began (`since`, in ms; 0 where none runs)."""

    taken: int = 0
    since: int = 0


class Digests:
    """Makes them. `start` once the hub has; then `timer` wakes it, and who knows of an earlier time calls `expect`."""

    def __init__(
        self, hub: Hub, subscriptions: Subscriptions, timer: Timer, moment: Callable[[], Moment], clock: Clock
    ) -> None:
        self.progress = Progress()
        self._hub = hub
        self._subscriptions = subscriptions
        self._timer = timer
        self._moment = moment
        self._clock = clock
        self._next: int | None = None

    @property
    def _store(self) -> Store:
        return self._hub.store

    async def start(self) -> None:
        """Take up what was left, and what was missed. Raises StoreError."""
        await self._plan()

    async def left(self) -> int:
        """How many subscriptions' time has come that were not told yet."""
        return await self._store.due_count(self._clock())

    def expect(self, due: int) -> None:
        """Something is due at a time, in ms."""
        if self._next is None or due < self._next:
            self._next = due
            self._timer.at(_NAME, due, self._wake)

    async def _plan(self) -> None:
        due = await self._store.next_subscription()
        if due is not None:
            self.expect(due)

    async def _wake(self) -> None:
        self._next = None
        self.progress = Progress(0, self._clock())
        try:
            await self._run()
            await self._plan()
        except StoreError as error:
            log.warning("digests wait for the disk", reason=str(error))
            self.expect(self._clock() + AGAIN)
        except Exception:
            log.exception("digests failed")
            self.expect(self._clock() + AGAIN)
        self.progress = Progress()

    async def _run(self) -> None:
        seen = _Seen(self._store)
        while ready := await self._store.due_subscriptions(self._clock(), PAGE):
            await self._hub.fewer(PEOPLE)
            groups = grouped(ready, lambda one: one.target)
            await asyncio.gather(*(self._one(target, group, seen) for target, group in groups.items()))
            self.progress = replace(self.progress, taken=self.progress.taken + len(ready))

    async def _one(self, target: Channel, group: Sequence[Subscription], seen: "_Seen") -> None:
        """Whatever goes wrong with one holds up no other."""
        try:
            ready = await self._ready(await self._subscriptions.rights.keep(group))
            counts = [await self._wanted(one, seen) for one in ready]
            now = self._clock()
            turns = [Turn(one, one.told(now, max(await seen.upto(one.channel), one.cursor))) for one in ready]
            if sum(counts):
                await self._tell(target, turns, sum(counts))
            elif turns:
                await self._store.take_turns(turns)
            self._subscriptions.in_force(turn.now for turn in turns)
        except StoreError:
            raise
        except Exception:
            log.exception("a digest failed", target=str(target))
            now = self._clock()
            await self._store.change_subscriptions([replace(one, due=one.next(now) or now + LATER) for one in group])

    async def _ready(self, group: Sequence[Subscription]) -> Sequence[Subscription]:
        """Those of them that are told now; for whom it is quiet it waits until that is over."""
        moment = self._moment()
        quiet = [(one, until) for one in group if (until := moment.quiet_until(one))]
        if quiet:
            await self._store.take_turns([Turn(one, replace(one, due=until)) for one, until in quiet])
        late = {one.id for one, _until in quiet}
        return [one for one in group if one.id not in late]

    async def _wanted(self, one: Subscription, seen: "_Seen") -> int:
        """How many messages a digest of its would tell."""
        found = await seen.between(one.channel, one.cursor)
        some = one.name or one.online
        apart = (await self._store.told_at_once([one.id])).get(one.id, frozenset()) if found and some else frozenset()
        count = sum(one.wants(delivery.message) and delivery.seq not in apart for delivery in found)
        return max(count, 1) if len(found) == LOOKED_AT else count

    async def _tell(self, target: Channel, turns: Sequence[Turn], count: int) -> None:
        """Its words are read and put together when it is sent, by `component.letters`: what stands here is for who
        looks at its trace."""
        names = ", ".join(sorted({str(turn.was.channel) for turn in turns}))
        due = min(turn.was.due for turn in turns)
        numbers = ",".join(str(turn.was.id) for turn in turns)
        digest = Message.new(
            target, Author("Shoutbus", f"{DIGEST}{target}"), f"{count} messages of {names}", self._clock(),
            origin=f"{DIGEST}{target}@{due}:{numbers}",
        )  # fmt: skip
        await self._hub.tell(digest, [replace(turn, digest=digest.id) for turn in turns])


class _Seen:
    """What channels hold, read once in a run: many have subscribed to the same."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._upto: dict[Channel, int] = {}
        self._found: OrderedDict[tuple[Channel, int], Sequence[Delivery]] = OrderedDict()

    async def upto(self, channel: Channel) -> int:
        """The newest seq of a channel when the run came to it."""
        if channel not in self._upto:
            self._upto[channel] = await self._store.last_seq(channel)
        return self._upto[channel]

    async def between(self, channel: Channel, after: int) -> Sequence[Delivery]:
        """What a channel holds behind `after`, `LOOKED_AT` at most."""
        if (channel, after) not in self._found:
            found = await self._store.between(channel, after, await self.upto(channel), LOOKED_AT)
            self._found[channel, after] = found
            if len(self._found) > KEPT:
                self._found.popitem(last=False)
        return self._found[channel, after]
