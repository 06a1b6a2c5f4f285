"""What a page makes of text that others wrote: links, and the name a browser kept."""

import pytest
from aiohttp.test_utils import make_mocked_request

from component.common.linkify import linked
from tests.support.calls import counting_calls
from web.shoutbox.cookies import NAME_COOKIE, guest_name


@pytest.mark.parametrize(
    ("kept", "name"),
    [
        ("Zoe", "Zoe"),
        ("Zo\\xeb", "Zoë"),
        ("\\u4f50", "佐"),
        ("\\U0001f600", "😀"),
        ("\\ud800", "\ufffd"),  # a lone surrogate once cost the page
        ("\\x00", "\ufffd"),
        ("\\u202eeoz", "eoz"),
        ("\\x", ""),
        ("\\N{none}", ""),
        ("x" * 500, "x" * 64),
    ],
)
def test_the_name_a_browser_kept(kept: str, name: str) -> None:
    request = make_mocked_request("GET", "/", headers={"Cookie": f"{NAME_COOKIE}={kept}"})
    name_found = guest_name(request)
    assert name_found == name
    name_found.encode()


def test_no_name_kept() -> None:
    assert guest_name(make_mocked_request("GET", "/")) == ""


def test_links_and_nothing_else() -> None:
    assert str(linked("see https://a.example/x?y=1&z=<b>.")) == (
        'see <a href="https://a.example/x?y=1&amp;z=" rel="noopener noreferrer nofollow '
        'ugc">https://a.example/x?y=1&amp;z=</a>'
        "&lt;b&gt;."
    )
    for text in (
        "javascript:alert(1)",
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "data:text/html,x",
    ):
        out = str(linked(text))
        assert "<" not in out
        assert '"' not in out
    assert 'href="http://x/&#34;' not in str(linked('http://x/" onmouseover="alert(1)'))


def test_thousands_of_links_cost_little() -> None:
    with counting_calls() as calls:
        assert str(linked("http://a/ " * 26_000)).count("<a ") == 26_000
    assert len(calls) < 50 * 26_000  # and not a multiple of their square
