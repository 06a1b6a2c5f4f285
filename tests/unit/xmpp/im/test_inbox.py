"""Direct messages that hold something else than words."""

from collections.abc import AsyncIterator
from xml.etree.ElementTree import fromstring

import pytest

from component.xmpp.bot import Bot
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.inbox import Inbox
from component.xmpp.stanza import MUC_USER
from tests.support.fakes import FakeClock, FakeWorld, until
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession

BOT = "bot@bus.example.org"
JULIET = "juliet@example.org/phone"
OMEMO = "<encrypted xmlns='urn:xmpp:omemo:2'><payload>A</payload></encrypted>"
DIRECT = "<x xmlns='jabber:x:conference' jid='party@rooms.example.org'/>"
MEDIATED = (
    "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='juliet@example.org/phone'/></x>"
)
REACTION = "<reactions xmlns='urn:xmpp:reactions:0' id='1'><reaction>+</reaction></reactions>"


async def no_bus(_domain: str) -> bool:
    return False


class Stage:
    """A bot that is written to."""

    def __init__(self) -> None:
        self.world = FakeWorld()
        self.session = FakeSession()
        self.session.there = True
        self.handlers = FakeHandlers(self.world)
        self.now = 0.0
        automatic = AutomaticAnswers(lambda: self.now)
        self.bot = Bot(self.session, "bot", self.handlers, automatic)
        self.inbox = Inbox(self.session, self.bot, self.handlers, no_bus, automatic, FakeClock())

    def hears(
        self, inside: str, sender: str = JULIET, body: str = "a program's words", room: bool = False
    ) -> None:
        """Somebody writes."""
        stanza = fromstring(
            f"<message xmlns='jabber:component:accept' from='{sender}' to='{BOT}'>"
            f"<body>{body}</body>{inside}</message>"
        )
        self.inbox.message(stanza, room)

    @property
    def told(self) -> list[tuple[str, str]]:
        """To whom the bot wrote what."""
        return [(one.get("to", ""), one.findtext("body") or "") for one in self.session.sent]


@pytest.fixture
async def stage() -> AsyncIterator[Stage]:
    one = Stage()
    yield one
    await one.inbox.close()


async def test_who_encrypts_is_told(stage: Stage) -> None:
    stage.hears(OMEMO)
    [(to, words)] = stage.told
    assert to == JULIET
    assert words == (
        "Your message is encrypted (OMEMO). I cannot read or forward it. Turn off encryption in "
        "this conversation and send it again."
    )
    assert stage.handlers.asked == []
    assert stage.world.accepted == []


@pytest.mark.parametrize(
    ("inside", "sender"), [(DIRECT, JULIET), (MEDIATED + DIRECT, "party@rooms.example.org")]
)
async def test_who_invites_is_told_once(stage: Stage, inside: str, sender: str) -> None:
    """However the invitation is told, and whatever stands in its body."""
    for _time in range(2):
        stage.hears(inside, sender)
    assert stage.told == [
        (
            "juliet@example.org",
            "I was invited to party@rooms.example.org. I only join rooms that are configured: an "
            "operator can add this one with “channel add muc party@rooms.example.org”.",
        )
    ]
    assert stage.handlers.asked == []


@pytest.mark.parametrize(
    "room", ["party@evil.example", "party@example.org.evil.example", "party@xexample.org"]
)
async def test_a_room_cannot_make_the_bot_write_to_others(stage: Stage, room: str) -> None:
    """Whoever runs a room service says who invites. The answer goes back to that service."""
    for _time in range(2):
        stage.hears(MEDIATED, room)
    [sent] = stage.session.sent
    assert (sent.get("to"), sent.get("type"), sent.findtext("body")) == (room, None, None)
    declined = sent.find(f"{{{MUC_USER}}}x/{{{MUC_USER}}}decline")
    assert declined is not None
    assert declined.get("to") == "juliet@example.org"
    reason = declined.findtext(f"{{{MUC_USER}}}reason") or ""
    assert reason.startswith(f"I was invited to {room}.")
    assert stage.handlers.asked == []


async def test_two_programs_do_not_talk_in_secret_for_ever(stage: Stage) -> None:
    for _time in range(5):
        stage.hears(OMEMO)
    stage.hears(OMEMO, "romeo@example.org/desk")
    assert [to for to, _words in stage.told] == [JULIET, "romeo@example.org/desk"]


async def test_a_gateway_is_not_told_of_encryption(stage: Stage) -> None:
    """Each answer could cost somebody an SMS, and nobody there reads it."""
    taken: list[str] = []

    async def take(_local: str, body: str, _id: str) -> None:
        taken.append(body)

    stage.handlers.gateways["sms.example.org"] = take
    for inside, body in ((REACTION, "+"), (DIRECT, "come"), ("", "?OTR? what is it")):
        stage.hears(inside, "+4930123@sms.example.org", body)
    await until(lambda: taken, "it is taken")
    assert taken == ["?OTR? what is it"]
    assert stage.told == []


async def test_what_a_room_says_of_itself_is_not_answered(stage: Stage) -> None:
    stage.hears("", "lobby@rooms.example.org", body="Juliet declined", room=True)
    stage.hears("", "lobby@rooms.example.org/juliet", body="help", room=True)
    await until(lambda: stage.handlers.asked, "the line is heard")
    assert stage.handlers.asked == ["help"]


async def test_an_invitation_to_a_room_of_the_bus_says_nothing_new(stage: Stage) -> None:
    stage.hears(MEDIATED, "party@rooms.example.org", room=True)
    assert stage.told == []


async def test_a_reaction_is_not_a_line(stage: Stage) -> None:
    stage.hears(REACTION, body="+")
    stage.hears("", body="help")
    await until(lambda: stage.handlers.asked, "the line is heard")
    assert stage.handlers.asked == ["help"]
