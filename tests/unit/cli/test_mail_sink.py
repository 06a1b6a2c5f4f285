"""The demo's mail server: each mail a file that its owner alone can read, and can read."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP, default
from pathlib import Path

import pytest

from component.cli.mail_sink import MailSink, readable
from component.cli.prosody import HOST, free_port
from component.methods.mail.mailer import Mailer
from tests.support.mailing import a_mail, a_setup

LINK = "http://127.0.0.1:8080/confirm/" + "x" * 150


@asynccontextmanager
async def catching(folder: Path) -> AsyncIterator[tuple[Mailer, list[tuple[str, EmailMessage]]]]:
    """A way to such a server, and what it told of."""
    port, told = free_port(), list[tuple[str, EmailMessage]]()
    sink = MailSink(HOST, port, folder, lambda file, mail: told.append((file.name, mail)))
    await sink.start()
    mailer = Mailer(a_setup(port))
    try:
        yield mailer, told
    finally:
        await mailer.close()
        await sink.close()


async def test_each_mail_is_a_file_of_its_owner_s(tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    async with catching(folder) as (mailer, told):
        await mailer.deliver(a_mail(f"Grüße\n{LINK}\n.\nend"))
        await mailer.deliver(a_mail("to another", "romeo+x@example.org"))
    assert [name for name, _mail in told] == [
        "001-juliet@example.org.eml",
        "002-romeo+x@example.org.eml",
    ]
    assert folder.stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o777 for file in folder.iterdir()} == {0o600}
    lines = (folder / told[0][0]).read_text("utf-8").splitlines()
    assert lines[-3:] == [LINK, ".", "end"]
    assert "Grüße" in lines
    async with catching(folder) as (mailer, told):
        await mailer.deliver(a_mail("after a start"))
    assert [name for name, _mail in told] == ["003-juliet@example.org.eml"]


async def test_no_address_leads_out_of_the_folder(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "mail"
    sink = MailSink(HOST, port, folder, lambda _file, _mail: None)
    await sink.start()
    mailer = Mailer(a_setup(port))
    mail = a_mail()
    await mailer.deliver(type(mail)(mail.sender, "../../evil/x@example.org", mail.id, mail.content))
    await mailer.close()
    await sink.close()
    assert [file.name for file in folder.iterdir()] == ["001-_.._evil_x@example.org.eml"]


@pytest.mark.parametrize(
    "text", ["plain", "Grüße 🎉 " * 40, "=3D and = and\n.\n-- \n", "x" * 2_000]
)
def test_all_of_it_can_be_read_and_says_the_same(text: str) -> None:
    mail = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    mail["Subject"], mail["To"] = "Grüße", "juliet@example.org"
    mail.set_content(text)
    mail.add_alternative(f"<p>{text}</p>", subtype="html")
    raw = readable(message_from_bytes(mail.as_bytes(), policy=default))
    assert text.encode().splitlines()[0] in raw
    again = message_from_bytes(raw, policy=default)
    assert again["Subject"] == "Grüße"
    for kind, whole in (("plain", text), ("html", f"<p>{text}</p>")):
        part = again.get_body((kind,))
        assert part
        assert str(part.get_content()).replace("\r\n", "\n").rstrip("\n") == whole.rstrip("\n")


async def test_a_folder_that_is_gone_is_said_to_who_sends(tmp_path: Path) -> None:
    port, folder = free_port(), tmp_path / "mail"
    sink = MailSink(HOST, port, folder, lambda _file, _mail: None)
    await sink.start()
    folder.rmdir()
    mailer = Mailer(a_setup(port))
    with pytest.raises(Exception, match="No such file"):
        await mailer.deliver(a_mail())
    await mailer.close()
    await sink.close()
