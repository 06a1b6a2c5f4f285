"""What a source stores about its channels, and what is wrong with them: their owners are notified
once."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from component.bus.model.message import Channel
from component.bus.ports.method import Tell
from component.bus.ports.source_state import SourceState
from component.common.i18n import Words


class Notebook:
    """The parts of what is kept about a channel; they are written one after the other. Raises
    StoreError."""

    def __init__(self, memory: SourceState) -> None:
        self._memory = memory
        self._one = asyncio.Lock()

    async def read(self, channel: Channel, part: str) -> Any:
        """What was written there; None where nothing was."""
        return (await self.parts(channel)).get(part)

    async def write(self, channel: Channel, part: str, value: Any) -> None:
        """Keep it in the place of what was there."""
        async with self._one:
            await self._memory.keep(channel, {**await self.parts(channel), part: value})

    async def parts(self, channel: Channel) -> dict[str, Any]:
        """All that was written about a channel, by part."""
        stored = await self._memory.recall(channel)
        if isinstance(stored, dict):
            return stored
        return {}


class Complaints:
    """Tells owners of each trouble once, and once that it is over, also over restarts. Raises
    StoreError."""

    def __init__(self, notebook: Notebook, tell: Tell) -> None:
        self._notebook = notebook
        self._tell = tell
        self._now: dict[tuple[Channel, str], Mapping[str, Words]] = {}

    async def known(self, channel: Channel, part: str) -> Collection[str]:
        """The troubles that were told, by their names."""
        names = await self._notebook.read(channel, part)
        if isinstance(names, list):
            return names
        return []

    async def see(
        self,
        channel: Channel,
        part: str,
        now: Mapping[str, Words],
        over: Callable[[str], Words | None],
    ) -> None:
        """Notify owners of new troubles, and of the end of old ones in the words of `over`.

        Troubles are marked as known after all notices are sent. After a crash in between, some are
        sent again.
        """
        self._now[channel, part] = now
        known = await self.known(channel, part)
        for name, why in now.items():
            if name not in known:
                await self._tell(channel, why)
        for name in known:
            words = over(name)
            if name not in now and words:
                await self._tell(channel, words)
        if set(known) != now.keys():
            await self._notebook.write(channel, part, sorted(now))

    def retain(self, channels: Collection[Channel]) -> None:
        """Let go what was seen at others."""
        for key in list(self._now):
            if key[0] not in channels:
                del self._now[key]

    def standing(self) -> Sequence[tuple[Channel, Words]]:
        """What is wrong now, as far as it was seen since the bus started."""
        troubles: list[tuple[Channel, Words]] = []
        for (channel, _part), seen in self._now.items():
            troubles.extend((channel, why) for why in seen.values())
        return troubles
