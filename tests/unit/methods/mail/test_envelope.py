"""Addresses, and envelope senders that tell which mail came back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.message import Channel
from component.common.errors import BadInput
from component.methods.mail.envelope import ADDRESS, DAYS, Verp, tidy
from component.methods.mail.method import METHOD

DAY = 86_400_000
NOW = 20_000 * DAY
VERP = Verp(b"secret", "bounces.example.org")
JULIET = Channel("mail", "juliet@example.org")


@pytest.mark.parametrize(
    "address",
    [
        "juliet@example.org",
        "Juliet.Capulet@example.org",
        "juliet+lobby@mail.example.org",
        "j@localhost",
        "o'neil@x.org",
        "x" * 64 + "@example.org",
        "jülia@example.org",
        "juliet@münchen.example",
        "_a@xn--mnchen-3ya.example",
    ],
)
def test_an_address(address: str) -> None:
    assert ADDRESS.fullmatch(address)


@pytest.mark.parametrize(
    "address",
    [
        "juliet",
        "@example.org",
        "juliet@",
        "a@b@c",
        "juliet@Example.org",
        '"juliet x"@example.org',
        "a b@example.org",
        ".juliet@example.org",
        "juliet.@example.org",
        "a..b@example.org",
        "-rf@example.org",
        "a@-x.org",
        "a@x-.org",
        "a@x..org",
        "a@[127.0.0.1]",
        "a%b@example.org",
        "a!b@example.org",
        "a|b@example.org",
        "a/b@example.org",
        "<a@example.org>",
        "a@example.org>",
        "a,b@example.org",
        "a@example.org\n",
        "x" * 65 + "@example.org",
        "a@" + "x" * 64 + ".org",
        "a@" + "x.org" * 60,
    ],
)
def test_no_address(address: str) -> None:
    assert not ADDRESS.fullmatch(address)


@given(
    st.from_regex(r"[a-z]{1,40}@[a-z]{1,30}\.org", fullmatch=True),
    st.integers(0, 70_000),
    st.integers(0, DAYS - 1),
)
def test_what_comes_back_is_known(address: str, day: int, later: int) -> None:
    target = Channel("mail", address)
    sender = VERP.sender(target, day * DAY)
    local, _at, domain = sender.partition("@")
    assert len(local) <= 64
    assert domain == "bounces.example.org"
    assert VERP.read(sender, (day + later) * DAY) == VERP.digest(target)
    assert VERP.read(sender.upper(), day * DAY) == VERP.digest(
        target
    )  # servers may fold local parts


def test_not_for_ever() -> None:
    sender = VERP.sender(JULIET, NOW)
    assert VERP.read(sender, NOW + DAYS * DAY)
    assert VERP.read(sender, NOW + (DAYS + 1) * DAY) is None
    assert VERP.read(sender, NOW - DAY) is None


@given(st.integers(2, 33), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567"))
def test_a_changed_token_is_nobodys(place: int, letter: str) -> None:
    sender = VERP.sender(JULIET, NOW)
    changed = sender[:place] + letter + sender[place + 1 :]
    assert (VERP.read(changed, NOW) is None) is (changed != sender)


def test_what_others_signed_is_nobodys() -> None:
    assert VERP.read(Verp(b"other", "bounces.example.org").sender(JULIET, NOW), NOW) is None
    assert VERP.read(Verp(b"secret", "example.org").sender(JULIET, NOW), NOW) is None
    assert (
        VERP.read(Verp(b"secret", "example.org").sender(JULIET, NOW).replace("@", "@bounces."), NOW)
        is None
    )


@given(st.text(max_size=80))
def test_junk_is_nobodys(junk: str) -> None:
    assert VERP.read(junk, NOW) is None
    assert VERP.read(f"b+{junk}@bounces.example.org", NOW) is None


def test_each_address_has_its_own() -> None:
    assert VERP.digest(JULIET) != VERP.digest(Channel("mail", "romeo@example.org"))
    assert VERP.sender(JULIET, NOW) != VERP.sender(JULIET, NOW + DAY)


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Juliet@Example.ORG", "Juliet@example.org"),
        ("juliet@ｅxample．org", "juliet@example.org"),
        ("juliet@MÜNCHEN.example", "juliet@münchen.example"),
        ("juliet@xn--mnchen-3ya.example", "juliet@münchen.example"),
        ("juliet@localhost", "juliet@localhost"),
    ],
)
def test_a_domain_is_kept_in_one_way(written: str, kept: str) -> None:
    assert tidy(written) == kept
    assert tidy(kept) == kept
    METHOD.check(Channel("mail", kept))
    with pytest.raises(BadInput):
        METHOD.check(Channel("mail", "juliet@ｅxample.org"))


@pytest.mark.parametrize(
    "domain",
    [
        "example。org",
        "exam\u00adple.org",
        "straße.example",
        "xn--\u00fc.example",
        "xn--a.example",
        "a..b",
        "ﬀ\u200d.de",
    ],
)
def test_a_domain_that_is_another_is_refused(domain: str) -> None:
    with pytest.raises(BadInput, match="Use the spelling that its owner uses"):
        tidy(f"juliet@{domain}")
