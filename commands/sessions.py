"""Sessions of surfaces that keep one open between two steps: whose each is, how long it lives, how
many a person has.

Nothing of an ended session is kept: its number shows whether it ever was this person's.
"""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from commands.action import Action, Step
from component.bus.model.message import Channel

LIFE_S = 900.0
"""Seconds a session lives after its last step."""
PER_PERSON = 8
MAX_SESSIONS = 5_000
"""Sessions in all; the oldest go first."""


@dataclass(slots=True)
class Session:
    """One person's way through one command: the steps so far, the last one shown; `seen` in the
    clock's seconds.

    `here` is the channel at whose JID it was begun. `busy` lets one submit at a time through.
    """

    id: str
    owner: str
    node: str
    seen: float
    action: Action | None = None
    here: Channel | None = None
    steps: list[Step] = field(default_factory=list)
    busy: asyncio.Lock = field(default_factory=asyncio.Lock)


class Sessions:
    """The open ones; `clock` gives monotonic seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._key = secrets.token_bytes(16)
        self._open: OrderedDict[str, Session] = OrderedDict()

    def __contains__(self, session: Session) -> bool:
        return self._open.get(session.id) is session

    def __len__(self) -> int:
        return len(self._open)

    def open(
        self, owner: str, node: str, action: Action | None, here: Channel | None = None
    ) -> Session:
        """A new one; of a person's, and of all, the oldest make room."""
        self.sweep()
        mine = [one.id for one in self._open.values() if one.owner == owner]
        for number in mine[: max(0, len(mine) - PER_PERSON + 1)]:
            del self._open[number]
        if len(self._open) >= MAX_SESSIONS:
            self._open.popitem(last=False)
        start = secrets.token_hex(8)
        session = Session(
            f"{start}.{self._sign(start, owner)}", owner, node, self._clock(), action, here
        )
        self._open[session.id] = session
        return session

    def was_of(self, number: str, owner: str) -> bool:
        """Whether a session of this number ever was this person's."""
        start, _dot, sign = number.partition(".")
        return secrets.compare_digest(sign.encode(), self._sign(start, owner).encode())

    def find(self, number: str, owner: str) -> Session | None:
        """The open one of a number, where it is this person's; it lives on from now."""
        self.sweep()
        session = self._open.get(number)
        if session is None or session.owner != owner:
            return None
        session.seen = self._clock()
        self._open.move_to_end(number)
        return session

    def end(self, session: Session) -> None:
        """It is over."""
        self._open.pop(session.id, None)

    def sweep(self) -> None:
        """Let go of the sessions whose time is over."""
        old = self._clock() - LIFE_S
        while self._open:
            number, session = next(iter(self._open.items()))
            if session.seen > old:
                return
            del self._open[number]
        self._open.clear()  # an emptied table keeps its size otherwise

    def _sign(self, start: str, owner: str) -> str:
        return hashlib.blake2b(
            f"{start} {owner}".encode("utf-8", "replace"), key=self._key, digest_size=12
        ).hexdigest()
