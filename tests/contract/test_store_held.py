"""What every engine must do with what processors hold, stop and note: see `store.Store`."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from component.bus.engine.commits import Offer
from component.bus.model.delivery import State
from component.bus.model.ledger import StateEntry
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Held, Stopped
from component.bus.model.records import Audit, ChannelSpec, Drop, Put
from component.bus.model.route import Route, Stage
from component.bus.ports.store import Store
from component.bus.ports.transaction import Plan
from component.common.errors import Conflict, StoreError
from component.common.i18n import Words
from tests.contract.engines import Engine
from tests.support.fakes import FROM, OTHER, TO, said
from tests.support.saving import Release, committed, released

AUDIT = Audit(1_000, "admin@x", "text", "change")
STAGES = (Stage(1, "delay", (("by", ("1min",)),)), Stage(3, "prefix", (("text", ("“[x] \\",)),)))
ROUTE = Route(FROM, TO, stages=STAGES)


async def routed(store: Store, route: Route = ROUTE) -> Route:
    """The route as the store holds it."""
    await store.configuration.change(
        [Put(ChannelSpec(FROM)), Put(ChannelSpec(TO)), Put(route)], AUDIT
    )
    return (await store.configuration.routes())[-1]


def held(
    message: Message, route: Route, due: int = 5_000, *, batch: str = "", body: str = ""
) -> Held:
    changed = replace(message, body=body) if body else message
    return Held(changed, route.id, (1,), frozenset({FROM, TO}), 1_000, due, batch)


def accepted(one: Held) -> Offer:
    """A message that is to wait; one that waits “changed” came with other words."""
    came = replace(one.message, body="as it came") if one.message.body == "changed" else one.message
    return Offer(came, lambda: Plan([(came, FROM, State.RECEIVED, "")], [one]))


async def hold(store: Store, *waiting: Held) -> Sequence[Held]:
    """Accept the messages, to wait; as the store holds them."""
    await committed(store, [accepted(one) for one in waiting], (), ())
    return [found for one in waiting for found in await store.held.of_message(one.message.id)]


def on(arrives: Message | None = None) -> Plan:
    return Plan([(arrives, TO, State.PENDING, "")] if arrives else [])


async def test_a_route_keeps_its_stages(engine: Engine) -> None:
    store = await engine.open()
    route = await routed(store)
    assert route.stages == STAGES
    await store.close()
    again = await engine.open()
    assert [one.stages for one in await again.configuration.routes()] == [STAGES]
    await again.close()


async def test_what_is_held_is_due_in_its_turn(store: Store) -> None:
    route = await routed(store)
    assert await store.held.next_due() is None
    first, second = said("one"), said("two")
    await hold(
        store,
        held(first, route, 7_000),
        held(second, route, 5_000),
        held(said("late"), route, 9_000),
    )
    assert await store.held.next_due() == 5_000
    assert await store.held.due(4_999, 10) == []
    assert [one.message for one in await store.held.due(8_000, 10)] == [second, first]
    assert [one.message for one in await store.held.due(8_000, 1)] == [second]
    assert await store.held.counts() == {(route.id, 1): 3}
    (one,) = await store.held.of_message(first.id)
    assert (one.route, one.passed, one.been, one.at, one.due, one.batch) == (
        route.id,
        (1,),
        frozenset({FROM, TO}),
        1_000,
        7_000,
        "",
    )


async def test_the_first_to_go_on(store: Store) -> None:
    route = await routed(store)
    await store.configuration.change([Put(Route(TO, FROM, stages=STAGES))], AUDIT)
    back = (await store.configuration.routes())[-1]
    assert await store.held.first(5) == []
    first, second, other = said("one"), said("two"), said("other")
    await hold(
        store, held(first, route, 7_000), held(second, route, 5_000), held(other, back, 6_000)
    )
    assert [one.message for one in await store.held.first(5)] == [second, other, first]
    assert [one.message for one in await store.held.first(2)] == [second, other]
    assert [one.message for one in await store.held.first(5, route.id)] == [second, first]
    await store.configuration.change([Put(replace(route, enabled=False))], AUDIT)
    assert [one.message for one in await store.held.first(1, route.id)] == [second], (
        "those at routes that are off too"
    )


async def test_a_changed_message_waits_and_arrives_as_it_was_changed(store: Store) -> None:
    route = await routed(store)
    (one,) = await hold(store, held(said("changed"), route))
    assert one.message.body == "changed"
    (arrived,) = await released(store, [Release((one,), lambda left, _been: on(left[0].message))])
    assert (arrived.message.body, arrived.channel, arrived.state) == ("changed", TO, State.PENDING)
    assert [delivery.message.body for delivery in await store.messages.trace(one.message.id)] == [
        "as it came",
        "changed",
    ]
    assert [delivery.message.body for delivery in await store.deliveries.pending(TO, 0, 10)] == [
        "changed"
    ]


async def test_what_goes_on_is_held_no_more_and_goes_once(store: Store) -> None:
    route = await routed(store)
    (one,) = await hold(store, held(said(), route))
    release = Release((one,), lambda left, _been: on(left[0].message))
    assert len(await released(store, [release])) == 1
    assert await released(store, [release]) == []
    assert await store.held.counts() == {}
    assert await store.held.next_due() is None


async def test_where_it_has_been_since(store: Store) -> None:
    route = await routed(store)
    message = said()
    (one,) = await hold(store, held(message, route))
    asked: list[frozenset[Channel]] = []

    def plan(_left: tuple[Held, ...], been: frozenset[Channel]) -> Plan:
        asked.append(been)
        return Plan([(message, OTHER, State.DELIVERED, "")])

    await released(store, [Release((one,), plan)])
    assert asked == [{FROM}]
    assert [delivery.channel for delivery in await store.messages.trace(message.id)] == [
        FROM,
        OTHER,
    ]


async def test_a_batch_is_due_as_soon_as_any_of_it_is(store: Store) -> None:
    route = await routed(store)
    alone, first, second = said("alone"), said("first"), said("second")
    batch = "b" * 32
    await hold(
        store,
        held(first, route, 90_000, batch=batch),
        held(alone, route, 6_000),
        held(second, route, 7_000, batch=batch),
    )
    assert [one.message for one in await store.held.due(6_500, 10)] == [alone]
    assert [one.message for one in await store.held.due(7_000, 10)] == [alone, first, second]


async def test_a_digest_is_a_message_of_its_own(store: Store) -> None:
    route = await routed(store)
    waiting = await hold(
        store, *(held(said(body), route, batch="b" * 32) for body in ("one", "two"))
    )
    digest = said("one and two", id="b" * 32)
    plan = Plan([(digest, TO, State.PENDING, "")], digests=[digest])
    (arrived,) = await released(store, [Release(tuple(waiting), lambda _left, _been: plan)])
    assert arrived.message == digest
    assert [(one.channel, one.message) for one in await store.messages.trace(digest.id)] == [
        (TO, digest)
    ]
    assert [one.message.body for one in await store.deliveries.log(FROM)] == ["one", "two"]


async def test_what_fails_holds_on(engine: Engine) -> None:
    store = await engine.open()
    route = await routed(store)
    (one,) = await hold(store, held(said(), route))

    def broken(_left: tuple[Held, ...], _been: frozenset[Channel]) -> Plan:
        raise LookupError

    with pytest.raises(LookupError):
        await released(store, [Release((one,), broken)])
    await engine.fill_disk(store)
    big = said("x" * 200_000)
    digest = Plan([(big, TO, State.PENDING, "")], digests=[big])
    with pytest.raises(StoreError):
        await released(store, [Release((one,), lambda _left, _been: digest)])
    await engine.free_disk(store)
    assert [found.message for found in await store.held.due(9_000, 9)] == [one.message]
    await store.close()


async def test_a_route_that_is_off_lets_nothing_go(store: Store) -> None:
    route = await routed(store)
    await hold(store, held(said(), route))
    await store.configuration.change([Put(replace(route, enabled=False))], AUDIT)
    assert await store.held.due(9_000, 10) == []
    assert await store.held.next_due() is None
    assert await store.held.counts() == {(route.id, 1): 1}


async def test_what_a_removed_route_holds_becomes_dead_letters(store: Store) -> None:
    route = await routed(store)
    await hold(store, held(said("changed"), route), held(said("two"), route))
    await store.configuration.change([Drop(route)], AUDIT)
    dead = await store.dead_letters.newest(TO)
    assert [one.message.body for one in dead] == ["two", "changed"]
    assert "was removed" in dead[0].error
    assert await store.held.counts() == {}


async def test_a_change_that_is_refused_buries_nothing(store: Store) -> None:
    route = await routed(store)
    await hold(store, held(said(), route))
    await store.configuration.change([Put(replace(route, enabled=False))], AUDIT)
    with pytest.raises(Conflict):
        await store.configuration.change([Drop(route)], AUDIT)
    assert await store.held.counts() == {(route.id, 1): 1}
    assert await store.dead_letters.newest(TO) == []


async def test_a_deleted_message_waits_no_more_and_nowhere_in_its_words(store: Store) -> None:
    route = await routed(store)
    (one,) = await hold(store, held(said("changed"), route))
    await committed(store, [], (), ())
    arrived = await released(store, [Release((one,), lambda left, _been: on(left[0].message))])
    (waiting,) = await hold(store, held(said("vile"), route))
    for message in (one.message, waiting.message):
        await store.messages.delete(message.id, "(gone)", AUDIT)
    assert await store.held.counts() == {}
    assert {
        delivery.message.body for delivery in await store.messages.trace(arrived[0].message.id)
    } == {"(gone)"}


async def test_where_a_message_was_stopped(store: Store) -> None:
    route = await routed(store)
    message = said()
    stop = Stopped(
        message, route.id, "match", TO, Words("it has not “{word}”", {"word": "'; drop"})
    )
    await committed(
        store,
        [Offer(message, lambda: Plan([(message, FROM, State.RECEIVED, "")], stops=[stop]))],
        (),
        (),
    )
    (found,) = await store.messages.rejections(message.id)
    assert (found.message, found.route, found.processor, found.destination, str(found.why)) == (
        message,
        route.id,
        "match",
        TO,
        "it has not “'; drop”",
    )
    assert await store.messages.rejections("0" * 32) == []


async def note(store: Store, *notes: StateEntry) -> None:
    message = said()
    planned = Plan([(message, FROM, State.RECEIVED, "")], notes=notes)
    await committed(store, [Offer(message, lambda: planned)], (), ())


async def test_notes_are_kept_in_the_order_they_were_put(engine: Engine) -> None:
    store = await engine.open()
    route = await routed(store)
    place, other = (route.id, 1), (route.id, 3)
    await note(
        store,
        StateEntry(place, "a", 1),
        StateEntry(place, "b", {"x": [1.5, "é"]}),
        StateEntry(other, "a", "0"),
    )
    await note(store, StateEntry(place, "a", 2), StateEntry(other, "a", None))
    await store.close()
    again = await engine.open()
    assert await again.held.processor_state() == [
        StateEntry(place, "b", {"x": [1.5, "é"]}),
        StateEntry(place, "a", 2),
    ]
    await again.close()


async def test_of_two_notes_under_one_key_in_one_transaction_the_last_stands(store: Store) -> None:
    route = await routed(store)
    place = (route.id, 1)
    first, second = said("1"), said("2")
    offers = [
        Offer(
            message,
            lambda message=message, value=value: Plan(  # type: ignore[misc]
                [(message, FROM, State.RECEIVED, "")], notes=[StateEntry(place, "k", value)]
            ),
        )
        for message, value in ((first, 1), (second, None))
    ]
    await committed(store, offers, (), ())
    assert await store.held.processor_state() == []


async def test_a_stage_that_is_set_otherwise_or_goes_forgets(store: Store) -> None:
    route = await routed(store)
    await note(store, StateEntry((route.id, 1), "a", 1), StateEntry((route.id, 3), "a", 1))
    moved = replace(route, stages=route.stages[::-1])
    await store.configuration.change([Put(moved)], AUDIT)
    assert len(await store.held.processor_state()) == 2
    route = (await store.configuration.routes())[0]
    await store.configuration.change(
        [Put(replace(route, stages=(Stage(1, "delay", (("by", ("2min",)),)), STAGES[1])))], AUDIT
    )
    assert await store.held.processor_state() == [StateEntry((route.id, 3), "a", 1)]
    route = (await store.configuration.routes())[0]
    await store.configuration.change([Drop(route)], AUDIT)
    assert await store.held.processor_state() == []


async def test_a_plan_is_made_for_what_is_new_alone(store: Store) -> None:
    await routed(store)
    message, asked = said(), []

    def plan() -> Plan:
        asked.append(1)
        return Plan([(message, FROM, State.RECEIVED, "")])

    offers = [Offer(message, plan), Offer(message, plan)]
    assert [one.new for one in await committed(store, offers, (), ())] == [True, False]
    assert [one.new for one in await committed(store, offers, (), ())] == [False, False]
    assert asked == [1]


async def test_a_message_is_found_by_its_origin(store: Store) -> None:
    first, second = said("one", origin="x"), said("two")
    plan = Plan([(first, FROM, State.RECEIVED, "")])
    offers = [Offer(first, lambda: plan), Offer(second, lambda: Plan(()))]
    await committed(store, offers, (), ())
    assert await store.messages.id_from("x") == first.id
    assert await store.messages.id_from(second.origin) == second.id
    assert await store.messages.id_from("y") == ""


async def test_what_corrects_another_says_which(store: Store) -> None:
    first = said("one")
    second = replace(said("two"), corrects=first.id)
    plan = Plan([(second, TO, State.PENDING, "")])
    await committed(store, [Offer(second, lambda: plan)], (), ())
    assert [one.message for one in await store.deliveries.pending(TO, 0, 9)] == [second]
