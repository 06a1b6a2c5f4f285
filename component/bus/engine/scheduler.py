"""What wakes at a time: feeds to be polled, fortunes, greetings, reminders. Keeps nothing: who asks
to be woken knows when from the store or from a schedule, and asks again when the bus starts."""

import asyncio
import contextlib
import heapq
import itertools
from collections.abc import Callable

import structlog

from component.bus.ports.method import Clock, Job

log = structlog.get_logger()

MAX_SLEEP_S = 60.0
"""Seconds between looks at the clock, however far the next is: a clock may be set."""
AT_ONCE = 64
"""Jobs that run beside each other; who comes past it waits for one to end."""


BACK = 60_000
"""Milliseconds that a clock may go back without anyone being told."""


class Scheduler:
    """Runs each job once, when it is due; by `name` there is one at most, and it never runs beside
    itself. Functions in `set_back` are called when the clock was."""

    def __init__(self, clock: Clock, at_once: int = AT_ONCE) -> None:
        self.set_back: list[Callable[[], None]] = []
        self._clock = clock
        self.jobs: dict[str, tuple[int, int, Job]] = {}
        self.heap: list[tuple[int, int, str]] = []
        self._numbers = itertools.count()
        self._wake = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(at_once)
        self._last = 0  # what the clock said when it was looked at

    def at(self, name: str, due: int, job: Job) -> None:
        """Run `job` at `due` (ms since 1970), in place of what `name` stood for before."""
        number = next(self._numbers)
        self.jobs[name] = (due, number, job)
        heapq.heappush(self.heap, (due, number, name))
        if len(self.heap) > 2 * len(self.jobs) + 64:  # mostly of what was put off since
            self.heap = [(one, count, key) for key, (one, count, _job) in self.jobs.items()]
            heapq.heapify(self.heap)
        if self.heap[0][1] == number:
            self._wake.set()

    def drop(self, name: str) -> None:
        """Cancel the job of `name`. If it is running, it runs to its end."""
        self.jobs.pop(name, None)

    def due(self, name: str) -> int | None:
        """When `name` is woken, in ms; None where it is not."""
        found = self.jobs.get(name)
        return found[0] if found else None

    def look_again(self) -> None:
        """The clock was set: something may be due."""
        self._wake.set()

    def next_due(self) -> int | None:
        """When the next job is due, in milliseconds; None without a job."""
        return min((due for due, _number, _job in self.jobs.values()), default=None)

    async def run(self) -> None:
        """For as long as the bus runs; then what runs is cancelled."""
        try:
            while True:
                self._wake.clear()
                wait = self.tick()
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        finally:
            for task in self._running.values():
                task.cancel()
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def tick(self) -> float | None:
        """Start the jobs that are due. Gives the seconds until the next one, or None."""
        now = self._clock()
        before, self._last = self._last, now
        if now < before - BACK:
            for call in self.set_back:
                call()
        while self.heap:
            due, number, name = self.heap[0]
            standing = self.jobs.get(name)
            if standing is None or standing[1] != number:  # dropped or put off since
                heapq.heappop(self.heap)
            elif due <= now and name not in self._running:
                heapq.heappop(self.heap)
                del self.jobs[name]
                self._start(name, standing[2])
            elif due <= now:  # it runs still: it is woken again when it has ended
                heapq.heappop(self.heap)
            else:
                return min(MAX_SLEEP_S, max(0.001, (due - now) / 1000))
        return None

    async def settled(self) -> None:
        """Return once nothing runs."""
        while self._running:
            await asyncio.gather(*self._running.values(), return_exceptions=True)

    def _start(self, name: str, job: Job) -> None:
        self._running[name] = asyncio.create_task(self._work(name, job), name=f"job {name}")

    async def _work(self, name: str, job: Job) -> None:
        try:
            async with self._free:
                await job()
        except Exception:
            log.exception("job failed", job=name)
        finally:
            del self._running[name]
            standing = self.jobs.get(name)
            if standing:  # asked for while it ran
                heapq.heappush(self.heap, (standing[0], standing[1], name))
                self._wake.set()
