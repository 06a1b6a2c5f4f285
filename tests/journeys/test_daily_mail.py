"""The guide's daily mail with the team's shouts, word for word: a real Prosody and client, a real
exim that wants a login, and a clock that is moved over a change to summer time and a week of
downtime."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from html import unescape
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
import pytest

from component import methods
from component.app import Running, running
from component.bus.model.message import Channel, Kind
from component.cli.prosody import COMPONENT, HOST, ROOMS, free_port
from component.config import Config, parse
from tests.journeys.moved import at, shout, until
from tests.support.exim import PASSWORD, Exim
from tests.support.fakes import FakeClock
from tests.support.people import Person, person
from tests.support.servers import Reply, Server, call, eventually, settings

GUIDE = Path(__file__).parents[2] / "docs" / "subscriptions.md"
BOT = f"bot@{COMPONENT}"
ROOM = f"lobby@{ROOMS}"
LOBBY, MAIL = Channel("shoutbox", "lobby"), Channel("mail", "juliet@example.org")


def pasted() -> tuple[str, list[str]]:
    """What the guide says to put into the configuration, and to write to the bot."""
    section = (
        GUIDE.read_text("utf-8")
        .partition("## A daily mail with the team's shouts\n")[2]
        .partition("\n## ")[0]
    )
    table = re.search(r"```toml\n(\[mail\]\n.*?)```", section, re.DOTALL)
    lines = re.search(r"```\n(preferences .*?)```", section, re.DOTALL)
    assert table
    assert lines
    return table[1], lines[1].splitlines()


@pytest.fixture
def exim() -> Iterator[Exim]:
    """One that wants the bus to sign in."""
    server = Exim(closed=True)
    try:
        server.start()
        yield server
    finally:
        server.stop()


@dataclass
class Team:
    """A bus that mails, its clock, and what arrives."""

    config: Config
    exim: Exim
    port: int
    clock: FakeClock = field(default_factory=lambda: FakeClock(at("2027-03-26 13:00")))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Running]:
        async with running(self.config, self.clock) as bus:
            await asyncio.wait_for(bus.xmpp.inside(), 30)
            yield bus

    async def shout(self, words: str, **more: str) -> str:
        return await shout(self.port, words, **more)

    async def until(self, bus: Running, time: str) -> int:
        """The clock is put to a time in Berlin, and what is due is done; gives how many digests
        there are by then."""
        await until(bus, self.clock, time)
        log = await bus.store.deliveries.log(MAIL, before=2**62, limit=100)
        return len([one for one in log if one.message.kind is Kind.DIGEST])

    async def mail(self, count: int) -> EmailMessage:
        """The newest of so many mails that came."""
        await asyncio.to_thread(
            eventually, lambda: len(self.exim.mails("juliet")) >= count, f"{count}: {self.exim.log}"
        )
        mails = self.exim.mails("juliet")
        assert len(mails) == count
        return max(mails, key=lambda one: one["Date"].datetime)


@pytest.fixture
def team(server: Server, exim: Exim, tmp_path: Path) -> Team:
    own = f'host = "{HOST}"\nport = {exim.port}\nsecurity = "starttls"\nca = "{exim.ca}"'
    table = pasted()[0].replace('host = "mail.example.org"', own)
    port = free_port()
    text = settings(server, tmp_path, port, table)
    return Team(parse(text, methods.discover(), {"SHOUTBUS_MAIL_PASSWORD": PASSWORD}), exim, port)


def words(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part
    return str(part.get_content())


def unsubscribe(mail: EmailMessage) -> str:
    """Where a mail program's own button leads."""
    return str(mail["List-Unsubscribe"]).strip("<>")


async def get(url: str) -> Reply:
    return await asyncio.to_thread(call, url)


async def press(url: str, button: str) -> Reply:
    """Open a page and press a button on it, as a browser without scripts does."""
    page = await get(url)
    assert page.status == 200
    form = re.search(r"<form.*?</form>", page.text, re.DOTALL)
    assert form
    assert re.search(f"<button[^>]*>{button}</button>", form[0])
    inputs = (
        dict(re.findall(r'(\w+)="([^"]*)"', one)) for one in re.findall("<input[^>]*>", form[0])
    )
    sent = [(one["name"], unescape(one["value"])) for one in inputs]
    return await asyncio.to_thread(call, url, urlencode(sent).encode(), "POST")


async def one_click(url: str) -> int:
    """What a mail provider sends (RFC 8058 section 3.2): nothing of a browser's."""
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as provider,
        provider.post(url, data={"List-Unsubscribe": "One-Click"}, allow_redirects=False) as answer,
    ):
        return answer.status


async def subscribed(team: Team, juliet: Person) -> None:
    """As the guide has it, up to the click."""
    for line, answer in zip(
        pasted()[1], ("Europe/Berlin", "Address", "Subscription 1: .*daily at 9"), strict=True
    ):
        juliet.tell(BOT, line)

        def answered(expected: str = answer) -> object:
            return re.search(expected, str(juliet.heard[-1:]))

        await juliet.until(answered, f"{answer} to {line}")
    await team.shout("before it is confirmed")
    asked = await team.mail(1)
    assert "before it is confirmed" not in words(asked, "plain")
    assert "List-Unsubscribe" not in asked
    (link,) = re.findall(r"\S+/confirm/\S+", words(asked, "plain"))
    done = await press(link, "Confirm")
    assert done.status == 200
    assert "juliet@example.org is confirmed." in done.text


async def talk(server: Server, team: Team, bus: Running, juliet: Person) -> None:
    """A day's: a shout that is answered, a line in the room, and words of her own."""
    first = await team.shout("Who has the key?")
    await team.shout("It hangs <b>behind</b> the door", replies_to=first)
    heard = bus.hub.listen(LOBBY)
    juliet.tell(f"lobby@{COMPONENT}", "My own words")
    async with person("romeo", server.passwords["romeo"], server.c2s) as romeo:
        await romeo.join(ROOM, "Romeo")
        romeo.say(ROOM, "Said in the room")
        async with asyncio.timeout(15):
            both = [await heard.get(), await heard.get()]
    assert {one.message.body for one in both if one} == {"My own words", "Said in the room"}


async def is_the_digest(mail: EmailMessage) -> None:
    """Whole, and nothing in it that should not be."""
    plain, html = words(mail, "plain"), words(mail, "html")
    assert mail["Subject"] == "Lobby: 3 messages"
    assert mail["From"] == "Shoutbus <shoutbus@example.org>"
    assert mail["List-Id"].startswith("<lobby.shoutbox.")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    for said in ("Who has the key?", "Said in the room"):
        assert said in plain
        assert said in html
    assert "It hangs <b>behind</b> the door" in plain
    assert "It hangs &lt;b&gt;behind&lt;/b&gt; the door" in html
    for unsaid in ("My own words", "before it is confirmed"):
        assert unsaid not in plain + html
    assert unsubscribe(mail) in plain
    links = {unescape(one) for one in re.findall(r'href="([^"]*)"', html)}
    pages = [
        await get(link) for link in links if not link.endswith("/subscriptions")
    ]  # for who is signed in
    assert {page.status for page in pages} == {200}
    for seen in ("Who has the key?", "Said in the room", "Unsubscribe"):
        assert any(seen in page.text for page in pages)


async def test_a_daily_mail_with_the_teams_shouts(server: Server, team: Team) -> None:
    async with (
        team.running() as bus,
        person("juliet", server.passwords["juliet"], server.c2s) as juliet,
    ):
        await subscribed(team, juliet)
        await talk(server, team, bus, juliet)
        assert await team.until(bus, "2027-03-27 08:59") == 0
        assert await team.until(bus, "2027-03-27 09:00") == 1
        await is_the_digest(await team.mail(2))

        await team.shout("On the eve of summer time")
        assert await team.until(bus, "2027-03-28 08:59") == 1
        assert await team.until(bus, "2027-03-28 09:00") == 2
        mail = await team.mail(3)
        assert mail["Subject"] == "Lobby: 1 message"
        assert "On the eve of summer time" in words(mail, "plain")
        assert mail["Date"].datetime.astimezone(UTC) == datetime(2027, 3, 28, 7, tzinfo=UTC)
        assert await team.until(bus, "2027-03-29 09:00") == 2, "nothing was shouted"

        await team.shout("Run again")
        assert await team.until(bus, "2027-03-30 09:00") == 3
        assert await one_click(unsubscribe(await team.mail(4))) == 200
        await team.shout("Nobody is told of this")
        assert await team.until(bus, "2027-03-31 09:00") == 3
        juliet.tell(BOT, "subscriptions")
        await juliet.until(
            lambda: (
                (
                    "You do not have any subscriptions. To add one, write for example “subscribe "
                    "lobby daily at 9”."
                )
                in juliet.heard[-1]["body"]
            ),
            "none is left",
        )
    await team.mail(4)


async def test_a_week_of_downtime_is_one_mail(server: Server, team: Team) -> None:
    async with team.running(), person("juliet", server.passwords["juliet"], server.c2s) as juliet:
        await subscribed(team, juliet)
        await team.shout("Before the bus is away")
    team.clock.now = at("2027-04-02 15:30")
    async with team.running() as bus:
        assert await team.until(bus, "2027-04-02 15:31") == 1
        assert "Before the bus is away" in words(await team.mail(2), "plain")
        await team.shout("After it was away")
        assert await team.until(bus, "2027-04-03 08:59") == 1
        assert await team.until(bus, "2027-04-03 09:00") == 2
        after = words(await team.mail(3), "plain")
        assert "After it was away" in after
        assert "Before the bus is away" not in after
