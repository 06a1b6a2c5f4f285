"""SMS all the way: through a real Kannel to a message centre, and through a gateway on a real
Prosody."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Proof
from component.cli.prosody import COMPONENT, free_port
from component.common.errors import Refused, Unavailable
from component.methods.sms.providers.http import HttpProvider
from component.methods.sms.providers.kannel import Kannel as KannelApi
from component.storage import open_store
from tests.faults.yard import admit, channel, open_bus, route, soon
from tests.support.gateway import BOT, EVIL, GATEWAY, Gateway
from tests.support.kannel import NAME, SECRET, Kannel
from tests.support.people import person
from tests.support.servers import Bus, Server
from tests.support.smsc import Smsc

JULIET, ROMEO = "+4915112345678", "+4915187654321"
ID = "ab" * 16
BOX, BACK = "shoutbox:lobby", "shoutbox:back"
SETTINGS = (
    """
[sms]
{way}
countries = ["+49"]
{more}
"""
    + "".join(map(channel, (BOX, BACK, f"sms:{JULIET}", "chat:admin@localhost")))
    + route(BOX, f"sms:{JULIET}", both=False)
    + route(f"sms:{JULIET}", BACK, both=False)
)


@pytest.fixture
async def centre() -> AsyncIterator[Smsc]:
    async with Smsc().open() as one:
        yield one


@pytest.fixture
async def kannel(centre: Smsc, tmp_path: Path) -> AsyncIterator[Kannel]:
    one = Kannel(tmp_path / "kannel", centre.port)
    try:
        await asyncio.to_thread(one.start)
        yield one
    finally:
        await asyncio.to_thread(one.stop)


def _asking(kannel: Kannel, secret: str = SECRET) -> HttpProvider:
    return HttpProvider(KannelApi(NAME, secret, kannel.url), [secret])


async def test_kannel_takes_what_it_is_brought_and_hands_it_on(
    kannel: Kannel, centre: Smsc
) -> None:
    provider = _asking(kannel)
    texts = ["Grüße & {5} € 100 % §", "Привет 😀", "a" * 152 + "€" + "b" * 147]
    for text in texts:
        await provider.send(JULIET, text, ID)
    await provider.close()
    parts = await centre.until(4)
    assert [one.text for one in parts[:2]] == texts[:2]
    assert {(one.source, one.to) for one in parts} == {("15551234567", JULIET[1:])}
    assert [one.head[4:] for one in parts[2:]] == [b"\2\1", b"\2\2"]


async def test_kannel_says_no(kannel: Kannel, centre: Smsc) -> None:
    provider = _asking(kannel, "wrong-secret")
    with pytest.raises(Refused, match="Authorization failed") as told:
        await provider.send(JULIET, "hello", ID)
    assert "wrong-secret" not in str(told.value)
    await asyncio.to_thread(kannel.stop)
    with pytest.raises(Unavailable):
        await provider.send(JULIET, "hello", ID)
    await provider.close()
    assert centre.received == []


# Through a gateway on XMPP


@dataclass
class Place:
    """A Prosody with a gateway's component, and a bus that may use it; Juliet's number is
    confirmed."""

    server: Server
    data: Path
    buses: list[Bus] = field(default_factory=list)

    async def start(self, more: str = "", way: str = f'gateway = "{GATEWAY}"') -> Bus:
        """The bus, or the same one after it was killed."""
        config = SETTINGS.format(more=more, way=way)
        one = await asyncio.to_thread(open_bus, self.server, self.data, config, lobby=False)
        self.buses.append(one)
        await asyncio.to_thread(one.ready)
        return one


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    server = await asyncio.to_thread(Server, tmp_path / "prosody")
    for component in (GATEWAY, EVIL):
        admit(server, component)
    await asyncio.to_thread(server.start)
    (tmp_path / "bus").mkdir()
    store = await open_store(f"sqlite:{tmp_path / 'bus' / 'bus.db'}")
    await store.addresses.put(Address("juliet@localhost", Channel("sms", JULIET), Proof.CONFIRMED))
    await store.close()
    one = Place(server, tmp_path / "bus")
    yield one
    for bus in one.buses:
        await asyncio.to_thread(bus.stop)
    await asyncio.to_thread(server.stop)


@pytest.fixture
async def gateway(place: Place) -> AsyncIterator[Gateway]:
    async with Gateway(place.server.component_port).open() as one:
        yield one


async def _post(bus: Bus, words: str, channel: str = BOX) -> None:
    reply = await asyncio.to_thread(bus.post, channel, words)
    assert reply.status == 201, reply


def _to(gateway: Gateway, number: str) -> list[str]:
    return [words for to, words, _id in gateway.sent if to == number]


def _dead(bus: Bus) -> set[str]:
    """The messages that the log calls dead letters; after a crash it may say so again."""
    lines = [line for line in bus.log.read_text().splitlines() if "dead letter" in line]
    return {found[1] for line in lines if (found := re.search("message=(\\w+)", line))}


async def test_out_and_in_again(place: Place, gateway: Gateway) -> None:
    bus = await place.start()
    await _post(bus, "Where are you? „Wo?“")
    await gateway.until(lambda: gateway.sent, "an SMS comes")
    ((number, words, _id),) = gateway.sent
    assert number == JULIET
    assert 'Where are you? "Wo?"' in words
    gateway.says(JULIET, "On my way", "m1")
    gateway.says(JULIET, "On my way", "m1")  # the gateway is not sure
    gateway.says(JULIET, "with cake", "m2")
    await soon(lambda: bus.bodies(BACK) == ["On my way", "with cake"], "what came by SMS")
    first = bus.get(f"/api/v1/channels/{BACK}/messages").json["messages"][0]
    assert first["author"]["name"] == "juliet"
    assert gateway.answers == gateway.errors == []
    assert len(gateway.sent) == 1


async def test_nobody_else_speaks_for_a_number(place: Place, gateway: Gateway) -> None:
    """A stranger's number by the gateway, and Juliet's by another component on the same server."""
    bus = await place.start()
    async with Gateway(place.server.component_port, EVIL).open() as evil:
        evil.says(JULIET, "let me in", "m1")
        evil.says(JULIET, "STOP", "m2")
        gateway.says("+4930000000", "me too", "m3")
        gateway.says("+4930000000", "STOP", "m4")
        gateway.says("+4930000000", "into the box", "m5", to=f"lobby@{COMPONENT}")
        await evil.through()
        await gateway.through()
    gateway.says(JULIET, "It is me", "m6")
    await soon(lambda: bus.bodies(BACK) == ["It is me"], "Juliet alone is heard")
    assert bus.bodies(f"sms:{JULIET}") == ["It is me"]
    assert bus.bodies(BOX) == []
    assert gateway.answers == gateway.errors == []
    await _post(bus, "Nobody stopped it")
    await gateway.until(lambda: gateway.sent, "an SMS comes")


async def test_stop(place: Place, gateway: Gateway) -> None:
    bus = await place.start()
    gateway.says(JULIET, "Stop", "m1")
    await soon(lambda: "number blocked" in bus.log.read_text(), "it is heard")
    await _post(bus, "Are you there?")
    await soon(lambda: "has not confirmed it" in bus.log.read_text(), "a dead letter")
    assert gateway.sent == []


async def test_a_gateway_that_is_away_gets_it_once_it_is_there(place: Place) -> None:
    bus = await place.start()
    await _post(bus, "Are you there?")
    await soon(lambda: "delivery paused" in bus.log.read_text(), "it is tried in vain")
    async with Gateway(place.server.component_port).open() as gateway:
        await gateway.until(lambda: gateway.sent, "an SMS comes")
        await _post(bus, "Good")
        await gateway.until(lambda: len(gateway.sent) == 2, "another comes")
        assert ["Are you there?" in gateway.sent[0][1], "Good" in gateway.sent[1][1]] == [
            True,
            True,
        ]


async def test_a_number_that_there_is_not(place: Place, gateway: Gateway) -> None:
    bus = await place.start()
    gateway.refuses[JULIET] = ("cancel", "item-not-found")
    await _post(bus, "Are you there?")
    await soon(lambda: "dead letter" in bus.log.read_text(), "a dead letter")
    assert "no such telephone" in bus.log.read_text()


async def test_many_events_stop_at_the_budget_over_a_kill(place: Place, gateway: Gateway) -> None:
    bus = await place.start("budget = 3")
    for number in range(6):
        await _post(bus, f"event {number}")
    await gateway.until(lambda: len(gateway.sent) == 3, "the budget is spent")
    await soon(lambda: len(_dead(bus)) == 3, "the rest are dead letters")
    await asyncio.to_thread(bus.kill)
    bus = await place.start("budget = 3")
    await _post(bus, "event 6")
    await soon(lambda: len(_dead(bus)) == 4, "this too")
    await gateway.through()
    assert [words[-1] for _number, words, _id in gateway.sent] == ["0", "1", "2"]
    told = bus.bodies("chat:admin@localhost")
    assert len(told) == 1
    assert (
        "The budget of 3 SMS for today is used up. Further SMS become dead letters; "
        "“deadletter list” shows them."
    ) in told[0]


async def test_someone_subscribes_by_im_and_confirms_with_the_code(
    place: Place, gateway: Gateway
) -> None:
    bus = await place.start()
    async with person("romeo", place.server.passwords["romeo"], place.server.c2s) as romeo:
        romeo.tell(BOT, f"subscribe lobby at once by sms {ROMEO}")
        await romeo.until(
            lambda: [one for one in romeo.heard if ROMEO in one["body"]], "the bot's answer"
        )
        await gateway.until(lambda: gateway.sent, "the code comes")
        await _post(bus, "not yet for Romeo")
        number, words, _id = gateway.sent[0]
        assert number == ROMEO
        code = re.search("[0-9]{6}", words)
        assert code
        romeo.tell(BOT, f"confirm {code[0]}")
        await romeo.until(
            lambda: len([one for one in romeo.heard if one["body"]]) == 2, "it is his"
        )
    await _post(bus, "Now you hear")
    await gateway.until(lambda: len(_to(gateway, ROMEO)) == 2, "what was said")
    assert "Now you hear" in _to(gateway, ROMEO)[1]
    gateway.says(ROMEO, "STOP", "m1")
    await soon(lambda: "number blocked" in bus.log.read_text(), "it is heard")


# Through a message centre


async def test_a_provider_that_is_away_gets_it_once_it_is_there(place: Place) -> None:
    centre = Smsc(port=free_port())
    bus = await place.start(way=centre.settings)
    await _post(bus, "Are you there?")
    await soon(lambda: bus.log.read_text().count("delivery paused") >= 2, "it is tried in vain")
    async with centre.open():
        (one,) = await centre.until(1)
        assert "Are you there?" in one.text
        await soon(
            lambda: "sms sent" in bus.log.read_text(),
            "it is sent",
        )
    assert "sesame77" not in bus.log.read_text()


async def test_killed_while_nobody_could_tell_it_is_sent_twice_at_most(
    place: Place, centre: Smsc
) -> None:
    centre.mute.add(JULIET[1:])
    way = centre.settings
    for count in (1, 2):
        bus = await place.start(way=way)
        if count == 1:
            await _post(bus, "Are you there?")
        await centre.until(count)
        await asyncio.to_thread(bus.kill)
    bus = await place.start(way=way)
    await soon(lambda: len(_dead(bus)) == 1, "it is a dead letter")
    assert len(centre.received) == 2
