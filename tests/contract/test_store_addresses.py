"""What every engine must do with addresses: see `store.AddressStore`."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from component.bus.model.delivery import State
from component.bus.model.message import Channel, Kind
from component.bus.model.subscription import Address, Proof, Standing
from component.bus.ports.addresses import (
    ConfirmationRequest,
    RequestCounts,
    RequestLimits,
    RequestOutcome,
)
from component.bus.ports.store import Store
from tests.contract.engines import Engine, Opened
from tests.contract.test_store_subscriptions import added
from tests.contract.test_store_subscriptions import one as sub
from tests.support.fakes import FROM, OTHER, offered, said
from tests.support.saving import committed

MAIL = Channel("mail", "juliet@example.org")
THERE = Channel("mail", "there@example.org")


async def test_addresses_are_kept(opened: Opened) -> None:
    store = await opened()
    mine = Address("juliet@x", MAIL, Proof.BOUNCED, 2**41, 3, "„no such user“")
    theirs = Address("romeo@x", MAIL)
    other = Address("juliet@x", Channel("sms", "+4912345"), Proof.CONFIRMED)
    nobodys = Address("", MAIL, Proof.REFUSED)
    for each in (replace(mine, proof=Proof.ASKED), theirs, other, nobodys, mine):
        await store.addresses.put(each)
    await store.close()
    again = await opened()
    assert await again.addresses.get("juliet@x", MAIL) == mine
    assert await again.addresses.get("", MAIL) == nobodys
    assert await again.addresses.get("", other.target) is None
    assert list(await again.addresses.find()) == [nobodys, mine, other, theirs]
    assert list(await again.addresses.find(who="juliet@x")) == [mine, other]
    assert list(await again.addresses.find(who="")) == [nobodys]
    assert list(await again.addresses.find(target=MAIL)) == [nobodys, mine, theirs]
    assert list(await again.addresses.find(who="romeo@x", target=MAIL)) == [theirs]
    await again.addresses.drop("juliet@x", MAIL)
    await again.addresses.drop("nobody@x", MAIL)
    assert list(await again.addresses.find(who="juliet@x")) == [other]


def asked(who: str, at: int, target: Channel = MAIL) -> Address:
    return Address(who, target, asked=at)


def most(mailbox: int, person: int = 1_000, domain: int = 1_000, since: int = 0) -> RequestLimits:
    return RequestLimits(mailbox, person, domain, since)


async def test_a_victim_is_asked_so_often_and_no_more(store: Store) -> None:
    """A hundred sign-ups of one address, by as many people: see subscription bombing."""
    kept = [
        await store.addresses.request_confirmation(
            asked(f"{number}@x", 1_000 + number), f"{number}@x", "", most(3)
        )
        for number in range(100)
    ]
    assert kept == [RequestOutcome.NOW] * 3 + [RequestOutcome.ALREADY] * 97
    assert [each.who for each in await store.addresses.find(target=MAIL)] == ["0@x", "1@x", "2@x"]
    assert (
        await store.addresses.request_confirmation(
            asked("0@x", 2_000), "0@x", "", most(3, since=1_001)
        )
        is RequestOutcome.NOW
    )
    assert await store.addresses.get("0@x", MAIL) == asked("0@x", 2_000)
    assert (
        await store.addresses.request_confirmation(
            asked("9@x", 2_001), "9@x", "", most(3, since=1_001)
        )
        is RequestOutcome.ALREADY
    )


async def test_so_many_are_asked_by_one_and_by_all_of_a_domain(store: Store) -> None:
    targets = [Channel("mail", f"{number}@example.org") for number in range(9)]

    async def ask(by: str, number: int, at: int = 1_000, since: int = 0) -> RequestOutcome:
        return await store.addresses.request_confirmation(
            asked(by, at, targets[number]), by, "", most(9, 2, 3, since)
        )

    assert [await ask("juliet@x", number) for number in range(3)] == [
        RequestOutcome.NOW,
        RequestOutcome.NOW,
        RequestOutcome.SPENT,
    ]
    assert [await ask("romeo@x", number) for number in range(3)] == [
        RequestOutcome.NOW,
        RequestOutcome.SPENT,
        RequestOutcome.SPENT,
    ]
    assert [await ask("", number) for number in range(3)] == [
        RequestOutcome.NOW,
        RequestOutcome.NOW,
        RequestOutcome.SPENT,
    ]
    assert await ask("romeo@y", 3) is RequestOutcome.NOW
    assert await store.addresses.get("romeo@x", targets[1]) is None
    await store.addresses.drop("juliet@x", targets[0])
    assert await ask("juliet@x", 4) is RequestOutcome.SPENT
    assert await ask("juliet@x", 4, 1_001, 1_001) is RequestOutcome.NOW
    assert await store.addresses.request_counts(targets[0], "juliet@x", 0, 1_000) == RequestCounts(
        3, 2, 3
    )
    assert await store.addresses.request_counts(
        Channel("mail", "0+x@example.org"), "", 0, 999
    ) == RequestCounts(0, 0, 0)


async def test_what_was_asked_by_a_clock_that_was_ahead_does_not_count(store: Store) -> None:
    assert (
        await store.addresses.request_confirmation(
            asked("juliet@x", 2**41), "juliet@x", "", most(1, 1, 1)
        )
        is RequestOutcome.NOW
    )
    assert (
        await store.addresses.request_confirmation(
            asked("juliet@x", 1_000), "juliet@x", "", most(1, 1, 1)
        )
        is RequestOutcome.NOW
    )
    assert (
        await store.addresses.request_confirmation(
            asked("juliet@x", 1_000), "juliet@x", "", most(1, 1, 1)
        )
        is RequestOutcome.ALREADY
    )


async def test_a_request_is_known_by_its_message(store: Store) -> None:
    message = said("Please confirm.", MAIL, kind=Kind.CONFIRMATION)
    address = asked("juliet@x", 1_000)
    await store.addresses.request_confirmation(address, "admin@x", message.id, most(1))
    request = await store.addresses.request(message.id)
    assert request == ConfirmationRequest("juliet@x", "admin@x", 1_000)
    assert await store.addresses.request(said().id) is None


async def test_asking_long_ago_is_forgotten(store: Store) -> None:
    assert (
        await store.addresses.request_confirmation(asked("juliet@x", 1_000), "", "", most(1))
        is RequestOutcome.NOW
    )
    later = 1_000 + 30 * 24 * 3600 * 1000
    assert (
        await store.addresses.request_confirmation(asked("juliet@x", later), "", "", most(1))
        is RequestOutcome.ALREADY
    )
    assert (
        await store.addresses.request_confirmation(asked("juliet@x", later + 1), "", "", most(1))
        is RequestOutcome.NOW
    )


async def test_tries_are_counted_before_they_are_looked_at(store: Store) -> None:
    old, other = asked("juliet@x", 1), asked("romeo@x", 1_000)
    number = asked("juliet@x", 1_000, Channel("sms", "+4912345"))
    for each in (old, other, number, Address("juliet@x", THERE)):
        await store.addresses.put(each)
    tried = await asyncio.gather(
        *(store.addresses.take_try("juliet@x", 900, 1_100, 5) for _ in range(50))
    )
    assert sorted(each.tries for some in tried for each in some) == [1, 2, 3, 4, 5]
    assert await store.addresses.get("juliet@x", number.target) == replace(number, tries=5)
    assert await store.addresses.get("juliet@x", MAIL) == old
    assert await store.addresses.get("romeo@x", MAIL) == other


async def test_a_confirmation_begins_what_waits(store: Store) -> None:
    address = asked("juliet@x", 1_000)
    await store.addresses.put(address)
    waits = {"target": MAIL, "standing": Standing.ASKED}
    first, _second = await added(
        store, sub("juliet@x", FROM, **waits), sub("juliet@x", OTHER, **waits)
    )
    (theirs,) = await added(store, sub("romeo@x", FROM, **waits))
    assert await store.addresses.confirm(replace(address, asked=999), 2_000, None) == []
    begun = await store.addresses.confirm(address, 2_000, [first.id, theirs.id])
    assert list(begun) == [first.begun(2_000, await store.deliveries.last_seq(FROM))]
    assert list(await store.subscriptions.find()) == [*begun, theirs]
    assert await store.addresses.get("juliet@x", MAIL) == Address("juliet@x", MAIL, Proof.CONFIRMED)
    assert await store.addresses.confirm(address, 2_000, None) == []


async def test_a_bounce_stops_what_is_told_there(store: Store) -> None:
    proved = Address("juliet@x", MAIL, Proof.CONFIRMED)
    await store.addresses.put(proved)
    on, waits = await added(
        store, sub("juliet@x", target=MAIL), sub("", target=MAIL, standing=Standing.ASKED)
    )
    await store.addresses.bounce(MAIL, "gone")
    assert list(await store.addresses.find()) == [replace(proved, proof=Proof.BOUNCED, why="gone")]
    assert list(await store.subscriptions.find()) == [replace(on, standing=Standing.FAILED), waits]
    assert await store.subscriptions.listener_counts() == {}


async def test_a_stop_lasts_however_it_is_written(store: Store) -> None:
    proved = Address("juliet@x", MAIL, Proof.CONFIRMED)
    await store.addresses.put(proved)
    kept = await added(
        store, sub("juliet@x", target=MAIL), sub("romeo@x", target=MAIL), sub("romeo@x")
    )
    await store.addresses.stop(MAIL)
    assert list(await store.subscriptions.find()) == kept[2:]
    refused = Address("", MAIL, Proof.REFUSED)
    assert list(await store.addresses.find()) == [refused]
    await store.addresses.bounce(MAIL, "gone")
    assert (
        await store.addresses.request_confirmation(asked("", 1_000), "", "", most(1))
        is RequestOutcome.STOPPED
    )
    assert list(await store.addresses.find()) == [refused]
    local, _at, domain = MAIL.address.partition("@")
    for other in (MAIL, Channel("mail", f"{local.title()}+x@{domain}")):
        assert await store.addresses.is_stopped(other)
    assert not await store.addresses.is_stopped(Channel("mail", f"x{MAIL.address}"))
    await store.addresses.allow(Channel("mail", f"{local.title()}+y@{domain}"))
    assert not await store.addresses.is_stopped(MAIL)


async def test_where_a_message_came_is_known(store: Store) -> None:
    message = said("hello", FROM)
    await committed(
        store, [offered(message, (FROM, State.RECEIVED), (MAIL, State.PENDING))], (), ()
    )
    assert await store.messages.reached(message.id, [FROM, OTHER]) == {FROM}
    assert await store.messages.reached("0" * 32, [FROM]) == frozenset()


@pytest.mark.parametrize(
    ("query", "values"),
    [
        (
            "request_counts",
            {"mailbox": "a:b", "person": "", "domain": "", "since": 1, "upto": 1},
        ),
        ("stopped", {"mailbox": "a:b"}),
        ("allow", {"mailbox": "a:b"}),
        ("bounce_addresses", {"target": "a:b", "why": ""}),
        ("drop_addresses_for", {"target": "a:b"}),
        ("take_try", {"who": "", "since": 1, "upto": 1, "most": 1}),
        ("reached", {"id": b"", "channels": "[]"}),
        ("request", {"message_id": b""}),
        ("forget_requests", {"before": 1}),
    ],
)
async def test_no_table_that_grows_is_gone_through(
    engine: Engine, store: Store, query: str, values: dict[str, Any]
) -> None:
    steps = await engine.plan(store, query, **values)
    grown = ("deliveries", "messages", "subscriptions", "confirmation_requests", "addresses")
    assert not [step for step in steps if step.startswith("SCAN") and step.split()[1] in grown]
    assert [step for step in steps if "INDEX" in step or "PRIMARY KEY" in step]
