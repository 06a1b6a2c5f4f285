"""Mail through a real server: what arrives, what is told when it does not, and that nothing is lost
or said twice."""

import asyncio
import os
import re
import smtplib
import socket
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from component.bus.engine.hub import Hub
from component.bus.model.message import Author, Channel, Message
from component.cli.prosody import HOST, free_port
from component.common.errors import Unavailable
from component.methods.mail.compose import OutgoingMail as Composed
from component.methods.mail.envelope import Verp
from component.methods.mail.mailer import Mailer
from component.methods.mail.method import METHOD, Mail
from component.methods.mail.probe import probe
from component.methods.mail.replies import Down, Locked, NoMailbox
from component.methods.mail.setup import Domain, MailSetup, Place, Port, Security
from component.storage import open_store
from tests.journeys.test_commands_people import ask
from tests.support.exim import PASSWORD, USER, Exim
from tests.support.fakes import FakeClock, deliver
from tests.support.mailing import (
    HANG,
    JULIET,
    SECRET,
    SENDER,
    FakeAddresses,
    FakeRenderer,
    a_mail,
    a_setup,
    delivery,
    odd,
    ports,
)
from tests.support.people import person
from tests.support.servers import SHOUTBUS, Reply, Server, call, eventually, settings, start_bus

BOUNCES = Domain("bounces.example.org")


@pytest.fixture
def exim() -> Iterator[Exim]:
    server = Exim()
    try:
        server.start()
        yield server
    finally:
        server.stop()


@pytest.fixture
def closed() -> Iterator[Exim]:
    """One that wants people to sign in."""
    server = Exim(closed=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


def _method(setup: MailSetup, addresses: FakeAddresses | None = None) -> Mail:
    assert METHOD.make
    method = METHOD.make(ports(setup, addresses or FakeAddresses()))
    assert isinstance(method, Mail)
    return method


@asynccontextmanager
async def mailing(setup: MailSetup, **more: Any) -> AsyncIterator[Mail]:
    method = _method(setup, **more)
    await method.start()
    try:
        yield method
    finally:
        await method.close()


async def _arrived(exim: Exim, count: int, person: str = "juliet") -> list[EmailMessage]:
    await asyncio.to_thread(
        eventually, lambda: len(exim.mails(person)) >= count, f"{count} mails: {exim.log}"
    )
    mails = exim.mails(person)
    assert len(mails) == count
    return mails


async def test_a_letter_arrives_whole(exim: Exim) -> None:
    more = {
        "html": "<html><body><p>Grüße\n.\n</p></body></html>",
        "list_id": "<lobby.shoutbox.bus.example.org>",
        "unsubscribe": "https://bus.example.org/unsubscribe/" + "x" * 200,
        "language": "de",
    }
    setup = a_setup(exim.port, bounce_domain=BOUNCES, bounce_listen=Place(HOST, exim.back))
    one = delivery("Romeo: Grüße\n.\n..\n\nFrom here\n.")
    async with mailing(setup) as method:
        await deliver(method, one, FakeRenderer(**more))
    (mail,) = await _arrived(exim, 1)
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text
    assert html
    assert str(text.get_content()).replace("\r\n", "\n").rstrip("\n") == one.message.body
    assert str(html.get_content()).replace("\r\n", "\n").rstrip("\n") == more["html"]
    assert mail["List-Unsubscribe"] == f"<{more['unsubscribe']}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["List-Id"] == more["list_id"]
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].startswith(f"<{one.message.id}.")
    verp = Verp(SECRET, str(BOUNCES))
    assert verp.read(str(mail["Return-path"]).strip("<>"), FakeClock()()) == verp.digest(JULIET)


async def test_nothing_is_smuggled_in(exim: Exim) -> None:
    """CVE-2023-51764: no line end in a mail is its end for a real server either, whatever letters
    are made into."""
    mailer = Mailer(a_setup(exim.port))
    ends = (b"\n.\r\n", b"\n.\n", b"\r.\r\n", b"\r.\r", b"\r\n.\r\n")
    for end in ends:
        evil = (
            b"MAIL FROM:<x@example.org>\r\nRCPT TO:<romeo@example.org>\r\nDATA\r\nSubject: "
            b"evil\r\n\r\nevil\r\n.\r\n"
        )
        mail = a_mail()
        await mailer.deliver(
            Composed(mail.sender, mail.to, mail.id, b"Subject: good\r\n\r\ngood" + end + evil)
        )
    await mailer.close()
    for mail_there in await _arrived(exim, len(ends)):
        assert "\n.\nMAIL FROM" in str(mail_there.get_content()).replace("\r\n", "\n")
    assert exim.mails("romeo") == []


async def test_a_domain_with_other_letters(exim: Exim) -> None:
    async with mailing(a_setup(exim.port)) as method:
        await deliver(method, delivery(target=Channel("mail", "juliet@münchen.example")))
    (mail,) = await _arrived(exim, 1)
    assert mail["To"] == "juliet@xn--mnchen-3ya.example"


async def test_signing_in_over_tls(closed: Exim, tmp_path: Path) -> None:
    def setup(**more: Any) -> MailSetup:
        given = {
            "security": Security.STARTTLS,
            "ca": str(closed.ca),
            "user": USER,
            "password": PASSWORD,
        } | more
        return MailSetup(SENDER, HOST, Port(closed.port), **given)

    assert await probe(setup()) == ""
    mailer = Mailer(setup())
    await mailer.deliver(a_mail("signed in"))
    await mailer.close()
    await _arrived(closed, 1)
    for wrong, kind, told in (
        (setup(password="wrong"), Locked, "did not accept the user name and password"),
        (setup(ca=""), Down, "certificate verify failed"),
        (setup(security=Security.NONE), Down, "AUTH"),
    ):
        mailer = Mailer(wrong)
        with pytest.raises(kind) as raised:
            await mailer.deliver(a_mail())
        assert told in str(raised.value)
        assert told in await probe(wrong)
        assert "wrong" not in str(raised.value)
        await mailer.close()
    mailer = Mailer(setup(user="", password=""))
    with pytest.raises(Exception, match="Sign in first"):
        await mailer.deliver(a_mail())
    await mailer.close()


async def test_an_address_that_is_turned_away(exim: Exim) -> None:
    addresses = FakeAddresses()
    nobody = Channel("mail", "nobody@example.org")
    async with mailing(a_setup(exim.port), addresses=addresses) as method:
        with pytest.raises(NoMailbox):
            await deliver(method, delivery(target=nobody))
        await deliver(method, delivery())
    assert addresses.gone == [(nobody, "the mail server reports: 550 Unrouteable address")]
    await _arrived(exim, 1)


@pytest.mark.parametrize("protocol", ["smtp", "lmtp"])
@pytest.mark.parametrize("address", ["nobody@later.example", "forward@example.org"])
async def test_what_comes_back_later(protocol: str, address: str) -> None:
    """A real report (RFC 3464), also of a mail that was forwarded, by both ways in which it may be
    brought."""
    server, addresses, target = Exim(protocol=protocol), FakeAddresses(), Channel("mail", address)
    try:
        server.start()
        setup = a_setup(server.port, bounce_domain=BOUNCES, bounce_listen=Place(HOST, server.back))
        async with mailing(setup, addresses=addresses) as method:
            await deliver(method, delivery(target=target))
            async with asyncio.timeout(20):
                await addresses.told.wait()
        ((told, why),) = addresses.gone
        assert told == target
        assert why.startswith("5.")
    finally:
        server.stop()


# With lanes and a store


@asynccontextmanager
async def _bus(path: Path, method: Mail) -> AsyncIterator[Hub]:
    store = await open_store(f"sqlite:{path}")
    hub = Hub(store, FakeClock())
    hub.attach({"mail": method, "shoutbox": None}, ["mail"])
    await hub.start()
    try:
        yield hub
    finally:
        await hub.stop()
        await store.close()


def _to(address: str, number: int = 0) -> Message:
    body = f"number {number}"
    return Message.new(Channel("mail", address), Author("Romeo", "romeo@x"), body, FakeClock()())


async def test_a_server_that_is_away_holds_all_and_loses_none(exim: Exim, tmp_path: Path) -> None:
    exim.kill()
    method = _method(a_setup(exim.port))
    async with _bus(tmp_path / "bus.db", method) as hub:
        for number in range(20):
            await hub.accept(
                _to(("juliet", "romeo")[number % 2] + "@example.org", number), deliver=True
            )
        with pytest.raises(Unavailable):
            await deliver(method, delivery())
        assert "cannot be used" in str(hub.troubles[0].why)
        exim.start()
        for person, odd_or_even in (("juliet", 0), ("romeo", 1)):
            mails = await _arrived(exim, 10, person)
            told = sorted(str(mail.get_content()).strip() for mail in mails)
            assert told == sorted(f"number {number}" for number in range(odd_or_even, 20, 2))
        assert hub.troubles == ()


async def test_a_crash_before_the_yes_sends_the_same_mail_again(tmp_path: Path) -> None:
    """Nobody can look into a mailbox, so it may come twice; then it has one Message-ID, and
    programs show it once."""
    async with odd(end=[HANG]) as server:
        async with _bus(tmp_path / "bus.db", _method(a_setup(server.port))) as hub:
            await hub.accept(_to("juliet@example.org"), deliver=True)
            await server.changed.wait()
        (first,) = server.took  # it has all of it, and said nothing
        server.changed.clear()
        async with _bus(tmp_path / "bus.db", _method(a_setup(server.port))) as hub:
            await server.changed.wait()
            assert [took.raw for took in server.took] == [first.raw, first.raw]
            assert first.raw.count(b"Message-ID: <") == 1


async def test_each_person_hears_in_order(exim: Exim, tmp_path: Path) -> None:
    said = [_to("juliet@example.org", number) for number in range(15)]
    async with _bus(tmp_path / "bus.db", _method(a_setup(exim.port))) as hub:
        for message in said:
            await hub.accept(message, deliver=True)
        await _arrived(exim, 15)
    assert re.findall(r" <= shoutbus@example\.org .* id=([0-9a-f]{32})\.", exim.log) == [
        one.id for one in said
    ]


# The whole bus


ROUTE = """
[[channel]]
name = "mail:*"
[[route]]
from = "shoutbox:lobby"
to = "mail:juliet@example.org"
"""


def _table(exim: Exim, listen: int) -> str:
    return f"""
[mail]
sender = "Shoutbus <shoutbus@example.org>"
port = {exim.port}
bounce_domain = "{BOUNCES}"
bounce_listen = "{HOST}:{listen}"
"""


def _run(command: str, file: Path, **environment: str) -> tuple[int, str]:
    done = subprocess.run(
        [SHOUTBUS, command, "--config", str(file)],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ | environment,
    )
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout + done.stderr


def test_check_and_run_try_the_server(server: Server, exim: Exim, tmp_path: Path) -> None:
    file = tmp_path / "shoutbus.toml"
    file.write_text(settings(server, tmp_path, free_port(), _table(exim, free_port()) + ROUTE))
    status, said = _run("check", file)
    assert (status, "all connections work" in said) == (0, True), said
    assert (
        "Note: [mail] is set, but public_url under [web] is not. Links in emails point to "
        "http://127.0.0.1:" in said
    )
    text = file.read_text()
    file.write_text(text.replace("[web]\n", '[web]\npublic_url = "https://shouts.example.org"\n'))
    _status, said = _run("check", file)
    assert ("all connections work" in said, "Note: [mail]" in said) == (True, False), said
    file.write_text(text)
    status, said = _run("check", file, SHOUTBUS_MAIL_PORT=str(free_port()))
    assert status == 1
    assert f"[mail] the mail server {HOST} cannot be used: connection refused." in said
    status, said = _run(
        "check", file, SHOUTBUS_MAIL_USER="shoutbus", SHOUTBUS_MAIL_PASSWORD="wrong"
    )
    assert status == 1
    assert "[mail] the mail server" in said
    with socket.create_server((HOST, 0)) as taken:
        place = f"{HOST}:{taken.getsockname()[1]}"
        for command in ("check", "run"):
            status, said = _run(command, file, SHOUTBUS_MAIL_BOUNCE_LISTEN=place)
            assert status != 0
            assert f"bounce_listen: {place} cannot be used: address already in use." in said


def test_a_bus_writes_to_nobody_unasked_and_takes_no_others_mail(
    server: Server, exim: Exim, tmp_path: Path
) -> None:
    port = free_port()
    bus = start_bus(
        tmp_path / "bus", settings(server, tmp_path, port, _table(exim, exim.back) + ROUTE), port
    )
    try:
        bus.ready()
        bus.post("shoutbox:lobby", "hello")
        with smtplib.SMTP(HOST, exim.back, timeout=10) as back:
            assert back.ehlo()[0] == 250
            assert back.mail("anyone@example.org")[0] == 250
            assert back.rcpt("juliet@example.org")[0] == 550
        dead = re.compile(
            r'channel=mail:juliet@example\.org .*has not confirmed it.*event="dead letter"'
        )
        eventually(lambda: dead.search(bus.log.read_text()), "a dead letter")
        assert exim.mails("juliet") == []
        assert "troubles" not in bus.health()
    finally:
        bus.stop()
    assert "Traceback" not in bus.log.read_text()


async def _post(url: str, **form: str) -> Reply:
    return await asyncio.to_thread(call, url, urlencode(form).encode(), "POST")


async def _read(exim: Exim, count: int, words: str) -> tuple[EmailMessage, str]:
    """The one of Juliet's mails, of which there are so many, with these words; and its text."""
    texts = [
        (mail, text) for mail in await _arrived(exim, count) if (text := mail.get_body(("plain",)))
    ]
    ((mail, said),) = [
        (mail, said) for mail, text in texts if words in (said := str(text.get_content()))
    ]
    return mail, said


async def _confirm(exim: Exim) -> str:
    """Juliet follows the link in her first mail. Returns the mail's text."""
    _asked, text = await _read(exim, 1, "/confirm/")
    found = re.search(r"http://\S+/confirm/\S+", text)
    assert found
    page = await asyncio.to_thread(call, found[0])
    assert page.status == 200
    number = re.search(r'name="number" value="(\d+)"', page.text)
    form = {"whole": "1"} | ({"number": number[1]} if number else {})
    assert (await _post(found[0], **form)).status == 200
    return text


async def test_from_a_line_to_the_bot_to_a_click_in_the_mail(
    server: Server, exim: Exim, tmp_path: Path
) -> None:
    """As people do it: asked for by IM, confirmed by the link, told by mail, ended by the mail
    program's button."""
    port = free_port()
    bus = start_bus(
        tmp_path / "bus", settings(server, tmp_path, port, _table(exim, exim.back)), port
    )
    try:
        bus.ready()
        async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
            await ask(juliet, "subscribe lobby by mail juliet@example.org", "juliet@example.org")
            bus.post("shoutbox:lobby", "not yet")
            assert "not yet" not in await _confirm(exim)
            bus.post("shoutbox:lobby", "a word for her")
            mail, _text = await _read(exim, 2, "a word for her")
            assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
            click = str(mail["List-Unsubscribe"]).strip("<>")
            ended = await _post(click, **{"List-Unsubscribe": "One-Click"})
            assert ended.status == 200
            bus.post("shoutbox:lobby", "never")
            await ask(juliet, "subscription list", "^You do not have any subscriptions")
            await ask(juliet, "subscribe lobby by mail romeo@example.org", "romeo@example.org")
            await _arrived(exim, 1, "romeo")  # which went behind it
            await _arrived(exim, 2)
    finally:
        bus.stop()
    assert "Traceback" not in bus.log.read_text()


async def test_a_blocklist_ends_no_subscription(server: Server, exim: Exim, tmp_path: Path) -> None:
    """A refusal that is about our server: operators hear of it, and Juliet keeps her mails."""
    port = free_port()
    bus = start_bus(
        tmp_path / "bus", settings(server, tmp_path, port, _table(exim, exim.back)), port
    )
    try:
        bus.ready()
        async with (
            person("juliet", server.passwords["juliet"], server.c2s) as juliet,
            person("admin", server.passwords["admin"], server.c2s) as admin,
        ):
            await ask(juliet, "subscribe lobby by mail juliet@example.org", "juliet@example.org")
            await _confirm(exim)
            exim.block(blocked=True)
            for number in range(3):
                bus.post("shoutbox:lobby", f"refused {number}")
            await admin.until(
                lambda: [one for one in admin.heard if "on a blocklist" in one["body"]],
                "that mail is refused",
            )
            exim.block(blocked=False)
            bus.post("shoutbox:lobby", "a word for her")
            await _read(exim, 2, "a word for her")
            await ask(juliet, "subscription list", "juliet@example.org")
        assert "address bounced" not in bus.log.read_text()
    finally:
        bus.stop()


async def test_one_who_gave_an_address_that_is_none_hears_of_it(
    server: Server, exim: Exim, tmp_path: Path
) -> None:
    """It comes back later, to the bus."""
    port = free_port()
    bus = start_bus(
        tmp_path / "bus", settings(server, tmp_path, port, _table(exim, exim.back)), port
    )
    try:
        bus.ready()
        async with person("juliet", server.passwords["juliet"], server.c2s) as juliet:
            await ask(
                juliet, "subscribe lobby by mail nobody@later.example", "nobody@later.example"
            )
            await juliet.until(
                lambda: [one for one in juliet.heard if "5.0.0" in one["body"]], "that it came back"
            )
    finally:
        bus.stop()
