"""Releases held messages when they are due. The store knows the times; this module waits for
them."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from component.bus.engine.limits import DEFAULT_LIMITS, ReleaseLimits
from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.planner import Held
from component.bus.ports.held import HeldStore
from component.bus.ports.method import Clock
from component.bus.ports.transaction import Plan, Transaction
from component.common.errors import StoreError

log = structlog.get_logger()


async def release_all(
    tx: Transaction,
    groups: Iterable[tuple[Held, ...]],
    plan: Callable[[tuple[Held, ...], frozenset[Channel]], Plan],
) -> Sequence[Delivery]:
    """Take held messages out of the store and put what follows, one after the other: each sees
    where those before it went. Returns the new deliveries. Raises StoreError."""
    deliveries: list[Delivery] = []
    for group in groups:
        released = await tx.take_held(group)
        if released.held:
            (new,) = await tx.put([plan(released.held, released.reached)])
            deliveries += new
    return deliveries


class Releases:
    """Lets go by `release`, which commits and sends on, and says whether there was anything to.
    `run` it."""

    def __init__(
        self,
        held: HeldStore,
        clock: Clock,
        release: Callable[[Sequence[Held]], Awaitable[bool]],
        limits: ReleaseLimits = DEFAULT_LIMITS.releases,
    ) -> None:
        self._held = held
        self._clock = clock
        self._release = release
        self._limits = limits
        self._next: int | None = None
        self._wake = asyncio.Event()

    def expect(self, due: int) -> None:
        """Something is held until `due`, in ms."""
        if self._next is None or due < self._next:
            self._next = due
            self._wake.set()

    def look_again(self) -> None:
        """Routes have changed: messages held at a disabled route may now continue."""
        self._wake.set()

    async def run(self) -> None:
        """For as long as the bus runs."""
        while True:
            self._wake.clear()
            wait: float | None
            try:
                wait = await self.release_due()
            except StoreError as error:
                log.warning("release of held messages postponed", reason=str(error))
                wait = self._limits.retry_s
            except Exception:
                log.exception("release of held messages failed")
                wait = self._limits.look_s
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def release_due(self) -> float | None:
        """Release everything that is due. Gives the seconds until the next time, or None.

        Raises StoreError.
        """
        while due := await self._held.due(self._clock(), self._limits.page):
            if not await self._release(due):  # their routes were turned off or removed since
                return self._limits.retry_s
        self._next = await self._held.next_due()
        if self._next is None:
            return None
        return min(self._limits.look_s, max(0.001, (self._next - self._clock()) / 1000))
