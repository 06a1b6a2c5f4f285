"""Runs of digests in trouble: who can't be reached, what comes meanwhile, clocks that are wrong,
and a lot to read."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Author, Channel, Message
from component.bus.model.subscription import Subscription
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import Confirmation
from component.common.errors import Moot
from component.subscriptions.digests import RETRY_MS, DigestLimits
from tests.support.fakes import FakeClock
from tests.support.subscribed import JULIET, LOBBY, ROMEO, TEAM, World, a_world

CHAT, MAIL = Channel("chat", JULIET), Channel("mail", JULIET)
DAY = 86_400_000
NIGHT = 1_800_000_000 - 1_800_000_000 % 86_400 + 86_400 + 3 * 3_600
"""Three in the morning, in seconds."""


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, clock=FakeClock(NIGHT)) as world:
        yield world


async def told(world: World, target: Channel = CHAT) -> list[str]:
    """What digests to a target tell, as their parts say."""
    bodies: list[str] = []
    for delivery in await world.store.deliveries.log(target, limit=500):
        for part in await world.store.digests.parts_of(delivery.message.id):
            found = await world.store.digests.between(LOBBY, part.after, part.upto, 1_000)
            bodies += [each.message.body for each in found]
    return bodies


async def mine(world: World) -> Subscription:
    (one,) = await world.subscriptions.of(JULIET)
    return one


async def fill(world: World, *bodies: str, channel: Channel = LOBBY, who: str = ROMEO) -> None:
    """Many messages at once."""
    author = Author("R", who)
    offers = [
        world.hub.accept(Message.new(channel, author, body, world.clock())) for body in bodies
    ]
    await asyncio.gather(*offers)


def meanwhile(
    world: World, before: Callable[[], Awaitable[None]], after: Callable[[], Awaitable[None]]
) -> None:
    """Around the next digest's transaction something happens."""
    accept, pending = world.hub.accept_with, [True]

    async def told_meanwhile(message: Message, writes: Any) -> Receipt:
        if not pending:
            return await accept(message, writes)
        pending.clear()
        await before()
        receipt = await accept(message, writes)
        await after()
        return receipt

    world.hub.accept_with = told_meanwhile  # type: ignore[method-assign]


async def nothing() -> None:
    """Nothing happens."""


# Who can't be reached


@pytest.mark.parametrize("when", ["", "daily at 9"])
async def test_those_who_cant_be_reached_hold_up_no_other(world: World, when: str) -> None:
    """Neither those who could not before a run, nor those for whom it makes digests first."""
    world.digests.limits = DigestLimits(page=2, people=3, patience_s=0.02)
    for number in range(8):
        target = Channel("mail", f"p{number}@dead.example")
        world.mail.closed.add(target)
        await world.subscribe(f"p{number}@x.example", when=when, target=target)
    await world.subscribe(when="daily at 9", target=Channel("chat", JULIET))
    await fill(world, "news")
    async with asyncio.timeout(10):
        while not when and world.hub.crowd.size < 8:
            await world.store.deliveries.backlog()
        world.clock.now = (await mine(world)).due / 1000
        world.scheduler.tick()
        await world.scheduler.settled()
        await world.chat.until_sent(1)
    assert await world.digests.left() == 0
    assert world.hub.crowd.size >= 8


# What comes meanwhile


async def test_what_comes_while_a_digest_is_made_is_told_too(world: World) -> None:
    """The quiet is over; until the digest is on disk, the fan-out leaves to it what comes."""
    world.quiet(JULIET, "22:00-07:00")
    await world.subscribe()
    await world.say("night")

    async def morning() -> None:
        heard = world.store.subscriptions.listeners
        done = asyncio.Event()

        async def hearers(*some: Any) -> Any:
            page = await heard(*some)
            if not page:
                done.set()
            return page

        world.store.subscriptions.listeners = hearers  # type: ignore[assignment, method-assign]
        await fill(world, "morning")
        await done.wait()

    meanwhile(world, morning, nothing)
    await world.sleep(minutes=5 * 60)
    assert await told(world) == ["night", "morning"]
    assert not world.chat.told
    assert (await mine(world)).due == 0
    await world.say("noon")
    assert [body for _jid, body in world.chat.told] == ["[Lobby] romeo: noon"]


async def test_what_comes_right_after_a_pause_is_told_at_once(world: World) -> None:
    await world.subscribe()
    await world.subscriptions.pause(JULIET, 0)
    await world.subscriptions.recount()
    await world.say("waits")
    await world.subscriptions.resume(JULIET)
    meanwhile(world, nothing, lambda: fill(world, "at once"))
    await world.sleep(minutes=1)
    assert await told(world) == ["waits"]
    assert [body for _jid, body in world.chat.told] == ["[Lobby] R: at once"]


async def test_a_fan_out_that_comes_late_tells_nothing_that_a_digest_told(world: World) -> None:
    world.quiet(JULIET, "22:00-07:00")
    await world.subscribe()
    await world.say("night")
    heard, late = world.store.subscriptions.listeners, asyncio.Event()

    async def hearers(*some: Any) -> Any:
        await late.wait()
        return await heard(*some)

    world.store.subscriptions.listeners = hearers  # type: ignore[assignment, method-assign]
    world.clock.now += 5 * 3_600
    await fill(world, "morning")
    world.scheduler.tick()
    await world.scheduler.settled()
    late.set()
    await world.rest()
    assert await told(world) == ["night", "morning"]
    assert not world.chat.told


# Runs that get nowhere


async def test_what_was_set_back_after_its_digest_moves_on(world: World) -> None:
    await world.subscribe(when="daily at 9")
    await world.say("hello")
    was = await mine(world)
    await world.until(was.due)
    await world.store.subscriptions.change([(await mine(world), was)])
    world.digests.expect(was.due)
    async with asyncio.timeout(5):
        await world.sleep(minutes=1)
    assert len(world.chat.sent) == 1
    assert (await mine(world)).due > world.clock()


async def test_a_run_without_progress_ends_and_is_tried_later(world: World) -> None:
    await world.subscribe(when="daily at 9")
    due, looks = (await mine(world)).due, 0
    found = world.store.digests.due
    world.store.digests.take_turns = lambda _turns: nothing()  # type: ignore[assignment, method-assign]

    async def counted(now: int, limit: int) -> Any:
        nonlocal looks
        looks += 1
        return await found(now, limit)

    world.store.digests.due = counted  # type: ignore[method-assign]
    world.clock.now = due / 1000
    world.scheduler.tick()
    async with asyncio.timeout(5):
        await world.scheduler.settled()
    assert looks == 2
    assert world.scheduler.due("digests") == due + RETRY_MS


async def test_the_same_time_once_more_is_another_digest(world: World) -> None:
    """As after a clock that was set back, and a change."""
    await world.subscribe(when="daily at 9")
    await world.say("one")
    due = (await mine(world)).due
    await world.until(due)
    await world.say("two")
    now = await mine(world)
    await world.store.subscriptions.change([(now, replace(now, due=due))])
    world.digests.expect(due)
    await world.sleep(minutes=1)
    assert await told(world) == ["one", "two"]


async def test_what_is_moot_is_let_go(world: World) -> None:
    ids: list[str] = []

    def moot(delivery: Delivery, confirmation: Confirmation) -> None:
        ids.append(delivery.message.id)
        confirmation.set_exception(Moot("It has ended."))

    await world.subscribe(when="daily at 9", target=MAIL)
    await world.say("hello")
    world.mail.plans.append(moot)
    await world.until((await mine(world)).due)
    (digest,) = await world.store.messages.trace(ids[0])
    assert (digest.state, digest.error) == (State.DROPPED, "It has ended.")
    assert not await world.store.dead_letters.newest()


# Clocks


async def test_a_clock_that_was_ahead_for_a_while(world: World) -> None:
    await world.subscribe(when="daily at 9")
    await world.subscribe(JULIET, TEAM, when="0 9 1 * *", target=MAIL)
    monthly = (await world.subscriptions.of(JULIET))[1].due
    now = world.clock.now
    await world.say("one")
    world.clock.now += 365 * 86_400
    world.scheduler.tick()
    await world.rest()
    world.clock.now = now + 120
    world.scheduler.tick()
    await world.rest()
    daily, other = await world.subscriptions.of(JULIET)
    assert daily.due - world.clock() < DAY
    assert other.due == monthly
    await world.say("two")
    await world.until(daily.due)
    assert len(world.chat.sent) == 2


async def test_a_clock_that_was_ahead_before_a_start(tmp_path: Path) -> None:
    clock = FakeClock(NIGHT + 365 * 86_400)
    async with a_world(tmp_path, clock=clock) as world:
        await world.subscribe(when="daily at 9")
        await world.subscriptions.add(Subscription(JULIET, TEAM, CHAT))
    clock.now = NIGHT
    async with a_world(tmp_path, clock=clock) as world:
        daily, at_once = await world.subscriptions.of(JULIET)
    assert daily.due - clock() < DAY
    assert at_once.due == 0


# A lot to read


async def test_a_filter_that_nothing_fits_tells_nothing_however_much_was_said(world: World) -> None:
    await world.subscribe(when="daily at 9", only="release")
    await fill(world, *(f"chatter {number}" for number in range(2_100)))
    await world.until((await mine(world)).due)
    assert not world.chat.sent
    await fill(world, *(f"chatter {number}" for number in range(2_100)), "the release is out")
    await world.until((await mine(world)).due)
    assert len(world.chat.sent) == 1


async def test_who_said_the_first_of_it_themselves_is_told_the_rest(world: World) -> None:
    await world.subscribe(when="daily at 9")
    await world.subscribe(ROMEO, when="daily at 9")
    await fill(world, *(f"mine {number}" for number in range(50)), who=JULIET)
    await world.until((await mine(world)).due)
    assert [channel.address for channel, _body in world.chat.sent] == [ROMEO]
    await fill(world, *(f"mine {number}" for number in range(50)), who=JULIET)
    await fill(world, "yours")
    await world.until((await mine(world)).due)
    assert [body for channel, body in world.chat.sent if channel == CHAT] == [
        "1 messages of shoutbox:lobby"
    ]


async def test_subscribers_from_different_times_are_read_for_one_by_one(world: World) -> None:
    """In small pages: five megabytes, times a hundred, are no five hundred."""
    for number in range(40):
        await world.subscribe(f"p{number}@x.example", when="daily at 9")
        await fill(world, "one more")
    between, reading, most, longest = world.store.digests.between, 0, 0, 0

    async def watched(channel: Channel, after: int, upto: int, limit: int) -> Any:
        nonlocal reading, most, longest
        reading += 1
        most, longest = max(most, reading), max(longest, limit)
        try:
            return await between(channel, after, upto, limit)
        finally:
            reading -= 1

    world.store.digests.between = watched  # type: ignore[method-assign]
    due = await world.store.digests.next_due()
    assert due
    await world.until(due)
    assert len(world.chat.sent) == 40
    assert most == 1
    assert longest <= 20
