"""What other mail servers think of ours: refusals that are about us are counted, and operators hear
of a rise once, and of its end.

One such refusal says little: a filter may not like the words of a mail. Several at a time mean a
blocklist, or a fault in SPF, DKIM or the DNS.
"""

import asyncio
from dataclasses import dataclass, replace
from typing import Any, Self

from component.bus.model.message import Channel
from component.bus.ports.method import Clock, Tell
from component.bus.ports.source_state import SourceState
from component.common.i18n import _

DAY_MS = 86_400_000
MIN_REFUSED = 3
"""Mails refused in a day; fewer are chance."""
MIN_SHARE = 10
"""One mail refused in so many is a rise."""
MAX_REMEMBERED = 100
"""Refusals whose times are remembered."""

ALL = Channel("mail", "*")
"""What operators are notified about."""
PURSE = Channel("mail", "reputation")
"""The channel under which it is kept what they know."""


@dataclass(frozen=True, slots=True)
class Rejections:
    """When mails were refused because of us in the last day (ms), what the last refusal said, how
    many mails were accepted meanwhile, and whether operators know."""

    at: tuple[int, ...] = ()
    why: str = ""
    accepted: int = 0
    notified: bool = False

    @classmethod
    def read(cls, kept: Any) -> Self:
        """As it was kept."""
        if not isinstance(kept, dict):
            return cls()
        return cls(tuple(kept["at"]), kept["why"], kept["accepted"], kept["notified"])

    @property
    def kept(self) -> dict[str, Any]:
        """In JSON's types."""
        return {
            "at": list(self.at),
            "why": self.why,
            "accepted": self.accepted,
            "notified": self.notified,
        }

    def on(self, now: int) -> Self:
        """As they are at `now`: what is older than a day is forgotten, and so is what a clock that
        was ahead noted."""
        recent = tuple(at for at in self.at if abs(now - at) < DAY_MS)
        if recent:
            return replace(self, at=recent)
        return replace(self, at=(), accepted=0)

    def refused(self, now: int, why: str) -> Self:
        """With one more."""
        earlier = self.on(now)
        return replace(earlier, at=(*earlier.at, now)[-MAX_REMEMBERED:], why=why)

    @property
    def is_rise(self) -> bool:
        """Whether there are too many for chance."""
        count = len(self.at)
        return count >= MIN_REFUSED and count * MIN_SHARE >= count + self.accepted


class Reputation:
    """Counts, and tells operators. Each raises StoreError; what was refused is on disk on
    return."""

    def __init__(self, memory: SourceState, tell: Tell, clock: Clock) -> None:
        self._memory = memory
        self._tell = tell
        self._clock = clock
        self._rejections: Rejections | None = None
        self._in_turn = asyncio.Lock()

    @property
    def trouble(self) -> str:
        """What the last refusal said, while mails are refused; "" while they are not."""
        if self._rejections is None or not self._rejections.notified:
            return ""
        return self._rejections.why

    async def refused(self, why: str) -> None:
        """A mail was refused because of us."""
        async with self._in_turn:
            now = self._clock()
            rejections = (await self._known()).refused(now, why)
            if rejections.is_rise and not rejections.notified:
                words = _(
                    "Other mail servers refuse messages from Shoutbus: {count} since yesterday. "
                    "The last reply was “{why}”. Check whether your mail server is on a "
                    "blocklist, and check its SPF, DKIM and reverse DNS. Subscriptions by mail "
                    "continue.",
                    count=len(rejections.at),
                    why=why,
                )
                await self._tell(ALL, words)
                rejections = replace(rejections, notified=True)
            await self._keep(rejections)

    async def accepted(self) -> None:
        """A mail was accepted."""
        async with self._in_turn:
            known = await self._known()
            rejections = known.on(self._clock())
            if rejections.at:
                self._rejections = replace(rejections, accepted=rejections.accepted + 1)
            elif known.notified:
                words = _("Other mail servers accept messages from Shoutbus again.")
                await self._tell(ALL, words)
                await self._keep(Rejections())

    async def _known(self) -> Rejections:
        if self._rejections is None:
            self._rejections = Rejections.read(await self._memory.recall(PURSE))
        return self._rejections

    async def _keep(self, rejections: Rejections) -> None:
        await self._memory.keep(PURSE, rejections.kept)
        self._rejections = rejections
