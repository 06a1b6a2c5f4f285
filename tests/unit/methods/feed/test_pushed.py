"""What hubs push (WebSub): asked for where the feed offers it and hubs can call, verified, signed,
renewed; by real servers and the bus's own pages."""

import hashlib
import hmac
import io
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import cast

import aiohttp
import pytest
from aiohttp import web as http

from component.bus.ports.method import Callbacks
from component.methods.feed.websub import Lease
from component.methods.feed.websub import LeaseState as Stands
from tests.support.site import gives, site
from tests.unit.methods.feed.test_source import DAY, HOUR, PLANET, Yard, a_yard, entry
from web.context import SITE
from web.context import Site as Bus
from web.hooks import websub

PUBLIC = "https://bus.example.org"


@dataclass
class Hub:
    """A hub that keeps what it was asked, and verifies at once as long as it is `willing`."""

    yard: Yard
    asked: list[Mapping[str, str]] = field(default_factory=list)
    willing: bool = True

    async def answer(self, request: http.Request) -> http.StreamResponse:
        form = {key: str(value) for key, value in (await request.post()).items()}
        self.asked.append(form)
        if self.willing:
            token = form["hub.callback"].rpartition("/")[2]
            query = {
                "hub.mode": form["hub.mode"],
                "hub.topic": form["hub.topic"],
                "hub.challenge": "abc",
            }
            status, text = await self.yard.feeds.verify(
                token, {**query, "hub.lease_seconds": str(int(10 * DAY))}
            )
            assert (status, text) == (200, "abc")
        return gives(b"", 202)


@asynccontextmanager
async def _hubbed(public: str = PUBLIC) -> AsyncIterator[tuple[Yard, Hub]]:
    async with a_yard(public) as yard:
        hub = Hub(yard)
        async with site(hub.answer) as server:
            yard.blog.more = (
                '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="hub" '
                f'href="{server.url}/hub"/>'
                '<atom:link xmlns:atom="http://www.w3.org/2005/Atom" rel="self" '
                f'href="{yard.server.url}/feed"/>'
            )
            yard.blog.add(1)
            yield yard, hub


@pytest.fixture
async def hubbed() -> AsyncIterator[tuple[Yard, Hub]]:
    async with _hubbed() as one:
        yield one


def _lease(yard: Yard) -> Lease:
    state = yard.feeds.feeds[PLANET].state
    assert state
    assert state.lease
    return state.lease


def _secretly(yard: Yard) -> Lease:
    """The lease as it is at a hub that is asked over TLS."""
    feed = yard.feeds.feeds[PLANET]
    lease = replace(_lease(yard), secret="of the two of us")
    assert feed.state
    feed.state = replace(feed.state, lease=lease)
    return lease


def _signed(secret: str, body: bytes) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def test_a_hub_is_asked_and_then_the_feed_is_looked_at_once_a_day(
    hubbed: tuple[Yard, Hub],
) -> None:
    yard, hub = hubbed
    yard.subscribe()
    await yard.passes()
    assert [(one["hub.mode"], one["hub.topic"]) for one in hub.asked] == [
        ("subscribe", f"{yard.server.url}/feed")
    ]
    assert hub.asked[0]["hub.callback"] == f"{PUBLIC}/websub/{_lease(yard).token}"
    assert _lease(yard).state is Stands.ACTIVE
    assert yard.world.kept[PLANET]["lease"]["state"] == "active"
    await yard.passes(5 * HOUR)
    asked = len(yard.server.asked)
    await yard.passes(5 * DAY)
    assert len(yard.server.asked) - asked <= 6


async def test_a_lease_is_renewed_also_after_a_restart(hubbed: tuple[Yard, Hub]) -> None:
    yard, hub = hubbed
    yard.subscribe()
    await yard.passes()
    token = _lease(yard).token
    await yard.restart()
    yard.subscribe()
    await yard.passes(8 * DAY)
    assert len(hub.asked) == 2
    assert _lease(yard).token == token
    assert _lease(yard).pushes(int((yard.world.clock.now + 9 * DAY) * 1000))


async def test_a_hub_that_does_not_verify_is_asked_ever_more_rarely_and_the_feed_is_polled(
    hubbed: tuple[Yard, Hub],
) -> None:
    yard, hub = hubbed
    hub.willing = False
    yard.subscribe()
    await yard.passes()
    yard.blog.add(2)
    await yard.passes(DAY)
    assert 2 <= len(hub.asked) <= 6
    assert yard.bodies == [entry(2)]


@pytest.mark.parametrize("public", ["", "http://127.0.0.1:8080", "http://10.0.0.5"])
async def test_no_hub_is_asked_where_it_can_not_call(public: str) -> None:
    async with _hubbed(public) as (yard, hub):
        yard.subscribe()
        await yard.passes(DAY)
        assert hub.asked == []


async def test_what_is_pushed_is_told_at_once_and_not_again(hubbed: tuple[Yard, Hub]) -> None:
    yard, _hub = hubbed
    yard.blog.add(*range(2, 31))
    yard.subscribe()
    await yard.passes()
    lease = _secretly(yard)
    asked = len(yard.server.asked)
    whole = yard.blog.numbers
    yard.blog.numbers = [31]  # a hub may send the new items alone
    body = yard.blog.written()
    assert await yard.feeds.push(
        lease.token, body, "application/rss+xml", _signed(lease.secret, body)
    )
    assert yard.bodies == [entry(31)]
    assert len(yard.server.asked) == asked
    assert await yard.feeds.push(
        lease.token, body, "application/rss+xml", _signed(lease.secret, body)
    )
    yard.blog.numbers = [31, *whole]
    await yard.passes(2 * DAY)
    assert yard.bodies == [entry(31)]
    await yard.restart()
    yard.subscribe()
    await yard.passes(DAY)
    assert yard.bodies == [entry(31)]


async def test_a_hub_that_floods_makes_it_look_at_the_feed(hubbed: tuple[Yard, Hub]) -> None:
    yard, _hub = hubbed
    yard.subscribe()
    await yard.passes()
    lease = _secretly(yard)
    asked = len(yard.server.asked)
    for number in range(100, 140):
        yard.blog.numbers = [number]
        body = yard.blog.written()
        assert await yard.feeds.push(
            lease.token, body, "application/rss+xml", _signed(lease.secret, body)
        )
    assert len(yard.bodies) == 10
    yard.blog.numbers = list(range(139, 99, -1))
    await yard.passes(120)
    assert len(yard.server.asked) == asked + 1
    assert yard.bodies[10:] == [*map(entry, range(130, 140)), "and 20 more: http://planet.example/"]


@pytest.mark.parametrize("signature", ["", "sha256=00", "sha1=" + "0" * 40, "sha256=ü"])
async def test_what_is_not_signed_is_left(hubbed: tuple[Yard, Hub], signature: str) -> None:
    yard, _hub = hubbed
    yard.subscribe()
    await yard.passes()
    lease = _secretly(yard)
    yard.blog.add(2)
    asked = len(yard.server.asked)
    assert await yard.feeds.push(lease.token, yard.blog.written(), "application/rss+xml", signature)
    await yard.passes(60)
    assert yard.bodies == []
    assert len(yard.server.asked) == asked


async def test_what_nobody_signs_makes_it_look_but_not_as_often_as_someone_likes(
    hubbed: tuple[Yard, Hub],
) -> None:
    yard, _hub = hubbed
    yard.subscribe()
    await yard.passes()
    token, asked = _lease(yard).token, len(yard.server.asked)
    yard.blog.add(2)
    for _ in range(50):
        assert await yard.feeds.push(token, b"<rss>forged</rss>", "application/rss+xml", "")
        await yard.passes(1)
    assert yard.bodies == [entry(2)]
    assert len(yard.server.asked) - asked == 1


async def test_junk_that_is_signed_makes_it_look(hubbed: tuple[Yard, Hub]) -> None:
    yard, _hub = hubbed
    yard.subscribe()
    await yard.passes()
    lease = _secretly(yard)
    yard.blog.add(2)
    assert await yard.feeds.push(
        lease.token, b"<html>", "text/html", _signed(lease.secret, b"<html>")
    )
    await yard.passes(1)
    assert yard.bodies == [entry(2)]


@dataclass
class _Part:
    """As much of the site as the pages for hubs use."""

    callbacks: Callbacks


async def test_the_pages_for_hubs(hubbed: tuple[Yard, Hub]) -> None:
    yard, _hub = hubbed
    yard.subscribe()
    await yard.passes()
    lease = _secretly(yard)
    app = http.Application()
    app[SITE] = cast(Bus, _Part(Callbacks(PUBLIC, [yard.feeds])))
    app.add_routes(websub.routes())
    runner = http.AppRunner(app)
    await runner.setup()
    await http.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/websub"
    asks = {"hub.mode": "denied", "hub.topic": lease.topic, "hub.reason": "no"}
    yard.blog.add(2)
    body = yard.blog.written()
    named = {"X-Hub-Signature": _signed(lease.secret, body), "Content-Type": "application/rss+xml"}
    try:
        async with aiohttp.ClientSession() as session:
            for token, status in ((lease.token, 202), ("0" * 32, 404)):
                async with session.post(f"{url}/{token}", data=body, headers=named) as answer:
                    assert answer.status == status
            async with session.post(
                f"{url}/{lease.token}", data=io.BytesIO(bytes(websub.MAX_PUSH_BYTES + 1))
            ) as answer:
                assert answer.status == 413
            for token, status in (("0" * 32, 404), (lease.token, 200)):
                async with session.get(f"{url}/{token}", params=asks) as answer:
                    assert answer.status == status
                    assert answer.content_type == "text/plain"
    finally:
        await runner.cleanup()
    assert yard.bodies == [entry(2)]
    assert _lease(yard).state is Stands.DENIED
