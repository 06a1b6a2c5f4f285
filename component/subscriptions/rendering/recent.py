"""What was made lately, to be given again: so many things, for so long."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Made = TypeVar("Made")


class Recent(Generic[Key, Made]):
    """The last `most` things, each for `life` ms: what was deleted since is not told for longer
    than that."""

    def __init__(self, most: int, life: int, clock: Callable[[], int]) -> None:
        self._most = most
        self._life = life
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[int, Made]] = OrderedDict()

    def get(self, key: Key) -> Made | None:
        """What was put there and is not too old."""
        found = self._kept.get(key)
        if found is None or not 0 <= self._clock() - found[0] < self._life:
            return None
        self._kept.move_to_end(key)
        return found[1]

    def put(self, key: Key, made: Made) -> Made:
        """Keep it; gives it back."""
        self._kept[key] = (self._clock(), made)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return made

    def __len__(self) -> int:
        return len(self._kept)
