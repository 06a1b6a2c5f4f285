"""Corrections: to where the first words were brought and can be corrected, shaped as they were, and
nowhere else."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from component import processors
from component.bus.engine.hub import Hub
from component.bus.model.delivery import State
from component.bus.model.message import Channel, Message
from component.bus.model.records import Audit, Put
from component.bus.model.route import Route, Stage
from component.storage import open_store
from tests.support.fakes import (
    FROM,
    OTHER,
    TO,
    FakeClock,
    FakeMethod,
    WatchedStore,
    said,
    seeded,
    until,
    until_all,
)

BOX = Channel("shoutbox", "other")
STAGES = {
    "match": (Stage(1, "match", (("words", ("one",)),)),),
    "prefix": (Stage(1, "prefix", (("text", ("[x]",)),)),),
    "delay": (Stage(1, "delay", (("by", ("1h",)),)),),
    "dedupe": (Stage(1, "dedupe", (("within", ("1h",)),)),),
}


class Correcting(FakeMethod):
    """A wire on which messages can be corrected."""

    corrects = True


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[WatchedStore]:
    opened = await open_store(f"sqlite:{tmp_path / 'bus.db'}")
    yield WatchedStore(opened)
    await opened.close()


async def start(store: WatchedStore, wire: FakeMethod, *routes: Route) -> Hub:
    await seeded(store, routes)
    hub = Hub(store, FakeClock())
    hub.attach({"wire": wire, "shoutbox": None}, make=processors.make)
    await hub.start()
    return hub


def changed(body: str = "two") -> Message:
    return said(body, origin=f"x#{body}")


async def test_it_goes_where_the_first_words_went_and_can_be_corrected(store: WatchedStore) -> None:
    wire = Correcting()
    hub = await start(
        store, wire, Route(FROM, TO), Route(FROM, BOX), Route(FROM, OTHER, stages=STAGES["match"])
    )
    first = (await hub.accept(said("one", origin="x"))).message
    other = (await hub.accept(said("three", origin="y"))).message
    await until_all(store, State.DELIVERED, 2)
    receipt = await hub.correct(changed("two one"), "y")
    assert receipt
    assert [one.channel for one in receipt.deliveries] == [FROM, TO], (
        "it had not been brought to the other"
    )
    assert receipt.message.corrects == other.id
    again = await hub.correct(changed("one two"), "x")
    assert again
    assert [(one.channel, one.message.corrects) for one in again.deliveries] == [
        (FROM, first.id),
        (TO, first.id),
        (OTHER, first.id),
    ]
    await until(lambda: len(wire.holds[TO]) == 4, "both are corrected")
    assert wire.holds[TO] == ["one", "three", "two one", "one two"]
    for place in (FROM, TO, BOX):
        log = await store.deliveries.log(place)
        assert [line.message.body for line in log] == ["one two", "two one"]
    await hub.stop()


async def test_nothing_is_sent_where_nobody_was_told_or_no_place_can_correct(
    store: WatchedStore,
) -> None:
    hub = await start(store, FakeMethod(), Route(FROM, TO))
    await hub.accept(said("one", origin="x"))
    assert await hub.correct(changed("one"), "x") is None
    assert await hub.correct(changed(), "never") is None
    receipt = await hub.correct(changed(), "x")
    assert receipt
    assert [one.channel for one in receipt.deliveries] == [FROM]
    assert [one.message.body for one in await store.deliveries.log(FROM)] == ["two"]
    await hub.stop()


async def test_a_deleted_message_is_not_brought_back(store: WatchedStore) -> None:
    hub = await start(store, Correcting(), Route(FROM, TO))
    receipt = await hub.accept(said("one", origin="x"))
    await until_all(store, State.DELIVERED, 1)
    await hub.delete(receipt.message.id, Audit(1, "admin@x", "text", "delete"))
    assert await hub.correct(changed(), "x") is None
    await hub.stop()


@pytest.mark.parametrize(
    ("processor", "arrives"),
    [("prefix", ["[x] two"]), ("delay", []), ("dedupe", ["two"]), ("match", [])],
)
async def test_processors_shape_it_and_note_nothing(
    store: WatchedStore, processor: str, arrives: list[str]
) -> None:
    wire = Correcting()
    hub = await start(store, wire, Route(FROM, TO))
    await hub.accept(said("one", origin="x"))
    await until_all(store, State.DELIVERED, 1)
    (route,) = hub.routes
    await store.configuration.change(
        [Put(replace(route, stages=STAGES[processor]))], Audit(1, "admin@x", "text", "edit")
    )
    await hub.reload()
    receipt = await hub.correct(changed(), "x")
    assert receipt
    assert [one.message.body for one in receipt.deliveries if one.channel == TO] == arrives
    assert await store.held.processor_state() == []
    assert await store.held.counts() == {}
    await hub.stop()
