"""Who may edit what in a room: the author of a line alone, whatever a stanza claims."""

import asyncio
from dataclasses import dataclass, field
from xml.etree.ElementTree import fromstring

import pytest

from component.bus.model.message import WITHDRAWN, Channel, Kind, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.accepted import Receipt
from component.bus.ports.source_state import ArchivePosition
from component.common.i18n import Words
from component.xmpp.muc.edits import RoomEdit
from component.xmpp.muc.ingest import Incoming, Ingest
from component.xmpp.muc.mam import MamArchive
from component.xmpp.muc.room import Occupant, Room
from tests.support.fakes import FakeWorld
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession, no_bus

JID = "team@rooms.example.org"
ROOM = Channel("muc", JID)
CORRECT = '<replace xmlns="urn:xmpp:message-correct:0" id="{}"/>'
RETRACT = '<retract xmlns="urn:xmpp:message-retract:1" id="{}"/>'
RETRACT_0 = (
    '<apply-to xmlns="urn:xmpp:fasten:0" id="{}"><retract xmlns="urn:xmpp:message-retract:0"/>'
    "</apply-to>"
)
FALLBACK = "This person attempted to retract a previous message."


class World(FakeWorld):
    """A hub that takes every message and every change."""

    def __init__(self) -> None:
        super().__init__()
        self.changes: list[Message] = []

    async def revise(self, change: Message, mark: ArchivePosition | None = None) -> Receipt:
        self.changes.append(change)
        return Receipt(change, new=True)

    def missed(self, receipt: Receipt) -> list[Words]:
        return []


@dataclass
class Stage:
    """A room, the people in it, and what the hub got."""

    world: World = field(default_factory=World)
    room: Room = field(default_factory=lambda: Room(JID, ChannelSpec(ROOM), "shoutbus"))
    said: int = 0

    def __post_init__(self) -> None:
        session = FakeSession()
        archive = MamArchive(session, "bot@bus.example.org/bus")
        self.ingest = Ingest(archive, FakeHandlers(self.world), self.world.clock, b"secret", no_bus)

    def comes(self, nick: str, jid: str = "") -> None:
        self.room.occupants[nick] = Occupant(jid, "none", "participant")
        self.room.stays.begin(nick)

    def goes(self, nick: str, renamed: str = "") -> None:
        occupant = self.room.occupants.pop(nick)
        if renamed:
            self.room.occupants[renamed] = occupant
        self.room.stays.end(nick, renamed)

    def line(self, nick: str, words: str, name: str, inside: str = "", who: str = "") -> str:
        """What someone says: the archive calls it by its `name` with “a-” in front."""
        occupant = ""
        if who:
            occupant = f'<occupant-id xmlns="urn:xmpp:occupant-id:0" id="{who}"/>'
        return (
            f'<message xmlns="jabber:component:accept" type="groupchat" from="{JID}/{nick}" '
            f'id="{name}"><body>{words}</body>{inside}{occupant}'
            f'<stanza-id xmlns="urn:xmpp:sid:0" by="{JID}" id="a-{name}"/>'
            f'<origin-id xmlns="urn:xmpp:sid:0" id="o-{name}"/></message>'
        )

    async def hear(self, xml: str) -> tuple[Incoming | RoomEdit | None, list[str]]:
        heard = self.ingest.live(self.room, fromstring(xml))
        told: list[str] = []
        if heard:
            told = [str(one) for one in await self.ingest.accept(heard)]
        return heard, told

    async def read(self, *stanzas: str) -> None:
        """They come from the archive."""
        for number, xml in enumerate(stanzas):
            stanza = fromstring(xml)
            heard = self.ingest.sort(self.room, stanza, f"a-{stanza.get('id')}", number)
            if heard:
                await self.ingest.accept(heard)

    def lines(self) -> list[str]:
        return [one.body for one in self.world.accepted]


@pytest.fixture
async def stage() -> Stage:
    stage = Stage()
    stage.comes("Juliet", "juliet@x")
    stage.comes("Mallory", "mallory@x")
    return stage


async def test_a_correction_names_the_id_of_the_stanza(stage: Stage) -> None:
    await stage.hear(stage.line("Juliet", "helo", "one"))
    await stage.hear(stage.line("Juliet", "hello", "two", CORRECT.format("one")))
    (first,) = stage.world.accepted
    (change,) = stage.world.changes
    assert (change.corrects, change.body, change.kind) == (first.id, "hello", Kind.CHAT)
    await stage.hear(stage.line("Juliet", "hello!", "three", CORRECT.format("two")))
    assert stage.world.changes[-1].corrects == first.id, "some clients name the last correction"


@pytest.mark.parametrize("retract", [RETRACT, RETRACT_0])
@pytest.mark.parametrize("name", ["a-one", "o-one", "one"])
async def test_a_retraction_names_the_id_of_the_archive_or_the_sender(
    stage: Stage, retract: str, name: str
) -> None:
    await stage.hear(stage.line("Juliet", "oops", "one"))
    await stage.hear(stage.line("Juliet", FALLBACK, "two", retract.format(name)))
    (first,) = stage.world.accepted
    (change,) = stage.world.changes
    assert (change.corrects, change.body, change.kind) == (first.id, WITHDRAWN, Kind.RETRACTION)


@pytest.mark.parametrize("retract", [RETRACT, RETRACT_0])
async def test_its_fallback_is_never_said(stage: Stage, retract: str) -> None:
    _heard, told = await stage.hear(stage.line("Juliet", FALLBACK, "two", retract.format("lost")))
    assert stage.lines() == []
    assert stage.world.changes == []
    assert told == [
        "I do not know the message that you edited or deleted, so nothing was changed elsewhere."
    ]


async def test_words_that_are_replaced_by_none_are_taken_back(stage: Stage) -> None:
    await stage.hear(stage.line("Juliet", "oops", "one"))
    await stage.hear(stage.line("Juliet", " ", "two", CORRECT.format("one")))
    assert [one.kind for one in stage.world.changes] == [Kind.RETRACTION]


async def test_an_edit_comes_before_the_original_is_accepted(stage: Stage) -> None:
    first = stage.ingest.live(stage.room, fromstring(stage.line("Juliet", "helo", "one")))
    second = stage.ingest.live(
        stage.room, fromstring(stage.line("Juliet", "hello", "two", CORRECT.format("one")))
    )
    assert isinstance(first, Incoming)
    assert isinstance(second, RoomEdit)
    assert second.change
    assert second.change.corrects == first.message.id
    await asyncio.gather(stage.ingest.accept(first), stage.ingest.accept(second))


FORGED = {
    "another occupant": ("Mallory", {}, False),
    "the author": ("Juliet", {}, True),
    "the author under another nickname": ("Jules", {"renamed": "Jules"}, True),
    "another who took the nickname": ("Juliet", {"taken": "mallory@x"}, False),
    "the author, who left and came back": ("Juliet", {"taken": "juliet@x"}, True),
}


@pytest.mark.parametrize("edit", [CORRECT.format("one"), RETRACT.format("a-one")])
@pytest.mark.parametrize(("nick", "then", "is_author"), FORGED.values(), ids=list(FORGED))
async def test_by_the_real_address(
    stage: Stage, nick: str, then: dict[str, str], is_author: bool, edit: str
) -> None:
    await stage.hear(stage.line("Juliet", "mine", "one"))
    if then:
        stage.goes("Juliet", then.get("renamed", ""))
    if "taken" in then:
        stage.comes("Juliet", then["taken"])
    await stage.hear(stage.line(nick, "changed", "two", edit))
    assert bool(stage.world.changes) is is_author
    assert stage.lines() == ["mine"]


@pytest.mark.parametrize(
    ("left", "renamed", "is_author"),
    [(False, "", True), (True, "", False), (True, "Jules", True)],
    ids=["stayed", "left and came back", "another nickname"],
)
async def test_by_the_nickname_where_addresses_are_hidden(
    stage: Stage, left: bool, renamed: str, is_author: bool
) -> None:
    stage.goes("Juliet")
    stage.comes("Juliet")
    await stage.hear(stage.line("Juliet", "mine", "one"))
    if left:
        stage.goes("Juliet", renamed)
    if left and not renamed:
        stage.comes("Juliet")
    await stage.hear(stage.line(renamed or "Juliet", "changed", "two", CORRECT.format("one")))
    assert bool(stage.world.changes) is is_author


@pytest.mark.parametrize(
    ("nick", "who", "is_author"),
    [
        ("Juliet", "j", True),
        ("Jules", "j", True),
        ("Juliet", "m", False),
        ("Mallory", "m", False),
        ("Juliet", "", False),
    ],
)
async def test_by_the_id_of_the_occupant(
    stage: Stage, nick: str, who: str, is_author: bool
) -> None:
    stage.room.occupant_ids = True
    await stage.hear(stage.line("Juliet", "mine", "one", who="j"))
    await stage.hear(stage.line(nick, "changed", "two", CORRECT.format("one"), who=who))
    assert bool(stage.world.changes) is is_author


async def test_an_occupant_id_is_forged_where_the_room_gives_none(stage: Stage) -> None:
    await stage.hear(stage.line("Juliet", "mine", "one", who="j"))
    await stage.hear(stage.line("Mallory", "changed", "two", CORRECT.format("one"), who="j"))
    assert stage.world.changes == []


async def test_two_people_use_the_same_id(stage: Stage) -> None:
    """Each names their own."""
    await stage.hear(stage.line("Juliet", "mine", "one"))
    await stage.hear(stage.line("Mallory", "other", "one").replace("a-one", "a-other"))
    await stage.hear(stage.line("Juliet", "changed", "two", CORRECT.format("one")))
    assert [one.corrects for one in stage.world.changes] == [stage.world.accepted[0].id]


async def test_from_the_archive(stage: Stage) -> None:
    stage.room.occupant_ids = True
    await stage.hear(stage.line("Juliet", "before", "one", who="j"))
    await stage.read(
        stage.line("Juliet", "later", "two", who="j"),
        stage.line("Juliet", "after", "three", CORRECT.format("one"), who="j"),
        stage.line("Mallory", "evil", "four", CORRECT.format("two"), who="m"),
        stage.line("Juliet", FALLBACK, "five", RETRACT.format("a-two"), who="j"),
    )
    assert stage.lines() == ["before", "later"]
    first, second = stage.world.accepted
    assert [(one.corrects, one.body) for one in stage.world.changes] == [
        (first.id, "after"),
        (second.id, WITHDRAWN),
    ]


async def test_an_archive_does_not_tell_who_left_under_a_nickname(stage: Stage) -> None:
    stage.comes("Nobody")
    await stage.read(
        stage.line("Nobody", "mine", "one"),
        stage.line("Nobody", "changed", "two", CORRECT.format("one")),
    )
    assert stage.world.changes == []
    assert stage.lines() == ["mine"]
