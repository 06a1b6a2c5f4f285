"""The way to the people of one server: how many of them are told and not proved yet, and whether it
answers in time."""

import asyncio

WINDOW = 32
"""Persons of a server who are told on the wire and not confirmed yet: what a room's next line waits
behind."""
PATIENCE = 2.0
"""Seconds in which a server is to answer: nobody else waits longer for it."""


class Way:
    """Where the server is `silent`, its people are told as its answers come, apart from all others:
    until one came in time again."""

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
