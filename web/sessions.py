"""Operators and others on the web: one-time links that the bot hands out, and the sessions they
open.

Of a link and of a session's cookie only the hash is kept, in memory: a restart signs everyone out.
Whether someone is an operator (still) is asked at every use; here stands only who they are.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

LINK_LIFE = 300.0
"""Seconds a link waits to be used."""
IDLE = 12 * 3600.0
"""Seconds a session lives after its last use."""
PER_PERSON = 8
"""Sessions of one person; the oldest go first."""
MOST = 1_000
"""Links, and sessions, in all."""


@dataclass(slots=True)
class Seat:
    """Someone signed in: the bare JID, what the forms carry to show that they are ours, when it was
    last used."""

    jid: str
    token: str
    seen: float


class Operators:
    """Links and sessions; `clock` gives monotonic seconds. Where there are too many, the oldest go,
    but of those that `keeps` says yes to (operators, by the bare JID) only when there are no
    others: anyone may have many JIDs."""

    def __init__(
        self, clock: Callable[[], float], keeps: Callable[[str], bool] = lambda _jid: False
    ) -> None:
        self._clock = clock
        self._keeps = keeps
        self._links: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._seats: OrderedDict[str, Seat] = OrderedDict()

    def link(self, jid: str) -> str:
        """A key that signs `jid` in once; one that was handed to them before is void."""
        for digest in [one for one, (owner, _until) in self._links.items() if owner == jid]:
            del self._links[digest]
        if len(self._links) >= MOST:
            del self._links[
                self._least({one: owner for one, (owner, _until) in self._links.items()})
            ]
        key = secrets.token_urlsafe(16)
        self._links[_hash(key)] = (jid, self._clock() + LINK_LIFE)
        return key

    def whose(self, key: str) -> str:
        """Whom a link would sign in, which uses nothing up; "" where it is used, void, over or
        invented."""
        jid, until = self._links.get(_hash(key), ("", 0.0))
        return jid if until > self._clock() else ""

    def enter(self, key: str) -> str:
        """Use a link up: the cookie of a new session, "" where the link does not open."""
        jid = self.whose(key)
        self._links.pop(_hash(key), None)
        return self._sit(jid) if jid else ""

    def _sit(self, jid: str) -> str:
        self._sweep()
        mine = [digest for digest, seat in self._seats.items() if seat.jid == jid]
        for digest in mine[: max(0, len(mine) - PER_PERSON + 1)]:
            del self._seats[digest]
        if len(self._seats) >= MOST:
            del self._seats[self._least({one: seat.jid for one, seat in self._seats.items()})]
        cookie = secrets.token_urlsafe(16)
        self._seats[_hash(cookie)] = Seat(jid, secrets.token_urlsafe(16), self._clock())
        return cookie

    def _least(self, owners: Mapping[str, str]) -> str:
        """Which of them goes first, the oldest standing first."""
        return next(
            (one for one, jid in owners.items() if not self._keeps(jid)), next(iter(owners))
        )

    def seat(self, cookie: str, *, use: bool = True) -> Seat | None:
        """Who sits there; `use` makes the session live on."""
        self._sweep()
        digest = _hash(cookie)
        seat = self._seats.get(digest)
        if seat and use:
            seat.seen = self._clock()
            self._seats.move_to_end(digest)
        return seat

    def leave(self, cookie: str) -> None:
        """Sign out."""
        self._seats.pop(_hash(cookie), None)

    def _sweep(self) -> None:
        """Let go of sessions that were left; the one unused for longest stands first."""
        old = self._clock() - IDLE
        while self._seats and next(iter(self._seats.values())).seen <= old:
            self._seats.popitem(last=False)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
