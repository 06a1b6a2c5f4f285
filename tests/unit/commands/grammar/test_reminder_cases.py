"""Lines that people typed, and what they mean: a time and a text, or a question. Never a guess."""

from collections import Counter
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.grammar.reminder import ReminderRequest, read, when
from component.common import time_phrase
from component.common.errors import BadInput
from component.common.quiet_hours import Hours
from component.common.schedule import Schedule
from tests.support.calls import counting_calls
from tests.support.cases import case_id, rows

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 12, 1, 12, tzinfo=BERLIN).timestamp() * 1000)  # a Tuesday
STARTS = ("remind ", "erinnere ")
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
    if line.startswith("me when="):
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
    ("tomorrow noonish to call", "ask"),
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
    # What stands behind the time and is not read
    ("at 9 UTC to call", "ask"),
    ("at 9am Berlin time to call", "ask"),
    ("at 17:00 CET to call", "ask"),
    ("tomorrow at 9 Europe/Berlin to call", "ask"),
    ("at 9am UTC+1 to call", "ask"),
    ("um 9 Uhr MEZ an den Anruf", "ask"),
    ("um 9 Uhr Berliner Zeit an den Anruf", "ask"),
    ("at 18:00 pm to eat", "ask"),
    ("at 0:30 am to sleep", "ask"),
    ("every Monday at 9 and Tuesday at 10 to sweep", "ask"),
    ("every Monday until May at 9 to sweep", "ask"),
    ("at 9, 12 and 17 to walk", "ask"),
    ("at 9 tomorow to walk", "ask"),
    ("at 9 on mondy to walk", "ask"),
    ("tomorrow around 9 to call", "ask"),
    ("tomorrow nine to call", "ask"),
    ("at 9 yesterday to pay", "ask"),
    ("at 9 sharp to walk", "ask"),
    ("in an hour and a half to rest", "ask"),
    ("on 3 May 27 at 9 to pay", "ask"),
    ("on 2026-12-24 18:00:00 to pay", "ask"),
    ("at 9 24/12 to walk", "ask"),
    ("um 9 und 17 Uhr an Tee", "ask"),
    ("um 9 am Mondtag an Tee", "ask"),
    ("morgen gegen 9 an Tee", "ask"),
    ("jeden Montag außer Feiertags um 9 an Tee", "ask"),
    # What stands before a time at the end, and is more of it
    ("to sweep every other Monday at 9", "ask"),
    ("to walk biweekly at 9", "ask"),
    ("to pay every two weeks on Monday at 9", "ask"),
    ("to walk mondy at 9", "ask"),
    ("to walk evry day at 9", "ask"),
    ("to walk next week at 9", "ask"),
    ("to finish the report before Friday at 9", "ask"),
    ("to finish the report by Friday", "ask"),
    ("to walk at 9 or at 10", "ask"),
    ("to walk 3 days before 24 December", "ask"),
    ("to walk on the second Monday", "ask"),
    ("to walk on 12/24 at 9", "ask"),
    ("to walk twice every day", "ask"),
    ("an Tee jede zweite Woche um 9", "ask"),
    ("an Tee alle zwei Tage um 9", "ask"),
    ("an Tee bis Freitag", "ask"),
    # Text that is like a time, and is text
    ("at 9 go to the bank", "2026-12-02T09:00 | once | go to the bank"),
    ("at 9 give roses to Juliet", "2026-12-02T09:00 | once | give roses to Juliet"),
    ("at 18:00 tag the release", "2026-12-01T18:00 | once | tag the release"),
    ("at 18:00 first check the oven", "2026-12-01T18:00 | once | first check the oven"),
    ("at 18:00 Christmas shopping", "2026-12-01T18:00 | once | Christmas shopping"),
    ("at 9 Berlin to call", "ask"),
    ("at 9pm 2 pills", "2026-12-01T21:00 | once | 2 pills"),
    ("Friday at 8pm dinner with Romeo", "2026-12-04T20:00 | once | dinner with Romeo"),
    ("to plan the week at 18:00", "2026-12-01T18:00 | once | plan the week"),
    ("to water every plant at 18:00", "2026-12-01T18:00 | once | water every plant"),
    ("to turn the light on at 18:00", "2026-12-01T18:00 | once | turn the light on"),
    ("to log in at 18:00", "2026-12-01T18:00 | once | log in"),
    ("to train 30 minutes every day at 7", "2026-12-02T07:00 | 0 7 * * * | train 30 minutes"),
    ("at 18:00 to say good night", "2026-12-01T18:00 | once | say good night"),
    ("um 18:00 Brief an Julia schreiben", "2026-12-01T18:00 | once | Brief an Julia schreiben"),
    ("an die Nachtschicht am Freitag um 18 Uhr", "2026-12-04T18:00 | once | die Nachtschicht"),
    ("at 12am to sleep", "2026-12-02T00:00 | once | sleep"),
    ("at 5:30p.m. today to eat", "2026-12-01T17:30 | once | eat"),
    ("to eat at 5p.m.", "2026-12-01T17:00 | once | eat"),
    ("at 12pm to eat", "2026-12-02T12:00 | once | eat"),
    ("on the 31st of every month at 9 to pay", "2026-12-31T09:00 | 0 9 31 * * | pay"),
    ("am 15. jedes Monats um 9 an Miete", "2026-12-15T09:00 | 0 9 15 * * | Miete"),
    ("on Monday, May 3rd, 2027 at 9 to pay", "2027-05-03T09:00 | once | pay"),
]


@pytest.mark.parametrize(("line", "expected"), OURS)
def test_lines_of_ours(line: str, expected: str) -> None:
    assert request(f"me {line}").whom == "me"
    assert meant(f"me {line}") == expected


WORDS = st.sampled_from(
    "at 9 on Monday to call in two hours every day tomorrow evening p.m. the office um am "
    "9:30 an die Post half past next week Juliet's 3 roses UTC mondy other before and".split()
)


@pytest.mark.parametrize(
    ("line", "unread", "what"),
    [
        ("to sweep every other Monday at 9", "every other Monday at 9", "sweep"),
        ("to sweep on mondy at 9", "on mondy at 9", "sweep"),
        ("to finish the report before Friday at 9", "before Friday at 9", "finish the report"),
        ("to walk half an hour before 9:30", "half an hour before 9:30", "walk"),
        ("an Tee alle zwei Tage um 9", "alle zwei Tage um 9", "Tee"),
        ("at 9 on mondy to sweep", "at 9 on mondy", "sweep"),
        (
            "every Monday at 9 and Tuesday at 10 to sweep",
            "every Monday at 9 and Tuesday at 10",
            "sweep",
        ),
        ("at the office to call Romeo", "at the office", "call Romeo"),
    ],
)
def test_all_that_is_not_understood_is_told(line: str, unread: str, what: str) -> None:
    said = read(f"me {line}", frozenset())
    assert (said.unread, said.what) == (unread, what)


@given(st.lists(WORDS, max_size=12))
def test_every_word_is_used_or_told(words: list[str]) -> None:
    """What a line says is in the time, in the text, or in what is not understood, as often as it is
    said; only the mark between them goes."""
    said = read(" ".join(words), frozenset())
    told = Counter(f"{said.whom} {said.when} {said.what}".split())
    dropped = Counter(words) - told - Counter(said.unread.split())
    assert not told - Counter(words)
    assert dropped.total() <= 1
    assert dropped.keys() <= {"to", "an"}


@given(st.lists(WORDS, max_size=12))
def test_a_time_that_is_found_is_one(words: list[str]) -> None:
    """What a line has for its time is read as one, or is refused in words."""
    said = read(" ".join(words), frozenset())
    assert not said.when or time_phrase.read(said.when.rstrip(".,!?")) is not None


@pytest.mark.parametrize("word", ["monday", "9", "every", "to", "mondy", "and", "roses", "in"])
def test_work_grows_with_the_line(word: str) -> None:
    """Twice the words are at most twice the work, and a little."""
    costs = []
    for count in (100, 200):
        time_phrase.read.cache_clear()
        with counting_calls() as calls:
            read(" ".join([word] * count), frozenset())
        costs.append(len(calls))
    assert costs[1] <= 2 * costs[0] + 50
