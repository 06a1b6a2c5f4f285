"""WebSub as its specification has it: discovery, the request, the hub's question, the lease, the
signature."""

import json
from dataclasses import replace

import pytest
from aiohttp import web as http
from hypothesis import given
from hypothesis import strategies as st

from component.fetch.result import FetchError
from component.methods.feed.websub import (
    DAY,
    DENIED_FOR,
    LEASE,
    LONGEST,
    RETRY_S,
    SHORTEST,
    Lease,
    LeaseState,
    Offer,
    Push,
    ask,
    asked,
    form,
    genuine,
    links,
    offered,
    push_of,
    verified,
)
from tests.support.site import fetching, site

NOW = 1_700_000_000_000
HUB, TOPIC = "https://hub.example/", "https://a.example/feed"


def active(hub: str = HUB) -> Lease:
    lease = asked(Lease.new(hub, TOPIC, NOW), NOW)
    answer = verified(lease, question(), NOW)
    assert answer.lease
    return answer.lease


def question(
    mode: str = "subscribe", topic: str = TOPIC, challenge: str = "abc", lease: str = "864000"
) -> dict[str, str]:
    return {
        "hub.mode": mode,
        "hub.topic": topic,
        "hub.challenge": challenge,
        "hub.lease_seconds": lease,
    }


# Section 4: discovery


@pytest.mark.parametrize(
    ("header", "hubs", "topic", "found"),
    [
        # the specification's own example
        (
            '<https://hub.example.com/>; rel="hub", <http://example.com/feed>; rel="self"',
            (),
            "",
            Offer(("https://hub.example.com/",), "http://example.com/feed"),
        ),
        (
            "</hub>; rel=hub, <>; rel=self",
            (),
            "",
            Offer(("https://a.example/hub",), "https://a.example/dir/feed"),
        ),
        (
            '<http://one/>;rel="x HUB y" ;title="a, <b>; rel=self", <https://two/> ; '
            'rel=hub, <f>;rel="self"',
            (),
            "",
            Offer(("https://two/", "http://one/"), "https://a.example/dir/f"),
        ),
        (
            "",
            ("https://hub.example/", "https://hub.example/"),
            TOPIC,
            Offer(("https://hub.example/",), TOPIC),
        ),
        ("<https://h/>; rel=hub", ("https://other/",), TOPIC, Offer(("https://h/",), TOPIC)),
        ("<https://h/>; rel=hub", (), "", None),
        ("<javascript:x>; rel=hub, <f>; rel=self", (), "", None),
        ("", (), TOPIC, None),
        ("", ("file:///x", "http://[", "mailto:a@b"), TOPIC, None),
        ("<https://h\udcff/>; rel=hub, <f>; rel=self", (), "", None),
        ("<https://h/>; rel=hub, <f\udcff>; rel=self", (), "", None),
        (f"<https://h/{'x' * 3000}>; rel=hub, <f>; rel=self", (), "", None),
    ],
)
def test_what_a_feed_offers(
    header: str, hubs: tuple[str, ...], topic: str, found: Offer | None
) -> None:
    assert offered(header, "https://a.example/dir/feed", hubs, topic) == found


@given(st.text(st.sampled_from("<>;, =\"\\relhubself/'\n\u20ac"), max_size=200))
def test_any_header_is_read(header: str) -> None:
    for urls in links(header, TOPIC).values():
        assert all(url.startswith("https://a.example/") for url in urls)


@pytest.mark.timeout(5)
@pytest.mark.parametrize(
    "part", ["<", "<a>", "<a>;", '<a>;rel="', "<a>;rel=hub", "; ", "<a> ;a ;a ", '\\"']
)
def test_long_headers_cost_little(part: str) -> None:
    links(part * 8000, TOPIC)


# Section 5: the subscription


def test_what_the_hub_is_asked() -> None:
    lease = Lease.new(HUB, TOPIC, NOW)
    assert len(lease.secret) < 200
    assert len(lease.token) >= 32
    assert form(lease, "https://bus/x") == {
        "hub.mode": "subscribe",
        "hub.topic": TOPIC,
        "hub.callback": "https://bus/x",
        "hub.lease_seconds": str(LEASE),
        "hub.secret": lease.secret,
    }
    assert form(active().end(NOW), "https://bus/x") == {
        "hub.mode": "unsubscribe",
        "hub.topic": TOPIC,
        "hub.callback": "https://bus/x",
    }


def test_no_secret_is_told_in_clear() -> None:
    assert "hub.secret" not in form(Lease.new("http://hub.example/", TOPIC, NOW), "https://bus/x")


def test_two_leases_share_nothing() -> None:
    one, other = Lease.new(HUB, TOPIC, NOW), Lease.new(HUB, TOPIC, NOW)
    assert one.token != other.token
    assert one.secret != other.secret


def test_the_hubs_question_is_answered_with_its_challenge() -> None:
    answer = verified(
        asked(Lease.new(HUB, TOPIC, NOW), NOW), question(challenge="sesame", lease="1000"), NOW
    )
    assert (answer.status, answer.body) == (200, "sesame")
    assert answer.lease
    assert (answer.lease.state, answer.lease.expires, answer.lease.due) == (
        LeaseState.ACTIVE,
        NOW + 1_000_000,
        NOW + 750_000,
    )
    assert answer.lease.pushes(NOW)
    assert not answer.lease.pushes(NOW + 1_000_000)
    assert Lease.load(json.loads(json.dumps(answer.lease.dump()))) == answer.lease


@pytest.mark.parametrize(
    "query",
    [
        question(topic=TOPIC + "x"),
        question(mode="unsubscribe"),
        question(mode=""),
        question(challenge=""),
        question(challenge="x" * 3000),
        {},
    ],
)
def test_what_was_not_asked_is_refused(query: dict[str, str]) -> None:
    lease = asked(Lease.new(HUB, TOPIC, NOW), NOW)
    assert verified(lease, query, NOW).status == 404
    assert verified(lease, query, NOW).lease is None


def test_nobody_is_verified_twice_or_for_nobody() -> None:
    assert verified(None, question(), NOW).status == 404
    assert verified(active(), question(), NOW).status == 404
    assert verified(active(), question(mode="unsubscribe"), NOW).status == 404


@pytest.mark.parametrize(
    ("told", "seconds"),
    [
        ("", LEASE),
        ("-1", LEASE),
        ("x", LEASE),
        ("0", SHORTEST),
        ("999999999999", LONGEST),
        ("9" * 5000, LEASE),
        ("٣", LEASE),
    ],
)
def test_leases_of_any_length(told: str, seconds: int) -> None:
    lease = verified(asked(Lease.new(HUB, TOPIC, NOW), NOW), question(lease=told), NOW).lease
    assert lease
    assert lease.expires == NOW + seconds * 1000
    assert NOW < lease.due < lease.expires


def test_a_hub_that_denies_is_asked_again_after_a_week() -> None:
    answer = verified(asked(Lease.new(HUB, TOPIC, NOW), NOW), question("denied"), NOW)
    assert answer.status == 200
    assert answer.lease
    assert (answer.lease.state, answer.lease.due) == (LeaseState.DENIED, NOW + DENIED_FOR * 1000)
    assert asked(answer.lease, NOW).state is LeaseState.ASKED


def test_a_hub_that_does_not_verify_is_asked_ever_more_rarely() -> None:
    lease, now, waits = Lease.new(HUB, TOPIC, NOW), NOW, []
    for _ in range(8):
        lease = asked(lease, now)
        waits.append((lease.due - now) // 1000)
        now = lease.due
    assert waits == [RETRY_S, 2 * RETRY_S, 4 * RETRY_S, 8 * RETRY_S, 16 * RETRY_S, DAY, DAY, DAY]


def test_a_lease_is_renewed_while_it_holds() -> None:
    lease = active()
    renewing = asked(lease, lease.due)
    assert renewing.pushes(lease.due)
    again = verified(renewing, question(), lease.due).lease
    assert again
    assert again.expires == lease.due + LEASE * 1000


def test_a_lease_is_given_back() -> None:
    ending = asked(active().end(NOW), NOW)
    assert not ending.pushes(NOW)
    answer = verified(ending, question("unsubscribe"), NOW)
    assert (answer.status, answer.body) == (200, "abc")
    assert answer.lease
    assert answer.lease.state is LeaseState.ENDED
    for _ in range(4):
        ending = asked(ending, NOW)
    assert ending.state is LeaseState.ENDED


# Section 7: the signature. RFC 2202 and RFC 4231, test case 2: the key "Jefe".

WHAT = b"what do ya want for nothing?"
SIGNED = [
    "sha1=effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "sha384="
    "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
    "8e2240ca5e69e2c78b3239ecfab21649",
    "sha512="
    "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
]


@pytest.mark.parametrize("signature", SIGNED)
def test_what_is_signed(signature: str) -> None:
    assert genuine("Jefe", WHAT, signature)
    assert genuine("Jefe", WHAT, signature.upper())
    assert not genuine("Jefe", WHAT + b" ", signature)
    assert not genuine("jefe", WHAT, signature)
    assert not genuine("Jefe", WHAT, signature[:-1])
    assert not genuine("Jefe", WHAT, signature + "0")


@pytest.mark.parametrize(
    "signature",
    ["", "=", "sha1", "sha1=", "md5=0", "sha256=ü€", "ü=1", "sha1=\udcff", "sha256=" + "0" * 64],
)
def test_what_is_forged(signature: str) -> None:
    assert not genuine("Jefe", WHAT, signature)


@given(st.text())
def test_any_signature_is_judged(signature: str) -> None:
    assert not genuine("Jefe", WHAT, signature)
    assert not genuine("Jefe", WHAT, "sha256=" + signature)


def test_what_is_heard() -> None:
    lease = replace(active(), secret="Jefe")
    assert push_of(lease, WHAT, SIGNED[1], NOW) is Push.CONTENT
    assert push_of(lease, WHAT, "", NOW) is Push.NOTHING
    assert push_of(lease, b"else", SIGNED[1], NOW) is Push.NOTHING
    assert push_of(lease, WHAT, SIGNED[1], lease.expires) is Push.NOTHING
    assert push_of(None, WHAT, SIGNED[1], NOW) is Push.NOTHING
    assert push_of(active("http://hub.example/"), WHAT, "", NOW) is Push.NUDGE


# The call


async def test_a_hub_is_asked() -> None:
    async def hub(request: http.Request) -> http.StreamResponse:
        posted = dict(await request.post())
        return http.Response(
            status=202 if posted.get("hub.topic") == TOPIC else 400, text="no such topic"
        )

    async with site(hub) as server, fetching() as fetcher:
        await ask(fetcher, Lease.new(server.url, TOPIC, NOW), "https://bus.example/websub/x")
        with pytest.raises(FetchError) as refused:
            await ask(
                fetcher, Lease.new(server.url, TOPIC + "x", NOW), "https://bus.example/websub/x"
            )
    assert refused.value.said == "no such topic"
