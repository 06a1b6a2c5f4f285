"""What is done to the bot in its room: it comes back, or `/health` says why not; nothing is lost or
doubled."""

import asyncio
import contextlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from slixmpp import JID
from slixmpp.exceptions import IqError

from component.cli.prosody import COMPONENT
from tests.faults.yard import (
    Witness,
    archived,
    canary,
    open_bus,
    pair,
    room,
    someone,
    soon,
    sound,
    words_of,
)
from tests.support.servers import Bus, Server, call

BOT = f"bot@{COMPONENT}"


def _told(bus: Bus, where: str) -> dict[str, Any]:
    """What `/health` says of a room."""
    found: dict[str, Any] = bus.health()["xmpp"]["rooms"][where]
    return found


async def _away(bus: Bus, box: str, where: str, words: str) -> list[str]:
    """What is posted while the bot is not in its room, which health says with `words`."""
    told = await soon(
        lambda: _told(bus, where)["state"] != "in" and _told(bus, where), "the bot is out"
    )
    assert words in told["trouble"], told
    health = await asyncio.to_thread(bus.get, "/health")
    assert (health.status, health.json["status"]) == (200, "degraded")
    said = [f"posted meanwhile {number}" for number in range(5)]
    for one in said:
        assert bus.post(box, one, author="Zoe" if one.endswith("3") else None).status == 201
    return said


async def _once(bus: Bus, who: Witness, where: str, box: str, said: list[str]) -> None:
    """All of it reached the room, once and in order."""
    await canary(bus, who, where, box)
    heard = [words.removeprefix("tests: ") for words in words_of(who.lines(where))]
    assert [words for words in heard if words in said] == said, heard


async def test_bot_kicked(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bot-kicked"), "shoutbox:bot-kicked"
    async with someone(server, "admin") as admin:
        await admin.join(where, "Admin")
        await canary(bus, admin, where, box)
        await admin.plugin["xep_0045"].set_role(where, "shoutbus", "none")
        said = await _away(bus, box, where, "kicked")
        admin.say(where, "and said meanwhile")
        await _once(bus, admin, where, box, said)
        assert bus.bodies(box).count("and said meanwhile") == 1
        assert _told(bus, where) == {"state": "in", "trouble": "", "limits": ""}


async def test_bot_banned_then_unbanned(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bot-banned"), "shoutbox:bot-banned"
    async with someone(server, "admin") as admin:
        await admin.join(where, "Admin")
        await canary(bus, admin, where, box)
        await admin.plugin["xep_0045"].set_affiliation(where, "outcast", jid=JID(BOT))
        said = await _away(bus, box, where, "banned")
        await soon(
            lambda: "forbidden" in _told(bus, where)["trouble"],
            "it tried to come back and says why it can't",
        )
        admin.say(where, "and said meanwhile")
        await admin.plugin["xep_0045"].set_affiliation(where, "none", jid=JID(BOT))
        await _once(bus, admin, where, box, said)
        assert bus.bodies(box).count("and said meanwhile") == 1
        assert "not an owner" in _told(bus, where)["limits"]


async def test_room_destroyed(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("doomed"), "shoutbox:doomed"
    async with someone(server, "admin") as admin:
        await admin.join(where, "Admin")
        await canary(bus, admin, where, box)
        before = bus.bodies(box)
        await admin.plugin["xep_0045"].destroy(where, reason="Too loud")
        said = await _away(bus, box, where, "room was destroyed")
        # The server keeps a stone in its place: the bot tries on, health says it, and what was
        # posted waits.
        await soon(
            lambda: "gone: Too loud" in _told(bus, where)["trouble"], "why it can't come back"
        )
        assert bus.health()["queues"][f"muc:{where}"] == len(said)
        assert bus.bodies(box) == [*before, *said]


async def test_room_destroyed_and_made_anew(tmp_path: Path) -> None:
    where, box = room("lobby"), "shoutbox:lobby"
    server = await asyncio.to_thread(Server, tmp_path / "prosody")
    config = server.prosody.config.read_text()
    server.prosody.config.write_text(
        config.replace("muc_log_by_default", "muc_tombstones = false\n  muc_log_by_default")
    )
    await asyncio.to_thread(server.start)
    bus = open_bus(server, tmp_path / "bus")
    try:
        await asyncio.to_thread(bus.ready)
        async with someone(server, "admin") as admin:
            await admin.join(where, "Admin")
            await canary(bus, admin)
            before = bus.bodies(box)
            await admin.plugin["xep_0045"].destroy(where)
            said = await _away(bus, box, where, "destroyed")
            await soon(lambda: _told(bus, where)["state"] == "in", "it makes the room anew")
            assert _told(bus, where)["limits"] == ""
            await admin.join(where, "Admin")
            assert bus.post(box, "the last").status == 201
            await admin.hears("tests: the last")
            kept = [
                words.removeprefix("tests: ") for words in words_of(await archived(admin, where))
            ]
            assert kept == [*said, "the last"]
            assert bus.bodies(box) == [*before, *said, "the last"]
            await canary(bus, admin)
        sound(bus)
    finally:
        bus.stop()
        await asyncio.to_thread(server.stop)


async def test_puppet_kicked_and_banned(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("puppet-kicked"), "shoutbox:puppet-kicked"
    async with someone(server, "admin") as admin:
        await admin.join(where, "Admin")
        bus.post(box, "here I am", author="Zoe")
        await admin.hears("here I am")
        for number in range(9):  # kicked while she speaks
            kicked = asyncio.create_task(
                admin.plugin["xep_0045"].set_role(where, "Zoe (web)", "none")
            )
            assert (
                await asyncio.to_thread(bus.post, box, f"back {number}", author="Zoe")
            ).status == 201
            with contextlib.suppress(IqError):  # she was not in at that moment
                await kicked
        for number in range(9):
            await admin.hears(f"back {number}", 30)
        await canary(bus, admin, where, box)
        assert len(admin.lines(where)) == len(set(admin.lines(where)))
        assert "join of a web user not answered" not in bus.log.read_text()
        puppet = next(one for one in admin.around if one["from"] == JID(f"{where}/Zoe (web)"))
        jid = puppet.xml.find(".//{http://jabber.org/protocol/muc#user}item").get("jid")
        await admin.plugin["xep_0045"].set_affiliation(where, "outcast", jid=JID(JID(jid).bare))
        refused = bus.post(box, "after the ban", author="Zoe")
        assert refused.status == 201
        await canary(bus, admin, where, box)
        trace = bus.get(f"/api/v1/messages/{refused.json['id']}").json["deliveries"]
        assert [
            (hop["state"], hop["error"]) for hop in trace if hop["channel"].startswith("muc:")
        ] == [("dead", f"Zoe (web) is banned from {where}.")]
        assert "after the ban" not in words_of(admin.lines(where))


async def test_nickname_of_the_bot_taken(yard: tuple[Server, Bus], tmp_path: Path) -> None:
    """Before it comes: it takes another. A web user's nickname taken: the bot speaks for them."""
    server, _ = yard
    where, box = room("taken"), "shoutbox:taken"
    async with someone(server, "romeo") as romeo:
        await romeo.join(where, "shoutbus")
        await romeo.unlock(where)
        bus = open_bus(server, tmp_path, pair("taken"), component="bus2.localhost", lobby=False)
        try:
            await asyncio.to_thread(bus.ready)
            assert bus.post(box, "under another name").status == 201
            assert (await romeo.hears("tests: under another name"))["from"].resource == "shoutbus 2"
            async with someone(server, "juliet") as juliet:
                await juliet.join(
                    where, "Zoe (web)"
                )  # the bot is no owner here: nobody keeps her from it
                assert bus.post(box, "whose name is taken", author="Zoe").status == 201
                said = await romeo.hears("Zoe (web): whose name is taken")
                assert said["from"].resource == "shoutbus 2"
            await canary(bus, romeo, where, box)
            assert "not an owner" in _told(bus, where)["limits"]
            sound(bus)
        finally:
            bus.stop()


async def test_bot_put_out_of_a_room_for_members(yard: tuple[Server, Bus], tmp_path: Path) -> None:
    """In a room of somebody else's: health says why it can't come in, and it comes in once it
    may."""
    server, _ = yard
    where, box = room("members"), "shoutbox:members"
    async with someone(server, "romeo") as romeo:
        await romeo.join(where, "Romeo")
        config: Any = await romeo.plugin["xep_0045"].get_room_config(where)
        values = {**config.get_values(), "muc#roomconfig_membersonly": True}
        config.reply()
        config.set_values(values)
        await romeo.plugin["xep_0045"].set_room_config(where, config)
        bus = open_bus(server, tmp_path, pair("members"), component="bus2.localhost", lobby=False)
        try:
            await asyncio.to_thread(bus.ready, "degraded")
            await soon(
                lambda: "registration-required" in _told(bus, where)["trouble"], "it says why"
            )
            assert bus.post(box, "from outside").status == 201
            await romeo.plugin["xep_0045"].set_affiliation(
                where, "member", jid=JID("bot@bus2.localhost")
            )
            await romeo.hears("tests: from outside", 30)
            sound(bus)
        finally:
            bus.stop()


async def test_guest_changes_names(yard: tuple[Server, Bus]) -> None:
    """One guest, one puppet, under the name of the moment; also where the server normalises it (RFC
    8266)."""
    server, bus = yard
    where, box = room("names"), "shoutbox:names"
    names = ("Zoe", "Ann", "Zoe", "ﬁsh", "ﬁsh", "ﬁsh", "Ann")
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for number, name in enumerate(names):
            data = urlencode({"name": name, "body": f"words {number}", "key": ""}).encode()
            posted = await asyncio.to_thread(
                call, f"{bus.url}/shoutbox/names", data, Cookie=f"shoutbus={'a' * 32}"
            )
            assert posted.status == 303, posted
        await canary(bus, juliet, where, box)
        shown = [f"{name.replace('ﬁ', 'fi')} (web)" for name in names]
        heard = [
            line
            for line in juliet.lines(where)
            if line[1].startswith("words") or ": words" in line[1]
        ]
        assert heard == [(nick, f"words {number}") for number, nick in enumerate(shown)]
        assert juliet.seen(where, "fish (web)") == ["available", "unavailable"]
        assert juliet.seen(where, "Zoe (web)") == ["available", "unavailable"] * 2
        assert juliet.seen(where, "Ann (web)") == ["available", "unavailable", "available"]


async def test_sixty_guests_in_one_room(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("crowd"), "shoutbox:crowd"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for number in range(60):
            assert bus.post(box, f"I am {number}", author=f"Guest {number}").status == 201
        await canary(bus, juliet, where, box)
        heard = [
            line for line in juliet.lines(where) if "I am " in line[1] and "Hello" not in line[1]
        ]
        assert heard == [(f"Guest {number} (web)", f"I am {number}") for number in range(50)] + [
            ("shoutbus", f"Guest {number} (web): I am {number}") for number in range(50, 60)
        ]
        assert [words for words in bus.bodies(box) if "I am " in words] == [
            f"I am {number}" for number in range(60)
        ]
