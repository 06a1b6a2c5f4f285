"""Token buckets: so many at once, then so many a second, for each key. Pure but for the clock it is
given."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from component.common.errors import TooMany
from component.common.i18n import _

MOST = 10_000
"""Keys kept in memory; the oldest go first."""


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class Rate:
    """`burst` at once, then `per_second`, for each key; `clock` gives seconds, and takes nothing
    away when set back."""

    def __init__(self, clock: Callable[[], float], burst: float, per_second: float) -> None:
        self._clock = clock
        self._burst = burst
        self._speed = per_second
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def spend(self, key: str) -> None:
        """Raises TooMany, with the seconds to wait, where `key` has none left."""
        now = self._clock()
        bucket = self._buckets.setdefault(key, _Bucket(self._burst, now))
        self._buckets.move_to_end(key)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        bucket.left = min(self._burst, bucket.left + max(0.0, now - bucket.at) * self._speed)
        bucket.at = now
        if bucket.left < 1:
            wait = int((1 - bucket.left) / self._speed) + 1
            raise TooMany(_("Too many requests. Try again in {wait} s.", wait=wait), wait)
        bucket.left -= 1
