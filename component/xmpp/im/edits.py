"""What people wrote to the bot and to the channels, by what their clients call it: so they can
correct it (XEP-0308) and take it back (XEP-0424). Known while the bus runs.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass

from component.bus.model.message import Channel
from component.common.errors import NotFound
from component.xmpp.muc.edits import UNKNOWN

REMEMBERED = 10_000
"""Names of messages that can be edited."""


@dataclass(frozen=True, slots=True)
class Posted:
    """A message that someone posted: its id, and its channel."""

    id: str
    channel: Channel


Outcome = asyncio.Future[Posted | None]
"""What becomes of a stanza: None where it is not a message, but a command or an answer."""


class PostedLines:
    """The last messages of everyone, each under the bare JID of its author alone."""

    def __init__(self) -> None:
        self._by_name: OrderedDict[tuple[str, str], Outcome] = OrderedDict()

    def expect(self, jid: str, names: Iterable[str]) -> Outcome:
        """A stanza came in, and it is not known yet what becomes of it."""
        outcome: Outcome = asyncio.get_running_loop().create_future()
        for name in names:
            self._by_name.pop((jid, name), None)
            self._by_name[jid, name] = outcome
        while len(self._by_name) > REMEMBERED:
            self._by_name.popitem(last=False)
        return outcome

    def settle(self, jid: str, names: Iterable[str], posted: Posted | None) -> None:
        """It is known; the first word on it counts."""
        for name in names:
            outcome = self._by_name.get((jid, name))
            if outcome and not outcome.done():
                outcome.set_result(posted)

    async def find(self, jid: str, name: str) -> Posted | None:
        """The message that someone names, once it is known; None for what is not a message. Raises
        NotFound."""
        outcome = self._by_name.get((jid, name))
        if outcome is None:
            raise NotFound(UNKNOWN)
        return await asyncio.shield(outcome)
