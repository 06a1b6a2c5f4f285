"""SMS over HTTP, to servers on this machine that answer as the providers' documentation shows."""

import asyncio
import json
from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from aiohttp import web as http

from component.cli.prosody import HOST, free_port
from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.methods.sms.providers.http import HttpApi, HttpProvider
from component.methods.sms.providers.kannel import Kannel
from component.methods.sms.providers.twilio import Twilio
from component.methods.sms.providers.vonage import Vonage
from tests.support.fakes import until

TO, ID = "+4915112345678", "ab" * 16
SID, TOKEN = "AC" + "a" * 32, "b" * 32
KEY, SECRET = "abcdefgh", "0123456789abcdef"


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    fields: dict[str, str]
    login: str


@dataclass
class Server:
    """Answers with `status` and `answer`, and keeps what it was asked."""

    status: int = 200
    answer: str = ""
    asked: list[Asked] = field(default_factory=list)
    held: asyncio.Event | None = None
    cuts: bool = False
    url: str = ""

    @asynccontextmanager
    async def open(self) -> AsyncIterator["Server"]:
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
        fields = {**request.query, **{key: str(value) for key, value in form.items()}}
        self.asked.append(Asked(request.method, request.path, fields, _login(request)))
        if self.held:
            await self.held.wait()
        if self.cuts and request.transport:
            request.transport.abort()
        headers = {"Location": f"{self.url}/elsewhere"} if 300 <= self.status < 400 else {}
        return http.Response(status=self.status, text=self.answer, headers=headers)


def _login(request: http.Request) -> str:
    written = request.headers.get("Authorization", "").removeprefix("Basic ")
    return b64decode(written).decode()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with Server().open() as one:
        yield one


def _twilio(url: str, sender: str = "+15551234567") -> Twilio:
    return Twilio(SID, TOKEN, sender, url)


def _vonage(url: str) -> Vonage:
    return Vonage(KEY, SECRET, "+15551234567", url)


async def _send(api: HttpApi, text: str = "hello", timeout_s: float = 30.0) -> None:
    provider = HttpProvider(api, [TOKEN, SECRET], timeout_s)
    try:
        await provider.send(TO, text, ID)
    finally:
        await provider.close()


# Twilio


CREATED = {
    "account_sid": SID,
    "api_version": "2010-04-01",
    "body": "hello",
    "direction": "outbound-api",
    "error_code": None,
    "error_message": None,
    "num_segments": "1",
    "sid": "SM" + "c" * 32,
    "status": "queued",
    "to": TO,
}
"""As Twilio documents it, in part."""


@pytest.mark.parametrize("status", ["queued", "accepted", "sending", "sent", "scheduled"])
async def test_twilio(server: Server, status: str) -> None:
    server.status, server.answer = 201, json.dumps({**CREATED, "status": status})
    await _send(_twilio(server.url))
    path = f"/2010-04-01/Accounts/{SID}/Messages.json"
    fields = {"Body": "hello", "From": "+15551234567", "To": TO}
    assert server.asked == [Asked("POST", path, fields, f"{SID}:{TOKEN}")]


async def test_twilio_by_a_messaging_service(server: Server) -> None:
    server.status, server.answer = 201, json.dumps(CREATED)
    service = "MG" + "d" * 32
    await _send(_twilio(server.url, service))
    assert server.asked[0].fields == {"Body": "hello", "MessagingServiceSid": service, "To": TO}


def _twilio_error(status: int, code: int, message: str) -> tuple[int, str]:
    more = f"https://www.twilio.com/docs/errors/{code}"
    told = {"code": code, "message": message, "more_info": more, "status": status}
    return status, json.dumps(told)


@pytest.mark.parametrize(
    ("answer", "kind", "words"),
    [
        (_twilio_error(400, 21211, "Invalid 'To' Phone Number"), Refused, r"'To' .* \(21211\)\.$"),
        (_twilio_error(400, 21610, "Attempt to send to unsubscribed"), Refused, "unsubscribed"),
        (_twilio_error(400, 21611, "The queue is full"), Unavailable, "queue is full"),
        (_twilio_error(401, 20003, f"Authenticate {TOKEN}"), Refused, "Authenticate … "),
        (_twilio_error(404, 20404, "The requested resource was not found"), Refused, "not found"),
        (_twilio_error(429, 20429, "Too Many Requests"), Unavailable, "Too Many Requests"),
        ((503, ""), Unavailable, "HTTP 503"),
        ((500, ""), Unconfirmed, "did not answer in time"),
        ((504, "<html>"), Unconfirmed, "did not answer in time"),
        ((302, ""), Refused, "HTTP 302"),
        ((400, "<html>a proxy's page"), Refused, "HTTP 400"),
    ],
)
async def test_twilio_says_no(
    server: Server, answer: tuple[int, str], kind: type[DeliveryError], words: str
) -> None:
    server.status, server.answer = answer
    with pytest.raises(kind, match=words) as told:
        await _send(_twilio(server.url))
    assert TOKEN not in str(told.value)
    assert len(server.asked) == 1


@pytest.mark.parametrize("status", ["failed", "undelivered", "canceled"])
async def test_twilio_created_a_message_that_failed(server: Server, status: str) -> None:
    failed = {"status": status, "error_code": 30008, "error_message": "Unknown error"}
    server.status, server.answer = 201, json.dumps({**CREATED, **failed})
    with pytest.raises(Refused, match=r"Unknown error \(30008\)"):
        await _send(_twilio(server.url))


# Vonage


def _part(status: str, **more: str) -> dict[str, str]:
    return {"to": TO[1:], "message-id": "0C000000217B7F02", "status": status, **more}


def _vonage_answer(*parts: dict[str, str]) -> str:
    return json.dumps({"message-count": str(len(parts)), "messages": parts})


async def test_vonage(server: Server) -> None:
    server.answer = _vonage_answer(_part("0"), _part("0"))
    text = "  [Lobby] *Juliet*: <b>100%</b> \\n :smile:\n" + "x" * 250
    await _send(_vonage(server.url), text)
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.login) == ("POST", "/sms/json", f"{KEY}:{SECRET}")
    sent = asked.fields.pop("text").replace("\r\n", "\n")
    assert sent == text
    assert asked.fields == {"to": TO[1:], "from": "15551234567", "type": "text"}


async def test_vonage_is_told_of_other_alphabets(server: Server) -> None:
    server.answer = _vonage_answer(_part("0"))
    await _send(_vonage(server.url), "Привет")
    assert server.asked[0].fields["type"] == "unicode"


@pytest.mark.parametrize(
    ("parts", "kind", "words"),
    [
        ([_part("9", **{"error-text": "Quota Exceeded"})], Refused, r"Quota Exceeded \(9\)"),
        ([_part("4", **{"error-text": "Bad Credentials"})], Refused, "Bad Credentials"),
        ([_part("33", **{"error-text": "Number De-activated"})], Refused, "De-activated"),
        ([_part("99", **{"error-text": "Something new"})], Refused, r"Something new \(99\)"),
        ([_part("1", **{"error-text": "Throughput Rate"})], Unavailable, r"Throughput Rate \(1\)"),
        ([_part("5", **{"error-text": "Internal Error"})], Unavailable, "Internal Error"),
        ([_part("0"), _part("1")], Unconfirmed, "did not answer"),
        ([_part("0"), _part("6", **{"error-text": "Unroutable"})], Refused, "Unroutable"),
        ([], Unconfirmed, "did not answer"),
    ],
)
async def test_vonage_says_no_with_a_200(
    server: Server, parts: list[dict[str, str]], kind: type[DeliveryError], words: str
) -> None:
    server.answer = _vonage_answer(*parts)
    with pytest.raises(kind, match=words):
        await _send(_vonage(server.url))


async def test_vonage_says_no_by_its_status(server: Server) -> None:
    server.status = 401
    server.answer = json.dumps({"title": "Unauthorized", "detail": "Check your credentials."})
    with pytest.raises(Refused, match="Check your credentials"):
        await _send(_vonage(server.url))


# Kannel; a real one is in tests/journeys


@pytest.mark.parametrize("said", ["0: Accepted for delivery", "3: Queued for later delivery"])
async def test_kannel(server: Server, said: str) -> None:
    server.status, server.answer = 202, said
    await _send(Kannel("bus", SECRET, server.url), "Grüße & mehr 😀")
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.login) == ("GET", "/cgi-bin/sendsms", "")
    assert asked.fields == {
        "username": "bus",
        "password": SECRET,
        "to": TO,
        "text": "Grüße & mehr 😀",
        "charset": "UTF-8",
        "coding": "2",
    }


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (403, Refused, "Authorization failed for sendsms"),
        (503, Unavailable, "Authorization failed"),
    ],
)
async def test_kannel_says_no(
    server: Server, status: int, kind: type[DeliveryError], words: str
) -> None:
    server.status, server.answer = status, "Authorization failed for sendsms"
    with pytest.raises(kind, match=words):
        await _send(Kannel("bus", SECRET, server.url, "15551234567"))
    assert server.asked[0].fields["from"] == "15551234567"


# What all have in common


async def test_nobody_there() -> None:
    with pytest.raises(Unavailable):
        await _send(_vonage(f"http://{HOST}:{free_port()}"))


async def test_no_such_host() -> None:
    with pytest.raises(Unavailable):
        await _send(_vonage("http://no-such-host.invalid"))


async def test_a_connection_that_ends_before_the_answer_leaves_doubt(server: Server) -> None:
    server.cuts = True
    with pytest.raises(Unconfirmed):
        await _send(_vonage(server.url))
    assert len(server.asked) == 1


async def test_no_answer_leaves_doubt(server: Server) -> None:
    server.held = asyncio.Event()
    with pytest.raises(Unconfirmed):
        await _send(_vonage(server.url), timeout_s=0.2)
    server.held.set()
    assert len(server.asked) == 1


async def test_several_at_once_get_their_own_answers(server: Server) -> None:
    provider = HttpProvider(_vonage(server.url))
    held = server.held = asyncio.Event()
    first = asyncio.create_task(provider.send(TO, "first", ID))
    await until(lambda: len(server.asked) == 1, "it was asked")
    server.held = None
    server.answer = _vonage_answer(_part("3"))
    with pytest.raises(Refused):
        await provider.send(TO, "second", ID)
    server.answer = _vonage_answer(_part("0"))
    held.set()
    await first
    await provider.close()


@pytest.mark.parametrize("answer", ["", "[]", "{", '{"messages": 1}', "[" * 100_000, "null"])
async def test_an_answer_that_is_not_as_documented_leaves_doubt(
    server: Server, answer: str
) -> None:
    server.answer = answer
    with pytest.raises(Unconfirmed):
        await _send(_vonage(server.url))
