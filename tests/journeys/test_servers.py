"""The same bus on Prosody and on ejabberd: it keeps its promises on both, whatever they name and
answer differently."""

import asyncio
import base64
import hashlib
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import Element

import pytest
from slixmpp import ET, JID
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath

from component.cli.prosody import COMPONENT, ROOMS, free_port
from tests.support.ejabberd import Ejabberd
from tests.support.own_bus import own_bus
from tests.support.people import Person, person
from tests.support.servers import (
    SECRET,
    SHOUTBUS,
    Bus,
    Server,
    call,
    eventually,
    settings,
    start_bus,
)

BOT = f"bot@{COMPONENT}"
INFO = "http://jabber.org/protocol/disco#info"
ITEMS = "http://jabber.org/protocol/disco#items"
MUC_USER = "http://jabber.org/protocol/muc#user"
STANZAS = "urn:ietf:params:xml:ns:xmpp-stanzas"


@dataclass
class Place:
    """A server, and a folder for the buses that run beside it one after another."""

    server: Server | Ejabberd
    data: Path

    def config(self, name: str, port: int, invited: str = "") -> str:
        """Shoutbox and room `name` instead of `lobby`, so that each test has a room of its own."""
        written = settings(self.server, self.data / name, port).replace("lobby", name)
        more = f'subject = "Hello"\ninvite = ["{invited}"]' if invited else 'subject = "Hello"'
        return written.replace('subject = "Hello"', more)

    @contextmanager
    def bus(self, name: str, invited: str = "", wait_for: str = "ok") -> Iterator[Bus]:
        port = free_port()
        one = start_bus(self.data / name, self.config(name, port, invited), port)
        try:
            one.ready(wait_for)
            yield one
        finally:
            one.stop()

    def person(self, name: str) -> AbstractAsyncContextManager[Person]:
        return person(name, self.server.passwords[name], self.server.c2s)


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Place(server, data)
    server.stop()


async def ask(me: Person, to: str, query: str) -> Element:
    """What is inside the answer to an IQ."""
    iq: Any = me.make_iq(ito=JID(to), itype="get")
    iq.append(ET.fromstring(query))
    answer = await iq.send(timeout=15)
    return next(iter(answer.xml), Element("nothing"))


async def config_of(me: Person, room: str) -> dict[str, Any]:
    form: Any = await me.plugin["xep_0045"].get_room_config(JID(room), timeout=15)
    return dict(form.get_values())


async def archive_of(me: Person, room: str) -> list[str]:
    """Every line that the room's archive holds."""
    me.register_plugin("xep_0313")
    results = me.plugin["xep_0313"].iterate(jid=JID(room), rsm={"max": 50})
    stanzas = [one["mam_result"]["forwarded"]["stanza"] async for one in results]
    return [one["body"] for one in stanzas if one["body"]]


def invitations(me: Person) -> list[Element]:
    """What comes without words is no message to slixmpp's events, hence its own handler."""
    found: list[Element] = []
    by_room = f"{{{MUC_USER}}}x/{{{MUC_USER}}}invite"

    def look(stanza: Any) -> None:
        direct = (
            stanza.xml.find("{jabber:x:conference}x") is not None
            and JID(stanza.xml.get("from")).bare == BOT
        )
        if direct or stanza.xml.find(by_room) is not None:
            found.append(stanza.xml)

    me.register_handler(Callback("invitations", MatchXPath("{jabber:client}message"), look))
    return found


def subjects(me: Person) -> list[str]:
    found: list[str] = []
    me.add_event_handler("groupchat_subject", lambda stanza: found.append(stanza["subject"]))
    return found


async def comes(holds: Callable[[], Any], what: str) -> None:
    """`eventually`, while the people in this process go on."""
    await asyncio.to_thread(eventually, holds, what)


def in_room(bus: Bus, room: str) -> dict[str, Any]:
    found: dict[str, Any] = bus.health()["xmpp"]["rooms"][room]
    return found


def sent(bus: Bus, room: str) -> bool:
    return not bus.health()["queues"].get(f"muc:{room}")


async def test_a_fresh_room_is_made_ours(place: Place) -> None:
    room = f"fresh@{ROOMS}"
    async with place.person("admin") as admin, place.person("romeo") as romeo:
        await romeo.until(
            lambda: [p for p in romeo.presences if p["from"] == romeo.boundjid], "he is online"
        )
        invited = invitations(romeo)
        with place.bus("fresh", invited="romeo@localhost") as bus:
            await comes(lambda: len(invited) >= 2, "both invitations")
            assert {JID(one.get("from")).bare for one in invited} == {room, BOT}
            for one in invited:
                direct = one.find("{jabber:x:conference}x")
                assert direct is not None
                assert direct.get("jid") == room
            await romeo.join(room, "Romeo")
            set_subjects = subjects(admin)
            await admin.join(room, "Admin")
            owners = await admin.plugin["xep_0045"].get_affiliation_list(
                JID(room), "owner", timeout=15
            )
            assert {str(jid) for jid in owners} == {"admin@localhost", BOT}
            set_to = await config_of(admin, room)
            assert set_to["muc#roomconfig_persistentroom"]
            assert set_to["muc#roomconfig_roomname"] == "Lobby"
            assert set_to.get("muc#roomconfig_enablearchiving") or set_to.get("mam")
            info = await ask(admin, room, f'<query xmlns="{INFO}"/>')
            assert [one.get("name") for one in info.iter(f"{{{INFO}}}identity")] == ["Lobby"]
            await comes(lambda: set_subjects == ["Hello"], "the subject")
            assert in_room(bus, room) == {"state": "in", "trouble": "", "limits": ""}


async def test_what_is_said_goes_both_ways_once(place: Place) -> None:
    room = f"talk@{ROOMS}"
    with place.bus("talk") as bus:
        async with place.person("juliet") as me:
            await me.join(room, "Juliet")
            me.say(room, "from the room")
            await comes(
                lambda: "from the room" in bus.bodies("shoutbox:talk"), "the shoutbox has it"
            )
            assert bus.post("shoutbox:talk", "from a guest", author="Zoe").status == 201
            assert (await me.hears("from a guest"))["from"].resource == "Zoe (web)"
            assert (
                bus.post(
                    "shoutbox:talk",
                    "I read that as your answer. To run it as a command, put a slash in front: /",
                    author="AC/DC",
                ).status
                == 201
            )
            assert (
                await me.hears(
                    "I read that as your answer. To run it as a command, put a slash in front: /"
                )
            )["from"].resource == "AC/DC (web)"
            assert bus.post("shoutbox:talk", "from a program").status == 201
            assert (await me.hears("tests: from a program"))["from"].resource == "shoutbus"
            me.tell(BOT, "by private message")
            await me.agrees(BOT)
            await me.hears("juliet: by private message")
            me.tell(f"talk@{COMPONENT}", "to the channel's own address")
            await me.hears("juliet: to the channel's own address")
            me.tell(BOT, "ping")
            await me.hears("pong")
            me.tell(BOT, "whoami")
            await me.hears("You are juliet@localhost, with the role member.")
            me.say(room, "shoutbus: ping")
            await me.hears("Juliet: pong")
            me.tell(f"{room}/shoutbus", "ping")
            await me.until(
                lambda: [
                    m for m in me.heard if m["type"] == "chat" and m["from"] == f"{room}/shoutbus"
                ],
                "pong",
            )
            words = [words for _, words in me.lines(room) if words != "pong"]
            assert len(words) == len(set(words)), words
        bodies = bus.bodies("shoutbox:talk")
        assert len(bodies) == len(set(bodies)), bodies


async def test_nicknames_of_any_kind(place: Place) -> None:
    room = f"party@{ROOMS}"
    with place.bus("party") as bus:
        async with place.person("juliet") as me:
            await me.join(room, "A/B")
            me.say(room, "squawk")
            await comes(lambda: "squawk" in bus.bodies("shoutbox:party"), "the shoutbox has it")
            found = bus.get("/api/v1/channels/shoutbox:party/messages").json["messages"]
            assert [one["author"]["name"] for one in found if one["body"] == "squawk"] == ["A/B"]
            # Both servers refuse emoji in a nickname (RFC 6122 knows Unicode 3.2 only): the bot
            # speaks for them.
            assert bus.post("shoutbox:party", "hooray", author="Zoë 🎉").status == 201
            assert (await me.hears("Zoë 🎉 (web): hooray"))["from"].resource == "shoutbus"


async def test_the_bot_is_a_contact_like_any_other(place: Place) -> None:
    with place.bus("contact"):
        async with place.person("juliet") as me:
            me.send_presence_subscription(JID(BOT))
            shown = await me.until(
                lambda: next(
                    (p for p in me.presences if p["from"].bare == BOT and p["type"] == "available"),
                    0,
                ),
                "presence",
            )
            caps = shown.xml.find("{http://jabber.org/protocol/caps}c")
            info = await ask(
                me,
                str(shown["from"]),
                f'<query xmlns="{INFO}" node="{caps.get("node")}#{caps.get("ver")}"/>',
            )
            assert caps.get("hash") == "sha-1"
            assert caps.get("ver") == verification(info)
            card = await ask(me, BOT, '<vCard xmlns="vcard-temp"/>')
            image = base64.b64decode(card.findtext("{vcard-temp}PHOTO/{vcard-temp}BINVAL", ""))
            assert image.startswith(b"\x89PNG")
            photo = shown.xml.findtext("{vcard-temp:x:update}x/{vcard-temp:x:update}photo")
            assert photo == hashlib.sha1(image, usedforsecurity=False).hexdigest()
            listed = await ask(me, COMPONENT, f'<query xmlns="{ITEMS}"/>')
            assert {one.get("jid") for one in listed} == {BOT, f"contact@{COMPONENT}"}
            for jid in (BOT, COMPONENT, str(shown["from"])):
                version = await ask(me, jid, '<query xmlns="jabber:iq:version"/>')
                assert version.findtext("{jabber:iq:version}name") == "Shoutbus"
                await ask(me, jid, '<ping xmlns="urn:xmpp:ping"/>')
                time = await ask(me, jid, '<time xmlns="urn:xmpp:time"/>')
                assert time.findtext("{urn:xmpp:time}utc", "").endswith("Z")
                last = await ask(me, jid, '<query xmlns="jabber:iq:last"/>')
                assert int(last.get("seconds", "-1")) >= 0


def verification(info: Element) -> str:
    """XEP-0115 section 5.1, from what was answered."""
    keys = ("category", "type", "{http://www.w3.org/XML/1998/namespace}lang", "name")
    identities = sorted(
        "/".join(one.get(key, "") for key in keys) for one in info.iter(f"{{{INFO}}}identity")
    )
    features = sorted(one.get("var", "") for one in info.iter(f"{{{INFO}}}feature"))
    told = "".join(f"{one}<" for one in [*identities, *features])
    return base64.b64encode(hashlib.sha1(told.encode(), usedforsecurity=False).digest()).decode()


async def make_room(
    me: Person, room: str, nick: str, *, archived: bool = True, language: str = ""
) -> None:
    """A persistent room, and `me` its only owner."""
    await me.join(room, nick)
    form: Any = await me.plugin["xep_0045"].get_room_config(JID(room), timeout=15)
    wanted: dict[str, Any] = {
        "muc#roomconfig_persistentroom": True,
        "muc#roomconfig_lang": language,
    }
    wanted |= {"muc#roomconfig_enablearchiving": archived, "mam": archived}
    form["values"] = {var: value for var, value in wanted.items() if var in form.get_fields()}
    await me.plugin["xep_0045"].set_room_config(JID(room), form, timeout=15)


async def test_a_room_of_someone_else(place: Place) -> None:
    room = f"theirs@{ROOMS}"
    async with place.person("juliet") as me:
        await make_room(me, room, "Juliet")
        with place.bus("theirs") as bus:
            await me.until(
                lambda: any(
                    "I am not an owner of this room" in words for _, words in me.lines(room)
                ),
                "limits",
            )
            assert "I am not an owner" in in_room(bus, room)["limits"]
            me.say(room, "from their room")
            await comes(
                lambda: "from their room" in bus.bodies("shoutbox:theirs"), "the shoutbox has it"
            )
            assert bus.post("shoutbox:theirs", "from a guest", author="Zoe").status == 201
            await me.hears("from a guest")
            owners = await me.plugin["xep_0045"].get_affiliation_list(
                JID(room), "owner", timeout=15
            )
            assert [str(jid) for jid in owners] == ["juliet@localhost"]

            await me.plugin["xep_0045"].set_role(JID(room), "shoutbus", "none", timeout=15)
            await comes(
                lambda: "the bot was kicked" in bus.log.read_text(),
                "the bot knows that it was kicked",
            )
            me.say(room, "while it was out")
            bus.ready()
            await comes(
                lambda: "while it was out" in bus.bodies("shoutbox:theirs"),
                "it read what it missed",
            )
            assert bus.post("shoutbox:theirs", "back again").status == 201
            await me.hears("tests: back again")
            assert bus.bodies("shoutbox:theirs").count("while it was out") == 1


async def test_a_room_that_does_not_let_the_bot_in(place: Place) -> None:
    room = f"closed@{ROOMS}"
    async with place.person("juliet") as me:
        await make_room(me, room, "shoutbus")
        await me.plugin["xep_0045"].set_affiliation(JID(room), "outcast", jid=BOT, timeout=15)
        with place.bus("closed", wait_for="degraded") as bus:
            await comes(lambda: "forbidden" in in_room(bus, room)["trouble"], "it says why")
            assert bus.post("shoutbox:closed", "held back").status == 201
            # Once banned and then without any affiliation, ejabberd gives no voice: a member has it
            # on both.
            await me.plugin["xep_0045"].set_affiliation(JID(room), "member", jid=BOT, timeout=15)
            assert (await me.hears("tests: held back"))[
                "from"
            ].resource == "shoutbus 2"  # its own name is taken
            await me.plugin["xep_0045"].set_role(JID(room), "shoutbus 2", "visitor", timeout=15)
            await comes(
                lambda: (
                    (
                        "I do not have voice in this room, so I can only read. A moderator can "
                        "grant it to me."
                    )
                    in in_room(bus, room)["limits"]
                ),
                "it says that it can't speak",
            )
            await me.plugin["xep_0045"].set_role(JID(room), "shoutbus 2", "participant", timeout=15)
            await comes(
                lambda: (
                    (
                        "I do not have voice in this room, so I can only read. A moderator can "
                        "grant it to me."
                    )
                    not in in_room(bus, room)["limits"]
                ),
                "it can again",
            )


async def test_a_german_room(place: Place) -> None:
    """The bot says there in German what it says to all, and answers each line in the language of
    who wrote it."""
    room = f"deutsch@{ROOMS}"
    async with place.person("juliet") as me:
        await make_room(me, room, "Juliet", language="de")
        with place.bus("deutsch"):
            greeting = (
                "Hallo! Ich bin Shoutbus. Nachrichten aus diesem Raum erscheinen auch in "
                "shoutbox:deutsch. Schreib"
            )
            await me.until(
                lambda: any(words.startswith(greeting) for _, words in me.lines(room)),
                "the greeting",
            )
            assert any("Ich bin kein Besitzer dieses Raums" in words for _, words in me.lines(room))
            message = me.make_message(JID(room), "shoutbus: whoami", mtype="groupchat")
            message["lang"] = "de"
            message.send()
            await me.hears("Juliet: Hier bist du Juliet, mit der Rolle Gast.")
            message = me.make_message(JID(room), "shoutbus: whoami", mtype="groupchat")
            message["lang"] = "en"
            message.send()
            await me.hears("Juliet: Here you are Juliet, with the role guest.")


async def test_a_room_without_an_archive(place: Place) -> None:
    room = f"bare@{ROOMS}"
    async with place.person("juliet") as me:
        await make_room(me, room, "Juliet", archived=False)
        with place.bus("bare") as bus:
            await me.until(
                lambda: any(
                    (
                        "This room does not have an archive. I cannot forward messages that are "
                        "sent while I am away."
                    )
                    in words
                    for _, words in me.lines(room)
                ),
                "limits",
            )
            me.say(room, "before")
            await comes(lambda: "before" in bus.bodies("shoutbox:bare"), "the shoutbox has it")
            bus.kill()
        with place.bus("bare") as bus:
            assert (
                "This room does not have an archive. I cannot forward messages that are sent "
                "while I am away."
            ) in in_room(bus, room)["limits"]
            me.say(room, "after")
            await comes(lambda: "after" in bus.bodies("shoutbox:bare"), "the shoutbox has it")
            assert bus.bodies("shoutbox:bare") == ["before", "after"]


async def test_a_puppet_kicked_and_renamed(place: Place) -> None:
    room = f"puppet@{ROOMS}"
    with place.bus("puppet") as bus:

        def shout(name: str, body: str) -> None:
            fields = urlencode({"name": name, "body": body}).encode()
            reply = call(
                f"{bus.url}/shoutbox/puppet",
                fields,
                Cookie=f"shoutbus={'0' * 32}",
                Accept="application/json",
            )
            assert reply.status == 201, reply.text

        async with place.person("admin") as admin:
            await admin.join(room, "Admin")
            shout("Zoe", "once")
            await admin.hears("once")
            await admin.plugin["xep_0045"].set_role(JID(room), "Zoe (web)", "none", timeout=15)
            shout("Zoe", "twice")
            assert (await admin.hears("twice"))["from"].resource == "Zoe (web)"
            shout("Chloe", "renamed")
            assert (await admin.hears("renamed"))["from"].resource == "Chloe (web)"
            await comes(
                lambda: roster(admin, room) == {"Admin", "shoutbus", "Chloe (web)"},
                "no other puppet is there",
            )


def roster(me: Person, room: str) -> set[str]:
    return set(me.plugin["xep_0045"].get_roster(JID(room)))


async def test_a_destroyed_room(place: Place) -> None:
    room = f"gone@{ROOMS}"
    with place.bus("gone") as bus:
        async with place.person("admin") as admin:
            await admin.join(room, "Admin")
            assert bus.post("shoutbox:gone", "once", author="Zoe").status == 201
            await admin.hears("once")
            await admin.plugin["xep_0045"].destroy(JID(room), reason="over", timeout=15)
            await comes(lambda: "the room was destroyed" in bus.log.read_text(), "the bot knows")
            assert bus.post("shoutbox:gone", "twice", author="Zoe").status == 201
            if isinstance(place.server, Ejabberd):  # it lets the room be made anew
                await comes(lambda: sent(bus, room), "the bot made the room anew")
                assert in_room(bus, room) == {"state": "in", "trouble": "", "limits": ""}
                await admin.join(room, "Admin")
                owners = await admin.plugin["xep_0045"].get_affiliation_list(
                    JID(room), "owner", timeout=15
                )
                assert {str(jid) for jid in owners} == {"admin@localhost", BOT}
            else:  # Prosody keeps a tombstone
                await comes(
                    lambda: "gone" in in_room(bus, room)["trouble"].removeprefix(room),
                    "it says why",
                )


async def test_the_bot_finds_out_that_a_room_lost_it(place: Place) -> None:
    room = f"lost@{ROOMS}"
    port = free_port()
    config, module = place.config("lost", port), "tests.support.losing_bus"
    async with place.person("juliet") as me:
        await make_room(me, room, "Juliet")
        with own_bus(place.data / "lost", config, port, module) as bus:
            await me.plugin["xep_0045"].set_role(JID(room), "shoutbus", "none", timeout=15)
            await comes(
                lambda: "the room lost the bot's connection" in bus.log.read_text(),
                "the bot finds out",
            )
            await comes(lambda: bus.log.read_text().count("room joined") == 2, "the bot comes back")
            await comes(lambda: roster(me, room) == {"Juliet", "shoutbus"}, "it is seen")


async def test_what_was_said_while_the_bus_was_down(place: Place) -> None:
    room = f"down@{ROOMS}"
    said = [f"meanwhile {number}" for number in range(5)]
    async with place.person("juliet") as me:
        with place.bus("down") as bus:
            await me.join(room, "Juliet")
            me.say(room, "before")
            await comes(lambda: "before" in bus.bodies("shoutbox:down"), "the shoutbox has it")
            bus.kill()
        for line in said:
            me.say(room, line)
        await me.hears(said[-1])
        with place.bus("down") as bus:
            await comes(lambda: said[-1] in bus.bodies("shoutbox:down"), "the shoutbox has them")
            me.say(room, "after")
            await comes(lambda: "after" in bus.bodies("shoutbox:down"), "the shoutbox has it")
            assert bus.bodies("shoutbox:down") == ["before", *said, "after"]


async def test_the_bus_is_killed_in_a_burst(place: Place) -> None:
    room = f"burst@{ROOMS}"
    said = [f"burst {number}" for number in range(40)]
    async with place.person("juliet") as me:
        with place.bus("burst") as bus:
            set_subjects = subjects(me)
            await me.join(room, "Juliet")
            for number, line in enumerate(said):
                author = {"author": "Zoe"} if number % 2 else {}
                assert bus.post("shoutbox:burst", line, **author).status == 201
            bus.kill()
        with place.bus("burst") as bus:
            await comes(lambda: sent(bus, room), "all are in the room")
            held = [line.removeprefix("tests: ") for line in await archive_of(me, room)]
            assert [line for line in held if line in said] == said
            # The room may still have held the killed bot as an occupant: it knows who is there all
            # the same.
            me.say(room, "shoutbus: whoami")
            await me.hears("Juliet: Here you are Juliet, with the role member.")
            assert set_subjects == ["Hello"]


async def test_a_puppet_that_a_crash_left_behind_leaves(place: Place) -> None:
    room = f"ghost@{ROOMS}"
    async with place.person("juliet") as me:
        with place.bus("ghost") as bus:
            await me.join(room, "Juliet")
            assert bus.post("shoutbox:ghost", "boo", author="Zoe").status == 201
            await me.hears("boo")
            bus.kill()
        with place.bus("ghost"):
            await comes(lambda: roster(me, room) == {"Juliet", "shoutbus"}, "it is gone")


@pytest.mark.parametrize("end", ["kill", "stop"])
async def test_the_server_ends_and_comes_back(place: Place, end: str) -> None:
    room = f"{end}@{ROOMS}"
    with place.bus(end) as bus:
        assert bus.post(f"shoutbox:{end}", "before").status == 201
        await comes(lambda: sent(bus, room), "it is in the room")
        await asyncio.to_thread(place.server.kill if end == "kill" else place.server.stop)
        await comes(lambda: bus.health()["status"] == "down", "the bus knows")
        said = [f"meanwhile {number}" for number in range(8)]
        for number, line in enumerate(said):
            author = {"author": "Zoe"} if number % 2 else {}
            assert bus.post(f"shoutbox:{end}", line, **author).status == 201
        await asyncio.to_thread(place.server.start)
        bus.ready()
        await comes(lambda: sent(bus, room), "they are in the room")
        async with place.person("juliet") as me:
            await me.join(room, "Juliet")
            held = [line.removeprefix("tests: ") for line in await archive_of(me, room)]
            assert [line for line in held if line in said] == said
            me.say(room, "after")
            await comes(lambda: "after" in bus.bodies(f"shoutbox:{end}"), "the shoutbox has it")


@pytest.mark.parametrize(
    ("right", "wrong"), [(SECRET, "not-the-secret-at-all"), (f'"{COMPONENT}"', '"other.localhost"')]
)
def test_a_wrong_setting_is_told(place: Place, right: str, wrong: str, tmp_path: Path) -> None:
    file = tmp_path / "shoutbus.toml"
    file.write_text(place.config("wrong", free_port()).replace(right, wrong))
    checked = subprocess.run(
        [SHOUTBUS, "check", "--config", str(file)], capture_output=True, text=True, timeout=60
    )
    assert checked.returncode == 1
    # Of an unknown name Prosody says that; ejabberd says the same as of a wrong secret.
    refused = "the server refused the secret or the name" in checked.stderr
    assert refused or (
        right != SECRET and "the server does not know this component" in checked.stderr
    ), checked.stderr
