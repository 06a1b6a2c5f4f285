"""Subscriptions that are changed while something else comes: nothing is lost, and nothing is told
twice."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from component.bus.model.delivery import State
from component.bus.model.message import BUS, Author, Channel, Message
from component.bus.model.records import ChannelSpec, Put
from component.bus.model.route import Route
from component.bus.model.subscription import Address, Interval, Proof, Standing, Subscription
from component.bus.ports.transaction import Write
from component.common.errors import Conflict, NotFound, Refused, StoreError, Unavailable
from component.subscriptions.transitions import edited, paused, put_back, resumed
from tests.support.fakes import said
from tests.support.subscribed import AUDIT, JULIET, LOBBY, ROMEO, TEAM, World, a_world

MAIL = Channel("mail", JULIET)
IM = Channel("chat", JULIET)
OFFLINE = Refused("service-unavailable")
DAY = 24 * 60  # minutes


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path) as world:
        yield world


async def stands(world: World, number: int) -> Subscription:
    found = await world.store.subscriptions.get(number)
    assert found
    return found


def meanwhile(world: World, come: Callable[[], Awaitable[object]], times: int = 1) -> None:
    """Let something come between the reads of the next change and its write."""
    kept, left = world.store.subscriptions.change, [come] * times

    async def late(changes: Sequence[tuple[Subscription, Subscription]]) -> Sequence[Subscription]:
        if left:
            await left.pop()()
        return await kept(changes)

    world.store.subscriptions.change = late  # type: ignore[method-assign]


# What comes between a read and a write


CHANGES: dict[str, Callable[[World, Subscription], Awaitable[object]]] = {
    "rezone": lambda world, _one: world.subscriptions.rezone(JULIET, "Europe/Berlin"),
    "pause": lambda world, _one: world.subscriptions.pause(JULIET, world.clock() + 40 * 3_600_000),
    "edit": lambda world, one: world.subscriptions.change(one, replace(one, without="spam")),
    "at once": lambda world, one: world.subscriptions.change(
        one, replace(one, interval=Interval())
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
async def test_a_digest_that_was_made_meanwhile_is_not_made_again(
    world: World, change: Callable[[World, Subscription], Awaitable[object]]
) -> None:
    one = await world.subscribe(when="daily at 9", name="")
    await world.say("one")
    meanwhile(world, lambda: world.until(one.due + 1000))
    await change(world, one)
    assert len(world.chat.sent) == 1
    await world.sleep(3 * DAY)
    assert len(world.chat.sent) == 1


async def test_what_bounced_meanwhile_stays_stopped(world: World) -> None:
    one = await world.subscribe(target=MAIL, when="daily at 9", name="")
    meanwhile(world, lambda: world.book.bounced(MAIL, "no such user"))
    await world.subscriptions.rezone(JULIET, "Europe/Berlin")
    now = await stands(world, one.id)
    assert (now.standing, now.due, now.zone) == (Standing.FAILED, 0, "Europe/Berlin")


async def test_of_two_edits_at_once_both_are_kept(world: World) -> None:
    one = await world.subscribe(when="daily at 9", name="")
    meanwhile(world, lambda: world.subscriptions.change(one, replace(one, only="news")))
    now = await world.subscriptions.change(one, replace(one, without="spam"))
    assert (now.only, now.without) == ("news", "spam")
    assert await stands(world, one.id) == now


async def test_what_ended_meanwhile_stays_ended(world: World) -> None:
    one = await world.subscribe(when="daily at 9", name="")
    await world.subscriptions.end([one.id])
    with pytest.raises(NotFound, match="The subscription ended in the meantime"):
        await world.subscriptions.change(one, replace(one, only="news"))
    assert not await world.subscriptions.of(JULIET)


async def test_what_changes_again_and_again_is_given_up_in_words(world: World) -> None:
    one = await world.subscribe(when="daily at 9", name="")
    names = iter("abcdefgh")
    kept = world.store.subscriptions.change

    async def rename() -> None:
        now = await stands(world, one.id)
        await kept([(now, replace(now, name=next(names)))])

    meanwhile(world, rename, times=8)
    with pytest.raises(Conflict, match="The subscriptions kept changing during the request"):
        await world.subscriptions.rezone(JULIET, "Europe/Berlin")
    assert (await stands(world, one.id)).zone == "UTC"


# While the fan-out is behind


@asynccontextmanager
async def behind(world: World) -> AsyncIterator[None]:
    """The fan-out is held up inside, and comes on behind that."""
    gate, kept = asyncio.Event(), world.store.subscriptions.listeners

    async def slow(*args: Any) -> Sequence[Subscription]:
        await gate.wait()
        return await kept(*args)

    world.store.subscriptions.listeners = slow  # type: ignore[assignment, method-assign]
    yield
    gate.set()
    await world.rest()
    world.store.subscriptions.listeners = kept  # type: ignore[method-assign]


async def comes(world: World, body: str) -> Message:
    message = said(body, LOBBY, author=Author("romeo", ROMEO), at=world.clock())
    await world.hub.accept(message)
    return message


async def test_what_the_fan_out_has_yet_to_bring_is_told_after_a_pause(world: World) -> None:
    await world.subscribe(name="")
    await world.say("before")
    async with behind(world):
        await comes(world, "important")
        await world.subscriptions.pause(JULIET, 0)
    assert [body for _jid, body in world.chat.told] == ["[Lobby] romeo: before"]
    await world.subscriptions.resume(JULIET)
    await world.sleep(1)
    assert world.chat.sent == [(IM, "1 messages of shoutbox:lobby")]


async def test_what_the_fan_out_has_yet_to_bring_is_told_by_the_first_digest(world: World) -> None:
    one = await world.subscribe(name="")
    await world.say("before")
    async with behind(world):
        await comes(world, "important")
        await world.subscriptions.change(one, replace(one, interval=Interval.parse("daily at 9")))
    assert len(world.chat.told) == 1
    await world.sleep(2 * DAY)
    assert world.chat.sent == [(IM, "1 messages of shoutbox:lobby")]


async def test_who_was_passed_already_is_not_told_again_after_a_pause(world: World) -> None:
    """Her page is kept; the fan-out is held up at the next."""
    await world.subscribe(name="")
    store, gate, passed = world.store, asyncio.Event(), asyncio.Event()
    hearers, write = store.subscriptions.listeners, world.hub.write

    async def second_page(
        channel: Channel, words: Any, after: int, limit: int
    ) -> Sequence[Subscription]:
        if after:
            await gate.wait()
        return await hearers(channel, words, after, limit)

    async def first_page(writes: Sequence[Write]) -> None:
        await write(writes)
        passed.set()

    store.subscriptions.listeners = second_page  # type: ignore[method-assign]
    world.hub.write = first_page  # type: ignore[method-assign]
    await comes(world, "told")
    await passed.wait()
    await world.subscriptions.pause(JULIET, 0)
    gate.set()
    await world.rest()
    await world.subscriptions.resume(JULIET)
    await world.sleep(1)
    assert (len(world.chat.told), world.chat.sent) == (1, [])


async def test_pausing_what_is_paused_loses_nothing(world: World) -> None:
    await world.subscribe(name="")
    await world.subscriptions.pause(JULIET, 0)
    await world.say("meanwhile")
    await world.subscriptions.pause(JULIET, world.clock() + 3_600_000)
    await world.sleep(61)
    assert world.chat.sent == [(IM, "1 messages of shoutbox:lobby")]


async def test_after_an_edit_it_is_counted_anew(world: World) -> None:
    one = await world.subscribe(when="every 20", only="release", name="")
    await world.say("release")
    for number in range(20):
        await world.say(f"number {number}")
    await world.subscriptions.change(await stands(world, one.id), replace(one, only=""))
    await world.say("one more")
    await world.sleep(1)
    assert [target for target, _body in world.chat.sent] == [IM]


# Falling back


async def test_what_another_subscription_brought_does_not_fall_back(world: World) -> None:
    await world.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    await world.subscribe(fallback=MAIL, name="")
    await world.subscribe(channel=TEAM, name="")
    world.chat.refuses[JULIET] = OFFLINE
    world.chat.plans = [OFFLINE] * 2
    await world.say("for the team alone", TEAM)
    await world.hub.accept(
        Message.new(IM, BUS, "Reminder: private", world.clock()), deliver=True, spread=False
    )
    await world.rest()
    assert world.mail.sent == []
    world.chat.plans = [OFFLINE]
    await world.say("for all")
    assert world.mail.sent == [(MAIL, "for all")]


async def test_a_digest_falls_back_where_one_of_its_subscriptions_wants_that(world: World) -> None:
    await world.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    await world.subscribe(when="daily at 9", name="", fallback=MAIL)
    await world.subscribe(channel=TEAM, when="daily at 10", name="")
    await world.say("hello")
    await world.say("hello", TEAM)
    world.chat.plans = [OFFLINE]
    await world.sleep(DAY)
    assert world.mail.sent == [(MAIL, "1 messages of shoutbox:lobby")]
    assert world.chat.sent[-1] == (IM, "1 messages of shoutbox:team")


async def test_what_fits_no_filter_of_a_subscription_does_not_fall_back_for_it(
    world: World,
) -> None:
    await world.settings.change(
        [Put(ChannelSpec(Channel("chat", "*"))), Put(Route(LOBBY, IM))], AUDIT
    )
    await world.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    await world.subscribe(only="release", fallback=MAIL, name="")
    world.chat.plans = [OFFLINE]
    await world.say("brought by a route")
    assert world.mail.sent == []


@pytest.mark.parametrize("proof", [Proof.ASKED, Proof.BOUNCED, None], ids=str)
async def test_nothing_falls_back_to_what_is_not_proved_any_more(
    world: World, proof: Proof | None
) -> None:
    await world.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    await world.subscribe(fallback=MAIL, name="")
    if proof:
        await world.store.addresses.put(Address(JULIET, MAIL, proof))
    else:
        await world.book.drop(JULIET, MAIL)
    await world.store.addresses.put(Address("mallory@x", MAIL, Proof.CONFIRMED))
    world.chat.refuses[JULIET] = OFFLINE
    world.chat.plans = [OFFLINE]
    await world.say("hello")
    assert world.mail.sent == []


async def test_dropping_an_address_ends_what_falls_back_to_it(world: World) -> None:
    await world.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    one = await world.subscribe(fallback=MAIL)
    other = await world.subscribe(
        ROMEO, target=Channel("mail", ROMEO), fallback=Channel("chat", ROMEO)
    )
    await world.book.drop(JULIET, MAIL)
    assert (await stands(world, one.id)).fallback is None
    assert (await stands(world, other.id)).fallback == Channel("chat", ROMEO)


# Who is away


def away(world: World) -> None:
    """Her server keeps nothing for who is offline."""
    world.chat.refuses[JULIET] = OFFLINE
    world.chat.plans = [OFFLINE] * 1000


def back(world: World) -> None:
    del world.chat.refuses[JULIET]
    world.chat.plans = []


async def test_who_is_offline_is_told_all_of_it_later_and_nothing_ends(world: World) -> None:
    one = await world.subscribe(name="")
    await world.say("before")
    away(world)
    for number in range(5):
        await world.say(f"number {number}")
    await world.sleep(3 * DAY)
    assert (await stands(world, one.id)).standing is Standing.ON
    assert await world.store.dead_letters.counts() == {}
    back(world)
    tried = len(world.chat.sent)
    await world.sleep(DAY + 1)
    assert world.chat.sent[tried:] == [(IM, "5 messages of shoutbox:lobby")]
    await world.say("after")
    assert [body for _jid, body in world.chat.told] == [
        "[Lobby] romeo: before",
        "[Lobby] romeo: after",
    ]


async def test_who_is_offline_is_tried_ever_less(world: World) -> None:
    await world.subscribe(name="")
    away(world)
    await world.say("hello")
    await world.sleep(10 * DAY)
    tries = [body for _channel, body in world.chat.sent]
    assert tries[0] == "hello"
    assert 10 < len(tries) < 22, "5, 10, 20 minutes and so on, then each day"


async def test_who_is_seen_is_told_at_once(world: World) -> None:
    await world.subscribe(name="")
    away(world)
    await world.say("hello")
    await world.sleep(DAY)
    back(world)
    tried = len(world.chat.sent)
    world.subscriptions.seen(ROMEO)
    world.subscriptions.seen(JULIET)
    await world.sleep(1)
    assert world.chat.sent[tried:] == [(IM, "1 messages of shoutbox:lobby")]
    world.subscriptions.seen(JULIET)
    assert world.scheduler.next_due() != world.clock()


async def test_a_digest_that_was_refused_comes_with_the_next(world: World) -> None:
    one = await world.subscribe(when="daily at 9", name="")
    away(world)
    await world.say("the first day")
    await world.until(one.due + 1000)
    back(world)
    await world.say("the second day")
    await world.sleep(DAY)
    assert world.chat.sent == [
        (IM, "1 messages of shoutbox:lobby"),
        (IM, "2 messages of shoutbox:lobby"),
    ]
    assert await world.store.dead_letters.counts() == {}


async def test_by_count_a_refused_digest_is_tried_again(world: World) -> None:
    await world.subscribe(when="every 2", name="")
    away(world)
    for number in range(2):
        await world.say(f"number {number}")
    await world.sleep(1)
    back(world)
    tried = len(world.chat.sent)
    await world.sleep(6)
    assert world.chat.sent[tried:] == [(IM, "2 messages of shoutbox:lobby")]


async def test_a_mention_that_was_refused_is_in_the_digest(world: World) -> None:
    one = await world.subscribe(when="daily at 9", name="juliet")
    away(world)
    await world.say("juliet: call me")
    back(world)
    await world.until(one.due + 1000)
    assert world.chat.sent[-1] == (IM, "1 messages of shoutbox:lobby")


async def test_what_else_is_refused_is_a_dead_letter_as_ever(world: World) -> None:
    await world.subscribe(name="")
    away(world)
    await world.hub.accept(
        Message.new(IM, BUS, "Reminder: private", world.clock()), deliver=True, spread=False
    )
    await world.rest()
    assert await world.store.dead_letters.counts() == {IM: 1}


async def test_while_the_disk_is_full_what_is_refused_stays_pending(world: World) -> None:
    one = await world.subscribe(name="")
    away(world)
    kept = world.store.subscriptions.change
    failed = asyncio.Event()

    async def full(_changes: object) -> Sequence[Subscription]:
        failed.set()
        raise StoreError("disk full")

    world.store.subscriptions.change = full  # type: ignore[assignment, method-assign]
    message = await comes(world, "hello")
    await failed.wait()
    hops = {hop.channel: hop.state for hop in await world.store.messages.trace(message.id)}
    assert hops[IM] is State.PENDING
    world.store.subscriptions.change = kept  # type: ignore[method-assign]
    await world.rest()
    assert (await stands(world, one.id)).due > 0


async def test_an_unreachable_server_is_waited_for(world: World) -> None:
    one = await world.subscribe(name="")
    world.chat.refuses[JULIET] = Unavailable("no route")
    await world.say("hello")
    assert world.chat.sent == [(IM, "hello")]
    assert (await stands(world, one.id)).due == 0


# Pure


@pytest.mark.parametrize("standing", [Standing.ASKED, Standing.FAILED])
def test_what_does_not_stand_is_left_alone(standing: Standing) -> None:
    one = Subscription(JULIET, LOBBY, IM, standing=standing)
    assert (paused(one, 5, 9), resumed(one, 5), put_back(one, 3, 5)) == (None, None, None)
    assert edited(one, one, replace(one, only="x"), 5, 9) == replace(one, only="x")


def test_what_is_put_back_waits_as_it_did() -> None:
    daily = Subscription(JULIET, LOBBY, IM, Interval.parse("daily at 9"), due=50, cursor=7)
    assert put_back(daily, 4, 20) == replace(daily, cursor=4)
    assert put_back(daily, 9, 20) == daily
    at_once = Subscription(JULIET, LOBBY, IM, cursor=2)
    assert put_back(at_once, 4, 20) == replace(at_once, cursor=4, due=20)
    asleep = replace(at_once, standing=Standing.PAUSED, cursor=7)
    assert put_back(asleep, 4, 20) == replace(asleep, cursor=4)
