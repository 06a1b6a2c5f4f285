"""Bad input by HTTP: a clear answer each time, the stream stays up, and what is said before and
after arrives."""

import asyncio
import json
import socket
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import pytest

from tests.faults.yard import canary, room, someone
from tests.support.servers import TOKEN, Bus, Reply, Server, call

NASTY = "a\x00\x07\x0b\x1b\ufffe\uffff\x7f\x85z"
SCRUBBED = "a\ufffd\ufffd\ufffd\ufffd\ufffd\ufffd\x7f\x85z"
API = "/api/v1/channels/shoutbox:bad-http/messages"
PAGE = "/shoutbox/bad-form"


def _send(bus: Bus, data: bytes, path: str = API, **headers: str) -> Reply:
    given = {"Authorization": f"Bearer {TOKEN}", "Content_Type": "application/json"} | headers
    return call(bus.url + path, data, **given)


def _raw(bus: Bus, request: bytes) -> str:
    """What answers bytes that no HTTP library would send."""
    where = urlsplit(bus.url)
    with socket.create_connection((where.hostname, where.port), 10) as line:
        line.sendall(request)
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()


def _told(reply: Reply, status: int, words: str) -> None:
    """A problem in words, with its status."""
    assert reply.status == status, reply.text[:500]
    assert reply.headers["Content-Type"].startswith("application/problem+json"), reply
    assert words in reply.json["detail"], reply.text[:500]
    assert reply.json["status"] == status


BODIES: dict[str, tuple[bytes, int, str]] = {
    "no JSON": (b"body=hello", 400, "not JSON"),
    "cut JSON": (b'{"body": "x"', 400, "not JSON"),
    "empty request": (b"", 400, "not JSON"),
    "no UTF-8": (b'{"body": "\xff\xfe"}', 400, "not JSON"),
    "deep list": (b"[" * 200_000, 400, "not JSON"),
    "deep object": (b'{"body":' * 100_000 + b"1" + b"}" * 100_000, 400, "not JSON"),
    "long number": (b'{"body": ' + b"9" * 10_000 + b"}", 400, "not JSON"),
    "not a number": (b'{"body": NaN}', 400, "JSON object with a text"),
    "a list": (b"[]", 400, "JSON object"),
    "null": (b"null", 400, "JSON object"),
    "body a number": (b'{"body": 1}', 400, "JSON object with a text"),
    "body a list": (b'{"body": ["x"]}', 400, "JSON object with a text"),
    "no body": (b'{"author": "x"}', 400, "JSON object with a text"),
    "author a number": (b'{"body": "x", "author": 1}', 400, "must be a string"),
    "author not a number": (b'{"body": "x", "author": NaN}', 400, "must be a string"),
    "unknown field": (b'{"body": "x", "\\ud800<b>": 1}', 400, "not a field of a message"),
    "answers a number": (b'{"body": "x", "replies_to": 1}', 400, "message ID"),
    "answers a list": (b'{"body": "x", "replies_to": ["' + b"f" * 32 + b'"]}', 400, "message ID"),
    "answers the empty": (b'{"body": "x", "replies_to": ""}', 400, "message ID"),
    "answers a huge id": (
        json.dumps({"body": "x", "replies_to": "f" * 1_000_000}).encode(),
        400,
        "message ID",
    ),
    "answers nothing known": (
        json.dumps({"body": "x", "replies_to": "f" * 32}).encode(),
        400,
        "is not the ID of a message in",
    ),
    "empty body": (b'{"body": ""}', 400, "empty"),
    "blank body": (b'{"body": " \\t\\n \\u3000 "}', 400, "empty"),
    "1 MiB body": (json.dumps({"body": "x" * 1024 * 1024}).encode(), 413, "The maximum is 262144"),
    "3 MiB request": (json.dumps({"body": "x" * 3 * 1024 * 1024}).encode(), 413, "2 MiB"),
    "empty author": (b'{"body": "x", "author": ""}', 400, "visible character"),
    "blank author": (b'{"body": "x", "author": " \\u2003 "}', 400, "visible character"),
    "control author": (b'{"body": "x", "author": "a\\u0000"}', 400, "control characters"),
    "surrogate author": (b'{"body": "x", "author": "a\\ud800"}', 400, "control characters"),
    "bidi author": (b'{"body": "x", "author": "\\u202enimda"}', 400, "direction-changing"),
    "hidden author": (b'{"body": "x", "author": "al\\u200bice"}', 400, "invisible"),
    "2,000 bytes of author": (
        json.dumps({"body": "x", "author": "ä" * 1000}).encode(),
        400,
        "The maximum is 64",
    ),
    "author with the mark": (b'{"body": "x", "author": "alice (web)"}', 400, "mark"),
    "author with a mark alike": (
        json.dumps({"body": "x", "author": "alice (ԝеb)"}).encode(),
        400,
        "mark",
    ),
}


async def test_bad_bodies(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    async with someone(server, "juliet") as juliet:
        await juliet.join(room("bad-http"), "Juliet")
        await canary(bus, juliet, room("bad-http"), "shoutbox:bad-http")
        for name, (data, status, words) in BODIES.items():
            print(name)
            _told(await asyncio.to_thread(_send, bus, data), status, words)
            await canary(bus, juliet, room("bad-http"), "shoutbox:bad-http")
        assert all("canary" in words for _, words in juliet.lines(room("bad-http"))[1:])


async def test_requests_that_can_not_be_read(yard: tuple[Server, Bus]) -> None:
    _, bus = yard
    for encoding in ("gzip", "deflate"):
        _told(_send(bus, b"neither", Content_Encoding=encoding), 400, "The request cannot be read")
        form = {
            "Accept": "application/json",
            "Content_Type": MULTIPART,
            "Content_Encoding": encoding,
        }
        _told(_send(bus, b"neither", PAGE, **form), 400, "The request cannot be read")
    with socket.create_connection((urlsplit(bus.url).hostname, urlsplit(bus.url).port), 10) as line:
        head = (
            f"POST {API} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: "
            "100\r\n\r\n"
        )
        line.sendall(head.encode() + b'{"body"')  # and then it goes
    assert bus.health()["status"] == "ok"


async def test_odd_bodies_arrive(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-http"), "shoutbox:bad-http"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for given, arrives in (
            (NASTY, SCRUBBED),
            ("lone \ud800 surrogate", "lone \ufffd surrogate"),
            ("<b>&amp;</b> ]]> <!-- <?x", "<b>&amp;</b> ]]> <!-- <?x"),
            ("\u202ebidi\u202c \u200b", "\u202ebidi\u202c \u200b"),
            ("one\r\ntwo\rthree", "one\ntwo\nthree"),
            ("{body} %s $x ${y} \\n", "{body} %s $x ${y} \\n"),
        ):
            assert bus.post(box, given).status == 201
            await juliet.hears(f"tests: {arrives}".replace("\n", "\n  "))
            assert bus.bodies(box)[-1] == arrives
        much = "&" * 200_000
        assert bus.post(box, much).status == 201
        said = await juliet.until(
            lambda: next((m for m in juliet.heard if "&&&" in m["body"]), None), "the ampersands"
        )
        start, _, link = said["body"].partition("… the full text is at ")
        assert len(start) > 10_000
        assert len(str(said).encode()) < 64 * 1024
        assert "&amp;" * 200_000 in call(link).text
        assert bus.bodies(box)[-1] == much
        await canary(bus, juliet, where, box)


async def test_odd_names_arrive(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-http"), "shoutbox:bad-http"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for number, name in enumerate(
            ("a/b", "smile \U0001f600", "<script>&\"'", "Ünï", "х" * 64, "@", "\u05e9\u05dc")
        ):
            assert bus.post(box, f"odd {number}", author=name).status == 201
            said = await juliet.hears_in(where, f"odd {number}")
            assert f"{name} (web)" in (
                said.xml.get("from", "").partition("/")[2],
                said["body"].partition(": ")[0],
            )
            await canary(bus, juliet, where, box)


async def test_bad_addresses_and_credentials(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-http"), "shoutbox:bad-http"
    fine = b'{"body": "x"}'
    messages = "/api/v1/channels/{}/messages"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        await canary(bus, juliet, where, box)
        before = bus.bodies(box)
        for channel, status, words in (
            ("shoutbox:nowhere", 404, "does not exist."),
            (f"muc:{room('nowhere')}", 404, "does not exist."),
            ("sms:123", 404, "does not exist."),
            ("chat:*", 404, "does not exist."),
            ("lobby", 400, "method:address"),
            ("shoutbox:", 400, "address"),
            ("UPPER:x", 400, "method"),
            ("shoutbox:a%00b", 400, "address"),
            ("shoutbox:%ff", 404, "does not exist."),
            ("shoutbox:" + "x" * 2000, 400, "address"),
            ("chat:no-jid", 400, "chat:juliet@example.org"),
        ):
            _told(_send(bus, fine, messages.format(channel)), status, words)
        _told(call(bus.url + API, fine), 401, "A token is required")
        for given in (
            "Bearer",
            "Bearer  ",
            "Bearer wrong",
            "Bearer tökén",
            "Basic YTpi",
            f"Token {TOKEN}",
            "\xff",
        ):
            reply = call(bus.url + API, fine, Authorization=given)
            _told(reply, 401, "token")
            assert "Bearer" in reply.headers["WWW-Authenticate"]
        afters = ("after=x", "after=-1", "after=1e9", "after=" + "9" * 19, "after=²")
        for query in (*afters, "limit=0", "limit=501", "limit=NaN", "before="):
            reply = bus.get(f"{API}?{quote(query, safe='=')}")
            _told(
                reply,
                400,
                "limit must be"
                if query.startswith("limit=5") or query == "limit=0"
                else "position",
            )
        for where_from in ("x", "-1", "é"):
            reply = call(
                f"{bus.url}{API.removesuffix('messages')}stream",
                Authorization=f"Bearer {TOKEN}",
                Last_Event_ID=where_from,
            )
            _told(reply, 400, "position")
        _told(call(bus.url + API, fine, "PUT"), 405, "method")
        _told(call(f"{bus.url}/api/v1/nothing"), 404, "This address does not exist.")
        _told(bus.get("/api/v1/messages/nothing"), 404, "This message does not exist.")
        _told(bus.get(f"/api/v1/messages/{'0' * 32}"), 404, "This message does not exist.")
        assert bus.bodies(box) == before
        await canary(bus, juliet, where, box)


async def test_idempotency_keys(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-http"), "shoutbox:bad-http"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for key in (
            "key",
            "clé".encode().decode("latin-1"),
            "'; drop table messages; --",
            "k" * 255,
        ):
            words = f"with {key[:9]!r}"
            first, second = bus.post(box, words, key=key), bus.post(box, words, key=key)
            assert (first.status, second.status) == (201, 201), (key, first, second)
            assert first.json == second.json
            _told(bus.post(box, "other words", key=key), 422, "Use a new key for each message")
            _told(
                bus.post("shoutbox:bad-form", words, key=key), 422, "Use a new key for each message"
            )
            await canary(bus, juliet, where, box)
        _told(bus.post(box, "x", key="k" * 256), 400, "The maximum is 255")
        _told(
            bus.post(box, "x", key="no UTF-8: \xff"),
            400,
            "The message or its key contains control characters or invalid Unicode. Remove them.",
        )
        told = [words for _, words in juliet.lines(where) if "with " in words]
        assert len(told) == 4 == len(set(told))
        assert "other words" not in bus.bodies(box)


def _form(
    bus: Bus, fields: dict[str, Any], *, accept: str = "application/json", **headers: str
) -> Reply:
    data = urlencode(fields, errors="surrogatepass").encode()
    return call(
        bus.url + PAGE,
        data,
        Accept=accept,
        Content_Type="application/x-www-form-urlencoded",
        **headers,
    )


MULTIPART = "multipart/form-data; boundary=b"
URLENCODED = "application/x-www-form-urlencoded"


def _part(headers: str = "", content: str = "x") -> bytes:
    """A form's field `body` as multipart, with more headers."""
    more = f"{headers}\r\n" if headers else ""
    head = f'--b\r\nContent-Disposition: form-data; name="body"\r\n{more}\r\n'
    return f"{head}\r\n{content}\r\n--b--\r\n".encode()


FORMS: dict[str, tuple[bytes, str, int]] = {
    "no boundary": (b"x", "multipart/form-data", 400),
    "no parts": (b"x", MULTIPART, 400),
    "cut": (_part().removesuffix(b"--b--\r\n"), MULTIPART, 400),
    "no headers": (b"--b\r\n\r\nx\r\n--b--\r\n", MULTIPART, 400),
    "endless header": (b"--b\r\n" + b"a" * 100_000 + b"\r\n--b--\r\n", MULTIPART, 400),
    "odd encoding": (_part("Content-Transfer-Encoding: nonsense"), MULTIPART, 400),
    "odd base64": (_part("Content-Transfer-Encoding: base64", "!"), MULTIPART, 400),
    "odd charset in a part": (_part("Content-Type: text/plain; charset=nonsense"), MULTIPART, 400),
    "a file for a body": (_part().replace(b'"body"', b'"body"; filename="x"'), MULTIPART, 400),
    "nested": (
        _part("Content-Type: multipart/mixed; boundary=c", "--c\r\n\r\nx\r\n--c--"),
        MULTIPART,
        400,
    ),
    "odd charset": (b"body=x&name=y", f"{URLENCODED}; charset=nonsense", 400),
    "no UTF-8": (b"body=\xff\xfe&name=\xff", URLENCODED, 400),
    "JSON": (b'{"body": "x"}', "application/json", 400),
    "too many fields": (b"&".join(b"a%d=1" % number for number in range(5000)), URLENCODED, 413),
    "too large": (b"body=" + b"x" * 3_000_000, URLENCODED, 413),
}


async def test_bad_forms(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-form"), "shoutbox:bad-form"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        await canary(bus, juliet, where, box)
        before = bus.bodies(box)
        for name, (data, content, status) in FORMS.items():
            print(name)
            for accept in ("application/json", "text/html"):
                reply = await asyncio.to_thread(
                    call, bus.url + PAGE, data, Accept=accept, Content_Type=content
                )
                assert reply.status == status, (name, reply.status, reply.text[-300:])
                kind = "application/problem+json" if "json" in accept else "text/html"
                assert reply.headers["Content-Type"].startswith(kind)
        assert bus.bodies(box) == before
        await canary(bus, juliet, where, box)


async def test_bad_shouts(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-form"), "shoutbox:bad-form"
    good = {"name": "Zoe", "body": "hello", "key": ""}
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        await canary(bus, juliet, where, box)
        before = bus.bodies(box)
        for fields, status, words in (
            ({}, 400, "The message is empty. Write some text."),
            (good | {"body": " \n "}, 400, "The message is empty. Write some text."),
            (good | {"body": "x" * 10_001}, 400, "The maximum is 10000"),
            (good | {"name": ""}, 400, "visible character"),
            (good | {"name": "ShoutBus"}, 409, "The bot uses this name. Choose another name."),
            (good | {"name": "Zoe (web)"}, 400, "mark"),
            (good | {"name": "n" * 2000}, 400, "The maximum is 64"),
            (good | {"name": "\u202eZoe"}, 400, "direction-changing"),
        ):
            _told(_form(bus, fields), status, words)
            page = _form(bus, fields, accept="text/html")
            assert page.status == status
            assert words in page.text.replace("&#39;", "'")
        for accept in ("application/json", "text/html"):
            answer = _form(
                bus, good | {"name": "n" * 2000}, accept=accept, Accept_Language="fr, de-CH;q=0.9"
            )
            assert (answer.status, "Der Name hat 2000 Zeichen. H" in answer.text) == (400, True)
        for forged in (
            {"Origin": "https://evil.example"},
            {"Origin": "null"},
            {"Origin": ""},
            {"Sec_Fetch_Site": "cross-site"},
            {"Sec_Fetch_Site": "same-site"},
        ):
            _told(_form(bus, good, **forged), 403, "another site")
        assert bus.bodies(box) == before
        for number, name in enumerate(("<i>Zoë</i>", "smile \U0001f600")):
            reply = _form(
                bus,
                {"name": name, "body": f"<b>odd {number}</b> {NASTY}", "key": "no key"},
                accept="text/html",
            )
            assert reply.status == 303, reply
            await juliet.hears_in(where, f"<b>odd {number}</b> {SCRUBBED}")
        html = call(bus.url + PAGE).text
        assert "<b>odd" not in html
        assert "<i>Zo" not in html
        await canary(bus, juliet, where, box)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET /health HTTP/1.1\r\nHost: x\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n", "400"),
        (b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", "400"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\n" + b"X-A: b\r\n" * 10_000 + b"\r\n", "400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", "400"),
        (b"nonsense\r\n\r\n", "400"),
        (b"POST " + PAGE.encode() + b" HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"),
        (
            b"POST "
            + PAGE.encode()
            + b" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
            "400",
        ),
        (b"GET /%zz/%ff HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        (b"GET /shoutbox/..%2f..%2fetc HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        (b"GET /static/..%2f..%2fapp.py HTTP/1.1\r\nHost: x\r\n\r\n", "404"),
        (b"GET /health HTTP/1.1\r\nHost: x\r\nCookie: shoutbus=\xff\x00; \r\n\r\n", "400"),
        (
            b"GET "
            + PAGE.encode()
            + b" HTTP/1.1\r\nHost: x\r\nCookie: shoutbus-name=\\x\\\xff\r\n\r\n",
            "200",
        ),
        (
            b"GET " + PAGE.encode() + b" HTTP/1.1\r\nHost: x\r\nCookie: shoutbus=\xff; x\r\n\r\n",
            "200",
        ),
    ],
)
async def test_bad_requests(yard: tuple[Server, Bus], request_: bytes, status: str) -> None:
    _, bus = yard
    request_ = request_.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    answer = await asyncio.to_thread(_raw, bus, request_)
    assert answer.startswith((f"HTTP/1.1 {status}", f"HTTP/1.0 {status}")), answer[:500]
    assert "Traceback" not in answer
    assert bus.health()["status"] == "ok"
