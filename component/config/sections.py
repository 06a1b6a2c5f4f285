"""The tables that occur once: `[xmpp]`, `[web]`, `[store]`, `[fetch]`, `[letters]`."""

import ipaddress
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from component.common.errors import BadInput
from component.common.i18n import _
from component.common.jids import nodeprep
from component.config.model import Web, Xmpp
from component.config.toml import Table
from component.fetch.policy import Allowed

MAX_PORT = 65535


def read_xmpp(table: Table, environment: Mapping[str, str]) -> Xmpp:
    """`[xmpp]`; the secret may come from the environment."""
    host = table.text("host", "127.0.0.1")
    if not table.flag("clear_text") and not is_loopback(host):
        table.fault(
            f"host {host} is another machine, and component connections are not encrypted. Run "
            "Shoutbus on the same machine, use a tunnel, or accept this with clear_text = true"
        )
    component = table.domain("component")
    written = table.text("secret", "")
    secret = environment.get("SHOUTBUS_SECRET") or written
    if not secret:
        table.fault(
            "secret is missing. Copy it from the server's component section, or set SHOUTBUS_SECRET"
        )
    rooms = table.domain("rooms")
    name = table.text("bot", "bot")
    bot = nodeprep(name)
    if not bot:
        table.fault(
            f"bot is “{name}”, which is not valid before the @ of a JID. Write a name such as bot"
        )
    return Xmpp(host, table.number("port", 5347), component, secret, rooms, bot)


def read_web(table: Table) -> Web:
    """`[web]`."""
    listen = table.text("listen", "127.0.0.1:8080")
    host, port = host_and_port(listen)
    if not host:
        table.fault(f"listen is “{listen}”. Write it as address:port, for example 127.0.0.1:8080")
    url = table.text("public_url", f"http://{listen}").rstrip("/")
    if not is_url(url):
        table.fault(f"public_url is “{url}”. Write it as https://shouts.example.org")
    proxies = tuple(map(str, table.items("proxies")))
    for proxy in proxies:
        if not is_network(proxy):
            table.fault(
                f"proxies contains “{proxy}”, which is not an address or a network. "
                "Write it as 10.0.0.1 or 10.0.0.0/8"
            )
    return Web(host, port, url, proxies)


def read_store(table: Table) -> str:
    """`[store]`: the URL."""
    return table.text("url", "sqlite:shoutbus.db")


def read_fetch(table: Table) -> Allowed:
    """`[fetch]`."""
    try:
        return Allowed.parse(list(map(str, table.items("allow"))))
    except BadInput as error:
        table.fault(_("{key}: {why}", key="allow", why=error.sentence))
        return Allowed()


def read_letters(table: Table) -> Path | None:
    """`[letters]`: the folder; None if it is not set."""
    folder = table.text("folder", "")
    if not folder:
        return None
    return Path(folder)


def host_and_port(text: str) -> tuple[str, int]:
    """The parts of address:port, without the brackets of IPv6; ("", 0) if it is something else."""
    host, _colon, port = text.rpartition(":")
    if not (host and port.isascii() and port.isdigit()):
        return "", 0
    if int(port) > MAX_PORT:
        return "", 0
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def is_url(text: str) -> bool:
    """Whether a text is an http(s) URL."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def is_network(text: str) -> bool:
    """Whether a text is an IP address or network."""
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True
