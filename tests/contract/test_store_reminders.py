"""What every engine must do with reminders: see `store.ReminderStore`."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from component.bus.model.message import Channel
from component.bus.model.records import Preference
from component.bus.model.reminder import Reminder
from component.bus.ports.store import Store
from component.common.errors import StoreError
from tests.contract.engines import Engine

BOX = Channel("shoutbox", "lobby")
MOST = 50


def reminder(due: int, body: str = "stretch", who: str = "juliet@x", **more: Any) -> Reminder:
    return Reminder(who, who.partition("@")[0], BOX, body, due, **more)


async def added(store: Store, *several: Reminder) -> Sequence[Reminder]:
    """Each with its number."""
    return [replace(one, id=await store.reminders.add(one, MOST)) for one in several]


async def test_one_is_kept_whole(engine: Engine) -> None:
    store = await engine.open()
    whole = reminder(
        5, "„Ä 'x' \"y\" \\\n🍪", schedule="daily at 9", zone="Europe/Berlin", language="de"
    )
    (one,) = await added(store, whole)
    await store.close()
    again = await engine.open()
    assert one.id > 0
    assert await again.reminders.get(one.id) == one
    assert list(await again.reminders.find()) == [one]
    assert await again.reminders.next_due() == 5
    await again.close()


async def test_none(store: Store) -> None:
    assert list(await store.reminders.find()) == list(await store.reminders.due(10**15, 10)) == []
    assert await store.reminders.next_due() is None
    assert await store.reminders.get(1) is None
    assert await store.reminders.get(10**30) is None
    assert not await store.reminders.drop(10**30)
    await store.reminders.settle([])


async def test_the_next_come_first(store: Store) -> None:
    late, early, same, other = await added(
        store, reminder(9), reminder(3), reminder(3), reminder(5, who="romeo@x")
    )
    assert list(await store.reminders.find()) == [early, same, other, late]
    assert list(await store.reminders.find(limit=2)) == [early, same]
    assert list(await store.reminders.find("juliet@x")) == [early, same, late]
    assert list(await store.reminders.find("juliet@x", 1)) == [early]
    assert list(await store.reminders.find("nobody@x")) == []
    assert await store.reminders.next_due() == 3
    assert list(await store.reminders.due(2, 10)) == []
    assert list(await store.reminders.due(5, 10)) == [early, same, other]
    assert list(await store.reminders.due(5, 1)) == [early]


async def test_no_more_than_so_many_for_each(store: Store) -> None:
    assert [await store.reminders.add(reminder(1), 2) > 0 for _ in range(3)] == [True, True, False]
    assert await store.reminders.add(reminder(1, who="romeo@x"), 2) > 0
    assert len(await store.reminders.find()) == 3


async def test_they_end_and_are_put_off(store: Store) -> None:
    over, again, untouched = await added(store, reminder(1), reminder(1), reminder(1))
    await store.reminders.settle([(over, None), (again, 7)])
    assert list(await store.reminders.find()) == [untouched, replace(again, due=7)]
    await store.reminders.settle(
        [(again, 9), (again, None)]
    )  # as it was read before: it is not so any more
    assert list(await store.reminders.find()) == [untouched, replace(again, due=7)]
    await store.reminders.settle([(over, 7)])
    assert len(await store.reminders.find()) == 2


async def test_one_is_dropped_once(store: Store) -> None:
    one, other = await added(store, reminder(1), reminder(2))
    assert await store.reminders.drop(one.id)
    assert not await store.reminders.drop(one.id)
    assert list(await store.reminders.find()) == [other]


async def test_a_number_is_never_given_again(store: Store) -> None:
    """What came by a number is known by it: see `Reminder.origin`."""
    (one,) = await added(store, reminder(1))
    await store.reminders.drop(one.id)
    (other,) = await added(store, reminder(1))
    assert other.id > one.id


async def test_a_full_disk_keeps_nothing(engine: Engine) -> None:
    store = await engine.open()
    (one,) = await added(store, reminder(1))
    await engine.fill_disk(store)
    long = reminder(2, "x" * 100_000)
    with pytest.raises(StoreError):
        await store.reminders.add(long, MOST)
    assert list(await store.reminders.find()) == [one]
    await engine.free_disk(store)
    assert await store.reminders.add(long, MOST)
    await store.close()


async def test_preferences_have_a_zone(store: Store) -> None:
    for zone in ("", "Europe/Berlin", "Asia/Tokyo"):
        await store.people.prefer(Preference("juliet@x", zone=zone))
        assert [one.zone for one in await store.people.preferences()] == [zone]
