"""Answers (XEP-0461) keep what they answer on their way: from rooms to shoutboxes and back, and in
private."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from slixmpp import ET, JID

from component.cli.prosody import COMPONENT, ROOMS
from tests.journeys.test_servers import Place, comes
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person
from tests.support.servers import Bus, Server

BOT = f"bot@{COMPONENT}"
REPLY = "{urn:xmpp:reply:0}reply"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"


@dataclass
class Told(Place):
    """A shoutbox that leads to a room, and to Romeo."""

    def config(self, name: str, port: int, invited: str = "") -> str:
        to_romeo = f'[[route]]\nfrom = "shoutbox:{name}"\nto = "chat:romeo@localhost"\n'
        return f"{super().config(name, port, invited)}\n{to_romeo}"


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Told]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Told(server, data)
    server.stop()


def answer(
    me: Person, to: str, named: str, words: str, quote: str = "", private: bool = False
) -> None:
    """An answer as clients send it: with a quote for those that know no answers, and where that
    stands."""
    message: Any = me.make_message(
        JID(to), f"{quote}{words}", mtype="chat" if private else "groupchat"
    )
    marked = (
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" '
        f'end="{len(quote)}"/></fallback>'
    )
    for one in (
        f'<reply xmlns="urn:xmpp:reply:0" to="{to}" id="{named}"/>',
        marked if quote else "",
    ):
        if one:
            message.append(ET.fromstring(one))
    message.send()


def given(stanza: Any) -> str:
    """The room's id for a line."""
    found = stanza.xml.find(STANZA_ID)
    return found.get("id") if found is not None else ""


async def shouted(bus: Bus, name: str, words: str) -> dict[str, Any]:
    """A message with just these words as it stands in the shoutbox."""

    def found() -> Any:
        page = bus.get(f"/api/v1/channels/shoutbox:{name}/messages?limit=500").json["messages"]
        return next((one for one in page if one["body"] == words), None)

    await comes(found, f"“{words}” in the shoutbox")
    message: dict[str, Any] = found()
    return message


async def test_answers_in_a_room(place: Told) -> None:
    room = f"answers@{ROOMS}"
    with place.bus("answers") as bus:
        async with place.person("juliet") as juliet, place.person("romeo") as romeo:
            await juliet.join(room, "Juliet")
            await romeo.join(room, "Romeo")
            juliet.say(room, "What light?")
            asked = await romeo.hears("What light?")
            answer(romeo, room, given(asked), "It is the east", "> What light?\n")
            said = await juliet.hears("> What light?\nIt is the east")
            first, second = [
                await shouted(bus, "answers", one) for one in ("What light?", "It is the east")
            ]
            assert "replies_to" not in first
            assert (second["replies_to"], second["thread"]) == (first["id"], first["id"])

            answer(juliet, room, given(said), "And Romeo?")
            third = await shouted(bus, "answers", "And Romeo?")
            assert (third["replies_to"], third["thread"]) == (second["id"], first["id"])

            answer(juliet, room, "of-no-line", "To nobody", "> Who?\n")
            assert "replies_to" not in await shouted(bus, "answers", "> Who?\nTo nobody")


async def test_answers_to_shouts_and_as_shouts(place: Told) -> None:
    room = f"shouts@{ROOMS}"
    with place.bus("shouts") as bus:
        async with place.person("juliet") as juliet:
            await juliet.join(room, "Juliet")
            shout = bus.post("shoutbox:shouts", "by a guest", author="Zoe").json["id"]
            heard = await juliet.hears("by a guest")
            answer(juliet, room, given(heard), "to a guest")
            found = await shouted(bus, "shouts", "to a guest")
            assert (found["replies_to"], found["thread"]) == (shout, shout)

            back = bus.post("shoutbox:shouts", "back to you", replies_to=found["id"])
            assert back.status == 201
            line = (await juliet.hears("tests: back to you")).xml.find(REPLY)
            mine = await juliet.hears("to a guest")
            assert (line.get("id"), line.get("to")) == (given(mine), f"{room}/Juliet")
            told = bus.get(f"/api/v1/messages/{back.json['id']}").json
            assert (told["replies_to"], told["thread"]) == (found["id"], shout)

            for wrong in ("f" * 32, "short", 7, ["x"]):
                assert bus.post("shoutbox:shouts", "to nothing", replies_to=wrong).status == 400
            assert bus.post(f"muc:{room}", "to what stands there", replies_to=shout).status == 201
            elsewhere = bus.post("chat:romeo@localhost", "only for Romeo").json["id"]
            assert (
                bus.post("shoutbox:shouts", "to another channel's", replies_to=elsewhere).status
                == 400
            )
            assert bus.post("shoutbox:shouts", "to none", replies_to=None).status == 201

            again = [
                bus.post("shoutbox:shouts", "once", key="k", replies_to=shout) for _ in range(2)
            ]
            assert [one.status for one in again] == [201, 201]
            assert again[0].json["id"] == again[1].json["id"]
            assert bus.post("shoutbox:shouts", "once", key="k").status == 422


async def test_answers_to_what_was_said_before_the_bus_began(place: Told) -> None:
    room = f"before@{ROOMS}"
    async with place.person("juliet") as juliet:
        with place.bus("before") as bus:
            await juliet.join(room, "Juliet")
            juliet.say(room, "by Juliet")
            first = await shouted(bus, "before", "by Juliet")
            shout = bus.post(
                "shoutbox:before", "by a guest", author="Zoe", replies_to=first["id"]
            ).json["id"]
            bus.post("shoutbox:before", "by a program")
            await juliet.hears("tests: by a program")
            bus.kill()
        mine, guests = [await juliet.hears(one) for one in ("by Juliet", "by a guest")]
        answer(juliet, room, given(mine), "while it was down")
        meanwhile = await juliet.hears("while it was down")
        answer(juliet, room, given(meanwhile), "and then")
        await juliet.hears("and then")
        with place.bus("before") as bus:
            down, then = [
                await shouted(bus, "before", one) for one in ("while it was down", "and then")
            ]
            assert (down["replies_to"], down["thread"]) == (first["id"], first["id"])
            assert (then["replies_to"], then["thread"]) == (down["id"], first["id"])
            answer(juliet, room, given(guests), "to a guest")
            late = await shouted(bus, "before", "to a guest")
            assert (late["replies_to"], late["thread"]) == (shout, first["id"])


async def test_answers_in_private(place: Told) -> None:
    with place.bus("private") as bus:
        async with place.person("romeo") as romeo, place.person("juliet") as juliet:
            shout = bus.post("shoutbox:private", "for all").json["id"]
            told = await romeo.hears("tests: for all")
            assert told["id"] == shout
            answer(romeo, BOT, told["id"], "from me too", "> tests: for all\n", private=True)
            await romeo.agrees(BOT)
            found = await shouted(bus, "private", "from me too")
            assert (found["replies_to"], found["thread"]) == (shout, shout)
            answer(romeo, BOT, told["id"], "ping", "> tests: for all\n", private=True)
            await romeo.hears("pong")
            # Juliet was not told, and knows the id from someone.
            answer(juliet, BOT, told["id"], "I heard of it", private=True)
            await juliet.agrees(BOT)
            assert "replies_to" not in await shouted(bus, "private", "I heard of it")
            answer(juliet, f"private@{COMPONENT}", told["id"], "where it stands", private=True)
            assert (await shouted(bus, "private", "where it stands"))["replies_to"] == shout
            # No longer than one packet: servers too put off a tag that comes in parts (expat).
            answer(juliet, BOT, "x" * 300, "to a huge id", private=True)
            assert "replies_to" not in await shouted(bus, "private", "to a huge id")
