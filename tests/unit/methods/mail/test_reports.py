"""What comes back: failures for good are read out of any server's report, and nothing else is
one."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.mail import dsn
from component.methods.mail.refusals import Meaning
from component.methods.mail.reports import MAX_READ_BYTES, RecipientStatus, Report, read
from tests.support.calls import counting_calls
from tests.support.cases import case_id, data, rows

POSTFIX = """\
From: MAILER-DAEMON@mx.example.org (Mail Delivery System)
To: b+token@bounces.example.org
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
\tboundary="B/mx.example.org"

--B/mx.example.org
Content-Description: Notification
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not
be delivered to one or more recipients.

--B/mx.example.org
Content-Description: Delivery report
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org
X-Postfix-Queue-ID: B
Arrival-Date: Mon, 20 Nov 2023 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; gone@elsewhere.example
Original-Recipient: rfc822;juliet@example.org
Action: failed
Status: 5.1.1
Remote-MTA: dns; mx.elsewhere.example
Diagnostic-Code: smtp; 550 5.1.1 <gone@elsewhere.example>:
    Recipient address rejected: User unknown

--B/mx.example.org
Content-Description: Undelivered Message Headers
Content-Type: text/rfc822-headers

From: Shoutbus <shoutbus@example.org>
To: Juliet@example.org
Subject: Lobby

--B/mx.example.org--
"""


QMAIL = """\
From: MAILER-DAEMON@mx.elsewhere.example
To: b+token@bounces.example.org
Subject: failure notice

Hi. This is the qmail-send program at mx.elsewhere.example.
I'm afraid I wasn't able to deliver your message to the following addresses.
This is a permanent error; I've given up. Sorry it didn't work out.

<juliet@example.org>:
192.0.2.7 does not like recipient.
Remote host said: 550 5.1.1 <juliet@example.org>: Recipient address rejected: User unknown
Giving up on 192.0.2.7.

--- Below this line is a copy of the message.

Return-Path: <b+token@bounces.example.org>
To: juliet@example.org
Subject: Lobby

hello
"""
EXIM = """\
X-Failed-Recipients: juliet@example.org
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: b+token@bounces.example.org
Subject: Mail delivery failed: returning message to sender

This message was created automatically by mail delivery software.

A message that you sent could not be delivered to one or more of its
recipients. This is a permanent error. The following address(es) failed:

  juliet@example.org
    SMTP error from remote mail server after RCPT TO:<juliet@example.org>:
    host mx.elsewhere.example [192.0.2.7]: 550 5.1.1 User unknown

------ This is a copy of the message, including all the headers. ------

To: juliet@example.org
Subject: Lobby
"""
SENDMAIL = """\
From: Mail Delivery Subsystem <MAILER-DAEMON@mx.example.org>
To: b+token@bounces.example.org
Subject: Returned mail: User unknown

The original message was received at Mon, 20 Nov 2023 10:00:00 GMT

   ----- The following addresses had permanent fatal errors -----
<juliet@example.org>

   ----- Transcript of session follows -----
... while talking to mx.elsewhere.example.:
>>> RCPT To:<juliet@example.org>
<<< 550 5.1.1 <juliet@example.org>... User unknown
550 <juliet@example.org>... User unknown
"""
MICROSOFT = """\
From: postmaster@elsewhere.example
To: b+token@bounces.example.org
Subject: Undeliverable
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="B"

--B

   ----- Transcript of session follows -----
juliet@example.org

550 5.1.1 User unknown

--B
Content-Type: text/plain

To: juliet@example.org

--B--
"""
OTHERS = [QMAIL, EXIM, SENDMAIL, MICROSOFT]
AWAY = """\
From: juliet@example.org
To: b+token@bounces.example.org
Subject: I am away
Auto-Submitted: auto-replied

I am away until Monday. If it can't wait, ask <romeo@example.org>.

> 550 of us have signed.
"""
WAITING = """\
Auto-Submitted: auto-replied
From: Mail Delivery System <Mailer-Daemon@mx.example.org>
To: b+token@bounces.example.org
Subject: Warning: message 1abc delayed 24 hours

This message was created automatically by mail delivery software.
A message that you sent has not yet been delivered to one or more of its
recipients after more than 24 hours on the queue on mx.example.org.

The address to which the message has not yet been delivered is:

  juliet@example.org
    host mx.elsewhere.example [192.0.2.7]: 451 4.7.1 Greylisted

No action is required on your part.
"""


def _gone(report: Report | None) -> RecipientStatus | None:
    """What is said of the first who is not there."""
    for status in report.recipients if report else ():
        if status.meaning is Meaning.GONE:
            return status
    return None


def _read_other(text: str) -> Report | None:
    return read(text.replace("\n", "\r\n").encode(), has_null_sender=True)


@pytest.mark.parametrize("text", OTHERS)
def test_other_shapes(text: str) -> None:
    gone = _gone(_read_other(text))
    assert gone
    assert gone.addresses == {"juliet@example.org"}
    assert gone.why.startswith("550 5.1.1 ")


@pytest.mark.parametrize("text", OTHERS)
def test_other_shapes_with_a_sender_are_what_anybody_writes(text: str) -> None:
    assert _read(text) is None


@pytest.mark.parametrize("text", OTHERS)
@pytest.mark.parametrize(
    "reply", ["552 5.2.2 Mailbox full", "550 5.7.1 Rejected as spam", "451 4.3.0 Try again later"]
)
def test_other_shapes_that_leave_doubt_keep_the_address(text: str, reply: str) -> None:
    doubtful = text.replace("550 5.1.1", reply).replace("550 <", f"{reply} <")
    assert _gone(_read_other(doubtful)) is None
    assert _read_other(text.replace("550", "")) is None


@pytest.mark.parametrize("text", [AWAY, WAITING, ""])
def test_what_is_no_report_of_a_failure(text: str) -> None:
    assert _read_other(text) is None


@given(st.binary(max_size=600), st.sampled_from(OTHERS), st.integers(0, 900))
def test_damaged_reports_in_other_shapes_break_nothing(junk: bytes, text: str, at: int) -> None:
    raw = text.encode()
    report = read(raw[:at] + junk + raw[at:], has_null_sender=True)
    for status in report.recipients if report else ():
        assert len(status.why) <= 300


def _read(text: str) -> Report | None:
    return read(text.replace("\n", "\r\n").encode())


def test_a_failure() -> None:
    why = "5.1.1 550 5.1.1 <gone@elsewhere.example>: Recipient address rejected: User unknown"
    addresses = frozenset({"gone@elsewhere.example", "juliet@example.org"})
    status = RecipientStatus(addresses, Meaning.GONE, why)
    report = _read(POSTFIX)
    assert report == Report([status], frozenset({"Juliet@example.org"}))
    assert report.addresses == addresses | {"Juliet@example.org"}
    assert report.of("Juliet@example.org") == status


def test_the_whole_mail_may_come_back() -> None:
    report = _read(
        POSTFIX.replace("text/rfc822-headers", "message/rfc822").replace(
            "Subject: Lobby\n", "\nhello\n"
        )
    )
    assert report
    assert "Juliet@example.org" in report.addresses


def test_no_mail_need_come_back() -> None:
    report = _read(POSTFIX.partition("--B/mx.example.org\nContent-Description: Undelivered")[0])
    assert report
    assert report.addresses == {"gone@elsewhere.example", "juliet@example.org"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Action: failed", "Action: delayed"),
        ("Action: failed", "Action: relayed"),
        ("Action: failed", "Action: delivered"),
        ("Action: failed", "Action: expanded"),
        ("Action: failed\n", ""),
        ("Status: 5.1.1", "Status: 4.2.2"),
        ("Status: 5.1.1", "Status: 2.0.0"),
        ("Status: 5.1.1", "Status: 50"),
        ("Status: 5.1.1\n", ""),
        ("message/delivery-status", "text/plain"),
        ("message/delivery-status", "message/disposition-notification"),
        ("550 5.1.1", "550 5.7.1"),
        ("550 5.1.1", "451 4.2.0"),
    ],
)
def test_what_is_no_failure_for_good(old: str, new: str) -> None:
    assert old in POSTFIX
    assert _gone(_read(POSTFIX.replace(old, new))) is None


def test_a_report_in_a_mail_of_another_kind() -> None:
    assert _read(POSTFIX.replace("multipart/report", "multipart/mixed")) == _read(POSTFIX)


def test_one_of_several_failed() -> None:
    two = "Final-Recipient: rfc822; romeo@example.org\nAction: delayed\nStatus: 4.0.0\n\n"
    report = _read(POSTFIX.replace("Final-Recipient", f"{two}Final-Recipient", 1))
    assert report
    meanings = {}
    for address in report.addresses:
        meanings[address] = report.of(address).meaning
    assert meanings == {
        "romeo@example.org": Meaning.KEPT,
        "juliet@example.org": Meaning.GONE,
        "gone@elsewhere.example": Meaning.GONE,
        "Juliet@example.org": Meaning.KEPT,  # only the headers name it: one of two was reached
    }


SAID_IN_WORDS = POSTFIX.replace("Status: 5.1.1", "Status: 5.0.0").partition("Diagnostic-Code:")[0]


@pytest.mark.parametrize(
    ("words", "meaning"),
    [
        ("<gone@elsewhere.example>\n    Unrouteable address", Meaning.GONE),
        ("gone@elsewhere.example\n    SMTP error: 550 Mailbox full", Meaning.KEPT),
        ("gone@elsewhere.example\n    550 5.7.1 Listed in a blocklist", Meaning.ABOUT_US),
        ("gone@elsewhere.example\n", Meaning.KEPT),
        ("romeo@example.org\n    Unrouteable address", Meaning.KEPT),
    ],
)
def test_a_report_that_says_why_in_words_alone(words: str, meaning: Meaning) -> None:
    """As Exim does for addresses that it cannot route."""
    report = _read(SAID_IN_WORDS.replace("I'm sorry", f"{words}\n\nI'm sorry"))
    assert report
    assert report.of("juliet@example.org").meaning is meaning


def test_people_and_machines_that_answer() -> None:
    """Auto-replies (RFC 3834) and what people write."""
    reply = EmailMessage()
    reply["Subject"] = "I am away"
    reply["Auto-Submitted"] = "auto-replied"
    reply.set_content("Status: 5.1.1\nAction: failed\nFinal-Recipient: rfc822;juliet@example.org")
    assert read(reply.as_bytes()) is None


def test_long_and_strange_words_are_made_one_line() -> None:
    report = _read(POSTFIX.replace("User unknown", "User \x00\u202e unknown " + "x" * 5000))
    assert report
    (status,) = report.recipients
    assert len(status.why) == 300
    assert "\u202e" not in status.why


def test_parts_within_parts_are_a_trap() -> None:
    head = b"Content-Type: multipart/report; boundary=0\n\n--0\n"
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=%d\n\n--%d\n" % (n, n) for n in range(1, 1500)
    )
    assert read(head + parts) is None
    assert read(head + b"Content-Type: message/rfc822\n\n" * 4_000) is None


def test_only_the_beginning_is_looked_at() -> None:
    assert read(POSTFIX.encode() + b"x" * 1_000_000)
    assert read(POSTFIX.replace("I'm sorry", "x" * MAX_READ_BYTES).encode()) is None


@given(st.binary(max_size=600))
def test_junk_says_nothing(junk: bytes) -> None:
    assert read(junk) is None


@given(st.integers(0, len(POSTFIX)), st.integers(0, 200), st.binary(max_size=40))
def test_a_damaged_report_breaks_nothing(place: int, length: int, junk: bytes) -> None:
    raw = POSTFIX.encode()
    report = read(raw[:place] + junk + raw[place + length :])
    for status in report.recipients if report else ():
        assert len(status.why) <= 300


def test_words_do_not_deny_a_status_that_says_it() -> None:
    words = "gone@elsewhere.example\n  Ask the sender to look at the policy.\n\nI'm sorry"
    text = POSTFIX.partition("Diagnostic-Code:")[0].replace("I'm sorry", words)
    report = _read(text)
    assert report
    assert report.of("juliet@example.org").meaning is Meaning.GONE


@pytest.mark.parametrize("case", rows("dsn/expected.tsv"), ids=case_id)
def test_reports_seen_in_the_wild(case: dict[str, str]) -> None:
    report = read(data(f"dsn/{case['input']}"))
    if case["expected"] == "no report":
        assert report is None
        return
    assert report
    for said in case["expected"].split("; "):
        fate, _colon, address = said.partition(": ")
        assert address in report.addresses
        is_gone = report.of(address).meaning is Meaning.GONE
        assert is_gone == (fate == "given up"), said


def _block(name: str, text: str) -> EmailMessage:
    block = EmailMessage()
    block[name] = text
    return block


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("failed (no mailbox)", "failed"),
        ("(a (nested) word) failed (another)", "failed"),
        (r"failed (a \) b)", "failed"),
        ('rfc822; "a (b)"@example.org (Juliet)', 'rfc822; "a (b)"@example.org'),
        ("failed (open", "failed"),
        ("failed)", "failed)"),
    ],
)
def test_comments_are_left_out(text: str, read: str) -> None:
    assert dsn.structured(_block("Action", text), "Action") == read


@pytest.mark.parametrize(
    ("text", "addresses"),
    [
        ("rfc822; juliet@example.org", ["juliet@example.org"]),
        ("RFC822;<juliet@example.org>", ["juliet@example.org"]),
        ("juliet@example.org", ["juliet@example.org"]),
        (r"utf-8; j\x{FC}rgen@example.org", ["jürgen@example.org"]),
        (r"utf-8; j\x{FFFFFF}@example.org", ["j@example.org"]),
        ("rfc822;", []),
    ],
)
def test_addresses_of_a_recipient(text: str, addresses: list[str]) -> None:
    assert list(dsn.recipients(_block("Final-Recipient", text))) == addresses


@given(st.text(max_size=200), st.sampled_from(["Status", "Action", "Final-Recipient"]))
def test_any_words_in_a_field_break_nothing(words: str, name: str) -> None:
    line = " ".join(words.split())
    field = next(one for one in POSTFIX.splitlines() if one.startswith(f"{name}:"))
    raw = POSTFIX.replace(field, f"{name}: {line}").encode("utf-8", "replace")
    report = read(raw)
    for address in report.addresses if report else ():
        assert report
        assert report.of(address).meaning in Meaning


@pytest.mark.parametrize("mark", ["(", ")", "()", '"', "\\", ";", "<", "5.1.1 "])
def test_long_fields_cost_what_their_length_is(mark: str) -> None:
    raw = POSTFIX.replace("Action: failed", f"Action: failed {mark * 20_000}").encode()
    with counting_calls() as calls:
        read(raw)
    assert len(calls) < 12_000
