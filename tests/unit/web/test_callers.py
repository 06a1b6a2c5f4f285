"""Where a request comes from, which names of ours it may use, and what the log makes of others'
words."""

from collections.abc import Mapping
from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request
from multidict import CIMultiDict

from component.cli.logs import without_controls
from web.context import Site
from web.guests import Guests


def _site(proxies: tuple[str, ...] = ()) -> Site:
    parts: Mapping[str, Any] = dict.fromkeys(Site.__dataclass_fields__)
    return Site(**{**parts, "proxies": proxies, "public_url": "https://shouts.example.org"})


def test_a_second_forwarded_line_is_the_proxys() -> None:
    """HAProxy adds a line of its own behind the one that the caller made up."""
    headers = CIMultiDict([("X-Forwarded-For", "1.2.3.4"), ("X-Forwarded-For", "9.9.9.9")])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="127.0.0.1")
    assert _site(("127.0.0.1",)).address(request) == "9.9.9.9"
    assert _site().address(request) == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("shouts.example.org", True),
        ("shouts.example.org:8443", True),
        ("localhost:8080", True),
        ("127.0.0.1:8080", True),
        ("[::1]:8080", True),
        ("evil.example", False),
        ("shouts.example.org.evil.example", False),
        ("", False),
    ],
)
def test_only_our_own_names_are_ours(host: str, ours: bool) -> None:
    assert _site().is_own_host(host) is ours


def test_mapped_addresses_are_apart() -> None:
    """Else all of IPv4 would share one rate on a socket that takes both."""
    guests = Guests(lambda: 0.0, [])
    for number in range(121):
        guests.author(
            f"{number:032x}", f"::ffff:10.0.{number // 250}.{number % 250}", f"Guest {number}"
        )


def test_nobodys_words_move_a_terminal() -> None:
    told = without_controls(None, "", {"nick": "a\rb\x1b[2J\x9b1A\u2028c\nd", "count": 3})
    assert told == {"nick": "a\\x0db\\x1b[2J\\x9b1A\\u2028c\nd", "count": 3}
