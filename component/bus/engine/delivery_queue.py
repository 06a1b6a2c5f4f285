"""The deliveries to one channel: in order, a bounded window in flight, a back-off.

A queue holds at most `IN_MEMORY` deliveries; what lies behind them is read from the store as they
go.
"""

import asyncio
import contextlib
import functools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from component.bus.model.delivery import Delivery, State, pause
from component.bus.model.message import Channel
from component.bus.ports.method import Clock, Confirmation, Method
from component.bus.ports.store import Store
from component.common.errors import (
    DeliveryError,
    ShoutbusError,
    StoreError,
    Unavailable,
    Unconfirmed,
)
from component.common.i18n import _

log = structlog.get_logger()

WINDOW = 64
"""Deliveries on the wire and not yet confirmed."""
IN_MEMORY = 500

_Flight = tuple[Delivery, Confirmation]

OnFailure = Callable[[Delivery, DeliveryError], Awaitable[Delivery]]
"""Told what becomes of a delivery that did not arrive, and why; gives what becomes of it then:
where someone else takes it on, it ends here. Raises StoreError."""


async def no_fallback(then: Delivery, _error: DeliveryError) -> Delivery:
    """Nobody takes on what did not arrive."""
    return then


class DeliveryQueue:
    """One channel's way out; runs by itself from the first `put` or `resume`. `on_idle` is called
    when nothing is left to do: where it says so, the queue has ended, and is given nothing any
    more."""

    def __init__(
        self,
        channel: Channel,
        method: Method,
        store: Store,
        settle: Callable[[Delivery], None],
        clock: Clock,
        on_failure: OnFailure = no_fallback,
        on_idle: Callable[["DeliveryQueue"], bool] = lambda _queue: False,
    ) -> None:
        self.channel = channel
        self._method = method
        self._store = store
        self._settle = settle
        self._clock = clock
        self._on_failure = on_failure
        self._on_idle = on_idle
        self._waiting: deque[Delivery] = deque()
        self._flying: deque[_Flight] = deque()
        self._read = 0  # the seq up to which the store's pending deliveries have been taken up
        self._newest = 0  # the last seq that was put
        self._behind = False  # the store holds more than memory does
        self._revived: set[int] = (
            set()
        )  # dead letters taken up out of their turn: not to be read again
        self._forgotten: set[str] = (
            set()
        )  # messages that were deleted while they may have waited here
        self._doubtful = False  # some of what waits may have been sent already: look before sending
        self._failures = 0
        self._wake = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._task = asyncio.create_task(self._run(), name=f"queue {channel}")

    @property
    def depth(self) -> int:
        """Deliveries in memory and not yet confirmed."""
        return len(self._waiting) + len(self._flying)

    def put(self, delivery: Delivery) -> None:
        """Take on a delivery that was just committed."""
        if delivery.seq <= self._read:  # found in the store between its commit and now
            return
        self._newest = delivery.seq
        if self._behind or len(self._waiting) >= IN_MEMORY:
            self._behind = True
        else:
            self._waiting.append(delivery)
            self._read = delivery.seq
        self._wake.set()

    def hold(self, held: bool) -> None:
        """While held, what is put waits."""
        if held:
            self._open.clear()
        else:
            self._open.set()

    def resume(self) -> None:
        """Take up what the store holds from an earlier run: it may have been sent already."""
        self._behind = self._doubtful = True
        self._wake.set()

    def expect(self, seqs: Iterable[int]) -> None:
        """Dead letters are about to be pending again in the store: they come by `revive`, not by
        reading it."""
        self._revived.update(seqs)

    def revive(self, letters: Sequence[Delivery]) -> None:
        """Take on dead letters that are pending again: they may have been sent already. The queue
        that expected them may have ended since."""
        self._revived.update(one.seq for one in letters)
        self._waiting.extend(letters)
        self._doubtful = True
        self._wake.set()

    def forget(self, message_id: str) -> list[_Flight]:
        """A message was deleted: if it waits here, or comes back from the wire, it is not sent.
        Gives what of it is on the wire now."""
        self._forgotten.add(message_id)
        return [(one, flight) for one, flight in self._flying if one.message.id == message_id]

    async def stop(self) -> None:
        """End at once; what is not confirmed stays pending in the store."""
        for task in (self._task, *(flight for _one, flight in self._flying)):
            task.cancel()
        await asyncio.gather(
            self._task, *(flight for _, flight in self._flying), return_exceptions=True
        )

    async def _run(self) -> None:
        going = True
        while going:
            try:
                going = await self._step()
            except (DeliveryError, StoreError) as error:
                await self._step_back(error)
            except Exception:
                log.exception("queue failed", channel=str(self.channel))
                await self._step_back(Unavailable(_("internal error; see the log of Shoutbus")))

    async def _step(self) -> bool:
        """Settle what came back, send what fits the window, or wait; whether there may be more to
        do."""
        self._wake.clear()
        await self._collect()
        await self._refill()
        if self._waiting and len(self._flying) < WINDOW:
            await self._send()
        elif self._is_idle and self._on_idle(self):
            return False
        else:
            await self._wake.wait()
        return True

    @property
    def _is_idle(self) -> bool:
        return not (self._waiting or self._flying or self._behind or self._wake.is_set())

    async def _refill(self) -> None:
        if self._behind and not self._waiting:
            more = await self._store.deliveries.pending(self.channel, self._read, IN_MEMORY)
            self._waiting.extend(one for one in more if one.seq not in self._revived)
            self._read = more[-1].seq if more else self._read
            self._behind = (
                len(more) == IN_MEMORY or self._read < self._newest
            )  # put while the store was read
            self._doubtful = self._doubtful or bool(more)  # an earlier run may have sent it
            if more and not self._waiting:  # all of them are under way: read on
                self._wake.set()

    async def _send(self) -> None:
        await self._open.wait()
        await self._method.ready(self.channel)
        if self._doubtful:
            await self._look()
        # It may be held since, or have been given what must be looked for.
        while (
            self._waiting
            and len(self._flying) < WINDOW
            and self._open.is_set()
            and not self._doubtful
        ):
            delivery = self._waiting[0]
            if delivery.message.id in self._forgotten:
                self._waiting.popleft()
                continue
            try:
                confirmation = await self._method.send(delivery)
            except (
                Exception
            ) as error:  # a fault of ours too costs this message its tries, never the queue
                self._waiting.popleft()
                await self._after(delivery, error)
                continue
            self._waiting.popleft()
            self._flying.append((delivery, confirmation))
            confirmation.add_done_callback(functools.partial(self._landed, delivery))

    def _landed(self, delivery: Delivery, flight: Confirmation) -> None:
        """Settle a confirmation in the turn it came, so that no later mark of the archive is kept
        before it."""
        self._wake.set()
        if not flight.cancelled() and flight.exception() is None:
            self._failures = 0
            self._settle(delivery.confirmed(self._clock()))

    async def _look(self) -> None:
        """Confirm what the destination holds already, instead of sending it again."""
        landed = await self._method.landed(self.channel)
        here, self._waiting = self._waiting, deque()
        for delivery in here:
            if delivery.message.id in landed:
                self._settle(delivery.confirmed(self._clock()))
            else:
                self._waiting.append(delivery)
        self._doubtful = False

    async def _collect(self) -> None:
        """Take the flights that ended off the window, oldest first; raises the first failure that
        calls for a pause."""
        while self._flying and self._flying[0][1].done():
            delivery, flight = self._flying.popleft()
            if error := flight.exception():
                await self._after(delivery, error)

    async def _after(self, delivery: Delivery, error: BaseException) -> None:
        """A refusal ends this delivery alone; anything else is tried again, and holds up the
        queue."""
        if isinstance(error, DeliveryError):
            fault = error
        else:
            log.error(
                "method failed",
                channel=str(self.channel),
                message=delivery.message.id,
                exc_info=error,
            )
            fault = Unconfirmed(_("internal error: {error}", error=repr(error)))
        then = delivery.failed(fault, self._clock())
        try:
            if then.state is not State.DROPPED:
                then = await self._on_failure(
                    then, fault
                )  # kept with who takes it on, before it ends here
        except StoreError:
            self._waiting.appendleft(delivery)
            raise
        self._settle(then)
        if then.state is State.PENDING:
            self._waiting.appendleft(then)
            raise fault
        if then.state is State.DEAD:
            log.warning(
                "dead letter",
                channel=str(self.channel),
                message=delivery.message.id,
                reason=str(fault),
            )

    async def _step_back(self, error: ShoutbusError) -> None:
        """Take back the window in order, and pause."""
        self._failures += 1
        self._doubtful = True
        await self._land()
        wait = pause(self._failures, random.random())  # noqa: S311
        log.info(
            "delivery paused", channel=str(self.channel), seconds=round(wait, 1), reason=str(error)
        )
        await asyncio.sleep(wait)

    async def _land(self) -> None:
        """Wait for the rest of the window to end; what failed waits again, in its order."""
        await asyncio.gather(*(flight for _, flight in self._flying), return_exceptions=True)
        while self._flying:
            with contextlib.suppress(DeliveryError, StoreError):
                await self._collect()
        self._waiting = deque(sorted(self._waiting, key=lambda delivery: delivery.seq))
