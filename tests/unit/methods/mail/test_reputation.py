"""What other servers think of ours: operators hear of a rise once, and of its end."""

import pytest

from component.bus.model.message import Channel
from component.common.errors import StoreError
from component.methods.mail.reputation import DAY_MS, Rejections, Reputation
from tests.support.fakes import FakeClock, FakeWorld

HOUR_S = 3_600


@pytest.fixture
def world() -> FakeWorld:
    return FakeWorld(FakeClock())


def a_reputation(world: FakeWorld) -> Reputation:
    return Reputation(world, world.tell, world.clock)


async def test_a_rise_is_told_once(world: FakeWorld) -> None:
    reputation = a_reputation(world)
    for _ in range(2):
        await reputation.refused("550 5.7.1 blocked")
    assert (world.told, reputation.trouble) == ([], "")
    for _ in range(10):
        await reputation.refused("554 5.7.1 Listed")
    ((channel, words),) = world.told
    assert channel == Channel("mail", "*")
    assert "3 since yesterday" in words
    assert "554 5.7.1 Listed" in words
    assert reputation.trouble == "554 5.7.1 Listed"


async def test_not_again_after_a_restart(world: FakeWorld) -> None:
    reputation = a_reputation(world)
    for _ in range(3):
        await reputation.refused("blocked")
    again = a_reputation(world)
    await again.refused("blocked")
    assert len(world.told) == 1
    assert again.trouble == "blocked"


async def test_a_few_among_many_are_chance(world: FakeWorld) -> None:
    reputation = a_reputation(world)
    await reputation.refused("spam")
    for _ in range(50):
        await reputation.accepted()
    for _ in range(3):
        await reputation.refused("spam")
    assert world.told == []
    for _ in range(3):
        await reputation.refused("spam")
    assert len(world.told) == 1


async def test_a_few_on_many_days_are_chance(world: FakeWorld) -> None:
    reputation = a_reputation(world)
    for _ in range(10):
        await reputation.refused("spam")
        world.clock.now += 13 * HOUR_S
    assert world.told == []


async def test_the_end_is_told_once(world: FakeWorld) -> None:
    reputation = a_reputation(world)
    for _ in range(3):
        await reputation.refused("blocked")
    world.clock.now += 23 * HOUR_S
    await reputation.accepted()
    assert len(world.told) == 1
    world.clock.now += 2 * HOUR_S
    for _ in range(3):
        await reputation.accepted()
    assert [words for _channel, words in world.told][1:] == [
        "Other mail servers accept messages from Shoutbus again."
    ]
    assert reputation.trouble == ""
    for _ in range(3):
        await reputation.refused("blocked")
    assert len(world.told) == 3


async def test_what_was_not_kept_is_told_again(world: FakeWorld) -> None:
    class Full(FakeWorld):
        async def keep(self, channel: Channel, state: object) -> None:
            raise StoreError("The disk is full.")

    reputation = a_reputation(Full(world.clock))
    with pytest.raises(StoreError):
        await reputation.refused("blocked")
    assert reputation.trouble == ""


def test_a_clock_that_was_ahead_counts_nothing() -> None:
    ahead = Rejections((10 * DAY_MS,) * 3, "blocked", 0)
    assert ahead.on(DAY_MS).at == ()
    assert not ahead.refused(DAY_MS, "blocked").is_rise


def test_what_is_remembered_is_bounded() -> None:
    rejections = Rejections()
    for now in range(1_000):
        rejections = rejections.refused(now, "blocked")
    assert len(rejections.at) == 100
    assert Rejections.read(rejections.kept) == rejections
