"""Letters as mail: what stands in them comes out again, and nothing in them can become a header or
an end."""

import re
from dataclasses import replace
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from email.utils import parsedate_to_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Channel
from component.bus.ports.rendering import Letter
from component.common.errors import Refused
from component.methods.mail.compose import MAX_SUBJECT_CHARS, compose
from component.methods.mail.setup import Mailbox
from tests.support.mailing import SENDER, delivery

LETTER = Letter(
    "Lobby: Grüße",
    "Romeo: hello\n",
    "<html><body><p>hello</p></body></html>",
    "<lobby.shoutbox.example.org>",
    "https://bus.example.org/unsubscribe/" + "x" * 300,
    "de",
)
ENVELOPE = "b+token@bounces.example.org"


def _read(content: bytes) -> EmailMessage:
    return message_from_bytes(content, policy=default)


def _text(mail: EmailMessage, kind: str = "plain") -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content()).replace("\r\n", "\n")


def test_what_stands_in_it() -> None:
    one = delivery()
    made = compose(LETTER, one, SENDER, ENVELOPE)
    mail = _read(made.content)
    assert (made.sender, made.to, made.utf8) == (
        "b+token@bounces.example.org",
        "juliet@example.org",
        False,
    )
    assert mail["From"] == "Shoutbus <shoutbus@example.org>"
    assert mail["To"] == "juliet@example.org"
    assert mail["Subject"] == "Lobby: Grüße"
    assert parsedate_to_datetime(mail["Date"]).timestamp() == 1_700_000_000
    assert mail["Message-ID"] == made.id
    assert re.fullmatch(rf"<{one.message.id}\.[0-9a-f]{{12}}@example\.org>", made.id)
    assert mail["List-Id"] == "<lobby.shoutbox.example.org>"
    assert mail["List-Unsubscribe"] == f"<{LETTER.unsubscribe}>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Precedence"] == "list"
    assert mail["X-Shoutbus"] == one.message.id
    assert mail["Content-Language"] == "de"
    assert mail.get_content_type() == "multipart/alternative"
    assert _text(mail) == "Romeo: hello\n"
    assert _text(mail, "html").strip() == LETTER.html


def test_the_link_stands_in_one_line() -> None:
    """Some programs find it in no other way."""
    content = compose(LETTER, delivery(), SENDER, ENVELOPE).content
    assert f"\r\nList-Unsubscribe: <{LETTER.unsubscribe}>\r\n".encode() in content


def test_what_there_is_not_is_left_out() -> None:
    mail = _read(compose(Letter("Hi", "hello"), delivery(), SENDER, ENVELOPE).content)
    assert {"List-Id", "List-Unsubscribe", "List-Unsubscribe-Post"} & set(mail.keys()) == set()
    assert mail.get_content_type() == "text/plain"


def test_the_same_again_has_the_same_name() -> None:
    one = delivery()
    assert compose(LETTER, one, SENDER, ENVELOPE).id == compose(LETTER, one, SENDER, "b+x@y").id
    other = replace(one, channel=Channel("mail", "a@b"))
    assert compose(LETTER, one, SENDER, ENVELOPE).id != compose(LETTER, other, SENDER, ENVELOPE).id


ENDS = ["\r\n", "\n", "\r", "\u2028", "\x85", "\x0b", "\x0c", "\x1c", "\x00"]


@pytest.mark.parametrize("end", ENDS)
def test_no_header_comes_from_a_letter(end: str) -> None:
    evil = f"Hi{end}Bcc: victim@example.org{end}{end}body"
    letter = replace(
        LETTER, subject=evil, list_id=evil, unsubscribe=f"https://x/{evil}", language=evil
    )
    made = compose(
        letter, delivery(), Mailbox.parse(f"Bus{end}Bcc: victim <shoutbus@example.org>"), ENVELOPE
    )
    mail = _read(made.content)
    assert "Bcc" not in mail
    assert mail["X-Shoutbus"]
    assert b"\nBcc" not in made.content
    assert b"\rBcc" not in made.content
    assert _text(mail) == "Romeo: hello\n"


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=400), st.booleans())
def test_lines_end_in_one_way_and_are_short(text: str, html: bool) -> None:
    content = compose(
        Letter(text, text, text if html else ""), delivery(), SENDER, ENVELOPE
    ).content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert content.isascii()
    assert max(len(line) for line in content.split(b"\r\n")) <= 998


@pytest.mark.parametrize(
    "body",
    ["a\n.\nb", "a\n.\r\nb", "a\r.\rb", ".\n..\n...", "a\r\n.\r\nMAIL FROM:<x@y>", "From x\n>From"],
)
def test_dots_come_out_as_they_are(body: str) -> None:
    text = _text(_read(compose(Letter("Hi", body), delivery(), SENDER, ENVELOPE).content))
    assert text.splitlines() == body.replace("\r\n", "\n").replace("\r", "\n").splitlines()


def test_a_long_subject_is_cut() -> None:
    mail = _read(compose(Letter("ü" * 5000, "hello"), delivery(), SENDER, ENVELOPE).content)
    assert mail["Subject"] == "ü" * MAX_SUBJECT_CHARS


def test_a_name_with_letters_of_any_kind() -> None:
    mail = _read(
        compose(
            LETTER, delivery(), Mailbox("Der „Bus“, der große", "shoutbus@example.org"), ENVELOPE
        ).content
    )
    assert mail["From"].addresses[0].display_name == "Der „Bus“, der große"


def test_a_domain_is_written_in_ascii_and_a_local_part_needs_more() -> None:
    made = compose(
        LETTER, delivery(target=Channel("mail", "juliet@münchen.example")), SENDER, ENVELOPE
    )
    assert (made.to, made.utf8) == ("juliet@xn--mnchen-3ya.example", False)
    made = compose(
        LETTER, delivery(target=Channel("mail", "jülia@münchen.example")), SENDER, ENVELOPE
    )
    assert (made.to, made.utf8) == ("jülia@münchen.example", True)
    assert "\r\nTo: jülia@münchen.example\r\n".encode() in made.content
    with pytest.raises(Refused):
        compose(
            LETTER, delivery(target=Channel("mail", "juliet@xn--\u00fc.example")), SENDER, ENVELOPE
        )


def test_a_letter_of_any_size() -> None:
    body = "Zeile mit Umlaut ü\n" * 50_000
    assert _text(_read(compose(Letter("Hi", body), delivery(), SENDER, ENVELOPE).content)) == body
