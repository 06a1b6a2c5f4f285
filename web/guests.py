"""Guests of the shoutboxes: who they are between two visits, which names are taken, how fast they
may shout.

A guest is a random number in a cookie. A name belongs to the guest who used it last, for ten
minutes.
"""

import ipaddress
import secrets
from collections import OrderedDict
from collections.abc import Callable, Iterable

from component.bus.model.message import Author
from component.common.errors import Conflict
from component.common.i18n import _
from component.common.rate import MOST, Rate
from component.common.sanitize import skeleton

HELD = 600.0
"""Seconds a name stays with the guest who used it last."""


class Guests:
    """Names and rates; `clock` gives monotonic seconds, `kept` are names nobody may take (the
    bot's)."""

    def __init__(self, clock: Callable[[], float], kept: Iterable[str]) -> None:
        self._clock = clock
        self._kept = {skeleton(name) for name in kept}
        self._names: OrderedDict[str, tuple[str, float]] = OrderedDict()
        self._sessions = Rate(clock, 10, 1)
        self._addresses = Rate(clock, 120, 20)

    def author(self, session: str, address: str, name: str) -> Author:
        """The guest under the name they gave; raises BadInput, Conflict, TooMany."""
        self._addresses.spend(network(address))
        self._sessions.spend(session)
        author = Author.named(name, f"guest:{session}")
        self.check(author.name)
        self._take(skeleton(author.name), session)
        return author

    def check(self, name: str) -> None:
        """Raise Conflict where a name is nobody's to take."""
        if skeleton(name) in self._kept:
            raise Conflict(_("The bot uses this name. Choose another name."))

    def holder(self, name: str) -> str:
        """The session that goes by a name now; "" where none does."""
        session, until = self._names.get(skeleton(name), ("", 0.0))
        return session if until > self._clock() else ""

    def _take(self, look: str, session: str) -> None:
        owner, until = self._names.get(look, ("", 0.0))
        now = self._clock()
        if owner not in ("", session) and until > now:
            raise Conflict(_("Someone else uses this name or a similar one. Choose another name."))
        self._names[look] = (session, now + HELD)
        self._names.move_to_end(look)
        if len(self._names) > MOST:
            self._names.popitem(last=False)


def new_session() -> str:
    """A session nobody can guess."""
    return secrets.token_hex(16)


def caller(peer: str, forwarded: str, proxies: Iterable[str]) -> str:
    """The address a request comes from: the last one in X-Forwarded-For that is no proxy of
    ours."""
    networks = [ipaddress.ip_network(one) for one in proxies]
    for hop in (peer, *(one.strip() for one in reversed(forwarded.split(",")))):
        try:
            address = ipaddress.ip_address(hop)
        except ValueError:
            return peer
        peer = hop
        if not any(address in network for network in networks):
            return hop
    return peer


def is_address(name: str) -> bool:
    """Whether a host's name is an IP address."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def is_loopback(address: str) -> bool:
    """Whether an address is this machine's own."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def network(address: str) -> str:
    """One IPv4 address, or the /64 that one IPv6 subscriber has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(
        parsed if parsed.version == 4 else ipaddress.ip_network(f"{parsed}/64", strict=False)
    )
