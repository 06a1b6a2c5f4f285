"""When a feed is looked at again, and what its owner hears."""

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.methods.feed.interval import (
    BROKEN_AFTER,
    DAY,
    JITTER,
    MIN_INTERVAL_S,
    Heard,
    Hints,
    OwnerNotice,
    Poll,
    begun,
    failed,
    resumed,
    succeeded,
)

NOW = int(datetime(2026, 3, 4, 12, 0, tzinfo=UTC).timestamp() * 1000)
HOUR = 3600

spans = st.none() | st.integers(0, 10**9)
lucks = st.floats(0, 1, exclude_max=True)
hints = st.builds(
    Hints,
    st.integers(0, 10**9),
    st.lists(st.integers(-5, 30), max_size=24).map(tuple),
    st.lists(st.integers(0, 9), max_size=7).map(tuple),
)
heards = st.builds(
    Heard,
    st.booleans(),
    st.lists(st.integers(-(10**18), 10**18), max_size=40).map(tuple),
    st.none() | hints,
    spans,
    spans,
    st.booleans(),
)
failures = st.fixed_dictionaries(
    {"gone": st.just(False), "here": st.booleans(), "retry_after": spans}
)
looks = st.lists(st.tuples(lucks, heards | failures, st.integers(0, 3 * DAY)), max_size=30)


def passed(poll: Poll, at: int) -> float:
    """Seconds until the next look."""
    return (poll.due - at) / 1000


def look(
    poll: Poll, now: int, luck: float, what: "Heard | dict[str, bool]"
) -> tuple[Poll, OwnerNotice | None]:
    step = (
        succeeded(poll, now, luck, what)
        if isinstance(what, Heard)
        else failed(poll, now, luck, **what)
    )
    return step.poll, step.news


@given(looks)
def test_never_under_five_minutes_and_never_over_a_day(
    script: Sequence[tuple[float, Heard, int]],
) -> None:
    poll, now = begun(NOW), NOW
    assert poll.due == NOW
    for luck, what, late in script:
        poll, _news = look(poll, now, luck, what)
        assert MIN_INTERVAL_S <= passed(poll, now) <= DAY * (1 + JITTER)
        assert Poll.load(json.loads(json.dumps(poll.dump()))) == poll
        now = poll.due + late * 1000


@given(looks)
def test_broken_is_told_once_and_recovery_once(script: Sequence[tuple[float, Heard, int]]) -> None:
    poll, now, told = begun(NOW), NOW, []
    for luck, what, late in script:
        poll, news = look(poll, now, luck, what)
        told += [news] if news else []
        assert poll.told is (len(told) % 2 == 1)
        now = poll.due + late * 1000
    assert told == ([OwnerNotice.BROKEN, OwnerNotice.RECOVERED] * len(script))[: len(told)]


@given(lucks, st.integers(0, 10**7), heards, st.integers(0, 9))
def test_what_the_site_asks_for_is_respected(
    luck: float, wait: int, heard: Heard, before: int
) -> None:
    bad = replace(begun(NOW), failures=before, failing_since=NOW)
    asked = min(wait, DAY)
    assert passed(failed(bad, NOW, luck, retry_after=wait).poll, NOW) >= asked
    assert passed(succeeded(bad, NOW, luck, replace(heard, retry_after=wait)).poll, NOW) >= asked
    assert passed(succeeded(bad, NOW, luck, replace(heard, fresh_for=wait)).poll, NOW) >= asked
    assert (
        passed(succeeded(bad, NOW, luck, replace(heard, hints=Hints(ttl=wait))).poll, NOW) >= asked
    )


def polled(every: int, days: int) -> tuple[Poll, int, list[float]]:
    """A feed with news every so many seconds, for that long; and its pauses."""
    poll, last, pauses = begun(NOW), NOW, []
    while poll.due < NOW + days * DAY * 1000:
        now = poll.due
        there = (now - NOW) // (every * 1000) > (last - NOW) // (every * 1000)
        poll = succeeded(poll, now, 0, Heard(new=there)).poll
        pauses.append(passed(poll, now))
        last = now
    return poll, last, pauses


@pytest.mark.parametrize(
    ("every", "least", "most"),
    [
        (600, MIN_INTERVAL_S, MIN_INTERVAL_S),
        (HOUR, MIN_INTERVAL_S, 900),
        (DAY, 2 * HOUR, 4 * HOUR),
        (7 * DAY, 12 * HOUR, DAY),
        (400 * DAY, DAY, DAY),
    ],
)
def test_looks_are_as_frequent_as_news(every: int, least: int, most: int) -> None:
    _poll, _now, pauses = polled(every, 60)
    assert least <= pauses[-1] <= most


def test_a_feed_that_falls_silent_is_left_alone_and_one_that_wakes_is_not() -> None:
    poll, now, _pauses = polled(HOUR, 10)
    for _ in range(100):
        poll = succeeded(poll, now, 0, Heard()).poll
        now = poll.due
    assert passed(poll, now) == 0
    assert passed(succeeded(poll, now, 0, Heard()).poll, now) > 12 * HOUR
    for _ in range(30):
        now = poll.due
        poll = succeeded(poll, now, 0, Heard(new=True)).poll
    assert passed(poll, now) < 2 * HOUR


def test_the_dates_of_a_new_feed_tell_how_often_to_look() -> None:
    daily = tuple(NOW - day * DAY * 1000 for day in range(10))
    assert passed(succeeded(begun(NOW), NOW, 0, Heard(True, daily)).poll, NOW) == pytest.approx(
        DAY * 0.9 / 8
    )
    strange = (-(10**15), 0, NOW + DAY * 10**6, 10**18)
    assert passed(succeeded(begun(NOW), NOW, 0, Heard(True, strange)).poll, NOW) == 1800


def test_luck_spreads() -> None:
    pauses = {
        passed(succeeded(begun(NOW), NOW, luck / 10, Heard()).poll, NOW) for luck in range(10)
    }
    assert len(pauses) == 10


def test_hours_and_days_that_are_skipped() -> None:
    night = Hints(skip_hours=(12, 13, 14, 15))
    due = succeeded(begun(NOW), NOW, 0, Heard(hints=night)).poll.due
    assert datetime.fromtimestamp(due / 1000, UTC).hour == 16
    # 4 March 2026 is a Wednesday
    late = NOW + 11 * HOUR * 1000
    due = succeeded(begun(late), late, 0, Heard(hints=Hints(2 * HOUR, (), (3,)))).poll.due
    assert due == late + DAY * 1000  # a day and no more
    always = Hints(skip_hours=tuple(range(24)))
    assert passed(succeeded(begun(NOW), NOW, 0, Heard(hints=always)).poll, NOW) == DAY


def test_what_a_feed_said_holds_while_it_is_unchanged() -> None:
    poll = succeeded(begun(NOW), NOW, 0, Heard(hints=Hints(ttl=5 * HOUR))).poll
    assert passed(succeeded(poll, poll.due, 0, Heard()).poll, poll.due) == 5 * HOUR


def test_a_feed_that_is_pushed_is_looked_at_once_a_day() -> None:
    assert passed(succeeded(begun(NOW), NOW, 0, Heard(new=True, pushed=True)).poll, NOW) == DAY


def test_failures_double_the_pause_up_to_a_day() -> None:
    poll, now, pauses = begun(NOW), NOW, []
    for _ in range(12):
        poll = failed(poll, now, 0).poll
        pauses.append(passed(poll, now))
        now = poll.due
    assert pauses == [900, 1800, 3600, 7200, 14400, 28800, 57600, DAY, DAY, DAY, DAY, DAY]
    well = succeeded(poll, now, 0, Heard()).poll
    assert (well.failures, well.failing_since, well.told) == (0, 0, False)


def told_after(count: int, every: int, **more: bool) -> list[int]:
    """Which of so many failures in a row, one every so many seconds, are told."""
    poll, found = succeeded(begun(NOW), NOW, 0, Heard()).poll, []
    for number in range(1, count + 1):
        step = failed(poll, NOW + number * every * 1000, 0, **more)
        poll = step.poll
        found += [number] if step.news else []
    return found


def test_broken_after_five_failures_or_a_day() -> None:
    assert told_after(20, 1) == [BROKEN_AFTER]
    assert told_after(20, DAY) == [2]
    assert told_after(20, 1, here=True) == []
    assert told_after(30, HOUR, here=True) == [25]


def test_one_failure_is_nobodys_business() -> None:
    poll = failed(begun(NOW), NOW, 0).poll
    assert succeeded(poll, poll.due, 0, Heard()).news is None


def test_gone_is_the_end_until_it_is_resumed() -> None:
    gone = failed(begun(NOW), NOW, 0, gone=True)
    assert (gone.news, gone.poll.stopped) == (OwnerNotice.GONE, True)
    assert failed(gone.poll, NOW, 0, gone=True).news is None
    again = resumed(gone.poll, NOW + 5)
    assert (again.due, again.stopped) == (NOW + 5, False)
    well = succeeded(again, NOW + 5, 0, Heard())
    assert (well.news, well.poll.told) == (OwnerNotice.RECOVERED, False)
