"""What every method must keep; a new file in `component/methods` is covered the moment it is
there."""

import asyncio
import inspect
import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from component import methods
from component.bus.model.delivery import Delivery, State
from component.bus.model.flow_control import Way
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import (
    Confirmation,
    Direct,
    Fate,
    Method,
    MethodSpec,
    Ports,
    Retracts,
    Rooms,
)
from component.common.errors import BadInput, DeliveryError, Refused, Unavailable
from tests.support.fakes import FROM, FakeWorld, deliver, said

SPECS = methods.discover()
WAYS_OUT = sorted(name for name, spec in SPECS.items() if spec.make)
JUNK = [
    "",
    "*",
    " ",
    "/",
    "a/b",
    "@",
    "a@",
    "<b>",
    "'; drop table",
    "x" * 1023,
    "a@b/c",
    "A@B",
    "\n",
]

every = pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS.keys())


class FakeWire:
    """Rooms and people: `said` is what reached them."""

    def __init__(self) -> None:
        self.said: list[tuple[str, Message]] = []
        self.trouble: DeliveryError | None = None
        self.rooms: list[str] = []
        self.retracted: list[tuple[str, str]] = []
        self.open = asyncio.Event()
        self.open.set()

    async def put(self, to: str, message: Message) -> Confirmation:
        if self.trouble:
            raise self.trouble
        self.said.append((to, message))
        confirmation: Confirmation = asyncio.get_running_loop().create_future()
        confirmation.set_result(None)
        return confirmation

    def take_back(self, to: str, message: Message) -> None:
        if self.trouble:
            raise self.trouble
        self.retracted.append((to, message.id))


class FakeRooms:
    """`ports.Rooms` on a fake wire."""

    def __init__(self, wire: FakeWire) -> None:
        self._wire = wire

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        self._wire.rooms = [spec.channel.address for spec in specs]

    async def ready(self, room: str) -> None:
        await self._wire.open.wait()

    async def say(self, room: str, message: Message) -> Confirmation:
        return await self._wire.put(room, message)

    async def landed(self, room: str) -> frozenset[str]:
        return frozenset(message.id for to, message in self._wire.said if to == room)

    async def retract(self, room: str, delivery: Delivery) -> Fate:
        self._wire.take_back(room, delivery.message)
        return Fate.GONE

    async def admits(self, room: str, jid: str, /) -> bool:
        return True


class FakeDirect:
    """`ports.Direct` on a fake wire."""

    def __init__(self, wire: FakeWire) -> None:
        self._wire = wire

    async def ready(self) -> None:
        await self._wire.open.wait()

    async def tell(self, jid: str, message: Message) -> Confirmation:
        return await self._wire.put(jid, message)

    def way(self, jid: str) -> Way:
        return Way()

    async def write(self, jid: str, id: str, text: str) -> Confirmation:
        return await self._wire.put(jid, replace(said(text, FROM), id=id))

    async def retract(self, jid: str, message: Message) -> None:
        self._wire.take_back(jid, message)


def _ports(wire: FakeWire) -> Ports:
    rooms: Rooms = FakeRooms(wire)
    direct: Direct = FakeDirect(wire)
    return FakeWorld().ports(rooms, direct)


def test_discovery() -> None:
    assert {"muc", "chat", "shoutbox"} <= set(SPECS)
    assert all(spec.name == name for name, spec in SPECS.items())


@every
def test_the_declaration(spec: MethodSpec) -> None:
    example = Channel.parse(spec.example)
    assert example.method == spec.name
    assert re.fullmatch(r"[a-z][a-z0-9]*", spec.name)
    spec.check(example)
    spec.check(example.anyone, any=True)
    file = inspect.getmodule(spec.make) if spec.make else None
    assert file is None or file.__doc__


@every
def test_an_example_is_refused_by_no_rule_of_channels(spec: MethodSpec) -> None:
    assert str(Channel.parse(spec.example)) == spec.example


@every
@pytest.mark.parametrize("junk", JUNK)
def test_junk_is_refused_in_words(spec: MethodSpec, junk: str) -> None:
    with pytest.raises(BadInput) as told:
        spec.check(Channel(spec.name, junk))
    assert str(told.value).endswith(".")
    if junk.strip():
        assert spec.example in str(told.value)


@every
def test_every_address_only_where_it_may_be(spec: MethodSpec) -> None:
    with pytest.raises(BadInput):
        spec.check(Channel(spec.name, "*"))


@pytest.fixture(params=[name for name in WAYS_OUT if SPECS[name].setup is None])
def spec(request: pytest.FixtureRequest) -> MethodSpec:
    return SPECS[request.param]


def _made(spec: MethodSpec, wire: FakeWire) -> Method:
    assert spec.make
    return spec.make(_ports(wire))


async def test_sends_and_is_confirmed(spec: MethodSpec) -> None:
    wire = FakeWire()
    method, channel = _made(spec, wire), Channel.parse(spec.example)
    method.configure([ChannelSpec(channel)])
    await method.ready(channel)
    message = said("hello", FROM)
    confirmation = await deliver(method, Delivery(1, message, channel))
    await confirmation
    assert wire.said == [(channel.address, message)]
    assert await method.landed(channel) <= {message.id}


async def test_configured_again_and_with_nothing(spec: MethodSpec) -> None:
    method, channel = _made(spec, FakeWire()), Channel.parse(spec.example)
    for specs in ([], [ChannelSpec(channel)], [ChannelSpec(channel)], []):
        method.configure(specs)


async def test_waits_until_it_can_be_sent_to(spec: MethodSpec) -> None:
    wire = FakeWire()
    wire.open.clear()
    method, channel = _made(spec, wire), Channel.parse(spec.example)
    waiting = asyncio.create_task(method.ready(channel))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not waiting.done()
    wire.open.set()
    await waiting


@pytest.mark.parametrize("error", [Unavailable("away"), Refused("no")])
async def test_trouble_is_passed_on_as_it_is(spec: MethodSpec, error: DeliveryError) -> None:
    wire = FakeWire()
    wire.trouble = error
    method, channel = _made(spec, wire), Channel.parse(spec.example)
    with pytest.raises(type(error)) as told:
        await deliver(method, Delivery(1, said("hello"), channel))
    assert told.value is error


@pytest.mark.parametrize("name", [name for name in WAYS_OUT if SPECS[name].setup])
async def test_what_is_not_set_up_says_so(name: str) -> None:
    """What reaches others than XMPP has servers of its own to test it with."""
    method, channel = _made(SPECS[name], FakeWire()), Channel.parse(SPECS[name].example)
    method.configure([ChannelSpec(channel)])
    await method.ready(channel)
    with pytest.raises(Refused, match=rf"\[{name}\]"):
        await deliver(method, Delivery(1, said("hello"), channel))
    assert await method.landed(channel) == frozenset()


RETRACTING = [name for name in WAYS_OUT if isinstance(_made(SPECS[name], FakeWire()), Retracts)]


@pytest.mark.parametrize("name", RETRACTING)
async def test_takes_back_what_it_brought(name: str) -> None:
    wire = FakeWire()
    method, channel = _made(SPECS[name], wire), Channel.parse(SPECS[name].example)
    assert isinstance(method, Retracts)
    brought = Delivery(1, said("hello", FROM), channel, State.DELIVERED)
    assert await method.retract(brought) in (Fate.GONE, Fate.ASKED)
    assert wire.retracted == [(channel.address, brought.message.id)]
    wire.trouble = Unavailable("away")
    with pytest.raises(Unavailable):
        await method.retract(brought)
