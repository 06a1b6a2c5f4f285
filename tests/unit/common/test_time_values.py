"""What is written about times: values are read again as the same, and any text is read or refused
with the grammar's own error."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from itertools import chain
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.grammar.pause import read_pause, until
from commands.grammar.reminder import read, when
from component.bus.model.subscription import Interval
from component.common.clock_words import NAMES, PARTS
from component.common.errors import BadInput
from component.common.quiet_hours import Hours
from component.common.schedule import Schedule, once
from component.common.time_phrase import Phrase
from component.common.time_phrase import read as read_phrase
from component.common.time_words import EVERY, MONTHS, NUMBERS, ORDINALS, UNITS, WEEKDAYS
from component.common.value_types import ClockTime, Span, Weekdays, Zone, zones

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 12, 1, 11, tzinfo=UTC).timestamp() * 1000)
MINUTES = st.integers(0, 24 * 60 - 1)


@given(MINUTES)
def test_clocks_of_twelve_hours(minutes: int) -> None:
    """As people write them: 12:05am, 9:30 p.m."""
    hour, minute = divmod(minutes, 60)
    for half in ("{}m", "{}.m.", " {}m", " {}.m."):
        written = f"{hour % 12 or 12}:{minute:02}" + half.format("pa"[hour < 12])
        assert ClockTime.parse(written) == ClockTime(minutes)
        assert read_phrase(f"at {written}") == Phrase(clock=minutes)
    assert ClockTime.parse(str(ClockTime(minutes))) == ClockTime(minutes)


@given(MINUTES, MINUTES)
def test_quiet_hours(start: int, end: int) -> None:
    if start != end:
        hours = Hours(ClockTime(start), ClockTime(end))
        assert Hours.parse(str(hours)) == hours


@given(st.sampled_from(sorted(zones().values())))
def test_named_zones(name: str) -> None:
    """Each is read by its name in any case; beside a time it is not read over."""
    assert Zone.parse(str(Zone.parse(name.upper()))) == Zone(name)
    assert read_phrase(f"at 9 {name}") is None
    if "/" in name:
        assert read(f"me at 9 {name} to call", frozenset()).unread == f"at 9 {name}"


@given(st.sampled_from(sorted(MONTHS)), st.integers(1, 28), st.booleans())
def test_names_of_months(month: str, day: int, first: bool) -> None:
    """In both languages, with an ordinal or without, before the day and behind it."""
    written = f"{month} {day}" if first else f"{day}. {month.title()}"
    assert read_phrase(f"{written} at 9:30") == Phrase(date=(0, MONTHS[month], day), clock=570)


@given(st.sets(st.integers(0, 6), min_size=1).map(frozenset))
def test_weekdays(numbers: frozenset[int]) -> None:
    assert Weekdays.parse(str(Weekdays(numbers))) == Weekdays(numbers)


@given(st.integers(0, 10**8))
def test_durations(seconds: int) -> None:
    assert Span.parse(str(Span(seconds))) == Span(seconds)


READERS: list[Callable[[str], Any]] = [
    ClockTime.parse,
    Hours.parse,
    Interval.parse,
    Schedule.parse,
    Span.parse,
    Weekdays.parse,
    Zone.parse,
    lambda text: once(text, NOW, BERLIN),
    lambda text: when(text, NOW, BERLIN),
    lambda text: until(read_pause(text).until, NOW, BERLIN),
]
TABLES = (EVERY, MONTHS, NAMES, NUMBERS, ORDINALS, PARTS, UNITS, WEEKDAYS)
LINES = (
    "at on in to the next tomorrow tonight pm uhr past half 9 31 9:30 24.12. 2026-02-30 0000-01-01"
)
WORDS = st.sampled_from(
    sorted({*LINES.split(), *"* */7 L 5L 9999999999 ² ٣ 5#5 until bis".split(), *chain(*TABLES)})
)
TEXTS = st.text(max_size=60) | st.lists(WORDS, max_size=7).map(" ".join)


@pytest.mark.parametrize("reader", READERS)
@given(text=TEXTS)
def test_any_text_is_read_or_refused(reader: Callable[[str], Any], text: str) -> None:
    """Nothing but the grammar's own error is raised."""
    with suppress(BadInput):
        reader(text)


@given(st.text(max_size=100) | st.lists(WORDS, max_size=12).map(" ".join))
def test_any_line_is_taken_apart(line: str) -> None:
    said = read(line, frozenset({"lobby"}))
    assert not (said.when and said.unread)
