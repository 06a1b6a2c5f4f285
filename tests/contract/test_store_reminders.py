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
    return [replace(one, id=await store.add_reminder(one, MOST)) for one in several]


async def test_one_is_kept_whole(engine: Engine) -> None:
    store = await engine.open()
    whole = reminder(
        5, "„Ä 'x' \"y\" \\\n🍪", schedule="daily at 9", zone="Europe/Berlin", language="de"
    )
    (one,) = await added(store, whole)
    await store.close()
    again = await engine.open()
    assert one.id > 0
    assert await again.reminder(one.id) == one
    assert list(await again.reminders()) == [one]
    assert await again.next_reminder() == 5
    await again.close()


async def test_none(store: Store) -> None:
    assert list(await store.reminders()) == list(await store.due_reminders(10**15, 10)) == []
    assert await store.next_reminder() is None
    assert await store.reminder(1) is None
    assert await store.reminder(10**30) is None
    assert not await store.drop_reminder(10**30)
    await store.settle_reminders([])


async def test_the_next_come_first(store: Store) -> None:
    late, early, same, other = await added(
        store, reminder(9), reminder(3), reminder(3), reminder(5, who="romeo@x")
    )
    assert list(await store.reminders()) == [early, same, other, late]
    assert list(await store.reminders(limit=2)) == [early, same]
    assert list(await store.reminders("juliet@x")) == [early, same, late]
    assert list(await store.reminders("juliet@x", 1)) == [early]
    assert list(await store.reminders("nobody@x")) == []
    assert await store.next_reminder() == 3
    assert list(await store.due_reminders(2, 10)) == []
    assert list(await store.due_reminders(5, 10)) == [early, same, other]
    assert list(await store.due_reminders(5, 1)) == [early]


async def test_no_more_than_so_many_for_each(store: Store) -> None:
    assert [await store.add_reminder(reminder(1), 2) > 0 for _ in range(3)] == [True, True, False]
    assert await store.add_reminder(reminder(1, who="romeo@x"), 2) > 0
    assert len(await store.reminders()) == 3


async def test_they_end_and_are_put_off(store: Store) -> None:
    over, again, untouched = await added(store, reminder(1), reminder(1), reminder(1))
    await store.settle_reminders([(over, None), (again, 7)])
    assert list(await store.reminders()) == [untouched, replace(again, due=7)]
    await store.settle_reminders(
        [(again, 9), (again, None)]
    )  # as it was read before: it is not so any more
    assert list(await store.reminders()) == [untouched, replace(again, due=7)]
    await store.settle_reminders([(over, 7)])
    assert len(await store.reminders()) == 2


async def test_one_is_dropped_once(store: Store) -> None:
    one, other = await added(store, reminder(1), reminder(2))
    assert await store.drop_reminder(one.id)
    assert not await store.drop_reminder(one.id)
    assert list(await store.reminders()) == [other]


async def test_a_number_is_never_given_again(store: Store) -> None:
    """What came by a number is known by it: see `Reminder.origin`."""
    (one,) = await added(store, reminder(1))
    await store.drop_reminder(one.id)
    (other,) = await added(store, reminder(1))
    assert other.id > one.id


async def test_a_full_disk_keeps_nothing(engine: Engine) -> None:
    store = await engine.open()
    (one,) = await added(store, reminder(1))
    await engine.fill_disk(store)
    long = reminder(2, "x" * 100_000)
    with pytest.raises(StoreError):
        await store.add_reminder(long, MOST)
    assert list(await store.reminders()) == [one]
    await engine.free_disk(store)
    assert await store.add_reminder(long, MOST)
    await store.close()


async def test_preferences_have_a_zone(store: Store) -> None:
    for zone in ("", "Europe/Berlin", "Asia/Tokyo"):
        await store.prefer(Preference("juliet@x", zone=zone))
        assert [one.zone for one in await store.preferences()] == [zone]
