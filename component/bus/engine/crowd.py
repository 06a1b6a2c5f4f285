"""How many persons have deliveries that wait: who would add many more waits for some to go."""

import asyncio


class Crowd:
    """Counts persons (`component.bus.ports.accepted.Crowd`)."""

    def __init__(self) -> None:
        self._size = 0
        self._shrank = asyncio.Event()

    @property
    def size(self) -> int:
        """The number of persons."""
        return self._size

    def join(self) -> None:
        """Count one person more."""
        self._size += 1

    def leave(self) -> None:
        """Count one person less."""
        self._size -= 1
        self._shrank.set()

    async def below(self, size: int) -> None:
        """Return once there are fewer than `size`."""
        while self._size >= size:
            self._shrank.clear()
            await self._shrank.wait()
