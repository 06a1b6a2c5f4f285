"""The method `sms`: what is sent, what it may cost, and what comes back."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from component.bus.model.delivery import Delivery
from component.bus.model.flow_control import Way
from component.bus.model.message import Author, Channel, Kind, Message
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import Confirmation, Ports
from component.bus.ports.source_state import ArchivePosition
from component.common.errors import (
    DeliveryError,
    Muted,
    Refused,
    StoreError,
    Unavailable,
    Unconfirmed,
)
from component.common.value_types import Zone
from component.methods.sms.budget import Budget, Day, Sms
from component.methods.sms.method import Texts
from component.methods.sms.providers import for_setup
from component.methods.sms.setup import Gateway, Prefix, SmsSetup
from tests.support.fakes import FakeClock, FakeWorld, deliver, said

NUMBER, OTHER = "+4915112345678", "+4915187654321"
GATEWAY = "sms.example.org"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC).timestamp()


@dataclass
class FakeAddresses:
    """`owners` confirmed their numbers."""

    owners: dict[str, str] = field(default_factory=lambda: {NUMBER: "juliet@x", OTHER: "romeo@x"})
    asked: list[str] = field(default_factory=list)
    stopped: list[Channel] = field(default_factory=list)
    allowed: list[Channel] = field(default_factory=list)

    async def check(self, delivery: Delivery) -> None:
        if delivery.channel.address not in self.owners:
            raise Refused("Nobody confirmed that number.")

    async def bounced(self, target: Channel, why: str) -> None:
        raise NotImplementedError

    async def knows(self, target: Channel) -> bool:
        return target.address in self.owners or target.address in self.asked

    async def allow(self, target: Channel) -> None:
        self.allowed.append(target)

    async def owner(self, target: Channel) -> str:
        return self.owners.get(target.address, "")

    async def stop(self, target: Channel) -> None:
        self.stopped.append(target)


class FakeDirect:
    """A gateway's stream. `outcomes` are what becomes of each message; a yes where there is
    none."""

    def __init__(self) -> None:
        self.written: list[tuple[str, str, str]] = []
        self.outcomes: list[DeliveryError | None] = []
        self.unsent: DeliveryError | None = None

    async def ready(self) -> None:
        """There is a stream."""

    async def write(self, jid: str, id: str, text: str) -> Confirmation:
        if self.unsent:
            raise self.unsent
        self.written.append((jid, id, text))
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        outcome = self.outcomes.pop(0) if self.outcomes else None
        if outcome:
            confirmation.set_exception(outcome)
        else:
            confirmation.set_result(None)
        return confirmation

    async def tell(self, jid: str, message: Message) -> Confirmation:
        raise NotImplementedError

    def way(self, jid: str) -> Way:
        raise NotImplementedError

    async def retract(self, jid: str, message: Message) -> None:
        raise NotImplementedError


class World(FakeWorld):
    """A hub, a disk that fails on demand, and operators who listen."""

    def __init__(self) -> None:
        super().__init__(FakeClock(NOON))
        self.muted = False
        self.full = 0
        self.direct, self.addresses = FakeDirect(), FakeAddresses()
        self.made: Ports

    async def keep(self, channel: Channel, state: Any) -> None:
        if self.full:
            self.full -= 1
            raise StoreError("The disk is full; nothing was changed, try again.")
        await super().keep(channel, state)

    async def accept(
        self,
        message: Message,
        mark: ArchivePosition | None = None,
        *,
        deliver: bool = False,
        spread: bool = True,
    ) -> Receipt:
        if self.muted:
            raise Muted("You were muted.")
        return await super().accept(message, mark, deliver=deliver, spread=spread)

    def method(self, **more: Any) -> Texts:
        """The method, as after a start of the bus."""
        setup = SmsSetup((Prefix("+49"),), Gateway(GATEWAY), **more)
        self.made = self._ports()
        return Texts(self.made, setup, for_setup(setup, self.direct))

    def _ports(self) -> Ports:
        never: Any = None
        return Ports(
            never,
            self.direct,
            accept=self,
            clock=self.clock,
            timer=self.scheduler,
            memory=self,
            tell=self.tell,
            joins=[],
            fetcher=lambda: None,
            ends=lambda _channel: (),
            luck=self.luck,
            addresses=self.addresses,
        )


@pytest.fixture
def world() -> World:
    return World()


def to(number: str = NUMBER, body: str = "hello", **more: Any) -> Delivery:
    return Delivery(1, said(body), Channel("sms", number), **more)


# Out


async def test_sends_through_the_gateway(world: World) -> None:
    delivery = to()
    with capture_logs() as logs:
        confirmation = await deliver(world.method(), delivery)
    await confirmation
    assert world.direct.written == [(f"{NUMBER}@{GATEWAY}", delivery.message.id, "hello")]
    assert [(one["parts"], one["alphabet"]) for one in logs if one["event"] == "sms sent"] == [
        (1, "GSM-7")
    ]


async def test_it_is_cut_to_the_parts_it_may_have(world: World) -> None:
    method = world.method(parts=2)
    await deliver(method, to(body="a" * 306))
    await deliver(method, to(body="ж" * 200))
    assert [len(text) for *_, text in world.direct.written] == [306, 134]
    assert [method.fits("a" * 306), method.fits("ж" * 200)] == [True, False]


async def test_nothing_is_not_sent(world: World) -> None:
    delivery = to()
    with pytest.raises(Refused, match="The message is empty"):
        await deliver(
            world.method(plain=True),
            replace(delivery, message=replace(delivery.message, body="\u0301")),
        )
    assert not world.direct.written


async def test_printers_marks_and_plain(world: World) -> None:
    await deliver(world.method(), to(body="„Ja“"))
    await deliver(world.method(plain=True), to(body="да 😀"))
    assert [text for *_, text in world.direct.written] == ['"Ja"', "?? ?"]


@pytest.mark.parametrize(
    ("number", "words"),
    [("+15551234567", "is not allowed in \\[sms\\]"), ("+4930000000", "Nobody confirmed")],
)
async def test_where_nothing_is_sent(world: World, number: str, words: str) -> None:
    with pytest.raises(Refused, match=words):
        await deliver(world.method(), to(number))
    assert not world.direct.written
    assert not world.kept


async def test_a_disk_that_fails_is_for_later(world: World) -> None:
    method = world.method()
    world.full = 1
    with pytest.raises(Unavailable):
        await deliver(method, to())
    assert not world.direct.written


# The budget


async def test_1000_events_stop_at_the_budget(world: World) -> None:
    method = world.method(budget=10, per_number=1000)
    refused = []
    for number in range(1000):
        try:
            await deliver(method, to(body=f"event {number}"))
        except Refused as error:
            refused.append(str(error))
    assert len(world.direct.written) == 10
    assert refused == ["The daily budget of 10 SMS is used up."] * 990
    ((channel, words),) = world.told
    assert str(channel) == "sms:budget"
    assert words.startswith(
        "The budget of 10 SMS for today is used up. Further SMS become dead letters; “deadletter "
        "list” shows them."
    )
    (trouble,) = method.troubles()
    assert str(trouble.why) == refused[0]
    world.clock.now += 86_400
    assert not method.troubles()


async def test_parts_are_what_is_counted(world: World) -> None:
    method = world.method(budget=5, parts=3)
    await deliver(method, to(body="a" * 400))
    with pytest.raises(Refused):
        await deliver(method, to(body="a" * 400))
    await deliver(method, to(body="a" * 200))
    assert Day.read(world.kept[Channel("sms", "budget")]).spent == 5


async def test_a_number_has_its_own_budget(world: World) -> None:
    method = world.method(per_number=2)
    for _ in range(2):
        await deliver(method, to())
    with pytest.raises(Refused, match="limit of 2 SMS"):
        await deliver(method, to())
    await deliver(method, to(OTHER))
    assert not world.told


async def test_a_restart_gives_nothing_back(world: World) -> None:
    await deliver(world.method(budget=1), to())
    with pytest.raises(Refused):
        await deliver(world.method(budget=1), to())
    with pytest.raises(Refused):
        await deliver(world.method(budget=1), to())
    assert len(world.told) == 1


async def test_the_next_day_in_the_operator_s_zone(world: World) -> None:
    method = world.method(budget=1, zone=Zone("Europe/Berlin"))
    await deliver(method, to())
    for hours in (10.9, 11.1, 20):  # midnight is at 23:00 in London
        world.clock.now = NOON + hours * 3600
        if hours == 11.1:
            await deliver(method, to())
        else:
            with pytest.raises(Refused):
                await deliver(method, to())
    assert len(world.told) == 2


async def test_a_clock_that_is_set_back_gives_nothing_back(world: World) -> None:
    method = world.method(budget=1)
    await deliver(method, to())
    world.clock.now = NOON - 86_400 * 3
    with pytest.raises(Refused):
        await deliver(method, to())


@pytest.mark.parametrize("error", [Unavailable("down"), Refused("no such number")])
async def test_what_was_not_sent_costs_nothing(world: World, error: DeliveryError) -> None:
    method = world.method(budget=1)
    delivery = to()
    for _ in range(50):
        world.direct.outcomes = [error]
        with pytest.raises(type(error)):
            await deliver(method, delivery)
    world.direct.unsent = Unavailable("no stream")
    with pytest.raises(Unavailable):
        await deliver(method, delivery)
    world.direct.unsent = None
    await deliver(method, delivery)


async def test_what_nobody_can_tell_is_sent_twice_at_most_and_paid_twice(world: World) -> None:
    method = world.method(budget=10)
    delivery = to()
    world.direct.outcomes = [Unconfirmed("silence"), Unconfirmed("silence")]
    with pytest.raises(Unconfirmed):
        await deliver(method, delivery)
    with pytest.raises(Refused, match="silence"):
        await deliver(method, delivery)
    assert Day.read(world.kept[Channel("sms", "budget")]).spent == 2
    await deliver(method, delivery)  # an operator wants it again


async def test_a_crash_while_it_was_sent_is_one_try(world: World) -> None:
    """It was reserved, and then the bus was killed; twice."""
    delivery = to()
    for _ in range(2):
        sending = asyncio.create_task(deliver(world.method(), delivery))
        world.direct.outcomes = []
        await _killed_on_the_wire(world, sending)
    with pytest.raises(Refused, match="sent 2 times"):
        await deliver(world.method(), delivery)
    assert len(world.direct.written) == 2


async def _killed_on_the_wire(world: World, sending: "asyncio.Task[Confirmation]") -> None:
    write = world.direct.write

    async def stuck(jid: str, id: str, text: str) -> Confirmation:
        await write(jid, id, text)
        reached.set()
        return asyncio.get_running_loop().create_future()

    reached = asyncio.Event()
    world.direct.write = stuck  # type: ignore[method-assign]
    await reached.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    world.direct.write = write  # type: ignore[method-assign]


async def test_what_was_sent_before_a_crash_is_known(world: World) -> None:
    delivery = to()
    await deliver(world.method(), delivery)
    again = world.method()
    assert await again.landed(delivery.channel) == {delivery.message.id}
    assert await again.landed(Channel("sms", OTHER)) == frozenset()


async def test_sent_is_sent_though_the_disk_is_full(world: World) -> None:
    method = world.method()
    write = world.direct.write

    async def full_behind(jid: str, id: str, text: str) -> Confirmation:
        world.full = 1
        return await write(jid, id, text)

    world.direct.write = full_behind  # type: ignore[method-assign]
    await deliver(method, to())
    assert len(world.direct.written) == 1


async def test_one_message_to_two_numbers_is_two_sms(world: World) -> None:
    method, message = world.method(), said("hello")
    for number in (NUMBER, OTHER):
        await deliver(method, Delivery(1, message, Channel("sms", number)))
    assert len(world.direct.written) == 2


steps = st.lists(
    st.tuples(
        st.sampled_from(["arrived", "returned", "doubted", "crash", "day"]),
        st.integers(0, 3),
        st.integers(1, 3),
    )
)


@given(steps)
def test_never_more_is_sent_than_the_budget_of_a_day(taken: list[tuple[str, int, int]]) -> None:
    world, clock = FakeWorld(), FakeClock(NOON)
    setup = SmsSetup((Prefix("+49"),), Gateway(GATEWAY), budget=7, per_number=5)

    async def play() -> None:
        def made() -> Budget:
            return Budget(setup, Channel("sms", "budget"), world, world.tell, clock)

        budget, sent = made(), 0
        for end, message, parts in taken:
            if end == "day":
                clock.now += 86_400
                sent = 0
                continue
            sms = Sms(str(message), NUMBER, parts)
            try:
                await budget.reserve(sms)
            except Refused:
                continue
            if end == "returned":
                await budget.returned(sms)
                continue
            sent += parts
            if end == "crash":
                budget = made()
            else:
                await getattr(budget, end)(sms)
            assert sent <= 5
            kept = Day.read(json.loads(json.dumps(world.kept[Channel("sms", "budget")])))
            assert kept.by_number[NUMBER] == kept.spent == sent
            assert all(tries <= 2 for _date, tries in kept.begun.values())

    asyncio.run(play())


# In


async def _heard(world: World, words: str, number: str = NUMBER, id: str = "a1") -> None:
    world.method()
    await world.made.gateways[GATEWAY](number, words, id)


async def test_a_number_s_owner_speaks(world: World) -> None:
    await _heard(world, "On my way\n")
    (message,) = world.accepted
    assert (message.channel, message.body) == (Channel("sms", NUMBER), "On my way")
    assert message.author == Author("juliet", "juliet@x")


@pytest.mark.parametrize(
    "number", ["+4930000000", "", "+49", "juliet", "4915112345678", "+49151x", "+4915112345678 "]
)
async def test_a_stranger_is_not_heard_and_said_once_a_minute(world: World, number: str) -> None:
    world.method()
    hear = world.made.gateways[GATEWAY]
    with capture_logs() as logs:
        for _ in range(100):
            await hear(number, "let me in", "1")
        world.clock.now += 61
        await hear(number, "STOP", "2")
    assert world.accepted == []
    assert world.addresses.stopped == []
    assert world.direct.written == []
    assert len(logs) == 2


@pytest.mark.parametrize(
    "words", ["STOP", "stop", " Stopp. ", "Stop!\n", "Stop all", "UNSUBSCRIBE"]
)
async def test_stop(world: World, words: str) -> None:
    await _heard(world, words)
    assert world.addresses.stopped == [Channel("sms", NUMBER)]
    assert world.accepted == []


async def test_who_was_only_asked_may_stop_and_start_again(world: World) -> None:
    number = "+4915100000001"
    world.addresses.asked.append(number)
    await _heard(world, "STOP", number)
    assert world.addresses.stopped == [Channel("sms", number)]
    for words in ("START", " start. ", "unstop"):
        await _heard(world, words, number)
    assert world.addresses.allowed == [Channel("sms", number)] * 3
    await _heard(world, "start")
    assert [one.body for one in world.accepted] == ["start"]  # an owner's word is theirs
    assert world.direct.written == []


@pytest.mark.parametrize("words", ["stop it", "don't stop", "bus stop"])
async def test_no_stop(world: World, words: str) -> None:
    await _heard(world, words)
    assert world.addresses.stopped == []
    assert [one.body for one in world.accepted] == [words]


async def test_what_comes_twice_is_one_message_and_an_id_used_anew_is_not(world: World) -> None:
    for words, id in (
        ("yes", "1"),
        ("yes", "1"),
        ("no", "1"),
        ("yes", "2"),
        ("yes", ""),
        ("yes", ""),
    ):
        await _heard(world, words, id=id)
    assert [one.body for one in world.accepted] == ["yes", "no", "yes", "yes", "yes"]
    world.clock.now += 86_400
    await _heard(world, "yes", id="1")
    assert len(world.accepted) == 6


async def test_odd_words_and_odd_owners(world: World) -> None:
    world.addresses.owners[NUMBER] = "juliet(web)@x"
    await _heard(world, "\x00\x1b[2J", id="\ud800")
    (message,) = world.accepted
    assert message.author == Author("juliet(web)@x", "juliet(web)@x")
    assert message.body == "\ufffd\ufffd[2J"


async def test_the_muted_and_the_empty_are_left_out(world: World) -> None:
    await _heard(world, " \n")
    world.muted = True
    await _heard(world, "hello")
    assert world.accepted == []


async def test_a_full_disk_is_the_gateway_s_to_hear(world: World) -> None:
    world.failing = 1
    with pytest.raises(StoreError):
        await _heard(world, "hello")
    await _heard(world, "hello")
    assert len(world.accepted) == 1


# What strangers may spend


def asking(number: int) -> Delivery:
    request = said("your code", kind=Kind.CONFIRMATION)
    return Delivery(1, request, Channel("sms", f"+49151000{number:05}"))


async def test_requests_take_a_third_of_the_budget(world: World) -> None:
    world.addresses.owners |= {asking(number).channel.address: "juliet@x" for number in range(9)}
    method = world.method(budget=9)
    for number in range(3):
        await deliver(method, asking(number))
    method = world.method(budget=9)
    with pytest.raises(
        Refused, match="The daily budget for SMS with confirmation codes is used up"
    ):
        await deliver(method, asking(3))
    for _ in range(6):
        await deliver(method, to())
    with pytest.raises(Refused, match="budget"):
        await deliver(method, to())
    world.clock.now += 86_400
    await deliver(method, asking(3))


async def test_a_request_that_was_not_sent_is_given_back(world: World) -> None:
    world.addresses.owners |= {asking(number).channel.address: "juliet@x" for number in range(9)}
    method = world.method(budget=3)
    world.direct.outcomes = [Refused("no such number")]
    with pytest.raises(Refused):
        await deliver(method, asking(0))
    await deliver(method, asking(1))


async def test_a_day_that_a_wrong_clock_counted_is_over_in_time(world: World) -> None:
    world.clock.now += 365 * 86_400
    method = world.method(budget=2)
    for _ in range(2):
        await deliver(method, to())
    world.clock.now -= 365 * 86_400
    with pytest.raises(Refused, match="budget"):
        await deliver(method, to())  # nothing is given back
    world.clock.now += 86_400
    await deliver(method, to())
