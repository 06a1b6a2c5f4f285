"""SMS over SMPP, to a message centre that listens on this machine."""

import asyncio
import ssl
import subprocess
from pathlib import Path

import pytest

from component.cli.prosody import HOST, free_port
from component.common.errors import Refused, Unavailable, Unconfirmed
from component.methods.sms import smpp
from component.methods.sms.providers import ProviderWay, knock
from component.methods.sms.setup import Prefix, SmsSetup, Via
from tests.support.smsc import INVALID_DESTINATION, THROTTLED, Smsc

TO, ID = "+4915112345678", "ab" * 16
DIGITS = TO[1:]


async def test_one_part() -> None:
    async with Smsc().open() as centre:
        await ProviderWay(Via.parse(centre.url)).put(TO, "Grüße für 5 € an {alle}", ID)
    (one,) = centre.received
    assert (one.source, one.to, one.text) == ("15551234567", DIGITS, "Grüße für 5 € an {alle}")
    assert (one.coding, one.head) == (0, b"")


async def test_parts_belong_together_and_no_character_is_cut() -> None:
    text = "a" * 152 + "€" * 100
    async with Smsc(asks_first=True).open() as centre:
        await ProviderWay(Via.parse(centre.url)).put(TO, text, ID)
    assert "".join(one.text for one in centre.received) == text
    assert [one.head for one in centre.received] == [
        bytes([5, 0, 3, 0xAB, 3, place]) for place in (1, 2, 3)
    ]
    assert all(len(one.message) <= 159 for one in centre.received)


async def test_other_letters() -> None:
    text = "Привет 😀 " * 10
    async with Smsc().open() as centre:
        await ProviderWay(Via.parse(centre.url)).put(TO, text, ID)
    assert "".join(one.text for one in centre.received) == text
    assert {one.coding for one in centre.received} == {8}


async def test_a_refusal_is_no_yes() -> None:
    """apprise's own plugin never reads this answer."""
    async with Smsc(refuses={DIGITS: INVALID_DESTINATION}).open() as centre:
        with pytest.raises(Refused, match="Invalid Destination Address"):
            await ProviderWay(Via.parse(centre.url)).put(TO, "hello", ID)


async def test_too_much_at_once_is_for_later() -> None:
    async with Smsc(refuses={DIGITS: THROTTLED}).open() as centre:
        with pytest.raises(Unavailable):
            await ProviderWay(Via.parse(centre.url)).put(TO, "hello", ID)


async def test_a_wrong_password_is_told() -> None:
    async with Smsc().open() as centre:
        way = ProviderWay(Via.parse(centre.url.replace("sesame77", "open-wide")))
        with pytest.raises(Refused, match="Invalid Password") as told:
            await way.put(TO, "hello", ID)
    assert "open-wide" not in str(told.value)


async def test_nobody_there() -> None:
    with pytest.raises(Unavailable):
        await ProviderWay(Via.parse(Smsc(port=free_port()).url)).put(TO, "hello", ID)


async def test_a_line_that_ends_before_the_answer_leaves_doubt() -> None:
    async with Smsc(cut={DIGITS}).open() as centre:
        with pytest.raises(Unconfirmed):
            await ProviderWay(Via.parse(centre.url)).put(TO, "hello", ID)


async def test_no_answer_leaves_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smpp, "READING", 0.2)
    async with Smsc(mute={DIGITS}).open() as centre:
        with pytest.raises(Unconfirmed):
            await ProviderWay(Via.parse(centre.url)).put(TO, "hello", ID)


async def test_who_never_answers_is_waited_for_so_long_and_no_longer() -> None:
    held = asyncio.Event()

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await held.wait()
        writer.close()

    async with await asyncio.start_server(silent, HOST, 0) as server:
        port = server.sockets[0].getsockname()[1]
        sending = asyncio.create_task(
            ProviderWay(Via.parse(Smsc(port=port).url), 0.2).put(TO, "hello", ID)
        )
        with pytest.raises(Unconfirmed):
            await sending
        held.set()


async def test_what_a_check_finds() -> None:
    async with Smsc().open() as centre:
        assert await _knock(centre.url) == ""
        assert "Invalid Password" in await _knock(centre.url.replace("sesame77", "open-wide"))
        url = centre.url
    assert "does not answer" in await _knock(url)
    assert await _knock("vonage://abcdefgh:0123456789abcdef@15551234567") == ""


async def _knock(url: str) -> str:
    return await knock(SmsSetup((Prefix("+49"),), via=Via.parse(url)))


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
        way = ProviderWay(Via.parse(centre.url.replace("smpp:", "smpps:")))
        with pytest.raises(Unavailable):
            await way.put(TO, "hello", ID)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        await way.put(TO, "hello", ID)
        assert [one.text for one in centre.received] == ["hello"]
