"""Digests of subscriptions: each message in one, one in each period, whatever happens meanwhile."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec, Drop, Grant, Put
from component.bus.model.subscription import Interval, Standing
from component.common.errors import StoreError
from tests.support.fakes import FakeClock
from tests.support.subscribed import AUDIT, JULIET, LOBBY, TEAM, World, a_world

MAIL = Channel("mail", JULIET)
BERLIN = ZoneInfo("Europe/Berlin")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def told(world: World, target: Channel) -> list[list[str]]:
    """What each digest to a target tells, as its parts say."""
    digests = []
    for delivery in await world.store.deliveries.log(target, limit=500):
        bodies: list[str] = []
        for part in await world.store.digests.parts_of(delivery.message.id):
            one = await world.store.subscriptions.get(part.subscription)
            assert one
            found = await world.store.digests.between(one.channel, part.after, part.upto, 1_000)
            bodies += [each.message.body for each in found if one.wants(each.message)]
        digests.append(bodies)
    return digests


def at(text: str) -> int:
    """A time by Berlin's clocks, in ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp() * 1000)


async def test_daily_at_nine_by_the_subscribers_clock(world: World) -> None:
    await world.until(at("2027-01-15 12:00"))
    await world.subscribe(when="daily at 9", zone="Europe/Berlin", target=MAIL)
    await world.say("one")
    await world.until(at("2027-01-16 08:59"))
    assert not world.mail.sent
    await world.say("two")
    await world.until(at("2027-01-16 09:00"))
    assert await told(world, MAIL) == [["one", "two"]]
    await world.say("three")
    await world.until(at("2027-01-18 10:00"))
    assert await told(world, MAIL) == [["one", "two"], ["three"]]


async def test_where_nothing_was_said_nothing_is_told(world: World) -> None:
    await world.subscribe(when="daily at 9", target=MAIL)
    await world.sleep(minutes=5 * 24 * 60)
    assert not world.mail.sent


@pytest.mark.parametrize("change", ["2027-03-28", "2027-10-31"])
async def test_over_a_change_of_clocks(world: World, change: str) -> None:
    """Each day at nine, and at half past two, which is left out on one and comes twice on the
    other."""
    day = datetime.fromisoformat(change)
    await world.until(at(f"{change} 00:00") - 2 * 86_400_000)
    await world.subscribe(when="daily at 9", zone="Europe/Berlin", target=MAIL)
    await world.subscribe(when="daily at 2:30", zone="Europe/Berlin")
    end = at(f"{change} 00:00") + 3 * 86_400_000
    hour = 0
    while world.clock() < end:
        await world.say(f"{hour}")
        hour += 1
        await world.sleep(minutes=60)
    for target, clock in ((MAIL, "09:00"), (Channel("chat", JULIET), "02:30")):
        times = [one.message.at for one in await world.store.deliveries.log(target)]
        local = [
            datetime.fromtimestamp(time / 1000, BERLIN).strftime("%m-%d %H:%M") for time in times
        ]
        assert len(local) == len({one[:5] for one in local}) >= 4, "one a day"
        assert {one[6:] for one in local if one[:5] != day.strftime("%m-%d")} == {clock}
        all_told = [body for digest in await told(world, target) for body in digest]
        assert all_told == [str(number) for number in range(len(all_told))]


async def test_a_week_away_is_one_digest(tmp_path: Path) -> None:
    clock = FakeClock(at("2027-03-22 12:00") / 1000)
    async with a_world(tmp_path, clock=clock) as world:
        await world.subscribe(when="daily at 9", zone="Europe/Berlin", target=MAIL)
        await world.say("before")
    clock.now = at("2027-03-30 15:00") / 1000
    async with a_world(tmp_path, clock=clock) as world:
        await world.sleep(minutes=1)
        assert await told(world, MAIL) == [["before"]]
        await world.say("after")
        await world.until(at("2027-03-31 09:00"))
        assert await told(world, MAIL) == [["before"], ["after"]]


async def test_several_that_are_due_together_are_one(world: World) -> None:
    await world.subscribe(when="daily at 9", target=MAIL)
    await world.subscribe(channel=TEAM, when="daily at 9", target=MAIL)
    await world.subscribe(channel=TEAM, when="daily at 10", target=Channel("chat", JULIET))
    await world.say("here")
    await world.say("there", TEAM)
    await world.sleep(minutes=25 * 60)
    assert await told(world, MAIL) == [["here", "there"]]
    assert await told(world, Channel("chat", JULIET)) == [["there"]]


async def test_quiet_hours_put_it_off(world: World) -> None:
    await world.until(1_800_050_400_000)  # 2027-01-15 22:00 UTC
    world.quiet(JULIET, "22:00-07:00")
    await world.subscribe(when="daily at 6")
    await world.say("hello")
    await world.until(1_800_050_400_000 + 8 * 3_600_000 + 60_000)
    assert not world.chat.sent
    await world.sleep(minutes=60)
    assert len(world.chat.sent) == 1


async def test_the_disk_fails_and_it_is_told_later(world: World) -> None:
    await world.subscribe(when="daily at 9", target=MAIL)
    await world.say("hello")
    due = await world.store.digests.next_due()
    kept = world.store.digests.due
    fails = [True]

    async def broken(now: int, limit: int) -> object:
        if fails and fails.pop():
            raise StoreError("full")
        return await kept(now, limit)

    world.store.digests.due = broken  # type: ignore[assignment, method-assign]
    assert due
    await world.until(due + 60_000)
    assert await told(world, MAIL) == [["hello"]]


async def test_who_may_not_read_it_any_more_is_told_that_it_ended(world: World) -> None:
    await world.subscribe(when="daily at 9")
    await world.say("secret")
    spec = next(one for one in world.hub.channels if one.channel == LOBBY)
    await world.settings.change([Drop(spec)], AUDIT)
    await world.sleep(minutes=1)
    assert [words for _jid, words in world.chat.sent] == [
        (
            "Your subscription 1 to shoutbox:lobby has ended, because you can no longer read the "
            "channel."
        )
    ]
    await world.sleep(minutes=25 * 60)
    assert len(world.chat.sent) == 1


async def test_a_demoted_operator_hears_no_more_of_what_operators_read(world: World) -> None:
    secret = Channel("greeting", "plans")
    grant = Grant(JULIET, "operator")
    await world.settings.change([Put(ChannelSpec(secret)), Put(grant)], AUDIT)
    await world.subscribe(channel=secret)
    await world.settings.change([Drop(grant)], AUDIT)
    await world.sleep(minutes=1)
    assert not await world.subscriptions.of(JULIET)


async def test_from_a_digest_to_at_once_nothing_is_left_out(world: World) -> None:
    one = await world.subscribe(when="daily at 9")
    await world.say("waits")
    await world.subscriptions.change(one, replace(one, interval=Interval()))
    await world.sleep(minutes=1)
    await world.say("at once")
    assert [words for _jid, words in world.chat.sent] == ["1 messages of shoutbox:lobby"]
    assert world.chat.told == [(JULIET, "[Lobby] romeo: at once")]


async def test_ten_thousand_are_told_in_pages_that_are_kept(world: World) -> None:
    """Here a thousand: no more wait to be sent at any time than are allowed to."""
    for number in range(1_000):
        await world.subscribe(f"person{number}@example.org", when="daily at 9")
    await world.say("hello")
    due = await world.store.digests.next_due()
    assert due
    await world.until(due)
    assert len(world.chat.sent) == 1_000
    assert len({channel for channel, _words in world.chat.sent}) == 1_000
    assert await world.digests.left() == 0


steps = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.integers(1, 3)),
        st.tuples(st.just("sleep"), st.integers(1, 2 * 24 * 60)),
        st.tuples(st.just("down"), st.integers(1, 10 * 24 * 60)),
        st.tuples(st.just("pause"), st.integers(0, 3 * 24 * 60)),
        st.tuples(st.just("resume"), st.just(0)),
    ),
    min_size=3,
    max_size=14,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.integers(1_767_225_600, 1_830_297_600),
    st.sampled_from(
        [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Kathmandu",
            "Africa/Casablanca",
        ]
    ),
    st.sampled_from(
        ["daily at 2:30", "daily at 9", "hourly", "weekly on Sunday at 2", "every 4", ""]
    ),
    steps,
)
async def test_each_message_is_told_once_in_order(
    start: int, zone: str, when: str, plan: list[tuple[str, int]]
) -> None:
    """Whatever is said, slept, paused and restarted between."""
    clock = FakeClock(float(start))
    said, at_once = 0, []
    with tempfile.TemporaryDirectory() as folder:
        async with AsyncExitStack() as stack:
            world = await stack.enter_async_context(a_world(Path(folder), clock=clock))
            await world.subscribe(when=when, zone=zone)
            for what, number in plan:
                if what == "say":
                    for _each in range(number):
                        await world.say(f"{said}")
                        said += 1
                        await world.sleep(minutes=1)
                elif what == "sleep":
                    await world.sleep(minutes=number)
                elif what == "down":
                    at_once += [
                        body.removeprefix("[Lobby] romeo: ") for _jid, body in world.chat.told
                    ]
                    await stack.aclose()
                    clock.now += number * 60
                    world = await stack.enter_async_context(a_world(Path(folder), clock=clock))
                    await world.sleep(minutes=1)
                elif what == "pause":
                    await world.subscriptions.pause(
                        JULIET, clock() + number * 60_000 if number else 0
                    )
                else:
                    await world.subscriptions.resume(JULIET)
                    await world.sleep(minutes=1)
            await world.subscriptions.resume(JULIET)
            await world.sleep(minutes=8 * 24 * 60)
            digests = await told(world, Channel("chat", JULIET))
            at_once += [body.removeprefix("[Lobby] romeo: ") for _jid, body in world.chat.told]
            left = [
                one
                for one in await world.subscriptions.of(JULIET)
                if one.standing is not Standing.ON
            ]
    in_digests = [body for digest in digests for body in digest]
    assert not left
    assert all(digests), "no digest tells nothing"
    assert len(in_digests) == len({*in_digests})
    assert not {*in_digests} & {*at_once}
    assert in_digests == sorted(in_digests, key=int)
    heard = sorted([*in_digests, *at_once], key=int)
    waits = 4 if when == "every 4" else 1
    assert heard == [str(number) for number in range(len(heard))]
    assert said - len(heard) < waits, "all of it but what has yet to be counted"
