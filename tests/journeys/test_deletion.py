"""Deleting what was passed on: the room takes it back where it can, else everyone's client is asked
to, and the answer says which. On Prosody as it comes, on Prosody with mod_muc_moderation, and on
ejabberd, whose rooms take back from 23.04 on."""

from collections.abc import Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

import pytest
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from component.cli.prosody import COMPONENT, ROOMS
from tests.journeys.test_servers import INFO, Place, archive_of, ask, comes, make_room, sent
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person
from tests.support.servers import Bus, Server

BOT = f"bot@{COMPONENT}"
FASTEN = "{urn:xmpp:fasten:0}apply-to"
MODERATED = "{urn:xmpp:message-moderate:0}moderated"
RETRACT = "{urn:xmpp:message-retract:1}retract"
STANZA_ID = "{urn:xmpp:sid:0}stanza-id"


class Moderated(Server):
    """Prosody with mod_muc_moderation (XEP-0425), of Debian's prosody-modules."""

    def __post_init__(self) -> None:
        super().__post_init__()
        plain, more = '"muc_mam"', '"muc_mam", "muc_moderation"'
        written = self.prosody.config.read_text()
        assert plain in written
        self.prosody.config.write_text(written.replace(plain, more))


@dataclass
class Joined(Place):
    """A shoutbox that leads to a room, and to Romeo."""

    def config(self, name: str, port: int, invited: str = "") -> str:
        to_romeo = f'[[route]]\nfrom = "shoutbox:{name}"\nto = "chat:romeo@localhost"\n'
        return f"{super().config(name, port, invited)}\n{to_romeo}"


@pytest.fixture(
    scope="module", params=[Server, Moderated, Ejabberd], ids=["prosody", "moderated", "ejabberd"]
)
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Joined]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Joined(server, data)
    server.stop()


async def moderates(place: Joined, me: Person, room: str) -> bool:
    """Whether the room says that it can take back what others said (XEP-0425)."""
    info = await ask(me, room, f'<query xmlns="{INFO}"/>')
    offered = {one.get("var") for one in info.iter(f"{{{INFO}}}feature")}
    known = bool(offered & {"urn:xmpp:message-moderate:0", "urn:xmpp:message-moderate:1"})
    assert known or not isinstance(place.server, Moderated)
    return known


def listening(me: Person) -> list[Element]:
    """Every message as it comes: what has no words is none to slixmpp's events."""
    found: list[Element] = []
    me.register_handler(
        Callback(
            "all", MatchXPath("{jabber:client}message"), lambda stanza: found.append(stanza.xml)
        )
    )
    return found


def line(found: list[Element], words: str) -> Element:
    return next(one for one in found if one.findtext("{jabber:client}body") == words)


def name_of(found: list[Element], words: str) -> str:
    """What a line is called when it is taken back: the room's id for it, or its own."""
    stanza = line(found, words)
    given = stanza.find(STANZA_ID)
    return given.get("id", "") if given is not None else stanza.get("id", "")


async def taken_back(found: list[Element], id: str) -> Element:
    """What takes the line with this id back; it comes once, in one form of XEP-0425 or in both."""

    def names(part: Element) -> bool:
        return part.tag in (FASTEN, RETRACT) and part.get("id") == id

    def takes() -> list[Element]:
        return [one for one in found if any(names(part) for part in one)]

    await comes(takes, f"{id} is taken back")
    (taken,) = takes()
    return taken


def id_of(bus: Bus, channel: str, words: str) -> str:
    messages = bus.get(f"/api/v1/channels/{channel}/messages").json["messages"]
    return str(next(one["id"] for one in messages if one["body"] == words))


async def delete(admin: Person, message_id: str) -> str:
    """What the bot answers."""
    before = len(admin.heard)
    admin.tell(BOT, f"message delete {message_id} sure")
    return str((await admin.until(lambda: admin.heard[before:], "the bot's answer"))[0]["body"])


@pytest.mark.parametrize(("author", "nick"), [({}, "shoutbus"), ({"author": "Zoe"}, "Zoe (web)")])
async def test_what_the_bus_said(place: Joined, author: dict[str, str], nick: str) -> None:
    name = "by-guest" if author else "by-bot"
    room, words = f"{name}@{ROOMS}", "something vile" if author else "tests: something vile"
    with place.bus(name) as bus:
        async with (
            place.person("juliet") as me,
            place.person("romeo") as romeo,
            place.person("admin") as admin,
        ):
            here, there = listening(me), listening(romeo)
            await me.join(room, "Juliet")
            message_id = bus.post(f"shoutbox:{name}", "something vile", **author).json["id"]
            await me.hears(words)
            in_chat = "Zoe (web): something vile" if author else words
            await romeo.hears(in_chat)
            await comes(lambda: sent(bus, room) and sent_to_romeo(bus), "both are confirmed")
            told = await delete(admin, message_id)
            assert told.startswith(f"Deleted {message_id}. In other places:")
            asked = "clients were asked to hide it; not all of them can."
            moderated = await moderates(place, me, room)
            assert f"muc:{room}: {'deleted there as well.' if moderated else asked}" in told
            assert f"chat:romeo@localhost: {asked}" in told

            known = name_of(here, words)
            taken = await taken_back(here, known)
            if moderated:
                assert taken.get("from") == room
                assert taken.find(f"{FASTEN}/{MODERATED}") is not None
                assert words not in await archive_of(me, room)
            else:
                assert taken.get("from") == f"{room}/{nick}"
            assert (await taken_back(there, message_id)).get("from") == line(there, in_chat).get(
                "from"
            )
        assert bus.bodies(f"shoutbox:{name}") == ["(deleted by an operator)"], (
            "the retraction itself goes nowhere"
        )


def sent_to_romeo(bus: Bus) -> bool:
    return not bus.health()["queues"].get("chat:romeo@localhost")


async def test_what_someone_said_in_the_room(place: Joined) -> None:
    room = f"by-juliet@{ROOMS}"
    with place.bus("by-juliet") as bus:
        async with place.person("juliet") as me, place.person("admin") as admin:
            here = listening(me)
            await me.join(room, "Juliet")
            me.say(room, "my own vile words")
            await comes(
                lambda: "my own vile words" in bus.bodies("shoutbox:by-juliet"),
                "the shoutbox has it",
            )
            told = await delete(admin, id_of(bus, "shoutbox:by-juliet", "my own vile words"))
            if await moderates(place, me, room):
                assert f"muc:{room}: deleted there as well." in told
                assert (await taken_back(here, name_of(here, "my own vile words"))).get(
                    "from"
                ) == room
            else:
                why = "the room does not support moderation (XEP-0425)"
                assert f"muc:{room}: not deleted there: {why}" in told
                assert "my own vile words" in await archive_of(me, room)
        assert bus.bodies("shoutbox:by-juliet") == ["(deleted by an operator)"]


async def test_where_the_bot_is_no_moderator(place: Joined) -> None:
    room = f"theirs@{ROOMS}"
    async with place.person("juliet") as me, place.person("admin") as admin:
        await make_room(me, room, "Juliet")
        with place.bus("theirs") as bus:
            here = listening(me)
            me.say(room, "their own words")
            await comes(
                lambda: "their own words" in bus.bodies("shoutbox:theirs"), "the shoutbox has it"
            )
            told = await delete(admin, id_of(bus, "shoutbox:theirs", "their own words"))
            why = "the room does not support moderation (XEP-0425)"
            if await moderates(place, me, room):
                why = "the room reports forbidden"
            assert f"muc:{room}: not deleted there: {why}" in told
            message_id = bus.post("shoutbox:theirs", "ours").json["id"]
            await me.hears("tests: ours")
            await comes(lambda: sent(bus, room), "it is confirmed")
            assert "clients were asked to hide it; not all of them can." in await delete(
                admin, message_id
            )
            taken = await taken_back(here, name_of(here, "tests: ours"))
            assert taken.get("from") == f"{room}/shoutbus"


async def test_a_puppet_comes_back_to_take_back_its_words(place: Joined) -> None:
    room = f"again@{ROOMS}"
    async with place.person("juliet") as me, place.person("admin") as admin:
        here = listening(me)
        with place.bus("again") as bus:
            await me.join(room, "Juliet")
            message_id = bus.post("shoutbox:again", "said before", author="Zoe").json["id"]
            await me.hears("said before")
            await comes(lambda: sent(bus, room), "it is confirmed")
        with place.bus("again"):
            told = await delete(admin, message_id)
            taken = await taken_back(here, name_of(here, "said before"))
            if await moderates(place, me, room):
                assert f"muc:{room}: deleted there as well." in told
            else:
                assert "clients were asked to hide it; not all of them can." in told
                assert taken.get("from") == f"{room}/Zoe (web)"
