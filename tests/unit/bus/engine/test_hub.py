"""The hub: groups, duplicates, a disk that fails, marks that are held, live readers, an orderly
end."""

import asyncio
import contextlib
from pathlib import Path

import pytest

from component.bus.engine.broadcast import ROOM as LISTENER_ROOM
from component.bus.engine.limits import CommitLimits, EngineLimits
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.route import Route
from component.bus.ports.method import Confirmation
from component.bus.ports.source_state import ArchivePosition
from component.common.errors import StoreError, Unavailable
from component.storage import open_store
from tests.support.fakes import FROM, OTHER, TO, Bench, FakeMethod, said, seeded, until, until_all


async def test_accepted_means_on_disk(bench: Bench) -> None:
    hub = await bench.start()
    receipt = await hub.accept(said("hello"))
    assert receipt.new
    assert [one.channel for one in receipt.deliveries] == [FROM, TO, OTHER]
    assert (await bench.store.messages.trace(receipt.message.id))[0].message == receipt.message


async def test_states_at_the_start(bench: Bench) -> None:
    """A channel without a way out is done by its commit; where a message came from it came from."""
    bench.method.closed |= {TO, OTHER}
    hub = await bench.start()
    came = await hub.accept(said("hello"))
    assert [one.state for one in came.deliveries] == [State.RECEIVED, State.PENDING, State.PENDING]
    posted = await hub.accept(said("posted"), deliver=True)
    assert [one.state for one in posted.deliveries] == [
        State.DELIVERED,
        State.PENDING,
        State.PENDING,
    ]
    brought = await hub.accept(said("to the wire", TO), deliver=True)
    assert [one.state for one in brought.deliveries] == [State.PENDING]


async def test_a_known_origin_goes_nowhere(bench: Bench) -> None:
    hub = await bench.start()
    first = await hub.accept(said("hello", origin="key"))
    again = await hub.accept(said("hello", origin="key"))
    assert (again.new, again.message, again.deliveries) == (False, first.message, ())
    twice = await asyncio.gather(*(hub.accept(said("other", origin="key 2")) for _ in range(10)))
    assert [one.new for one in twice] == [True] + [False] * 9
    await until_all(bench.store, State.DELIVERED, 2)
    assert bench.method.holds[TO] == ["hello", "other"]


async def test_what_comes_at_once_is_one_commit(bench: Bench) -> None:
    bench.method.closed |= {TO, OTHER}
    hub = await bench.start()
    bench.store.gate = asyncio.Event()
    first = asyncio.create_task(hub.accept(said("first")))
    await until(lambda: bench.store.saves, "the first commit begins")
    rest = [asyncio.create_task(hub.accept(said(str(number)))) for number in range(100)]
    await until(lambda: hub.unsaved == 100, "they wait for the disk")
    assert not any(one.done() for one in (first, *rest))
    bench.store.gate.set()
    await asyncio.gather(first, *rest)
    assert bench.store.saves == [[1, 0, 0], [100, 0, 0]]


async def test_a_caller_who_goes_away_changes_nothing_for_others(bench: Bench) -> None:
    hub = await bench.start()
    bench.store.gate = asyncio.Event()
    leaving, staying = (
        asyncio.create_task(hub.accept(said(body))) for body in ("leaving", "staying")
    )
    await until(lambda: bench.store.saves, "the commit begins")
    leaving.cancel()
    bench.store.gate.set()
    assert (await staying).new
    with contextlib.suppress(asyncio.CancelledError):
        await leaving
    await until_all(bench.store, State.DELIVERED, 2)


async def test_nothing_is_accepted_or_delivered_while_the_disk_fails(bench: Bench) -> None:
    hub = await bench.start()
    bench.store.failing = 2
    for body in ("one", "two"):
        with pytest.raises(StoreError):
            await hub.accept(said(body))
    await hub.accept(said("three"))
    await until_all(bench.store, State.DELIVERED, 1)
    assert bench.method.holds[TO] == ["three"]


async def test_marks_wait_for_what_was_not_saved(bench: Bench) -> None:
    """Else the archive would be read from behind a message that nobody holds."""
    hub = await bench.start()
    room = FROM
    await hub.accept(said("one", room), ArchivePosition(room, "1", 1))
    bench.store.failing = 1
    with pytest.raises(StoreError):
        await hub.accept(said("two", room), ArchivePosition(room, "2", 2))
    await hub.accept(said("three", room), ArchivePosition(room, "3", 3))
    hub.note(ArchivePosition(room, "4", 4))
    hub.note(ArchivePosition(OTHER, "x", 5))
    await hub.accept(said("any"))
    assert await bench.store.source_state.archive_position(room) == ArchivePosition(room, "1", 1)
    assert await bench.store.source_state.archive_position(OTHER) == ArchivePosition(OTHER, "x", 5)
    hub.reading(room)
    await hub.accept(said("two", room), ArchivePosition(room, "2", 2))
    await hub.accept(said("three", room), ArchivePosition(room, "3", 3))
    assert await bench.store.source_state.archive_position(room) == ArchivePosition(room, "3", 3)


async def test_the_last_mark_of_a_group_counts(bench: Bench) -> None:
    hub = await bench.start()
    for number in range(5):
        hub.note(ArchivePosition(TO, str(number), number))
    await hub.accept(said("hello"))
    assert await bench.store.source_state.archive_position(TO) == ArchivePosition(TO, "4", 4)


async def test_outcomes_are_tried_again(bench: Bench) -> None:
    method = bench.method
    method.closed.add(OTHER)
    method.answers = False
    hub = await bench.start()
    await hub.accept(said("hello"))
    await method.until_sent(1)
    bench.store.failing = 3
    method.confirm_all()
    await until_all(bench.store, State.DELIVERED, 1)
    assert bench.store.failing == 0
    assert method.holds[TO] == ["hello"]


async def test_a_mark_waits_for_an_outcome_that_was_not_saved(bench: Bench) -> None:
    """After a crash the message would be looked for behind its place in the archive, and sent
    twice."""
    bench.limits = EngineLimits(CommitLimits(retry_s=3600))
    method = bench.method
    method.closed.add(OTHER)
    method.answers = False
    hub = await bench.start()
    await hub.accept(said("hello"))
    await method.until_sent(1)
    bench.store.failing = 1
    method.confirm_all()
    await until(lambda: not bench.store.failing, "the outcome is refused by the disk")
    hub.note(ArchivePosition(TO, "behind it", 9))
    hub.note(ArchivePosition(OTHER, "elsewhere", 9))
    await hub.accept(said("any", Channel("shoutbox", "quiet")))
    assert await bench.store.source_state.archive_position(TO) is None
    assert await bench.store.source_state.archive_position(OTHER) is not None
    await hub.stop()  # which tries once more
    bench.hubs.clear()
    assert await bench.store.deliveries.backlog() == {OTHER: 1}


async def test_a_late_outcome_does_not_undo_a_later_one(bench: Bench) -> None:
    """A failed try that the disk refused at first once came to stand over the success that
    followed."""
    method = bench.method
    method.closed.add(OTHER)
    hub = await bench.start()

    def fails_with_the_disk(delivery: Delivery, confirmation: Confirmation) -> None:
        bench.store.failing = 1
        confirmation.set_exception(Unavailable("away"))

    method.plans = [fails_with_the_disk]
    receipt = await hub.accept(said("hello"))
    await until_all(bench.store, State.DELIVERED, 1)
    await hub.accept(said("and more"))
    await asyncio.sleep(0.03)  # the time after which outcomes are tried again
    await hub.accept(said("and still more"))
    await until_all(bench.store, State.DELIVERED, 3)
    assert (await bench.store.messages.trace(receipt.message.id))[1].state is State.DELIVERED


async def test_two_outcomes_of_one_delivery_in_one_commit(bench: Bench) -> None:
    method = bench.method
    method.closed.add(OTHER)
    method.answers = False
    hub = await bench.start()
    receipt = await hub.accept(said("hello"))
    await method.until_sent(1)
    one = receipt.deliveries[1]
    hub.commits.settle(one.failed(Unavailable("away"), 5))
    hub.commits.settle(one.confirmed(6))
    await until_all(bench.store, State.DELIVERED, 1)
    assert [saved[1] for saved in bench.store.saves if saved[1]] == [1]


# Live readers


async def test_each_new_delivery_once(bench: Bench) -> None:
    hub = await bench.start()
    at_source, at_end = hub.listen(FROM), hub.listen(TO)
    other = hub.listen(Channel("shoutbox", "other"))
    for number in range(5):
        await hub.accept(said(str(number), origin=f"o{number}"))
        await hub.accept(said(str(number), origin=f"o{number}"))
    for listener in (at_source, at_end):
        found = [listener.get_nowait() for _ in range(listener.qsize())]
        assert [one.message.body for one in found if one] == ["0", "1", "2", "3", "4"]
    assert other.empty()
    hub.unlisten(FROM, at_source)
    await hub.accept(said("later"))
    assert at_source.empty()
    assert at_end.qsize() == 1


async def test_a_slow_reader_is_let_go(bench: Bench) -> None:
    bench.method.closed |= {TO, OTHER}
    hub = await bench.start()
    slow, quick = hub.listen(FROM), hub.listen(FROM)
    heard = 0
    for start in range(0, LISTENER_ROOM + 50, 50):
        await asyncio.gather(*(hub.accept(said(str(start + number))) for number in range(50)))
        while not quick.empty():
            assert quick.get_nowait()
            heard += 1
    assert heard == LISTENER_ROOM + 50
    assert slow.get_nowait() is None
    assert slow.qsize() <= LISTENER_ROOM


async def test_stop_ends_live_readers(bench: Bench) -> None:
    hub = await bench.start()
    listener = hub.listen(FROM)
    await hub.stop()
    bench.hubs.clear()
    assert await listener.get() is None


# The end and the beginning


async def test_stop_finishes_what_is_being_accepted(bench: Bench) -> None:
    bench.method.closed |= {TO, OTHER}
    hub = await bench.start()
    accepting = [asyncio.create_task(hub.accept(said(str(number)))) for number in range(1_000)]
    await asyncio.sleep(0)
    await hub.stop()
    bench.hubs.clear()
    assert all(one.new for one in await asyncio.gather(*accepting))
    assert await bench.store.deliveries.backlog() == {TO: 1_000, OTHER: 1_000}


async def test_a_backlog_of_a_method_that_is_gone_waits(bench: Bench) -> None:
    bench.method.closed |= {TO, OTHER}
    hub = await bench.start()
    await hub.accept(said("hello"))
    await bench.crash()
    hub = await bench.start()
    hub.methods = {"shoutbox": None}
    await hub.reload()
    assert (await hub.accept(said("more"))).new
    assert await bench.store.deliveries.backlog() == {TO: 1, OTHER: 1}


async def test_routes_and_channels(tmp_path: Path) -> None:
    anyone = Channel("chat", "*")
    opened = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    store = await seeded(opened, [Route(anyone, FROM), Route(FROM, TO, enabled=False)])
    bench = Bench(store, FakeMethod())
    hub = await bench.start()
    someone = Channel("chat", "a@b")
    assert hub.find(someone) == ChannelSpec(anyone)
    assert hub.find(FROM) == ChannelSpec(FROM)
    assert hub.find(Channel("shoutbox", "none")) is None
    assert hub.leads_to(someone) == (str(FROM),)
    assert not hub.leads_to(FROM)
    assert {spec.channel for spec in hub.channels} == {anyone, FROM, TO}
    assert len(hub.routes) == 2
    assert [one.channel for one in (await hub.accept(said("hi", someone))).deliveries] == [
        someone,
        FROM,
    ]
    await bench.close()
