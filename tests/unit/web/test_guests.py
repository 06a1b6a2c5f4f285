"""Guests: rates by a clock that is told the time, names held, look-alikes, and whose address it
is."""

import pytest

from component.common.errors import BadInput, Conflict, TooMany
from component.common.rate import MAX_KEYS, Rate
from tests.support.fakes import FakeClock
from web.guests import NAME_LIFE_S, Guests, client_address, new_session


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def guests(clock: FakeClock) -> Guests:
    return Guests(clock.seconds, ["bot", "shoutbus"])


def test_a_burst_then_one_at_a_time(clock: FakeClock) -> None:
    rate = Rate(clock.seconds, 3, 0.5)
    for _ in range(3):
        rate.spend("a")
    with pytest.raises(TooMany) as told:
        rate.spend("a")
    rate.spend("b")
    assert told.value.retry_after >= 2
    clock.sleep(1.9)
    with pytest.raises(TooMany):
        rate.spend("a")
    clock.sleep(0.2)
    rate.spend("a")
    with pytest.raises(TooMany):
        rate.spend("a")


def test_waiting_as_long_as_told_is_enough(clock: FakeClock) -> None:
    rate = Rate(clock.seconds, 1, 0.3)
    for _ in range(20):
        try:
            rate.spend("a")
        except TooMany as told:
            clock.sleep(told.retry_after)
            rate.spend("a")


def test_rest_saves_up_no_more_than_a_burst(clock: FakeClock) -> None:
    rate = Rate(clock.seconds, 2, 1)
    rate.spend("a")
    clock.sleep(minutes=60)
    rate.spend("a")
    rate.spend("a")
    with pytest.raises(TooMany):
        rate.spend("a")


def test_a_clock_that_is_set_back_takes_nothing_away(clock: FakeClock) -> None:
    rate = Rate(clock.seconds, 3, 0.5)
    rate.spend("a")
    clock.sleep(minutes=-60)
    rate.spend("a")
    rate.spend("a")


def test_rates_take_bounded_memory(clock: FakeClock) -> None:
    rate = Rate(clock.seconds, 1, 1)
    for number in range(MAX_KEYS + 100):
        rate.spend(str(number))
    assert rate.size == MAX_KEYS


def test_a_name_is_held_for_ten_minutes(guests: Guests, clock: FakeClock) -> None:
    assert guests.author("s1", "10.0.0.1", "Zoe").key == "guest:s1"
    with pytest.raises(Conflict):
        guests.author("s2", "10.0.0.2", "Zoe")
    clock.sleep(NAME_LIFE_S - 1)
    assert guests.author("s1", "10.0.0.1", "Zoe").name == "Zoe"  # and ten minutes more
    clock.sleep(NAME_LIFE_S - 1)
    with pytest.raises(Conflict):
        guests.author("s2", "10.0.0.2", "Zoe")
    clock.sleep(1)
    assert guests.author("s2", "10.0.0.2", "Zoe").key == "guest:s2"


@pytest.mark.parametrize(
    "alike", ["alice", "ALICE", "аlice", "ａｌｉｃｅ", "AIice", "a l i c e", "álice"]
)
def test_a_name_that_looks_like_one_taken(guests: Guests, alike: str) -> None:
    guests.author("s1", "10.0.0.1", "Alice")
    with pytest.raises(Conflict):
        guests.author("s2", "10.0.0.2", alike)


@pytest.mark.parametrize("name", ["bot", "Bot", "BОT", "shoutbus", "ShoutBus", "sh0utbus"])
def test_the_bots_own_name(guests: Guests, name: str) -> None:
    with pytest.raises(Conflict, match="The bot uses this name"):
        guests.author("s1", "10.0.0.1", name)


def test_a_bad_name_holds_nothing(guests: Guests) -> None:
    with pytest.raises(BadInput):
        guests.author("s1", "10.0.0.1", "Zoe (web)")
    guests.author("s2", "10.0.0.2", "Zoe")


def test_names_take_bounded_memory(guests: Guests, clock: FakeClock) -> None:
    for number in range(MAX_KEYS + 100):
        guests.author(
            f"s{number}",
            f"10.0.{number % 250}.{number // 250}",
            f"{number:x}z".replace("1", "q").replace("0", "k"),
        )
        clock.sleep(0.01)
    assert len(guests.names) <= MAX_KEYS


def test_one_session_may_shout_ten_times_at_once(guests: Guests, clock: FakeClock) -> None:
    for _ in range(10):
        guests.author("s1", "10.0.0.1", "Zoe")
    with pytest.raises(TooMany):
        guests.author("s1", "10.0.0.1", "Zoe")
    clock.sleep(1)
    guests.author("s1", "10.0.0.1", "Zoe")


@pytest.mark.parametrize("address", ["10.0.0.1", "2001:db8::{:x}", "unix"])
def test_new_sessions_do_not_help_one_address(guests: Guests, address: str) -> None:
    """All of an IPv6 /64 is one subscriber."""
    for number in range(120):
        guests.author(
            new_session(),
            address.format(number),
            f"guest {number:03}b".replace("1", "q").replace("0", "k"),
        )
    with pytest.raises(TooMany):
        guests.author(new_session(), address.format(999), "Zoe")


@pytest.mark.parametrize(
    ("peer", "forwarded", "proxies", "whose"),
    [
        ("1.2.3.4", "", (), "1.2.3.4"),
        ("1.2.3.4", "6.6.6.6", (), "1.2.3.4"),
        ("1.2.3.4", "6.6.6.6", ("10.0.0.0/8",), "1.2.3.4"),
        ("10.0.0.1", "6.6.6.6", ("10.0.0.1",), "6.6.6.6"),
        ("10.0.0.1", "9.9.9.9, 6.6.6.6", ("10.0.0.0/8",), "6.6.6.6"),
        ("10.0.0.1", "9.9.9.9, 6.6.6.6, 10.0.0.2", ("10.0.0.0/8",), "6.6.6.6"),
        ("10.0.0.1", "10.0.0.3,10.0.0.2", ("10.0.0.0/8",), "10.0.0.3"),
        ("10.0.0.1", "nonsense", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, nonsense", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "", ("10.0.0.0/8",), "10.0.0.1"),
        ("::1", "2001:db8::1", ("::1", "127.0.0.1"), "2001:db8::1"),
        ("", "6.6.6.6", ("10.0.0.0/8",), ""),
    ],
)
def test_whose_address_it_is(
    peer: str, forwarded: str, proxies: tuple[str, ...], whose: str
) -> None:
    assert client_address(peer, forwarded, proxies) == whose


def test_sessions_differ() -> None:
    assert len({new_session() for _ in range(100)}) == 100
