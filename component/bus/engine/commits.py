"""The writer: commits whatever was accepted, confirmed or read since its last commit as one group.

`synchronous=FULL` costs per commit, not per message. What the disk refuses is told to who waits for
it, and what became of deliveries is kept and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog

from component.bus.engine.routing import Routing
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.ports.method import Clock
from component.bus.ports.source_state import ArchivePosition
from component.bus.ports.store import Offer, Receipt, Store
from component.common.errors import StoreError

log = structlog.get_logger()

MAX_GROUP = 256
"""Entries saved in one transaction."""
LINGER = 0.1
"""Seconds that outcomes may wait to be committed with something that callers wait for."""
GATHER = 0.003
"""Seconds that offers may wait for others, where others came the last time."""
DOUBT = 30_000
"""Milliseconds after a failed commit before a small one that works is believed."""
RETRY_SAVE = 1.0
"""Seconds before outcomes that could not be saved are tried again."""


@dataclass(slots=True)
class _Entry:
    """Something to commit: an offer with its caller's future, a delivery's outcome, a mark, or
    several of them."""

    offer: Offer | None = None
    receipt: asyncio.Future[Receipt] | None = None
    outcome: Delivery | None = None
    mark: ArchivePosition | None = None


class GroupCommit:
    """`accepted` is told each receipt within the turn of its commit; `is_known` tells whether a
    channel is configured, for marks of others are not kept."""

    def __init__(
        self,
        store: Store,
        routing: Routing,
        clock: Clock,
        accepted: Callable[[Receipt], None],
        is_known: Callable[[Channel], bool],
    ) -> None:
        self._store = store
        self._routing = routing
        self._clock = clock
        self._accepted = accepted
        self._is_known = is_known
        self._entries: asyncio.Queue[_Entry | None] = asyncio.Queue()
        self._reread: set[Channel] = (
            set()
        )  # something read there was not saved: marks must not pass it
        self._last_word: dict[
            int, Delivery
        ] = {}  # by seq, what became of deliveries and is not on disk
        self._refused: set[int] = set()  # those of them that the disk refused, to be tried again
        self._crowd = 0  # offers in the last group
        self._trouble, self._failed_at = "", 0
        self._retry: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to commit."""
        self._task = asyncio.create_task(self._write(), name="hub writer")

    async def stop(self) -> None:
        """Commit what is left, and end."""
        if self._task:
            if self._retry:
                self._retry.cancel()
            self._settle_again()
            self._entries.put_nowait(None)
            await self._task

    def accept(self, offer: Offer, mark: ArchivePosition | None) -> Awaitable[Receipt]:
        """Keep an offer and a mark with it; its receipt once it is on disk, or StoreError."""
        receipt: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()
        self._entries.put_nowait(_Entry(offer, receipt, None, mark))
        return receipt

    def settle(self, outcome: Delivery) -> None:
        """Keep what became of a delivery; committed with the next group."""
        self._last_word[outcome.seq] = outcome
        self._entries.put_nowait(_Entry(outcome=outcome))

    def known(self, delivery: Delivery) -> Delivery:
        """A delivery as it stands, where the disk does not know yet."""
        return self._last_word.get(delivery.seq, delivery)

    def note(self, mark: ArchivePosition) -> None:
        """Keep how far an archive was read, no earlier than what was accepted or confirmed
        before."""
        self._entries.put_nowait(_Entry(mark=mark))

    def reading(self, channel: Channel) -> None:
        """An archive is read again from its mark: marks that come from now on stand for what came
        before them."""
        self._reread.discard(channel)

    async def check(self) -> None:
        """Raises StoreError where the last commit failed: for a while in any case, and as long as
        another would."""
        if self._trouble:
            await self._store.probe()
            if self._clock() - self._failed_at < DOUBT:
                raise StoreError(self._trouble)
            self._trouble = ""

    @property
    def unsaved(self) -> int:
        """Entries that wait for the next commit."""
        return self._entries.qsize()

    # Groups

    async def _write(self) -> None:
        more = True
        while more and (entry := await self._entries.get()):
            group = [entry]
            more = await self._fill(group, asyncio.get_running_loop().time())
            self._crowd = _offers(group)
            await self._commit(group)

    async def _fill(self, group: list[_Entry], began: float) -> bool:
        """Add what can be committed with the first entry; whether anything may come after it."""
        while len(group) < MAX_GROUP:
            wait = self._patience(_offers(group)) if self._entries.empty() else 1.0
            if not wait:
                break
            try:
                async with asyncio.timeout_at(began + wait if self._entries.empty() else None):
                    entry = await self._entries.get()
            except TimeoutError:
                break
            if entry is None:
                return False
            group.append(entry)
        return True

    def _patience(self, offers: int) -> float:
        """Seconds that a group with so many offers may wait for more: each commit costs the disk
        one sync, whatever is in it. Nobody waits for outcomes; of offers, about as many come as
        came the last time."""
        if not offers:
            return LINGER
        return GATHER if offers < self._crowd else 0.0

    async def _commit(self, group: list[_Entry]) -> None:
        offers = [entry for entry in group if entry.offer]
        settled = {entry.outcome.seq for entry in group if entry.outcome} & self._last_word.keys()
        outcomes = [self._last_word[seq] for seq in sorted(settled)]
        marks = {entry.mark.channel: entry.mark for entry in group if entry.mark}
        held = self._reread | {self._last_word[seq].channel for seq in self._refused - settled}
        places = [
            mark
            for channel, mark in marks.items()
            if channel not in held and self._is_known(channel)
        ]
        try:
            async with self._routing.turn():
                receipts = await self._store.save(
                    [entry.offer for entry in offers if entry.offer], outcomes, places
                )
                self._saved(offers, receipts, outcomes)
        except StoreError as error:
            self._not_saved(offers, outcomes, error)

    def _saved(
        self, offers: Sequence[_Entry], receipts: Sequence[Receipt], outcomes: Iterable[Delivery]
    ) -> None:
        self._trouble = ""
        for outcome in outcomes:
            self._refused.discard(outcome.seq)
            if self._last_word[outcome.seq] is outcome:
                del self._last_word[outcome.seq]
        for entry, receipt in zip(offers, receipts, strict=True):
            if entry.receipt and not entry.receipt.done():
                entry.receipt.set_result(receipt)
            self._accepted(receipt)

    def _not_saved(
        self, offers: Iterable[_Entry], outcomes: Iterable[Delivery], error: StoreError
    ) -> None:
        """Tell each caller no, and hold the marks of archives that have to be read again. Outcomes
        are kept."""
        log.error("commit failed", reason=str(error))
        self._trouble, self._failed_at = str(error), self._clock()
        self._reread |= {entry.mark.channel for entry in offers if entry.mark}
        for entry in offers:
            if entry.receipt and not entry.receipt.done():
                entry.receipt.set_exception(error)
        self._refused |= {outcome.seq for outcome in outcomes}
        if self._refused and not self._retry:
            self._retry = asyncio.get_running_loop().call_later(RETRY_SAVE, self._settle_again)

    def _settle_again(self) -> None:
        self._retry = None
        for seq in self._refused:
            self._entries.put_nowait(_Entry(outcome=self._last_word[seq]))


def _offers(group: Iterable[_Entry]) -> int:
    return sum(entry.offer is not None for entry in group)
