"""Schedules in plain words: what they mean, what is refused, and that each comes once a day
whatever the clocks do."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from component.common.errors import BadInput
from component.common.schedule import Schedule, once
from tests.support.calls import counting_calls

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 23, 30, tzinfo=BERLIN)  # a Tuesday


def ms(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)


def berlin(*when: int) -> int:
    return ms(datetime(*when, tzinfo=BERLIN))  # type: ignore[arg-type, misc]


@pytest.mark.parametrize(
    ("text", "cron"),
    [
        ("hourly", "0 * * * *"),
        ("Every hour", "0 * * * *"),
        ("stündlich", "0 * * * *"),
        ("every 2 hours", "0 */2 * * *"),
        ("alle 20 Minuten", "*/20 * * * *"),
        ("every 5 minutes", "*/5 * * * *"),
        ("daily at 9", "0 9 * * *"),
        ("every day at 9pm", "0 21 * * *"),
        ("daily", "0 9 * * *"),
        ("at noon", "0 12 * * *"),
        ("12 am", "0 0 * * *"),
        ("weekdays at 9:00", "0 9 * * 1-5"),
        ("werktags um 9 Uhr", "0 9 * * 1-5"),
        ("weekends 10.30", "30 10 * * 0,6"),
        ("every Monday 9:30", "30 9 * * 1"),
        ("Mondays and Fridays at 17:00", "0 17 * * 1,5"),
        ("jeden Montag, Mittwoch um 8:15", "15 8 * * 1,3"),
        ("0 9 * * 1-5", "0 9 * * 1-5"),
        ("*/15 8-18 * * mon-fri", "*/15 8-18 * * mon-fri"),
        ("0 0 1 * *", "0 0 1 * *"),
    ],
)
def test_what_is_meant(text: str, cron: str) -> None:
    schedule = Schedule.parse(text)
    assert schedule.cron == cron
    assert Schedule.parse(str(schedule)) == schedule


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not a schedule"),
        ("sometimes", "not a schedule"),
        ("every 7 minutes", "does not divide the hour or the day evenly. Choose one of 5, 6, 10."),
        ("every 5 hours", "does not divide the hour or the day evenly. Choose one of 1, 2, 3."),
        ("every 0 minutes", "does not divide the hour or the day evenly. Choose one of"),
        ("every 4 minutes", "cookies"),
        ("* * * * *", "runs every 1min. Even fortune cookies take longer to bake"),
        ("0,1 9 * * *", "cookies"),
        ("0 0 30 2 *", "is not a cron schedule, or it never occurs. Check its five fields."),
        ("99 9 * * *", "is not a cron schedule, or it never occurs. Check its five fields."),
        ("a b c d e", "not a schedule"),
        ("once in a blue moon", "not a schedule. Write"),
        ("every minute", "cookies"),
        ("jede Sekunde", "cookies"),
        ("Monday 25:00", "not a schedule"),
        ("9:00 10:00", "not a schedule"),
        ("13pm", "not a schedule"),
        ("x" * 10_000, "not a schedule"),
    ],
)
def test_what_is_refused(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        Schedule.parse(text)


def test_the_next_time_by_the_clocks_of_a_zone() -> None:
    assert Schedule.parse("weekdays at 9:00").after(ms(NOW), BERLIN) == berlin(2026, 11, 25, 9)
    assert Schedule.parse("Monday 9:30").after(ms(NOW), BERLIN) == berlin(2026, 11, 30, 9, 30)
    assert Schedule.parse("hourly").after(berlin(2026, 11, 24, 23), BERLIN) == berlin(
        2026, 11, 25, 0
    )


def test_the_hour_that_is_skipped_and_the_one_that_comes_twice() -> None:
    daily = Schedule.parse("daily at 2:30")
    spring = daily.after(berlin(2026, 3, 28, 12), BERLIN)  # there is no 2:30 on the 29th
    assert datetime.fromtimestamp(spring / 1000, UTC) == datetime(2026, 3, 29, 1, tzinfo=UTC)
    assert daily.after(spring, BERLIN) == berlin(2026, 3, 30, 2, 30)
    autumn = daily.after(berlin(2026, 10, 24, 12), BERLIN)
    assert daily.after(autumn, BERLIN) == berlin(2026, 10, 26, 2, 30)


@pytest.mark.parametrize("day", [(2026, 3, 28, 12), (2026, 10, 24, 12)])
@pytest.mark.parametrize("text", ["hourly", "every 30 minutes", "every 5 minutes"])
def test_what_comes_within_hours_comes_evenly_through_both(text: str, day: tuple[int, ...]) -> None:
    schedule, at = Schedule.parse(text), berlin(*day)
    for _ in range(300):
        after = schedule.after(at, BERLIN)
        assert after - at == schedule.shortest() * 1000
        at = after


def test_by_no_zone_but_utc() -> None:
    assert schedule_at("weekdays at 9:00", datetime(2026, 3, 28, tzinfo=UTC)) == datetime(
        2026, 3, 30, 9, tzinfo=UTC
    )


def schedule_at(text: str, moment: datetime) -> datetime:
    return datetime.fromtimestamp(Schedule.parse(text).after(ms(moment), UTC) / 1000, UTC)


ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "Africa/Casablanca",
        "UTC",
    ]
)


@settings(deadline=None)  # a busy machine is slow
@given(ZONES, st.integers(0, 23), st.integers(0, 59), st.integers(1_600_000_000, 1_900_000_000))
def test_daily_is_once_a_day(zone: str, hour: int, minute: int, start: int) -> None:
    here = ZoneInfo(zone)
    daily = Schedule.parse(f"daily at {hour}:{minute:02}")
    at, days = start * 1000, []
    for _ in range(200):
        after = daily.after(at, here)
        assert after > at
        at = after
        days.append(datetime.fromtimestamp(at / 1000, here).date())
    assert days == sorted(set(days))
    assert (days[-1] - days[0]).days == len(days) - 1


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("in 20 minutes", (2026, 11, 24, 23, 50)),
        ("in 2h", (2026, 11, 25, 1, 30)),
        ("in an hour and 30 minutes", (2026, 11, 25, 1, 0)),
        ("in einer Stunde", (2026, 11, 25, 0, 30)),
        ("at 15:00", (2026, 11, 25, 15)),
        ("at 23:45", (2026, 11, 24, 23, 45)),
        ("um 15 Uhr", (2026, 11, 25, 15)),
        ("tomorrow at 9", (2026, 11, 25, 9)),
        ("morgen", (2026, 11, 25, 9)),
        ("today at 23:59", (2026, 11, 24, 23, 59)),
        ("2026-12-24 18:00", (2026, 12, 24, 18)),
        ("2026-12-24", (2026, 12, 24, 9)),
        ("Monday at 9", (2026, 11, 30, 9)),
        ("12:00", (2026, 11, 25, 12)),
    ],
)
def test_once(text: str, at: tuple[int, ...]) -> None:
    assert once(text, ms(NOW), BERLIN) == berlin(*at)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "in",
        "in no time",
        "yesterday",
        "2026-11-24 9:00",
        "2026-13-01",
        "today at 9",
        "at 26:00",
        "in 5",
        "1999-01-01",
    ],
)
def test_no_time_to_come(text: str) -> None:
    with pytest.raises(BadInput):
        once(text, ms(NOW), BERLIN)


@pytest.mark.parametrize("text", ["0 0 29 2 */7", "0 0 * 2 1#5", "0 0 29 2 */6"])
def test_what_comes_once_in_many_years_is_read_soon(text: str) -> None:
    with counting_calls() as calls:
        assert Schedule.parse(text).after(ms(NOW), BERLIN) > ms(NOW)
    assert len(calls) < 20_000  # and not one for each day of those years


@pytest.mark.parametrize("text", [f"{'1' * 5000} 0 * * *", f"0 0 * * 1#{'1' * 5000}"])
def test_endless_numbers_are_no_schedule(text: str) -> None:
    with pytest.raises(BadInput):
        Schedule.parse(text)
