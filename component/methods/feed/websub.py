"""News of a feed that its hub sends by itself (WebSub, https://www.w3.org/TR/websub/). Pure, but
for the two calls at the end.

Who knows a callback's address can send to it, so its token is secret, and what is sent counts only
if it is signed.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import Enum
from typing import Any, Self
from urllib.parse import urljoin, urlsplit

from component.fetch.client import Fetcher

DAY = 24 * 3600
LEASE = 10 * DAY
"""Seconds that are asked for; the hub decides."""
SHORTEST, LONGEST = 300, 90 * DAY
AGAIN = 3600
"""Seconds until a hub is asked again that did not answer; doubled each time."""
DENIED_FOR = 7 * DAY
RENEWED_AT = 0.75
"""The part of a lease after which it is renewed."""
_HASHES = {
    "sha1": hashlib.sha1,
    "sha256": hashlib.sha256,
    "sha384": hashlib.sha384,
    "sha512": hashlib.sha512,
}
_CHALLENGE = 2048
_LONGEST_URL = 2048

_LINK = re.compile(
    r'<([^<>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s";,]*))?)*)'
)
_REL = re.compile(r';\s*rel\s*=\s*(?:"([^"]*)"|([^\s";,]*))', re.IGNORECASE)


class State(Enum):
    """Where a subscription stands: asked of the hub, verified by it, denied by it, to be ended,
    ended."""

    ASKED = "asked"
    ACTIVE = "active"
    DENIED = "denied"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a feed offers: its hubs, best first, and the address by which they know it."""

    hubs: tuple[str, ...]
    topic: str


@dataclass(frozen=True, slots=True)
class Lease:
    """A subscription at a hub. `token` is the end of the callback's address, `secret` signs what is
    sent ("" where the hub would hear it in clear). `due` and `expires` are in ms: when to ask the
    hub again, and the end of the lease."""

    hub: str
    topic: str
    token: str
    secret: str
    due: int
    state: State = State.ASKED
    expires: int = 0
    waiting: bool = True
    """Whether the hub has still to verify what it was asked."""
    tries: int = 0

    @classmethod
    def new(cls, hub: str, topic: str, now: int) -> Self:
        """To be asked for now."""
        secret = secrets.token_hex(32) if hub.lower().startswith("https:") else ""
        return cls(hub, topic, secrets.token_hex(16), secret, now)

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Self:
        """From what `dump` gave."""
        return cls(**{**kept, "state": State(kept["state"])})

    def dump(self) -> dict[str, Any]:
        """As JSON can keep it."""
        return {**asdict(self), "state": self.state.value}

    def pushes(self, now: int) -> bool:
        """Whether the hub can be counted on."""
        return self.state is State.ACTIVE and now < self.expires

    def end(self, now: int) -> "Lease":
        """To be given back, now."""
        return replace(self, state=State.ENDING, due=now, waiting=True, tries=0)


class Heard(Enum):
    """What something that was sent to a callback is."""

    CONTENT = "content"
    """The feed, or its new items; as good as fetched."""
    NUDGE = "nudge"
    """Nobody knows from whom: look at the feed."""
    NOTHING = "nothing"
    """Forged, or for nobody: leave it, and don't say so."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the hub's question gets: an HTTP status and a body, as text/plain; and how the lease
    stands now."""

    status: int
    body: str = ""
    lease: Lease | None = None


# What a feed offers


def links(header: str, base: str) -> Mapping[str, tuple[str, ...]]:
    """The addresses in a Link header (RFC 8288) by relation, seen from `base`."""
    found: dict[str, tuple[str, ...]] = {}
    for target, more in _LINK.findall(header):
        rel = _REL.search(more)
        url = _joined(base, target)
        for name in (rel[1] or rel[2] or "").lower().split() if rel and url else ():
            found[name] = (*found.get(name, ()), url)
    return found


def offered(header: str, base: str, hubs: Sequence[str] = (), topic: str = "") -> Offer | None:
    """What the headers of a feed offer, else what stands in it (`hubs`, and `topic` for its link to
    itself); None where that is nothing (section 4)."""
    linked = links(header, base)
    if linked.get("hub"):
        hubs, topic = linked["hub"], linked.get("self", ("",))[0] or topic
    good = tuple(dict.fromkeys(url for hub in hubs if (url := _joined(base, hub))))
    topic = _joined(base, topic) if topic else ""
    return (
        Offer(tuple(sorted(good, key=lambda url: not url.startswith("https:"))), topic)
        if good and topic
        else None
    )


def _joined(base: str, target: str) -> str:
    """ "" for what is no web address."""
    try:
        url = urljoin(base, target.strip())
        good = (
            urlsplit(url).scheme in ("http", "https")
            and urlsplit(url).hostname
            and url.isprintable()
        )
        return url if good and len(url) <= _LONGEST_URL else ""
    except ValueError:
        return ""


# What the hub is asked, and what became of that


def form(lease: Lease, callback: str) -> Mapping[str, str]:
    """What is posted to the hub (section 5.1), to have the lease or to end it."""
    ends = lease.state is State.ENDING
    asked = {
        "hub.mode": "unsubscribe" if ends else "subscribe",
        "hub.topic": lease.topic,
        "hub.callback": callback,
    }
    if ends:
        return asked
    return {**asked, "hub.lease_seconds": str(LEASE)} | (
        {"hub.secret": lease.secret} if lease.secret else {}
    )


def asked(lease: Lease, now: int) -> Lease:
    """It was posted, whether or not the hub took it: until it verifies, it is asked again ever more
    rarely."""
    if lease.state is State.ENDING and lease.tries >= 3:
        return replace(lease, state=State.ENDED, waiting=False)  # it runs out by itself
    state = State.ASKED if lease.state is State.DENIED else lease.state
    wait = min(AGAIN * 2 ** min(lease.tries, 10), DAY)
    return replace(lease, state=state, waiting=True, tries=lease.tries + 1, due=now + wait * 1000)


def verified(lease: Lease | None, query: Mapping[str, str], now: int) -> Answer:
    """The hub asks whether we asked (section 5.3), or tells that it won't (5.2); None for a token
    nobody has."""
    mode, challenge = query.get("hub.mode", ""), query.get("hub.challenge", "")
    if lease is None or query.get("hub.topic") != lease.topic:
        return Answer(404)
    if mode == "denied":
        return Answer(
            200,
            lease=replace(lease, state=State.DENIED, waiting=False, due=now + DENIED_FOR * 1000),
        )
    wanted = "unsubscribe" if lease.state is State.ENDING else "subscribe"
    if mode != wanted or not lease.waiting or not 0 < len(challenge) <= _CHALLENGE:
        return Answer(404)
    if mode == "unsubscribe":
        return Answer(200, challenge, replace(lease, state=State.ENDED, waiting=False))
    return Answer(200, challenge, _renewed(lease, query.get("hub.lease_seconds", ""), now))


def _renewed(lease: Lease, told: str, now: int) -> Lease:
    seconds = int(told) if re.fullmatch("[0-9]{1,12}", told) else LEASE
    seconds = min(max(seconds, SHORTEST), LONGEST)
    due = now + int(seconds * RENEWED_AT) * 1000
    return replace(
        lease, state=State.ACTIVE, expires=now + seconds * 1000, due=due, waiting=False, tries=0
    )


def heard(lease: Lease | None, body: bytes, signature: str, now: int) -> Heard:
    """What was posted to the callback; `signature` is the X-Hub-Signature header, "" for none."""
    if lease is None or not lease.pushes(now):
        return Heard.NOTHING
    if not lease.secret:
        return Heard.NUDGE
    return Heard.CONTENT if genuine(lease.secret, body, signature) else Heard.NOTHING


def genuine(secret: str, body: bytes, signature: str) -> bool:
    """Whether who knows the secret signed it (section 7): `method=hexadecimal`."""
    method, _equals, told = signature.strip().partition("=")
    made = _HASHES.get(method.lower())
    if not made:
        return False
    right = hmac.new(secret.encode(), body, made).hexdigest()
    # As bytes: strings that are not ASCII can't be compared this way, and a header may hold
    # anything.
    return hmac.compare_digest(right.encode(), told.lower().encode("utf-8", "replace"))


# The calls


async def ask(fetcher: Fetcher, lease: Lease, callback: str) -> None:
    """Ask the hub for the lease, or for its end; raises FetchError, whose `said` is what the hub
    says."""
    await fetcher.post(lease.hub, form(lease, callback))
