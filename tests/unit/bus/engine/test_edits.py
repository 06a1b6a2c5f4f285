"""Corrections and retractions by authors: a place gets the new words, or it loses the old ones."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from component import processors
from component.bus.engine.hub import Hub
from component.bus.model.delivery import Delivery
from component.bus.model.message import DELETED, WITHDRAWN, Channel, Kind, Message
from component.bus.model.records import Audit, Mute, Put
from component.bus.model.route import Route, Stage
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import Confirmation, Fate
from component.bus.ports.rendering import Rendered
from component.common.errors import Muted, StoreError
from component.storage import open_store
from tests.support.fakes import (
    QUICK,
    FakeClock,
    FakeMethod,
    WatchedStore,
    said,
    seeded,
    until,
)

ROOM = Channel("wire", "room")
OTHER = Channel("wire", "other")
BOX = Channel("shoutbox", "lobby")
PAPER = Channel("paper", "list")
AUDIT = Audit(5, "admin@x", "text", "delete")


class Screen(FakeMethod):
    """A wire with clients at its end: they `show` a line under its id, in its last words, until it
    is taken back."""

    corrects = True

    def __init__(self) -> None:
        super().__init__()
        self.shows: dict[Channel, dict[str, str]] = {}
        self.taken: list[str] = []

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        confirmation = await super().send(rendered)
        message = rendered.content
        shown = self.shows.setdefault(rendered.delivery.channel, {})
        shown[message.corrects or message.id] = message.body
        return confirmation

    async def retract(self, delivery: Delivery) -> Fate:
        self.taken.append(delivery.message.body)
        self.shows.get(delivery.channel, {}).pop(delivery.message.id, None)
        return Fate.ASKED

    def lines(self, channel: Channel) -> list[str]:
        return list(self.shows.get(channel, {}).values())


@dataclass
class World:
    """A hub from a room: to a shoutbox, over that to another room, and to a place that can take
    nothing back."""

    store: WatchedStore
    screen: Screen = field(default_factory=Screen)
    paper: FakeMethod = field(default_factory=FakeMethod)
    clock: FakeClock = field(default_factory=FakeClock)
    hub: Hub = field(init=False)
    sent: int = 0

    async def start(self) -> None:
        self.hub = Hub(self.store, self.clock, QUICK)
        self.hub.attach(
            {"wire": self.screen, "shoutbox": None, "paper": self.paper}, make=processors.make
        )
        await self.hub.start()

    def named(self, body: str, origin: str = "") -> Message:
        self.sent += 1
        origin = origin or f"{ROOM}#{self.sent}"
        return said(body, ROOM, at=self.clock(), origin=origin)

    async def say(self, body: str, origin: str = "") -> Message:
        return (await self.hub.accept(self.named(body, origin))).message

    async def edit(self, message: Message, body: str, origin: str = "") -> Receipt:
        return await self.hub.revise(replace(self.named(body, origin), corrects=message.id))

    async def retract(self, message: Message, origin: str = "") -> Receipt:
        taken = replace(self.named(WITHDRAWN, origin), corrects=message.id, kind=Kind.RETRACTION)
        return await self.hub.revise(taken)

    async def rest(self) -> None:
        """Return once nothing is on its way any more."""
        async with asyncio.timeout(20):
            while await self.store.deliveries.backlog() or self.hub.unsaved:
                pass  # outcomes linger, for others to be committed with

    async def log(self, channel: Channel) -> list[str]:
        return [one.message.body for one in await self.store.deliveries.log(channel)]

    async def change_stages(self, destination: Channel, *stages: Stage) -> None:
        (route,) = [one for one in self.hub.routes if one.destination == destination]
        await self.hub.change([Put(replace(route, stages=stages))], AUDIT)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[WatchedStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    yield await seeded(opened, [Route(ROOM, BOX), Route(BOX, OTHER), Route(ROOM, PAPER)])
    await opened.close()


@pytest.fixture
async def world(store: WatchedStore) -> AsyncIterator[World]:
    world = World(store)
    await world.start()
    yield world
    await world.hub.stop()


def missed(world: World, receipt: Receipt) -> list[str]:
    return [str(one) for one in world.hub.missed(receipt)]


async def test_an_edit_reaches_every_place(world: World) -> None:
    first = await world.say("helo")
    await world.rest()
    world.clock.sleep(5)
    receipt = await world.edit(first, "hello")
    assert receipt.new
    await world.rest()
    assert world.screen.lines(OTHER) == ["hello"]
    (shout,) = await world.store.deliveries.log(BOX)
    assert (shout.message.body, shout.message.edited) == ("hello", world.clock())
    assert shout.message.id == first.id
    assert await world.log(ROOM) == await world.log(OTHER) == ["hello"]
    assert [one.message.body for one in await world.store.messages.search(BOX, "hel")] == ["hello"]
    assert await world.store.messages.earlier_words(first.id) == [(world.clock(), "helo")]
    assert missed(world, receipt) == [
        "Your change did not reach paper:list: it was already sent there and cannot be changed."
    ]


async def test_a_correction_of_a_correction_is_of_the_first(world: World) -> None:
    first = await world.say("one")
    second = (await world.edit(first, "two")).message
    await world.edit(second, "three")
    await world.edit(first, "four")
    await world.rest()
    assert world.screen.lines(OTHER) == ["four"]
    assert await world.log(BOX) == ["four"]
    assert [body for _at, body in await world.store.messages.earlier_words(first.id)] == [
        "one",
        "two",
        "three",
    ]


async def test_an_edit_before_the_original_is_on_disk(world: World) -> None:
    """They come in one group."""
    message = world.named("helo")
    correction = replace(world.named("hello"), corrects=message.id)
    await asyncio.gather(world.hub.accept(message), world.hub.revise(correction))
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(BOX) == ["hello"]


async def test_an_edit_holds_up_no_line_of_its_group(world: World) -> None:
    first = await world.say("one")
    await world.rest()
    edit = replace(world.named("one!"), corrects=first.id)
    await asyncio.gather(world.hub.revise(edit), world.hub.accept(world.named("two")))
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(BOX) == ["one!", "two"]


async def test_nothing_is_known_of_what_is_edited(world: World) -> None:
    receipt = await world.edit(world.named("never said"), "hello")
    assert (receipt.new, receipt.missing) == (False, True)
    assert await world.log(BOX) == []


async def test_what_was_said_twice_changes_nothing_twice(world: World) -> None:
    """An archive is read again."""
    first = await world.say("one", "a")
    assert (await world.edit(first, "two", "b")).new
    assert (await world.edit(first, "three", "c")).new
    for origin, body in (("b", "two"), ("c", "three")):
        assert not (await world.edit(first, body, origin)).new
    again = await world.hub.accept(world.named("one", "a"))
    assert not again.new
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(BOX) == ["three"]


async def test_a_retraction_reaches_every_place(world: World) -> None:
    first = await world.say("oops")
    await world.edit(first, "oops!")
    await world.rest()
    receipt = await world.retract(first)
    await world.rest()
    assert receipt.new
    assert world.screen.lines(OTHER) == []
    assert await world.log(BOX) == await world.log(ROOM) == [WITHDRAWN]
    assert await world.store.messages.earlier_words(first.id) == []
    assert await world.store.messages.deletion(first.id) == (world.clock(), first.author.key)
    assert missed(world, receipt) == [
        "Your change did not reach paper:list: it was already sent there and cannot be changed."
    ]


async def test_what_is_deleted_stays_deleted(world: World) -> None:
    first = await world.say("vile")
    await world.rest()
    await world.hub.delete(first.id, AUDIT)
    for receipt in (await world.edit(first, "nice"), await world.retract(first)):
        assert (receipt.new, receipt.deleted) == (False, True)
    await world.rest()
    assert await world.log(BOX) == [DELETED]
    assert world.screen.lines(OTHER) == []


async def test_an_operator_deletes_what_was_edited(world: World) -> None:
    first = await world.say("vile")
    edit = (await world.edit(first, "very vile")).message
    await world.rest()
    await world.hub.delete(first.id, AUDIT)
    await world.rest()
    assert world.screen.lines(OTHER) == []
    hops = await world.store.messages.trace(edit.id)
    assert {hop.message.body for hop in hops} == {DELETED}
    assert await world.store.messages.earlier_words(first.id) == []


@pytest.mark.parametrize("retracts", [False, True])
async def test_what_waits_is_sent_in_its_new_words_or_not_at_all(
    world: World, retracts: bool
) -> None:
    world.screen.closed.add(OTHER)
    world.paper.closed.add(PAPER)
    first = await world.say("one")
    second = await world.say("two")
    if retracts:
        receipt = await world.retract(first)
    else:
        receipt = await world.edit(first, "one!")
    assert missed(world, receipt) == []
    await world.screen.open(OTHER)
    await world.paper.open(PAPER)
    await world.rest()
    sent = ["two"] if retracts else ["one!", "two"]
    assert [body for _channel, body in world.screen.sent] == sent
    assert [body for _channel, body in world.paper.sent] == sent
    assert second.id in world.screen.shows[OTHER]


@pytest.mark.parametrize("retracts", [False, True])
async def test_what_is_on_the_wire_is_followed_by_its_change(world: World, retracts: bool) -> None:
    world.screen.answers = False
    first = await world.say("one")
    await world.screen.until_sent(1)
    if retracts:
        await world.retract(first)
    else:
        await world.edit(first, "two")
        await world.screen.until_sent(2)
    world.screen.answers = True
    world.screen.confirm_all()
    await world.rest()
    assert world.screen.lines(OTHER) == ([] if retracts else ["two"])


async def test_a_change_outlives_a_crash(world: World) -> None:
    first = await world.say("one")
    await world.rest()
    world.screen.closed.add(OTHER)
    await world.edit(first, "two")
    await world.retract(await world.say("three"))
    await world.hub.stop()
    world.screen.closed.clear()
    await world.start()
    await world.rest()
    assert world.screen.lines(OTHER) == ["two"]
    assert await world.log(BOX) == ["two", WITHDRAWN]


async def test_live_readers_see_it(world: World) -> None:
    listener = world.hub.listen(BOX)
    first = await world.say("one")
    await world.edit(first, "two")
    await world.retract(first)
    seen: list[Delivery] = []
    while not listener.empty():
        one = listener.get_nowait()
        assert one
        seen.append(one)
    assert [one.message.body for one in seen] == ["one", "two", WITHDRAWN]
    assert {one.seq for one in seen} == {seen[0].seq}
    assert seen[1].message.edited


async def test_a_muted_author_edits_nothing_but_may_take_back(world: World) -> None:
    first = await world.say("one")
    mute = Mute(first.author.key, "Juliet", 0, "")
    await world.hub.change([Put(mute)], AUDIT)
    with pytest.raises(Muted):
        await world.edit(first, "two")
    assert await world.log(BOX) == ["one"]
    assert (await world.retract(first)).new
    assert await world.log(BOX) == [WITHDRAWN]


EXCLUDE = Stage(1, "exclude", (("words", ("bad",)),))
WORDS = Stage(1, "words", (("words", ("bad",)), ("then", ("stop",))))
PREFIX = Stage(2, "prefix", (("text", ("[x]",)),))
DELAY = Stage(3, "delay", (("by", ("1h",)),))
DEDUPE = Stage(4, "dedupe", (("within", ("1h",)),))
SLOW = Stage(5, "slow", (("per", ("1h",)),))
SAMPLE = Stage(6, "sample", (("every", ("2",)),))


async def test_processors_shape_the_new_words(world: World) -> None:
    await world.change_stages(OTHER, PREFIX)
    first = await world.say("one")
    await world.rest()
    await world.edit(first, "two")
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(OTHER) == ["[x] two"]
    assert await world.log(BOX) == ["two"]


async def test_where_processors_stop_the_new_words_the_old_ones_go(world: World) -> None:
    """There, and in the places behind it; they do not come back."""
    await world.change_stages(BOX, EXCLUDE)
    first = await world.say("good")
    await world.rest()
    await world.edit(first, "bad")
    await world.rest()
    assert world.screen.lines(OTHER) == []
    assert await world.log(BOX) == [WITHDRAWN]
    assert await world.log(ROOM) == ["bad"]
    assert [stop.destination for stop in await world.store.messages.rejections(first.id)] == [BOX]
    await world.edit(first, "good again")
    await world.rest()
    assert world.screen.lines(OTHER) == []
    assert await world.log(BOX) == [WITHDRAWN]
    assert await world.log(ROOM) == ["good again"]


async def test_where_the_route_is_gone_the_old_words_go(world: World) -> None:
    first = await world.say("one")
    await world.rest()
    (route,) = [one for one in world.hub.routes if one.destination == OTHER]
    await world.hub.change([Put(replace(route, enabled=False))], AUDIT)
    await world.edit(first, "two")
    await world.rest()
    assert world.screen.lines(OTHER) == []
    assert await world.log(BOX) == ["two"]


@pytest.mark.parametrize("stage", [DEDUPE, SLOW, SAMPLE], ids=lambda stage: stage.name)
async def test_what_passed_once_is_not_stopped_for_its_time_or_number(
    world: World, stage: Stage
) -> None:
    await world.change_stages(OTHER, stage)
    first = await world.say("one")
    while not await world.log(OTHER):
        first = await world.say(f"one {world.sent}")
    await world.rest()
    for body in ("two", "one", "two"):
        await world.edit(first, body)
    await world.rest()
    assert world.screen.shows[OTHER][first.id] == "two"
    assert first.body not in world.screen.lines(OTHER)


async def test_held_messages_get_the_new_words(world: World) -> None:
    await world.change_stages(OTHER, PREFIX, DELAY)
    first, second = await world.say("one"), await world.say("gone")
    await world.edit(first, "two")
    await world.retract(second)
    world.clock.sleep(minutes=61)
    world.hub.releases.look_again()
    await until(lambda: world.screen.lines(OTHER), "it is released")
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(OTHER) == ["[x] two"]
    assert await world.store.held.counts() == {}
    assert all(not world.hub.routing.held_at(route) for route in world.hub.routes)


async def test_where_processors_would_hold_the_new_words_the_author_is_told(world: World) -> None:
    first = await world.say("one")
    await world.rest()
    await world.change_stages(OTHER, DELAY)
    receipt = await world.edit(first, "two")
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(OTHER) == ["one"]
    assert await world.log(BOX) == ["two"]
    assert (
        "Your change did not reach wire:other: messages are delayed on the way there. To take the "
        "old one back, delete it."
    ) in missed(world, receipt)
    assert await world.store.held.counts() == {}


async def test_a_disk_that_fails_changes_nothing(world: World) -> None:
    first = await world.say("one")
    await world.rest()
    world.store.failing, world.store.late = 1, True
    with pytest.raises(StoreError):
        await world.edit(first, "two", "edit")
    assert await world.log(BOX) == ["one"]
    await world.edit(first, "two", "edit")
    await world.rest()
    assert world.screen.lines(OTHER) == await world.log(BOX) == ["two"]
