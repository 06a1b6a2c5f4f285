"""Addresses as feeds and pages write them. Pure.

They are read as browsers do (https://url.spec.whatwg.org/), with a few faults of feeds beside.
"""

import re
from urllib.parse import quote, urljoin, urlsplit

from component.methods.feed.parsing.item import LINK

_LINE_BREAK = re.compile(r"[ \t]*[\r\n]+[ \t]*|\t")
_BACKSLASH = re.compile(r"^[^?#]*")
_WEB = re.compile(r"(https?):[/\\]*", re.IGNORECASE)
_NO_SCHEME = re.compile(r"www\.[\w-]+(?:\.[\w-]+)+(?:[/?#:]|$)", re.IGNORECASE)
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]*:", re.IGNORECASE)
_ESCAPED = re.compile(r"""[\s"<>]""")
_AMPERSAND = re.compile(r"&(?:amp|#38|#x26);", re.IGNORECASE)
_HREF = re.compile(
    r"""<a\s(?:[^<>]*\s)?href\s*=\s*(?:"([^"<>]*)"|'([^'<>]*)'|([^\s"'<>]+))""", re.IGNORECASE
)


def absolute(address: str, base: str) -> str:
    """`address` as a whole one, seen from `base`; "" where it is not one of http or https."""
    address = tidied(address)
    if not address:
        return ""
    try:
        whole = urljoin(base, address)
        parts = urlsplit(whole)
        good = parts.scheme in ("http", "https") and parts.hostname and len(whole) <= LINK
    except ValueError:
        return ""
    if good and whole.isprintable():
        return whole
    return ""


def is_web(address: str) -> bool:
    """Whether it begins as an address of http or https does."""
    return address.strip().lower().startswith(("http://", "https://"))


def tidied(address: str) -> str:
    """An address without what writers put around or into it; "" where there is no address.

    Line breaks inside it go, spaces are escaped.
    """
    address = address[: 8 * LINK].strip()
    if address.startswith("<"):
        link = _HREF.match(address)
        if not link:
            return ""
        address = "".join(link.groups("")).strip()
    address = _AMPERSAND.sub("&", _LINE_BREAK.sub("", address))
    web = _WEB.match(address)
    if web and web.end() == len(address):
        return ""
    if web:
        address = f"{web[1].lower()}://{address[web.end() :]}"
    elif _NO_SCHEME.match(address):
        address = f"https://{address}"
    if web or not _SCHEME.match(address):
        address = _BACKSLASH.sub(with_slashes, address, count=1)
    return _ESCAPED.sub(escaped, address)


def with_slashes(path: re.Match[str]) -> str:
    """What stands before the query, with slashes for backslashes."""
    return path[0].replace("\\", "/")


def escaped(character: re.Match[str]) -> str:
    """A character that an address cannot have, as it is written there."""
    return quote(character[0])
