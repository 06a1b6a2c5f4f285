"""Which addresses may be fetched. Pure: names are resolved elsewhere.

Nobody may use the bus to reach addresses inside its network (SSRF). Operators can allow exceptions.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self

from yarl import URL

from component.common.errors import BadInput
from component.common.i18n import _
from component.common.sanitize import one_line
from component.fetch.result import Fault, FetchError, OutOfReach

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

MAX_URL_CHARS = 2048
"""Characters in an address."""
MAX_REDIRECTS = 5
"""Redirects that are followed."""
_FOR_GOOD = frozenset({301, 308})
_HOST = re.compile("[a-z0-9_][a-z0-9._-]*")

# What Python 3.11 takes for global and the IANA registries of special addresses don't; and the
# address at which Azure's machines reach their host.
_INSIDE_4 = tuple(
    map(IPv4Network, ("192.0.0.0/24", "192.88.99.0/24", "224.0.0.0/3", "168.63.129.16/32"))
)
# Teredo and other protocols, documentation: the rest of 2000::/3 is what IANA gives out.
_INSIDE_6 = tuple(map(IPv6Network, ("2001::/23", "2001:db8::/32", "3fff::/20")))
_OUTSIDE_6 = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")

# Ports at which other things than web servers listen: all small ones but HTTP's own, and what
# browsers leave alone (https://fetch.spec.whatwg.org/#port-blocking).
_PORTS = frozenset({80, 443})
_BLOCKED = frozenset(
    {
        1719,
        1720,
        1723,
        2049,
        3659,
        4045,
        4190,
        5060,
        5061,
        6000,
        6566,
        *range(6665, 6670),
        6679,
        6697,
        10080,
    }
)


@dataclass(frozen=True, slots=True)
class Allowed:
    """What the operator lets be fetched inside: names of hosts (`.example.org` with all below it),
    and networks."""

    hosts: frozenset[str] = frozenset()
    networks: tuple[Network, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """From addresses, networks and names; raises BadInput for what is none of them."""
        hosts: set[str] = set()
        networks: list[Network] = []
        for entry in (one.strip().lower() for one in entries):
            try:
                networks.append(ip_network(entry.strip("[]"), strict=False))
            except ValueError:
                hosts.add(_name(entry))
        return cls(frozenset(hosts), tuple(networks))

    def names(self, host: str) -> bool:
        """Whether the host is allowed by its name, wherever it may be."""
        labels = host.lower().rstrip(".").split(".")
        return ".".join(labels) in self.hosts or any(
            "." + ".".join(labels[start:]) in self.hosts for start in range(1, len(labels))
        )

    def holds(self, address: Address) -> bool:
        """Whether the address may be fetched: everyone's are, others if in an allowed network."""
        inner = _inner(address)
        return is_global(address) or any(
            one in network for one in (address, inner) if one for network in self.networks
        )


def _name(entry: str) -> str:
    below = "." if entry.startswith(".") else ""
    try:
        host = URL.build(scheme="http", host=entry.removeprefix(".").rstrip(".")).raw_host or ""
    except ValueError:
        host = ""
    if not _HOST.fullmatch(host) or _is_number(host):
        raise BadInput(
            _(
                "“{entry}” is not a host or a network. Write it as intranet.example.org or "
                "10.1.0.0/16.",
                entry=entry,
            )
        )
    return below + host


def _inner(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address leads to: mapped, by 6to4 or by NAT64 (RFC 6052)."""
    if isinstance(address, IPv4Address):
        return None
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour


def is_global(address: Address) -> bool:
    """Whether the address is everyone's, not this machine's, this network's, or reserved."""
    if isinstance(address, IPv4Address):
        return address.is_global and not any(address in network for network in _INSIDE_4)
    inner = _inner(address)
    if inner:
        return is_global(inner)
    return address in _OUTSIDE_6 and not any(address in network for network in _INSIDE_6)


def literal(host: str) -> Address | None:
    """The address that a host is, where it is written as one."""
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _is_number(host: str) -> bool:
    """Whether some resolver may read it as an IPv4 address: 2130706433, 0x7f.1, 127.1,
    0177.0.0.1."""
    last = host.rstrip(".").rpartition(".")[2]
    return last.isdigit() or last.startswith("0x")


def within(text: str | URL, allowed: Allowed) -> URL:
    """The address written, without its fragment, as far as it can be judged before its name is
    resolved.

    Raises OutOfReach, in words for who wrote it.
    """
    url = _parsed(text)
    host = url.raw_host or ""
    address = literal(host)
    if address is None and _is_number(host):
        raise OutOfReach(
            _(
                "“{host}” is not a host name. Write an IP address as four numbers, for example "
                "192.0.2.1.",
                host=host,
            )
        )
    if address is not None and not allowed.holds(address):
        raise inside(host)
    if url.port in _BLOCKED or not (url.port in _PORTS or (url.port or 0) >= 1024):
        raise OutOfReach(
            _(
                "Port {port} of {host} is not allowed for web addresses. Check the address.",
                port=url.port,
                host=host,
            )
        )
    return url


def _parsed(text: str | URL) -> URL:
    try:
        url = URL(text).with_fragment(None) if len(str(text)) <= MAX_URL_CHARS else URL()
        host = url.raw_host or ""
        named = bool(literal(host) or _HOST.fullmatch(host))
        good = named and url.scheme in ("http", "https") and url.port is not None
    except (ValueError, TypeError):
        good = False
    if not good:
        raise OutOfReach(
            _(
                "“{url}” is not a web address. Write it as https://example.org/feed.xml.",
                url=one_line(str(text)[:100]),
            )
        )
    return url


def inside(host: str) -> OutOfReach:
    """The refusal of a host that is inside."""
    return OutOfReach(
        _(
            "{host} is in a private network, and Shoutbus does not connect to private networks. "
            "Ask an operator to allow this host.",
            host=host,
        )
    )


@dataclass
class Way:
    """From the address that was asked for to where its redirects lead."""

    start: URL
    at: URL = field(init=False)
    unsafe: bool = False
    _for_good: bool = True
    _moved: URL = field(init=False)
    _seen: set[URL] = field(init=False)

    def __post_init__(self) -> None:
        self.at = self._moved = self.start
        self._seen = {self.start}

    @property
    def moved_to(self) -> str:
        """The address to use from now on, "" for the same; nothing is taken over that a thief on
        the line could say."""
        return "" if self._moved == self.start else str(self._moved)

    def on(self, code: int, location: str, allowed: Allowed) -> None:
        """Go where a redirect leads; raises FetchError."""
        host = self.at.raw_host
        url = self._next(location, allowed)
        if url in self._seen:
            raise FetchError(_("{host} redirects in a loop.", host=host))
        if len(self._seen) > MAX_REDIRECTS:
            raise FetchError(
                _("{host} redirects more than {most} times.", host=host, most=MAX_REDIRECTS)
            )
        down = self.at.scheme == "https" and url.scheme == "http"
        self.unsafe = self.unsafe or down
        self._for_good = self._for_good and code in _FOR_GOOD and not down
        if self._for_good:
            self._moved = url
        self._seen.add(url)
        self.at = url

    def _next(self, location: str, allowed: Allowed) -> URL:
        host = self.at.raw_host
        if not location.strip():
            raise FetchError(_("{host} sent a redirect without a destination.", host=host))
        try:
            url = within(_joined(self.at, location.strip()), allowed)
        except OutOfReach as error:
            why = error.args[0]
            raise OutOfReach(
                _(
                    "{host} redirects to an address that Shoutbus does not connect to. {why}",
                    host=host,
                    why=why,
                ),
                Fault.SITE,
            ) from error
        # A password is for the site it was written for.
        same = url.origin() == self.start.origin()
        return url.with_user(self.start.user).with_password(self.start.password) if same else url


def _joined(base: URL, location: str) -> URL | str:
    try:
        return base.join(URL(location)).with_user(None)
    except ValueError:
        return location  # what is wrong with it is said by who looks at it
