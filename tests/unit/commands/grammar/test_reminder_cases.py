"""Lines that people typed, and what they mean: a time and a text, or a question. Never a guess."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.grammar.reminder import ReminderRequest, read, when
from component.common.errors import BadInput
from component.common.quiet_hours import Hours
from component.common.schedule import Schedule
from tests.support.cases import case_id, rows

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 12, 1, 12, tzinfo=BERLIN).timestamp() * 1000)  # a Tuesday
STARTS = ("remind me ", "erinnere mich ")
SCHEDULES = {
    "Mon, Wed at 10:00": "0 10 * * 1,3",
    "Mon to Fri at 8:30": "30 8 * * 1-5",
    "Mon to Fri at 9:00": "0 9 * * 1-5",
    "daily at 9:00": "0 9 * * *",
    "daily at 10:00": "0 10 * * *",
    "daily at 18:15": "15 18 * * *",
    "every 2 hours": "0 */2 * * *",
    "Sun at 9:00": "0 9 * * 0",
    "Mon at 9:00": "0 9 * * 1",
    "Fri at 17:00": "0 17 * * 5",
    "the first of each month at 9:00": "0 9 1 * *",
    "the last Friday of each month at 9:00": "0 9 * * 5L",
    "the first Monday of each month at 9:00": "0 9 * * 1#1",
    "the last day of each month at 9:00": "0 9 L * *",
}
"""What the cases call schedules, as cron has them."""
SAME = {"0 9 * * mon-fri": "0 9 * * 1-5", "0 9 * * 7": "0 9 * * 0"}
"""Fields of cron that say the same."""


def request(line: str) -> ReminderRequest:
    """What a line asks for."""
    for start in STARTS:
        line = line.removeprefix(start)
    if line.startswith("when="):
        _when, time, _what, what, _end = line.split('"')
        return ReminderRequest("", time, what)
    return read(line, frozenset())


def meant(line: str) -> str:
    """What a line means, as the cases write it; "ask" for a question or a refusal in words."""
    said = request(line)
    if not said.when or not said.what:
        return "ask"
    try:
        time = when(said.when, NOW, BERLIN)
    except BadInput:
        return "ask"
    often = "once"
    if time.schedule:
        cron = Schedule.parse(time.schedule).cron.lower()
        often = SAME.get(cron, Schedule.parse(time.schedule).cron)
    due = datetime.fromtimestamp(time.due / 1000, BERLIN)
    return f"{due:%Y-%m-%dT%H:%M} | {often} | {said.what}"


def wanted(case: dict[str, str]) -> set[str]:
    """What is right."""
    expected = case["expected"]
    if expected == "ask":
        return {"ask"}
    due, often, text = expected.split(" | ")
    right = {f"{due} | {SCHEDULES.get(often, often)} | {text}"}
    if case["note"].startswith("or ask"):
        right.add("ask")
    return right


@pytest.mark.parametrize(
    "case", [row for row in rows("reminders.tsv") if row["via"] == "command"], ids=case_id
)
def test_reminders_seen_in_the_wild(case: dict[str, str]) -> None:
    assert meant(case["input"]) in wanted(case)


@pytest.mark.parametrize(
    "case", [row for row in rows("reminders.tsv") if row["via"] == "quiet"], ids=case_id
)
def test_quiet_hours_seen_in_the_wild(case: dict[str, str]) -> None:
    try:
        hours = str(Hours.parse(case["input"].removeprefix("quiet ")))
    except BadInput:
        hours = "ask"
    assert hours == case["expected"]


OURS = [
    (
        "at 7 p.m. on 24 December to light the candles",
        "2026-12-24T19:00 | once | light the candles",
    ),
    (
        "to light the candles on 24 December, at 7 p.m.",
        "2026-12-24T19:00 | once | light the candles",
    ),
    ("every last day of the month at 17:00 to close", "2026-12-31T17:00 | 0 17 L * * | close"),
    ("to close at 17:00 every last day of the month", "2026-12-31T17:00 | 0 17 L * * | close"),
    ("jeden letzten Freitag im Monat um 12 an Kuchen", "2026-12-25T12:00 | 0 12 * * 5L | Kuchen"),
    ("um 9 jeden Werktag an die Post", "2026-12-02T09:00 | 0 9 * * 1-5 | die Post"),
    ("übermorgen Abend um 8 an die Oper", "2026-12-03T20:00 | once | die Oper"),
    ("am 24. Dezember um 18 Uhr an die Kerzen", "2026-12-24T18:00 | once | die Kerzen"),
    ("next Tuesday at 9 to call", "2026-12-08T09:00 | once | call"),
    ("this Thursday at 9 to call", "2026-12-03T09:00 | once | call"),
    ("on Friday, 4 December at 9 to call", "2026-12-04T09:00 | once | call"),
    ("on Friday, 5 December at 9 to call", "ask"),  # a Saturday
    ("on 30 February at 9 to call", "ask"),
    ("in three days at 9 to call", "2026-12-04T09:00 | once | call"),
    ("to buy 3 roses in two hours", "2026-12-01T14:00 | once | buy 3 roses"),
    ("to read chapter 9 on Friday at 18:00", "2026-12-04T18:00 | once | read chapter 9"),
    ("to meet Sun at noon", "2026-12-02T12:00 | once | meet Sun"),
    ("to look at the sun at 18:00", "2026-12-01T18:00 | once | look at the sun"),
    ("tomorrow to call at 9", "ask"),  # at nine, or to call at nine
    ("tomorrow noonish to call", "2026-12-02T09:00 | once | noonish to call"),
    ("at 9 or 10 to call", "ask"),
    ("at nine-ish to call", "ask"),
    ("on Monday or Tuesday to call", "ask"),
    ("Tuesday and Thursday at 9 to run", "ask"),
    ("every second Monday at 9 to sweep", "ask"),
    ("every 3 days to water", "ask"),
    ("to sing tomorrow evening at half", "ask"),
    ("in the evening to sing", "ask"),
    ("am Abend an die Oper", "ask"),
    ("um sechs an Tee", "ask"),
    ("in ein paar Stunden an Tee", "ask"),
    ("nächste Woche an Tee", "ask"),
    ("um 9 am Montag oder Dienstag an Tee", "ask"),
    ("at work to call Romeo", "ask"),
    ("next time to call Romeo", "ask"),
]


@pytest.mark.parametrize(("line", "expected"), OURS)
def test_lines_of_ours(line: str, expected: str) -> None:
    assert meant(line) == expected


WORDS = st.sampled_from(
    "at 9 on Monday to call in two hours every day tomorrow evening p.m. the office um am "
    "9:30 an die Post half past next week Juliet's 3 roses".split()
)


@given(st.lists(WORDS, max_size=12))
def test_every_word_is_used_or_told(words: list[str]) -> None:
    """What a line says is in the time, in the text, or in what is not understood; only the mark
    between them goes."""
    said = read(" ".join(words), frozenset())
    kept = set(f"{said.whom} {said.when} {said.what} {said.unread}".split())
    assert kept <= set(words) <= kept | {"to", "an"}
