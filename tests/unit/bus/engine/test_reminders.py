"""Reminders: what a line says; and when they come, over restarts, changed clocks, crashes and full
disks, on the real store."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

import pytest

from commands.grammar.reminder import when
from component import processors
from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.reminders import RETRY, Reminders
from component.bus.engine.scheduler import Scheduler
from component.bus.model.message import BUS, Channel
from component.bus.model.records import Audit, ChannelSpec, Drop, Grant, Mute, Put
from component.bus.model.reminder import MOST, Reminder
from component.bus.model.roles import Roles
from component.bus.model.route import Route
from component.common.errors import Conflict, Muted, NotFound, StoreError
from component.methods import discover
from component.storage import open_store
from tests.support.fakes import FakeClock, FakeMethod, WatchedStore, until

BOX, ROOM = Channel("shoutbox", "lobby"), Channel("muc", "team@rooms.example.org")
JULIET = Channel("chat", "juliet@x")
AUDIT = Audit(0, "admin@x", "test", "change")
BERLIN = ZoneInfo("Europe/Berlin")
MINUTE, HOUR, DAY = 60, 3_600, 86_400
NOW = int(datetime(2026, 11, 25, 12, 0, tzinfo=BERLIN).timestamp())


def test_summer_time_moves_no_clock() -> None:
    """Berlin's clocks go from 2:00 to 3:00 on 28 March 2027, and from 3:00 to 2:00 on 31
    October."""
    before = int(datetime(2027, 3, 27, 12, 0, tzinfo=BERLIN).timestamp() * 1000)
    assert when("tomorrow at 9", before, BERLIN).due - before == 20 * HOUR * 1000
    one = Reminder("a@x", "a", BOX, "x", before, "daily at 2:30", "Europe/Berlin")
    skipped = one.next(before)
    assert skipped
    assert datetime.fromtimestamp(skipped / 1000, BERLIN).strftime("%d %H:%M") == "28 03:00"
    autumn = int(datetime(2027, 10, 30, 12, 0, tzinfo=BERLIN).timestamp() * 1000)
    first = one.next(autumn)
    assert first
    assert datetime.fromtimestamp(first / 1000, BERLIN).strftime("%d %H:%M") == "31 02:30"
    assert one.next(first) == first + 25 * HOUR * 1000


@pytest.mark.parametrize(
    ("schedule", "down"),
    [
        ("*/5 * * * *", 300 * DAY + 4 * MINUTE),
        ("every 2 hours", 30 * DAY + HOUR),
        ("weekdays at 9:00", 3 * DAY),
        ("every Monday 9:30", 20 * DAY),
        ("0 9 1 * *", 70 * DAY),
        ("0 9 1 1 *", 3 * DAY),
        ("0 9 1 1 *", 800 * DAY),
    ],
)
def test_the_last_of_those_that_were_missed(schedule: str, down: int) -> None:
    due = when(schedule, NOW * 1000, BERLIN).due
    one = Reminder("a@x", "a", BOX, "x", due, schedule, "Europe/Berlin")
    assert one.latest(due) == due
    now = due + down * 1000
    found = one.latest(now)
    assert due <= found <= now < (one.next(found) or 0)


# When they come


async def _refused(*_: Any) -> NoReturn:
    raise StoreError("The disk is full; nothing was changed, try again.")


class World:
    """A bus with a shoutbox that leads to a room; it is started as often as one likes, at any
    time."""

    def __init__(self, place: Path) -> None:
        self._place = place
        self.clock = FakeClock(float(NOW))
        self.wire = FakeMethod()
        self.store: WatchedStore
        self.hub: Hub
        self.scheduler: Scheduler
        self.settings: Settings
        self.reminders: Reminders

    at_once = 64

    async def start(self) -> None:
        self.store = WatchedStore(await open_store(f"sqlite:{self._place / 'bus.db'}"))
        await self.store.configuration.seed(
            [ChannelSpec(BOX), ChannelSpec(ROOM)], [Route(BOX, ROOM)], ()
        )
        self.hub = Hub(self.store, self.clock)
        self.hub.attach(
            {"chat": self.wire, "muc": self.wire, "shoutbox": None}, ["chat"], processors.make
        )
        self.settings = Settings(self.store, self.hub, Roles(["admin@x"]), discover())
        await self.settings.load()
        self.scheduler = Scheduler(self.clock)
        self.reminders = Reminders(
            self.hub,
            self.store.reminders,
            self.settings,
            discover(),
            self.scheduler,
            self.clock,
            self.at_once,
        )
        await self.hub.start()
        await self.reminders.start()

    async def stop(self) -> None:
        await self.hub.stop()
        await self.store.close()

    async def restart(self, after: float = 0) -> None:
        """The bus is down for `after` seconds."""
        await self.stop()
        self.clock.sleep(after)
        await self.start()

    async def asks(
        self,
        channel: Channel,
        text: str,
        words: str = "stretch",
        who: str = "juliet@x",
        zone: str = "UTC",
    ) -> Reminder:
        time = when(text, self.clock(), ZoneInfo(zone))
        return await self.reminders.add(
            Reminder(who, who.partition("@")[0], channel, words, time.due, time.schedule, zone)
        )

    async def passes(self, seconds: float) -> None:
        """Time, stopping where something is due."""
        end = self.clock.now + seconds
        while (due := self.scheduler.next_due()) is not None and due <= end * 1000:
            self.clock.now = max(self.clock.now, due / 1000)
            self.scheduler.tick()
            await self.scheduler.settled()
        self.clock.now = end

    async def heard(self, count: int) -> list[tuple[str, str]]:
        """All that went out, once that is so much."""
        await until(lambda: len(self.wire.sent) >= count, f"{count} are sent, of {self.wire.sent}")
        return [(str(channel), body) for channel, body in self.wire.sent]

    async def left(self) -> list[tuple[str, int]]:
        """What is to come: (words, seconds from now)."""
        return [
            (one.body, one.due // 1000 - int(self.clock.now))
            for one in await self.store.reminders.find()
        ]


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    one = World(tmp_path)
    await one.start()
    yield one
    await one.stop()


async def test_it_comes_once_when_it_is_due(world: World) -> None:
    await world.asks(JULIET, "in 20 minutes")
    await world.passes(20 * MINUTE - 1)
    assert world.wire.sent == []
    await world.passes(1)
    assert await world.heard(1) == [("chat:juliet@x", "Reminder: stretch")]
    assert await world.left() == []
    await world.passes(DAY)
    await world.restart()
    assert len(world.wire.sent) == 1


async def test_in_a_channel_routes_carry_it(world: World) -> None:
    await world.asks(BOX, "in 20 minutes")
    await world.passes(HOUR)
    assert await world.heard(1) == [(str(ROOM), "Reminder from juliet: stretch")]
    assert [one.message.line for one in await world.store.deliveries.log(BOX)] == [
        "Reminder from juliet: stretch"
    ]


async def test_an_earlier_one_comes_earlier(world: World) -> None:
    await world.asks(JULIET, "in 2h", "two")
    await world.asks(JULIET, "in 1h", "one")
    await world.asks(JULIET, "in 3h", "three")
    await world.passes(HOUR)
    assert [words for _to, words in await world.heard(1)] == ["Reminder: one"]
    await world.passes(2 * HOUR)
    assert [words for _to, words in await world.heard(3)] == [
        "Reminder: one",
        "Reminder: two",
        "Reminder: three",
    ]


async def test_it_survives_a_restart(world: World) -> None:
    await world.asks(JULIET, "in 20 minutes")
    await world.restart(10 * MINUTE)
    await world.passes(9 * MINUTE)
    assert world.wire.sent == []
    await world.passes(MINUTE)
    assert await world.heard(1) == [("chat:juliet@x", "Reminder: stretch")]


@pytest.mark.parametrize(
    ("down", "told"),
    [
        (20 * MINUTE + 59, ""),
        (40 * MINUTE, " (20min late)"),
        (3 * HOUR, " (2h 40min late)"),
        (9 * DAY, " (8d 23h late)"),
    ],
)
async def test_what_was_missed_says_how_late_it_is(world: World, down: int, told: str) -> None:
    await world.asks(JULIET, "in 20 minutes")
    await world.restart(down)
    await world.passes(0)
    assert await world.heard(1) == [("chat:juliet@x", f"Reminder: stretch{told}")]
    assert await world.left() == []


async def test_again_and_again(world: World) -> None:
    await world.asks(BOX, "every Monday 9:30", "stand up", zone="Europe/Berlin")
    await world.passes(21 * DAY)
    assert [words for _to, words in await world.heard(3)] == ["Reminder from juliet: stand up"] * 3
    assert len(await world.left()) == 1


async def test_what_was_missed_many_times_comes_once(world: World) -> None:
    await world.asks(JULIET, "every 2 hours")
    await world.restart(10 * DAY + HOUR + 20 * MINUTE)
    await world.passes(0)
    assert await world.heard(1) == [("chat:juliet@x", "Reminder: stretch (20min late)")]
    ((_words, seconds),) = await world.left()
    assert 0 < seconds <= 2 * HOUR
    await world.passes(2 * HOUR)
    assert (await world.heard(2))[1] == ("chat:juliet@x", "Reminder: stretch")


async def test_a_crash_between_saying_and_ending_it(world: World) -> None:
    await world.asks(JULIET, "in 20 minutes")
    await world.asks(JULIET, "every hour", "drink")
    world.store.reminders.settle = _refused
    await world.passes(20 * MINUTE)
    await world.heard(1)
    assert len(await world.left()) == 2  # said, and the store has not heard of it
    await world.restart()
    await world.passes(HOUR - 20 * MINUTE)
    assert [words for _to, words in await world.heard(2)] == [
        "Reminder: stretch",
        "Reminder: drink",
    ]
    assert [words for words, _seconds in await world.left()] == ["drink"]


async def test_a_full_disk_promises_nothing(world: World) -> None:
    world.store.reminders.add = _refused
    with pytest.raises(StoreError):
        await world.asks(JULIET, "in 20 minutes")
    assert await world.left() == []


@pytest.mark.parametrize("part", ["save", "due", "next_due", "settle"])
async def test_a_full_disk_when_it_is_due(world: World, part: str) -> None:
    await world.asks(JULIET, "in 20 minutes")
    await world.asks(JULIET, "in 3h", "later")
    setattr(world.store.reminders, part, _refused)
    world.store.failing = 2 if part == "save" else 0
    await world.passes(20 * MINUTE + RETRY / 1000)
    delattr(world.store.reminders, part)
    await world.passes(3 * HOUR)
    assert [words.partition(" (")[0] for _to, words in await world.heard(2)] == [
        "Reminder: stretch",
        "Reminder: later",
    ]
    assert await world.left() == []


async def test_many_at_once(world: World) -> None:
    world.at_once = 7
    await world.restart()
    for number in range(40):
        await world.asks(JULIET, "in 20 minutes", str(number))
    await world.passes(20 * MINUTE)
    assert [words for _to, words in await world.heard(40)] == [
        f"Reminder: {number}" for number in range(40)
    ]
    assert await world.left() == []


async def test_only_the_next_is_in_memory(world: World) -> None:
    for number in range(100):
        await world.asks(
            Channel("chat", f"p{number}@x"), f"in {number + 1} hours", who=f"p{number}@x"
        )
    assert len(world.scheduler.jobs) == 1


# Who may, and what is gone when it is due


async def test_a_removed_channel(world: World) -> None:
    await world.asks(BOX, "every 2 hours")
    await world.asks(JULIET, "in 20 minutes", "eat")
    (spec,) = [one for one in world.hub.channels if one.channel == BOX]
    await world.settings.change([Drop(one) for one in world.hub.routes], AUDIT)
    await world.settings.change([Drop(spec)], AUDIT)
    await world.passes(2 * HOUR)
    told = (
        "Your reminder 1 (stretch) was not delivered to shoutbox:lobby: The channel "
        "shoutbox:lobby does not exist, or you cannot access it."
    )
    assert await world.heard(2) == [("chat:juliet@x", "Reminder: eat"), ("chat:juliet@x", told)]
    assert await world.left() == []


async def test_a_role_that_was_lost(world: World) -> None:
    with pytest.raises(NotFound):
        await world.asks(ROOM, "every 2 hours")
    grant = Grant("juliet@x", "operator")
    await world.settings.change([Put(grant)], AUDIT)
    await world.asks(ROOM, "every 2 hours")
    await world.passes(2 * HOUR)
    await world.settings.change([Drop(grant)], AUDIT)
    await world.passes(2 * HOUR)
    first, second = await world.heard(2)
    assert first == (str(ROOM), "Reminder from juliet: stretch")
    assert second[0] == "chat:juliet@x"
    assert "was not delivered to" in second[1]
    assert await world.left() == []


async def test_someone_muted_reminds_nobody_else(world: World) -> None:
    await world.asks(BOX, "every 2 hours")
    await world.settings.change(
        [Put(Mute("juliet@x", "juliet", world.clock() + 3 * HOUR * 1000))], AUDIT
    )
    with pytest.raises(Muted):
        await world.asks(BOX, "in 20 minutes")
    await world.asks(JULIET, "in 20 minutes")
    await world.passes(2 * HOUR)
    (_self, (to, words)) = await world.heard(2)
    assert to == "chat:juliet@x"
    assert "An operator muted you" in words
    await world.passes(2 * HOUR)
    assert (await world.heard(3))[2] == (str(ROOM), "Reminder from juliet: stretch")


async def test_where_nobody_can_be_told_it_holds_up_nothing(world: World) -> None:
    await world.settings.change([Put(Mute(BUS.key, BUS.name))], AUDIT)
    await world.asks(JULIET, "in 20 minutes")
    await world.passes(HOUR)
    assert await world.left() == []


async def test_what_can_not_be_read_holds_up_nothing(world: World) -> None:
    await world.store.reminders.add(
        Reminder(
            "juliet@x", "juliet", JULIET, "never", world.clock() + 1, "daily at 9", "Nowhere/At_All"
        ),
        MOST,
    )
    await world.asks(JULIET, "in 20 minutes")
    await world.restart()
    await world.passes(HOUR)
    told = "Your reminder 1 (never) was not delivered to chat:juliet@x: it cannot be read"
    assert await world.heard(2) == [("chat:juliet@x", told), ("chat:juliet@x", "Reminder: stretch")]
    assert await world.left() == []


async def test_how_many_one_may_have(world: World) -> None:
    for _number in range(MOST):
        await world.asks(JULIET, "in 20 minutes")
    with pytest.raises(Conflict, match="You already have 50 reminders"):
        await world.asks(JULIET, "in 20 minutes")
    await world.asks(Channel("chat", "romeo@x"), "in 20 minutes", who="romeo@x")
    await world.store.reminders.drop(1)
    await world.asks(JULIET, "in 20 minutes")


async def test_a_fault_of_our_own_is_not_the_end(world: World) -> None:
    async def breaks(*_: Any) -> NoReturn:
        raise LookupError("internal error")

    await world.asks(JULIET, "in 20 minutes")
    world.store.reminders.due = breaks
    await world.passes(20 * MINUTE)
    del world.store.reminders.due
    await world.passes(MINUTE)
    assert await world.heard(1) == [("chat:juliet@x", "Reminder: stretch")]
