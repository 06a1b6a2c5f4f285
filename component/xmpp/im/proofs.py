"""Proves direct messages by a ping behind them (XEP-0199).

A TCP write is not a delivery. The answer to a ping to the recipient's domain proves that the server
took what was sent before it, since a bounce would have come first. A remote domain's answer proves
the local server's acceptance.
"""

import asyncio
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from component.bus.model.flow_control import Way
from component.bus.ports.method import Confirmation
from component.common.errors import DeliveryError, Unavailable
from component.common.i18n import _
from component.xmpp.limits import Limits
from component.xmpp.stream.session import IqError, Session
from component.xmpp.tasks import Tasks

GROUP = 16
"""Messages to a domain behind which the next ping goes while an earlier one is on its way: one ping
at a time would let the server wait for us, and us for the server."""


@dataclass(frozen=True, slots=True, eq=False)
class SentMessage:
    """A message on its way. `lost` is the error where its proof never comes."""

    lost: type[DeliveryError]
    confirmation: Confirmation = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )

    def settle(self, error: Exception | None) -> None:
        """Confirm it, or fail it; the first word counts."""
        if self.confirmation.done():
            return
        if error:
            self.confirmation.set_exception(error)
        else:
            self.confirmation.set_result(None)


class Proofs:
    """The proofs that are outstanding, by domain; `bot` is the full JID that pings."""

    def __init__(self, session: Session, bot: str, limits: Limits) -> None:
        self._session = session
        self._bot = bot
        self._silence_s = limits.silence_s
        self._unproved: dict[str, list[SentMessage]] = {}
        self._pings: Counter[str] = Counter()
        self._ways: defaultdict[str, Way] = defaultdict(Way)
        self._tasks = Tasks()
        session.down.append(self._ways.clear)

    async def close(self) -> None:
        """End what runs in the background."""
        await self._tasks.close()

    def way(self, where: str) -> Way:
        """The flow of messages to a domain's people."""
        return self._ways[where]

    def drop(self, where: str, way: Way) -> None:
        """Forget the flow to a domain once nothing of it is left to know."""
        if not (way.flying or way.silent) and self._ways.get(where) is way:
            del self._ways[where]

    def fills_group(self, where: str) -> bool:
        """Whether the last message that was sent to a domain filled a group."""
        return len(self._unproved[where]) % GROUP == 0

    def expect(self, where: str, sent: SentMessage) -> None:
        """Prove a message that was just sent to a domain."""
        self._unproved.setdefault(where, []).append(sent)
        self.prove_soon(where)

    def prove_soon(self, where: str) -> None:
        """Start a ping where one is due: it covers all that was sent before it."""
        waiting = len(self._unproved.get(where, ()))
        if waiting and (waiting >= GROUP or not self._pings[where]):
            self._pings[where] += 1
            self._tasks.run(self.prove(where))

    async def prove(self, where: str) -> None:
        """Ping a domain for all that was sent to it, then for what came meanwhile."""
        try:
            group = self._unproved.pop(where, [])
            if group:
                await self.settle(where, group)
        finally:
            self._pings[where] -= 1
            if not self._pings[where]:
                del self._pings[where]
            self.prove_soon(where)

    async def settle(self, where: str, group: list[SentMessage]) -> None:
        """Ping a domain, and confirm or fail a group by what comes of it."""
        try:
            await self.ping(where)
        except IqError as answered:
            unreachable = None
            if answered.fault.condition.startswith("remote-server"):
                self._ways[where].hush()
                unreachable = Unavailable(
                    _("{who} cannot be reached: {why}.", who=where, why=answered.fault)
                )
            for sent in group:
                sent.settle(unreachable)
        except Unavailable as silence:
            for sent in group:
                sent.settle(sent.lost(silence.sentence))
        else:
            for sent in group:
                sent.settle(None)

    async def ping(self, where: str) -> None:
        """Raises as `Session.ping`; a domain that does not answer in time counts as silent."""
        loop, way = asyncio.get_running_loop(), self._ways[where]
        began, late = loop.time(), loop.call_later(self._silence_s, way.hush)
        try:
            await self._session.ping(where, self._bot)
        finally:
            late.cancel()
            if loop.time() - began < self._silence_s:
                way.silent = False
