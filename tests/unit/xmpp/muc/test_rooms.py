"""The bot in its rooms, without a server: it comes in, hears, speaks, and comes back after
anything."""

import asyncio
from collections.abc import AsyncIterator
from xml.etree.ElementTree import Element, fromstring

import pytest

from component.bus.model.message import Author, AuthorKind, Channel
from component.bus.model.records import ChannelSpec
from component.common.errors import Conflict, NotFound, Refused, Unavailable
from component.xmpp.bot import Bot
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.limits import Limits
from component.xmpp.muc.room import Room
from component.xmpp.muc.rooms import Rooms
from component.xmpp.peers import Peers
from component.xmpp.stanza import SAID, Fault
from component.xmpp.stream.session import IqError
from tests.support.fakes import FakeWorld, said, until
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession

JID = "lobby@rooms.example.org"
BOT = "bot@bus.example.org/bus"
ROOM = Channel("muc", JID)
LIMITS = Limits(first_return_s=0.0, last_return_s=0.0, quiet_s=0.0)


class RoomSession(FakeSession):
    """A server whose rooms keep no archive; what `lost` names is not inside by a self-ping. IQs are
    answered while `gate` is open."""

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()
        self.gate = asyncio.Event()
        self.gate.set()

    async def iq(
        self, kind: str, to: str, sender: str, inside: Element, timeout_s: float = 0
    ) -> Element:
        await self.gate.wait()
        if to in self.lost:
            raise IqError(Fault("not-acceptable"))
        return Element("iq")


class Stage:
    """A bot and its room; `lets_in` answers a join."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.session = RoomSession()
        self.handlers = FakeHandlers(self.world)
        self.bot = Bot(self.session, "bot", self.handlers, AutomaticAnswers(lambda: 0.0))
        self.rooms = Rooms(
            self.session,
            self.bot,
            "shoutbus",
            self.handlers,
            Peers(self.session, BOT),
            admins=["admin@x"],
            secret=b"secret",
            clock=self.world.clock,
            limits=LIMITS,
        )
        self.rooms.configure([ChannelSpec(ROOM)])

    @property
    def room(self) -> Room:
        return self.rooms.find(JID)

    def sent(self, name: str, kind: str = "") -> list[Element]:
        """The stanzas of a kind that were sent."""
        return [one for one in self.session.sent if one.tag == name and one.get("type", "") == kind]

    @property
    def joins(self) -> list[str]:
        return [one.get("to", "") for one in self.sent("presence")]

    def presence(self, nick: str, kind: str = "", inside: str = "", codes: str = "") -> None:
        """The room shows the bot an occupant."""
        numbers = "".join(f'<status code="{code}"/>' for code in codes.split())
        muc = f'<x xmlns="http://jabber.org/protocol/muc#user">{inside}{numbers}</x>'
        shown = fromstring(
            f'<presence xmlns="jabber:component:accept" from="{JID}/{nick}" to="{BOT}">{muc}'
            "</presence>"
        )
        if kind:
            shown.set("type", kind)
        assert self.rooms.presence(shown)

    def refuses(self, condition: str) -> None:
        """The room does not let the bot in."""
        refusal = fromstring(
            f'<presence xmlns="jabber:component:accept" from="{JID}/shoutbus" to="{BOT}" '
            f'type="error"><error type="cancel"><{condition} '
            'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></presence>'
        )
        assert self.rooms.presence(refusal)

    def lets_in(self, nick: str = "shoutbus", role: str = "participant") -> None:
        item = f'<item affiliation="none" role="{role}"/>'
        self.presence(nick, inside=item, codes="110")

    async def begin(self) -> None:
        """The session begins, and the bot's first join is sent."""
        await self.session.rise()
        await until(lambda: self.joins, "the bot joins")

    async def enter(self) -> None:
        await self.begin()
        self.lets_in()
        await asyncio.wait_for(self.rooms.ready(JID), 5)

    def hears(self, nick: str, body: str, inside: str = "", to: str = BOT) -> None:
        """Someone says something in the room."""
        assert self.rooms.message(
            fromstring(
                f'<message xmlns="jabber:component:accept" from="{JID}/{nick}" to="{to}" '
                f'type="groupchat"><body>{body}</body>{inside}</message>'
            )
        )

    def bounces(self, id: str, condition: str, to: str = BOT) -> None:
        """The room refuses a line."""
        assert self.rooms.message(
            fromstring(
                f'<message xmlns="jabber:component:accept" from="{JID}" to="{to}" id="{id}" '
                f'type="error"><error type="cancel"><{condition} '
                'xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>'
            )
        )

    @property
    def accepted(self) -> list[tuple[str, str]]:
        return [(one.author.name, one.body) for one in self.world.accepted]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    one = Stage()
    yield one
    await one.rooms.close()


# Coming in


async def test_it_joins_without_history_and_says_once_who_has_come(stage: Stage) -> None:
    await stage.enter()
    (join,) = stage.sent("presence")
    history = join.find("{http://jabber.org/protocol/muc}x/{http://jabber.org/protocol/muc}history")
    assert history is not None
    assert history.get("maxstanzas") == "0"
    (hello,) = stage.sent("message", "groupchat")
    assert (hello.findtext("body") or "").startswith("Hello!")
    assert hello.find(f"{{{SAID}}}said") is not None
    assert [position.channel for position in stage.handlers.positions] == [ROOM]


async def test_a_nickname_that_is_taken(stage: Stage) -> None:
    await stage.begin()
    stage.refuses("conflict")
    await until(lambda: len(stage.joins) == 2, "the bot tries another")
    assert stage.joins == [f"{JID}/shoutbus", f"{JID}/shoutbus 2"]


async def test_a_room_that_lets_nobody_in_is_tried_again(stage: Stage) -> None:
    await stage.begin()
    stage.refuses("not-allowed")
    await until(lambda: len(stage.joins) == 2, "the bot tries again")
    assert "If bot@bus.example.org is not allowed to create rooms" in str(stage.room.trouble)


async def test_what_is_said_while_it_comes_in_waits(stage: Stage) -> None:
    await stage.begin()
    stage.session.gate.clear()
    stage.lets_in()
    stage.hears("Juliet", "one")
    stage.hears("Juliet", "two")
    await asyncio.sleep(0)
    assert stage.accepted == []
    stage.session.gate.set()
    await until(lambda: len(stage.accepted) == 2, "both are accepted")
    assert stage.accepted == [("Juliet", "one"), ("Juliet", "two")]


@pytest.mark.parametrize(
    ("codes", "inside", "why"),
    [
        ("110 307", "", "the bot was kicked"),
        ("301 110", "", "the bot is banned from the room"),
        ("", '<destroy jid="x"/>', "the room was destroyed"),
        ("110", "", "the bot was removed from the room"),
    ],
)
async def test_it_comes_back(stage: Stage, codes: str, inside: str, why: str) -> None:
    await stage.enter()
    stage.presence("shoutbus", "unavailable", inside, codes)
    assert (stage.room.state, str(stage.room.trouble)) == ("out", why)
    await until(lambda: len(stage.joins) == 2, "the bot comes back")


async def test_a_new_nickname_of_its_own_is_no_way_out(stage: Stage) -> None:
    await stage.enter()
    stage.presence("shoutbus", "unavailable", '<item nick="shoutbus 2"/>', "110 303")
    stage.lets_in("shoutbus 2")
    assert (stage.room.state, stage.room.nick) == ("in", "shoutbus 2")


async def test_a_room_that_lost_the_bot_in_silence(stage: Stage) -> None:
    await stage.enter()
    stage.session.lost.add(f"{JID}/shoutbus")
    stage.rooms.sweep()
    await until(lambda: len(stage.joins) == 2, "the bot comes back")


async def test_an_end_of_the_session_is_an_end_in_every_room(stage: Stage) -> None:
    await stage.enter()
    waits = await stage.rooms.say(JID, said("hello"))
    stage.session.fall()
    assert stage.room.state == "out"
    with pytest.raises(Unavailable):
        await waits
    with pytest.raises(Unavailable):
        await stage.rooms.say(JID, said("hello"))


async def test_a_room_that_is_removed(stage: Stage) -> None:
    await stage.enter()
    waits = await stage.rooms.say(JID, said("hello"))
    stage.rooms.configure([])
    assert [one.get("to") for one in stage.sent("presence", "unavailable")] == [f"{JID}/shoutbus"]
    for asked in (waits, stage.rooms.say(JID, said("hello")), stage.rooms.ready(JID)):
        with pytest.raises(Refused):
            await asked
    with pytest.raises(NotFound):
        await stage.rooms.invite(JID, "juliet@x")
    assert stage.rooms.told(JID) is None


# Hearing


async def test_a_line_is_passed_on_and_answered_where_it_is_for_the_bot(stage: Stage) -> None:
    await stage.enter()
    stage.session.sent.clear()
    stage.hears("Juliet", "shoutbus: dance")
    await until(lambda: stage.sent("message", "groupchat"), "the bot answers")
    assert stage.accepted == [("Juliet", "shoutbus: dance")]
    (answer,) = stage.sent("message", "groupchat")
    assert (answer.findtext("body") or "").startswith(
        "Juliet: I do not know the command “dance”. Write"
    )


async def test_what_another_bus_says_is_passed_on_and_not_answered(stage: Stage) -> None:
    await stage.enter()
    stage.session.sent.clear()
    stage.hears("theirs", "shoutbus: dance", f'<said xmlns="{SAID}" id="{"c" * 32}"/>')
    stage.hears("theirs", "shoutbus: dance", f'<said xmlns="{SAID}"/>')
    await until(lambda: len(stage.accepted) == 2, "both are accepted: the room hides who it is")
    assert "c" * 32 in {one.id for one in stage.world.accepted}
    assert stage.session.sent == []


async def test_copies_for_puppets_and_others_rooms_are_ignored(stage: Stage) -> None:
    await stage.enter()
    stage.hears("Juliet", "hello", to="guest-1@bus.example.org/web")
    other = fromstring(
        '<message xmlns="jabber:component:accept" from="other@rooms.example.org/Juliet" '
        f'to="{BOT}" type="groupchat"><body>hello</body></message>'
    )
    assert not stage.rooms.message(other)
    await asyncio.sleep(0)
    assert stage.accepted == []


async def test_a_store_that_fails_lets_the_room_be_read_again(stage: Stage) -> None:
    await stage.enter()
    stage.world.failing = 1
    stage.hears("Juliet", "hello")
    await until(lambda: len(stage.joins) == 2, "the bot reads again")
    assert not stage.room.inside.is_set()


async def test_who_comes_in(stage: Stage) -> None:
    await stage.enter()
    seen: list[tuple[str, str, str]] = []
    stage.rooms.joins.append(lambda *who: seen.append(who))
    stage.presence(
        "Juliet", inside='<item affiliation="none" role="participant" jid="juliet@x/a"/>'
    )
    stage.presence("Juliet", inside='<item affiliation="none" role="moderator" jid="juliet@x/a"/>')
    stage.presence("Juliet", "unavailable", '<item nick="Capulet"/>', "303")
    stage.presence("Capulet", inside='<item affiliation="none" role="participant"/>')
    assert seen == [(JID, "Juliet", "juliet@x")]
    state = stage.rooms.told(JID)
    assert state
    assert state.people == 1


# Speaking


async def test_a_line_is_confirmed_by_its_reflection(stage: Stage) -> None:
    await stage.enter()
    stage.session.sent.clear()
    message = said('5 < 6 & "7"')
    confirmation = await stage.rooms.say(JID, message)
    (line,) = stage.sent("message", "groupchat")
    assert (line.get("to"), line.get("from"), line.get("id")) == (JID, BOT, message.id)
    assert line.findtext("body") == message.line
    proof = line.find(f"{{{SAID}}}said")
    assert proof is not None
    forged = f'<said xmlns="{SAID}" id="{message.id}" proof="0"/>'
    stage.hears("shoutbus", "it", forged)
    assert not confirmation.done()
    ours = f'<said xmlns="{SAID}" id="{message.id}" proof="{proof.get("proof")}"/>'
    stage.hears("shoutbus", "it", ours)
    await confirmation


@pytest.mark.parametrize(
    ("condition", "role", "error"),
    [
        ("policy-violation", "participant", Refused),
        ("resource-constraint", "participant", Unavailable),
        ("forbidden", "participant", Refused),
        ("forbidden", "visitor", Unavailable),  # it waits for its voice
    ],
)
async def test_a_line_that_the_room_refuses(
    stage: Stage, condition: str, role: str, error: type[Exception]
) -> None:
    await stage.enter()
    stage.lets_in(role=role)
    message = said("hello")
    confirmation = await stage.rooms.say(JID, message)
    stage.bounces(message.id, condition)
    with pytest.raises(error, match=condition) as caught:
        await confirmation
    assert type(caught.value) is error


async def test_a_room_that_says_the_bot_is_not_inside(stage: Stage) -> None:
    await stage.enter()
    stage.bounces("unknown", "not-acceptable")
    await until(lambda: len(stage.joins) == 2, "the bot comes back")


async def test_a_guest_speaks_through_a_puppet(stage: Stage) -> None:
    await stage.enter()
    stage.session.sent.clear()
    message = said("hello", author=Author("Zoe", "guest:zoe", AuthorKind.GUEST))
    saying = asyncio.create_task(stage.rooms.say(JID, message))
    await until(lambda: stage.joins, "the puppet joins")
    (join,) = stage.sent("presence")
    shown = fromstring(
        f'<presence xmlns="jabber:component:accept" from="{join.get("to")}" '
        f'to="{join.get("from")}"><x xmlns="http://jabber.org/protocol/muc#user">'
        '<status code="110"/></x></presence>'
    )
    stage.rooms.puppet_presence(shown)
    await saying
    (line,) = stage.sent("message", "groupchat")
    assert (line.get("from"), line.findtext("body")) == (join.get("from"), "hello")


async def test_a_room_of_the_bus_is_not_destroyed(stage: Stage) -> None:
    with pytest.raises(Conflict):
        await stage.rooms.destroy(JID, "over")
    await stage.rooms.destroy("old@rooms.example.org", "over")


# What is not for everybody, and what is for the bot

OMEMO = (
    "<encrypted xmlns='eu.siacs.conversations.axolotl'><header/><payload>A</payload></encrypted>"
)
KEYS = "<encrypted xmlns='eu.siacs.conversations.axolotl'><header/></encrypted>"
REACTION = "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>+</reaction></reactions>"


async def test_what_is_encrypted_stays_in_the_room(stage: Stage) -> None:
    """Its author is told, once and alone."""
    await stage.enter()
    for _time in range(3):
        stage.hears("juliet", "I sent you an OMEMO message", OMEMO)
    stage.hears("romeo", "?OTRv23?")
    assert [one.get("to") for one in stage.sent("message", "chat")] == [
        f"{JID}/juliet",
        f"{JID}/romeo",
    ]
    first, second = [one.findtext("body") or "" for one in stage.sent("message", "chat")]
    assert first == (
        "Your message is encrypted (OMEMO). I cannot read or forward it. Turn off encryption in "
        "this conversation and send it again."
    )
    assert second.startswith("Your message is encrypted (OTR).")
    assert stage.accepted == []


async def test_what_is_no_words_is_not_passed_on(stage: Stage) -> None:
    await stage.enter()
    stage.hears("juliet", "keys", KEYS)
    stage.hears("juliet", "+", REACTION)
    stage.hears("juliet", "words")
    await until(lambda: stage.accepted, "the words are accepted")
    assert stage.accepted == [("juliet", "words")]
    assert stage.sent("message", "chat") == []


async def test_the_bot_is_spoken_to(stage: Stage) -> None:
    stage.handlers.answers = {"help": "This is help."}
    await stage.enter()
    lines = ("shoutbus: help", "@shoutbus help", "shoutbus help!", "shoutbus is slow", "help")
    for line in lines:
        stage.hears("juliet", line)
    await until(lambda: len(stage.accepted) == len(lines), "the lines are accepted")
    _hello, *answers = [one.findtext("body") for one in stage.sent("message", "groupchat")]
    assert answers == ["juliet: This is help."], "the same is said once a minute"
    assert stage.handlers.asked == ["help"] * 3
