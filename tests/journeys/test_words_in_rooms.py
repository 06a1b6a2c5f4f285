"""What is a line in a room, and whose, on real servers: rooms whose names servers fold, what only
other clients can read, invitations, and the ways to speak to the bot."""

from collections.abc import AsyncIterator, Iterator
from typing import Any, Literal
from urllib.parse import quote

import pytest
from slixmpp import ET, JID

from component.cli.prosody import COMPONENT, ROOMS
from tests.journeys.test_servers import MUC_USER, Place, comes, in_room
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person
from tests.support.servers import Bus, Server

BOT = f"bot@{COMPONENT}"
MessageTypes = Literal["chat", "groupchat", "normal"]
MUC_OWNER = "http://jabber.org/protocol/muc#owner"
HIDDEN = (
    '<encrypted xmlns="eu.siacs.conversations.axolotl"><header sid="1"/><payload>AAAA</payload>'
    "</encrypted>",
    '<encryption xmlns="urn:xmpp:eme:0" namespace="eu.siacs.conversations.axolotl"/>',
)
TOLD = "Your message is encrypted (OMEMO). I cannot read or forward it."
PLACEHOLDER = "A client without OMEMO shows this."


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Place(server, data)
    server.stop()


@pytest.fixture
async def admin(place: Place) -> AsyncIterator[Person]:
    async with place.person("admin") as one:
        yield one


def send(me: Person, to: str, words: str, kind: MessageTypes, *inside: str) -> None:
    """A message with something else in it."""
    message: Any = me.make_message(JID(to), words, mtype=kind)
    for one in inside:
        message.append(ET.fromstring(one))
    message.send()


def from_bot(me: Person) -> list[str]:
    """What the bot wrote to someone alone, in a private chat or through a room."""
    words = []
    for one in me.heard:
        if one["type"] == "chat":
            words.append(one["body"])
    return words


async def unlock(me: Person, room: str) -> None:
    """Take a new room as it is (XEP-0045 section 10.1.2)."""
    iq: Any = me.make_iq(ito=JID(room), itype="set")
    submit = '<x xmlns="jabber:x:data" type="submit"/>'
    iq.append(ET.fromstring(f'<query xmlns="{MUC_OWNER}">{submit}</query>'))
    await iq.send(timeout=15)


def said_by_bot(me: Person) -> list[str]:
    """What the bot said in a room."""
    words = []
    for one in me.heard:
        if one["type"] == "groupchat" and one["from"].resource == "shoutbus" and one["body"]:
            words.append(one["body"])
    return words


async def answer(me: Person, start: str) -> str:
    """What the bot wrote to someone, which begins so."""

    def written() -> str:
        return next((words for words in from_bot(me) if words.startswith(start)), "")

    return str(await me.until(written, start))


@pytest.mark.parametrize(
    ("typed", "folded"), [("GRÖSSE", "grösse"), ("Straße", "strasse"), ("Команда", "команда")]
)
async def test_a_room_with_a_name_that_servers_fold(
    place: Place, admin: Person, typed: str, folded: str
) -> None:
    room = f"{folded}@{ROOMS}"
    with place.bus("folded") as bus:
        admin.tell(BOT, f"room create {typed}")
        await answer(admin, f"Added muc:{room}")
        await comes(lambda: in_room(bus, room)["state"] == "in", "the bot is in the room")
        admin.tell(BOT, f"route add muc:{typed}@{ROOMS} shoutbox:folded")
        await answer(admin, f"Added muc:{room} → shoutbox:folded")
        async with place.person("juliet") as juliet:
            await juliet.join(f"{typed}@{ROOMS}", "Juliet")
            juliet.say(room, f"what light in {typed}")
            await comes(
                lambda: f"what light in {typed}" in bus.bodies("shoutbox:folded"), "the line"
            )
            assert bus.post(f"muc:{quote(typed)}@{ROOMS}", "by path").status == 201
            await juliet.hears("tests: by path")
        admin.tell(BOT, f"room remove {room} destroy sure")
        await answer(admin, f"Removed muc:{room}")


async def test_what_is_encrypted_stays_where_it_is(place: Place) -> None:
    room = f"hidden@{ROOMS}"
    with place.bus("hidden") as bus:
        async with place.person("juliet") as juliet, place.person("romeo") as romeo:
            await juliet.join(room, "Juliet")
            await romeo.join(room, "Romeo")
            for _time in range(2):
                send(juliet, room, PLACEHOLDER, "groupchat", *HIDDEN)
            await answer(juliet, TOLD)
            send(romeo, room, "", "groupchat", HIDDEN[0])
            send(romeo, room, "+", "groupchat", '<reactions xmlns="urn:xmpp:reactions:0" id="1"/>')
            readable = '<markable xmlns="urn:xmpp:chat-markers:0"/>'
            send(juliet, room, "for all", "groupchat", readable)
            await shouted(bus, "hidden", "for all")
            assert bus.bodies("shoutbox:hidden") == ["for all"]
            assert len(from_bot(juliet)) == 1, "told once, and nobody else"
            send(romeo, BOT, PLACEHOLDER, "chat", *HIDDEN)
            await romeo.until(lambda: len(from_bot(romeo)) == 2, "the bot's two answers")
            assert all(words.startswith(TOLD) for words in from_bot(romeo))
            assert not said_by_bot(juliet), "nothing of it in the room"


async def test_an_invitation_is_not_a_line(place: Place) -> None:
    party = f"party@{ROOMS}"
    with place.bus("invited") as bus:
        async with place.person("juliet") as juliet:
            await juliet.join(party, "Juliet")
            await unlock(juliet, party)
            invite = f'<invite to="{BOT}"><reason>Masks on</reason></invite>'
            send(juliet, party, "", "normal", f'<x xmlns="{MUC_USER}">{invite}</x>')
            direct = f'<x xmlns="jabber:x:conference" jid="{party}"/>'
            send(juliet, BOT, "Come in", "normal", direct)
            await answer(juliet, f"I was invited to {party}.")
            juliet.tell(f"invited@{COMPONENT}", "I invited the bot")
            await shouted(bus, "invited", "I invited the bot")
            assert bus.bodies("shoutbox:invited") == ["I invited the bot"]
            assert party not in bus.health()["xmpp"]["rooms"]


async def test_ways_to_speak_to_the_bot(place: Place) -> None:
    room = f"spoken@{ROOMS}"
    with place.bus("spoken") as bus:
        async with place.person("juliet") as juliet:
            await juliet.join(room, "Juliet")
            for words in ("the shoutbus is late", "shoutbus is late", "bot ping", "ping"):
                juliet.say(room, words)
            mention = '<reference xmlns="urn:xmpp:reference:0" type="mention" begin="{}" end="{}" '
            romeo = mention.format(0, 5) + f'uri="xmpp:{room}/Romeo"/>'
            send(juliet, room, "Romeo ping", "groupchat", romeo)
            for words in ("shoutbus version", "@shoutbus whoami", "Shoutbus: dance"):
                juliet.say(room, words)
            bus_named = mention.format(0, 3) + f'uri="xmpp:{room}/shoutbus"/>'
            send(juliet, room, "bus help", "groupchat", bus_named)
            await juliet.until(lambda: len(said_by_bot(juliet)) == 4, "four answers")
            assert "Juliet: pong" not in said_by_bot(juliet)
            await comes(lambda: len(bus.bodies("shoutbox:spoken")) == 9, "all nine lines")


async def shouted(bus: Bus, name: str, words: str) -> None:
    """A message with just these words comes to the shoutbox."""
    await comes(lambda: words in bus.bodies(f"shoutbox:{name}"), f"“{words}” in the shoutbox")
