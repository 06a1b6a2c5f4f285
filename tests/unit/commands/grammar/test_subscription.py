"""Lines that ask for subscriptions and pauses, in any order of words."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands.grammar.pause import Pause, read_pause, until
from commands.grammar.subscription import MAX_LINE, SubscriptionRequest, read, tidy, words_in
from component.common.errors import BadInput
from component.common.schedule import Leap, Schedule, leap

NAMES = frozenset({"lobby", "the lobby", "shoutbox:lobby", "feed:planet", "planet", "team"})
BERLIN = ZoneInfo("Europe/Berlin")
NOW = int(datetime(2026, 11, 25, 12, tzinfo=BERLIN).timestamp() * 1000)  # a Wednesday


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lobby", {}),
        ("to lobby", {}),
        ("me to the lobby", {"channel": "the lobby"}),
        ("lobby daily at 9 by mail", {"interval": "daily at 9", "by": "mail"}),
        ("daily at 9 by e-mail lobby", {"interval": "daily at 9", "by": "mail"}),
        ("by mail lobby, daily at 9", {"interval": "daily at 9", "by": "mail"}),
        (
            'feed:planet weekly on Monday matching "release"',
            {"channel": "feed:planet", "interval": "weekly on Monday", "matching": "release"},
        ),
        (
            'lobby every 20 without "standup" by sms',
            {"interval": "every 20", "without": "standup", "by": "sms"},
        ),
        ("lobby daily at 9 and at once when online", {"interval": "daily at 9", "online": True}),
        ("lobby hourly and immediately while I am online", {"interval": "hourly", "online": True}),
        ("lobby at once", {"interval": "at once"}),
        ("lobby every morning by mail", {"interval": "every morning", "by": "mail"}),
        ("lobby once a day by mail", {"interval": "once a day", "by": "mail"}),
        ("lobby 0 9 * * 1 by mail", {"interval": "0 9 * * 1", "by": "mail"}),
        (
            "lobby Mondays and Fridays at 9:30 and my own posts",
            {"interval": "Mondays and Fridays at 9:30", "own": True},
        ),
        ("lobby by mail to juliet@example.org", {"by": "mail", "address": "juliet@example.org"}),
        ("lobby by mail juliet@example.org", {"by": "mail", "address": "juliet@example.org"}),
        ("lobby by juliet@example.org", {"address": "juliet@example.org"}),
        (
            "lobby by sms to +49 (151) 234-5678 daily at 8",
            {"by": "sms", "address": "+491512345678", "interval": "daily at 8"},
        ),
        (
            "lobby daily at 9 for Romeo@example.org",
            {"interval": "daily at 9", "who": "romeo@example.org"},
        ),
        (
            "lobby daily at 9 to muc:team@rooms.x",
            {"interval": "daily at 9", "address": "muc:team@rooms.x"},
        ),
        (
            "lobby daily at 9 by mail else by sms",
            {"interval": "daily at 9", "by": "mail", "fallback": "sms"},
        ),
        (
            "lobby matching release notes, deploy by mail weekly",
            {"matching": "release notes, deploy", "by": "mail", "interval": "weekly"},
        ),
        (
            'lobby matching "sent by mail" without /re \\d+/',
            {"matching": "sent by mail", "without": "/re \\d+/"},
        ),
        (
            "lobby matching “release notes” hourly",
            {"matching": "release notes", "interval": "hourly"},
        ),
        (
            'lobby matching="release notes" own=yes online=no mention=none',
            {"matching": "release notes", "own": True, "online": False, "mention": "none"},
        ),
        ("lobby thread 12ab34cd", {"thread": "12ab34cd"}),
        ('"The Lobby" hourly', {"channel": "The Lobby", "interval": "hourly"}),
        ("lobby by pigeon", {"by": "pigeon"}),
        (
            "lobby by mail to romeo daily at 9",
            {"by": "mail", "address": "romeo", "interval": "daily at 9"},
        ),
        ("lobby by sms to 0151 234 567", {"by": "sms", "address": "0151 234 567"}),
    ],
)
def test_what_a_line_says(line: str, said: dict[str, Any]) -> None:
    assert read(line, NAMES) == SubscriptionRequest(**{"channel": "lobby", **said})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("lobby täglich um 9 per Mail", {"interval": "täglich um 9", "by": "mail"}),
        (
            "lobby wöchentlich am Montag mit „Release“",
            {"interval": "wöchentlich am Montag", "matching": "Release"},
        ),
        (
            "lobby alle 20 Nachrichten ohne Standup per SMS",
            {"interval": "alle 20 Nachrichten", "without": "Standup", "by": "sms"},
        ),
        (
            "lobby werktags um 9 und sofort wenn ich online bin",
            {"interval": "werktags um 9", "online": True},
        ),
        ("lobby stündlich auch meine eigenen Beiträge", {"interval": "stündlich", "own": True}),
        (
            "lobby jeden Montag um 9 sonst per SMS",
            {"interval": "jeden Montag um 9", "fallback": "sms"},
        ),
        ("lobby jeden Abend per Mail", {"interval": "jeden Abend", "by": "mail"}),
        ("lobby einmal am Tag per Mail", {"interval": "einmal am Tag", "by": "mail"}),
        ("lobby sofort für romeo@x", {"interval": "sofort", "who": "romeo@x"}),
    ],
)
def test_what_a_german_line_says(line: str, said: dict[str, Any]) -> None:
    assert read(line, NAMES) == SubscriptionRequest(**{"channel": "lobby", **said})


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("our newsletter please", SubscriptionRequest(channel="our", rest="newsletter")),
        ("lobby please", SubscriptionRequest(channel="lobby", rest="please")),
        ("daily at 9", SubscriptionRequest(interval="daily at 9")),
        (
            "lobby every 2 minutes by mail",
            SubscriptionRequest(channel="lobby", interval="every 2 minutes", by="mail"),
        ),
        ("lobby every fortnight", SubscriptionRequest(channel="lobby", interval="every fortnight")),
        ("lobby daily at 25", SubscriptionRequest(channel="lobby", interval="daily at 25")),
        (
            "lobby daily at 9 weekly",
            SubscriptionRequest(channel="lobby", interval="daily at 9 weekly"),
        ),
        ("loby hourly", SubscriptionRequest(channel="loby", interval="hourly")),
        ("", SubscriptionRequest()),
    ],
)
def test_what_can_not_be_read_is_kept_to_be_told(line: str, said: SubscriptionRequest) -> None:
    assert read(line, NAMES) == said


def test_a_line_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadInput, match="The maximum is 600"):
        read("lobby " + "x" * MAX_LINE, NAMES)


_WORDS = [
    "lobby",
    "the",
    "with",
    "without",
    "by",
    "mail",
    "to",
    "+49",
    "a@b",
    "every",
    "monday",
    "and",
    "at",
    "9",
    "once",
    "when",
    "online",
    '"',
    "own",
    "=",
    "thread",
    "*",
    "0",
    "else",
    "for",
    "until",
    "matching=",
    "“",
    "daily",
]


@settings(deadline=None)  # a busy machine is slow
@given(st.lists(st.sampled_from(_WORDS), max_size=25).map(" ".join))
def test_whatever_is_written_is_read(line: str) -> None:
    said = read(line, NAMES)
    assert said == read(line, NAMES)
    assert said.rest in ("", *(one.said for one in words_in(line)))


@pytest.mark.parametrize(
    ("written", "address"),
    [
        ("mailto:juliet@example.org", "juliet@example.org"),
        ("0049 (0)151 / 234", "+49151234"),
        ("tel:+49-151-234", "+49151234"),
        ("  juliet@example.org ", "juliet@example.org"),
        ("+", "+"),
        ("0151 234", "0151 234"),
    ],
)
def test_addresses_are_tidied(written: str, address: str) -> None:
    assert tidy(written) == address


# Pauses


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("", Pause()),
        ("until Monday", Pause(until="Monday")),
        ("bis Montag", Pause(until="Montag")),
        ("lobby for 2h", Pause("lobby", "in 2h")),
        ("für 2 Stunden", Pause(until="in 2 Stunden")),
        ("the lobby until tomorrow at 9", Pause("the lobby", "tomorrow at 9")),
        ("2h", Pause(until="in 2h")),
        ("3", Pause("3")),
        ('"the lobby"', Pause("the lobby")),
    ],
)
def test_what_is_paused(line: str, said: Pause) -> None:
    assert read_pause(line) == said


@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("Monday", "2026-11-30 09:00"),
        ("on Monday", "2026-11-30 09:00"),
        ("until next Friday 10:30", "2026-11-27 10:30"),
        ("2h", "2026-11-25 14:00"),
        ("in 2 hours", "2026-11-25 14:00"),
        ("tomorrow at 9", "2026-11-26 09:00"),
        ("2026-12-24", "2026-12-24 09:00"),
        ("nächsten Montag", "2026-11-30 09:00"),
    ],
)
def test_until_when(written: str, time: str) -> None:
    assert (
        f"{datetime.fromtimestamp(until(written, NOW, BERLIN) / 1000, BERLIN):%Y-%m-%d %H:%M}"
        == time
    )


def test_until_no_time() -> None:
    assert until("", NOW, BERLIN) == 0
    for wrong in ("the cows come home", "2020-01-01", "60w", "2028-01-01"):
        with pytest.raises(BadInput):
            until(wrong, NOW, BERLIN)


# Clocks


def test_a_time_that_clocks_leave_out() -> None:
    assert leap(Schedule.parse("daily at 2:30"), BERLIN, NOW) == Leap(
        "02:30", "2027-03-28", "03:00"
    )
    assert leap(Schedule.parse("Sundays 2:30"), BERLIN, NOW) == Leap("02:30", "2027-03-28", "03:00")


@pytest.mark.parametrize(
    "schedule", ["daily at 9", "hourly", "Mondays 2:30", "every 2 hours", "0 0 29 2 *"]
)
def test_times_that_none_leave_out(schedule: str) -> None:
    assert leap(Schedule.parse(schedule), BERLIN, NOW) is None


def test_a_zone_without_summer_time_leaves_out_none() -> None:
    assert leap(Schedule.parse("daily at 2:30"), ZoneInfo("UTC"), NOW) is None
    assert datetime.fromtimestamp(NOW / 1000, UTC).hour == 11
