"""SMS over SMPP, to a message centre that listens on this machine."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from component.cli.prosody import HOST, free_port
from component.common.errors import Refused, Unavailable, Unconfirmed
from component.methods.sms.providers import probe
from component.methods.sms.providers.smpp import SmppAccount, SmppProvider
from component.methods.sms.setup import Prefix, ProviderName, SmsSetup
from tests.support.smsc import INVALID_DESTINATION, PASSWORD, SENDER, THROTTLED, USER, Smsc

TO, ID = "+4915112345678", "ab" * 16
DIGITS = TO[1:]
VONAGE = SmsSetup(
    (Prefix("+49"),),
    provider=ProviderName.VONAGE,
    account="abcdefgh",
    secret="0123456789abcdef",
    sender=SENDER,
)


def _setup(url: str, secret: str = PASSWORD) -> SmsSetup:
    return SmsSetup(
        (Prefix("+49"),),
        provider=ProviderName.SMPP,
        account=USER,
        secret=secret,
        sender=SENDER,
        url=url,
    )


def _provider(url: str, secret: str = PASSWORD, **timeouts: float) -> SmppProvider:
    return SmppProvider(SmppAccount.of(_setup(url, secret)), **timeouts)


async def test_one_part() -> None:
    async with Smsc().open() as centre:
        await _provider(centre.url).send(TO, "Grüße für 5 € an {alle}", ID)
    (one,) = centre.received
    assert (one.source, one.to, one.text) == ("15551234567", DIGITS, "Grüße für 5 € an {alle}")
    assert (one.coding, one.head) == (0, b"")


async def test_parts_belong_together_and_no_character_is_cut() -> None:
    text = "a" * 152 + "€" * 100
    async with Smsc(asks_first=True).open() as centre:
        await _provider(centre.url).send(TO, text, ID)
    assert "".join(one.text for one in centre.received) == text
    assert [one.head for one in centre.received] == [
        bytes([5, 0, 3, 0xAB, 3, place]) for place in (1, 2, 3)
    ]
    assert all(len(one.message) <= 159 for one in centre.received)


async def test_other_letters() -> None:
    text = "Привет 😀 " * 10
    async with Smsc().open() as centre:
        await _provider(centre.url).send(TO, text, ID)
    assert "".join(one.text for one in centre.received) == text
    assert {one.coding for one in centre.received} == {8}


async def test_a_refusal_is_no_yes() -> None:
    async with Smsc(refuses={DIGITS: INVALID_DESTINATION}).open() as centre:
        with pytest.raises(Refused, match="Invalid Destination Address"):
            await _provider(centre.url).send(TO, "hello", ID)


async def test_too_much_at_once_is_for_later() -> None:
    async with Smsc(refuses={DIGITS: THROTTLED}).open() as centre:
        with pytest.raises(Unavailable):
            await _provider(centre.url).send(TO, "hello", ID)


async def test_a_wrong_password_is_told() -> None:
    async with Smsc().open() as centre:
        provider = _provider(centre.url, "open-wide")
        with pytest.raises(Refused, match="Invalid Password") as told:
            await provider.send(TO, "hello", ID)
    assert "open-wide" not in str(told.value)


async def test_nobody_there() -> None:
    with pytest.raises(Unavailable):
        await _provider(Smsc(port=free_port()).url).send(TO, "hello", ID)


async def test_a_line_that_ends_before_the_answer_leaves_doubt() -> None:
    async with Smsc(cut={DIGITS}).open() as centre:
        with pytest.raises(Unconfirmed):
            await _provider(centre.url).send(TO, "hello", ID)


async def test_no_answer_leaves_doubt() -> None:
    async with Smsc(mute={DIGITS}).open() as centre:
        with pytest.raises(Unconfirmed):
            await _provider(centre.url, answer_timeout_s=0.2).send(TO, "hello", ID)


async def test_who_never_answers_is_waited_for_so_long_and_no_longer() -> None:
    held = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    async with await asyncio.start_server(silent, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        sending = asyncio.create_task(
            _provider(Smsc(port=port).url, timeout_s=0.2).send(TO, "hello", ID)
        )
        with pytest.raises(Unconfirmed):
            await sending
        held.set()


async def test_what_a_check_finds() -> None:
    async with Smsc().open() as centre:
        assert await probe(_setup(centre.url)) == ""
        assert "Invalid Password" in await probe(_setup(centre.url, "open-wide"))
        url = centre.url
    assert "does not answer" in await probe(_setup(url))
    assert await probe(VONAGE) == ""


async def test_in_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """smpps:// is encrypted, and who has no certificate of that name gets no password."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subprocess.run(
        [
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-days",
            "2",
            "-keyout",
            key,
            "-out",
            certificate,
            "-subj",
            "/CN=127.0.0.1",
            "-addext",
            "subjectAltName=IP:127.0.0.1",
        ],
        check=True,
        capture_output=True,
    )
    served = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    served.load_cert_chain(certificate, key)
    async with Smsc().open(served) as centre:
        url = centre.url.replace("smpp:", "smpps:")
        with pytest.raises(Unavailable):
            await _provider(url).send(TO, "hello", ID)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await _provider(url).send(TO, "hello", ID)
        assert [one.text for one in centre.received] == ["hello"]
