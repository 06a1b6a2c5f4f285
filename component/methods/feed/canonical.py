"""Addresses as they are compared: without what changes while the page stays the same. Pure."""

import re
from urllib.parse import parse_qsl, urlencode, urlsplit

MAX_FIELDS = 40
"""Fields of a query that are looked at. An address with more is compared as it is written."""

TRACKERS = re.compile(
    r"(utm|mtm|pk|piwik|matomo|hsa|vero|ga)_.*|fbclid|gclid|dclid|msclkid|yclid|igshid|"
    r"mc_[ce]id|_hs(enc|mi)|oly_(anon|enc)_id"
    r"|wt_?mc|cmpid|ito|at_(medium|campaign|custom\d)|s?share_?id|ref_src|__source|rss(_?id)?",
    re.IGNORECASE,
)
"""Names of query fields that say where a reader came from."""

DEFAULT_PORTS = (None, 80, 443)


def canonical(address: str) -> str:
    """The address without its scheme, `www.`, trackers and last slash.

    Gives "" for the front page of a site, to which all items of a status page lead. What is not a
    web address comes back unchanged.
    """
    if not address.lower().startswith(("http://", "https://")):
        return address
    try:
        parts = urlsplit(address)
        port = parts.port
        fields = parse_qsl(parts.query, keep_blank_values=True, max_num_fields=MAX_FIELDS)
    except ValueError:
        return address
    host = (parts.hostname or "").removeprefix("www.")
    if port not in DEFAULT_PORTS:
        host = f"{host}:{port}"
    kept = sorted(field for field in fields if not tracks(*field))
    fragment = parts.fragment
    if tracks(fragment.partition("=")[0]):
        fragment = ""
    if not (kept or fragment or parts.path.strip("/")):
        return ""
    return f"//{host}{parts.path.rstrip('/')}?{urlencode(kept)}#{fragment}"


def tracks(name: str, value: str = "") -> bool:
    """Whether a query field tracks readers and says nothing about the page."""
    return TRACKERS.fullmatch(name) is not None or value.startswith("rss-")
