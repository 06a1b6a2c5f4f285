"""Rooms by command on a real server: an admin writes to the bot, and it stands so in the room and
in the shoutbox."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from component.cli.prosody import COMPONENT, ROOMS
from tests.support.people import Person, person
from tests.support.servers import Bus, Server, eventually

BOT = f"bot@{COMPONENT}"
TEAM, BOX = f"team@{ROOMS}", "shoutbox:team"
LOBBY = f"lobby@{ROOMS}"
MUC_USER = "{http://jabber.org/protocol/muc#user}"


def _someone(server: Server, name: str) -> AbstractAsyncContextManager[Person]:
    return person(name, server.passwords[name], server.c2s)


@pytest.fixture
async def admin(server: Server, bus: Bus) -> AsyncIterator[Person]:
    async with _someone(server, "admin") as one:
        yield one


async def _writes(who: Person, line: str, answer: str) -> str:
    """The bot's answer to a line, which begins so."""
    before = len(who.heard)
    who.tell(BOT, line)

    def answered() -> str | None:
        words = (str(one["body"]) for one in who.heard[before:] if one["from"].bare == BOT)
        return next((one for one in words if one.startswith(answer)), None)

    return str(await who.until(answered, f"“{answer}” to “{line}”"))


async def _sees_subject(who: Person, subject: str) -> None:
    await who.until(
        lambda: any(one["subject"] == subject for one in who.heard), f"the subject {subject}"
    )


async def _sees_leave(who: Person, occupant: str) -> Any:
    """The presence with which an occupant left."""

    def left() -> Any:
        gone = [
            one
            for one in who.presences
            if one["type"] == "unavailable" and str(one["from"]) == occupant
        ]
        return gone[-1] if gone else None

    return await who.until(left, f"{occupant} leaves")


def _state(bus: Bus, room: str) -> str:
    return str(bus.health()["xmpp"]["rooms"].get(room, {}).get("state", "none"))


async def test_a_room_from_its_making_to_its_end(server: Server, bus: Bus, admin: Person) -> None:
    await _writes(
        admin, 'room create team title="The team" subject=Plans shoutbox', f"Added muc:{TEAM}"
    )
    eventually(lambda: _state(bus, TEAM) == "in", "the bot is in the room")
    await admin.join(TEAM, "Admin")
    await _sees_subject(admin, "Plans")
    await _relays(bus, admin)
    await _pauses(bus, admin)
    await _writes(
        admin,
        f'channel edit muc:{TEAM} subject="Other plans"',
        f"Changed muc:{TEAM}: subject “Plans” → ",
    )
    await _sees_subject(admin, "Other plans")
    async with _someone(server, "juliet") as juliet:
        await _writes(
            admin, f"room invite {TEAM} juliet@localhost", f"Invited juliet@localhost to {TEAM}."
        )
        await juliet.until(
            lambda: any(_asks_in(one, TEAM) for one in juliet.heard), "the invitation"
        )
        await juliet.join(TEAM, "Juliet")
        told = await _writes(admin, "room list", "2 rooms:")
        assert f"{TEAM}: joined, people: 2. The bot is an owner." in told.splitlines()
        await _ends(bus, admin)
        destroyed = (await _sees_leave(juliet, f"{TEAM}/Juliet")).xml.find(
            f"{MUC_USER}x/{MUC_USER}destroy"
        )
        assert destroyed is not None


async def _relays(bus: Bus, admin: Person) -> None:
    admin.say(TEAM, "from the room")
    await admin.hears("from the room")
    eventually(lambda: "from the room" in bus.bodies(BOX), "the shoutbox has it")
    assert bus.post(BOX, "from the box").status == 201
    await admin.hears("tests: from the box")


async def _pauses(bus: Bus, admin: Person) -> None:
    """What is said in the room meanwhile goes nowhere; what goes there waits, and comes once."""
    await _writes(admin, f"channel pause muc:{TEAM}", f"muc:{TEAM} is paused")
    assert bus.post(BOX, "said meanwhile").status == 201
    admin.say(TEAM, "goes nowhere")
    await admin.hears("goes nowhere")
    assert bus.health()["queues"] == {f"muc:{TEAM}": 1}
    await _writes(admin, f"channel pause muc:{TEAM} off", f"muc:{TEAM} is no longer paused")
    await admin.hears("tests: said meanwhile")
    admin.say(TEAM, "goes on")
    await admin.hears("goes on")
    eventually(lambda: "goes on" in bus.bodies(BOX), "the room is heard again")
    assert bus.post(BOX, "said afterwards").status == 201
    await admin.hears("tests: said afterwards")
    assert bus.bodies(BOX) == [
        "from the room",
        "from the box",
        "said meanwhile",
        "goes on",
        "said afterwards",
    ]
    assert [words for _, words in admin.lines(TEAM)].count("tests: said meanwhile") == 1


def _asks_in(stanza: Any, room: str) -> bool:
    return (
        stanza["from"].bare == room and stanza.xml.find(f"{MUC_USER}x/{MUC_USER}invite") is not None
    )


async def _ends(bus: Bus, admin: Person) -> None:
    asked = await _writes(admin, f"room remove {TEAM} destroy", f"muc:{TEAM} ")
    assert f"{BOX} → muc:{TEAM}" in asked
    assert "destroyed for everyone" in asked
    told = await _writes(
        admin, "yes", f"Removed muc:{TEAM}. Routes removed: 2; new dead letters: 0."
    )
    assert told.endswith("The room was destroyed.")
    await _writes(admin, f"channel remove {BOX} sure", f"Removed {BOX}")
    assert _state(bus, TEAM) == "none"
    assert "team" not in await _writes(admin, "channel list", "3 channels:")
    assert bus.post(BOX, "to nobody").status == 404


async def test_a_removed_room_stays_without_us(bus: Bus, admin: Person) -> None:
    await admin.join(LOBBY, "Admin")
    assert bus.post("shoutbox:lobby", "from a guest", author="Zoe").status == 201
    await admin.hears("from a guest")
    await _writes(admin, f"room remove {LOBBY} sure", f"Removed muc:{LOBBY}. Routes removed: 2")
    for nick in ("Zoe (web)", "shoutbus"):
        await _sees_leave(admin, f"{LOBBY}/{nick}")
    admin.say(LOBBY, "alone")
    await admin.hears("alone")
    assert bus.post("shoutbox:lobby", "stays here", author="Zoe").status == 201
    await _writes(admin, f"room create {LOBBY} shoutbox", f"Added muc:{LOBBY}")
    eventually(lambda: _state(bus, LOBBY) == "in", "the bot is back")
    assert bus.post("shoutbox:lobby", "goes out again", author="Zoe").status == 201
    await admin.hears("goes out again")
    assert "stays here" not in [words for _, words in admin.lines(LOBBY)]
    assert "alone" not in bus.bodies("shoutbox:lobby"), "said while the room was not ours"
    eventually(lambda: bus.health()["status"] == "ok", "all is well")
