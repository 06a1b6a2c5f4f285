"""A client of the ad-hoc surface, and a bus with something to choose from."""

import re
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from xml.etree.ElementTree import Element, fromstring

from commands.action import Bus
from commands.adhoc import AdHoc
from component.bus.model.message import Channel
from component.bus.model.records import Audit, ChannelSpec, Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.form import CHOOSE
from component.common.sanitize import escape as q
from component.xmpp.elements import serialize
from component.xmpp.stanza import COMMANDS, DATA
from tests.support.fakes import a_bus

COMMAND, X = f"{{{COMMANDS}}}", f"{{{DATA}}}"
Values = Mapping[str, Sequence[str]]
_ADDRESS = re.compile("address[0-9]+")
_SAMPLES = {
    "jid-single": "juliet@example.org",
    "text-single": "sample",
    "text-multi": "sample",
    "boolean": "1",
}


@asynccontextmanager
async def a_seeded_bus(folder: Path) -> AsyncIterator[Bus]:
    """Two channels, with markup in their titles, and a route."""
    async with a_bus(folder) as bus:
        box, room = (
            Channel("shoutbox", "lobby"),
            Channel("muc", "a_very-long-name&so@rooms.example.org"),
        )
        things = [
            ChannelSpec(box, "Lobby <b>& 100 %"),
            ChannelSpec(room, "A title that is a good deal longer than forty characters are"),
        ]
        seed = Audit(0, "admin@x", "test", "seed")
        await bus.settings.change([Put(thing) for thing in things], seed)
        await bus.settings.change([Put(Route(box, room))], seed)
        yield bus


def wire(element: Element) -> Element:
    """An element as it is read from the wire."""
    return fromstring(serialize(element))


class Client:
    """Sends commands as anyone, to one surface whose clock is `now`; `seen` looks at each
    answer."""

    def __init__(
        self,
        bus: Bus,
        role_of: Callable[[str], Role] = lambda _jid: Role.ADMIN,
        seen: Callable[[Element], None] = lambda _command: None,
        language: str = "",
    ) -> None:
        self.now = 0.0
        self.messages: list[str] = []
        self.adhoc = AdHoc(
            bus, role_of, lambda _jid, words: self.messages.append(words), lambda: self.now
        )
        self._seen = seen
        self._language = f' xml:lang="{language}"' if language else ""

    async def send(
        self,
        node: str,
        values: Values | None = None,
        session: str = "",
        *,
        action: str = "",
        jid: str = "admin@x",
    ) -> Element:
        """The command that comes back; raises IqFault."""
        fields = "".join(
            "<field "
            f'var="{q(var)}">{"".join(f"<value>{q(one)}</value>" for one in several)}</field>'
            for var, several in (values or {}).items()
        )
        inside = "" if values is None else f'<x xmlns="{DATA}" type="submit">{fields}</x>'
        more = f' sessionid="{session}"' if session else ""
        more += f' action="{action}"' if action else ""
        sender = f"{jid}/pda" if jid else ""
        stanza = fromstring(
            f'<iq from="{sender}" to="bot@bus" type="set"{self._language}>'
            f'<command xmlns="{COMMANDS}" node="{node}"{more}>{inside}</command></iq>'
        )
        command = wire(await self.adhoc.serve(stanza))
        self._seen(command)
        return command


def fields(command: Element) -> list[Element]:
    """All the fields of its form."""
    return command.findall(f"{X}x/{X}field")


def is_told(field: Element) -> bool:
    """Whether a field only shows something: a line, or an address by itself."""
    return field.get("type") == "fixed" or bool(_ADDRESS.fullmatch(field.get("var", "")))


def boxes(command: Element) -> Iterator[Element]:
    """The fields that ask."""
    return (one for one in fields(command) if not is_told(one))


def lines(command: Element) -> str:
    """The lines, as one: they are broken where a client's row ends."""
    shown = []
    for one in filter(is_told, fields(command)):
        if one.get("label"):
            shown.append(f"{one.get('label')}:")
        shown.append(one.findtext(f"{X}value") or "")
    return " ".join(shown)


def session_of(command: Element) -> str:
    """Its session."""
    return command.get("sessionid", "")


def told(command: Element) -> str:
    """What a person reads: the note, or the form's title, its lines and its labels."""
    note = command.findtext(f"{COMMAND}note")
    if note is not None:
        return note
    labels = [one.get("label") or one.findtext(f"{X}value") or "" for one in fields(command)]
    return "\n".join([command.findtext(f"{X}x/{X}title") or "", *labels]).strip()


def sampled(command: Element) -> dict[str, list[str]]:
    """What stands in the form, and a sample where nothing does."""
    shown = {
        one.get("var", ""): [value.text or "" for value in one.iterfind(f"{X}value")]
        for one in boxes(command)
    }
    for one in boxes(command):
        if shown[one.get("var", "")] == [CHOOSE]:  # somebody chooses the first entry behind it
            option = one.findall(f"{X}option")[1]
            shown[one.get("var", "")] = [option.findtext(f"{X}value", "")]
    kinds = {one.get("var", ""): one.get("type", "") for one in boxes(command)}
    return {var: values or [_SAMPLES.get(kinds[var], "")] for var, values in shown.items()}
