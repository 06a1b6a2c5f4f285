"""What comes to a channel, told to its subscribers at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from component.bus.engine.delivery_queue import QueueLimits
from component.bus.engine.limits import EngineLimits
from component.bus.model.delivery import Delivery, State
from component.bus.model.flow_control import WINDOW
from component.bus.model.message import Author, Channel
from component.bus.model.records import Put
from component.bus.model.route import Route
from component.bus.model.subscription import Filter, Standing, folded
from component.bus.ports.transaction import Write
from component.common.errors import Refused, StoreError, Unavailable
from component.subscriptions.audience import subscribers
from component.subscriptions.fan_out import FILTERS_PER_TURN, PAGE, Run
from tests.support.fakes import FakeClock, said, until
from tests.support.subscribed import AUDIT, JULIET, LOBBY, ROMEO, TEAM, World, a_world

MERCUTIO = "mercutio@example.org"
MAIL = Channel("mail", JULIET)


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def test_who_subscribed_is_told_at_once_and_others_are_not(world: World) -> None:
    await world.subscribe()
    await world.say("hello")
    await world.say("elsewhere", TEAM)
    assert world.chat.told == [(JULIET, "[Lobby] romeo: hello")]
    assert not world.chat.sent


async def test_nothing_is_kept_for_each_who_is_told(world: World) -> None:
    await world.subscribe()
    message = await world.say("hello")
    hops = [(str(one.channel), one.state) for one in await world.store.messages.trace(message.id)]
    assert hops == [
        ("shoutbox:lobby", State.RECEIVED),
        ("subscribers:shoutbox:lobby", State.DELIVERED),
    ]


async def test_a_channel_without_subscribers_has_no_delivery_to_them(world: World) -> None:
    message = await world.say("hello")
    assert len(await world.store.messages.trace(message.id)) == 1


async def test_own_posts_are_left_out_unless_wanted(world: World) -> None:
    await world.subscribe(ROMEO)
    await world.subscribe(MERCUTIO, own=True)
    await world.say("mine", who=ROMEO)
    await world.say("mine", who=MERCUTIO)
    assert world.chat.told == [
        (MERCUTIO, "[Lobby] romeo: mine"),
        (ROMEO, "[Lobby] mercutio: mine"),
        (MERCUTIO, "[Lobby] mercutio: mine"),
    ]


async def test_filters_include_and_exclude(world: World) -> None:
    await world.subscribe(only="release, deploy", without="/^romeo: .*test/")
    for body in ("a Release today", "lunch", "test release", "we deploy"):
        await world.say(body)
    assert [body for _jid, body in world.chat.told] == [
        "[Lobby] romeo: a Release today",
        "[Lobby] romeo: we deploy",
    ]


async def test_whom_a_message_reaches_by_two_channels_is_told_once(world: World) -> None:
    await world.settings.change([Put(Route(LOBBY, TEAM))], AUDIT)
    await world.subscribe()
    await world.subscribe(channel=TEAM)
    await world.subscribe(MERCUTIO, TEAM)
    await world.say("hello")
    assert sorted(world.chat.told) == [
        (JULIET, "[Lobby] romeo: hello"),
        (MERCUTIO, "[Team] romeo: hello"),
    ]


async def test_whom_the_first_of_two_channels_does_not_tell_is_told_by_the_second(
    world: World,
) -> None:
    await world.settings.change([Put(Route(LOBBY, TEAM))], AUDIT)
    await world.subscribe(only="nothing like it")
    await world.subscribe(channel=TEAM)
    await world.say("hello")
    assert world.chat.told == [(JULIET, "[Team] romeo: hello")]


async def test_by_mail_it_is_a_delivery_like_any(world: World) -> None:
    await world.subscribe(target=MAIL)
    message = await world.say("hello")
    assert world.mail.sent == [(MAIL, "hello")]
    assert [
        one.state for one in await world.store.messages.trace(message.id) if one.channel == MAIL
    ] == [State.DELIVERED]


async def test_more_than_a_page_is_told_each_once_in_order(world: World) -> None:
    many = [f"person{number}@example.org" for number in range(2 * PAGE + 3)]
    for one in many:
        await world.subscribe(one)
    await world.say("one")
    await world.say("two")
    told = [(jid, body) for jid, body in world.chat.told]
    assert told == [(jid, f"[Lobby] romeo: {body}") for body in ("one", "two") for jid in many]


async def test_who_could_not_be_told_gets_a_delivery_of_their_own(world: World) -> None:
    await world.subscribe()
    await world.subscribe(ROMEO, own=True)
    world.chat.refuses[JULIET] = Unavailable("her server is away")
    await world.say("hello", who=MERCUTIO)
    assert world.chat.told == [(ROMEO, "[Lobby] mercutio: hello")]
    assert world.chat.sent == [(Channel("chat", JULIET), "hello")]


async def test_after_a_crash_it_goes_on_where_it_was(tmp_path: Path) -> None:
    """The store failed in the middle; whoever was told before stays told once."""
    clock = FakeClock(1_800_000_000.0)
    async with a_world(tmp_path, clock=clock) as world:
        many = [f"person{number}@example.org" for number in range(3 * PAGE)]
        for one in many:
            await world.subscribe(one)
        kept, died = world.hub.write, asyncio.Event()
        pages = [kept]

        async def fails(writes: Sequence[Write]) -> None:
            if pages:
                return await pages.pop()(writes)
            died.set()
            raise ConnectionAbortedError("killed")

        world.hub.write = fails  # type: ignore[method-assign]
        message = said("hello", LOBBY, at=world.clock())
        await world.hub.accept(message)
        await died.wait()
        first = list(world.chat.told)
    async with a_world(tmp_path, clock=clock) as again:
        await again.rest()
        second = again.chat.told
        states = [one.state for one in await again.store.messages.trace(message.id)]
    assert states == [State.RECEIVED, State.DELIVERED]
    assert {jid for jid, _body in [*first, *second]} == set(many)
    assert [jid for jid, _body in second] == many[PAGE:]


async def test_quiet_hours_hold_it_and_one_digest_tells_all_of_it(world: World) -> None:
    await world.until(1_800_050_400_000)  # 2027-01-15 22:00 UTC
    world.quiet(JULIET, "21:00-07:00")
    await world.subscribe()
    await world.say("one")
    await world.say("two")
    assert not world.chat.told
    await world.sleep(minutes=10 * 60)
    assert [body for _channel, body in world.chat.sent] == ["2 messages of shoutbox:lobby"]
    await world.say("three")
    assert world.chat.told == [(JULIET, "[Lobby] romeo: three")]


async def test_a_pause_holds_it_and_resuming_tells_it(world: World) -> None:
    await world.subscribe()
    await world.say("before")
    await world.subscriptions.pause(JULIET, 0)
    await world.say("meanwhile")
    assert len(world.chat.told) == 1
    await world.subscriptions.resume(JULIET)
    await world.sleep(minutes=1)
    assert world.chat.sent[-1][1] == "1 messages of shoutbox:lobby"
    await world.say("after")
    assert world.chat.told[-1] == (JULIET, "[Lobby] romeo: after")


async def test_a_pause_with_an_end_ends(world: World) -> None:
    one = await world.subscribe()
    await world.subscriptions.pause(JULIET, world.clock() + 3_600_000)
    await world.say("meanwhile")
    await world.sleep(minutes=61)
    assert len(world.chat.sent) == 1
    found = await world.store.subscriptions.get(one.id)
    assert found
    assert (found.standing, found.due) == (Standing.ON, 0)


async def test_only_when_away_comes_with_the_digest_else_at_once(world: World) -> None:
    await world.subscribe(when="daily at 9", online=True)
    assert world.online.watched == [JULIET]
    world.online.there.add(JULIET)
    await world.say("while there")
    world.online.there.clear()
    await world.say("while away")
    assert world.chat.told == [(JULIET, "[Lobby] romeo: while there")]
    await world.sleep(minutes=24 * 60)
    assert [body for _channel, body in world.chat.sent] == ["1 messages of shoutbox:lobby"]


async def test_a_mention_comes_at_once_whatever_the_interval(world: World) -> None:
    await world.subscribe(when="weekly on Monday", name="juliet")
    await world.say("for Juliet: read this")
    await world.say("julietta is someone else")
    assert world.chat.told == [(JULIET, "[Lobby] romeo: for Juliet: read this")]
    await world.sleep(minutes=8 * 24 * 60)
    assert world.chat.sent[0][1] == "1 messages of shoutbox:lobby"


async def test_by_count_each_is_told_when_so_many_came(world: World) -> None:
    await world.subscribe(when="every 3")
    for number in range(7):
        await world.say(f"number {number}")
        await world.sleep(minutes=1)
    assert [body for _channel, body in world.chat.sent] == ["3 messages of shoutbox:lobby"] * 2


async def test_a_thread_alone(world: World) -> None:
    start = await world.say("who brings cake?")
    await world.subscribe(thread=start.id)
    await world.say("something else")
    reply = await world.say("me", replies=start.id)
    assert world.chat.told == [(JULIET, "[Lobby]\n> romeo: who brings cake?\nromeo: me")]
    assert reply.id != start.id


async def test_what_can_not_be_delivered_falls_back(world: World) -> None:
    await world.subscribe(target=MAIL, fallback=Channel("chat", JULIET))
    world.mail.plans.append(Refused("no such mailbox"))
    message = await world.say("hello")
    hops = {str(one.channel): one.state for one in await world.store.messages.trace(message.id)}
    assert hops[str(MAIL)] is State.DEAD
    assert world.chat.sent == [(Channel("chat", JULIET), "hello")]


async def test_what_corrects_an_earlier_message_is_told_who_was_told_that_on_the_wire(
    world: World,
) -> None:
    """Not by mail, nor in a digest: those tell it as it first was."""
    await world.subscribe()
    await world.subscribe(ROMEO, target=MAIL, own=True)
    daily = await world.subscribe(MERCUTIO, when="every 3")
    first = await world.say("helo", origin="one")
    correction = replace(
        said("hello", LOBBY, at=world.clock(), author=first.author), corrects=first.id
    )
    await world.hub.correct(correction, "one")
    await world.rest()
    assert world.chat.told == [(JULIET, "[Lobby] romeo: helo"), (JULIET, "[Lobby] romeo: hello")]
    assert world.mail.sent == [(MAIL, "helo")]
    await world.say("two")
    await world.sleep(minutes=1)
    found = await world.store.subscriptions.get(daily.id)
    assert found
    assert not found.cursor, "two messages, not three"


async def test_what_is_deleted_is_taken_back_from_who_was_told(world: World) -> None:
    await world.subscribe()
    message = await world.say("secret")
    await world.hub.delete(message.id, AUDIT)
    assert world.chat.taken == [(JULIET, message.id)]


async def test_a_server_that_is_silent_holds_up_nobody_else(world: World) -> None:
    """Who is behind it in the page, and another channel with people there, are told at once."""
    many = [f"person{number}@mute.example" for number in range(3)]
    for one in many:
        await world.subscribe(one)
        await world.subscribe(one, TEAM)
    await world.subscribe()
    await world.subscribe(channel=TEAM)
    mute = world.chat.ways["mute.example"]
    mute.flying = WINDOW
    for channel in (LOBBY, TEAM):
        await world.hub.accept(
            said("hello", channel, at=world.clock(), author=Author("romeo", ROMEO))
        )
    await until(lambda: len(world.chat.told) == 2, "others are told")
    assert {jid for jid, _body in world.chat.told} == {JULIET}
    mute.hush()
    await world.rest()
    assert len(world.chat.told) == 2
    assert sorted(channel.address for channel, _body in world.chat.sent) == sorted(2 * many)


async def test_who_is_told_without_proof_is_told_by_a_delivery_of_their_own(
    world: World,
) -> None:
    world.fanout.patience_s = 0.05
    world.chat.unproved.add(JULIET)
    await world.subscribe()
    await world.subscribe(MERCUTIO)
    message = await world.say("hello")
    assert sorted(jid for jid, _body in world.chat.told) == [JULIET, MERCUTIO]
    assert world.chat.sent == [(Channel("chat", JULIET), "hello")]
    assert {one.state for one in await world.store.messages.trace(message.id)} == {
        State.RECEIVED,
        State.DELIVERED,
    }


async def test_while_the_disk_is_full_nobody_is_told_again(
    tmp_path: Path,
) -> None:
    limits = EngineLimits(queues=QueueLimits(back_off=lambda _failures, _chance: 0.01))
    async with a_world(tmp_path, limits=limits) as world:
        await _nobody_is_told_again(world)


async def _nobody_is_told_again(world: World) -> None:
    many = [f"person{number}@example.org" for number in range(3 * PAGE)]
    for one in many:
        await world.subscribe(one)
    kept, tries, again = world.hub.write, 0, asyncio.Event()

    async def fails(writes: Sequence[Write]) -> None:
        nonlocal tries
        tries += 1
        if tries == 5:
            again.set()
        raise StoreError("The disk is full.")

    world.hub.write = fails  # type: ignore[method-assign]
    await world.hub.accept(said("hello", LOBBY, at=world.clock()))
    await asyncio.wait_for(again.wait(), 10)
    assert len(world.chat.told) == 2 * PAGE, "as far as it came before it was known"
    world.hub.write = kept  # type: ignore[method-assign]
    await world.rest()
    assert [jid for jid, _body in world.chat.told] == many


async def test_what_is_deleted_is_taken_back_from_who_was_named_or_has_paused_since(
    world: World,
) -> None:
    await world.subscribe(when="daily at 9", name="juliet")
    await world.subscribe(MERCUTIO)
    await world.subscribe("nurse@example.org", when="daily at 9")
    message = await world.say("juliet: the password is x")
    await world.subscriptions.pause(MERCUTIO, 0)
    await world.hub.delete(message.id, AUDIT)
    assert sorted(world.chat.taken) == [(JULIET, message.id), (MERCUTIO, message.id)]


async def test_what_is_deleted_while_it_is_told_goes_no_further_and_is_taken_back(
    world: World,
) -> None:
    for number in range(3 * PAGE):
        await world.subscribe(
            f"person{number}@{'slow.example' if number == PAGE else 'example.org'}"
        )
    slow = world.chat.ways["slow.example"]
    slow.flying = WINDOW
    await world.hub.accept(message := said("the password is x", LOBBY, at=world.clock()))
    await until(lambda: len(world.chat.told) == 2 * PAGE - 1, "two pages are told but for one")
    await world.hub.delete(message.id, AUDIT)
    slow.ended()
    await world.rest()
    told = {jid for jid, _body in world.chat.told}
    assert len(told) == 2 * PAGE
    assert told <= {jid for jid, _id in world.chat.taken}


async def test_whom_a_route_tells_too_is_told_once(world: World) -> None:
    await world.settings.change([Put(Route(LOBBY, Channel("chat", JULIET)))], AUDIT)
    await world.subscribe()
    await world.subscribe(MERCUTIO)
    await world.say("hello")
    assert world.chat.sent == [(Channel("chat", JULIET), "hello")]
    assert [jid for jid, _body in world.chat.told] == [MERCUTIO]


async def test_filters_leave_others_their_turn(world: World) -> None:
    """A long message that many look through: nothing else waits for all of them."""
    for number in range(PAGE):
        only = f"zz{number}, " + ", ".join(f"q{phrase}" for phrase in range(30))
        await world.subscribe(f"person{number}@example.org", only=only)
    turns, over = 0, False

    async def others() -> None:
        nonlocal turns
        while not over:
            turns += 1
            await asyncio.sleep(0)

    run = Run(
        Delivery(1, message := said("ä" * 60_000, LOBBY), subscribers(LOBBY)),
        LOBBY,
        1,
        (),
        frozenset(),
        frozenset(),
        message,
    )
    some = await world.store.subscriptions.listeners(LOBBY, (), 0, PAGE)
    task = asyncio.create_task(others())
    await world.fanout.page(run, some)
    over = True
    await task
    assert turns >= PAGE // FILTERS_PER_TURN


def test_a_message_is_folded_once_for_all_filters() -> None:
    message = said("Ä" * 60_000)
    hits = folded.cache_info().hits
    for number in range(10):
        assert not Filter.parse(f"zz{number}")(message)
    assert folded.cache_info().hits == hits + 9


def test_the_channel_of_subscribers_is_named_after_the_channel() -> None:
    assert str(subscribers(LOBBY)) == "subscribers:shoutbox:lobby"
