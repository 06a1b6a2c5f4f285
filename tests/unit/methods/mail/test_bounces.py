"""The place that mail comes back to: it takes what we sent, tells of failures, and is no relay."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiosmtplib import SMTP
from aiosmtplib.errors import SMTPDataError, SMTPException, SMTPRecipientRefused

from component.bus.model.message import Channel
from component.common.errors import ConfigError
from component.methods.mail.bounces import BOUNCE_LIMITS, BounceLimits, Bounces
from component.methods.mail.envelope import DAYS, Verp
from component.methods.mail.setup import Place
from tests.support.fakes import FakeClock, until
from tests.support.mailing import HOST, JULIET, SECRET, FakeAddresses
from tests.unit.methods.mail.test_reports import POSTFIX, QMAIL

REPORT = POSTFIX.replace("\n", "\r\n").encode()
VERP = Verp(SECRET, "bounces.example.org")
WHY = "5.1.1 550 5.1.1 <gone@elsewhere.example>: Recipient address rejected: User unknown"


@pytest.fixture
def addresses() -> FakeAddresses:
    return FakeAddresses()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def listening(addresses: FakeAddresses, clock: FakeClock) -> AsyncIterator[Bounces]:
    there = Bounces(Place(HOST, 0), VERP, addresses.returned, clock)
    await there.start()
    yield there
    await there.close()


@pytest.fixture
async def server(listening: Bounces) -> AsyncIterator[SMTP]:
    """The team's mail server, as the listener meets it."""
    async with _client(listening) as client:
        yield client


@asynccontextmanager
async def _client(listening: Bounces) -> AsyncIterator[SMTP]:
    client = SMTP(
        hostname=HOST,
        port=listening.port,
        start_tls=False,
        local_hostname="mx.example.org",
        timeout=10,
    )
    await client.connect()
    yield client
    client.close()


async def _back(server: SMTP, to: str, raw: bytes = REPORT) -> str:
    await server.mail("mailer-daemon@example.org")
    await server.rcpt(to)
    return (await server.data(raw)).message


async def test_a_failure_is_told(server: SMTP, addresses: FakeAddresses, clock: FakeClock) -> None:
    assert await _back(server, VERP.sender(JULIET, clock())) == "2.0.0 OK"
    assert addresses.gone == [(JULIET, WHY)]


async def test_the_null_sender_is_one(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock
) -> None:
    await server.ehlo()
    assert (await server.execute_command(b"MAIL FROM:<>")).code == 250
    assert (
        await server.execute_command(b"RCPT TO:<" + VERP.sender(JULIET, clock()).encode() + b">")
    ).code == 250
    await server.data(REPORT)
    assert [target for target, _why in addresses.gone] == [JULIET]


async def test_a_report_in_another_shape_needs_the_null_sender(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock
) -> None:
    raw = QMAIL.replace("\n", "\r\n").encode()
    to = VERP.sender(JULIET, clock())
    assert "Dropped" in await _back(server, to, raw)
    assert addresses.gone == []
    await server.execute_command(b"MAIL FROM:<>")
    await server.rcpt(to)
    assert "OK" in (await server.data(raw)).message
    assert [target for target, _why in addresses.gone] == [JULIET]


@pytest.mark.parametrize(
    "to",
    [
        "juliet@example.org",
        "postmaster@bounces.example.org",
        "b+@bounces.example.org",
        "b+aaaa@bounces.example.org",
        "b+" + "a" * 32 + "@bounces.example.org",
        "shoutbus@example.org",
    ],
)
async def test_it_is_no_relay(server: SMTP, addresses: FakeAddresses, to: str) -> None:
    await server.mail("anyone@example.org")
    with pytest.raises(SMTPRecipientRefused) as told:
        await server.rcpt(to)
    assert told.value.code == 550
    assert addresses.gone == []


async def test_what_is_too_old_is_nobodys(server: SMTP, clock: FakeClock) -> None:
    to = VERP.sender(JULIET, clock())
    clock.now += (DAYS + 1) * 86400
    await server.mail("x@example.org")
    with pytest.raises(SMTPRecipientRefused):
        await server.rcpt(to)


async def test_a_report_must_name_whom_the_mail_went_to(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock
) -> None:
    """One who got a mail has its envelope sender, which is good for no other address."""
    romeo = Channel("mail", "romeo@example.org")
    assert "Dropped" in await _back(server, VERP.sender(romeo, clock()))
    assert addresses.gone == []


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: I am away\r\nAuto-Submitted: auto-replied\r\n\r\nUntil Monday.\r\n",
        b"\r\n",
        b"junk\r\n",
    ],
)
async def test_all_else_is_dropped_and_answered_by_no_mail(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock, raw: bytes
) -> None:
    assert "Dropped" in await _back(server, VERP.sender(JULIET, clock()), raw)
    assert addresses.gone == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Action: failed", b"Action: delayed"),
        (b"Status: 5.1.1", b"Status: 4.2.2"),
        (b"550 5.1.1", b"550 5.7.1"),
        (b"550 5.1.1", b"552 5.2.2"),
    ],
)
async def test_a_report_that_leaves_doubt_keeps_the_address(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock, old: bytes, new: bytes
) -> None:
    assert old in REPORT
    assert "OK" in await _back(server, VERP.sender(JULIET, clock()), REPORT.replace(old, new))
    assert addresses.gone == []


async def test_it_is_on_disk_or_comes_again(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock
) -> None:
    addresses.failing = 1
    with pytest.raises(SMTPDataError) as told:
        await _back(server, VERP.sender(JULIET, clock()))
    assert told.value.code == 451
    assert await _back(server, VERP.sender(JULIET, clock())) == "2.0.0 OK"
    assert addresses.gone == [(JULIET, WHY)]


async def test_a_fault_of_ours_is_no_yes(addresses: FakeAddresses, clock: FakeClock) -> None:
    def broken(_raw: bytes, **_more: bool) -> None:
        raise ZeroDivisionError("a secret of the inside")

    there = Bounces(Place(HOST, 0), VERP, addresses.returned, clock, read=broken)
    await there.start()
    async with _client(there) as server:
        with pytest.raises(SMTPDataError) as told:
            await _back(server, VERP.sender(JULIET, clock()))
    assert (told.value.code, "secret" in told.value.message) == (451, False)
    await there.close()


async def test_one_recipient_a_mail(server: SMTP, clock: FakeClock) -> None:
    await server.mail("x@example.org")
    await server.rcpt(VERP.sender(JULIET, clock()))
    with pytest.raises(SMTPRecipientRefused) as told:
        await server.rcpt(VERP.sender(Channel("mail", "romeo@example.org"), clock()))
    assert told.value.code == 452


async def test_no_more_than_a_mebibyte(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock
) -> None:
    with pytest.raises(SMTPDataError) as told:
        await _back(
            server,
            VERP.sender(JULIET, clock()),
            REPORT + (b"x" * 900 + b"\r\n") * (BOUNCE_LIMITS.mail_bytes // 900),
        )
    assert told.value.code == 552
    assert addresses.gone == []


async def test_a_domain_as_people_read_it(
    server: SMTP, addresses: FakeAddresses, clock: FakeClock
) -> None:
    target = Channel("mail", "juliet@münchen.example")
    raw = REPORT.replace(b"rfc822;juliet@example.org", b"rfc822;Juliet@XN--mnchen-3ya.example")
    assert "OK" in await _back(server, VERP.sender(target, clock()), raw)
    assert [one for one, _why in addresses.gone] == [target]


async def test_lmtp_too(listening: Bounces, addresses: FakeAddresses, clock: FakeClock) -> None:
    """RFC 2033, as mail servers hand over to a program."""
    reader, writer = await asyncio.open_connection(HOST, listening.port)
    to = VERP.sender(JULIET, clock()).encode()
    assert (await reader.readline()).startswith(b"220 ")
    for command, answer in (
        (b"LHLO mx", b"250"),
        (b"MAIL FROM:<>", b"250"),
        (b"RCPT TO:<" + to + b">", b"250"),
    ):
        writer.write(command + b"\r\n")
        while (line := await reader.readline())[3:4] == b"-":
            assert line.startswith(answer)
        assert line.startswith(answer)
    writer.write(b"DATA\r\n")
    assert (await reader.readline()).startswith(b"354")
    writer.write(REPORT + b".\r\n")
    assert await reader.readline() == b"250 2.0.0 OK\r\n"
    writer.close()
    await writer.wait_closed()
    assert [target for target, _why in addresses.gone] == [JULIET]


async def test_not_too_many_at_once(addresses: FakeAddresses, clock: FakeClock) -> None:
    limits = BounceLimits(connections=2)
    listening = Bounces(Place(HOST, 0), VERP, addresses.returned, clock, limits)
    await listening.start()
    clients = [
        SMTP(hostname=HOST, port=listening.port, start_tls=False, local_hostname="mx")
        for _ in range(3)
    ]
    for client in clients[:2]:
        await client.connect()
    with pytest.raises(SMTPException):
        await clients[2].connect()
    await clients[0].quit()
    await until(lambda: len(listening.sessions) == 1, "the end of a connection")
    await clients[2].connect()
    for client in clients:
        client.close()
    await listening.close()


async def test_a_place_that_is_taken_is_told(
    listening: Bounces, addresses: FakeAddresses, clock: FakeClock
) -> None:
    other = Bounces(Place(HOST, listening.port), VERP, addresses.returned, clock)
    with pytest.raises(ConfigError) as told:
        await other.start()
    assert f"[mail] bounce_listen: {HOST}:{listening.port} cannot be used" in str(told.value)
    await other.close()


async def test_close_ends_connections(addresses: FakeAddresses, clock: FakeClock) -> None:
    there = Bounces(Place(HOST, 0), VERP, addresses.returned, clock)
    await there.start()
    reader, writer = await asyncio.open_connection(HOST, there.port)
    await reader.readline()
    async with asyncio.timeout(5):
        await there.close()
        assert await reader.read() == b""
    writer.close()
