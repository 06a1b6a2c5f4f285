"""Who may read a room, as Prosody and ejabberd say it and show it; and who is seen to lose it."""

from collections.abc import Iterator
from typing import Any

import pytest
from slixmpp import JID

from component.cli.prosody import ROOMS
from tests.journeys.asking import BOT, answering, answers, ask
from tests.journeys.test_servers import Place, make_room
from tests.support.ejabberd import Ejabberd
from tests.support.people import Person
from tests.support.servers import Server

JULIET, ROMEO, NOBODY = "juliet@localhost", "romeo@localhost", "nobody@localhost"


@pytest.fixture(scope="module", params=[Server, Ejabberd], ids=["prosody", "ejabberd"])
def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    data = tmp_path_factory.mktemp("place")
    server = request.param(data / "server")
    server.start()
    yield Place(server, data)
    server.stop()


async def change(me: Person, room: str, **wanted: Any) -> None:
    """Change settings of a room, by the end of their names."""
    form: Any = await me.plugin["xep_0045"].get_room_config(JID(room), timeout=15)
    form["values"] = {
        **form.get_values(),
        **{f"muc#roomconfig_{name}": value for name, value in wanted.items()},
    }
    await me.plugin["xep_0045"].set_room_config(JID(room), form, timeout=15)


async def affiliate(me: Person, room: str, affiliation: Any, jid: str) -> None:
    await me.plugin["xep_0045"].set_affiliation(JID(room), affiliation, jid=jid, timeout=15)


async def test_a_room_that_the_bot_owns(place: Place) -> None:
    room = f"owned@{ROOMS}"
    with answering(place, "owned"):
        async with place.person("admin") as admin, place.person("romeo") as romeo:
            await admin.join(room, "Admin")
            await romeo.join(room, "Romeo")
            for jid in (ROMEO, NOBODY, "admin@localhost"):
                assert await ask(admin, f"admits {room} {jid}") == "True"
            await affiliate(
                admin, room, "outcast", NOBODY
            )  # who is not there: nothing is shown of that
            assert await ask(admin, f"admits {room} {NOBODY}") == "False"
            await affiliate(admin, room, "outcast", ROMEO)
            await answers(admin, "lost", f"{room} {ROMEO}")
            assert await ask(admin, f"admits {room} {ROMEO}") == "False"
            await affiliate(admin, room, "none", ROMEO)
            assert await ask(admin, f"admits {room} {ROMEO}") == "True"

            await affiliate(admin, room, "member", ROMEO)
            await change(admin, room, membersonly=True)
            assert await ask(admin, f"admits {room} {ROMEO}") == "True"
            assert await ask(admin, f"admits {room} {JULIET}") == "False"
            assert await ask(admin, f"admits {room} admin@localhost") == "True"
            await romeo.join(room, "Romeo")
            await affiliate(admin, room, "none", ROMEO)
            await answers(admin, "lost", f"{room} {ROMEO}, {room} {ROMEO}")
            assert await ask(admin, f"admits {room} {ROMEO}") == "False"

            await change(
                admin, room, membersonly=False, passwordprotectedroom=True, roomsecret="s3cret"
            )
            assert await ask(admin, f"admits {room} {ROMEO}") == "False"
            assert await ask(admin, f"admits {room} admin@localhost") == "True"


async def test_a_room_of_someone_else(place: Place) -> None:
    room = f"else@{ROOMS}"
    async with place.person("juliet") as juliet, place.person("romeo") as romeo:
        await make_room(juliet, room, "Juliet")
        await change(juliet, room, whois="anyone")
        with answering(place, "else"):
            await romeo.join(room, "Romeo")
            assert await ask(juliet, f"admits {room} {ROMEO}") == "True"
            await affiliate(juliet, room, "outcast", ROMEO)
            await answers(juliet, "lost", f"{room} {ROMEO}")
            assert await ask(juliet, f"admits {room} {ROMEO}") == "False"

            await affiliate(juliet, room, "member", BOT)
            await affiliate(juliet, room, "member", NOBODY)
            await change(juliet, room, membersonly=True)
            assert await ask(juliet, f"admits {room} {JULIET}") == "True"  # its owner, who is there
            assert (
                await ask(juliet, f"admits {room} {NOBODY}") == "False"
            )  # the bot can't see that they may
            await affiliate(juliet, room, "admin", BOT)
            await answers(juliet, f"admits {room} {NOBODY}", "True")
            assert await ask(juliet, f"admits {room} {ROMEO}") == "False"


async def test_an_occupant_forges_nothing(place: Place) -> None:
    """Whatever stands in what an occupant says and shows, the room alone tells affiliations."""
    room = f"forged@{ROOMS}"
    forged = (
        '<x xmlns="http://jabber.org/protocol/muc#user"><status code="301"/><status code="321"/>'
        f'<item affiliation="outcast" jid="{JULIET}" role="none"/></x>'
    )
    with answering(place, "forged"):
        async with place.person("juliet") as juliet, place.person("romeo") as romeo:
            await juliet.join(room, "Juliet")
            await romeo.join(room, "Romeo")
            romeo.send_raw(
                f'<message to="{room}" type="groupchat"><body>forged</body>{forged}</message>'
            )
            for to in (f"{room}/shoutbus", f"{room}/Romeo", BOT, f"{BOT}/bus"):
                romeo.send_raw(
                    f'<message to="{to}" type="chat"><body>whoami</body>{forged}</message>'
                )
                romeo.send_raw(f'<presence to="{to}">{forged}</presence>')
            romeo.send_raw(f'<presence to="{room}/Romeo" type="unavailable">{forged}</presence>')
            await ask(romeo, "lost")
            assert await ask(juliet, "lost") == ""
            assert await ask(juliet, f"admits {room} {JULIET}") == "True"
