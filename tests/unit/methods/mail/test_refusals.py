"""Which refusals mean that nobody is at an address: in replies and in reports alike."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.mail.refusals import is_nobody
from component.methods.mail.replies import NoMailbox, Stage, fault
from component.methods.mail.reports import read
from tests.support.cases import CASES, rows

REFUSALS = rows("refusals.tsv")
REPLIES = [row for row in REFUSALS if row["via"] == "rcpt"]
REPORTED = [row for row in REFUSALS if row["via"] == "dsn"]
MAILS = rows("dsn/expected.tsv")


def by_id(row: dict[str, str]) -> str:
    return row["id"]


@pytest.mark.parametrize("row", REPLIES, ids=by_id)
def test_a_reply(row: dict[str, str]) -> None:
    code, _, text = row["input"].partition(" ")
    error = fault(Stage.RCPT, int(code), text)
    assert isinstance(error, NoMailbox) is (row["expected"] == "give-up")


@pytest.mark.parametrize("row", REPORTED, ids=by_id)
def test_a_report(row: dict[str, str]) -> None:
    fields = ["Final-Recipient: rfc822; juliet@example.org"]
    for field in row["input"].split(" | "):
        if not field.startswith("("):
            fields.append(field)
    block = "\r\n".join(fields)
    raw = (
        'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\r\n\r\n--b\r\n'
        "Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"{block}\r\n\r\n--b--\r\n"
    )
    assert (read(raw.encode()) is not None) is (row["expected"] == "give-up")


@pytest.mark.parametrize("row", MAILS, ids=by_id)
def test_a_mail_that_came_back(row: dict[str, str]) -> None:
    report = read(CASES.joinpath("dsn", row["input"]).read_bytes())
    given_up = set()
    if report:
        given_up = {address.casefold() for address in report.addresses}
    for word, address in re.findall(r"(given up|kept): (\S+?)(?:;|$)", row["expected"]):
        assert (address in given_up) is (word == "given up")
    if row["expected"] == "no report":
        assert report is None


@pytest.mark.parametrize(
    ("words", "nobody"),
    [
        ("550-5.1.1 The email account that you tried to reach does not exist", True),
        ("550 5.2.1 The user gets mail at a rate that prevents more messages", False),
        ("550 sorry, no mailbox here by that name", True),
        ("554 delivery error: this user doesn't have an account here", False),
        ("550 <juliet@example.org>: Benutzer unbekannt", True),
        ("550 mailbox unavailable: your host is listed at bl.example.net", False),
        ("550 5.999.1 whatever that is", False),
        ("", False),
    ],
)
def test_words_and_what_is_not_in_the_table(words: str, nobody: bool) -> None:
    assert is_nobody(words) is nobody


@given(st.text(), st.text())
def test_whatever_is_said_is_read(words: str, status: str) -> None:
    assert is_nobody(words, status) in (True, False)


@given(st.dictionaries(st.sampled_from(["Action", "Status", "Diagnostic-Code"]), st.text()))
def test_whatever_a_report_says_is_read(fields: dict[str, str]) -> None:
    block = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in fields.items())
    head = 'Content-Type: multipart/report; boundary="b"\n\n--b\n'
    raw = f"{head}Content-Type: message/delivery-status\n\nFinal-Recipient: x\n{block}\n--b--\n"
    report = read(raw.encode(errors="replace"))
    assert report is None or report.addresses


@pytest.mark.parametrize(
    ("words", "nobody"), [("Unrouteable address", True), ("It could not be sent.", False)]
)
def test_exim_says_its_own_reason_to_people_only(words: str, nobody: bool) -> None:
    raw = (
        'Content-Type: multipart/report; boundary="b"\n\n--b\nContent-Type: text/plain\n\n'
        f"This address failed:\n\n  juliet@later.example\n    {words}\n\n--b\n"
        "Content-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example.org\n\n"
        "Action: failed\nFinal-Recipient: rfc822;juliet@later.example\nStatus: 5.0.0\n\n--b--\n"
    )
    assert (read(raw.encode()) is not None) is nobody
