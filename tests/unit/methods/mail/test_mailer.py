"""The way to the mail server, against servers that misbehave: what is tried again, and when."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from component.cli.prosody import free_ports
from component.common.errors import Refused, Unavailable, Unconfirmed, words
from component.methods.mail.mailer import Mailer
from component.methods.mail.pool import POOL_LIMITS, PoolLimits
from component.methods.mail.probe import probe
from component.methods.mail.replies import Down, Locked, NoMailbox, NotWanted, Stage, fault
from component.methods.mail.setup import Connections, Domain, Place, Security
from tests.support.fakes import until
from tests.support.mailing import DROP, HANG, HOST, OddServer, a_mail, a_setup, odd


@asynccontextmanager
async def mailing(
    server: OddServer | int,
    wait: Callable[[int, float], float] = lambda *_: 0.01,
    patience: float = 20.0,
    limits: PoolLimits = POOL_LIMITS,
    **more: Any,
) -> AsyncIterator[Mailer]:
    port = server if isinstance(server, int) else server.port
    mailer = Mailer(
        a_setup(port, **more),
        wait=wait,
        command_timeout_s=patience,
        data_timeout_s=patience,
        limits=limits,
    )
    try:
        yield mailer
    finally:
        await mailer.close()


async def test_a_mail_goes_as_it_is() -> None:
    async with odd() as server, mailing(server) as mailer:
        mail = a_mail("one\n.\n..two\n.")
        await mailer.deliver(mail)
        (took,) = server.took
        assert took.sender == "MAIL FROM:<shoutbus@example.org>"
        assert took.to == "RCPT TO:<juliet@example.org>"
        assert took.raw.replace(b"\r\n..", b"\r\n.") == mail.content  # dots are doubled on the wire
        assert b"\r\n..\r\n" in took.raw
        assert server.heard[0] == "EHLO example.org"


async def test_no_end_of_a_mail_comes_from_its_words() -> None:
    """CVE-2023-51764: some servers take other line ends for the end of a mail, and what follows for
    a command."""
    for end in (b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r.\r", b"\r\n.\r\n"):
        async with odd() as server, mailing(server) as mailer:
            mail = a_mail()
            smuggled = type(mail)(
                mail.sender, mail.to, mail.id, b"Subject: x\r\n\r\na" + end + b"MAIL FROM:<x@y>\r\n"
            )
            await mailer.deliver(smuggled)
            (took,) = server.took
            assert b"\n" not in took.raw.replace(b"\r\n", b"")
            assert b"\r" not in took.raw.replace(b"\r\n", b"")
            assert took.raw.endswith(b"a\r\n..\r\nMAIL FROM:<x@y>\r\n")


async def test_one_connection_carries_many() -> None:
    async with odd() as server, mailing(server) as mailer:
        for number in range(5):
            await mailer.deliver(a_mail(str(number)))
        assert (server.connections, server.count("RSET"), len(server.took)) == (1, 4, 5)


async def test_no_more_connections_than_set() -> None:
    async with odd() as server, mailing(server, connections=Connections(3)) as mailer:
        await asyncio.gather(*(mailer.deliver(a_mail(str(number))) for number in range(30)))
        assert len(server.took) == 30
        assert server.most_open == server.connections == 3


async def test_a_connection_ends_after_a_hundred() -> None:
    async with odd() as server, mailing(server, limits=PoolLimits(mails=2)) as mailer:
        for number in range(5):
            await mailer.deliver(a_mail(str(number)))
        assert server.connections == 3
        await until(lambda: server.count("QUIT") == 2, "goodbyes")


async def test_an_idle_connection_ends() -> None:
    limits = PoolLimits(idle_s=0.01)
    async with odd() as server, mailing(server, limits=limits) as mailer:
        await mailer.deliver(a_mail())
        await until(lambda: server.count("QUIT") == 1 and server.open == 0, "a goodbye")
        await mailer.deliver(a_mail())
        assert len(server.took) == 2


async def test_close_says_goodbye() -> None:
    async with odd() as server:
        async with mailing(server) as mailer:
            await mailer.deliver(a_mail())
        await until(lambda: server.open == 0, "the connection's end")
        assert server.count("QUIT") == 1


# A kept connection that went


@pytest.mark.parametrize("word", ["rset", "mail", "rcpt"])
@pytest.mark.parametrize("answer", [DROP, "421 4.7.0 too many mails on this connection"])
async def test_a_kept_connection_that_ends_costs_nothing(word: str, answer: str) -> None:
    """Another is opened at once, since nothing was on its way."""
    first = [] if word == "rset" else ["250 OK"]
    async with odd(**{word: [*first, answer]}) as server, mailing(server) as mailer:
        await mailer.deliver(a_mail("one"))
        await mailer.deliver(a_mail("two"))
        assert (len(server.took), server.connections) == (2, 2)
        assert mailer.trouble == ""


async def test_a_server_that_ends_every_connection_is_waited_for() -> None:
    async with odd(mail=["421 4.3.2 shutting down"]) as server, mailing(server) as mailer:
        with pytest.raises(Down) as told:
            await mailer.deliver(a_mail())
        assert "421 4.3.2 shutting down" in str(told.value)
        await mailer.ready()
        await mailer.deliver(a_mail())
        assert len(server.took) == 1


@pytest.mark.parametrize("answer", [DROP, HANG])
async def test_a_mail_that_may_have_arrived_is_not_sent_again_at_once(answer: str) -> None:
    async with (
        odd(end=[answer]) as server,
        mailing(server, patience=0.2 if answer == HANG else 20) as mailer,
    ):
        mail = a_mail()
        with pytest.raises(Unconfirmed):
            await mailer.deliver(mail)
        assert len(server.took) == 1
        await mailer.deliver(mail)  # as a lane does, later
        assert len(server.took) == 2
        assert server.took[0].raw == server.took[1].raw


# What the server says of one mail


@pytest.mark.parametrize(
    ("word", "answer", "raised"),
    [
        ("rcpt", "450 4.2.0 greylisted, come back later", Unavailable),
        ("rcpt", "550 5.1.1 no such user", NoMailbox),
        ("rcpt", "550 5.7.1 you are not welcome", NotWanted),
        ("data", "451 4.3.0 not now", Unavailable),
        ("data", "554 5.6.0 no", Refused),
        ("end", "452 4.3.1 disk full", Unavailable),
        ("end", "421 4.3.2 shutting down", Unavailable),
        ("end", "554 5.7.1 spam", NotWanted),
        ("end", "550 5.1.1 no such user", NoMailbox),
        ("mail", "552 5.3.4 too big", Refused),
    ],
)
async def test_one_that_is_refused_holds_up_no_other(
    word: str, answer: str, raised: type[Exception]
) -> None:
    async with odd(**{word: [answer]}) as server, mailing(server) as mailer:
        with pytest.raises(raised) as told:
            await mailer.deliver(a_mail("one"))
        assert type(told.value) is raised
        assert answer in str(told.value)
        async with asyncio.timeout(5):
            await mailer.ready()
        await mailer.deliver(a_mail("two"))
        assert [took.raw.count(b"two") for took in server.took] == [1]


@pytest.mark.parametrize(
    ("stage", "code", "text", "raised"),
    [
        (Stage.RCPT, 550, "Unrouteable address", NoMailbox),  # exim
        (
            Stage.RCPT,
            550,
            "5.1.1 <x@y>: Recipient address rejected: User unknown",
            NoMailbox,
        ),  # postfix
        (Stage.RCPT, 550, "5.1.10 RESOLVER.ADR.RecipientNotFound", NoMailbox),  # Exchange
        (Stage.RCPT, 553, "sorry, no mailbox here by that name", NoMailbox),  # qmail
        (Stage.RCPT, 551, "User not local", NoMailbox),
        (Stage.RCPT, 550, "5.2.1 The email account is disabled", NoMailbox),
        (Stage.RCPT, 550, "relay not permitted", NotWanted),
        (Stage.RCPT, 550, "5.1.8 sender domain does not exist", NotWanted),
        (Stage.RCPT, 550, "5.1.7 bad sender", NotWanted),
        (Stage.RCPT, 550, "5.7.1 blocked by policy", NotWanted),
        (Stage.RCPT, 550, "Blocked: listed at zen.example", NotWanted),
        (Stage.RCPT, 550, "Sender verify failed", NotWanted),
        (Stage.RCPT, 550, "Administrative prohibition", NotWanted),
        (Stage.RCPT, 550, "mail from here is not allowed", NotWanted),
        (Stage.RCPT, 552, "5.2.2 mailbox full", Refused),
        (Stage.RCPT, 554, "5.7.1 no", NotWanted),
        (Stage.RCPT, 452, "4.2.2 mailbox full", Unavailable),
        (Stage.DATA, 550, "no", Refused),
        (Stage.DATA, 550, "no such user", Refused),
        (Stage.DATA, 550, "5.1.1 unknown", NoMailbox),
        (Stage.MAIL, 550, "5.1.1 nobody", Down),
        (Stage.MAIL, 530, "5.7.0 sign in first", Down),
        (Stage.MAIL, 451, "4.3.0 no", Down),
        (Stage.MAIL, 552, "too big", Refused),
    ],
)
def test_what_an_answer_means(stage: Stage, code: int, text: str, raised: type[Exception]) -> None:
    told = fault(stage, code, text)
    assert type(told) is raised
    assert f"{code} {text}" in str(told)


def test_a_long_answer_is_cut_and_made_one_line() -> None:
    told = str(fault(Stage.DATA, 554, "a\nb\x00\u202e" + "x" * 5000))
    assert "554 a b" in told
    assert len(told) < 400
    assert "\n" not in told


# The server as a whole


async def test_all_wait_for_one_prober() -> None:
    """Ten thousand lanes do not each knock at a server that is away."""
    (port,) = free_ports(0)
    waits: list[int] = []

    def wait(failures: int, _luck: float) -> float:
        waits.append(failures)
        return 0.01

    async with mailing(port, wait) as mailer:
        tries = await asyncio.gather(
            *(mailer.deliver(a_mail(str(n))) for n in range(50)), return_exceptions=True
        )
        assert all(isinstance(one, Unavailable) for one in tries)
        assert (
            sum(isinstance(one, Down) for one in tries) <= 2
        )  # those that had a connection to open
        assert "cannot be used" in str(mailer.trouble)
        lanes = [asyncio.create_task(mailer.ready()) for _ in range(50)]
        await until(lambda: len(waits) >= 3, "tries")
        assert not any(lane.done() for lane in lanes)
        server = OddServer(port=port)
        await server.start()
        await asyncio.gather(*lanes)
        assert mailer.trouble == ""
        assert server.connections == 1
        assert waits[:3] == [1, 2, 3]
        await mailer.deliver(a_mail())
        assert (server.connections, len(server.took)) == (1, 1)  # the prober's was kept
        await server.stop()


async def test_a_sender_that_the_server_does_not_take_is_our_fault_not_the_mails() -> None:
    async with odd(mail=["550 5.7.1 who are you?"] * 3) as server, mailing(server) as mailer:
        with pytest.raises(Down):
            await mailer.deliver(a_mail())
        assert "who are you?" in str(mailer.trouble)
        await mailer.ready()
        assert server.count("MAIL") == 4  # the prober asked until it was taken
        await mailer.deliver(a_mail())
        assert len(server.took) == 1


async def test_a_wrong_password_is_told_and_not_tried_fast(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Locked, "wait", 0.2)
    extensions = ("AUTH PLAIN",)
    async with (
        odd(extensions, auth=["535 5.7.8 no"]) as server,
        mailing(server, user="bus", password="s3cr3t") as mailer,
    ):
        begun = asyncio.get_running_loop().time()
        with pytest.raises(Locked) as told:
            await mailer.deliver(a_mail())
        assert "535" in str(told.value) or "5.7.8 no" in str(told.value)
        assert "s3cr3t" not in str(told.value)
        assert mailer.trouble
        server.always["AUTH"] = "235 2.7.0 welcome"
        await mailer.ready()
        assert asyncio.get_running_loop().time() - begun >= 0.2
        await mailer.deliver(a_mail())
        assert len(server.took) == 1


@pytest.mark.parametrize("answer", ["554 no", DROP, HANG])
async def test_a_greeting_that_is_none(answer: str) -> None:
    async with odd(hello=[answer]) as server, mailing(server, patience=0.2) as mailer:
        with pytest.raises(Down):
            await mailer.deliver(a_mail())
        await mailer.ready()
        await mailer.deliver(a_mail())
        assert len(server.took) == 1


async def test_no_mail_in_clear_text_where_the_server_has_no_starttls() -> None:
    async with odd() as server, mailing(server, security=Security.STARTTLS) as mailer:
        with pytest.raises(Down):
            await mailer.deliver(a_mail())
        assert server.count("MAIL") == 0
        assert "STARTTLS" in str(mailer.trouble)


async def test_what_is_cut_off_leaves_nothing_behind() -> None:
    async with odd(end=[HANG]) as server, mailing(server, connections=Connections(1)) as mailer:
        sending = asyncio.create_task(mailer.deliver(a_mail("one")))
        await server.changed.wait()
        sending.cancel()
        await asyncio.gather(sending, return_exceptions=True)
        await mailer.deliver(a_mail("two"))
        assert server.connections == 2


# What servers offer


async def test_addresses_with_other_letters_only_where_they_are_taken() -> None:
    mail = a_mail(to="jülia@example.org")
    async with odd() as server, mailing(server) as mailer:
        with pytest.raises(Refused):
            await mailer.deliver(mail)
        assert server.count("MAIL") == 0
    async with odd(("SMTPUTF8", "8BITMIME")) as server, mailing(server) as mailer:
        await mailer.deliver(mail)
        assert server.took[0].sender == "MAIL FROM:<shoutbus@example.org> SMTPUTF8"
        assert server.took[0].to == "RCPT TO:<jülia@example.org>"


async def test_failures_are_asked_for_where_they_come_to_us() -> None:
    """RFC 3461."""
    mail = a_mail(to="juliet+lobby@example.org")
    async with odd(("DSN",)) as server, mailing(server) as mailer:
        await mailer.deliver(mail)
        assert server.took[0].to == "RCPT TO:<juliet+lobby@example.org>"
    async with (
        odd(("DSN",)) as server,
        mailing(server, bounce_domain=Domain("bounces.example.org")) as mailer,
    ):
        await mailer.deliver(mail)
        assert server.took[0].sender == "MAIL FROM:<shoutbus@example.org> RET=HDRS"
        told = "NOTIFY=FAILURE ORCPT=rfc822;juliet+2Blobby@example.org"
        assert server.took[0].to == f"RCPT TO:<juliet+lobby@example.org> {told}"


# `shoutbus check`


async def test_knocking() -> None:
    async with odd(("AUTH PLAIN",), mail=["250 OK", "550 not you"], auth="235 welcome") as server:
        setup = a_setup(server.port, user="a", password="b")
        assert await probe(setup) == ""
        assert server.took == []
        assert "550 not you" in await probe(setup)
        taken = a_setup(
            server.port,
            bounce_domain=Domain("b.example.org"),
            bounce_listen=Place(HOST, server.port),
        )
        assert f"bounce_listen: {HOST}:{server.port} cannot be used" in await probe(taken)
    (port,) = free_ports(0)
    told = await probe(a_setup(port))
    assert "cannot be used" in told
    assert told.endswith(".")


async def test_a_host_that_is_none_is_told_in_words() -> None:
    told = await probe(replace(a_setup(25), host="mail.example.invalid"))
    assert re.fullmatch("the mail server mail\\.example\\.invalid cannot be used: [a-z ]+\\.", told)
    assert (
        words(socket.gaierror(socket.EAI_NONAME, "Name or service not known")) == "host not found"
    )
    assert words(
        socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    ).startswith("temporary")


async def test_a_server_of_old_times() -> None:
    async with odd(ehlo="502 what?", helo="250 hi") as server, mailing(server) as mailer:
        await mailer.deliver(a_mail())
        assert len(server.took) == 1
