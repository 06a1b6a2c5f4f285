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
PER_DOMAIN = 1_000
"""Sessions of people of one server, but for operators."""
MAX_SESSIONS = 5_000
"""Sessions in all; the oldest go first, and those of operators last."""


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
    """The open ones; `clock` gives monotonic seconds, `is_protected` tells operators by bare
    JID: anyone can have many JIDs."""

    def __init__(
        self, clock: Callable[[], float], is_protected: Callable[[str], bool] = lambda _jid: False
    ) -> None:
        self._clock = clock
        self._is_protected = is_protected
        self._key = secrets.token_bytes(16)
        self._open: OrderedDict[str, Session] = OrderedDict()
        self._of: dict[str, OrderedDict[str, None]] = {}
        """The numbers of each owner's, and of each domain's that are not protected."""

    def __contains__(self, session: Session) -> bool:
        return self._open.get(session.id) is session

    def __len__(self) -> int:
        return len(self._open)

    def open(
        self, owner: str, node: str, action: Action | None, here: Channel | None = None
    ) -> Session:
        """A new one; of a person's, and of all, the oldest make room."""
        self.sweep()
        self._make_room(owner)
        start = secrets.token_hex(8)
        session = Session(
            f"{start}.{self._sign(start, owner)}", owner, node, self._clock(), action, here
        )
        self._open[session.id] = session
        for key in self._keys(session):
            self._of.setdefault(key, OrderedDict())[session.id] = None
        return session

    def _make_room(self, owner: str) -> None:
        mine = self._of.get(owner, ())
        if len(mine) >= PER_PERSON:
            self._drop(next(iter(mine)))
        theirs = self._of.get(domain_key(owner), ())
        if len(theirs) >= PER_DOMAIN and not self._is_protected(owner):
            self._drop(next(iter(theirs)))
        if len(self._open) >= MAX_SESSIONS:
            self._drop(self._first_to_drop())

    def _first_to_drop(self) -> str:
        """The oldest that is not protected; where all are, the oldest."""
        for number, session in self._open.items():
            if not self._is_protected(session.owner):
                return number
        return next(iter(self._open))

    def _keys(self, session: Session) -> tuple[str, ...]:
        if self._is_protected(session.owner):
            return (session.owner,)
        return (session.owner, domain_key(session.owner))

    def _drop(self, number: str) -> None:
        session = self._open.pop(number, None)
        if session is None:
            return
        for key in (session.owner, domain_key(session.owner)):
            numbers = self._of.get(key)
            if numbers:
                numbers.pop(number, None)
            if not numbers:
                self._of.pop(key, None)

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
        for key in self._keys(session):
            if number in self._of.get(key, ()):
                self._of[key].move_to_end(number)
        return session

    def end(self, session: Session) -> None:
        """It is over."""
        self._drop(session.id)

    def sweep(self) -> None:
        """Let go of the sessions whose time is over."""
        old = self._clock() - LIFE_S
        while self._open:
            number, session = next(iter(self._open.items()))
            if session.seen > old:
                return
            self._drop(number)
        self._open.clear()  # an emptied table keeps its size otherwise

    def _sign(self, start: str, owner: str) -> str:
        return hashlib.blake2b(
            f"{start} {owner}".encode("utf-8", "replace"), key=self._key, digest_size=12
        ).hexdigest()


def domain_key(owner: str) -> str:
    """The key of a domain, which no JID is."""
    return f"@{owner.rpartition('@')[2]}"
