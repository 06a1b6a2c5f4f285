"""What may be fetched, where redirects lead, what caches say, how a body is unpacked: all that is
pure in fetching."""

import gzip
import tracemalloc
import zlib
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from component.common.errors import BadInput
from component.fetch.decompress import STEP, Garbled, Inflate
from component.fetch.freshness import MAX_SECONDS, fresh_for, retry_after
from component.fetch.policy import MAX_REDIRECTS, Allowed, Way, is_global, within
from component.fetch.result import Fault, FetchError, OutOfReach

NOBODY = Allowed()
NOW = 784_111_777_000
"""Sun, 06 Nov 1994 08:49:37 GMT, RFC 9110's example."""

INSIDE = [
    "0.0.0.0",
    "10.1.2.3",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.8",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "168.63.129.16",
    "192.88.99.1",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:127.0.0.1",
    "64:ff9b::127.0.0.1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
OUTSIDE = [
    "1.1.1.1",
    "93.184.215.14",
    "100.63.255.255",
    "100.128.0.1",
    "172.32.0.1",
    "192.0.1.1",
    "223.255.255.255",
    "2606:4700::1111",
    "2a00:1450::1",
    "::ffff:93.184.215.14",
    "64:ff9b::5db8:d70e",
    "2002:5db8:d70e::1",
]


@pytest.mark.parametrize("address", INSIDE)
def test_inside(address: str) -> None:
    assert not is_global(ip_address(address))
    assert not NOBODY.holds(ip_address(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_outside(address: str) -> None:
    assert is_global(ip_address(address))
    assert NOBODY.holds(ip_address(address))


def test_what_the_operator_allows() -> None:
    allowed = Allowed.parse(
        ["10.1.0.0/16", "Intranet.Example", ".corp.example", "[fd00::1]", "192.168.1.7"]
    )
    assert allowed.names("intranet.example")
    assert allowed.names("INTRANET.example.")
    assert allowed.names("a.b.corp.example")
    assert not allowed.names("corp.example")
    assert not allowed.names("evilcorp.example")
    assert not allowed.names("a.intranet.example")
    held = [
        "10.1.255.1",
        "::ffff:10.1.0.1",
        "64:ff9b::10.1.0.1",
        "fd00::1",
        "192.168.1.7",
        "1.1.1.1",
    ]
    assert [one for one in held if not allowed.holds(ip_address(one))] == []
    assert not allowed.holds(ip_address("10.2.0.1"))
    assert not allowed.holds(ip_address("fd00::2"))


@pytest.mark.parametrize(
    "entry", ["", ".", "a b", "http://x/", "10.0.0.0/33", "127.1", "0x7f.1", "a/b", "x:80", "*"]
)
def test_what_is_no_host_is_not_allowed(entry: str) -> None:
    with pytest.raises(BadInput, match="is not a host or a network"):
        Allowed.parse([entry])


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://017700000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1./",
        "http://0x7f.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://0/",
        "http://[::]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://１２７.0.0.1/",
        "http://127。0。0。1/",
        "http://[fe80::1%25eth0]/",
        "http://1.1.1.1@127.0.0.1/",
        "http://127.0.0.1#@1.1.1.1/",
        "http://999999999999/",
        "http://1.2.3.4.5/",
    ],
)
def test_addresses_in_disguise(url: str) -> None:
    with pytest.raises(OutOfReach) as caught:
        within(url, NOBODY)
    assert caught.value.fault is Fault.ADDRESS


@pytest.mark.parametrize(
    "url",
    [
        "",
        "x",
        "//x/y",
        "ftp://example.org/",
        "file:///etc/passwd",
        "gopher://example.org:70/",
        "http://",
        "http:///x",
        "javascript:alert(1)",
        "http://exa mple.org:x/",
        "http://example.org:99999/",
        "http://example.org:-1/",
        "http://[::1",
        "data:text/xml,<rss/>",
        "unix:///x",
        "http://" + "a" * 3000,
        "http://\ud800/",
        "http://a\x00b/",
    ],
)
def test_what_is_no_web_address(url: str) -> None:
    with pytest.raises(OutOfReach):
        within(url, NOBODY)


@pytest.mark.parametrize("url", ["http://a\udcff/\udcfe", "http://a\x1b[31m/", "http://\u202e/"])
def test_what_is_said_of_an_address_can_be_sent(url: str) -> None:
    way = Way(within("https://a.example/", NOBODY))
    with pytest.raises(OutOfReach) as caught:
        way.on(302, url, NOBODY)
    assert str(caught.value).isprintable()


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"http://{text}/feed", f"http://example.org:{text}/"):
        try:
            found = within(url, NOBODY)
        except OutOfReach:
            continue
        assert found.scheme in ("http", "https")
        assert found.raw_host


@pytest.mark.parametrize("port", [1, 22, 25, 53, 81, 110, 143, 445, 587, 993, 6000, 6667])
def test_ports_of_other_things(port: int) -> None:
    with pytest.raises(OutOfReach, match=f"Port {port} of example.org"):
        within(f"http://example.org:{port}/", NOBODY)


def test_an_address_as_it_is_fetched() -> None:
    assert str(within("HTTPS://Example.ORG/a?b=%20c#d", NOBODY)) == "https://example.org/a?b=%20c"
    assert within("http://bücher.example/", NOBODY).raw_host == "xn--bcher-kva.example"
    assert within("http://example.org:8080/", NOBODY).port == 8080


# Redirects


def way(*steps: tuple[int, str], start: str = "https://a.example/feed") -> Way:
    one = Way(URL(start))
    for code, location in steps:
        one.on(code, location, NOBODY)
    return one


@pytest.mark.parametrize(
    ("steps", "at", "moved_to"),
    [
        ([], "https://a.example/feed", ""),
        ([(301, "/new")], "https://a.example/new", "https://a.example/new"),
        ([(301, "/new"), (308, "https://b.example/")], "https://b.example/", "https://b.example/"),
        ([(302, "/new")], "https://a.example/new", ""),
        ([(302, "/x"), (301, "/new")], "https://a.example/new", ""),
        ([(308, "/x"), (307, "/new")], "https://a.example/new", "https://a.example/x"),
        ([(301, "?page=2#top")], "https://a.example/feed?page=2", "https://a.example/feed?page=2"),
    ],
)
def test_only_what_moved_for_good_is_taken_over(
    steps: list[tuple[int, str]], at: str, moved_to: str
) -> None:
    went = way(*steps)
    assert (str(went.at), went.moved_to, went.unsafe) == (at, moved_to, False)


def test_no_address_is_taken_over_that_was_told_in_clear() -> None:
    went = way((301, "http://a.example/feed"), (301, "https://b.example/"))
    assert (str(went.at), went.moved_to, went.unsafe) == ("https://b.example/", "", True)


def test_circles_and_long_ways() -> None:
    with pytest.raises(FetchError, match="redirects in a loop"):
        way((302, "/x"), (302, "/feed"))
    with pytest.raises(FetchError, match="redirects in a loop"):
        way((302, "#here"))
    went = way(*[(302, f"/{hop}") for hop in range(MAX_REDIRECTS)])
    with pytest.raises(FetchError, match="more than 5 times"):
        went.on(302, "/more", NOBODY)


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/",
        "http://[::ffff:a9fe:a9fe]/",
        "file:///etc/passwd",
        "http://127.1/",
        "//0/",
        "http://example.org:25/",
        "http://[",
        "javascript:x",
    ],
)
def test_redirects_lead_nowhere_inside(location: str) -> None:
    refused = r"^a\.example redirects to an address that Shoutbus does not connect to\."
    with pytest.raises(OutOfReach, match=refused) as caught:
        way((302, location))
    assert caught.value.fault is Fault.SITE


def test_a_password_stays_with_its_site() -> None:
    start = "https://me:secret@a.example/feed"
    assert str(way((301, "/new"), start=start).moved_to) == "https://me:secret@a.example/new"
    assert str(way((301, "https://b.example/"), start=start).at) == "https://b.example/"
    assert str(way((301, "http://a.example/new"), start=start).at) == "http://a.example/new"
    assert str(way((302, "https://you:other@b.example/"), start=start).at) == "https://b.example/"


# Caches


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120),
        (" 0 ", 0),
        ("", None),
        ("-5", None),
        ("soon", None),
        ("1e9", None),
        ("9" * 12, MAX_SECONDS),
        ("9" * 5000, None),
        ("Sun, 06 Nov 1994 08:51:37 GMT", 120),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0),
        ("Sunday, 06-Nov-94 08:51:37 GMT", 120),
        ("Fri, 01 Jan 99999 00:00:00 GMT", None),
        ("٣", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", MAX_SECONDS),
        ("Sat, 00 Foo 0000 00:00:00 GMT", None),
    ],
)
def test_retry_after(text: str, seconds: int | None) -> None:
    assert retry_after(text, NOW) == seconds


@given(st.text())
def test_any_header_is_read(text: str) -> None:
    for found in (
        retry_after(text, NOW),
        fresh_for({"Cache-Control": text, "Expires": text, "Age": text}, NOW),
    ):
        assert found is None or 0 <= found <= MAX_SECONDS


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Cache-Control": "public, max-age=600"}, 600),
        ({"Cache-Control": 'MAX-AGE="600"', "Age": "200"}, 400),
        ({"Cache-Control": "max-age=600", "Age": "900"}, 0),
        ({"Cache-Control": "no-cache, max-age=600"}, 0),
        ({"Cache-Control": "private"}, None),
        ({"Cache-Control": "max-age=60", "Expires": "Sun, 06 Nov 1994 09:49:37 GMT"}, 60),
        ({"Expires": "Sun, 06 Nov 1994 09:49:37 GMT"}, 3600),
        (
            {"Expires": "Sun, 06 Nov 1994 09:49:37 GMT", "Date": "Sun, 06 Nov 1994 09:39:37 GMT"},
            600,
        ),
        ({"Expires": "0"}, 0),
        ({"Cache-Control": "max-age=999999999999"}, MAX_SECONDS),
    ],
)
def test_fresh_for(headers: dict[str, str], seconds: int | None) -> None:
    assert fresh_for(headers, NOW) == seconds


# Unpacking


def unpacked(coding: str, data: bytes, size: int = 1000) -> bytes:
    inflate = Inflate(coding)
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    parts = [part for piece in pieces for part in inflate.feed(piece)]
    inflate.end()
    assert all(len(part) <= max(STEP, size) for part in parts)
    return b"".join(parts)


def raw_deflate(data: bytes) -> bytes:
    press = zlib.compressobj(wbits=-15)
    return press.compress(data) + press.flush()


@given(st.binary(max_size=3000), st.integers(1, 200), st.integers(0, 300))
def test_what_is_packed_comes_out(data: bytes, size: int, times: int) -> None:
    data = data * times
    assert unpacked("gzip", gzip.compress(data), size) == data
    assert unpacked("x-gzip", gzip.compress(data) + gzip.compress(data), size) == data * 2
    assert unpacked("deflate", zlib.compress(data), size) == data
    assert unpacked("deflate", raw_deflate(data), size) == data
    assert unpacked("", data, size) == data
    assert unpacked("gzip", gzip.compress(data) + b"\0" * 9, size) == data


@given(st.sampled_from(["gzip", "deflate"]), st.binary(min_size=1, max_size=300))
def test_rubbish_is_refused_or_unpacked(coding: str, data: bytes) -> None:
    try:
        unpacked(coding, data, 7)
    except Garbled:
        pass


def test_what_is_cut_off_is_refused() -> None:
    for coding, packed in (
        ("gzip", gzip.compress(b"x" * 999)),
        ("deflate", zlib.compress(b"x" * 999)),
    ):
        for end in range(1, len(packed)):
            with pytest.raises(Garbled):
                unpacked(coding, packed[:end])


def test_many_members_and_unknown_codings_are_refused() -> None:
    with pytest.raises(Garbled):
        unpacked("gzip", gzip.compress(b"") * 100)
    for coding in ("br", "zstd", "gzip, gzip", "compress"):
        with pytest.raises(Garbled):
            Inflate(coding)


def test_a_bomb_goes_off_in_steps() -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    tracemalloc.start()
    inflate = Inflate("gzip")
    assert sum(len(part) for part in inflate.feed(bomb)) == 50_000_000
    assert tracemalloc.get_traced_memory()[1] < 1_000_000
    tracemalloc.stop()
