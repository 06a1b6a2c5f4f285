"""Whose addresses are whose: how often is asked, what confirms, what a crash leaves, and what still
goes out."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from component.bus.model.delivery import Delivery
from component.bus.model.message import Author, Channel, Message
from component.bus.model.records import Grant, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.bus.model.subscription import Address, Proof, Standing, Subscription
from component.common.errors import BadInput, Forbidden, NotFound, Refused, StoreError, TooMany
from component.subscriptions.addresses import (
    CODE_LIFE_MS,
    LINK_LIFE_MS,
    MAX_TRIES,
    QUOTAS,
    RequestQuotas,
)
from tests.support.fakes import FakeMethod, said
from tests.support.subscribed import AUDIT, JULIET, LOBBY, ROMEO, World, a_world

MAIL = Channel("mail", JULIET)
OPS = Channel("muc", "ops@rooms.example.org")


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async with a_world(tmp_path, (LOBBY, OPS, MAIL)) as there:
        yield there


@contextlib.contextmanager
def broken(tmp_path: Path, table: str) -> Iterator[None]:
    """While nothing can be changed in a table."""
    with contextlib.closing(sqlite3.connect(tmp_path / "bus.db")) as other, other:
        for what in ("update", "delete", "insert"):
            other.execute(
                f"create trigger no_{what} before {what} on {table} begin select "
                "raise(abort, 'no'); end"
            )
    yield
    with contextlib.closing(sqlite3.connect(tmp_path / "bus.db")) as other, other:
        for what in ("update", "delete", "insert"):
            other.execute(f"drop trigger no_{what}")


def mail(number: int) -> Channel:
    return Channel("mail", f"p{number}@example.org")


# How often


async def test_one_person_has_few_asked_and_dropping_frees_nothing(world: World) -> None:
    for number in range(QUOTAS.by_person):
        assert await world.book.ask("mallory@evil.example", mail(number))
        await world.book.drop("mallory@evil.example", mail(number))
    with pytest.raises(TooMany):
        await world.book.ask("mallory@evil.example", mail(99))
    assert await world.store.addresses.get("mallory@evil.example", mail(99)) is None
    assert await world.book.ask(JULIET, MAIL)
    await world.book.check_room()
    world.clock.sleep(minutes=24 * 60 + 1)
    assert await world.book.ask("mallory@evil.example", mail(99))


async def test_all_of_a_domain_have_some_asked_and_take_nothing_from_others(world: World) -> None:
    for number in range(QUOTAS.by_domain):
        assert await world.book.ask(f"m{number}@evil.example", mail(number))
    with pytest.raises(TooMany):
        await world.book.ask("more@evil.example", mail(99))
    assert await world.book.ask(JULIET, mail(99))
    assert await world.book.ask("", MAIL)


async def test_sign_ups_are_counted_by_themselves(
    tmp_path: Path,
) -> None:
    assert QUOTAS.anonymous > QUOTAS.by_domain
    async with a_world(tmp_path, (LOBBY, OPS, MAIL), quotas=RequestQuotas(anonymous=2)) as world:
        await _sign_ups_are_counted(world)


async def _sign_ups_are_counted(world: World) -> None:
    for number in range(2):
        await world.book.check_room()
        assert await world.book.ask("", mail(number))
    with pytest.raises(TooMany):
        await world.book.check_room()
    for _ in range(2):
        with pytest.raises(TooMany):
            await world.book.ask("", mail(9))
    assert await world.store.addresses.get("", mail(9)) is None
    assert await world.book.ask(JULIET, MAIL)


async def test_an_operator_may_ask_more_for_others(world: World) -> None:
    for number in range(QUOTAS.by_person + 1):
        assert await world.book.ask(f"p{number}@x", Channel("chat", f"p{number}@x"), by="admin@x")


async def test_a_clock_that_was_ahead_blocks_nothing(world: World) -> None:
    world.clock.sleep(minutes=365 * 24 * 60)
    assert await world.book.ask(JULIET, MAIL)
    ahead = await world.store.addresses.get(JULIET, MAIL)
    world.clock.sleep(minutes=-365 * 24 * 60)
    assert ahead
    code = world.book.links.code(ahead)
    with pytest.raises(NotFound):
        await world.book.answer(JULIET, code)
    assert await world.book.asked(world.book.links.confirm(ahead).rpartition("/")[2]) is None
    assert await world.book.ask(JULIET, MAIL)


async def test_what_the_disk_refused_behind_a_request_is_made_good(
    world: World, tmp_path: Path
) -> None:
    with broken(tmp_path, "messages"), pytest.raises(StoreError):
        await world.book.ask(JULIET, MAIL)
    for _ in range(3):
        assert not await world.book.ask(JULIET, MAIL)
    await world.rest()
    assert [channel for channel, _body in world.mail.sent] == [MAIL]


# One address, however it is written


@pytest.mark.parametrize(
    "written", ["Juliet@example.org", "juliet+x@example.org", "JULIET+y@example.org"]
)
async def test_never_again_holds_however_it_is_written(world: World, written: str) -> None:
    await world.book.stop(MAIL)
    with pytest.raises(Forbidden):
        await world.subscriptions.add(Subscription(ROMEO, LOBBY, Channel("mail", written)))
    assert await world.subscriptions.of(ROMEO) == []
    await world.book.allow(Channel("mail", written))
    assert await world.book.ask(ROMEO, MAIL)
    assert not await world.book.ask("other@x", Channel("mail", written))


@pytest.mark.parametrize(
    "domain", ["ｅxample.org", "exａmple.org", "EXAMPLE.org", "example。org", "straße.example"]
)
async def test_another_way_to_write_a_domain_is_none(world: World, domain: str) -> None:
    with pytest.raises(BadInput):
        await world.subscriptions.add(
            Subscription(ROMEO, LOBBY, Channel("mail", f"juliet@{domain}"))
        )
    assert await world.store.addresses.find() == []


async def test_who_was_asked_is_known_also_where_the_address_was_dropped(world: World) -> None:
    assert not await world.book.knows(MAIL)
    await world.book.ask(ROMEO, MAIL)
    assert await world.book.knows(MAIL)
    await world.book.drop(ROMEO, MAIL)
    assert await world.book.knows(MAIL)
    assert not await world.book.knows(mail(1))


# Codes and links


async def asked(world: World) -> Address:
    await world.subscriptions.add(Subscription(JULIET, LOBBY, MAIL))
    address = await world.store.addresses.get(JULIET, MAIL)
    assert address
    return address


async def test_many_guesses_at_once_are_five(world: World) -> None:
    address = await asked(world)
    right = int(world.book.links.code(address))
    wrong = [f"{(right + number) % 10**6:06}" for number in range(1, 200)]
    said_ = await asyncio.gather(
        *(world.book.answer(JULIET, one) for one in wrong), return_exceptions=True
    )
    assert sum(type(one) is BadInput for one in said_) == MAX_TRIES - 1
    assert sum(isinstance(one, TooMany) for one in said_) == len(wrong) - MAX_TRIES + 1
    with pytest.raises(TooMany):
        await world.book.answer(JULIET, f"{right:06}")
    assert await world.store.addresses.get(JULIET, MAIL) == replace(address, tries=MAX_TRIES)


async def test_the_last_try_confirms(world: World) -> None:
    address = await asked(world)
    code = world.book.links.code(address)
    wrong = "000000" if code != "000000" else "111111"
    for _ in range(MAX_TRIES - 1):
        with pytest.raises(BadInput):
            await world.book.answer(JULIET, wrong)
    _address, (begun,) = await world.book.answer(JULIET, code)
    assert begun.standing is Standing.ON


@pytest.mark.parametrize("table", ["subscriptions", "addresses"])
async def test_a_link_works_again_after_a_failure(world: World, tmp_path: Path, table: str) -> None:
    token = world.book.links.confirm(await asked(world)).rpartition("/")[2]
    seen = await world.book.asked(token)
    assert seen
    with broken(tmp_path, table), pytest.raises(StoreError):
        await world.book.confirm(seen)
    again = await world.book.asked(token)
    assert again == seen
    (begun,) = await world.book.confirm(again)
    assert (begun.standing, await world.subscriptions.of(JULIET)) == (Standing.ON, [begun])
    assert await world.book.asked(token) is None


async def test_what_was_stopped_meanwhile_is_not_confirmed(world: World) -> None:
    address = await asked(world)
    await world.book.stop(MAIL)
    assert await world.book.confirm(address) == []
    assert await world.book.is_stopped(MAIL)
    with pytest.raises(Refused):
        await world.book.check(Delivery(1, said("x", LOBBY), MAIL))


async def test_links_and_codes_are_over_in_time(world: World) -> None:
    address = await asked(world)
    token = world.book.links.confirm(address).rpartition("/")[2]
    world.clock.sleep(minutes=CODE_LIFE_MS / 60_000 + 1)
    with pytest.raises(NotFound):
        await world.book.answer(JULIET, world.book.links.code(address))
    assert await world.book.asked(token)
    world.clock.sleep(minutes=(LINK_LIFE_MS - CODE_LIFE_MS) / 60_000)
    assert await world.book.asked(token) is None


@pytest.mark.parametrize("table", ["subscriptions", "addresses"])
async def test_a_bounce_and_a_stop_are_whole(world: World, tmp_path: Path, table: str) -> None:
    kept = await world.subscribe(target=MAIL)
    for act in (partial(world.book.bounced, MAIL, "gone"), partial(world.book.stop, MAIL)):
        with broken(tmp_path, table), pytest.raises(StoreError):
            await act()
        assert await world.subscriptions.of(JULIET) == [kept]
        assert [one.proof for one in await world.book.of(JULIET)] == [Proof.CONFIRMED]
    await world.book.bounced(MAIL, "gone")
    assert [one.standing for one in await world.subscriptions.of(JULIET)] == [Standing.FAILED]
    assert [one.proof for one in await world.book.of(JULIET)] == [Proof.BOUNCED]
    await world.book.stop(MAIL)
    await world.book.bounced(MAIL, "gone")
    assert await world.book.is_stopped(MAIL)


# What still goes out


async def tell(world: World, channel: Channel = LOBBY) -> Delivery:
    """What was said in a channel while mail could not go out."""
    world.mail.closed.add(MAIL)
    await world.hub.accept(said("secret", channel, author=Author("Romeo", ROMEO), at=world.clock()))
    async with asyncio.timeout(5):
        while not (there := await world.store.deliveries.pending(MAIL, 0, 10)):
            pass  # it is on its way there
    return there[0]


async def test_nothing_goes_out_after_unsubscribe(world: World) -> None:
    one = await world.subscribe(target=MAIL, name="")
    delivery = await tell(world)
    await world.book.check(delivery)
    await world.subscriptions.end([one.id])
    with pytest.raises(Refused):
        await world.book.check(delivery)


async def test_another_channel_s_subscription_brings_nothing(world: World) -> None:
    one = await world.subscribe(target=MAIL, name="")
    delivery = await tell(world)
    await world.settings.change([Put(Grant(JULIET, "operator"))], AUDIT)
    await world.subscribe(channel=OPS, target=MAIL, name="")
    await world.subscriptions.end([one.id])
    with pytest.raises(Refused):
        await world.book.check(delivery)


async def test_nothing_goes_out_once_the_right_to_read_ended(world: World) -> None:
    world.hub.methods = {**world.hub.methods, "muc": FakeMethod()}
    await world.settings.change([Put(Grant(JULIET, "operator"))], AUDIT)
    await world.subscribe(channel=OPS, target=MAIL, name="")
    delivery = await tell(world, OPS)
    await world.book.check(delivery)
    assert world.settings.roles.of(JULIET) is Role.OPERATOR
    await world.settings.change([Put(Grant(JULIET, "member"))], AUDIT)
    with pytest.raises(Refused):
        await world.book.check(delivery)
    assert await world.subscriptions.of(JULIET) == []


async def test_a_digest_needs_its_subscription(world: World) -> None:
    one = await world.subscribe(target=MAIL, when="daily at 9", name="")
    await world.say("hello")
    world.mail.closed.add(MAIL)
    world.clock.now = one.due / 1000 + 1
    world.scheduler.tick()
    await world.scheduler.settled()
    (delivery,) = await world.store.deliveries.pending(MAIL, 0, 10)
    await world.book.check(delivery)
    await world.subscriptions.end([one.id])
    with pytest.raises(Refused):
        await world.book.check(delivery)


async def test_a_fallback_is_brought_by_its_subscription(world: World) -> None:
    await world.store.addresses.put(Address(JULIET, MAIL, Proof.CONFIRMED))
    one = await world.subscribe(fallback=MAIL, name="")
    message = await world.say("hello")
    delivery = Delivery(1, message, MAIL)
    await world.book.check(delivery)
    await world.subscriptions.end([one.id])
    with pytest.raises(Refused):
        await world.book.check(delivery)


async def test_an_operator_s_route_goes_on(world: World) -> None:
    await world.store.addresses.put(Address("admin@x", MAIL, Proof.CONFIRMED))
    await world.settings.change([Put(Route(LOBBY, MAIL))], AUDIT)
    delivery = await tell(world)
    await world.book.check(delivery)


async def test_what_is_said_to_an_address_itself_goes_out(world: World) -> None:
    await world.store.addresses.put(Address("admin@x", MAIL, Proof.CONFIRMED))
    await world.book.check(
        Delivery(1, Message.new(MAIL, Author("A", "admin@x"), "hello", world.clock()), MAIL)
    )
