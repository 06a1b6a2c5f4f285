"""What the bot says of itself to people whose language is German: confirmations, refusals, lines in
rooms."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree.ElementTree import fromstring

import pytest

from commands.action import Bus
from component.bus.model.message import MAX_BODY, Channel
from component.bus.model.message_page import MessagePages
from component.bus.model.records import Audit, ChannelSpec, Mute, Preference, Put
from component.bus.model.route import Route
from component.common.errors import TooMany
from component.common.i18n import tell
from component.common.rate import Rate
from component.handlers import BusHandlers
from component.xmpp.bot import Bot
from component.xmpp.im.automatic import AutomaticAnswers
from component.xmpp.im.inbox import Inbox
from component.xmpp.muc.addressed import called
from component.xmpp.muc.room import Room, RoomLine
from component.xmpp.stanza import STANZAS
from tests.contract.forms import a_seeded_bus
from tests.contract.test_german import LOBBY, a_text
from tests.support.fakes import prefers
from tests.unit.xmpp.fakes import FakeSession


@pytest.fixture
async def bus(tmp_path: Path) -> AsyncIterator[Bus]:
    async with a_seeded_bus(tmp_path) as one:
        yield one


@dataclass
class Talk:
    """A bot whose stream is a list, on a bus."""

    bus: Bus
    session: FakeSession = field(default_factory=FakeSession)

    def __post_init__(self) -> None:
        store = self.bus.store
        handlers = BusHandlers(
            self.bus.hub,
            store.deliveries,
            store.messages,
            store.subscriptions,
            store.source_state,
            self.bus.settings,
            {},
            MessagePages("", b""),
            {},
        )
        handlers.text = a_text(self.bus)
        automatic = AutomaticAnswers(lambda: 0.0)
        self.bot = Bot(self.session, "bot", handlers, automatic)
        self.inbox = Inbox(self.session, self.bot, handlers, _nobody, automatic, self.bus.clock)

    async def hears(
        self, body: str, sender: str = "juliet@x/pda", to: str = "bot@bus.example.org"
    ) -> str:
        """What the bot sends back to a German message."""
        stanza = fromstring(
            '<message xmlns="jabber:component:accept" xml:lang="de-AT" type="chat" '
            f'from="{sender}" to="{to}">'
            f"<body>{body}</body></message>"
        )
        await self.inbox.heard(stanza, sender.startswith("room@"))
        sent = self.session.sent[-1]
        text = (
            sent.findtext(f"error/{{{STANZAS}}}text")
            if sent.get("type") == "error"
            else sent.findtext("body")
        )
        return text or ""


async def _nobody(_domain: str) -> bool:
    return False


@pytest.fixture
async def talk(bus: Bus) -> AsyncIterator[Talk]:
    one = Talk(bus)
    yield one
    await one.inbox.close()


JULIET = Channel("chat", "juliet@x")


async def _goes_on(bus: Bus) -> None:
    things = [Put(ChannelSpec(JULIET)), Put(Route(JULIET, LOBBY))]
    await bus.settings.change(things, Audit(0, "", "test", "seed"))


async def test_the_bot_confirms_in_german(talk: Talk) -> None:
    nowhere = (
        "Deine Nachricht wurde nicht weitergeleitet, weil von deinem Chat keine Route ausgeht. "
        "„help“ zeigt, was ich kann."
    )
    assert (await talk.hears("Hallo")).startswith(nowhere)
    await _goes_on(talk.bus)
    asked = "„Hallo“ in Lobby <b>& 100 % (shoutbox:lobby) veröffentlichen, wo es alle lesen können?"
    assert (await talk.hears("Hallo")).startswith(asked)
    passed = "In Lobby <b>& 100 % (shoutbox:lobby) veröffentlicht."
    assert (await talk.hears("ja")).startswith(passed)
    assert (await talk.hears("Hallo", "room@rooms.x/Nick")).startswith(
        "Das geht nur in einem privaten Chat, weil ich in einem Raum nicht sehe, wer du bist. "
        "Schreib mir an bot@bus.example.org."
    )


async def test_the_bot_refuses_in_german(talk: Talk) -> None:
    await _goes_on(talk.bus)
    await prefers(talk.bus, Preference("juliet@x", posts=True))
    there = "Den Kanal nobody@bus.example.org gibt es nicht. Schreib „help“ an bot@bus.example.org."
    assert await talk.hears("Hallo", to="nobody@bus.example.org") == there
    long = await talk.hears("x" * (MAX_BODY + 1))
    assert long == f"Die Nachricht hat {MAX_BODY + 1} Zeichen. Höchstens {MAX_BODY} sind erlaubt."
    mute = Mute("juliet@x", "juliet", 0, "zu laut")
    await talk.bus.settings.change([Put(mute)], Audit(0, "", "test", "seed"))
    muted = (
        "Ein Operator hat dich bis auf weiteres stummgeschaltet (zu laut). Deine Nachricht wurde "
        "nicht weitergeleitet."
    )
    assert await talk.hears("Hallo") == muted


def test_a_flood_in_german() -> None:
    rate = Rate(lambda: 0.0, 1, 1)
    rate.spend("juliet@x")
    with pytest.raises(TooMany) as told:
        rate.spend("juliet@x")
    sentence = tell(told.value.sentence, "de")
    assert sentence == "Zu viele Anfragen. Versuch es in 2 s noch einmal."


async def test_who_chose_english_is_answered_so(talk: Talk) -> None:
    await prefers(talk.bus, Preference("juliet@x", "en"))
    assert (await talk.hears("Hallo")).startswith(
        "Your message was not forwarded, because no route starts at your chat. “help” lists what "
        "I can do."
    )


def spoken_to_bot(jid: str, text: str, language: str) -> RoomLine:
    """A line of Juliet's in a room where the bot is called shoutbus."""
    return RoomLine("Juliet", jid, text, language, called("shoutbus", text))


@pytest.mark.parametrize(
    ("jid", "chosen", "language", "answer"),
    [
        (
            "juliet@x",
            "",
            "de",
            (
                "Den Befehl „tanze“ kenne ich nicht. Schreib „shoutbus: help“, um zu sehen, was "
                "ich kann."
            ),
        ),
        (
            "juliet@x",
            "de",
            "en",
            (
                "Den Befehl „tanze“ kenne ich nicht. Schreib „shoutbus: help“, um zu sehen, was "
                "ich kann."
            ),
        ),
        (
            "",
            "de",
            "en",
            "I do not know the command “tanze”. Write “shoutbus: help” to see what I can do.",
        ),
    ],
)
async def test_a_line_in_a_room(
    talk: Talk, jid: str, chosen: str, language: str, answer: str
) -> None:
    """In the stanza's language, and where the room shows who it is, in the one they chose."""
    await prefers(talk.bus, Preference("juliet@x", chosen))
    room = Room("lobby@rooms.x", ChannelSpec(Channel("muc", "lobby@rooms.x")), "shoutbus")
    await talk.bot.answer(room, spoken_to_bot(jid, "shoutbus: tanze", language))
    assert [said.findtext("body") for said in talk.session.sent] == [f"Juliet: {answer}"]


async def test_commands_in_a_room(talk: Talk) -> None:
    room = Room("lobby@rooms.x", ChannelSpec(Channel("muc", "lobby@rooms.x")), "shoutbus")
    await talk.bot.answer(room, spoken_to_bot("", "shoutbus: whoami", "de"))
    said = [one.findtext("body") for one in talk.session.sent]
    assert said == ["Juliet: Hier bist du Juliet, mit der Rolle Admin."]


def test_what_the_bot_may_not_do_in_german() -> None:
    room = Room(
        "lobby@rooms.x",
        ChannelSpec(Channel("muc", "lobby@rooms.x")),
        "shoutbus",
        archived=False,
        voice=False,
    )
    limits = tell(room.limits(), "de")
    assert limits.startswith(
        "Ich habe in diesem Raum kein Rederecht und kann nur mitlesen. Ein Moderator kann es mir "
        "geben."
    )
    assert (
        "Ich bin kein Besitzer dieses Raums. Ich kann weder Name, Thema und Archiv "
        "einstellen noch Besitzer hinzufügen oder die Namen von Webnutzern schützen. Ein "
        "Besitzer kann das ändern, indem er mich zum Besitzer macht."
    ) in limits
    assert limits.endswith(
        "Dieser Raum hat kein Archiv. Nachrichten, die während meiner Abwesenheit kommen, kann "
        "ich nicht weiterleiten."
    )
