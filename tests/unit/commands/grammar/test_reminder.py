"""Lines that ask for reminders, in any order of words; and the names of channels."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from commands.grammar.names import names_of
from commands.grammar.reminder import ReminderRequest, read, when
from component.bus.model.message import Channel
from component.common.errors import BadInput

BOX, ROOM = Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.example.org")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 25, 12, 0, tzinfo=BERLIN).timestamp())

NAMES = names_of(
    [(BOX, "The Lobby"), (ROOM, "Lobby"), (Channel("muc", "lobby@rooms.example.org"), "")]
)


@pytest.mark.parametrize(
    ("line", "whom", "time", "what"),
    [
        ("team in 20 minutes to stretch", "team", "in 20 minutes", "stretch"),
        ("me at 15:00 to call Romeo", "me", "at 15:00", "call Romeo"),
        ("me tomorrow at 9 to look again", "me", "tomorrow at 9", "look again"),
        ("lobby every Monday 9:30 to stand up", "lobby", "every Monday 9:30", "stand up"),
        (
            "the lobby, every weekday at 9:30, to stand up",
            "the lobby",
            "every weekday at 9:30,",
            "stand up",
        ),
        ("muc:team@rooms.example.org in 1h to go", "muc:team@rooms.example.org", "in 1h", "go"),
        ("muc:none@x in 5 minutes to go", "muc:none@x", "in 5 minutes", "go"),
        ("me to stretch in 20 minutes.", "me", "in 20 minutes.", "stretch"),
        ("me to do the laundry tomorrow", "me", "tomorrow", "do the laundry"),
        ("me do 5 rounds tomorrow", "me", "tomorrow", "do 5 rounds"),
        ("in 20 minutes team to stretch", "team", "in 20 minutes", "stretch"),
        ("in 20 minutes to stretch", "", "in 20 minutes", "stretch"),
        ("call mom in 20 minutes", "", "in 20 minutes", "call mom"),
        ("stretch in 20 minutes", "", "in 20 minutes", "stretch"),
        ("juliet in 20 minutes to stretch", "juliet", "in 20 minutes", "stretch"),
        ("juliet to stretch in 20 minutes", "juliet", "in 20 minutes", "stretch"),
        ("me tomorrow at 9 and bring milk", "me", "tomorrow at 9", "and bring milk"),
        ("me tomorrow to be at 9 there", "me", "tomorrow", "be at 9 there"),
        ("me in half an hour that tea is ready", "me", "in half an hour", "tea is ready"),
        ("me today at 0:30 to sleep", "me", "today at 0:30", "sleep"),
        ("me every 2 minutes to blink", "me", "every 2 minutes", "blink"),
        ("me to look at the sun", "me", "", "look at the sun"),
        ("me to buy 5", "me", "", "buy 5"),
        ("me to have a good day", "me", "", "have a good day"),
        ("me in 20 minutes", "me", "in 20 minutes", ""),
        ("me", "me", "", ""),
        ("", "", "", ""),
        ("mich in 20 Minuten ans Dehnen", "mich", "in 20 Minuten", "Dehnen"),
        ("mich morgen um 9 daran, dass Romeo kommt", "mich", "morgen um 9", "Romeo kommt"),
        ("mich morgen um 9 daran, Romeo anzurufen", "mich", "morgen um 9", "Romeo anzurufen"),
        (
            "mich jeden Montag um 9:30 Uhr an das Treffen",
            "mich",
            "jeden Montag um 9:30 Uhr",
            "das Treffen",
        ),
        ("mich am Freitag um 16 Uhr an die Uhr", "mich", "am Freitag um 16 Uhr", "die Uhr"),
        ("mich alle 2 Stunden ans Trinken", "mich", "alle 2 Stunden", "Trinken"),
        ("mich ans Dehnen in einer halben Stunde", "mich", "in einer halben Stunde", "Dehnen"),
    ],
)
def test_what_a_line_says(line: str, whom: str, time: str, what: str) -> None:
    assert read(line, NAMES) == ReminderRequest(whom, time, what)


def test_long_lines_are_read_soon() -> None:
    """Each costs a few looks for a time, however long it is."""
    line = "every every " * 5_000 + "in in in at at at " * 500
    assert read(line, NAMES).when == ""


def test_names_that_several_have() -> None:
    assert NAMES["lobby"] == [BOX]  # its address before another's title
    assert NAMES["the lobby"] == [BOX]
    assert NAMES["team"] == [ROOM]
    both = names_of([(Channel("muc", "a@x"), "One"), (Channel("muc", "a@y"), "one")])
    assert len(both["a"]) == len(both["one"]) == 2


@pytest.mark.parametrize(
    ("text", "local", "schedule"),
    [
        ("in 20 minutes", "2026-11-25 12:20", ""),
        ("in einer halben Stunde", "2026-11-25 12:30", ""),
        ("at 15:00", "2026-11-25 15:00", ""),
        ("at 9", "2026-11-26 09:00", ""),
        ("tomorrow at 9,", "2026-11-26 09:00", ""),
        ("next Monday 9:30", "2026-11-30 09:30", ""),
        ("on 2026-12-24 at 18:00", "2026-12-24 18:00", ""),
        ("every Monday 9:30", "2026-11-30 09:30", "every Monday 9:30"),
        ("Mondays at 9:30", "2026-11-30 09:30", "Mondays at 9:30"),
        ("täglich um 8", "2026-11-26 08:00", "täglich um 8"),
        ("0 9 * * 1", "2026-11-30 09:00", "0 9 * * 1"),
    ],
)
def test_times(text: str, local: str, schedule: str) -> None:
    found = when(text, NOW * 1000, BERLIN)
    assert datetime.fromtimestamp(found.due / 1000, BERLIN).strftime("%Y-%m-%d %H:%M") == local
    assert found.schedule == schedule


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("today at 9", "is in the past. Choose a later time."),
        ("2020-01-01 9:00", "is in the past. Choose a later time."),
        ("in 53 weeks", "more than a year ahead"),
        ("2028-01-01 9:00", "more than a year ahead"),
        ("in 999999 weeks", "more than a year ahead"),
        ("every 2 minutes", "Even fortune cookies take longer to bake"),
        ("* * * * *", "Even fortune cookies take longer to bake"),
        ("every 7 minutes", "does not divide the hour or the day evenly. Choose one of"),
        ("soon", "I do not understand “soon” as a time in the future."),
        ("team in 3 minutes", "I do not understand “team in 3 minutes” as a time"),
        ("", "I do not understand “” as a time"),
        ("Tuesday and Thursday at 9:30", "is several times. Write “every Tuesday and Thursday"),
    ],
)
def test_times_that_will_not_do(text: str, why: str) -> None:
    with pytest.raises(BadInput, match=why):
        when(text, NOW * 1000, BERLIN)
