"""SMS by apprise: its own plugins, to servers on this machine that answer as providers do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import requests
from aiohttp import web as http
from apprise.plugins.twilio import NotifyTwilio
from apprise.plugins.vonage import NotifyVonage

from component.cli.prosody import HOST, free_port
from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.methods.sms import providers
from component.methods.sms.providers import ProviderWay
from component.methods.sms.setup import Via
from tests.support.fakes import until

TO, ID = "+4915112345678", "ab" * 16
VONAGE = "vonage://abcdefgh:0123456789abcdef@15551234567"
TWILIO = "twilio://AC" + "a" * 32 + ":" + "b" * 32 + "@+15551234567"


@dataclass
class Provider:
    """Answers what it is told to, and keeps what it was asked."""

    status: int = 200
    answer: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)
    held: asyncio.Event | None = None
    cuts: bool = False
    url: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Provider"]:
        """Listen."""
        app = http.Application()
        app.router.add_route("*", "/{path:.*}", self._hear)
        runner = http.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        port = free_port()
        await http.TCPSite(runner, HOST, port).start()
        self.url = f"http://{HOST}:{port}"
        try:
            yield self
        finally:
            await runner.cleanup()

    async def _hear(self, request: http.Request) -> http.StreamResponse:
        form = await request.post()
        self.asked.append({**request.query, **{key: str(value) for key, value in form.items()}})
        if self.held:
            await self.held.wait()
        if self.cuts and request.transport:
            request.transport.abort()
        return http.Response(status=self.status, text=self.answer)


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Provider]:
    """One whose addresses Twilio's and Vonage's plugins have."""
    async with Provider().open() as one:
        monkeypatch.setattr(NotifyVonage, "notify_url", f"{one.url}/sms/json")
        monkeypatch.setattr(
            NotifyTwilio, "notify_sms_url", one.url + "/2010-04-01/Accounts/{sid}/Messages.json"
        )
        yield one


async def test_vonage(provider: Provider) -> None:
    provider.answer = (
        '{"message-count":"1","messages":[{"to":"49","message-id":"0A","status":"0"}]}'
    )
    text = "  [Lobby] *Juliet*: <b>100%</b> \\n :smile:\n" + "x" * 250
    await ProviderWay(Via.parse(VONAGE)).put(TO, text, ID)
    (asked,) = provider.asked
    assert (asked["to"], asked["from"]) == ("4915112345678", "15551234567")
    assert asked["text"] == text.replace("\n", "\r\n") or asked["text"] == text


async def test_vonage_says_no_with_a_200(provider: Provider) -> None:
    provider.answer = (
        '{"message-count":"1","messages":[{"status":"9","error-text":"Partner quota exceeded"}]}'
    )
    with pytest.raises(Refused, match="did not accept the message: Partner quota exceeded \\(9\\)"):
        await ProviderWay(Via.parse(VONAGE)).put(TO, "hello", ID)


async def test_twilio(provider: Provider) -> None:
    provider.status, provider.answer = (
        201,
        '{"sid":"SM1","status":"queued","error_code":null,"error_message":null}',
    )
    await ProviderWay(Via.parse(TWILIO)).put(TO, "hello", ID)
    assert provider.asked == [{"Body": "hello", "From": "+15551234567", "To": TO}]


@pytest.mark.parametrize(
    ("status", "answer", "kind", "words"),
    [
        (
            200,
            '{"sid":"SM1","status":"failed","error_code":30008,"message":"Unknown error"}',
            Refused,
            "Unknown error",
        ),
        (
            400,
            '{"code":21211,"message":"Invalid \'To\' Phone Number","status":400}',
            Refused,
            "Invalid 'To'",
        ),
        (
            401,
            '{"code":20003,"message":"Authenticate ' + "b" * 32 + '","status":401}',
            Refused,
            "Authenticate …",
        ),
        (
            429,
            '{"code":20429,"message":"Too Many Requests","status":429}',
            Unavailable,
            "Too Many Requests",
        ),
        (503, "", Unavailable, "HTTP 503"),
        (504, "", Unconfirmed, "did not answer in time"),
    ],
)
async def test_twilio_says_no(
    provider: Provider, status: int, answer: str, kind: type[DeliveryError], words: str
) -> None:
    provider.status, provider.answer = status, answer
    with pytest.raises(kind, match=words):
        await ProviderWay(Via.parse(TWILIO)).put(TO, "hello", ID)


async def test_nobody_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(NotifyVonage, "notify_url", f"http://{HOST}:{free_port()}/sms/json")
    with pytest.raises(Unavailable):
        await ProviderWay(Via.parse(VONAGE)).put(TO, "hello", ID)


async def test_a_line_that_ends_before_the_answer_leaves_doubt(provider: Provider) -> None:
    provider.cuts = True
    with pytest.raises(Unconfirmed):
        await ProviderWay(Via.parse(VONAGE)).put(TO, "hello", ID)
    assert len(provider.asked) == 1


async def test_no_answer_leaves_doubt(provider: Provider, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(providers, "READING", 0.2)
    provider.held = asyncio.Event()
    with pytest.raises(Unconfirmed):
        await ProviderWay(Via.parse(VONAGE)).put(TO, "hello", ID)
    provider.held.set()
    assert len(provider.asked) == 1


async def test_a_gateway_that_is_asked_by_get() -> None:
    async with Provider(202, "0: Accepted for delivery").open() as one:
        url = (
            one.url.replace("http", "form")
            + "/cgi-bin/sendsms?method=get&:message=text&:title=&-user=u&-to={to}"
        )
        await ProviderWay(Via.parse(url)).put(TO, "Grüße & mehr", ID)
    assert one.asked[0]["to"] == TO
    assert one.asked[0]["text"] == "Grüße & mehr"


async def test_a_fault_in_a_plugin_is_one_message_s(
    provider: Provider, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any, **__: Any) -> bool:
        raise KeyError("0123456789abcdef")

    monkeypatch.setattr(NotifyVonage, "send", broken)
    with pytest.raises(Refused) as told:
        await ProviderWay(Via.parse(VONAGE)).put(TO, "hello", ID)
    assert "0123456789abcdef" not in str(told.value)


async def test_several_at_once_hear_their_own_answers(provider: Provider) -> None:
    """Each thread's listener hears what that thread asked."""
    way = ProviderWay(Via.parse(VONAGE))
    held = provider.held = asyncio.Event()
    first = asyncio.create_task(way.put(TO, "first", ID))
    await until(lambda: len(provider.asked) == 1, "it was asked")
    provider.held = None
    provider.answer = '{"messages":[{"status":"3","error-text":"Bad number"}]}'
    with pytest.raises(Refused):
        await way.put(TO, "second", ID)
    provider.answer = '{"messages":[{"status":"0"}]}'
    held.set()
    await first


async def test_others_requests_are_left_alone(provider: Provider) -> None:
    await ProviderWay(Via.parse(VONAGE)).put(TO, "hello", ID)
    provider.answer = '{"error":"of no concern"}'
    plain = await asyncio.to_thread(requests.get, provider.url, timeout=5)
    assert plain.text == provider.answer
