"""When digests are due, by any clock there is; and what is wanted in them. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from component.bus.model.message import Author, Channel, Kind
from component.bus.model.subscription import (
    DecisionTime,
    Filter,
    Interval,
    Standing,
    Subscription,
    Verdict,
    decide,
    words_of,
)
from component.common.errors import BadInput
from component.common.quiet_hours import Hours
from tests.support.fakes import said

LOBBY = Channel("shoutbox", "lobby")
ZONES = sorted(available_timezones() - {"localtime", "Factory"})
ROMEO = Author("Romeo", "romeo@example.org")
moments = st.integers(1_577_836_800, 2_051_222_400)  # 2020 to 2035, in seconds
zones = st.sampled_from(ZONES)
clocks = st.tuples(st.integers(0, 23), st.integers(0, 59))


def subscribed(when: str = "", zone: str = "UTC", **more: object) -> Subscription:
    base = Subscription(
        "juliet@example.org",
        LOBBY,
        Channel("chat", "juliet@example.org"),
        Interval.parse(when),
        zone,
    )
    return replace(base, **more)  # type: ignore[arg-type]


def dues(one: Subscription, start: int, count: int) -> list[datetime]:
    """When its next digests are told, each at once when it is due, by its own clocks."""
    one, told = one.begun(start * 1000, 0), []
    for _each in range(count):
        told.append(datetime.fromtimestamp(one.due / 1000, ZoneInfo(one.zone)))
        one = one.told(one.due, 0)
    return told


@settings(max_examples=40, deadline=None)
@given(moments, zones, clocks)
def test_daily_is_once_on_each_day_at_its_time(
    start: int, zone: str, clock: tuple[int, int]
) -> None:
    """Where a change of clocks leaves the time out, it is the first moment behind."""
    hour, minute = clock
    told = dues(subscribed(f"daily at {hour}:{minute:02}", zone), start, 40)
    days = [time.date() for time in told]
    assert days == [days[0] + timedelta(days=number) for number in range(40)]
    for time in told:
        wanted = time.replace(hour=hour, minute=minute, fold=0)
        exists = wanted.astimezone(UTC).astimezone(time.tzinfo).replace(
            tzinfo=None
        ) == wanted.replace(tzinfo=None)
        if exists:
            assert (time.hour, time.minute, time.fold) == (hour, minute, 0)
        else:
            before = (time.astimezone(UTC) - timedelta(minutes=1)).astimezone(time.tzinfo)
            assert (
                before.replace(tzinfo=None)
                < wanted.replace(tzinfo=None)
                <= time.replace(tzinfo=None)
            )


@settings(max_examples=40, deadline=None)
@given(moments, zones, st.sampled_from(["Monday", "Thursday", "Sunday"]), clocks)
def test_weekly_is_once_in_each_week(
    start: int, zone: str, day: str, clock: tuple[int, int]
) -> None:
    told = dues(subscribed(f"weekly on {day} at {clock[0]}:{clock[1]:02}", zone), start, 60)
    days = [time.date() for time in told]
    assert days == [days[0] + timedelta(days=7 * number) for number in range(60)]
    assert {time.strftime("%A") for time in told} == {day}


@settings(max_examples=30, deadline=None)
@given(moments, zones)
def test_hourly_is_once_in_each_hour(start: int, zone: str) -> None:
    told = dues(subscribed("hourly", zone), start, 200)
    gaps = {(after.timestamp() - before.timestamp()) for before, after in pairwise(told)}
    assert gaps <= {1800.0, 3600.0, 5400.0}  # some clocks are put by half an hour
    assert all(time.minute in (0, 30) for time in told)


@settings(deadline=None)
@given(
    moments,
    zones,
    st.sampled_from(["daily at 9", "hourly", "weekly on Monday", "every 3 hours"]),
    st.integers(0, 2_000_000),
)
def test_after_a_time_away_the_next_is_ahead_and_none_is_made_up(
    start: int, zone: str, when: str, away: int
) -> None:
    one = subscribed(when, zone).begun(start * 1000, 0)
    back = one.due + away * 1000
    again = one.told(back, 7)
    assert again.due > back
    assert again.cursor == 7
    assert again.told(again.due, 8).due > again.due


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("", "at once"),
        ("at once", "at once"),
        ("sofort", "at once"),
        ("every 20", "every 20"),
        ("alle 20 Nachrichten", "every 20"),
        ("hourly", "hourly"),
        ("daily at 9", "daily at 9"),
        ("weekly on Monday", "weekly on Monday"),
        ("weekly", "weekly"),
        ("wöchentlich am Freitag um 17:00", "wöchentlich am Freitag um 17:00"),
        ("Every morning", "daily at 9"),
        ("every evening", "daily at 18"),
        ("once a day", "daily at 9"),
        ("einmal am Tag", "täglich um 9"),
        ("jeden Morgen", "täglich um 9"),
        ("jeden Abend", "täglich um 18"),
        ("once a week", "weekly"),
    ],
)
def test_an_interval_is_read_and_written(text: str, kept: str) -> None:
    made = Interval.parse(text)
    assert str(made) == kept
    assert Interval.parse(str(made)) == made


@pytest.mark.parametrize(
    "text",
    [
        "every 1",
        "every 1000",
        "weekly on Monday and Friday",
        "every minute",
        "whenever",
        "weekly at 25:00",
    ],
)
def test_no_interval(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Interval.parse(text)
    assert len(str(caught.value)) > 20


@pytest.mark.parametrize("text", ["whenever", "weekly on Munday", "daily at 25", "every fortnight"])
def test_what_can_not_be_read_is_told_as_it_was_written(text: str) -> None:
    with pytest.raises(BadInput) as caught:
        Interval.parse(text)
    told = (
        "is not a schedule. Examples: immediately, every 20, hourly, daily at 9, weekdays at "
        "9:30, weekly on Monday."
    )
    assert str(caught.value) == f"“{text}” {told}"


def test_nothing_is_told_of_itself() -> None:
    with pytest.raises(BadInput, match="itself"):
        subscribed(target=LOBBY)
    with pytest.raises(BadInput, match="itself"):
        subscribed(fallback=Channel("chat", "juliet@example.org"))


def test_digests_are_told_nobody() -> None:
    digest = said("12 messages", LOBBY, kind=Kind.DIGEST)
    assert not subscribed(own=True).wants(digest)


def test_at_once_needs_no_word_for_being_online() -> None:
    with pytest.raises(
        BadInput, match="Add a schedule for when you are offline, for example daily at 9"
    ):
        subscribed(online=True)


@pytest.mark.parametrize(
    ("filter_", "body", "fits"),
    [
        ("release", "The RELEASE is out", True),
        ("release, deploy", "deploying", True),
        ("release", "nothing", False),
        ("/v[0-9]+/", "V2 is out", True),
        ("/v[0-9]+/", "vx", False),
        ("romeo", "hello", True),
    ],
)
def test_a_filter(filter_: str, body: str, fits: bool) -> None:
    assert Filter.parse(filter_)(said(body, author=ROMEO)) is fits


def test_a_bad_filter_is_refused() -> None:
    for bad in ("/(a/", "x" * 300):
        with pytest.raises(BadInput):
            subscribed(only=bad)


def test_names_are_found_as_words() -> None:
    assert {"juliet", "mary-ann", "dr.who", "you"} <= words_of(
        "@Juliet, (mary-ann) and dr.who: you?"
    )
    assert "julie" not in words_of("juliet")


def decided(
    one: Subscription,
    body: str = "hello",
    online: bool = False,
    quiet: str = "",
    now: int = 82_800_000,
) -> Verdict:
    moment = DecisionTime(
        now, lambda _jid: online, lambda _jid: Hours.parse(quiet) if quiet else None
    )
    return decide(one, said(body, LOBBY, author=ROMEO), moment)


def test_what_becomes_of_a_message() -> None:
    at_once, daily = subscribed(), subscribed("daily at 9")
    assert decided(at_once) is Verdict.NOW
    assert decided(daily) is Verdict.NO
    assert decided(replace(daily, online=True), online=True) is Verdict.NOW
    assert decided(replace(daily, online=True)) is Verdict.NO
    assert decided(replace(daily, name="juliet"), "hey Juliet") is Verdict.NOW
    assert decided(subscribed("every 5")) is Verdict.COUNT
    assert decided(at_once, quiet="22:00-07:00") is Verdict.HOLD
    assert decided(replace(at_once, due=1)) is Verdict.NO
    assert decided(replace(daily, name="juliet"), "hey Juliet", quiet="22:00-07:00") is Verdict.NO
    for standing in (Standing.ASKED, Standing.PAUSED, Standing.FAILED):
        assert decided(replace(at_once, standing=standing)) is Verdict.NO


@given(moments, zones, clocks, clocks)
def test_quiet_hours_end_and_are_over_then(
    start: int, zone: str, begins: tuple[int, int], ends: tuple[int, int]
) -> None:
    if begins == ends or (begins == (0, 0) and ends == (24, 0)):
        return
    hours = Hours.parse(f"{begins[0]}:{begins[1]:02}-{ends[0]}:{ends[1]:02}")
    until = hours.until(start * 1000, ZoneInfo(zone))
    if until is not None:
        assert start * 1000 < until <= (start + 27 * 3600) * 1000
        assert hours.until(until, ZoneInfo(zone)) is None
