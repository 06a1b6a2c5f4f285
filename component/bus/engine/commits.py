"""The group commit: everything accepted, confirmed or read since the last commit is one
transaction.

`synchronous=FULL` costs per commit, not per message. If the disk refuses a message, its caller gets
the error. Outcomes of deliveries are kept and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

import structlog

from component.bus.engine.limits import DEFAULT_LIMITS, CommitLimits
from component.bus.engine.outcomes import Outcomes
from component.bus.engine.routing import Routing
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import Clock
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.transaction import Original, Plan, Transaction, Transactions, Write
from component.common.errors import StoreError

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Offer:
    """A message to accept. `plan` is called once it is known to be new, in its transaction;
    `writes` are saved with it then."""

    message: Message
    plan: Callable[[], Plan]
    writes: Sequence[Write] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A message that corrects an earlier one or takes it back. `plan` is called with that, as it is
    now, in its transaction."""

    message: Message
    plan: Callable[[Original], Plan]


async def accept_all(
    tx: Transaction, offers: Sequence[Offer | Change]
) -> tuple[Sequence[Receipt], Sequence[Delivery]]:
    """Accept new messages, then change those that are known, some of which may be new themselves.
    Returns the receipts in the order of the offers, and the deliveries that their writes began.
    Raises StoreError."""
    new: list[Offer] = []
    for offer in offers:
        if isinstance(offer, Offer):
            new.append(offer)
    accepted, begun = await accept_new(tx, new)
    following = iter(accepted)
    receipts: list[Receipt] = []
    for offer in offers:
        if isinstance(offer, Offer):
            receipts.append(next(following))
        else:
            receipts.append(await accept_change(tx, offer))
    return receipts, begun


async def accept_change(tx: Transaction, change: Change) -> Receipt:
    """Change a message that is known. A deleted one is not changed, and a change that is known
    already, or that changes nothing, is not new. Raises StoreError."""
    original = await tx.original(change.message.corrects)
    if original is None:
        return Receipt(change.message, False, missing=True)
    if original.deleted:
        return Receipt(original.message, False, deleted=True)
    if original.message.body == change.message.body:
        return Receipt(original.message, False)
    message = replace(change.message, corrects=original.message.id)
    (known,) = await tx.add([message])
    if known:
        return Receipt(known.message, False)
    plan = change.plan(original)
    (deliveries,) = await tx.put([plan])
    return Receipt(message, True, deliveries, planned=plan)


async def accept_new(
    tx: Transaction, offers: Sequence[Offer]
) -> tuple[Sequence[Receipt], Sequence[Delivery]]:
    """Add the messages, plan those that are new, and put the plans. Returns the receipts in the
    order of the offers, and the deliveries that their writes began. Raises StoreError."""
    if not offers:
        return (), ()
    known = await tx.add([offer.message for offer in offers])
    new: list[Offer] = []
    for offer, earlier in zip(offers, known, strict=True):
        if earlier is None:
            new.append(offer)
    plans = [offer.plan() for offer in new]
    results = zip(plans, await tx.put(plans), strict=True)
    begun = await tx.write([write for offer in new for write in offer.writes])
    receipts: list[Receipt] = []
    for offer, earlier in zip(offers, known, strict=True):
        if earlier is None:
            plan, deliveries = next(results)
            receipts.append(Receipt(offer.message, True, deliveries, planned=plan))
        else:
            receipts.append(Receipt(earlier.message, False, deleted=earlier.deleted))
    return receipts, begun


@dataclass(frozen=True, slots=True)
class Accepting:
    """An offer, its caller's future, and how far an archive was read with it."""

    offer: Offer | Change
    receipt: asyncio.Future[Receipt]
    position: ArchivePosition | None = None


Entry = Accepting | Delivery | ArchivePosition
"""What waits for a commit; a delivery is one with its outcome."""


@dataclass(slots=True)
class Group:
    """What one transaction commits. `settled` are seqs of deliveries; of each archive the last
    position counts."""

    accepting: list[Accepting] = field(default_factory=list)
    settled: set[int] = field(default_factory=set)
    positions: dict[Channel, ArchivePosition] = field(default_factory=dict)
    size: int = 0

    def add(self, entry: Entry) -> None:
        """Take on an entry, in its turn."""
        self.size += 1
        match entry:
            case Accepting():
                self.accepting.append(entry)
                if entry.position:
                    self.positions[entry.position.channel] = entry.position
            case Delivery():
                self.settled.add(entry.seq)
            case ArchivePosition():
                self.positions[entry.channel] = entry


class GroupCommit:
    """Commits in groups. `committed` is called with the receipts and the deliveries begun, within
    the turn of their commit; `is_known` tells whether a channel is configured, since positions of
    others are not saved."""

    def __init__(
        self,
        store: Transactions,
        routing: Routing,
        clock: Clock,
        committed: Callable[[Sequence[Receipt], Sequence[Delivery]], None],
        is_known: Callable[[Channel], bool],
        limits: CommitLimits = DEFAULT_LIMITS.commits,
    ) -> None:
        self._store = store
        self._routing = routing
        self._clock = clock
        self._committed = committed
        self._is_known = is_known
        self._limits = limits
        self._waiting: list[Entry] = []
        self._wake = asyncio.Event()
        self._stopping = False
        self._reread: set[Channel] = set()  # what was read there was not saved: no position is
        self._outcomes = Outcomes()
        self._crowd = 0  # offers in the last group
        self._trouble = ""
        self._failed_at = 0
        self._retry: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self.run(), name="group commit")

    async def stop(self) -> None:
        """Commit what is left, and end."""
        if self._task:
            if self._retry:
                self._retry.cancel()
            self.retry_outcomes()
            self._stopping = True
            self._wake.set()
            await self._task

    def accept(self, offer: Offer | Change, position: ArchivePosition | None) -> Awaitable[Receipt]:
        """Commit an offer, and a position with it. Gives its receipt once it is on disk, or
        StoreError."""
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self.put(Accepting(offer, receipt, position))
        return receipt

    def settle(self, outcome: Delivery) -> None:
        """Save what became of a delivery, with the next group."""
        self._outcomes.add(outcome)
        self.put(outcome)

    def note(self, position: ArchivePosition) -> None:
        """Save how far an archive was read, no earlier than what was accepted or confirmed
        before."""
        self.put(position)

    def put(self, entry: Entry) -> None:
        """Let an entry wait for the next commit."""
        self._waiting.append(entry)
        self._wake.set()

    def known(self, delivery: Delivery) -> Delivery:
        """A delivery in its present state, also where that is not on disk yet."""
        return self._outcomes.current(delivery)

    def reading(self, channel: Channel) -> None:
        """An archive is read again from its saved position: positions that come from now on count
        again."""
        self._reread.discard(channel)

    async def check(self) -> None:
        """Raise StoreError where the last commit failed: for a while in any case, then as long as
        another would."""
        if self._trouble:
            await self._store.probe()
            if self._clock() - self._failed_at < self._limits.doubt_ms:
                raise StoreError(self._trouble)
            self._trouble = ""

    @property
    def unsaved(self) -> int:
        """Entries that wait for the next commit."""
        return len(self._waiting)

    # Groups

    async def run(self) -> None:
        """Commit group after group, until it is stopped and nothing is left."""
        while await self.another(None):
            group = await self.gather(asyncio.get_running_loop().time())
            self._crowd = len(group.accepting)
            await self.commit(group)

    async def another(self, until: float | None) -> bool:
        """Whether an entry waits, or comes until a time of the loop; None for no end but the
        stop."""
        while not self._waiting:
            if self._stopping:
                return False
            self._wake.clear()
            try:
                async with asyncio.timeout_at(until):
                    await self._wake.wait()
            except TimeoutError:
                return False
        return True

    async def gather(self, began: float) -> Group:
        """Take what waits, and what comes in time, as a group."""
        group = Group()
        while group.size < self._limits.max_group:
            if not self._waiting:
                wait = self.patience(len(group.accepting))
                if not wait or not await self.another(began + wait):
                    break
            room = self._limits.max_group - group.size
            taken, self._waiting = self._waiting[:room], self._waiting[room:]
            for entry in taken:
                group.add(entry)
        return group

    def patience(self, offers: int) -> float:
        """Seconds that a group with so many offers may wait for more: each commit costs the disk
        one sync, whatever is in it. Nobody waits for outcomes; of offers, about as many come as
        came the last time."""
        if not offers:
            return self._limits.linger_s
        if offers < self._crowd:
            return self._limits.gather_s
        return 0.0

    async def commit(self, group: Group) -> None:
        """Commit a group, or tell its callers that nothing was saved."""
        outcomes = self._outcomes.of(group.settled)
        positions = self.positions(group)
        offers = [one.offer for one in group.accepting]
        try:
            async with self._routing.turn():
                async with self._store.transaction() as tx:
                    receipts, begun = await accept_all(tx, offers)
                    await tx.settle(outcomes)
                    await tx.save_positions(positions)
                self.saved(group, receipts, begun, outcomes)
        except StoreError as error:
            self.not_saved(group, outcomes, error)

    def positions(self, group: Group) -> Sequence[ArchivePosition]:
        """The positions of a group that may be saved: none that would pass what is not on disk."""
        blocked = self._reread | self._outcomes.refused_channels(group.settled)
        free: list[ArchivePosition] = []
        for channel, position in group.positions.items():
            if channel not in blocked and self._is_known(channel):
                free.append(position)
        return free

    def saved(
        self,
        group: Group,
        receipts: Sequence[Receipt],
        begun: Sequence[Delivery],
        outcomes: Iterable[Delivery],
    ) -> None:
        """The group is on disk: answer its callers."""
        self._trouble = ""
        self._outcomes.saved(outcomes)
        for one, receipt in zip(group.accepting, receipts, strict=True):
            if not one.receipt.done():
                one.receipt.set_result(receipt)
        self._committed(receipts, begun)

    def not_saved(self, group: Group, outcomes: Iterable[Delivery], error: StoreError) -> None:
        """Tell each caller no, and block the positions of archives that have to be read again.
        Outcomes are kept."""
        log.error("commit failed", reason=str(error))
        self._trouble = str(error)
        self._failed_at = self._clock()
        for one in group.accepting:
            if one.position:
                self._reread.add(one.position.channel)
            if not one.receipt.done():
                one.receipt.set_exception(error)
        if self._outcomes.refuse(outcomes) and not self._retry:
            loop = asyncio.get_running_loop()
            self._retry = loop.call_later(self._limits.retry_s, self.retry_outcomes)

    def retry_outcomes(self) -> None:
        """Let the outcomes that the disk refused wait for the next commit."""
        self._retry = None
        for outcome in self._outcomes.refused():
            self.put(outcome)
