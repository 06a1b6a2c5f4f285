"""What an ordinary occupant of a room once could do, and can't: each with the stanza that did
it."""

import asyncio
import contextlib
import sqlite3
from pathlib import Path

import pytest

from component.cli.prosody import ROOMS
from tests.support.people import Person
from tests.support.people import person as signed_in
from tests.support.servers import Bus, Server, call, eventually

ROOM = f"lobby@{ROOMS}"
OWNER = (
    f'<iq type="set" id="zz" from="bot@bus.localhost/bus" to="{ROOM}">'
    '<query xmlns="http://jabber.org/protocol/muc#admin"><item affiliation="owner" '
    'jid="romeo@localhost"/></query></iq>'
)


def _escaped(xml: str) -> str:
    return xml.replace("&", "&amp;").replace("<", "&lt;").replace("'", "&apos;")


async def _mallory(server: Server) -> Person:
    mallory = Person("romeo", server.passwords["romeo"], server.prosody.c2s)
    await mallory.sign_in()
    await mallory.join(ROOM, "Mallory")
    return mallory


async def test_an_archive_id_is_text_and_only_the_rooms(server: Server, bus: Bus) -> None:
    """The id of a forged stanza-id went into the next query as XML, and made its writer the room's
    owner."""
    mallory = await _mallory(server)
    forged = (
        f"</after></set></query></iq>{OWNER}<iq type='get' to='localhost' id='zy'><query "
        "xmlns='jabber:iq:version'>"
    )
    mallory.send_raw(
        f'<message type="groupchat" to="{ROOM}"><body>hello</body>'
        f"<stanza-id xmlns='urn:xmpp:sid:0' by='{ROOM}/x' id='{_escaped(forged)}'/></message>"
    )
    await mallory.hears("hello")
    eventually(lambda: "hello" in bus.bodies("shoutbox:lobby"), "it is passed on")
    bus.stop()
    again = _again(bus)
    try:
        await asyncio.to_thread(again.ready)
        with pytest.raises(AssertionError):
            await mallory.until(
                lambda: any(
                    "owner" in str(one) and "Mallory" in str(one["from"])
                    for one in mallory.presences
                ),
                "owner",
                2,
            )
        mallory.say(ROOM, "the end")
        await mallory.hears("the end")
        eventually(lambda: "the end" in again.bodies("shoutbox:lobby"), "all goes on")
        assert again.bodies("shoutbox:lobby") == ["hello", "the end"]
    finally:
        again.stop()
        await mallory.disconnect(wait=1)


def _again(bus: Bus) -> Bus:
    from tests.support import servers

    data = bus.log.parent
    port = int(bus.url.rpartition(":")[2])
    return servers.start_bus(data, (data / "shoutbus.toml").read_text(), port)


async def test_an_occupants_error_is_not_the_rooms(server: Server, bus: Bus) -> None:
    mallory = await _mallory(server)
    before = bus.log.read_text().count("room joined")
    for _ in range(5):
        mallory.send_raw(
            f'<message type="error" to="{ROOM}/shoutbus" id="x"><error type="modify">'
            '<not-acceptable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>'
        )
    mallory.say(ROOM, "the end")
    await mallory.hears("the end")
    eventually(lambda: "the end" in bus.bodies("shoutbox:lobby"), "all goes on")
    assert bus.log.read_text().count("room joined") == before
    await mallory.disconnect(wait=1)


async def test_archive_results_come_from_the_room_itself(server: Server, bus: Bus) -> None:
    """With a guessed query id, as a private message through the room, while the archive is read."""
    mallory = await _mallory(server)
    for number in range(1, 30):
        mallory.send_raw(
            f'<message type="chat" to="{ROOM}/shoutbus">'
            f'<result xmlns="urn:xmpp:mam:2" queryid="mam{number}" id="f{number}">'
            '<forwarded xmlns="urn:xmpp:forward:0"><delay xmlns="urn:xmpp:delay" '
            'stamp="9999-12-31T23:59:59-14:00"/>'
            '<message xmlns="jabber:client" type="groupchat" '
            f'from="{ROOM}/Juliet"><body>FORGED</body></message>'
            "</forwarded></result></message>"
        )
    mallory.say(ROOM, "the end")
    await mallory.hears("the end")
    eventually(lambda: "the end" in bus.bodies("shoutbox:lobby"), "all goes on")
    assert bus.bodies("shoutbox:lobby") == ["the end"]
    assert call(f"{bus.url}/shoutbox/lobby").status == 200
    await mallory.disconnect(wait=1)


async def test_nobodys_words_are_lost_to_who_claims_their_id(
    server: Server, bus: Bus, tmp_path: Path
) -> None:
    """Ids of what is said in a room can be worked out by all who read there."""
    from component.bus.model.message import id_from

    async with signed_in("juliet", server.passwords["juliet"], server.prosody.c2s) as juliet:
        await juliet.join(ROOM, "Juliet")
        bus.stop()
        juliet.say(ROOM, "important: meet at nine")
        said = await juliet.hears("important: meet at nine")
        archived = next(one.get("id") for one in said.xml.iter("{urn:xmpp:sid:0}stanza-id"))
        claimed = id_from(f"muc:{ROOM}#{archived}")
        again = _again(bus)
        try:
            await asyncio.to_thread(again.ready)
            juliet.send_raw(
                '<message type="chat" to="lobby@bus.localhost"><body>a lie</body>'
                f'<said xmlns="urn:shoutbus:said:0" id="{claimed}"/></message>'
            )
            eventually(lambda: len(again.bodies("shoutbox:lobby")) == 2, "both are there")
            assert sorted(again.bodies("shoutbox:lobby")) == ["a lie", "important: meet at nine"]
        finally:
            again.stop()


async def test_one_person_is_slowed_and_told(server: Server, bus: Bus) -> None:
    async with signed_in("juliet", server.passwords["juliet"], server.prosody.c2s) as juliet:
        for number in range(400):
            juliet.tell("lobby@bus.localhost", f"flood {number}")
        fault = await juliet.until(
            lambda: next((one for one in juliet.heard if one["type"] == "error"), None), "an error"
        )
        assert "resource-constraint" in str(fault)
        assert "Try again in" in str(fault)
        assert bus.post("shoutbox:lobby", "others get through").status == 201


async def test_web_users_are_no_contacts(server: Server, bus: Bus) -> None:
    async with signed_in("juliet", server.passwords["juliet"], server.prosody.c2s) as juliet:
        for whom in ("guest-0123", "bot"):
            juliet.send_raw(f'<presence type="subscribe" to="{whom}@bus.localhost"/>')
        await juliet.until(
            lambda: any(one["from"].bare == "bot@bus.localhost" for one in juliet.presences),
            "the bot",
        )
    with contextlib.closing(sqlite3.connect(bus.log.parent / "bus.db")) as database:
        assert database.execute("select ours from contacts").fetchall() == [("bot@bus.localhost",)]


def test_health_names_nobody_to_a_rebound_page(bus: Bus) -> None:
    assert call(f"{bus.url}/health").json.keys() > {"status"}
    assert call(f"{bus.url}/health", Host="evil.example").json.keys() == {"status"}
    assert call(f"{bus.url}/health", X_Forwarded_For="10.0.0.1").json.keys() == {"status"}


def test_other_sites_may_not_frame_ours(bus: Bus) -> None:
    for path in ("/", "/shoutbox/lobby", "/nothing/here"):
        assert (
            "frame-ancestors 'self'" in call(f"{bus.url}{path}").headers["Content-Security-Policy"]
        )


def test_a_database_that_was_removed_takes_nothing(bus: Bus) -> None:
    (bus.log.parent / "bus.db").unlink()
    answer = bus.post("shoutbox:lobby", "into nowhere")
    assert answer.status == 503
    assert "removed" in answer.text
    assert bus.health()["status"] == "down"
