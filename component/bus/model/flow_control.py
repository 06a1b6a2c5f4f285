"""Flow control for one server: how many messages to its people are unconfirmed, and whether it
answers in time."""

import asyncio

WINDOW = 32
"""Unconfirmed messages to the people of a server, behind which a room's next line waits."""
PATIENCE_S = 2.0
"""Seconds in which a server is to answer: nobody else waits longer for it."""


class Way:
    """A server is `silent` if it did not answer in time. Until it answers in time again, its
    people are served apart from all others."""

    def __init__(self) -> None:
        self.silent = False
        self.flying = 0
        self._changed = asyncio.Event()

    @property
    def full(self) -> bool:
        """Whether nobody more is to be told there now."""
        return self.flying >= WINDOW and not self.silent

    async def room(self) -> None:
        """Return once it is not full."""
        while self.full:
            self._changed.clear()
            await self._changed.wait()

    def ended(self) -> None:
        """One of those who were told is no longer waited for."""
        self.flying -= 1
        self._changed.set()

    def hush(self) -> None:
        """It did not answer in time."""
        self.silent = True
        self._changed.set()
