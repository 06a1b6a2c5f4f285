"""Who comes into a room is greeted there, once; a fortune for who asks; on real servers, with
fortune-mod's files."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from slixmpp import JID

from component.cli.prosody import ROOMS, free_port
from component.methods.fortune.databases import databases
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person, person
from tests.support.servers import Bus, Server, settings, start_bus

ROOM = f"lobby@{ROOMS}"
OTHER = f"other@{ROOMS}"
MORE = f"""
[[channel]]
name = "muc:{OTHER}"

[[channel]]
name = "greeting:welcome"
text = ["Hi {{name}}, welcome to {{room}}!"]
join = true

[[route]]
from = "greeting:welcome"
to = "muc:{ROOM}"

[[route]]
from = "greeting:welcome"
to = "muc:{OTHER}"
off = true

[[channel]]
name = "fortune:hourly"
when = "hourly"
jitter = "5min"
files = ["computers"]

[[route]]
from = "fortune:hourly"
to = "shoutbox:lobby"
"""


@pytest.fixture(params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    one = request.param(tmp_path / "server")
    one.start()
    yield one
    one.stop()


@contextmanager
def _bus(place: Any, data: Path) -> Iterator[Bus]:
    port = free_port()
    bus = start_bus(data, settings(place, data, port, MORE), port)
    try:
        bus.ready()
        yield bus
    finally:
        bus.stop()


def _someone(place: Any, name: str) -> Any:
    return person(name, place.passwords[name], place.c2s)


def _greetings(one: Person, room: str = ROOM) -> list[str]:
    return [words for _nick, words in one.lines(room) if words.startswith("Greeting:")]


async def _leaves(one: Person, nick: str) -> None:
    one.plugin["xep_0045"].leave_muc(JID(ROOM), nick)
    gone = (f"{ROOM}/{nick}", "unavailable")
    await one.until(
        lambda: any((str(a["from"]), a["type"]) == gone for a in one.presences), f"{nick} is out"
    )


async def test_who_comes_in_is_greeted_once(place: Any, tmp_path: Path) -> None:
    async with _someone(place, "juliet") as juliet, _someone(place, "romeo") as romeo:
        with _bus(place, tmp_path / "bus") as bus:
            await juliet.join(ROOM, "Juliet")
            await juliet.hears(_greeting("Juliet"))
            await juliet.join(OTHER, "Juliet")  # that route is off
            await _leaves(juliet, "Juliet")
            await juliet.join(ROOM, "Jule")  # the same person
            assert (
                bus.post("shoutbox:lobby", "from a guest", author="Zoe").status == 201
            )  # as an occupant of her own
            assert (await juliet.hears("from a guest"))["from"].resource == "Zoe (web)"
            await romeo.join(ROOM, "Romeo")
            await juliet.hears(_greeting("Romeo"))  # by then the others would have been
            assert _greetings(juliet) == [_greeting("Juliet"), _greeting("Romeo")]
            assert _greetings(juliet, OTHER) == []
            assert bus.bodies("shoutbox:lobby") == [
                "from a guest"
            ]  # greetings are for their room alone
        with _bus(place, tmp_path / "bus"):  # whoever is there when the bot comes in is not greeted
            await _leaves(romeo, "Romeo")
            await romeo.join(ROOM, "Romeo")  # nor who was greeted before
            async with _someone(place, "admin") as admin:
                await admin.join(ROOM, "Admin")
                await juliet.hears(_greeting("Admin"))
                assert _greetings(juliet) == [
                    _greeting(nick) for nick in ("Juliet", "Romeo", "Admin")
                ]
                admin.say(ROOM, "shoutbus: fortune computers")
                await admin.until(lambda: _fortune(admin), "a fortune of the package's")


def _greeting(nick: str) -> str:
    return f"Greeting: Hi {nick}, welcome to lobby!"


def _fortune(one: Person) -> bool:
    """Whether one of the package's was told in the room."""
    computers = (
        next(found for found in databases() if found.name == "computers")
        .file.read_text("utf-8")
        .expandtabs()
    )
    start = "Admin: A fortune from “computers”:\n"
    told = [
        words.removeprefix(start) for _nick, words in one.lines(ROOM) if words.startswith(start)
    ]
    return bool(told) and told[0] in computers
