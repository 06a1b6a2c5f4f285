"""Signing in on the web: one-time links that the bot hands out, and the sessions they open.

Only hashes of links and session cookies are kept, in memory: a restart signs everyone out. A
session says who someone is; what they may do is checked on every request.
"""

import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

LINK_LIFE_S = 300.0
"""Seconds until an unused link expires."""
MAX_IDLE_S = 12 * 3600.0
"""Seconds that a session lives after its last use."""
MAX_PER_PERSON = 8
"""Sessions of one person; the oldest are closed first."""
MAX_IN_ALL = 1_000
"""Links, and sessions, of everyone."""


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link: the bare JID that it signs in, the page that it leads to, when it expires,
    and whether it was used.

    A used one is kept until others need its place, to be able to say so.
    """

    jid: str
    page: str
    expires: float
    used: bool = False


@dataclass(slots=True)
class Session:
    """Someone who is signed in: the bare JID, the token that forms of their pages carry, and the
    time of the last use."""

    jid: str
    token: str
    last_used: float


class SignIns:
    """All links and sessions. `clock` gives monotonic seconds.

    When there are too many, the oldest are dropped. Those of people for whom `is_protected` returns
    true (operators, by bare JID) are dropped last, because anyone can have many JIDs.
    """

    def __init__(
        self, clock: Callable[[], float], is_protected: Callable[[str], bool] = lambda _jid: False
    ) -> None:
        self._clock = clock
        self._is_protected = is_protected
        self.links: OrderedDict[str, Link] = OrderedDict()
        """By the hash of the key."""
        self.sessions: OrderedDict[str, Session] = OrderedDict()
        """By the hash of the cookie; the one unused for longest comes first."""

    def link(self, jid: str, page: str = "") -> str:
        """The key of a new link that signs `jid` in once. An earlier one of theirs to the same page
        ends; one to another page, in a window that is still open, does not."""
        for digest, link in list(self.links.items()):
            if link.jid == jid and link.page == page and not link.used:
                del self.links[digest]
        if len(self.links) >= MAX_IN_ALL:
            del self.links[self._first_to_drop(self.links)]
        key = secrets.token_urlsafe(16)
        self.links[hashed(key)] = Link(jid, page, self._clock() + LINK_LIFE_S)
        return key

    def owner(self, key: str) -> str:
        """The JID that a link signs in, without using the link up; "" if it is not valid."""
        link = self.links.get(hashed(key))
        if link is None or link.used or link.expires <= self._clock():
            return ""
        return link.jid

    def was_used(self, key: str) -> bool:
        """Whether a link is not valid because somebody used it, as far as that is known."""
        link = self.links.get(hashed(key))
        return link is not None and link.used

    def open(self, key: str) -> str:
        """Use a link up: the cookie of a new session; "" if the link is not valid."""
        jid = self.owner(key)
        if not jid:
            return ""
        digest = hashed(key)
        self.links[digest] = replace(self.links[digest], used=True)
        self.close_idle()
        self._make_room(jid)
        cookie = secrets.token_urlsafe(16)
        self.sessions[hashed(cookie)] = Session(jid, secrets.token_urlsafe(16), self._clock())
        return cookie

    def _make_room(self, jid: str) -> None:
        theirs = [digest for digest, session in self.sessions.items() if session.jid == jid]
        surplus = len(theirs) - MAX_PER_PERSON + 1
        for digest in theirs[: max(0, surplus)]:
            del self.sessions[digest]
        if len(self.sessions) >= MAX_IN_ALL:
            del self.sessions[self._first_to_drop(self.sessions)]

    def _first_to_drop(self, owned: Mapping[str, Link | Session]) -> str:
        for digest, entry in owned.items():
            if not self._is_protected(entry.jid):
                return digest
        return next(iter(owned))

    def session(self, cookie: str, *, use: bool = True) -> Session | None:
        """The session of a cookie; `use` extends its life."""
        self.close_idle()
        digest = hashed(cookie)
        session = self.sessions.get(digest)
        if session and use:
            session.last_used = self._clock()
            self.sessions.move_to_end(digest)
        return session

    def close(self, cookie: str) -> None:
        """Sign out."""
        self.sessions.pop(hashed(cookie), None)

    def close_idle(self) -> None:
        """Close the sessions that nobody has used for too long."""
        oldest_allowed = self._clock() - MAX_IDLE_S
        while self.sessions:
            digest, session = next(iter(self.sessions.items()))
            if session.last_used > oldest_allowed:
                return
            del self.sessions[digest]


def hashed(secret: str) -> str:
    """What is kept of a key or a cookie."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
