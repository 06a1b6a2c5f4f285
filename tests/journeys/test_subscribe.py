"""Subscriptions as people ask for them and hear by them, from real clients on real servers: by a
line and by a form, at once and later, seen online or not; and how they end. Where time matters, the
clock is moved."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from slixmpp import JID

from component import methods
from component.app import Running, running
from component.cli.prosody import COMPONENT, ROOMS, free_port
from component.config import parse
from tests.journeys.adhoc import BOT, Form
from tests.journeys.moved import at, shout, until
from tests.journeys.test_commands_people import ask
from tests.journeys.test_servers import Place
from tests.support.ejabberd import Ejabberd
from tests.support.fakes import FakeClock
from tests.support.people import Person, person
from tests.support.servers import Server, settings

GUIDE = Path(__file__).parents[2] / "docs" / "subscriptions.md"


@dataclass
class World:
    """A bus in this process whose clock is moved, and people signed in beside it."""

    server: Server
    bus: Running
    clock: FakeClock
    port: int
    people: AsyncExitStack = field(default_factory=AsyncExitStack)

    async def person(self, name: str) -> Person:
        return await self.people.enter_async_context(
            person(name, self.server.passwords[name], self.server.c2s)
        )

    async def shout(self, words: str, **more: str) -> str:
        return await shout(self.port, words, **more)

    async def until(self, time: str) -> None:
        await until(self.bus, self.clock, time)


@pytest.fixture
def more() -> str:
    """What else stands in the configuration."""
    return ""


@pytest.fixture
async def world(server: Server, tmp_path: Path, more: str) -> AsyncIterator[World]:
    """It is Thursday noon."""
    clock, port = FakeClock(at("2026-11-26 12:00")), free_port()
    async with running(
        parse(settings(server, tmp_path, port, more), methods.discover(), {}), clock
    ) as bus:
        await asyncio.wait_for(bus.xmpp.inside(), 30)
        one = World(server, bus, clock, port)
        async with one.people:
            yield one


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Place(server, data)
    server.stop()


def bodies(me: Person) -> list[str]:
    """What the bot wrote, but for answers to ping."""
    return [
        str(one["body"])
        for one in me.heard
        if one["from"].bare == BOT and one["body"] not in ("", "pong")
    ]


async def hears(me: Person, words: str) -> str:
    """The first message of the bot's with these words in it."""
    found = await me.until(lambda: [one for one in bodies(me) if words in one], words)
    return str(found[0])


async def hears_nothing_of(me: Person, words: str, witness: Person) -> None:
    """Someone was told of something, and `me`, who subscribed before them, was not."""
    await hears(witness, words)
    await ask(me, "ping", "^pong$")
    assert not [one for one in bodies(me) if words in one]


# By text

ANSWERS = {
    "subscribe lobby": "Subscription 2: shoutbox:lobby → chat:juliet@localhost, immediately",
    "subscription edit 2 daily at 10 online=yes": (
        "daily at 10, immediately while .*next on 2026-11-27 10:00"
    ),
    "quiet 22:00-07:00": "Your quiet hours are 22:00-07:00",
    "pause until Monday": r"Paused until 2026-11-30 09:00 \(Europe/Berlin\): 2 \(shoutbox:lobby\)",
    "subscriptions": "/subscriptions. To sign in there, open this link:",
    "stop": "2: shoutbox:lobby → chat:juliet@localhost\nSelection",
    'subscribe feed:site weekly on Monday matching "release"': (
        "containing “release”.*next on 2026-11-30 09:00"
    ),
    "subscribe lobby every 20 by sms": "Address",
}
"""What the bot says to each line that the guide names beside its daily mail, one after the
other."""
FOR_OTHERS = {
    "subscribe lobby daily at 9 for romeo@example.org": "romeo@example.org",
    "subscribe lobby daily at 9 to muc:team@rooms.example.org": f"→ muc:team@{ROOMS}, daily at 9",
}
"""And to what operators may write."""
MORE = f"""
[mail]
sender = "Shoutbus <shoutbus@example.org>"
port = {free_port()}
[sms]
gateway = "sms.localhost"
countries = ["+49"]
[[channel]]
name = "feed:site"
url = "http://127.0.0.1:1/"
[[channel]]
name = "muc:team@{ROOMS}"
"""


def guide() -> str:
    """The guide to subscriptions."""
    return GUIDE.read_text("utf-8")


@pytest.mark.parametrize("more", [MORE])
async def test_each_line_of_the_guide(world: World) -> None:
    """From top to bottom, for who subscribed by mail as it says."""
    lines = re.findall(r"^\| `(.*?)` \|", guide(), re.MULTILINE)
    assert lines == list(ANSWERS)
    juliet = await world.person("juliet")
    for line in (
        "preferences zone=Europe/Berlin",
        "subscribe lobby daily at 9 by mail",
        "juliet@example.org",
    ):
        await ask(juliet, line, ".")
    for line in lines:
        told = await ask(juliet, line, "(?ms)" + ANSWERS[line])
        assert "Error" not in told
        if line == "stop":
            await ask(juliet, "cancel", "Nothing was changed|cancelled")


@pytest.mark.parametrize("more", [MORE])
async def test_each_line_of_the_guide_for_operators(world: World) -> None:
    lines = re.findall(r"\(`(subscribe .*?)`\)", guide())
    assert lines == list(FOR_OTHERS)
    admin = await world.person("admin")
    for line in lines:
        told = await ask(admin, line.replace("rooms.example.org", ROOMS), FOR_OTHERS[line])
        assert "Error" not in told


async def test_by_a_line_at_once(world: World) -> None:
    juliet, romeo = await world.person("juliet"), await world.person("romeo")
    await ask(
        juliet,
        "subscribe lobby",
        "Subscription 1: shoutbox:lobby → chat:juliet@localhost, immediately\n"
        "To end it, use “stop”",
    )
    await ask(romeo, "subscribe lobby", "Subscription 2: ")
    first = await world.shout("Who has the key?")
    assert "[Lobby]" in await hears(juliet, "Who has the key?")
    await world.shout("I have", replies_to=first)
    assert re.search(
        r"\[Lobby\]\n *> tests: Who has the key\?\n.*I have$", await hears(juliet, "I have")
    )
    juliet.tell(f"lobby@{COMPONENT}", "My own words")
    await hears_nothing_of(juliet, "My own words", romeo)
    await ask(juliet, "stop", "Subscription 1 to shoutbox:lobby has ended")
    await world.shout("Nobody tells her")
    await hears_nothing_of(juliet, "Nobody tells her", romeo)
    await ask(juliet, "subscriptions", "^You do not have any subscriptions")


async def test_quiet_hours_and_a_pause(world: World) -> None:
    juliet, romeo = await world.person("juliet"), await world.person("romeo")
    await ask(juliet, "preferences zone=Europe/Berlin", "Europe/Berlin")
    await ask(juliet, "subscribe lobby", "Subscription 1")
    await ask(romeo, "subscribe lobby", "Subscription 2")
    await ask(juliet, "quiet 22:00-07:00", "Your quiet hours are 22:00-07:00 \\(Europe/Berlin\\)")
    await world.until("2026-11-26 23:30")
    for words in ("Are you asleep?", "She is"):
        await world.shout(words)
        await hears_nothing_of(juliet, words, romeo)
    await world.until("2026-11-27 06:59")
    await ask(juliet, "ping", "pong")
    assert not [one for one in bodies(juliet) if "asleep" in one]
    await world.until("2026-11-27 07:00")
    told = await hears(juliet, "Are you asleep?")
    assert re.search("^(Shoutbus: )?Lobby: 2 messages\n", told)
    assert "She is" in told
    assert told.endswith("Reply “stop” to unsubscribe.")
    await world.shout("Good morning")
    assert "[Lobby]" in await hears(juliet, "Good morning")

    await ask(
        juliet,
        "pause until Monday",
        r"Paused until 2026-11-30 09:00 \(Europe/Berlin\): 1 \(shoutbox:lobby\)",
    )
    await world.shout("On Friday")
    await hears_nothing_of(juliet, "On Friday", romeo)
    await world.until("2026-11-30 08:59")
    await ask(juliet, "ping", "pong")
    assert not [one for one in bodies(juliet) if "On Friday" in one]
    await world.until("2026-11-30 09:00")
    assert "Lobby: 1 message\n" in await hears(juliet, "On Friday")
    assert len([one for one in bodies(juliet) if "asleep" in one]) == 1


async def test_quiet_hours_that_are_called_off(world: World) -> None:
    juliet, romeo = await world.person("juliet"), await world.person("romeo")
    await ask(juliet, "subscribe lobby", "Subscription 1")
    await ask(romeo, "subscribe lobby", "Subscription 2")
    await ask(juliet, "quiet 10:00-14:00", "Your quiet hours")  # it is 11:00 in UTC
    await world.shout("In the quiet")
    await hears_nothing_of(juliet, "In the quiet", romeo)
    await ask(juliet, "quiet 10:00-13:00", "Your quiet hours")
    await world.until("2026-11-26 12:01")
    await ask(juliet, "subscriptions", "next on 2026-11-26 13:00")
    assert not [one for one in bodies(juliet) if "In the quiet" in one]
    await ask(
        juliet,
        "quiet off",
        "You do not have quiet hours. To set them, write for example “quiet 22:00-07:00”.",
    )
    await hears(juliet, "In the quiet")
    await world.shout("Behind it")
    assert "[Lobby]" in await hears(juliet, "Behind it")


async def test_what_her_server_refuses_waits_until_she_writes(world: World) -> None:
    """It refuses what comes from those she blocks (XEP-0191) as a server without a store does for
    who is offline."""
    juliet, romeo = await world.person("juliet"), await world.person("romeo")
    juliet.register_plugin("xep_0191")
    for one in (juliet, romeo):
        await ask(one, "subscribe lobby", "Subscription")
    await juliet.plugin["xep_0191"].block(JID(BOT))
    await world.shout("She is not there")
    await hears(romeo, "She is not there")
    async with asyncio.timeout(10):
        while not (await world.bus.subscriptions.of("juliet@localhost"))[0].due:
            pass
    await world.shout("Nor now")
    await hears(romeo, "Nor now")
    await juliet.plugin["xep_0191"].unblock(JID(BOT))
    await ask(juliet, "ping", "^pong$")
    await world.until("2026-11-26 12:01")
    digest = await hears(juliet, "She is not there")
    assert "Nor now" in digest
    assert not await world.bus.store.dead_letters.counts()


async def test_only_when_away(world: World) -> None:
    """At once while she is there, as her server shows it, and the rest in the morning."""
    juliet, romeo = await world.person("juliet"), await world.person("romeo")
    await ask(juliet, "preferences zone=Europe/Berlin", "Europe/Berlin")
    await ask(
        juliet,
        "subscribe lobby daily at 9 and at once when online",
        "immediately while you are online",
    )
    await ask(romeo, "subscribe lobby", "Subscription 2")
    await juliet.until(
        lambda: [one for one in juliet.presences if one["type"] == "subscribe"],
        "the bot asks to see her",
    )
    await _seen(world, juliet, True)  # her client agrees by itself
    await world.shout("While she is there")
    await hears(juliet, "While she is there")
    juliet.send_presence(pshow="away")
    await _seen(world, juliet, False)
    await world.shout("While she is away")
    await hears_nothing_of(juliet, "While she is away", romeo)
    await world.until("2026-11-27 09:00")
    told = await hears(juliet, "While she is away")
    assert re.search("^(Shoutbus: )?Lobby: 1 message\n", told)


async def _seen(world: World, who: Person, there: bool) -> None:
    """Return once the bus sees someone there, or not; it is told by what it hears, and tells
    nobody."""
    async with asyncio.timeout(15):
        while world.bus.xmpp.online.is_online(who.boundjid.bare) is not there:
            await ask(who, "ping", "pong")


# By a form


async def test_by_a_form(world: World) -> None:
    juliet = await world.person("juliet")
    form = Form(juliet, "subscribe")
    await form.send()
    assert form.fields.keys() == {"channel", "interval", "by", "address", "more"}
    assert (form.fields["interval"], form.fields["by"]) == ("at once", "chat")
    filled = form.fields | {"channel": "shoutbox:lobby", "interval": "every fortnight", "more": "1"}
    assert (await form.send("next", **filled)).startswith(
        "When: “every fortnight” is not a schedule. Examples: immediately"
    )
    await form.send("next", **filled | {"interval": "every 2"})
    assert form.fields["mention"] == "juliet"
    told = await form.send("complete", **form.fields | {"matching": "release", "mention": "none"})
    assert told.startswith(
        "Subscription 1: shoutbox:lobby → chat:juliet@localhost, every 2 messages, containing "
        "“release”"
    )
    for words in ("A release", "Hello juliet", "Another release"):
        await world.shout(words)
    told = await hears(juliet, "Another release")
    assert re.search("^(Shoutbus: )?Lobby: 2 messages\n", told)
    assert "Hello" not in told

    form = Form(juliet, "pause")
    await form.send()
    assert (await form.send("complete", which="all", until="")).startswith(
        "Paused: 1 (shoutbox:lobby)"
    )
    form = Form(juliet, "unsubscribe")
    await form.send()
    assert await form.send("complete", which="1") == "Subscription 1 to shoutbox:lobby has ended."


# For others, and against their will


async def test_who_is_subscribed_by_an_operator_is_asked(world: World) -> None:
    admin, romeo = await world.person("admin"), await world.person("romeo")
    await ask(
        admin,
        "subscribe lobby for romeo@localhost",
        "A request was sent to romeo@localhost. The subscription starts when they accept it.",
    )
    asked = await hears(romeo, "admin@localhost wants to subscribe you to these channels")
    assert "- Lobby (immediately)" in asked
    assert asked.endswith("To accept, reply “confirm”. Otherwise, do nothing.")
    await ask(admin, "subscribe lobby", "Subscription 2")
    await world.shout("Before he agreed")
    await hears_nothing_of(romeo, "Before he agreed", admin)
    await ask(
        romeo,
        "confirm",
        "chat:romeo@localhost is confirmed.\n1: shoutbox:lobby → chat:romeo@localhost, immediately",
    )
    await world.shout("Now he hears")
    await hears(romeo, "Now he hears")
    await ask(romeo, "stop", "Subscription 1 to shoutbox:lobby has ended")
    audit = await ask(admin, "audit", "changes, newest first")
    assert "subscribe" in audit


async def test_a_ban_ends_a_subscription_and_says_so(place: Place) -> None:
    """What is said in the room behind the ban, he is not told."""
    room = f"banning@{ROOMS}"
    with place.bus("banning") as bus:
        async with place.person("admin") as admin, place.person("romeo") as romeo:
            await admin.join(room, "Admin")
            for who in (romeo, admin):
                await ask(
                    who,
                    f"subscribe muc:{room}",
                    f"Subscription .: muc:{room} → chat:{who.boundjid.bare}, immediately",
                )
            await romeo.join(room, "Romeo")
            bus.post("shoutbox:banning", "Still among us")
            await hears(romeo, "Still among us")
            await admin.plugin["xep_0045"].set_affiliation(
                JID(room), "outcast", jid="romeo@localhost", timeout=15
            )
            ended = await hears(romeo, "has ended")
            assert f"Your subscription 1 to muc:{room} has ended, because" in ended
            bus.post("shoutbox:banning", "Behind his back")
            await hears_nothing_of(romeo, "Behind his back", admin)
            await ask(romeo, f"subscribe muc:{room}", "does not exist, or you cannot access it")
            await ask(romeo, "subscriptions", "^You do not have any subscriptions")
