"""One grammar of times: words that one command knows mean the same to all, in both languages."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from commands.grammar.pause import Pause, read_pause, until
from commands.grammar.reminder import ReminderRequest as Reminder
from commands.grammar.reminder import read as read_reminder
from commands.grammar.reminder import when
from commands.grammar.subscription import read as read_subscription
from component.bus.model.subscription import Interval
from component.common.errors import BadInput
from component.common.quiet_hours import Hours
from component.common.schedule import Schedule, once
from component.common.time_words import ENDLESS, leading_duration
from component.common.value_types import ClockTime, Span, Weekdays

BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 25, 12, tzinfo=BERLIN).timestamp() * 1000)  # a Wednesday
NAMES = frozenset({"lobby"})


def local(at: int) -> str:
    return f"{datetime.fromtimestamp(at / 1000, BERLIN):%Y-%m-%d %H:%M}"


DURATIONS = [
    ("90s", 90),
    ("90 seconds", 90),
    ("90 Sekunden", 90),
    ("10m", 600),
    ("10 min", 600),
    ("10 mins", 600),
    ("10 minutes", 600),
    ("10 Minuten", 600),
    ("half an hour", 1_800),
    ("einer halben Stunde", 1_800),
    ("an hour", 3_600),
    ("einer Stunde", 3_600),
    ("2h", 7_200),
    ("2 hrs", 7_200),
    ("2 hours", 7_200),
    ("2 Std", 7_200),
    ("2 Stunden", 7_200),
    ("2h 30min", 9_000),
    ("2 hours and 30 minutes", 9_000),
    ("2 Stunden und 30 Minuten", 9_000),
    ("1 day", 86_400),
    ("1 Tag", 86_400),
    ("3 Tage", 259_200),
    ("3 Tagen", 259_200),
    ("1d 12h", 129_600),
    ("a week", 604_800),
    ("einer Woche", 604_800),
    ("2 Wochen", 1_209_600),
]


@pytest.mark.parametrize(("text", "seconds"), DURATIONS)
def test_a_duration_is_the_same_everywhere(text: str, seconds: int) -> None:
    assert Span.parse(text).seconds == seconds  # settings
    assert leading_duration(f"{text} spam") == (seconds, "spam")  # mutes
    assert once(f"in {text}", NOW, BERLIN) == NOW + seconds * 1000
    assert when(f"in {text}", NOW, BERLIN).due == NOW + seconds * 1000
    assert until(text, NOW, BERLIN) == NOW + seconds * 1000
    assert read_pause(text) == Pause(until=f"in {text}")
    assert read_pause(f"lobby for {text}") == Pause("lobby", f"in {text}")
    assert read_pause(f"lobby für {text}") == Pause("lobby", f"in {text}")
    assert read_reminder(f"me in {text} to go", NAMES) == Reminder("me", f"in {text}", "go")
    assert read_reminder(f"me to go in {text}", NAMES) == Reminder("me", f"in {text}", "go")


@pytest.mark.parametrize("text", ["10", "10 monkeys", "soon", "", "2h apples", "bald"])
def test_what_is_no_duration_is_none_anywhere(text: str) -> None:
    with pytest.raises(BadInput):
        Span.parse(text)
    with pytest.raises(BadInput):
        once(f"in {text}", NOW, BERLIN)
    assert read_pause(text).until == ""


@pytest.mark.parametrize(
    ("text", "seconds", "rest"),
    [
        ("10 minutes 5 minutes late", 600, "5 minutes late"),
        ("10 minutes 2 days of spam", 600, "2 days of spam"),
        ("1d 12h 3 strikes", 129_600, "3 strikes"),
        ("10m", 600, ""),
    ],
)
def test_a_reason_may_begin_with_a_number(text: str, seconds: int, rest: str) -> None:
    assert leading_duration(text) == (seconds, rest)


@pytest.mark.parametrize(
    "text",
    ["forever", "ever", "until further notice", "until unmuted", "immer", "bis auf weiteres"],
)
def test_a_time_without_an_end(text: str) -> None:
    assert ENDLESS.fullmatch(text)
    assert read_pause(text) == Pause()
    assert read_pause(f"lobby {text}") == Pause("lobby")
    assert until(text, NOW, BERLIN) == 0


CLOCKS = [
    ("22:30", 22 * 60 + 30),
    ("22.30", 22 * 60 + 30),
    ("22h30", 22 * 60 + 30),
    ("7", 7 * 60),
    ("7am", 7 * 60),
    ("7:30pm", 19 * 60 + 30),
    ("noon", 12 * 60),
    ("mittags", 12 * 60),
    ("midnight", 0),
    ("Mitternacht", 0),
]


@pytest.mark.parametrize(("text", "minutes"), CLOCKS)
def test_a_time_of_day_is_the_same_everywhere(text: str, minutes: int) -> None:
    shown = f"{minutes // 60:02}:{minutes % 60:02}"
    cron = f"{minutes % 60} {minutes // 60} * *"
    assert str(ClockTime.parse(text)) == shown
    assert Hours.parse(f"{text}-23:45").start == ClockTime(minutes)
    assert Hours.parse(f"23:45 to {text}").end == ClockTime(minutes)
    assert Hours.parse(f"von 23 Uhr bis {text}").end == ClockTime(minutes)
    assert Schedule.parse(f"daily at {text}").cron == f"{cron} *"
    assert Schedule.parse(f"täglich um {text}").cron == f"{cron} *"
    assert Interval.parse(f"weekly on Monday at {text}").schedule == Schedule(
        f"weekly on Monday at {text}", ""
    )
    for word in ("tomorrow at", "morgen um"):
        due = f"2026-11-26 {shown}"
        assert local(once(f"{word} {text}", NOW, BERLIN)) == due
        assert local(when(f"{word} {text}", NOW, BERLIN).due) == due
        assert local(until(f"until {word} {text}", NOW, BERLIN)) == due


@pytest.mark.parametrize("text", ["25:00", "9:60", "13pm", "0am", "someday", ""])
def test_what_is_no_time_of_day_is_none_anywhere(text: str) -> None:
    for read in (
        ClockTime.parse,
        lambda text: Hours.parse(f"{text}-3:00"),
        lambda text: once(f"tomorrow at {text} x", NOW, BERLIN),
        lambda text: Schedule.parse(f"daily at {text} x"),
    ):
        with pytest.raises(BadInput):
            read(text)


DAYS = [
    ("Monday", "1", {0}),
    ("Mondays", "1", {0}),
    ("mon", "1", {0}),
    ("Montag", "1", {0}),
    ("montags", "1", {0}),
    ("Mo", "1", {0}),
    ("Sonnabend", "6", {5}),
    ("Sunday", "0", {6}),
    ("so", "0", {6}),
    ("weekdays", "1-5", {0, 1, 2, 3, 4}),
    ("werktags", "1-5", {0, 1, 2, 3, 4}),
    ("mon-fri", "1-5", {0, 1, 2, 3, 4}),
    ("Mo bis Fr", "1-5", {0, 1, 2, 3, 4}),
    ("Monday to Friday", "1-5", {0, 1, 2, 3, 4}),
    ("fri-mon", "0,1,5,6", {4, 5, 6, 0}),
    ("weekends", "0,6", {5, 6}),
    ("Wochenende", "0,6", {5, 6}),
    ("Tuesday and Thursday", "2,4", {1, 3}),
    ("Dienstag, Donnerstag", "2,4", {1, 3}),
    ("daily", "*", set(range(7))),
    ("täglich", "*", set(range(7))),
]


SEVERAL = ("Tuesday and Thursday", "Dienstag, Donnerstag", "Wochenende")
"""Several days once, or again and again: a reminder asks."""


@pytest.mark.parametrize(("text", "cron", "numbers"), DAYS)
def test_days_are_the_same_everywhere(text: str, cron: str, numbers: set[int]) -> None:
    assert Weekdays.parse(text).numbers == numbers
    for at in ("at 9:30", "9:30", "um 9:30 Uhr"):
        line = f"{text} {at}"
        schedule = Schedule.parse(line)
        assert schedule.cron == f"30 9 * * {cron}"
        assert Interval.parse(line).schedule == schedule
        assert read_subscription(f"lobby {line} by mail", NAMES).interval == line
        assert read_reminder(f"me {line} to go", NAMES) == Reminder("me", line, "go")
        due = schedule.after(NOW, BERLIN)
        if text in SEVERAL:
            with pytest.raises(BadInput, match="is several times"):
                when(line, NOW, BERLIN)
        else:
            assert when(line, NOW, BERLIN).due == due
        assert once(line, NOW, BERLIN) == due
        assert until(f"until {line}", NOW, BERLIN) == due


REPETITIONS = [
    ("hourly", "0 * * * *"),
    ("stündlich", "0 * * * *"),
    ("every 20 minutes", "*/20 * * * *"),
    ("alle 20 Minuten", "*/20 * * * *"),
    ("every 2 hours", "0 */2 * * *"),
    ("alle 2 Stunden", "0 */2 * * *"),
    ("every 2 hrs", "0 */2 * * *"),
    ("alle 2 Std", "0 */2 * * *"),
    ("every morning", "0 9 * * *"),
    ("jeden Morgen", "0 9 * * *"),
    ("every evening", "0 18 * * *"),
    ("jeden Abend", "0 18 * * *"),
    ("once a day", "0 9 * * *"),
    ("einmal am Tag", "0 9 * * *"),
    ("weekly", "0 9 * * 1"),
    ("wöchentlich", "0 9 * * 1"),
    ("every week", "0 9 * * 1"),
    ("jede Woche", "0 9 * * 1"),
    ("weekly on Friday at 17:00", "0 17 * * 5"),
    ("wöchentlich am Freitag um 17 Uhr", "0 17 * * 5"),
    ("every Monday 9:30", "30 9 * * 1"),
    ("jeden Montag um 9:30", "30 9 * * 1"),
    ("every weekday at noon", "0 12 * * 1-5"),
    ("jeden Werktag mittags", "0 12 * * 1-5"),
    ("0 9 * * 1-5", "0 9 * * 1-5"),
]


@pytest.mark.parametrize(("text", "cron"), REPETITIONS)
def test_a_repetition_is_the_same_everywhere(text: str, cron: str) -> None:
    schedule = Schedule.parse(text)
    assert schedule.cron == cron
    assert Interval.parse(text).schedule == schedule
    assert Schedule.parse(str(schedule)).cron == cron
    reminder = when(text, NOW, BERLIN)
    assert (reminder.due, reminder.schedule) == (schedule.after(NOW, BERLIN), str(schedule))
    assert read_subscription(f"lobby {text} by mail", NAMES).interval == text
    if "*" not in text:  # a line that asks for a reminder takes no cron
        assert read_reminder(f"me {text} to go", NAMES) == Reminder("me", text, "go")
        assert read_reminder(f"me to go {text}", NAMES) == Reminder("me", text, "go")
