"""The one grammar of times: what it reads, written and read again, is the same; and it never reads
a part of a text for the whole."""

from dataclasses import replace
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.common import time_phrase
from component.common.clock_words import NAMES, PARTS
from component.common.time_phrase import MAX_CHARS, Phrase, read
from component.common.time_words import EVERY, LAST, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS
from tests.support.calls import counting_calls

ONE_DAY = [
    Phrase(ahead=0),
    Phrase(ahead=1),
    Phrase(ahead=2),
    Phrase(ahead=9),
    Phrase(date=(2026, 12, 24)),
    Phrase(date=(0, 2, 29)),
    Phrase(month_day=5),
    Phrase(month_day=LAST),
    Phrase(weekdays=frozenset({0})),
    Phrase(weekdays=frozenset({6}), which="next"),
    Phrase(weekdays=frozenset({2}), which="this"),
]
AGAIN = [
    Phrase(cycle="day"),
    Phrase(cycle="week"),
    Phrase(cycle="week", weekdays=frozenset(range(5))),
    Phrase(cycle="week", weekdays=frozenset({0, 3})),
    Phrase(cycle="month", month_day=1),
    Phrase(cycle="month", month_day=LAST),
    Phrase(cycle="month", nth=(1, 0)),
    Phrase(cycle="month", nth=(LAST, 4)),
    Phrase(cycle="year", date=(0, 12, 24)),
]
CLOCKLESS = [Phrase(delay=90), Phrase(delay=7_200), Phrase(step=(2, 3600)), Phrase(step=(20, 60))]
CRON = [Phrase(cron="0 9 * * 1-5"), Phrase(cron="0 9 L * *"), Phrase(cron="0 9 * * 5L")]


@given(st.sampled_from([*ONE_DAY, *AGAIN]), st.integers(0, 24 * 60 - 1))
def test_what_is_written_is_read_as_the_same(phrase: Phrase, clock: int) -> None:
    timed = replace(phrase, clock=clock)
    assert read(str(timed)) == timed


@pytest.mark.parametrize("phrase", [*CLOCKLESS, *CRON, *AGAIN], ids=str)
def test_without_a_time_of_day_too(phrase: Phrase) -> None:
    assert read(str(phrase)) == phrase


LINES = (
    "at on in am um to and und the next this today tomorrow tonight heute morgen",
    "pm uhr past half halb quarter viertel nach vor 9 5 12 9:30 17.30 3rd 24.12.",
    "2026-12-24 daily weekly monthly month week of from now office roses",
)
TABLES = (EVERY, MONTHS, NAMES, NUMBERS, ORDINALS, PARTS, UNITS, WEEKDAYS)
WORDS = st.sampled_from(sorted({*" ".join(LINES).split(), *chain.from_iterable(TABLES)}))


@given(st.lists(WORDS, max_size=8).map(" ".join))
def test_what_is_read_is_kept(text: str) -> None:
    """Whatever words are put together: a phrase means the same when it is written again."""
    phrase = read(text)
    if phrase:
        assert read(str(phrase)) == phrase


@given(st.lists(WORDS, min_size=1, max_size=6), st.sampled_from(["roses", "office", "noonish"]))
def test_no_word_is_left_out(words: list[str], other: str) -> None:
    """A text with a word that says no time is not a time, wherever it stands."""
    for place in range(len(words) + 1):
        assert read(" ".join([*words[:place], other, *words[place:]])) is None


@given(st.text(max_size=300))
def test_any_text_is_read_or_is_not(text: str) -> None:
    phrase = read(text)
    assert phrase is None or read(str(phrase)) == phrase


@pytest.mark.parametrize("word", ["monday ", "9 ", "at ", "every ", "half past ", "1. ", "mo, "])
def test_work_has_a_bound(word: str) -> None:
    """It grows with the text until that is too long for a time."""
    costs = []
    for count in (MAX_CHARS // len(word), 100 * MAX_CHARS):
        time_phrase.read.cache_clear()
        with counting_calls() as calls:
            read(word * count)
        costs.append(len(calls))
    assert costs[1] <= costs[0] + 20


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("at 9 p.m. on Friday", "Fri at 21:00"),
        ("on Friday, at 9 P.M.", "Fri at 21:00"),
        ("Freitag um halb zehn", "Fri at 9:30"),
        ("um viertel vor zehn am Freitag", "Fri at 9:45"),
        ("quarter past nine on the 3rd", "the 3th at 9:15"),
        ("every last Friday of the month at noon", "the last Fri each month at 12:00"),
        ("jeden letzten Freitag im Monat um 12", "the last Fri each month at 12:00"),
        ("morgen Abend um 8", "tomorrow at 20:00"),
        ("heute nachmittag um 3", "today at 15:00"),
        ("tomorrow at 3 in the afternoon", "tomorrow at 15:00"),
        ("am 24. Dezember um 18 Uhr", "24 Dec at 18:00"),
        ("Dec 24th at 6 pm", "24 Dec at 18:00"),
        ("18:00 24.12.2026", "2026-12-24 at 18:00"),
        ("at 10 on weekdays", "every weekday at 10:00"),
        ("um 10 jeden Montag und Mittwoch", "every Mon, Wed at 10:00"),
        ("every morning at 7", "daily at 7:00"),
        ("every 24 December at 18:00", ""),
        ("next Monday at 9", "next Mon at 9:00"),
        ("in drei Tagen um 9", "in 3 days at 9:00"),
        ("3 hours from now", "in 10800s"),
        ("half past nine pm", "at 21:30"),
        ("every evening at 9 in the morning", ""),
        ("Monday Tuesday at 9 at 10", ""),
        ("at six", ""),
        ("at half past five", ""),
        ("tonight", ""),
        ("this evening", ""),
        ("every other day at 9", ""),
        ("3/4 at 10", ""),
        ("25:00", ""),
        ("12:61", ""),
        ("9", ""),
        ("13pm", ""),
        ("today", ""),
        ("noon midnight", ""),
        ("every", ""),
        ("soon", ""),
    ],
)
def test_what_is_meant(text: str, phrase: str) -> None:
    found = read(text)
    assert (str(found) if found else "") == phrase
