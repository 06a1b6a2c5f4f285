"""What is known of one room: reflections, time-outs, what landed, and being put out."""

import asyncio

import pytest

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.common.errors import Refused, Unavailable, Unconfirmed
from component.xmpp.muc.room import REFLECTION_S, REMEMBERED, Occupant, Room
from tests.support.fakes import FakeClock

JID = "lobby@rooms.example.org"


@pytest.fixture
async def room() -> Room:
    return Room(JID, ChannelSpec(Channel("muc", JID)), "shoutbus")


async def test_a_reflection_confirms(room: Room) -> None:
    mine, other = room.expect("1", "shoutbus", 0), room.expect("2", "shoutbus", 0)
    room.reflected("1", "shoutbus")
    assert mine.done()
    assert mine.result() is None
    assert not other.done()
    assert list(room.awaited) == ["2"]
    assert not room.landed


async def test_a_reflection_under_another_name_confirms_nothing(room: Room) -> None:
    mine = room.expect("1", "Zoe (web)", 0)
    room.reflected("1", "Mallory")
    assert not mine.done()
    room.reflected("1", "Zoe (web)")
    assert mine.done()


async def test_what_nobody_waits_for_is_remembered(room: Room) -> None:
    room.reflected("old", "shoutbus")
    assert list(room.landed) == ["old"]


async def test_what_is_remembered_is_bounded(room: Room) -> None:
    for number in range(REMEMBERED + 10):
        room.reflected(str(number), "shoutbus")
    assert len(room.landed) == REMEMBERED
    assert "9" not in room.landed
    assert str(REMEMBERED + 9) in room.landed


async def test_a_reflection_after_the_time_out_is_remembered(room: Room) -> None:
    mine = room.expect("1", "shoutbus", 0)
    room.sweep(REFLECTION_S)
    assert isinstance(mine.exception(), Unconfirmed)
    room.reflected("1", "shoutbus")
    assert "1" in room.landed


async def test_sweep_gives_up_on_the_oldest_only(room: Room) -> None:
    clock = FakeClock()
    first = room.expect("1", "shoutbus", clock.now)
    clock.sleep(REFLECTION_S / 2)
    second = room.expect("2", "shoutbus", clock.now)
    room.sweep(clock.now)
    assert not first.done()
    clock.sleep(REFLECTION_S / 2)
    room.sweep(clock.now)
    assert isinstance(first.exception(), Unconfirmed)
    assert JID in str(first.exception())
    assert not second.done()
    clock.sleep(REFLECTION_S)
    room.sweep(clock.now)
    assert isinstance(second.exception(), Unconfirmed)
    assert not room.awaited


async def test_who_gave_up_waiting_is_swept(room: Room) -> None:
    mine, next_one = room.expect("1", "shoutbus", 0), room.expect("2", "shoutbus", 0)
    mine.cancel()
    room.sweep(0)
    assert list(room.awaited) == ["2"]
    assert not next_one.done()
    room.reflected("1", "shoutbus")
    assert "1" in room.landed


async def test_a_bounce_fails_its_own_message(room: Room) -> None:
    mine, other = room.expect("1", "shoutbus", 0), room.expect("2", "shoutbus", 0)
    room.fail("1", Refused("no"))
    room.fail("1", Refused("no"))
    room.fail("unknown", Refused("no"))
    assert isinstance(mine.exception(), Refused)
    assert not other.done()


async def test_put_out(room: Room) -> None:
    mine = room.expect("1", "shoutbus", 0)
    room.state, room.joined = "in", asyncio.get_running_loop().create_future()
    room.inside.set()
    room.occupants["Juliet"] = Occupant("juliet@example.org", "member", "participant")
    room.leave("kicked", Unavailable("kicked"))
    assert (room.state, room.trouble, room.occupants) == ("out", "kicked", {})
    assert not room.inside.is_set()
    assert isinstance(mine.exception(), Unavailable)
    assert isinstance(room.joined.exception(), Unavailable)


async def test_it_says_what_it_may_not_do(room: Room) -> None:
    room.affiliation = "member"
    assert "not an owner" in str(room.limits())
    room.affiliation = "owner"
    assert room.limits() == ""
    assert room.owned
