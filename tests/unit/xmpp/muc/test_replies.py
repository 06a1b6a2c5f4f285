"""Answers in rooms: which of our messages is meant, what of the quote is passed on, how one is
said."""

from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

import pytest

from component.bus.model.message import Channel, id_from
from component.bus.model.records import ChannelSpec
from component.xmpp.muc.ingest import Incoming, Ingest
from component.xmpp.muc.mam import MamArchive
from component.xmpp.muc.replies import (
    REMEMBERED,
    KnownLine,
    LineIndex,
    archived_as,
    named_by,
    text_of,
)
from component.xmpp.muc.room import Occupant, Room
from component.xmpp.stanza import MAX_ID, SAID
from tests.support.fakes import FakeWorld, said
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession

JID = "lobby@rooms.example.org"
ROOM = Channel("muc", JID)
QUOTE = "> Hello\n"


def line(
    words: str, nick: str = "Juliet", archived: str = "", answers: str = "", inside: str = ""
) -> Element:
    """A room's line with the archive's id, perhaps an answer that quotes as clients do."""
    reply = f'<reply xmlns="urn:xmpp:reply:0" to="{JID}/Romeo" id="{answers}"/>' if answers else ""
    quote = (
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" '
        f'end="{len(QUOTE)}"/></fallback>'
        if words.startswith(QUOTE)
        else ""
    )
    given = f'<stanza-id xmlns="urn:xmpp:sid:0" by="{JID}" id="{archived}"/>' if archived else ""
    return fromstring(
        f'<message xmlns="jabber:component:accept" from="{JID}/{nick}" type="groupchat">'
        f"<body>{words.replace('>', '&gt;')}</body>{reply}{quote}{given}{inside}</message>"
    )


class Stage:
    """A room, and a hub that takes every message."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.buses: set[str] = set()
        self.room = Room(JID, ChannelSpec(ROOM), "shoutbus")
        session = FakeSession()
        self.ingest = Ingest(
            MamArchive(session, "bot@bus.example.org/bus"),
            FakeHandlers(self.world),
            self.world.clock,
            b"secret",
            self.is_bus,
        )

    async def is_bus(self, domain: str) -> bool:
        return domain in self.buses

    async def hear(self, stanza: Element) -> Incoming:
        heard = self.ingest.live(self.room, stanza)
        assert isinstance(heard, Incoming)
        await self.ingest.accept(heard)
        return heard

    def reflect(self, id: str, archived: str, nick: str = "Zoe (web)") -> None:
        """The room gives back what the bus said."""
        proof = self.ingest.proof(self.room, id, nick)
        back = line(
            "a shout", nick, archived, inside=f'<said xmlns="{SAID}" id="{id}" proof="{proof}"/>'
        )
        assert self.ingest.live(self.room, back) is None


@pytest.fixture
async def stage() -> Stage:
    return Stage()


async def test_an_answer_to_what_someone_said(stage: Stage) -> None:
    first = (await stage.hear(line("Hello", archived="a1"))).message
    assert first.id == id_from(f"{ROOM}#a1")
    assert (first.replies, first.thread) == ("", "")
    second = (await stage.hear(line(f"{QUOTE}Hi there", "Romeo", "a2", answers="a1"))).message
    assert (second.body, second.replies, second.thread) == ("Hi there", first.id, first.id)
    third = (await stage.hear(line("And you?", "Nurse", "a3", answers="a2"))).message
    assert (third.body, third.replies, third.thread) == ("And you?", second.id, first.id)


async def test_an_answer_to_what_the_bus_said(stage: Stage) -> None:
    shout = said("a shout")
    thread = "f" * 32
    stage.room.lines.put(KnownLine(shout.id, "", "Zoe (web)", thread))  # as `say` does
    stage.reflect(shout.id, "b1")
    by_archive = (await stage.hear(line("by the archive", archived="b2", answers="b1"))).message
    by_id = (await stage.hear(line("by the stanza", archived="b3", answers=shout.id))).message
    assert {(one.replies, one.thread) for one in (by_archive, by_id)} == {(shout.id, thread)}


@pytest.mark.parametrize(
    "named", ["elsewhere", "", "e" * 32, "x" * (MAX_ID + 1), "x" * 100_000, "a1 "]
)
async def test_what_is_not_known_here_is_not_answered(stage: Stage, named: str) -> None:
    """Another room's line, an id of nothing, a huge one. The quote stays: nothing else says what is
    meant."""
    await stage.hear(line("Hello", archived="a1"))
    found = (await stage.hear(line(f"{QUOTE}Hi", "Romeo", "a2", answers=named))).message
    assert (found.body, found.replies, found.thread) == (f"{QUOTE}Hi", "", "")


async def test_a_line_without_an_archives_id_can_not_be_answered(stage: Stage) -> None:
    await stage.hear(line("Hello"))
    found = (await stage.hear(line("Hi", "Romeo", answers="a1"))).message
    assert found.replies == ""


async def test_a_claimed_id_does_not_take_a_lines_place(stage: Stage) -> None:
    first = (await stage.hear(line("Hello", archived="a1"))).message
    claim = f'<said xmlns="{SAID}" id="{first.id}" proof="0"/>'
    await stage.hear(line("mine now", "Mallory", "m1", inside=claim))
    assert stage.room.lines.meant("m1") is None
    answer = (await stage.hear(line("Hi", "Romeo", "a2", answers="a1"))).message
    assert answer.replies == first.id
    known = stage.room.lines.of(first.id)
    assert known
    assert known.archived == "a1"
    own = (await stage.hear(line("to myself", "Mallory", "m2", answers="a1", inside=claim))).message
    assert own.replies == ""


MARK = f'<said xmlns="{SAID}"/>'
"""Marks a bus's own words, which go no further."""


def occupied(stage: Stage, nick: str, jid: str) -> None:
    stage.room.occupants[nick] = Occupant(jid, "none", "participant")


async def test_an_occupant_who_sets_the_mark_of_a_bus_is_heard(stage: Stage) -> None:
    """It hid its lines from the shoutbox."""
    occupied(stage, "Mallory", "mallory@evil.example")
    await stage.hear(line("you do not see me", "Mallory", "m1", inside=MARK))
    await stage.hear(line("nor me", "Stranger", "m2", inside=MARK))  # whose JID the room hides
    assert [one.body for one in stage.world.accepted] == ["you do not see me", "nor me"]


async def test_what_another_bus_says_itself_goes_no_further(stage: Stage) -> None:
    occupied(stage, "other bus", "bot@bus.other.example")
    stage.buses.add("bus.other.example")
    await stage.hear(line("I do not know the command", "other bus", "o1", inside=MARK))
    assert stage.world.accepted == []
    assert stage.ingest.live(stage.room, line("Hello!", "shoutbus", "o2", inside=MARK)) is None


async def test_an_occupant_who_claims_an_id_gets_another(stage: Stage) -> None:
    occupied(stage, "Mallory", "mallory@evil.example")
    theirs = "c" * 32
    claim = f'<said xmlns="{SAID}" id="{theirs}" proof="0"/>'
    for archived in ("m1", "m2", ""):
        await stage.hear(line(f"claimed {archived}", "Mallory", archived, inside=claim))
    assert len({one.id for one in stage.world.accepted} - {theirs}) == 3
    assert stage.room.lines.of(theirs) is None


async def test_a_copy_of_what_the_bus_said_is_somebodys_line(stage: Stage) -> None:
    """With its id, its proof and its nickname, once that is free."""
    ours = "d" * 32
    stage.reflect(ours, "s1")
    proof = stage.ingest.proof(stage.room, ours, "Zoe (web)")
    copied = f'<said xmlns="{SAID}" id="{ours}" proof="{proof}"/>'
    for nick, archived in (("Mallory", "m1"), ("Zoe (web)", "m2")):
        occupied(stage, nick, "mallory@evil.example")
        await stage.hear(line("a lie", nick, archived, inside=copied))
    assert [one.body for one in stage.world.accepted] == ["a lie", "a lie"]
    assert ours not in {one.id for one in stage.world.accepted}
    known = stage.room.lines.of(ours)
    assert known == KnownLine(ours, "s1", "Zoe (web)")
    answer = (await stage.hear(line("Hi", "Romeo", "a2", answers="s1"))).message
    assert answer.replies == ours


async def test_another_bus_brings_its_ids_along(stage: Stage) -> None:
    theirs = "c" * 32
    await stage.hear(
        line(
            "from elsewhere",
            "theirs",
            "c1",
            inside=f'<said xmlns="{SAID}" id="{theirs}" proof="0"/>',
        )
    )
    answer = (await stage.hear(line("Hi", archived="c2", answers="c1"))).message
    assert answer.replies == theirs


def test_it_is_said_as_an_answer_where_the_line_is_known() -> None:
    lines = LineIndex()
    lines.put(KnownLine("a" * 32, "a1", 'Jul"iet'))
    lines.put(KnownLine("b" * 32, "", "shoutbus"))
    answer = said("Hi")
    told = lines.reply(JID, replace(answer, replies="a" * 32))
    assert told is not None
    assert (told.tag, told.get("id"), told.get("to")) == (
        "{urn:xmpp:reply:0}reply",
        "a1",
        f'{JID}/Jul"iet',
    )
    for unknown in ("", "b" * 32, "c" * 32):
        assert lines.reply(JID, replace(answer, replies=unknown)) is None


def test_what_is_remembered_is_bounded() -> None:
    lines = LineIndex()
    for number in range(REMEMBERED + 10):
        lines.put(KnownLine(f"{number:032x}", f"a{number}", "Juliet"))
        lines.put(KnownLine(f"{number:032x}", f"b{number}", "Juliet"))
    assert len(lines) == REMEMBERED
    assert lines.meant("a9") is None
    assert lines.meant("a10")
    assert lines.meant("b10") is None, "a copy is not known by its id"
    lines.drop(f"{10:032x}")
    assert lines.meant("a10") is None


def test_what_the_archive_calls_it() -> None:
    assert archived_as(said("x", ROOM, origin=f"{ROOM}#a1")) == "a1"
    assert archived_as(said("x", ROOM)) == ""
    assert archived_as(said("x", ROOM, origin="token:tests#key")) == ""


@pytest.mark.parametrize(
    ("body", "span", "left"),
    [
        ("> Hello\nHi", 'start="0" end="8"', "Hi"),
        ("> Grüße 🎉\nHi", 'start="0" end="10"', "Hi"),
        ("Hi\n> Hello", 'start="2" end="10"', "Hi"),
        ("Hi> Hello", 'start="2"', "Hi"),
        ("> Hello", 'start="0" end="7"', "> Hello"),
        ("> Hello\n  ", 'start="0" end="8"', "> Hello\n  "),
        ("> Hello", "", "> Hello"),
        ("> Hello\nHi", 'start="0" end="80"', "> Hello\nHi"),
        ("> Hello\nHi", 'start="-3" end="8"', "> Hello\nHi"),
        ("> Hello\nHi", 'start="8" end="0"', "> Hello\nHi"),
        ("> Hello\nHi", 'start="x" end="8"', "> Hello\nHi"),
        ("> Hello\nHi", f'start="0" end="{"9" * 5_000}"', "> Hello\nHi"),
    ],
)
def test_the_quote_is_cut(body: str, span: str, left: str) -> None:
    stanza = fromstring(
        f'<message xmlns="jabber:component:accept"><body>{body.replace(">", "&gt;")}</body>'
        '<reply xmlns="urn:xmpp:reply:0" id="1"/>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:other"><body start="0" '
        'end="1"/></fallback>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body '
        f"{span}/></fallback></message>"
    )
    assert text_of(stanza) == left


def test_without_an_answer_nothing_is_cut() -> None:
    stanza = fromstring(
        '<message xmlns="jabber:component:accept"><body>&gt; Hello\nHi</body>'
        '<fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:reply:0"><body start="0" '
        'end="8"/></fallback></message>'
    )
    assert (text_of(stanza), named_by(stanza)) == ("> Hello\nHi", "")
