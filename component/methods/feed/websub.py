"""New items that a feed's hub pushes (WebSub, https://www.w3.org/TR/websub/). Pure, but for the
call at the end.

Anyone who knows the address of a callback can send to it. So its token is secret, and what is sent
counts only if it is signed.
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
RETRY_S = 3600
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


class LeaseState(Enum):
    """A lease is asked of the hub, verified by it, denied by it, to be ended, or ended."""

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
    state: LeaseState = LeaseState.ASKED
    expires: int = 0
    waiting: bool = True
    """Whether the hub has still to verify what it was asked."""
    tries: int = 0

    @classmethod
    def new(cls, hub: str, topic: str, now: int) -> Self:
        """To be asked for now."""
        secret = ""
        if hub.lower().startswith("https:"):
            secret = secrets.token_hex(32)
        return cls(hub, topic, secrets.token_hex(16), secret, now)

    @classmethod
    def load(cls, kept: Mapping[str, Any]) -> Self:
        """From what `dump` gave."""
        return cls(**{**kept, "state": LeaseState(kept["state"])})

    def dump(self) -> dict[str, Any]:
        """As JSON can keep it."""
        return {**asdict(self), "state": self.state.value}

    def pushes(self, now: int) -> bool:
        """Whether the hub can be counted on."""
        return self.state is LeaseState.ACTIVE and now < self.expires

    def end(self, now: int) -> "Lease":
        """To be given back, now."""
        return replace(self, state=LeaseState.ENDING, due=now, waiting=True, tries=0)


class Push(Enum):
    """What a request to a callback is worth."""

    CONTENT = "content"
    """The feed, or its new items; as good as fetched."""
    NUDGE = "nudge"
    """It is not signed: poll the feed."""
    NOTHING = "nothing"
    """Forged, or for no lease: ignored, without saying so."""


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer to a hub's verification request: an HTTP status and a body (text/plain), and the
    lease as it is from now on, if it changed."""

    status: int
    body: str = ""
    lease: Lease | None = None


# What a feed offers


def links(header: str, base: str) -> Mapping[str, tuple[str, ...]]:
    """The addresses in a Link header (RFC 8288) by relation, seen from `base`."""
    found: dict[str, tuple[str, ...]] = {}
    for target, more in _LINK.findall(header):
        rel = _REL.search(more)
        url = joined(base, target)
        if not rel or not url:
            continue
        for name in (rel[1] or rel[2] or "").lower().split():
            found[name] = (*found.get(name, ()), url)
    return found


def offered(header: str, base: str, hubs: Sequence[str] = (), topic: str = "") -> Offer | None:
    """What the headers of a feed offer, otherwise what the feed itself contains (`hubs`, and
    `topic` for its link to itself); None if there is no offer (section 4)."""
    linked = links(header, base)
    if linked.get("hub"):
        hubs, topic = linked["hub"], linked.get("self", ("",))[0] or topic
    if topic:
        topic = joined(base, topic)
    addresses = dict.fromkeys(joined(base, hub) for hub in hubs)
    addresses.pop("", None)
    if not addresses or not topic:
        return None
    encrypted_first = sorted(addresses, key=lambda url: not url.startswith("https:"))
    return Offer(tuple(encrypted_first), topic)


def joined(base: str, target: str) -> str:
    """The web address of `target`, seen from `base`; "" where it is not a web address."""
    try:
        url = urljoin(base, target.strip())
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            return ""
    except ValueError:
        return ""
    if len(url) > _LONGEST_URL or not url.isprintable():
        return ""
    return url


# What the hub is asked, and what became of that


def form(lease: Lease, callback: str) -> Mapping[str, str]:
    """What is posted to the hub (section 5.1), to have the lease or to end it."""
    fields = {
        "hub.mode": mode_of(lease),
        "hub.topic": lease.topic,
        "hub.callback": callback,
    }
    if lease.state is LeaseState.ENDING:
        return fields
    fields["hub.lease_seconds"] = str(LEASE)
    if lease.secret:
        fields["hub.secret"] = lease.secret
    return fields


def mode_of(lease: Lease) -> str:
    """What the hub is asked for: to end the lease, or to begin or renew it."""
    if lease.state is LeaseState.ENDING:
        return "unsubscribe"
    return "subscribe"


def asked(lease: Lease, now: int) -> Lease:
    """It was posted, whether or not the hub took it: until it verifies, it is asked again ever more
    rarely."""
    if lease.state is LeaseState.ENDING and lease.tries >= 3:
        return replace(lease, state=LeaseState.ENDED, waiting=False)  # it runs out by itself
    state = lease.state
    if state is LeaseState.DENIED:
        state = LeaseState.ASKED
    wait = min(RETRY_S * 2 ** min(lease.tries, 10), DAY)
    return replace(lease, state=state, waiting=True, tries=lease.tries + 1, due=now + wait * 1000)


def verified(lease: Lease | None, query: Mapping[str, str], now: int) -> Verification:
    """The hub asks whether we asked (section 5.3), or tells that it won't (5.2); None for a token
    nobody has."""
    mode, challenge = query.get("hub.mode", ""), query.get("hub.challenge", "")
    if lease is None or query.get("hub.topic") != lease.topic:
        return Verification(404)
    if mode == "denied":
        due = now + DENIED_FOR * 1000
        denied = replace(lease, state=LeaseState.DENIED, waiting=False, due=due)
        return Verification(200, lease=denied)
    if mode != mode_of(lease) or not lease.waiting or not 0 < len(challenge) <= _CHALLENGE:
        return Verification(404)
    if mode == "unsubscribe":
        return Verification(200, challenge, replace(lease, state=LeaseState.ENDED, waiting=False))
    return Verification(200, challenge, renewed(lease, query.get("hub.lease_seconds", ""), now))


def renewed(lease: Lease, lease_seconds: str, now: int) -> Lease:
    """An active lease for as long as the hub says."""
    seconds = LEASE
    if re.fullmatch("[0-9]{1,12}", lease_seconds):
        seconds = int(lease_seconds)
    seconds = min(max(seconds, SHORTEST), LONGEST)
    due = now + int(seconds * RENEWED_AT) * 1000
    return replace(
        lease,
        state=LeaseState.ACTIVE,
        expires=now + seconds * 1000,
        due=due,
        waiting=False,
        tries=0,
    )


def push_of(lease: Lease | None, body: bytes, signature: str, now: int) -> Push:
    """What was posted to the callback; `signature` is the X-Hub-Signature header, "" for none."""
    if lease is None or not lease.pushes(now):
        return Push.NOTHING
    if not lease.secret:
        return Push.NUDGE
    if genuine(lease.secret, body, signature):
        return Push.CONTENT
    return Push.NOTHING


def genuine(secret: str, body: bytes, signature: str) -> bool:
    """Whether it was signed with the secret (section 7): `method=hexadecimal`."""
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
