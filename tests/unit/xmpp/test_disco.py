"""What anyone may ask a JID of ours, without a server."""

from xml.etree.ElementTree import Element, fromstring

import pytest

from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.xmpp.disco import Disco
from component.xmpp.elements import element
from component.xmpp.handlers import IqFault
from component.xmpp.identity import NODE, Identities
from component.xmpp.stanza import COMMANDS, DISCO_INFO, DISCO_ITEMS, STANZAS, VCARD, features
from tests.unit.xmpp.fakes import FakeHandlers, FakeSession

DOMAIN = "bus.example.org"
BOT = f"bot@{DOMAIN}"
LOBBY = ChannelSpec(Channel("shoutbox", "lobby"), title="The <lobby> & more")
GUEST = f"guest-0123@{DOMAIN}/web"


class OneChannel(FakeHandlers):
    """A shoutbox, and a command `ping` that anyone may call; `fails` is what it ends with."""

    fails: Exception | None = None

    def channel_named(self, name: str) -> Channel | None:
        return LOBBY.channel if name == "lobby" else None

    def open_channels(self) -> list[ChannelSpec]:
        return [LOBBY]

    def title(self, channel: Channel) -> str:
        return LOBBY.title

    def listed(self, to: str, asker: str, language: str) -> list[tuple[str, str]]:
        return [("ping", "Ping")]

    def named(self, node: str, asker: str, language: str) -> str | None:
        return "Ping" if node == "ping" else None

    async def serve(self, stanza: Element) -> Element:
        if self.fails:
            raise self.fails
        return element(COMMANDS, "command", node="ping", status="completed")


class Stage:
    """A front desk that is asked."""

    def __init__(self) -> None:
        self.session = FakeSession()
        self.handlers = OneChannel()
        self.identities = Identities(self.handlers, DOMAIN, BOT)
        self.disco = Disco(self.session, self.identities, self.handlers)

    def ask(self, to: str, inside: str, kind: str = "get") -> Element:
        self.disco.iq(self.stanza(to, inside, kind))
        (answer,) = self.session.sent
        self.session.sent.clear()
        assert (answer.get("to"), answer.get("from"), answer.get("id")) == ("juliet@x/a", to, "7")
        return answer

    def stanza(self, to: str, inside: str, kind: str = "get") -> Element:
        return fromstring(
            f'<iq xmlns="jabber:component:accept" from="juliet@x/a" to="{to}" id="7" '
            f'type="{kind}">{inside}</iq>'
        )

    def info(self, to: str, node: str = "") -> Element:
        return self.ask(to, f'<query xmlns="{DISCO_INFO}" node="{node}"/>')

    async def run(self, to: str = BOT) -> Element:
        command = f'<command xmlns="{COMMANDS}" node="ping"/>'
        await self.disco.command(self.stanza(to, command, "set"))
        (answer,) = self.session.sent
        return answer


@pytest.fixture
async def stage() -> Stage:
    return Stage()


def _condition(answer: Element) -> str:
    assert answer.get("type") == "error"
    (found,) = [
        child.tag
        for child in answer.iterfind("error/*")
        if child.tag.startswith(f"{{{STANZAS}}}") and not child.tag.endswith("}text")
    ]
    return found.rpartition("}")[2]


@pytest.mark.parametrize(
    ("to", "identity", "commands"),
    [
        (DOMAIN, ("component", "generic", "Shoutbus"), True),
        (BOT, ("client", "bot", "Shoutbus"), True),
        (f"{BOT}/bus", ("client", "bot", "Shoutbus"), True),
        (f"lobby@{DOMAIN}", ("client", "bot", "The <lobby> & more"), True),
        (GUEST, ("client", "web", "Someone on the web page"), False),
    ],
)
async def test_who_is_there(
    stage: Stage, to: str, identity: tuple[str, str, str], commands: bool
) -> None:
    answer = stage.info(to)
    found = answer.find(f"{{{DISCO_INFO}}}query/{{{DISCO_INFO}}}identity")
    assert found is not None
    assert (found.get("category"), found.get("type"), found.get("name")) == identity
    assert (COMMANDS in features(answer)) is commands


async def test_nobody_is_there(stage: Stage) -> None:
    assert _condition(stage.info(f"nobody@{DOMAIN}")) == "item-not-found"


async def test_nodes(stage: Stage) -> None:
    bot = stage.identities.find(BOT)
    assert bot
    assert stage.info(BOT, f"{NODE}#{bot.ver}").get("type") == "result"
    assert stage.info(BOT, COMMANDS).get("type") == "result"
    assert stage.info(BOT, "ping").get("type") == "result"
    assert _condition(stage.info(BOT, "secret")) == "service-unavailable"
    assert _condition(stage.info(GUEST, COMMANDS)) == "service-unavailable"


async def test_what_the_component_shows(stage: Stage) -> None:
    answer = stage.ask(DOMAIN, f'<query xmlns="{DISCO_ITEMS}"/>')
    items = [(one.get("jid"), one.get("name")) for one in answer.iter(f"{{{DISCO_ITEMS}}}item")]
    assert items == [(BOT, "Shoutbus"), (f"lobby@{DOMAIN}", "The <lobby> & more")]


async def test_commands_are_listed(stage: Stage) -> None:
    asked = f'<query xmlns="{DISCO_ITEMS}" node="{COMMANDS}"/>'
    items = [*stage.ask(BOT, asked).iter(f"{{{DISCO_ITEMS}}}item")]
    assert [(one.get("jid"), one.get("node"), one.get("name")) for one in items] == [
        (BOT, "ping", "Ping")
    ]
    assert [*stage.ask(GUEST, asked).iter(f"{{{DISCO_ITEMS}}}item")] == []


async def test_a_ping_is_answered_by_nothing(stage: Stage) -> None:
    answer = stage.ask(BOT, '<ping xmlns="urn:xmpp:ping"/>')
    assert answer.get("type") == "result"
    assert len(answer) == 0


@pytest.mark.parametrize("tag", ["jabber:iq:version", "jabber:iq:last"])
async def test_queries(stage: Stage, tag: str) -> None:
    assert stage.ask(BOT, f'<query xmlns="{tag}"/>').find(f"{{{tag}}}query") is not None


async def test_cards(stage: Stage) -> None:
    card = f'<vCard xmlns="{VCARD}"/>'
    bot, guest = stage.ask(BOT, card), stage.ask(GUEST, card)
    assert bot.findtext(f".//{{{VCARD}}}FN") == "Shoutbus"
    assert bot.findtext(f".//{{{VCARD}}}BINVAL")
    assert guest.find(f".//{{{VCARD}}}PHOTO") is None


@pytest.mark.parametrize(
    ("inside", "kind"),
    [
        ('<ping xmlns="urn:xmpp:ping"/>', "set"),
        ('<query xmlns="urn:else"/>', "get"),
        ("", "get"),
    ],
)
async def test_what_is_not_offered(stage: Stage, inside: str, kind: str) -> None:
    assert _condition(stage.ask(BOT, inside, kind)) == "service-unavailable"


async def test_a_command_runs(stage: Stage) -> None:
    answer = await stage.run()
    assert answer.get("type") == "result"
    assert answer[0].get("status") == "completed"


async def test_web_users_run_no_commands(stage: Stage) -> None:
    assert _condition(await stage.run(GUEST)) == "service-unavailable"


async def test_a_command_that_is_refused(stage: Stage) -> None:
    stage.handlers.fails = IqFault("cancel", "not-allowed", "Start again.", "session-expired")
    answer = await stage.run()
    assert _condition(answer) == "not-allowed"
    assert answer.find(f"error/{{{COMMANDS}}}session-expired") is not None


async def test_a_command_that_fails_is_answered_too(stage: Stage) -> None:
    stage.handlers.fails = RuntimeError("boom")
    assert _condition(await stage.run()) == "internal-server-error"
