"""Processors that keep something, or hold messages: what each does, and what it refuses to be set
to."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from component.bus.model.digest import MAX_CHARS, digests
from component.bus.model.ledger import Ledger
from component.bus.model.message import MAX_BODY, Author, Message, id_from
from component.bus.model.processor import MAX_HOLD, Hold, Moment, Outcome, Processor, Stop
from component.common.errors import BadInput
from component.common.value_types import ClockTime, Weekdays, Zone
from component.processors import build
from tests.support.fakes import FROM, said

NIGHT = {"start": "22:00", "end": "7:00"}
ROMEO = Author("Romeo", "romeo@example.org")
ZONES = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
    "Pacific/Apia",
]


def made(name: str, **settings: Any) -> Processor:
    return build(
        name,
        {
            key: value if isinstance(value, list) else [str(value)]
            for key, value in settings.items()
        },
    )


class Stand:
    """One processor with its notes; messages pass at the seconds that are told."""

    def __init__(self, processor: Processor) -> None:
        self.processor = processor
        self.ledger = Ledger()

    def __call__(self, second: float, message: Message | None = None) -> Outcome:
        moment = Moment(int(second * 1000), self.ledger.at((1, 1)), lambda _message: "")
        return self.processor(message or said(), moment)

    @property
    def noted(self) -> int:
        return len(self.ledger.page((1, 1)))


def at(text: str, zone: str = "UTC") -> float:
    """The second of a date and time."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp()


def until(outcome: Outcome) -> float:
    assert isinstance(outcome, Hold), outcome
    return outcome.until / 1000


def stopped(outcome: Outcome) -> str:
    assert isinstance(outcome, Stop), outcome
    return str(outcome.why)


@pytest.mark.parametrize(
    ("name", "settings", "why"),
    [
        ("throttle", {"count": 0, "per": "10s", "then": "drop"}, "1 to 1000 messages"),
        ("throttle", {"count": 5, "per": "0s", "then": "drop"}, "0s is out of range"),
        ("throttle", {"count": 1001, "per": "1h", "then": "hold"}, "1 to 1000 messages"),
        ("throttle", {"count": 1, "per": "32d", "then": "hold"}, "32d is out of range"),
        ("throttle", {"count": 1, "per": "1h", "then": "explode"}, "not one of the choices"),
        ("quiet", {"start": "7:00", "end": "07:00", "then": "hold"}, "would never end"),
        ("quiet", {"start": "0:00", "end": "24:00", "then": "hold"}, "would never end"),
        (
            "quiet",
            {"start": "0:00", "end": "24:00", "then": "hold", "days": "mon-sun"},
            "would never end",
        ),
        (
            "quiet",
            {"start": "24:00", "end": "7:00", "then": "hold"},
            "Quiet hours cannot start at 24:00. Write 0:00 of the next day.",
        ),
        ("quiet", {"start": "25:00", "end": "7:00", "then": "hold"}, "not a time of day"),
        (
            "quiet",
            {**NIGHT, "then": "hold", "zone": "Europe/Nowhere"},
            "is not a time zone. Write it as",
        ),
        (
            "quiet",
            {**NIGHT, "then": "hold", "zone": "../../etc/passwd"},
            "is not a time zone. Write it as",
        ),
        (
            "quiet",
            {**NIGHT, "then": "hold", "days": "someday"},
            "is not a list of days. Write it as mon-fri or sat, sun.",
        ),
        ("slow", {"per": "0s"}, "0s is out of range"),
        ("slow", {"per": "1000d"}, "is out of range"),
        ("dedupe", {"within": "0s"}, "0s is out of range"),
        ("delay", {"by": "0s"}, "0s is out of range"),
        ("delay", {"by": "32d"}, "32d is out of range"),
        (
            "digest",
            {},
            "A digest without a time or a count would never be sent. Set every or count.",
        ),
        ("digest", {"count": 0}, "A digest contains 1 to 1000 messages, not"),
        ("digest", {"count": 1001, "every": "1h"}, "A digest contains 1 to 1000 messages, not"),
        ("digest", {"every": "0s"}, "0s is out of range"),
        ("digest", {"every": "60d"}, "is out of range"),
        ("words", {"words": [], "then": "mask"}, "This field is required."),
        (
            "words",
            {"words": ["two words"], "then": "mask"},
            "is not a single word of letters and digits.",
        ),
        (
            "words",
            {"words": ["***"], "then": "mask"},
            "is not a single word of letters and digits.",
        ),
        (
            "words",
            {"words": ["x" * 61], "then": "mask"},
            "is not a single word of letters and digits.",
        ),
        ("words", {"words": [f"w{n}" for n in range(501)], "then": "mask"}, "The maximum is 500"),
    ],
)
def test_what_is_refused(name: str, settings: dict[str, Any], why: str) -> None:
    with pytest.raises(BadInput) as refused:
        made(name, **settings)
    assert why in str(refused.value.args[0])


def test_a_delay_holds_each_as_long() -> None:
    stand = Stand(made("delay", by="10min"))
    assert [until(stand(second)) for second in (0, 1.5)] == [600, 601.5]
    assert until(Stand(made("delay", by="31d"))(0)) * 1000 <= MAX_HOLD


# Throttle


def test_a_throttle_drops_what_is_more() -> None:
    stand = Stand(made("throttle", count=2, per="10s", then="drop"))
    outcomes = [stand(second) for second in (0, 3, 4, 9.999, 10, 12.9, 13)]
    assert [isinstance(one, Message) for one in outcomes] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert stopped(outcomes[2]) == "More than 2 messages in 10s."


def test_a_throttle_holds_what_is_more_in_its_turn() -> None:
    stand = Stand(made("throttle", count=2, per="10s", then="hold"))
    assert isinstance(stand(0), Message)
    assert isinstance(stand(1), Message)
    assert [until(stand(second)) for second in (1, 2, 3, 4)] == [10, 11, 20, 21]
    assert until(stand(29)) == 30
    assert isinstance(stand(50), Message)


def test_a_throttle_that_would_hold_too_long_refuses() -> None:
    stand = Stand(made("throttle", count=1, per="20d", then="hold"))
    assert isinstance(stand(0), Message)
    assert until(stand(1)) == 20 * 86400
    for _again in range(2):
        with pytest.raises(BadInput, match="More messages are waiting there than can pass in"):
            stand(2)
    assert until(stand(10 * 86400)) == 40 * 86400  # what was refused took no turn


def test_a_clock_set_back_stops_nothing_for_good() -> None:
    for name, settings in (
        ("throttle", {"count": 1, "per": "10s", "then": "drop"}),
        ("slow", {"per": "10s"}),
        ("dedupe", {"within": "10s"}),
    ):
        stand = Stand(made(name, **settings))
        assert isinstance(stand(1_000_000), Message)
        assert isinstance(stand(10), Message), name


@given(
    st.integers(1, 5), st.integers(1, 20), st.lists(st.integers(0, 15), max_size=60), st.booleans()
)
def test_never_more_than_the_count_in_any_window(
    count: int, per: int, waits: Sequence[int], hold: bool
) -> None:
    stand = Stand(made("throttle", count=count, per=f"{per}s", then="hold" if hold else "drop"))
    now, left = 0, []
    for wait in waits:
        now += wait
        outcome = stand(now)
        if isinstance(outcome, Message):
            left.append(float(now))
        elif isinstance(outcome, Hold):
            assert hold
            left.append(until(outcome))
            assert left[-1] > now
        else:
            inside = [one for one in left if one > now - per]
            assert not hold
            assert len(inside) == count, "dropped without need"
    assert left == sorted(left), "out of order"
    assert all(after - before >= per for before, after in zip(left, left[count:], strict=False)), (
        "too many"
    )
    assert not hold or len(left) == len(waits), "lost"
    assert stand.noted <= count + 1


# Quiet hours


def test_quiet_hours_hold_until_they_end() -> None:
    stand = Stand(made("quiet", **NIGHT, then="hold"))
    assert isinstance(stand(at("2026-03-10 21:59:59.999")), Message)
    for second in (
        "2026-03-10 22:00",
        "2026-03-10 23:59:59",
        "2026-03-11 00:00",
        "2026-03-11 06:59:59.999",
    ):
        assert until(stand(at(second))) == at("2026-03-11 07:00"), second
    assert isinstance(stand(at("2026-03-11 07:00")), Message)


def test_quiet_hours_drop() -> None:
    stand = Stand(made("quiet", **NIGHT, then="drop"))
    assert stopped(stand(at("2026-03-10 23:00"))) == "Quiet hours are from 22:00 to 07:00."


def test_quiet_hours_on_some_days() -> None:
    stand = Stand(made("quiet", **NIGHT, then="hold", days="fri, sat"))  # 2026-03-13 is a Friday
    assert isinstance(stand(at("2026-03-12 23:00")), Message)
    assert isinstance(stand(at("2026-03-13 06:00")), Message)
    assert until(stand(at("2026-03-13 23:00"))) == at("2026-03-14 07:00")
    assert until(stand(at("2026-03-15 06:00"))) == at("2026-03-15 07:00")
    assert isinstance(stand(at("2026-03-15 23:00")), Message)


def test_a_quiet_weekend_ends_on_monday() -> None:
    stand = Stand(
        made("quiet", start="0:00", end="24:00", then="hold", days="sat-sun", zone="Europe/Berlin")
    )
    assert isinstance(stand(at("2026-03-13 23:59:59", "Europe/Berlin")), Message)
    assert until(stand(at("2026-03-14 00:00", "Europe/Berlin"))) == at(
        "2026-03-16 00:00", "Europe/Berlin"
    )
    six = Stand(made("quiet", start="0:00", end="24:00", then="hold", days="tue-sun"))
    assert until(six(at("2026-03-10 00:00"))) == at("2026-03-16 00:00")


@pytest.mark.parametrize(
    ("start", "end", "now", "over"),
    # in UTC; Berlin puts its clocks forward on 2026-03-29 at 01:00, and back on 2026-10-25 at 01:00
    [
        ("22:00", "7:00", "2026-03-28 23:00", "2026-03-29 05:00"),  # a short night
        ("22:00", "7:00", "2026-10-24 21:00", "2026-10-25 06:00"),  # a long one
        ("22:00", "2:30", "2026-03-28 23:00", "2026-03-29 01:00"),  # it ends in the hour left out
        ("2:15", "7:00", "2026-03-29 01:00", "2026-03-29 05:00"),  # it starts there
        (
            "22:00",
            "2:30",
            "2026-10-24 23:00",
            "2026-10-25 00:30",
        ),  # it ends where the hour comes first
        ("2:30", "7:00", "2026-10-25 01:10", "2026-10-25 06:00"),  # 2:10 again, after 2:30
    ],
)
def test_quiet_hours_when_clocks_change(start: str, end: str, now: str, over: str) -> None:
    stand = Stand(made("quiet", start=start, end=end, then="hold", zone="Europe/Berlin"))
    assert until(stand(at(now))) == at(over)
    assert isinstance(stand(at(over)), Message)


def test_quiet_hours_that_lie_in_the_hour_left_out_are_none() -> None:
    stand = Stand(made("quiet", start="2:10", end="2:50", then="hold", zone="Europe/Berlin"))
    assert isinstance(stand(at("2026-03-29 01:00")), Message)
    assert until(stand(at("2026-03-30 00:20"))) == at("2026-03-30 00:50")


_minutes = st.integers(0, 24 * 60 - 1)
_days = st.frozensets(st.integers(0, 6), min_size=1)
_nows = st.datetimes(datetime.fromisoformat("2005-01-01"), datetime.fromisoformat("2040-01-01"))


def _shown(second: float, zone: str) -> datetime:
    return datetime.fromtimestamp(second, ZoneInfo(zone)).replace(tzinfo=None)


@given(_minutes, _minutes, _days, st.sampled_from(ZONES), _nows)
def test_what_is_held_goes_at_the_end_of_the_quiet(
    start: int, end: int, days: frozenset[int], zone: str, now: datetime
) -> None:
    if start == end:
        end = (end + 1) % (24 * 60)
    settings = {
        "start": ClockTime(start),
        "end": ClockTime(end),
        "days": Weekdays(days),
        "zone": zone,
    }
    stand = Stand(made("quiet", **settings, then="hold"))
    second = now.replace(tzinfo=UTC).timestamp()
    outcome = stand(second)
    if isinstance(outcome, Message):
        return
    over = until(outcome)
    assert over > second
    assert isinstance(stand(over), Message), "let go into the quiet"
    assert isinstance(stand(over - 1), Hold), "late"
    shown, before = _shown(over, zone), _shown(over - 1, zone)
    leapt = shown - before > timedelta(seconds=1)
    wall = datetime.combine(shown.date(), datetime.min.time()) + timedelta(minutes=end)
    assert shown == wall or (
        leapt and any(before < one <= shown for one in (wall, wall - timedelta(days=1)))
    )


@given(_minutes, _nows.map(datetime.date), st.sampled_from(ZONES))
def test_a_time_of_day_is_the_first_moment_that_shows_it(
    minutes: int, day: date, zone: str
) -> None:
    wall = datetime.combine(day, datetime.min.time()) + timedelta(minutes=minutes)
    second = ClockTime(minutes).on(day, ZoneInfo(zone))
    assert _shown(second, zone) >= wall
    assert _shown(second - 1, zone) < wall


def test_quiet_hours_give_one_digest_a_night() -> None:
    stand = Stand(made("quiet", **NIGHT, then="digest"))
    nights = [
        [stand(at(f"2026-03-{day} {hour}"), said(f"{day} {hour}")) for hour in ("22:30", "23:30")]
        for day in (10, 11)
    ]
    batches = [{one.batch for one in night if isinstance(one, Hold)} for night in nights]
    assert [len(one) for one in batches] == [1, 1]
    assert batches[0] != batches[1]
    assert [until(night[1]) for night in nights] == [at("2026-03-11 07:00"), at("2026-03-12 07:00")]


# Slow mode, dedupe


def test_slow_mode_tells_an_author_how_long_to_wait() -> None:
    stand = Stand(made("slow", per="30s"))
    assert isinstance(stand(0), Message)
    assert isinstance(stand(1, said(author=ROMEO)), Message)
    outcome = stand(10.5)
    assert stopped(outcome) == "Slow mode is on. You can post your next message in 20s."
    assert isinstance(outcome, Stop)
    assert outcome.tell
    assert isinstance(stand(30), Message)
    assert stopped(stand(30.001, said(author=ROMEO)))


def test_dedupe_lets_the_same_pass_once_within_its_time() -> None:
    stand = Stand(made("dedupe", within="1h"))
    outcomes = [
        stand(second, said(body))
        for second, body in ((0, "a"), (1, "b"), (2, "a"), (3599.999, "a"), (3600, "a"))
    ]
    assert [isinstance(one, Message) for one in outcomes] == [True, True, False, False, True]
    assert stopped(outcomes[2]) == "The same text was posted within 1h."
    assert isinstance(stand(3601, said("a", author=ROMEO)), Stop)


def test_dedupe_for_each_author() -> None:
    stand = Stand(made("dedupe", within="1h", author="yes"))
    assert isinstance(stand(0), Message)
    assert isinstance(stand(1, said(author=ROMEO)), Message)
    assert isinstance(stand(2, said(author=ROMEO)), Stop)


@pytest.mark.parametrize(
    ("name", "settings"), [("slow", {"per": "10s"}), ("dedupe", {"within": "10s"})]
)
def test_what_is_over_is_forgotten(name: str, settings: dict[str, str]) -> None:
    stand = Stand(made(name, **settings))
    for second in range(50):
        stand(second, said(f"{second}", author=Author("x", f"{second}@example.org")))
        assert stand.noted <= 11
    for second in range(100, 106):
        stand(second)
    assert stand.noted == 1


# Words


@pytest.mark.parametrize(
    ("body", "masked"),
    [
        ("Such a darn day", "Such a **** day"),
        ("DARN! darn, (Darn) _darn_", "****! ****, (****) _****_"),
        ("dаrn", "****"),  # a Cyrillic а
        ("d\u200ba\u0301rn it", "**** it"),
        ("ｄａｒｎ", "****"),
        ("darn's\ndarn", "****'s\n****"),
        ("darned undarn darn1", "darned undarn darn1"),
        ("हिन्दी", "***"),  # three letters, and what stands at them
    ],
)
def test_words_are_masked(body: str, masked: str) -> None:
    outcome = Stand(made("words", words=["darn", "heck", "हिन्दी"], then="mask"))(0, said(body))
    assert isinstance(outcome, Message)
    assert outcome.body == masked


def test_words_are_refused_and_named() -> None:
    stand = Stand(made("words", words=["heck", "darn"], then="refuse"))
    assert isinstance(stand(0, said("What the hell")), Message)
    outcome = stand(0, said("What a Darn heck"))
    assert stopped(outcome) == "“Darn” is not allowed there."
    assert isinstance(outcome, Stop)
    assert outcome.tell


@given(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=40).filter(
        str.strip
    )
)
def test_a_word_is_found_in_any_text(body: str) -> None:
    listed = made("words", words=["darn"], then="mask")
    outcome = Stand(listed)(0, said(f"{body} darn {body}"))
    assert isinstance(outcome, Message)
    assert " darn " not in outcome.body
    assert len(outcome.body) == len(f"{body} darn {body}")


# Digests


def test_a_digest_by_time() -> None:
    stand = Stand(made("digest", every="1h"))
    outcomes = [stand(second, said(str(second))) for second in (0, 60, 3599.999, 3600, 3700)]
    assert [until(one) for one in outcomes] == [3600, 3600, 3600, 7200, 7200]
    assert len({one.batch for one in outcomes[:3] if isinstance(one, Hold)}) == 1
    assert len({one.batch for one in outcomes if isinstance(one, Hold)}) == 2


def test_a_digest_by_count_goes_with_the_last() -> None:
    stand = Stand(made("digest", count=3))
    outcomes = [stand(second, said(str(second))) for second in range(7)]
    week = 7 * 86400
    assert [until(one) for one in outcomes] == [week, week, 2, week + 3, week + 3, 5, week + 6]
    batches = [one.batch for one in outcomes if isinstance(one, Hold)]
    assert [batches.count(one) for one in dict.fromkeys(batches)] == [3, 3, 1]
    assert until(Stand(made("digest", count=1))(5)) == 5


def test_a_digest_by_time_and_count() -> None:
    stand = Stand(made("digest", count=2, every="10s"))
    assert [until(stand(second)) for second in (0, 1, 2, 15)] == [10, 1, 12, 25]


def test_a_batch_is_named_by_its_first_message() -> None:
    first = said("first")
    one, other = (Stand(made("digest", every="1h"))(0, first) for _again in range(2))
    assert one == other
    assert one != Stand(made("digest", every="1h"))(0, said("other"))


def _lines(bodies: Sequence[str], **more: Any) -> str:
    (digest,) = digests(
        [said(body, at=60_000, **more) for body in bodies], id_from("batch"), 7_200_000
    )
    return digest.body


def test_a_digest_has_a_line_for_each() -> None:
    assert _lines(["one", "two"]) == "2 messages:\n00:01 Juliet: one\n00:01 Juliet: two"
    assert _lines(["one"]) == "1 message:\n00:01 Juliet: one"


def test_a_digest_over_days_tells_the_dates() -> None:
    late = said("late", at=86_400_000 - 60_000)
    (digest,) = digests([late], id_from("batch"), 86_400_000)
    assert digest.body == "1 message:\n1970-01-01 23:59 Juliet: late"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\u2028", "\u2029", "\x85"])
def test_nobody_can_forge_a_line(end: str) -> None:
    lines = _lines([f"hi{end}00:01 Romeo: forged"]).splitlines()
    assert lines == ["1 message:", "00:01 Juliet: hi", "      00:01 Romeo: forged"]
    name = Author(f"Juliet: hi{end}00:01 Romeo", "x")
    assert len(_lines(["forged"], author=name).splitlines()) == 2


@pytest.mark.parametrize(
    "body",
    ["x" * MAX_BODY, "x\n" * (MAX_BODY // 2 - 1) + "x", "x" * MAX_CHARS, "y" * (MAX_CHARS - 20)],
)
def test_a_digest_holds_what_is_long_in_parts(body: str) -> None:
    found = digests([said(body), said("second"), said("third")], id_from("batch"), 2_000)
    assert len({one.id for one in found}) == len(found) > 1
    assert found[0].id == id_from("batch")
    assert max(len(one.body) for one in found) <= MAX_BODY
    text = "".join(one.body for one in found)
    assert text.count("x") + text.count("y") == len(body.replace("\n", ""))
    assert (
        sum(line.startswith("00:00 Juliet: ") for one in found for line in one.body.split("\n"))
        == 3
    )
    assert all(one.author.key == f"digest:{FROM}" for one in found)


def test_a_zone_is_known_by_its_name_in_any_case() -> None:
    assert Zone.parse("europe/berlin") == Zone("Europe/Berlin")
    assert Zone.parse("america/new york").info == ZoneInfo("America/New_York")
    assert Zone.parse("utc").info is UTC
    with pytest.raises(BadInput, match="Europe/Berlin"):
        Zone.parse("Europe/Berlln")


@pytest.mark.parametrize(
    ("written", "zone"),
    [
        ("Berlin", "Europe/Berlin"),
        ("new york", "America/New_York"),
        ("Berlni", "Europe/Berlin"),
        ("CEST", "Europe/Berlin"),
        ("xyzzy", "Europe/Berlin"),
    ],
)
def test_a_place_or_a_common_name_is_told_as_its_zone(written: str, zone: str) -> None:
    with pytest.raises(BadInput, match=f"Write it as {zone}[.,]"):
        Zone.parse(written)


@given(_days)
def test_days_are_read_as_they_are_written(days: frozenset[int]) -> None:
    assert Weekdays.parse(str(Weekdays(days))).numbers == days


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("Mo-Fr", {0, 1, 2, 3, 4}),
        ("fri-mon", {4, 5, 6, 0}),
        ("Samstag, Sunday", {5, 6}),
        ("di; do", {1, 3}),
    ],
)
def test_days_in_two_languages(text: str, numbers: set[int]) -> None:
    assert Weekdays.parse(text).numbers == numbers


@given(_minutes)
def test_a_time_of_day_is_read_as_it_is_written(minutes: int) -> None:
    assert ClockTime.parse(str(ClockTime(minutes))) == ClockTime(minutes)
