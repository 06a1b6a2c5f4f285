"""Token buckets: a rate limit for each key. Pure, apart from the clock that it is given."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from component.common.errors import TooMany
from component.common.i18n import _

MAX_KEYS = 10_000
"""Keys in memory; the oldest are dropped first."""


@dataclass(slots=True)
class Bucket:
    """What a key may still spend, as of a time in seconds."""

    left: float
    at: float


class Rate:
    """`burst` at once, then `per_second`, for each key. `clock` gives seconds; setting it back
    takes nothing away."""

    def __init__(self, clock: Callable[[], float], burst: float, per_second: float) -> None:
        self._clock = clock
        self._burst = burst
        self._speed = per_second
        self._buckets: OrderedDict[str, Bucket] = OrderedDict()

    @property
    def size(self) -> int:
        """How many keys are in memory."""
        return len(self._buckets)

    def spend(self, key: str) -> None:
        """Take one; raises TooMany, with the seconds to wait, if `key` has none left."""
        now = self._clock()
        bucket = self._buckets.setdefault(key, Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MAX_KEYS:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + max(0.0, now - bucket.at) * self._speed)
        bucket.at = now
        if bucket.left < 1:
            wait = int((1 - bucket.left) / self._speed) + 1
            raise TooMany(_("Too many requests. Try again in {wait} s.", wait=wait), wait)
        bucket.left -= 1
