"""What the fault tests share: more rooms and a second bus on one server, a look into a room's
archive and a log."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from slixmpp import JID
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import StanzaPath

from component.cli.prosody import COMPONENT, ROOMS, free_port
from tests.support.people import Person
from tests.support.servers import SECRET, Bus, Server, eventually, settings, start_bus

BOX = "shoutbox:lobby"
ROOM = f"lobby@{ROOMS}"
SECOND = "bus2.localhost"
SERVED = "[[token]]"

_numbers = itertools.count(1)


def room(name: str) -> str:
    """A room's address."""
    return f"{name}@{ROOMS}"


def pair(name: str) -> str:
    """Settings of a room and a shoutbox of one name, joined both ways."""
    return (
        channel(f"shoutbox:{name}")
        + channel(f"muc:{room(name)}")
        + route(f"shoutbox:{name}", f"muc:{room(name)}")
    )


def channel(name: str) -> str:
    """Settings of a channel."""
    return f'\n[[channel]]\nname = "{name}"\n'


def route(source: str, destination: str, *, both: bool = True) -> str:
    """Settings of a route."""
    return f'\n[[route]]\nfrom = "{source}"\nto = "{destination}"\nboth = {str(both).lower()}\n'


def admit(server: Server, component: str = SECOND) -> None:
    """Let another component connect; before the server starts."""
    with server.prosody.config.open("a") as config:
        config.write(f'\nComponent "{component}"\n  component_secret = "{SECRET}"\n')


def open_bus(
    server: Server, data: Path, more: str = "", *, component: str = COMPONENT, lobby: bool = True
) -> Bus:
    """A bus on `server`, not waited for; without `lobby` it has the channels in `more` alone."""
    port = free_port()
    config = settings(server, data, port, more).replace(f'"{COMPONENT}"', f'"{component}"')
    if not lobby:
        head, rest = config.split("[[channel]]", 1)
        config = head + SERVED + rest.split(SERVED, 1)[1]
    return start_bus(data, config, port)


class Witness(Person):
    """Someone who reads archives too, and tells who left."""

    def __init__(self, name: str, password: str, port: int) -> None:
        super().__init__(name, password, port)
        self.register_plugin("xep_0313")
        self.around: list[Any] = []
        self.register_handler(Callback("who is around", StanzaPath("presence"), self._see))

    def _see(self, presence: Any) -> None:
        self.around.append(presence)
        self.event("presence", presence)  # wakes who waits in `until`

    async def unlock(self, where: str) -> None:
        """Take a new room's settings as they are (XEP-0045 section 10.1.2)."""
        iq = self.make_iq_set(ito=where)
        query = ET.SubElement(iq.xml, "{http://jabber.org/protocol/muc#owner}query")
        ET.SubElement(query, "{jabber:x:data}x", type="submit")
        await iq.send()  # type: ignore[no-untyped-call]

    async def hears_in(self, where: str, part: str) -> Any:
        """The first message of a room with `part` in it."""

        def found() -> Any:
            return next(
                (one for one in self.heard if part in one["body"] and one["from"].bare == where),
                None,
            )

        return await self.until(found, f"{part} in {where}")

    async def sees_leave(self, where: str, nick: str) -> None:
        """Return once an occupant has left."""
        await self.until(lambda: self.left(where, nick), f"{nick} leaves {where}", 30)

    async def sees_there(self, jid: str) -> None:
        """Return once someone's presence came."""
        await self.until(
            lambda: [p for p in self.around if p["type"] == "available" and p["from"].bare == jid],
            jid,
        )

    async def hears_back(self) -> None:
        """Return once anything comes, of whatever kind."""
        before = len(self.around) + len(self.heard)
        await self.until(lambda: len(self.around) + len(self.heard) > before, "an answer")

    async def cut(self) -> None:
        """Return once the server has ended the stream."""
        await soon(
            lambda: (
                not self.is_connected() or self.transport is None or self.transport.is_closing()
            ),
            "cut off",
            5,
        )

    def seen(self, where: str, nick: str) -> list[str]:
        """The types of the presences of an occupant, in order."""
        return [one["type"] for one in self.around if one["from"] == JID(f"{where}/{nick}")]

    def left(self, where: str, nick: str) -> bool:
        """Whether an occupant was here and is no more."""
        return self.seen(where, nick)[-1:] == ["unavailable"]


@asynccontextmanager
async def someone(server: Server, name: str) -> AsyncIterator[Witness]:
    """One of the server's people, signed in."""
    one = Witness(name, server.passwords[name], server.prosody.c2s)
    await one.sign_in()
    await one.get_roster()  # who has not asked for it is not told of subscriptions
    try:
        yield one
    finally:
        await one.disconnect(wait=1)


async def soon(holds: Callable[[], Any], what: str, patience: float = 30.0) -> Any:
    """`eventually`, while the people of the test go on hearing."""
    return await asyncio.to_thread(eventually, holds, what, patience)


async def archived(who: Person, where: str) -> list[tuple[str, str]]:
    """(nickname, words) of everything with words in a room's archive, in order."""
    pages = who.plugin["xep_0313"].iterate(JID(where), rsm={"max": 200})
    found = [one["mam_result"]["forwarded"]["stanza"] async for one in pages]
    return [(one["from"].resource, one["body"]) for one in found if one["body"]]


def words_of(
    lines: Sequence[tuple[str, str]], *, without: Sequence[str] = ("shoutbus: help",)
) -> list[str]:
    """The words alone, without the bot's greeting."""
    return [words for _, words in lines if not any(one in words for one in without)]


async def canary(bus: Bus, who: Person, where: str = ROOM, box: str = BOX) -> None:
    """Something said on each side reaches the other: the stream is up, and all that was said before
    it is through."""
    number = next(_numbers)
    out, back = f"canary {number} from the web", f"canary {number} from the room"
    reply = await asyncio.to_thread(bus.post, box, out)
    assert reply.status == 201, reply
    await who.hears(f"tests: {out}", 30)
    who.say(where, back)
    await soon(lambda: back in bus.bodies(box), f"{back} in {box}", 30)


def sound(bus: Bus, *, streams: int = 1, since: int = 0) -> None:
    """No fault of the bus's own in its log after `since` characters, and no more than `streams`
    streams had there."""
    log = bus.log.read_text()[since:]
    assert "Traceback" not in log, log[-6000:]
    assert "level=error" not in log, log[-3000:]
    assert log.count("XMPP is up") <= streams, log[-3000:]
    assert bus.process.poll() is None, log[-3000:]
