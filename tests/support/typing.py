"""People who type to the bot: the real commands on a bus with a few channels."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from commands.action import Bus
from commands.text import Text
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Grant, Preference, Put
from component.bus.model.route import Route
from component.bus.model.subscription import Interval, Subscription
from component.xmpp.handlers import PlainMessage, TypedLine
from tests.support.fakes import a_bus, prefers

ANYONE, LOBBY, NEWS = (
    Channel("chat", "*"),
    Channel("shoutbox", "lobby"),
    Channel("shoutbox", "news"),
)
TEAM, SALON = (
    Channel("muc", "team@rooms.example.org"),
    Channel("muc", "salon@rooms.example.org"),
)
READING = Channel("shoutbox", "reading")


class Typist:
    """Someone at the keyboard, `jid`; `now` is the clock of what is open."""

    def __init__(self, bus: Bus, jid: str = "admin@x") -> None:
        self.bus = bus
        self.jid = jid
        self.now = 0.0
        self.text = Text(bus, bus.settings.roles.of, lambda: self.now)

    async def says(self, line: str) -> str | PlainMessage | None:
        return await self.text.answer(TypedLine(self.jid, self.jid.partition("@")[0], line, False))

    async def outcome(self, line: str) -> tuple[str, str]:
        """The answer to a line, and what becomes of it: run, ask, hold or post."""
        reply = await self.says(line)
        if reply is None or isinstance(reply, PlainMessage):
            return "", "post"
        if "(“back” goes back" in reply.splitlines()[-1]:
            return reply, "ask"
        after = await self.says("send")
        if isinstance(after, PlainMessage):
            return reply, "hold"
        return reply, "run"


@asynccontextmanager
async def a_typist(folder: Path, jid: str = "admin@x") -> AsyncIterator[Typist]:
    """Someone whose messages go to the lobby, which they know, and who subscribed to it."""
    async with a_bus(folder) as bus:
        specs = [
            ChannelSpec(ANYONE),
            ChannelSpec(LOBBY, "Lobby"),
            ChannelSpec(NEWS, "News"),
            ChannelSpec(READING, "Reading Room"),
            ChannelSpec(TEAM, "The team"),
            ChannelSpec(SALON),
        ]
        seed = Audit(0, "", "", "test")
        await bus.settings.change([Put(spec) for spec in specs], seed)
        await bus.settings.change([Put(Route(ANYONE, LOBBY)), Put(Route(LOBBY, TEAM))], seed)
        await bus.settings.change([Put(Grant("operator@x", "operator"))], seed)
        for who in ("admin@x", "operator@x", "member@x"):
            await prefers(bus, Preference(who, posts=True))
            own = bus.subscriptions.own(who)
            await bus.subscriptions.add(Subscription(who, LOBBY, own, Interval()), by="")
        yield Typist(bus, jid)
