"""Bad and hostile stanzas: nothing forged is believed, everything else goes on, and strangers get
answers in words."""

import asyncio
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import quoteattr

import pytest

from component.cli.prosody import COMPONENT
from component.xmpp.stream.session import may_answer
from tests.faults.yard import Witness, archived, canary, room, someone
from tests.support.servers import Bus, Server

BOT = f"bot@{COMPONENT}"
BOX, ROOM = "shoutbox:hostile", room("hostile")
SAID = "urn:shoutbus:said:0"


def _direct(kind: str, to: str, inside: str) -> str:
    return f'<message type="{kind}" to={quoteattr(to)} id="x">{inside}</message>'


def _groupchat(body: str) -> str:
    return (
        f'<message xmlns="jabber:client" from="{ROOM}/Romeo" to="{BOT}" '
        f'type="groupchat"><body>{body}</body></message>'
    )


def _forwarded(body: str) -> str:
    return f'<forwarded xmlns="urn:xmpp:forward:0">{_groupchat(body)}</forwarded>'


FORGED = {
    "carbon received": "<received "
    f'xmlns="urn:xmpp:carbons:2">{_forwarded("forged carbon")}</received>',
    "carbon sent": f'<sent xmlns="urn:xmpp:carbons:2">{_forwarded("forged carbon")}</sent>',
    "forward": _forwarded("forged forward"),
    "archive": '<result xmlns="urn:xmpp:mam:2" queryid="mam1" '
    f'id="1">{_forwarded("forged archive")}</result>',
    "role": '<x xmlns="http://jabber.org/protocol/muc#user"><item affiliation="owner" '
    'jid="admin@localhost"/></x>',
    "delay": f'<delay xmlns="urn:xmpp:delay" from="{ROOM}" stamp="2001-01-01T00:00:00Z"/>',
    "stanza id": f'<stanza-id xmlns="urn:xmpp:sid:0" by="{ROOM}" id="forged"/>',
    "addresses": '<addresses xmlns="http://jabber.org/protocol/address"><address type="ofrom" '
    'jid="admin@localhost"/>'
    "</addresses>",
}


async def _answer(who: Witness, to: str, words: str, inside: str = "") -> Any:
    """What comes back for a private message."""
    before = len(who.heard)
    who.send_raw(_direct("chat", to, f"<body>{words}</body>{inside}"))
    return await who.until(
        lambda: next((m for m in who.heard[before:] if m["from"].bare == to), None), f"from {to}"
    )


async def test_forged_content_in_direct_messages(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    async with someone(server, "juliet") as juliet, someone(server, "romeo") as mallory:
        await juliet.join(ROOM, "Juliet")
        await mallory.join(ROOM, "Romeo")
        for name, inside in FORGED.items():
            for kind in ("chat", "normal", "headline", "groupchat"):
                mallory.send_raw(_direct(kind, BOT, inside))
                mallory.send_raw(_direct(kind, f"{BOT}/bus", inside))
            answer = await _answer(mallory, BOT, "whoami", inside if name != "archive" else "")
            assert answer["body"] == "You are romeo@localhost, with the role member.", name
        for kind in ("groupchat", "headline"):
            mallory.send_raw(_direct(kind, f"{BOT}/bus", "<body>forged groupchat</body>"))
            mallory.send_raw(_direct(kind, BOT, "<body>forged groupchat</body>"))
        await canary(bus, juliet, ROOM, BOX)
        assert not [
            one for one in bus.bodies(BOX) + bus.bodies("shoutbox:lobby") if "forged" in one
        ]
        assert not [words for _, words in juliet.lines() if "forged" in words]


async def test_forged_said(yard: tuple[Server, Bus]) -> None:
    """Ids of ours are seen by all in a room: said again there, they neither confirm nor hide
    anything of others."""
    server, bus = yard
    async with someone(server, "juliet") as juliet, someone(server, "romeo") as mallory:
        await juliet.join(ROOM, "Juliet")
        await mallory.join(ROOM, "Romeo")
        bus.post(BOX, "an original")
        original = await mallory.hears("tests: an original")
        said = ET.tostring(original.xml.find(f"{{{SAID}}}said")).decode()
        assert "proof=" in said
        ids = (
            said,
            f'<said xmlns="{SAID}" id="{"0" * 32}" proof="{"0" * 16}"/>',
            f'<said xmlns="{SAID}"/>',
            f'<said xmlns="{SAID}" id="x" proof=""/>',
            f'<said xmlns="{SAID}" id="{"f" * 3000}"/>',
        )
        for number, one in enumerate(ids):
            mallory.send_raw(
                f'<message type="groupchat" to="{ROOM}"><body>forged {number}</body>{one}</message>'
            )
            mallory.send_raw(_direct("chat", BOT, f"<body>forged in private {number}</body>{one}"))
            await juliet.hears(f"forged {number}")
            await canary(bus, juliet, ROOM, BOX)
        trace = bus.get(f"/api/v1/messages/{original['id']}").json
        assert (trace["body"], trace["author"]["name"]) == ("an original", "tests")
        assert bus.bodies(BOX).count("an original") == 1
        assert "forged 4" in bus.bodies(BOX)


async def test_answers_of_strangers(yard: tuple[Server, Bus]) -> None:
    """An IQ's answer counts from who was asked. Ids are easily guessed: here while the bot reads
    what it missed."""
    server, bus = yard
    gone = '<error type="cancel"><gone xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error>'
    async with someone(server, "admin") as admin, someone(server, "romeo") as mallory:
        await admin.join(ROOM, "Admin")
        await mallory.join(ROOM, "Romeo")
        await canary(bus, admin, ROOM, BOX)
        await admin.plugin["xep_0045"].set_role(ROOM, "shoutbus", "none")
        admin.say(ROOM, "said while the bot was out")
        while not await asyncio.to_thread(
            lambda: bus.health()["xmpp"]["rooms"][ROOM]["state"] == "in"
        ):
            for number in range(400):
                mallory.send_raw(f'<iq type="result" id="q{number}" to="{BOT}/bus"/>')
                mallory.send_raw(f'<iq type="result" id="q{number}" to="{ROOM}/shoutbus"/>')
                mallory.send_raw(f'<iq type="error" id="q{number}" to="{BOT}/bus">{gone}</iq>')
        await canary(bus, admin, ROOM, BOX)
        assert bus.bodies(BOX).count("said while the bot was out") == 1


@pytest.mark.parametrize(
    ("sender", "asked", "believed"),
    [
        (ROOM, ROOM, True),
        (ROOM.upper(), ROOM, True),
        (f"{ROOM}/shoutbus", f"{ROOM}/shoutbus", True),
        (ROOM, f"{ROOM}/shoutbus", True),
        (f"{ROOM}/Romeo", ROOM, False),  # an occupant is not the room
        (f"{ROOM}/Romeo", f"{ROOM}/shoutbus", False),
        ("romeo@localhost/test", ROOM, False),
        ("romeo@localhost/test", "localhost", False),
        ("", ROOM, False),
    ],
)
def test_who_may_answer(sender: str, asked: str, believed: bool) -> None:
    assert may_answer(sender, asked) is believed


async def test_unknown_addresses(yard: tuple[Server, Bus]) -> None:
    server, _ = yard
    async with someone(server, "romeo") as romeo:
        for to in (f"nobody@{COMPONENT}", f"no.such.channel@{COMPONENT}", COMPONENT):
            answer = await _answer(romeo, to, "hello")
            assert answer["type"] == "error", answer
            assert answer["error"]["condition"] == "item-not-found"
            assert BOT in answer["error"]["text"]
        romeo.send_raw(
            f'<iq type="get" id="iq1" to="nobody@{COMPONENT}"><query '
            'xmlns="jabber:iq:version"/></iq>'
        )
        romeo.send_raw(f'<iq type="set" id="iq2" to="{BOT}"><query xmlns="jabber:iq:roster"/></iq>')
        romeo.send_raw(f'<iq type="get" id="iq3" to="{BOT}"/>')
        for inside in (
            "",
            '<x xmlns="jabber:x:data"/>',
            "<body/>",
            "<body>  </body>",
            "<subject>only</subject>",
        ):
            romeo.send_raw(_direct("chat", BOT, inside))
            romeo.send_raw(_direct("error", BOT, f"<body>an error</body>{inside}"))
        # What Romeo wrote before may wait for his yes: then it is said that it was not posted.
        assert (await _answer(romeo, BOT, "ping"))["body"].endswith("pong")
        assert len(romeo.heard) == 4, romeo.heard


async def test_presence_of_strangers(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    async with someone(server, "juliet") as juliet, someone(server, "romeo") as romeo:
        await juliet.join(ROOM, "Juliet")
        for kind in (
            "",
            "probe",
            "unavailable",
            "error",
            "subscribed",
            "unsubscribed",
            "unsubscribe",
            "nonsense",
        ):
            for to in (
                BOT,
                f"{BOT}/bus",
                f"hostile@{COMPONENT}",
                f"guest-1@{COMPONENT}/web",
                f"nobody@{COMPONENT}",
                COMPONENT,
            ):
                typed = f' type="{kind}"' if kind else ""
                romeo.send_raw(f'<presence to="{to}"{typed}/>')
        romeo.send_raw(f'<presence to="nobody@{COMPONENT}" type="subscribe"/>')
        await romeo.until(
            lambda: [p for p in romeo.around if p["type"] == "unsubscribed"], "nobody says no"
        )
        for to in (BOT, f"hostile@{COMPONENT}"):
            romeo.send_raw(f'<presence to="{to}" type="subscribe"/>')
            await romeo.sees_there(to)
        await canary(bus, juliet, ROOM, BOX)


async def test_invitations_are_not_followed(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    lure = room("lure")
    async with someone(server, "juliet") as juliet, someone(server, "romeo") as romeo:
        await juliet.join(ROOM, "Juliet")
        await romeo.join(lure, "Romeo")
        await romeo.unlock(lure)
        for number in range(200):
            romeo.send_raw(
                _direct(
                    "normal",
                    BOT,
                    f'<x xmlns="jabber:x:conference" jid="{lure}" reason="{number}"/>',
                )
            )
            invite = f'<x xmlns="http://jabber.org/protocol/muc#user"><invite to="{BOT}"/></x>'
            romeo.send_raw(f'<message to="{lure}">{invite}</message>')
        romeo.send_raw(_direct("chat", BOT, "<body>ping</body>"))
        await romeo.until(
            lambda: any(m["body"].endswith("pong") for m in romeo.heard), "the bot answers"
        )
        told = [m["body"] for m in romeo.heard if m["body"].startswith("I was invited to")]
        assert len(told) == 1  # however often
        await canary(bus, juliet, ROOM, BOX)
        assert {p["from"].resource for p in romeo.around if p["from"].bare == lure} == {"Romeo"}
        assert lure not in bus.health()["xmpp"]["rooms"]


async def test_private_messages_through_a_room(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    async with someone(server, "admin") as admin:
        await admin.join(ROOM, "admin")
        bus.post(BOX, "here I am", author="Zoe")
        await admin.hears("here I am")
        for words, answer in (
            ("whoami", f"You are admin. In a room, the bot cannot see more; write to {BOT}."),
            (
                "grant me all",
                "This needs a private chat, because in a room I cannot see who you are. "
                f"Write to me at {BOT}.",
            ),
        ):
            admin.send_raw(_direct("chat", f"{ROOM}/shoutbus", f"<body>{words}</body>"))
            said = await admin.hears(answer)
            assert (said["type"], str(said["from"])) == ("chat", f"{ROOM}/shoutbus")
        admin.send_raw(_direct("chat", f"{ROOM}/Zoe (web)", "<body>psst</body>"))
        refused = await admin.until(
            lambda: next((m for m in admin.heard if m["type"] == "error"), None), "a refusal"
        )
        assert "web users cannot receive private messages" in refused["error"]["text"]
        bus.post(BOX, "still here", author="Zoe")
        await admin.hears("still here")
        assert not admin.left(ROOM, "Zoe (web)")
        assert "unavailable" not in admin.seen(ROOM, "Zoe (web)")
        await canary(bus, admin, ROOM, BOX)
        assert "psst" not in bus.bodies(BOX)
        assert "grant me all" not in bus.bodies("shoutbox:lobby")


ODD_NICKS = (
    "a/b",
    "smile \U0001f600",
    "\u202enimda\u202c",
    "n" * 1023,
    "<b>&",
    "\u3164",
    "x\u0301" * 20,
    "'; drop table",
)


async def test_odd_nicks_in_a_room(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-xmpp"), "shoutbox:bad-xmpp"
    async with someone(server, "juliet") as juliet, someone(server, "romeo") as romeo:
        await juliet.join(where, "Juliet")
        for number, nick in enumerate(ODD_NICKS):
            romeo.send_raw(
                f"<presence to={quoteattr(f'{where}/{nick}')}><x "
                'xmlns="http://jabber.org/protocol/muc"/></presence>'
            )
            words = f"odd {number} <b>\u202e\U0001f600\u200b</b>"
            escaped = words.replace("<", "&lt;")
            romeo.send_raw(
                f'<message type="groupchat" to="{where}"><body>{escaped}</body></message>'
            )
            await romeo.hears_back()
            await canary(bus, juliet, where, box)
            romeo.send_raw(f'<presence type="unavailable" to={quoteattr(f"{where}/{nick}")}/>')
        shown = {
            one["body"]: one["author"]["name"]
            for one in bus.get(f"/api/v1/channels/{box}/messages?limit=500").json["messages"]
        }
        odd = [words for _, words in await archived(juliet, where) if words.startswith("odd ")]
        assert odd
        assert [words for words in shown if words.startswith("odd ")] == odd
        assert all(0 < len(shown[words]) <= 200 and shown[words].isprintable() for words in odd), (
            shown
        )


async def test_odd_bodies_in_a_room(yard: tuple[Server, Bus]) -> None:
    server, bus = yard
    where, box = room("bad-xmpp"), "shoutbox:bad-xmpp"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for body in (
            "&amp;" * 45_000,
            "&#x85;&#x7f;",
            "]]&gt;",
            "x" * 200_000,
            "\U0001f600" * 50_000,
            "&#xd;&#xa;a&#xd;b",
        ):
            juliet.send_raw(f'<message type="groupchat" to="{where}"><body>{body}</body></message>')
            await canary(bus, juliet, where, box)
        for inside in (
            "",
            "<body/>",
            "<body> &#x9; </body>",
            "<subject/>",
            '<body xml:lang="de">x</body><body>y</body>',
            "<subject>forged</subject><body>z</body>",
            '<replace xmlns="urn:xmpp:message-correct:0" id="1"/>',
        ):
            juliet.send_raw(f'<message type="groupchat" to="{where}">{inside}</message>')
            await canary(bus, juliet, where, box)
        kept = [one for one in bus.bodies(box) if "canary" not in one and "odd" not in one]
        assert [len(one) for one in kept[:5]] == [45_000, 2, 3, 200_000, 50_000]
        assert kept[5:] == ["a\nb", "x", "z"] or kept[5:] == ["a\nb", "y", "z"]


async def test_streams_that_are_cut_by_bad_xml(yard: tuple[Server, Bus]) -> None:
    """The server ends the stream of who sends what XML can't carry; ours stays."""
    server, bus = yard
    where, box = room("bad-xmpp"), "shoutbox:bad-xmpp"
    async with someone(server, "juliet") as juliet:
        await juliet.join(where, "Juliet")
        for bad in (
            "\x00",
            "\x07",
            "\ufffe",
            "\uffff",
            "&#x0;",
            "&undefined;",
            "<unclosed>",
            "\ud800",
            "&" * 1000,
        ):
            async with someone(server, "romeo") as romeo:
                await romeo.join(where, "Romeo")
                data = f'<message type="groupchat" to="{where}"><body>cut {bad}</body></message>'
                assert romeo.transport
                romeo.transport.write(data.encode("utf-8", "surrogatepass"))
                await romeo.cut()
            await canary(bus, juliet, where, box)
        assert not [one for one in bus.bodies(box) if one.startswith("cut")]
