"""What is held back goes on when it is due. The store knows when; here it is waited for."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import structlog

from component.bus.model.planner import Held
from component.bus.ports.method import Clock
from component.bus.ports.store import Store
from component.common.errors import StoreError

log = structlog.get_logger()

AT_ONCE = 200
"""Messages let go in one transaction, but for a batch, which goes whole."""
LONGEST = 60.0
"""Seconds between looks, however far the next is: a clock may be set."""
AGAIN = 1.0
"""Seconds before it is tried again where the store failed, or routes were changed just then."""


class Releases:
    """Lets go by `release`, which commits and sends on, and says whether there was anything to.
    `run` it."""

    def __init__(
        self, store: Store, clock: Clock, release: Callable[[Sequence[Held]], Awaitable[bool]]
    ) -> None:
        self._store = store
        self._clock = clock
        self._release = release
        self._next: int | None = None
        self._wake = asyncio.Event()

    def expect(self, due: int) -> None:
        """Something is held until `due`, in ms."""
        if self._next is None or due < self._next:
            self._next = due
            self._wake.set()

    def look_again(self) -> None:
        """Routes have changed: what was held at one that was off may go on."""
        self._wake.set()

    async def run(self) -> None:
        """For as long as the bus runs."""
        while True:
            self._wake.clear()
            wait: float | None
            try:
                wait = await self.let_go()
            except StoreError as error:
                log.warning("release of held messages postponed", reason=str(error))
                wait = AGAIN
            except Exception:
                log.exception("release of held messages failed")
                wait = LONGEST
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._wake.wait()

    async def let_go(self) -> float | None:
        """Let go of all that is due; gives the seconds until the next, None where there is none.
        Raises StoreError."""
        while due := await self._store.held.due(self._clock(), AT_ONCE):
            if not await self._release(due):  # their routes were turned off or removed since
                return AGAIN
        self._next = await self._store.held.next_due()
        if self._next is None:
            return None
        return min(LONGEST, max(0.001, (self._next - self._clock()) / 1000))
