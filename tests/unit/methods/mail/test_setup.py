"""`[mail]`: read with every fault at once, passwords from the environment, and nothing in clear
text by accident."""

import ssl
from pathlib import Path

import pytest

from component.common.errors import BadInput, ConfigError
from component.config import Config, parse
from component.methods import discover
from component.methods.mail.setup import Domain, Mailbox, MailSetup, Place, Port, Security

METHODS = discover()
XMPP = '[xmpp]\ncomponent = "bus.example.org"\nsecret = "s3cret"\nrooms = "rooms.example.org"\n'
SENDER = Mailbox("Shoutbus", "shoutbus@example.org")


def _parse(mail: str, **environment: str) -> Config:
    return parse(XMPP + mail, METHODS, environment)


def _setup(mail: str, **environment: str) -> MailSetup:
    setup = _parse(f"[mail]\n{mail}", **environment).setup["mail"]
    assert isinstance(setup, MailSetup)
    return setup


def _faults(text: str, **environment: str) -> list[str]:
    with pytest.raises(ConfigError) as told:
        _parse(text, **environment)
    return [str(fault) for fault in told.value.faults]


def test_no_table_no_mail() -> None:
    assert "mail" not in _parse("").setup
    assert (
        "mail"
        not in _parse("", SHOUTBUS_MAIL_SENDER="a@example.org", SHOUTBUS_MAIL_PASSWORD="x").setup
    )


def test_the_least() -> None:
    setup = _setup('sender = "Shoutbus <shoutbus@Example.org>"')
    assert setup == MailSetup(SENDER)
    assert (setup.host, setup.at, setup.way) == ("127.0.0.1", 25, Security.NONE)
    assert (setup.connections, setup.bounce_domain, setup.bounce_listen) == (
        2,
        None,
        Place("127.0.0.1", 2526),
    )


def test_the_most() -> None:
    setup = _setup("""
sender = "shoutbus@example.org"
host = "mail.example.org"
port = 2525
security = "tls"
user = "bus"
password = "pw"
connections = 5
bounce_domain = "Bounces.example.org"
bounce_listen = "[::1]:2600"
""")
    assert setup == MailSetup(
        Mailbox("", "shoutbus@example.org"),
        "mail.example.org",
        Port(2525),
        Security.TLS,
        "bus",
        "pw",
        connections=setup.connections,
        bounce_domain=Domain("bounces.example.org"),
        bounce_listen=Place("::1", 2600),
    )
    assert (setup.at, setup.connections, str(setup.bounce_listen)) == (2525, 5, "[::1]:2600")


@pytest.mark.parametrize(
    ("host", "security", "way", "port"),
    [
        ("localhost", "", Security.NONE, 25),
        ("::1", "", Security.NONE, 25),
        ("mail.example.org", "", Security.STARTTLS, 587),
        ("10.0.0.1", "", Security.STARTTLS, 587),
        ("mail.example.org", "tls", Security.TLS, 465),
        ("mail.example.org", "none", Security.NONE, 25),
    ],
)
def test_safe_unless_it_is_this_machine(host: str, security: str, way: Security, port: int) -> None:
    setup = _setup(
        f'sender = "a@example.org"\nhost = "{host}"\n'
        + (f'security = "{security}"' if security else "")
    )
    assert (setup.way, setup.at) == (way, port)


def test_no_password_in_clear_text_unless_it_is_wanted() -> None:
    there = (
        'sender = "a@example.org"\nhost = "mail.example.org"\nsecurity = "none"\nuser = '
        '"a"\npassword = "s3cr3t"\n'
    )
    (fault,) = _faults(f"[mail]\n{there}")
    assert fault.startswith(
        "[mail]: The password would be sent to mail.example.org in clear text. Set security = "
        '"starttls" or "tls", or allow it with clear_text = true.'
    )
    assert "s3cr3t" not in fault
    assert _setup(f"{there}clear_text = true").way is Security.NONE
    assert _setup(there.replace("mail.example.org", "127.0.0.1")).password == "s3cr3t"


def test_the_environment_goes_first_and_may_be_alone() -> None:
    mail = 'sender = "a@example.org"\nuser = "bus"\n'
    assert _setup(mail, SHOUTBUS_MAIL_PASSWORD="other").password == "other"
    assert _setup(f'{mail}password = "one"', SHOUTBUS_MAIL_PASSWORD="other").password == "other"
    assert _setup(f'{mail}password = "one"', SHOUTBUS_MAIL_PASSWORD="").password == "one"
    assert _setup("", SHOUTBUS_MAIL_SENDER="b@example.org").sender.address == "b@example.org"
    assert _faults(f"[mail]\n{mail}", SHOUTBUS_MAIL_PORT="many") == [
        "[mail]: port: “many” is not a port number. Choose one from 1 to 65535."
    ]


def test_every_fault_at_once() -> None:
    assert _faults("""
[mail]
host = "mail.example.org"
port = 70000
security = "ssl"
connections = 0
pasword = "s3cr3t"
bounce_domain = "not a domain"
bounce_listen = "2526"
clear_text = "perhaps"
[chat]
x = 1
""") == [
        "[mail]: sender: This field is required.",
        "[mail]: port: “70000” is not a port number. Choose one from 1 to 65535.",
        "[mail]: security: “ssl” is not valid. Write none, starttls or tls.",
        "[mail]: clear_text: “perhaps” is not a valid answer. Write yes or no.",
        "[mail]: connections: “0” is out of range. Write a number from 1 to 20.",
        "[mail]: bounce_domain: “not a domain” is not a domain. Write it as bounces.example.org.",
        "[mail]: bounce_listen: “2526” is not an address and port. Write it as 127.0.0.1:2526.",
        "the file: chat is not a setting.",
        "[mail]: pasword is not a setting. Did you mean password?",
    ]


def test_what_is_no_table_and_what_is_no_value() -> None:
    assert "[mail]" in _faults("[[mail]]\nsender = 'a@example.org'")[0]
    assert "mail" in _faults("[maill]\nsender = 'a@example.org'")[0]
    assert (
        "accepts a single value, not a list"
        in _faults("[mail]\nsender = ['a@example.org', 'b@example.org']")[0]
    )


@pytest.mark.parametrize(
    "sender",
    [
        "",
        "shoutbus",
        "Shoutbus <>",
        "a@b@c",
        "a b@example.org",
        "a@example.org, b@example.org",
        "ä@example.org",
        "a@exämple.org",
        "a@-x.org",
        "a@example.org\r\nBcc: x@y",
        "a!b@example.org",
    ],
)
def test_a_sender_that_is_none(sender: str) -> None:
    with pytest.raises(BadInput):
        Mailbox.parse(sender)


def test_a_sender_as_it_is_written() -> None:
    assert Mailbox.parse("Der Bus <Bus@EXAMPLE.org>") == Mailbox("Der Bus", "Bus@example.org")
    assert str(Mailbox.parse("a@example.org")) == "a@example.org"
    assert Mailbox.parse("a@example.org").host == "example.org"


def test_a_user_goes_with_a_password() -> None:
    assert _faults("[mail]\nsender = 'a@example.org'\nuser = 'a'") == [
        "[mail]: A user name and a password belong together. Set both, or neither."
    ]


def test_a_file_of_certificates(tmp_path: Path) -> None:
    junk = tmp_path / "junk.pem"
    junk.write_text("no certificate")
    for file in (junk, tmp_path / "missing.pem"):
        (fault,) = _faults(f"[mail]\nsender = 'a@example.org'\nca = '{file}'")
        assert fault.startswith(f"[mail]: The certificate file in ca, {file}, cannot be used: ")
    trust = MailSetup(SENDER).trust()
    assert trust.verify_mode is ssl.CERT_REQUIRED
    assert trust.check_hostname


def test_no_password_where_it_could_be_read() -> None:
    assert "s3cr3t" not in repr(_setup("sender = 'a@example.org'\nuser = 'a'\npassword = 's3cr3t'"))
