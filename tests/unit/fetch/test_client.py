"""Fetching from real servers on loopback, good and bad, and never from where nobody may."""

import asyncio
import socket
import ssl
import subprocess
from pathlib import Path

import pytest
from aiohttp import web as http
from aiohttp.resolver import DefaultResolver

from component.fetch.client import AT_ONCE, agent
from component.fetch.policy import Allowed
from component.fetch.result import Fault, Fetched, FetchError, Limits, OutOfReach
from tests.support.fakes import until
from tests.support.site import (
    LOOPBACK,
    OK,
    Names,
    fetching,
    gives,
    got,
    is_silent,
    plain,
    raw,
    says,
    site,
)

# Going well


async def test_what_is_asked_and_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9/")  # nobody is there

    async def handler(_request: http.Request) -> http.StreamResponse:
        return gives(
            Content_Type="application/rss+xml; charset=utf-8",
            ETag='W/"1"',
            Cache_Control="max-age=600",
            Last_Modified="Sun, 06 Nov 1994 08:49:37 GMT",
            Retry_After="7",
            Link='</hub>; rel="hub"',
            Set_Cookie="a=b",
        )

    async with site(handler) as server, fetching() as fetcher:
        for _ in range(2):
            found = await fetcher.get(server.url + "/feed#top", accept="application/rss+xml")
    assert found == Fetched(
        200,
        f"{server.url}/feed",
        "",
        b"<rss/>",
        "application/rss+xml; charset=utf-8",
        'W/"1"',
        "Sun, 06 Nov 1994 08:49:37 GMT",
        600,
        7,
        '</hub>; rel="hub"',
    )
    headers = server.asked[1].headers
    assert (
        headers["User-Agent"]
        == agent("1", "https://bus.example.org")
        == "Shoutbus/1 (+https://bus.example.org)"
    )
    assert headers["Accept"] == "application/rss+xml"
    assert not {"Cookie", "Authorization", "Referer", "If-None-Match"} & {*headers}


async def test_what_has_not_changed_costs_one_304() -> None:
    async def handler(request: http.Request) -> http.StreamResponse:
        known = (
            request.headers.get("If-None-Match") == '"1"'
            and request.headers.get("If-Modified-Since") == "then"
        )
        return gives(b"", 304, ETag='"1"') if known else gives(ETag='"1"')

    async with site(handler) as server, fetching() as fetcher:
        first = await fetcher.get(server.url)
        again = await fetcher.get(server.url, etag=first.etag, last_modified="then")
    assert (first.status, again.status, again.unchanged, again.body) == (200, 304, True, b"")
    assert len(server.asked) == 2


async def test_a_304_that_nobody_asked_for() -> None:
    with pytest.raises(
        FetchError, match="reported “not modified”, although no earlier version was fetched"
    ):
        await got(says(b"HTTP/1.1 304 Not Modified\r\n\r\n"))


@pytest.mark.parametrize("etag", ["x" * 2000, "ü", "a\tb"])
async def test_a_mark_that_could_not_be_sent_back_is_not_kept(etag: str) -> None:
    found = await got(says(OK + f"ETag: {etag}\r\nContent-Length: 1\r\n\r\nx".encode()))
    assert (found.etag, found.body) == ("", b"x")


async def test_redirects_are_followed_and_told() -> None:
    async def handler(request: http.Request) -> http.StreamResponse:
        if request.path == "/new":
            return gives()
        return gives(
            b"moved",
            301 if request.path == "/old" else 302,
            Location="/new" if request.path == "/b" else "/b",
        )

    async with site(handler) as server, fetching() as fetcher:
        found = await fetcher.get(server.url + "/old")
    assert (found.url, found.moved_to, found.body) == (
        f"{server.url}/new",
        f"{server.url}/b",
        b"<rss/>",
    )


async def test_a_password_goes_only_where_it_belongs() -> None:
    async def handler(request: http.Request) -> http.StreamResponse:
        return gives(request.headers.get("Authorization", "none").encode())

    async with site(handler) as other:

        async def leads_on(request: http.Request) -> http.StreamResponse:
            return (
                await handler(request)
                if request.path == "/"
                else gives(b"", 302, Location=other.url)
            )

        async with site(leads_on) as server, fetching() as fetcher:
            known = server.url.replace("//", "//me:secret@")
            here = await fetcher.get(known)
            there = await fetcher.get(known + "/on")
    assert here.body == b"Basic bWU6c2VjcmV0"
    assert here.url == server.url
    assert there.body == b"none"


async def test_a_form_is_posted_and_goes_on_as_it_is() -> None:
    async def handler(request: http.Request) -> http.StreamResponse:
        if request.path == "/no":
            return http.Response(text="the topic\nis bad", status=400)
        if request.path in ("/307", "/302"):
            return gives(b"", int(request.path[1:]), Location="/")
        form = await request.text()
        return gives(f"{request.method} {form}".encode(), 202)

    async with site(handler) as server, fetching() as fetcher:
        taken = await fetcher.post(server.url + "/307", {"hub.mode": "subscribe", "x": "ä&"})
        with pytest.raises(FetchError, match="refused the request") as moved:
            await fetcher.post(server.url + "/302", {"a": "b"})
        with pytest.raises(FetchError) as refused:
            await fetcher.post(server.url + "/no", {"a": "b"})
    assert (taken.status, taken.body) == (202, b"POST hub.mode=subscribe&x=%C3%A4%26")
    assert moved.value.code == 302
    assert (refused.value.code, refused.value.said) == (400, "the topic is bad")


# Nobody knocks inside


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "inside.example",
    ],
)
async def test_nothing_inside_is_connected_to(host: str) -> None:
    async with site(plain) as server, raw(is_silent) as other, fetching(Allowed()) as fetcher:
        for port in (server.port, other.port):
            with pytest.raises(OutOfReach):
                await fetcher.get(f"http://{host}:{port}/")
    assert (server.asked, other.connections) == ([], 0)


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.2"],
        ["127.0.0.1", "127.0.0.2"],
        ["93.184.215.14", "127.0.0.2"],
        ["::1"],
        ["::ffff:127.0.0.2"],
        ["64:ff9b::7f00:2"],
        ["fe80::1"],
        ["127.1"],
        ["rubbish"],
        ["169.254.169.254"],
        ["127.0.0.1", "0.0.0.0"],
    ],
)
async def test_a_name_with_an_address_inside_is_refused(addresses: list[str]) -> None:
    async with (
        raw(is_silent) as server,
        fetching(LOOPBACK, Names({"a.example": [addresses]})) as fetcher,
    ):
        with pytest.raises(OutOfReach, match=r"a\.example is in a private network"):
            await fetcher.get(f"http://a.example:{server.port}/")
    assert server.connections == 0


async def test_a_name_that_flips_gains_nothing() -> None:
    names = Names({"a.example": [["127.0.0.1"], ["127.0.0.2"], ["127.0.0.1"]]})
    once = says(OK + b"Content-Length: 2\r\nConnection: close\r\n\r\nhi")
    async with raw(once) as server, fetching(LOOPBACK, names) as fetcher:
        url = f"http://a.example:{server.port}/"
        assert (await fetcher.get(url)).body == b"hi"
        with pytest.raises(OutOfReach):
            await fetcher.get(url)
        assert (await fetcher.get(url)).body == b"hi"
    assert (
        names.asked == ["a.example"] * 3
    )  # once for each connection: what was checked is what is connected to
    assert server.connections == 2


@pytest.mark.parametrize(
    "location",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://[::ffff:a9fe:a9fe]/",
        "http://b.example/",
        "file:///etc/passwd",
    ],
)
async def test_a_redirect_leads_nowhere_inside(location: str) -> None:
    async def handler(_request: http.Request) -> http.StreamResponse:
        return gives(b"", 301, Location=location)

    async with (
        site(handler) as server,
        fetching(names=Names({"b.example": [["10.0.0.1"]]})) as fetcher,
    ):
        with pytest.raises(OutOfReach):
            await fetcher.get(server.url)
    assert len(server.asked) == 1


async def test_the_operator_allows_by_name() -> None:
    names = Names({"intranet.example": [["127.0.0.1"]]})
    async with site(plain) as server, fetching(Allowed.parse([".example"]), names) as fetcher:
        assert (await fetcher.get(f"http://intranet.example:{server.port}/")).body == b"<rss/>"
        with pytest.raises(OutOfReach):  # the same address by another name
            await fetcher.get(f"http://intranet.test:{server.port}/")
        with pytest.raises(OutOfReach):
            await fetcher.get(server.url)


async def test_the_system_resolves_names() -> None:
    async with (
        site(plain) as server,
        fetching(Allowed.parse(["127.0.0.1", "::1"]), DefaultResolver()) as fetcher,
    ):
        assert (await fetcher.get(f"http://localhost:{server.port}/")).body == b"<rss/>"


# Nobody there


async def test_nobody_listens() -> None:
    async with site(plain) as server:
        pass
    async with fetching() as fetcher:
        refused = r"127\.0\.0\.1 cannot be reached: connection refused"
        with pytest.raises(FetchError, match=refused) as caught:
            await fetcher.get(server.url)
    assert str(caught.value).endswith("The problem is at the remote site.")


@pytest.mark.parametrize(
    ("error", "words", "fault"),
    [
        (
            socket.gaierror(socket.EAI_NONAME, "no"),
            "The host a.example does not exist. Check the address.",
            Fault.ADDRESS,
        ),
        (
            socket.gaierror(socket.EAI_AGAIN, "no"),
            "The name a.example could not be resolved.",
            Fault.HERE,
        ),
        (OSError(None, "DNS lookup failed"), "The host a.example does not exist.", Fault.ADDRESS),
    ],
)
async def test_a_name_nobody_knows(error: OSError, words: str, fault: Fault) -> None:
    async with fetching(names=Names(error=error)) as fetcher:
        with pytest.raises(FetchError) as caught:
            await fetcher.get("http://a.example/")
    assert str(caught.value).startswith(words)
    assert caught.value.fault is fault


@pytest.mark.parametrize(
    ("status", "words", "fault"),
    [
        (401, "requires a user name and a password", Fault.ADDRESS),
        (403, "denied access", Fault.SITE),
        (404, "The address does not exist on", Fault.ADDRESS),
        (410, "The address was permanently removed from", Fault.ADDRESS),
        (429, "received too many requests", Fault.SITE),
        (418, "refused the request", Fault.SITE),
        (500, "has an internal error", Fault.SITE),
        (503, "has an internal error", Fault.SITE),
    ],
)
async def test_refusals(status: int, words: str, fault: Fault) -> None:
    async def handler(_request: http.Request) -> http.StreamResponse:
        return gives(b"<html>", status, Retry_After="120")

    async with site(handler) as server, fetching() as fetcher:
        with pytest.raises(FetchError, match=words) as caught:
            await fetcher.get(server.url)
    assert (caught.value.code, caught.value.fault, caught.value.retry_after) == (status, fault, 120)


async def test_a_certificate_of_ones_own(tmp_path: Path) -> None:
    key, cert = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-subj",
        "/CN=a",
        "-keyout",
        key,
        "-out",
        cert,
    ]
    subprocess.run(made, check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    runner = http.ServerRunner(http.Server(plain))  # type: ignore[arg-type]
    await runner.setup()
    await http.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    async with fetching() as fetcher, site(plain) as clear:
        with pytest.raises(
            FetchError, match="does not have a valid certificate: self-signed certificate"
        ):
            await fetcher.get(f"https://127.0.0.1:{runner.addresses[0][1]}/")
        with pytest.raises(FetchError, match="cannot be established"):
            await fetcher.get(clear.url.replace("http:", "https:"))
    await runner.cleanup()


# Many at once


async def test_a_host_has_one_connection() -> None:
    async with site(plain) as server, fetching() as fetcher:
        await asyncio.gather(*(fetcher.get(f"{server.url}/{number}") for number in range(50)))
    assert (len(server.asked), server.most) == (50, 1)
    assert len(server.peers) <= 2  # the first one did not know that others come


async def test_no_connection_is_kept_for_nobody() -> None:
    async with site(plain) as server, fetching() as fetcher:
        await asyncio.gather(
            *(fetcher.get(f"http://{number}.example:{server.port}/") for number in range(100))
        )
        await until(lambda: not server.open, "all connections closed")
    assert len(server.peers) == 100


async def test_waiting_for_ones_turn_takes_no_time() -> None:
    async def handler(_request: http.Request) -> http.StreamResponse:
        await asyncio.sleep(0.2)
        return gives()

    async with site(handler) as server, fetching() as fetcher:
        found = await asyncio.gather(
            *(fetcher.get(server.url, limits=Limits(total=0.4)) for _ in range(4))
        )
    assert len(found) == 4


async def test_hosts_do_not_wait_for_each_other_within_the_cap() -> None:
    """As many as may be are there at once, however many there are of one slow host; and not one
    more."""
    full, over = asyncio.Barrier(AT_ONCE + 1), asyncio.Event()

    async def handler(request: http.Request) -> http.StreamResponse:
        if not over.is_set():
            await full.wait()
            await over.wait()
        return gives()

    async with site(handler) as server, fetching() as fetcher:
        hosts = ["slow.example"] * 60 + [f"{number}.example" for number in range(AT_ONCE + 10)]
        tasks = [
            asyncio.create_task(fetcher.get(f"http://{host}:{server.port}/")) for host in hosts
        ]
        async with asyncio.timeout(10):
            await full.wait()
            over.set()
            await asyncio.gather(*tasks)
    assert server.most == AT_ONCE
    assert len(server.asked) == len(hosts)


async def test_a_fetch_that_is_given_up_frees_its_host() -> None:
    heard = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if heard.is_set():
            await says(OK + b"Content-Length: 2\r\n\r\nhi")(reader, writer)
        heard.set()
        await reader.read()

    async with raw(talk) as server, fetching() as fetcher:
        task = asyncio.create_task(fetcher.get(server.url))
        await heard.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert (await fetcher.get(server.url)).body == b"hi"
