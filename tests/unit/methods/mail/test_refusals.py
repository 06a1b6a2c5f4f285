"""What refusals mean: an address is given up only where nobody is there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.mail.refusals import Meaning, of_reply, of_report
from tests.support.calls import counting_calls
from tests.support.cases import case_id, rows


def meaning(case: dict[str, str]) -> Meaning:
    if case["via"] == "rcpt":
        code, _space, text = case["input"].partition(" ")
        return of_reply(int(code), text)
    fields: dict[str, str] = {}
    for field in case["input"].split(" | "):
        name, _colon, value = field.partition(": ")
        fields[name] = value
    return of_report(fields["Status"], fields.get("Diagnostic-Code", ""))


@pytest.mark.parametrize("case", rows("refusals.tsv"), ids=case_id)
def test_refusals_seen_in_the_wild(case: dict[str, str]) -> None:
    is_gone = meaning(case) is Meaning.GONE
    assert is_gone == (case["expected"] == "give-up")


@pytest.mark.parametrize(
    "reply",
    [
        "550 <a@b.example>: Recipient address rejected: User unknown in relay recipient table",
        "550 5.1.1 <spam@spam.example>: user unknown",
        "550 Unrouteable address",
        '550 unrouteable mail domain "b.example"',
        "550 5.1.1 The email account that you tried to reach does not exist. Please try\n"
        "5.1.1 double-checking the recipient's email address",
        "553 sorry, no mailbox here by that name. (#5.1.1)",
        "550 This user doesn't have a yahoo.example account (a@b.example)",
        "550 5.5.0 Requested action not taken: mailbox unavailable (S2017062302)",
        "550-5.1.1 The email account that you tried to reach does not exist",
        "550 sorry, no mailbox here by that name",
        "550 <juliet@example.org>: Benutzer unbekannt",
        "550 Requested action not taken: mailbox unavailable. See https://b.example/block?ip=1",
        "550 5.1.1 User juliet not listed in Domino Directory",
        "550 this account is no longer active",
        "551 User not local; please try <a@b.example>",
        "550 Empfänger unbekannt",
        "556 The domain takes no mail",
    ],
)
def test_nobody_is_there(reply: str) -> None:
    assert of_reply(int(reply[:3]), reply[4:]) is Meaning.GONE


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.7.1 User unknown",
        "550 5.1.1 <a@b.example>: Sender address rejected: User unknown",
        "550 Verification failed for <a@b.example>\nUnrouteable address\nSender verify failed",
        "550 5.2.1 The user is receiving mail at a rate that prevents more",
        "550 Requested action not taken: mailbox unavailable. Reject due to policy restrictions",
        "550 part of your network is on our block list",
        "550 Unknown IP address",
        "550 mailbox unavailable: your host is listed at bl.example.net",
        "550 Your account has been disabled",
        "550 The domain of the sender does not exist",
    ],
)
def test_it_is_about_us(reply: str) -> None:
    code, _space, text = reply.partition(" ")
    assert of_reply(int(code), text) is Meaning.ABOUT_US


@pytest.mark.parametrize(
    "reply",
    [
        "550 5.1.1 Mailbox full",
        "550 Mailbox temporarily unavailable",
        "550 Message rejected",
        "554 Transaction failed",
        "554 delivery error: this user doesn't have an account here",
        "550 5.999.1 whatever that is",
        "550 5.5.0 Service refused",
        "550 account suspended",
        "550 5.4.1 no answer from host",
        "550",
    ],
)
def test_all_else_is_kept(reply: str) -> None:
    code, _space, text = reply.partition(" ")
    assert of_reply(int(code), text) is Meaning.KEPT


@pytest.mark.parametrize(
    ("status", "diagnostic", "found"),
    [
        ("5.1.1", 'X-Postfix; unknown user: "nobody"', Meaning.GONE),
        ("5.0.0", "host mx.b.example[192.0.2.7] said: 550 5.1.1 Unknown", Meaning.GONE),
        ("5.2.2", "smtp; 550 5.1.1 unknown", Meaning.GONE),
        ("5.1.1", "smtp; 550 5.7.1 blocked", Meaning.ABOUT_US),
        ("5.1.1", "smtp;550 4.4.7 QUEUE.Expired; message expired", Meaning.KEPT),
        ("4.4.1", "smtp; 550 5.1.1 unknown", Meaning.KEPT),
        ("5.4.4", "X-Postfix; Host or domain name not found", Meaning.KEPT),
    ],
)
def test_the_most_exact_word_counts(status: str, diagnostic: str, found: Meaning) -> None:
    assert of_report(status, diagnostic) is found


SUBJECTS_KEPT = st.sampled_from([3, 4, 5, 6, 7])
WORDS = st.text(st.characters(codec="utf-8"), max_size=80)


@given(SUBJECTS_KEPT, st.integers(0, 999), WORDS)
def test_no_words_end_it_against_its_status(subject: int, detail: int, words: str) -> None:
    text = f"5.{subject}.{detail} {words}"
    is_exception = (subject, detail) in ((4, 1), (5, 0))
    assert is_exception or of_reply(550, text) is not Meaning.GONE


@given(st.integers(400, 499), WORDS)
def test_what_passes_ends_nothing(code: int, words: str) -> None:
    assert of_reply(code, f"4.1.1 no such user {words}") is Meaning.KEPT


@given(st.integers(0, 999), st.text(max_size=300), st.text(max_size=20))
def test_any_words_mean_something(code: int, words: str, status: str) -> None:
    assert of_reply(code, words) in Meaning
    assert of_report(status, words) in Meaning


@pytest.mark.parametrize("part", ["user ", "no ", "5.1.1 ", "a@", "x://", "<", "5", "("])
def test_long_words_cost_no_more(part: str) -> None:
    with counting_calls() as calls:
        of_reply(550, part * 100_000)
    assert len(calls) < 60
