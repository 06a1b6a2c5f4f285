"""The deliveries to one channel: in order, with a bounded window in flight and a back-off.

A queue holds at most `Limits.in_memory` deliveries. What lies behind them is read from the store as
they are sent.
"""

import asyncio
import contextlib
import functools
import random
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace

import structlog

from component.bus.model.delivery import Delivery, State, pause
from component.bus.model.message import Channel, Kind, Message
from component.bus.ports.deliveries import DeliveryStore
from component.bus.ports.method import Clock, Confirmation, Method, Retracts
from component.bus.ports.rendering import Renderer, render
from component.common.errors import (
    DeliveryError,
    ShoutbusError,
    StoreError,
    Unavailable,
    Unconfirmed,
)
from component.common.i18n import _

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class QueueLimits:
    """How many deliveries a queue may have on the wire unconfirmed (`window`), and in memory; and
    the seconds that it waits after so many failures, given a number from 0 to 1 drawn by chance."""

    window: int = 64
    in_memory: int = 500
    back_off: Callable[[int, float], float] = pause


QUEUE_LIMITS = QueueLimits()

Flight = tuple[Delivery, Confirmation]
"""A delivery on the wire."""

OnFailure = Callable[[Delivery, DeliveryError], Awaitable[Delivery]]
"""Failure hook: may reroute the delivery. Returns its new state; raises StoreError."""
OnIdle = Callable[["DeliveryQueue"], bool]
"""Called when nothing is left to do. Where it returns true the queue ends, and is given nothing any
more."""


async def no_fallback(failed: Delivery, _error: DeliveryError) -> Delivery:
    """The failure hook that changes nothing."""
    return failed


def never_ends(_queue: "DeliveryQueue") -> bool:
    """The idle hook of queues that wait for more."""
    return False


class DeliveryQueue:
    """Sends the deliveries to one channel; runs by itself from the first `put` or `resume`."""

    def __init__(
        self,
        channel: Channel,
        method: Method,
        renderer: Renderer,
        store: DeliveryStore,
        settle: Callable[[Delivery], None],
        clock: Clock,
        on_failure: OnFailure = no_fallback,
        on_idle: OnIdle = never_ends,
        limits: QueueLimits = QUEUE_LIMITS,
    ) -> None:
        self.channel = channel
        self._method = method
        self._renderer = renderer
        self._store = store
        self._settle = settle
        self._clock = clock
        self._on_failure = on_failure
        self._on_idle = on_idle
        self._limits = limits
        self._waiting: deque[Delivery] = deque()
        self._flying: deque[Flight] = deque()
        self._read = 0  # the seq up to which the store's pending deliveries have been taken up
        self._newest = 0  # the last seq that was put
        self._behind = False  # the store holds more than memory does
        # Dead letters that were taken up out of their turn: not to be read again.
        self._revived: set[int] = set()
        # Messages that were deleted while they may have waited here.
        self._forgotten: set[str] = set()
        # Messages that were edited while they were on the wire, as they are by now.
        self._edited: dict[str, Message] = {}
        self._sending = ""  # the id of the message that is put on the wire just now
        # Some of what waits may have been sent already: look before sending.
        self._doubtful = False
        self._failures = 0
        self._wake = asyncio.Event()
        self._open = asyncio.Event()
        self._open.set()
        self._task = asyncio.create_task(self._run(), name=f"queue {channel}")

    @property
    def depth(self) -> int:
        """The number of deliveries in memory that are not confirmed yet."""
        return len(self._waiting) + len(self._flying)

    def put(self, delivery: Delivery) -> None:
        """Take on a delivery that was just committed."""
        if delivery.seq <= self._read:  # it was read from the store between its commit and now
            return
        self._newest = delivery.seq
        if self._behind or len(self._waiting) >= self._limits.in_memory:
            self._behind = True
        else:
            self._waiting.append(delivery)
            self._read = delivery.seq
        self._wake.set()

    def hold(self, held: bool) -> None:
        """Let everything that is put wait, or go again."""
        if held:
            self._open.clear()
        else:
            self._open.set()

    def resume(self) -> None:
        """Take up what the store holds from an earlier run; it may have been sent already."""
        self._behind = True
        self._doubtful = True
        self._wake.set()

    def expect(self, seqs: Iterable[int]) -> None:
        """Dead letters are about to be pending in the store again: they come by `revive`, and are
        not read from the store."""
        self._revived.update(seqs)

    def revive(self, letters: Sequence[Delivery]) -> None:
        """Take on dead letters that are pending again; they may have been sent already. Their seqs
        are noted once more, since the queue that expected them may have ended."""
        for letter in letters:
            self._revived.add(letter.seq)
            self._waiting.append(letter)
        self._doubtful = True
        self._wake.set()

    def forget(self, message_id: str) -> list[Flight]:
        """A message was deleted: if it waits here, or comes back from the wire, it is not sent, nor
        is what corrects it. Returns its flights that are on the wire now."""
        self._forgotten.add(message_id)
        self._edited.pop(message_id, None)
        flights: list[Flight] = []
        for flight in self._flying:
            if self._is_forgotten(flight[0].message):
                flights.append(flight)
        return flights

    def waits(self, message_id: str) -> bool:
        """Whether a message waits here and nothing of it is on the wire."""
        flying = {delivery.message.id for delivery, _confirmation in self._flying}
        if message_id in flying or message_id == self._sending:
            return False
        return any(delivery.message.id == message_id for delivery in self._waiting)

    def revise(self, message: Message) -> None:
        """A message was edited: if it waits here, or comes back from the wire, it is sent as it is
        now."""
        self._waiting = deque(as_edited(one, message) for one in self._waiting)
        if any(delivery.message.id == message.id for delivery, _confirmation in self._flying):
            self._edited[message.id] = message

    def _is_forgotten(self, message: Message) -> bool:
        corrected = message.kind is not Kind.RETRACTION and message.corrects in self._forgotten
        return corrected or message.id in self._forgotten

    def has_forgotten(self, message_id: str) -> bool:
        """Whether `forget` was called for a message."""
        return message_id in self._forgotten

    async def stop(self) -> None:
        """End at once. What is not confirmed stays pending in the store."""
        self._task.cancel()
        for _delivery, confirmation in self._flying:
            confirmation.cancel()
        await asyncio.gather(self._task, *self._confirmations(), return_exceptions=True)

    def _confirmations(self) -> list[Confirmation]:
        return [confirmation for _delivery, confirmation in self._flying]

    async def _run(self) -> None:
        is_running = True
        while is_running:
            try:
                is_running = await self._step()
            except (DeliveryError, StoreError) as error:
                await self._step_back(error)
            except Exception:
                log.exception("queue failed", channel=str(self.channel))
                await self._step_back(Unavailable(_("internal error; see the log of Shoutbus")))

    async def _step(self) -> bool:
        """Settle what came back, send what fits the window, or wait. Returns whether there may be
        more to do."""
        self._wake.clear()
        await self._collect()
        await self._refill()
        if self._next_may_go and len(self._flying) < self._limits.window:
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
        """Read on in the store once memory is empty."""
        if not self._behind or self._waiting:
            return
        most = self._limits.in_memory
        more = await self._store.pending(self.channel, self._read, most)
        for delivery in more:
            self._read = delivery.seq
            if delivery.seq not in self._revived:
                self._waiting.append(delivery)
        # Something may have been put while the store was read.
        self._behind = len(more) == most or self._read < self._newest
        if more:
            self._doubtful = True  # an earlier run may have sent it
            if not self._waiting:  # all of them are under way: read on
                self._wake.set()

    async def _send(self) -> None:
        await self._open.wait()
        await self._method.ready(self.channel)
        if self._doubtful:
            await self._look()
        while self._may_send:
            delivery = self._waiting[0]
            if self._is_forgotten(delivery.message):
                self._waiting.popleft()
                continue
            self._sending = delivery.message.id
            try:
                confirmation = await self._put_on_wire(delivery)
            except Exception as error:  # a fault of ours costs this message its tries, no other
                self._waiting.popleft()
                await self._fail(delivery, error)
                continue
            finally:
                self._sending = ""
            self._waiting.popleft()
            self._flying.append((delivery, confirmation))
            confirmation.add_done_callback(functools.partial(self._landed, delivery))

    @property
    def _may_send(self) -> bool:
        """Looked at before each: the queue may be held since, or have been given what must be
        looked for."""
        has_room = len(self._flying) < self._limits.window
        return self._next_may_go and has_room and self._open.is_set() and not self._doubtful

    @property
    def _next_may_go(self) -> bool:
        """A retraction waits until all that is on the wire has come to its end: what it takes back
        may be there."""
        if not self._waiting:
            return False
        return self._waiting[0].message.kind is not Kind.RETRACTION or not self._flying

    async def _put_on_wire(self, delivery: Delivery) -> Confirmation:
        """Send a delivery; raises as `Method.send`, and StoreError."""
        if delivery.message.kind is Kind.RETRACTION:
            return await self._retract(delivery)
        rendered = await render(self._method.form, self._renderer, delivery)
        return await self._method.send(rendered)

    async def _retract(self, delivery: Delivery) -> Confirmation:
        """Take back what was brought here of the message that a retraction names; raises
        Unavailable, StoreError, and Refused where it stays."""
        done: Confirmation = asyncio.get_running_loop().create_future()
        method: object = self._method
        if isinstance(method, Retracts):
            for one in await self._store.brought(self.channel, delivery.message.corrects):
                await method.retract(one)
        done.set_result(None)
        return done

    def _landed(self, delivery: Delivery, confirmation: Confirmation) -> None:
        """Settle a confirmation in the turn it came, so that no later position in the archive is
        kept before it."""
        self._wake.set()
        if not confirmation.cancelled() and confirmation.exception() is None:
            self._failures = 0
            self._edited.pop(delivery.message.id, None)
            self._settle(delivery.confirmed(self._clock()))

    async def _look(self) -> None:
        """Confirm what the destination holds already, instead of sending it again."""
        landed = await self._method.landed(self.channel)
        waiting, self._waiting = self._waiting, deque()
        for delivery in waiting:
            if delivery.message.id in landed:
                self._settle(delivery.confirmed(self._clock()))
            else:
                self._waiting.append(delivery)
        self._doubtful = False

    async def _collect(self) -> None:
        """Take the flights that ended off the window, oldest first; raises the first failure that
        calls for a pause."""
        while self._flying and self._flying[0][1].done():
            delivery, confirmation = self._flying.popleft()
            error = confirmation.exception()
            if error:
                await self._fail(delivery, error)

    async def _fail(self, delivery: Delivery, error: BaseException) -> None:
        """Settle a failure. A refusal ends this delivery alone; anything else is tried again, holds
        up the queue, and is raised."""
        fault = self._fault(delivery, error)
        failed = delivery.failed(fault, self._clock())
        try:
            is_retraction = delivery.message.kind is Kind.RETRACTION  # of no use to anyone else
            if failed.state is not State.DROPPED and not is_retraction:
                failed = await self._on_failure(failed, fault)
        except StoreError:
            self._waiting.appendleft(delivery)
            raise
        self._settle(failed)
        if failed.state is State.PENDING:
            edited = self._edited.pop(failed.message.id, failed.message)
            self._waiting.appendleft(as_edited(failed, edited))
            raise fault
        if failed.state is State.DEAD:
            log.warning(
                "dead letter",
                channel=str(self.channel),
                message=delivery.message.id,
                reason=str(fault),
            )

    def _fault(self, delivery: Delivery, error: BaseException) -> DeliveryError:
        if isinstance(error, DeliveryError):
            return error
        log.error(
            "method failed",
            channel=str(self.channel),
            message=delivery.message.id,
            exc_info=error,
        )
        return Unconfirmed(_("internal error: {error}", error=repr(error)))

    async def _step_back(self, error: ShoutbusError) -> None:
        """Take back the window in order, and pause."""
        self._failures += 1
        self._doubtful = True
        await self._take_back()
        wait = self._limits.back_off(self._failures, random.random())  # noqa: S311
        log.info(
            "delivery paused", channel=str(self.channel), seconds=round(wait, 1), reason=str(error)
        )
        await asyncio.sleep(wait)

    async def _take_back(self) -> None:
        """Wait for the rest of the window to end; what failed waits again, in its order."""
        await asyncio.gather(*self._confirmations(), return_exceptions=True)
        while self._flying:
            with contextlib.suppress(DeliveryError, StoreError):
                await self._collect()
        self._waiting = deque(sorted(self._waiting, key=lambda delivery: delivery.seq))


def as_edited(delivery: Delivery, message: Message) -> Delivery:
    """A delivery of a message as it is now; others as they are."""
    if delivery.message.id != message.id:
        return delivery
    return replace(delivery, message=message)
