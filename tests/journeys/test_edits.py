"""Authors correct (XEP-0308) and take back (XEP-0424) what they said: the page, the API and the
other room follow, and nobody else can."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from xml.etree.ElementTree import Element

import pytest
from slixmpp import ET, JID

from component.cli.prosody import COMPONENT, ROOMS
from tests.journeys.test_deletion import listening
from tests.journeys.test_servers import Place, comes, sent
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person
from tests.support.servers import Bus, Server

BOT = f"bot@{COMPONENT}"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"
REPLACE = "{urn:xmpp:message-correct:0}replace"
BODY = "{jabber:client}body"
FALLBACK = "This person attempted to retract a previous message."
CORRECT = '<replace xmlns="urn:xmpp:message-correct:0" id="{}"/>'
RETRACTS = {
    "urn:xmpp:message-retract:1": '<retract xmlns="urn:xmpp:message-retract:1" id="{}"/>',
    "urn:xmpp:message-retract:0": (
        '<apply-to xmlns="urn:xmpp:fasten:0" id="{}"><retract '
        'xmlns="urn:xmpp:message-retract:0"/></apply-to>'
    ),
}
WITHDRAWN = "(deleted by its author)"
UNKNOWN = "I do not know the message that you edited or deleted, so nothing was changed elsewhere."


@dataclass
class TwoRooms(Place):
    """A shoutbox that leads to another room too, and takes what Juliet writes to the bot."""

    def config(self, name: str, port: int, invited: str = "") -> str:
        return f"""{super().config(name, port, invited)}
[[channel]]
name = "muc:{name}-too@{ROOMS}"

[[route]]
from = "shoutbox:{name}"
to = "muc:{name}-too@{ROOMS}"

[[route]]
from = "chat:juliet@localhost"
to = "shoutbox:{name}"
"""


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TwoRooms]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield TwoRooms(server, data)
    server.stop()


def say(me: Person, to: str, words: str, inside: str = "", kind: Any = "groupchat") -> str:
    """Say something with an element of ours in it; returns the stanza's id."""
    client: Any = me
    message = client.make_message(JID(to), words, mtype=kind)
    if inside:
        message.append(ET.fromstring(inside))
        message.append(ET.fromstring('<store xmlns="urn:xmpp:hints"/>'))
    message.send()
    return str(message["id"])


async def shows(bus: Bus, name: str, words: list[str]) -> list[dict[str, Any]]:
    """The shoutbox, once it shows just this."""

    def page() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = bus.get(
            f"/api/v1/channels/shoutbox:{name}/messages?limit=500"
        ).json["messages"]
        return found

    await comes(lambda: [one["body"] for one in page()] == words, f"the shoutbox shows {words}")
    return page()


async def line(found: list[Element], words: str) -> Element:
    """The stanza with these words, once it came."""

    def lines() -> list[Element]:
        return [one for one in found if one.findtext(BODY) == words]

    await comes(lines, f"“{words}” comes")
    return lines()[0]


def archived(stanza: Element) -> str:
    """The room's id for a line."""
    given = stanza.find(STANZA_ID)
    return given.get("id", "") if given is not None else ""


def takes_back(found: list[Element], sender: str) -> list[Element]:
    """What takes something back in a room: the room itself, or the bus by XEP-0424."""
    tags = {"{urn:xmpp:message-retract:1}retract", "{urn:xmpp:fasten:0}apply-to"}
    stanzas = [one for one in found if one.get("from", "").startswith(sender)]
    return [one for one in stanzas if tags & {part.tag for part in one}]


async def test_the_author_alone_edits_a_line(place: TwoRooms) -> None:
    room, other = f"edits@{ROOMS}", f"edits-too@{ROOMS}"
    with place.bus("edits") as bus:
        async with place.person("juliet") as juliet, place.person("romeo") as romeo:
            there = listening(romeo)
            await juliet.join(room, "Juliet")
            await romeo.join(room, "Romeo")
            await romeo.join(other, "Romeo")
            first = say(juliet, room, "helo")
            said = await line(there, "Juliet: helo")

            second = say(juliet, room, "hello", CORRECT.format(first))
            corrected = await line(there, "Juliet: hello")
            replaces = corrected.find(REPLACE)
            assert replaces is not None
            assert replaces.get("id") == said.get("id")
            (shout,) = await shows(bus, "edits", ["hello"])
            assert shout["edited"]
            assert "edited" in bus.get("/shoutbox/edits").text

            say(romeo, room, "evil", CORRECT.format(first))
            told = await romeo.hears(UNKNOWN)
            assert told["type"] == "chat"
            say(juliet, room, "hello!", CORRECT.format(second))
            await line(there, "Juliet: hello!")
            await shows(bus, "edits", ["hello!"])
            assert not [one for one in there if one.findtext(BODY) == "Romeo: evil"]
            assert not [one for one in juliet.heard if one["type"] == "chat"], "nothing at success"


@pytest.mark.parametrize("version", RETRACTS)
async def test_the_author_alone_takes_a_line_back(place: TwoRooms, version: str) -> None:
    name = f"oops{version[-1]}"
    room, other = f"{name}@{ROOMS}", f"{name}-too@{ROOMS}"
    retract = RETRACTS[version]
    with place.bus(name) as bus:
        async with place.person("juliet") as juliet, place.person("romeo") as romeo:
            here, there = listening(juliet), listening(romeo)
            await juliet.join(room, "Juliet")
            await romeo.join(room, "Romeo")
            await romeo.join(other, "Romeo")
            say(juliet, room, "oops")
            await line(there, "Juliet: oops")
            await comes(lambda: sent(bus, other), "it is confirmed")
            known = archived(await line(here, "oops"))

            say(romeo, room, FALLBACK, retract.format(known))
            await romeo.hears(UNKNOWN)
            await shows(bus, name, ["oops"])
            say(juliet, room, FALLBACK, retract.format(known))
            await shows(bus, name, [WITHDRAWN])
            await comes(lambda: takes_back(there, other), "it is taken back in the other room")
            (taken,) = takes_back(there, other)
            assert taken.findtext(BODY) is None
            assert "Juliet: " + FALLBACK not in [one.findtext(BODY) for one in there]


async def test_while_the_bus_was_away(place: TwoRooms) -> None:
    room, other = f"away@{ROOMS}", f"away-too@{ROOMS}"
    async with place.person("juliet") as juliet, place.person("romeo") as romeo:
        here, there = listening(juliet), listening(romeo)
        with place.bus("away") as bus:
            await juliet.join(room, "Juliet")
            await romeo.join(other, "Romeo")
            kept, gone = say(juliet, room, "helo"), say(juliet, room, "oops")
            await line(there, "Juliet: oops")
            await comes(lambda: sent(bus, other), "all is confirmed")
            assert gone
        say(juliet, room, "hello", CORRECT.format(kept))
        say(
            juliet,
            room,
            FALLBACK,
            RETRACTS["urn:xmpp:message-retract:1"].format(archived(await line(here, "oops"))),
        )
        later = say(juliet, room, "latr")
        say(juliet, room, "later", CORRECT.format(later))
        with place.bus("away") as bus:
            await shows(bus, "away", ["hello", WITHDRAWN, "later"])
            await line(there, "Juliet: hello")
            await comes(lambda: takes_back(there, other), "it is taken back in the other room")


async def test_in_a_private_chat(place: TwoRooms) -> None:
    with place.bus("private") as bus:
        async with place.person("juliet") as juliet, place.person("romeo") as romeo:
            juliet.tell(BOT, "hello")
            await juliet.agrees(BOT)  # the bot asks before the first post
            await shows(bus, "private", ["hello"])
            first = say(juliet, BOT, "good mroning", kind="chat")
            say(juliet, BOT, "good morning", CORRECT.format(first), kind="chat")
            _hello, shout = await shows(bus, "private", ["hello", "good morning"])
            assert shout["edited"]
            say(romeo, BOT, "evil", CORRECT.format(first), kind="chat")
            await romeo.until(
                lambda: [one for one in romeo.heard if one["type"] == "error"], "he is refused"
            )
            typed = say(juliet, BOT, "hlep", kind="chat")
            say(juliet, BOT, "ping", CORRECT.format(typed), kind="chat")
            await juliet.until(
                lambda: [one for one in juliet.heard if one["body"].endswith("pong")],
                "what corrects a command is one",
            )
            say(
                juliet,
                BOT,
                FALLBACK,
                RETRACTS["urn:xmpp:message-retract:1"].format(first),
                kind="chat",
            )
            await shows(bus, "private", ["hello", WITHDRAWN])
