"""The method: what is checked before a mail goes, and what follows when it does not arrive."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from component.bus.model.message import Channel
from component.bus.ports.method import Closes, Method, Starts, Troubled
from component.common.errors import DeliveryError, Refused, Unavailable
from component.methods.mail.envelope import Verp
from component.methods.mail.method import METHOD, Mail
from component.methods.mail.replies import NoMailbox, NotWanted
from component.methods.mail.setup import Domain, Place
from tests.support.fakes import FakeClock, FakeWorld, deliver, until
from tests.support.mailing import (
    HOST,
    JULIET,
    SECRET,
    FakeAddresses,
    FakeRenderer,
    OddServer,
    a_setup,
    delivery,
    odd,
    ports,
)
from tests.unit.methods.mail.test_reports import POSTFIX


@asynccontextmanager
async def mail(
    server: OddServer,
    addresses: FakeAddresses | None = None,
    world: FakeWorld | None = None,
    **more: Any,
) -> AsyncIterator[Mail]:
    assert METHOD.make
    setup = a_setup(server.port, **more)
    method = METHOD.make(ports(setup, addresses or FakeAddresses(), FakeClock(), world))
    assert isinstance(method, Mail)
    await method.start()
    try:
        yield method
    finally:
        await method.close()


async def test_it_is_confirmed_by_the_servers_yes() -> None:
    async with odd() as server, mail(server) as method:
        method.configure([])
        await method.ready(JULIET)
        confirmation = await deliver(method, delivery("hello"))
        assert confirmation.done()
        await confirmation
        assert len(server.took) == 1
        assert b"\r\nhello\r\n" in server.took[0].raw
        assert await method.landed(JULIET) == frozenset()


async def test_nothing_goes_where_nothing_may() -> None:
    addresses = FakeAddresses()
    addresses.refusal = Refused("not confirmed")
    async with odd() as server, mail(server, addresses=addresses) as method:
        with pytest.raises(Refused) as told:
            await deliver(method, delivery())
        assert told.value is addresses.refusal
        assert server.connections == 0


async def test_an_address_that_is_none_is_given_up() -> None:
    addresses = FakeAddresses()
    async with (
        odd(rcpt="550 5.1.1 no such user") as server,
        mail(server, addresses=addresses) as method,
    ):
        with pytest.raises(NoMailbox):
            await deliver(method, delivery())
        assert addresses.gone == [(JULIET, "the mail server reports: 550 5.1.1 no such user")]


@pytest.mark.parametrize(
    "answer", ["550 5.7.1 spam", "450 4.2.0 greylisted", "550 relay not permitted"]
)
async def test_what_a_server_thinks_of_us_is_no_fault_of_an_address(answer: str) -> None:
    addresses = FakeAddresses()
    async with odd(rcpt=answer) as server, mail(server, addresses=addresses) as method:
        with pytest.raises(DeliveryError):
            await deliver(method, delivery())
        assert addresses.gone == []


async def test_operators_hear_of_servers_that_do_not_want_us() -> None:
    addresses, world = FakeAddresses(), FakeWorld(FakeClock())
    async with (
        odd(rcpt="550 5.7.1 Client host is on a blocklist") as server,
        mail(server, addresses=addresses, world=world) as method,
    ):
        for seq in range(5):
            with pytest.raises(NotWanted):
                await deliver(method, delivery(seq=seq))
        (trouble,) = method.troubles()
        assert "5.7.1 Client host is on a blocklist" in str(trouble.why)
        await method.ready(JULIET)
    assert addresses.gone == []
    assert [channel for channel, _words in world.told] == [Channel("mail", "*")]


async def test_reports_that_servers_do_not_want_us_count_too() -> None:
    addresses, world = FakeAddresses(), FakeWorld(FakeClock())
    more = {"bounce_domain": Domain("bounces.example.org"), "bounce_listen": Place(HOST, 0)}
    async with odd() as server, mail(server, addresses, world=world, **more) as method:
        assert method.bounces
        to = Verp(SECRET, "bounces.example.org").sender(JULIET, FakeClock()())
        for fault in ("5.7.1", "5.2.2", "5.7.1", "5.7.1", "5.1.1"):
            raw = POSTFIX.replace("5.1.1", fault).replace("User unknown", "No")
            await asyncio.to_thread(bring, method.bounces.port, to, raw)
    assert [target for target, _why in addresses.gone] == [JULIET]
    assert len(world.told) == 1


def bring(port: int, to: str, raw: str) -> None:
    with smtplib.SMTP(HOST, port, timeout=10) as client:
        client.sendmail("", [to], raw.replace("\n", "\r\n").encode())


async def test_giving_up_is_on_disk_or_comes_again() -> None:
    addresses = FakeAddresses()
    addresses.failing = 1
    async with (
        odd(rcpt="550 5.1.1 no such user") as server,
        mail(server, addresses=addresses) as method,
    ):
        with pytest.raises(Unavailable):
            await deliver(method, delivery())
        with pytest.raises(NoMailbox):
            await deliver(method, delivery())
        assert [target for target, _why in addresses.gone] == [JULIET]


async def test_each_mail_has_an_envelope_sender_of_its_own() -> None:
    async with (
        odd() as server,
        mail(
            server, bounce_domain=Domain("bounces.example.org"), bounce_listen=Place(HOST, 0)
        ) as method,
    ):
        romeo = Channel("mail", "romeo@example.org")
        for target in (JULIET, romeo):
            await deliver(method, delivery(target=target))
        senders = [
            took.sender.removeprefix("MAIL FROM:<").removesuffix(">") for took in server.took
        ]
        verp = Verp(SECRET, "bounces.example.org")
        assert [verp.read(one, FakeClock()()) for one in senders] == [
            verp.digest(JULIET),
            verp.digest(romeo),
        ]
        assert method.bounces
        assert method.bounces.port


async def test_trouble_is_told_while_it_lasts() -> None:
    async with odd(mail=["451 4.3.0 not now"]) as server, mail(server) as method:
        assert method.troubles() == []
        with pytest.raises(Unavailable):
            await deliver(method, delivery())
        (trouble,) = method.troubles()
        assert str(trouble.channel) == "mail:*"
        assert "451 4.3.0 not now" in str(trouble.why)
        await until(lambda: not method.troubles(), "it is over")
        await method.ready(JULIET)


async def test_it_is_all_that_the_bus_asks_for() -> None:
    async with odd() as server, mail(server) as method:
        way: Method = method
        assert isinstance(way, Closes)
        assert isinstance(way, Starts)
        assert isinstance(way, Troubled)


async def test_without_a_server_it_says_so() -> None:
    assert METHOD.make
    method = METHOD.make(ports(None, FakeAddresses()))
    method.configure([])
    await method.ready(JULIET)
    assert await method.landed(JULIET) == frozenset()
    with pytest.raises(Refused) as told:
        await deliver(method, delivery())
    assert "email is not set up; an operator must add [mail] to the configuration" in str(
        told.value
    )


async def test_the_letter_goes_whole() -> None:
    more = {
        "html": "<p>x</p>",
        "list_id": "<lobby.bus.example.org>",
        "unsubscribe": "https://bus.example/u/1",
    }
    async with odd() as server, mail(server) as method:
        await deliver(method, delivery(), FakeRenderer(**more))
        raw = server.took[0].raw
        assert b"\r\nList-Unsubscribe: <https://bus.example/u/1>\r\n" in raw
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in raw
