"""Guests of the shoutboxes: their sessions, the names they hold, and how often they may post.

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
from component.common.rate import MAX_KEYS, Rate
from component.common.sanitize import skeleton

NAME_LIFE_S = 600.0
"""Seconds that a name is reserved for the guest who used it last."""


class Guests:
    """Names and rates. `clock` gives monotonic seconds; nobody may take a `reserved` name (the
    bot's)."""

    def __init__(self, clock: Callable[[], float], reserved: Iterable[str]) -> None:
        self._clock = clock
        self._reserved = set(map(skeleton, reserved))
        self.names: OrderedDict[str, tuple[str, float]] = OrderedDict()
        """By a name's skeleton, who holds it, and until when."""
        self._session_rate = Rate(clock, 10, 1)
        self._network_rate = Rate(clock, 120, 20)

    def author(self, session: str, address: str, name: str) -> Author:
        """The guest under the name they gave; raises BadInput, Conflict, TooMany."""
        self._network_rate.spend(network(address))
        self._session_rate.spend(session)
        author = Author.guest(name, session)
        self.check(author.name)
        self.take(author.name, session)
        return author

    def check(self, name: str) -> None:
        """Raise Conflict if a name is reserved."""
        if skeleton(name) in self._reserved:
            raise Conflict(_("The bot uses this name. Choose another name."))

    def holder(self, name: str) -> str:
        """The session that holds a name now; "" if nobody does."""
        session, until = self.names.get(skeleton(name), ("", 0.0))
        if until <= self._clock():
            return ""
        return session

    def take(self, name: str, session: str) -> None:
        """Reserve a name for a session; raises Conflict if someone else holds one that looks
        alike."""
        if self.holder(name) not in ("", session):
            raise Conflict(_("Someone else uses this name or a similar one. Choose another name."))
        look = skeleton(name)
        self.names[look] = (session, self._clock() + NAME_LIFE_S)
        self.names.move_to_end(look)
        if len(self.names) > MAX_KEYS:
            self.names.popitem(last=False)


def new_session() -> str:
    """A session id that nobody can guess."""
    return secrets.token_hex(16)


# Addresses


def parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An IP address; None if the text is not one."""
    try:
        return ipaddress.ip_address(address)
    except ValueError:
        return None


def client_address(peer: str, forwarded: str, proxies: Iterable[str]) -> str:
    """The address a request comes from: the last one in X-Forwarded-For that is not a proxy of
    ours."""
    networks = [ipaddress.ip_network(proxy) for proxy in proxies]
    hops = [peer, *map(str.strip, reversed(forwarded.split(",")))]
    trusted = peer
    for hop in hops:
        address = parsed(hop)
        if address is None:
            return trusted
        trusted = hop
        if not any(address in network for network in networks):
            break
    return trusted


def is_address(name: str) -> bool:
    """Whether a host's name is an IP address."""
    return parsed(name) is not None


def is_loopback(address: str) -> bool:
    """Whether an address belongs to this machine."""
    ip = parsed(address)
    return ip is not None and ip.is_loopback


def network(address: str) -> str:
    """One IPv4 address, or the /64 network of one IPv6 subscriber."""
    ip = parsed(address)
    if ip is None:
        return address
    if ip.version == 4:
        return str(ip)
    if ip.ipv4_mapped:
        return str(ip.ipv4_mapped)
    return str(ipaddress.ip_network(f"{ip}/64", strict=False))
