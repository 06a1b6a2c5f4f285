"""Fakes of the server and of the rest of the bus, for tests of the XMPP side."""

import asyncio
from collections.abc import Container, Sequence
from typing import Any
from xml.etree.ElementTree import Element, fromstring

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.accepted import Receipt
from component.bus.ports.method import HeardThere, Refusal
from component.bus.ports.source_state import ArchivePosition
from component.common.i18n import Words, _
from component.xmpp.handlers import PlainMessage, TypedLine
from component.xmpp.stream.connection import ComponentAccount
from component.xmpp.stream.session import Session


class FakeSession(Session):
    """Keeps what is sent instead of sending it. It never ends before `fall` is called."""

    def __init__(self) -> None:
        account = ComponentAccount("127.0.0.1", 1, "bus.example.org", "secret")
        super().__init__(account, lambda _: None)
        self.there = False
        self.sent: list[Element] = []

    @property
    def alive(self) -> bool:
        return self.there

    @property
    def kinds(self) -> list[tuple[str, str]]:
        return [(one.get("to", ""), one.get("type", "")) for one in self.sent]

    def send_text(self, xml: str) -> None:
        self.sent.append(fromstring(xml))

    async def rise(self) -> None:
        self.there = True
        for call in self.up:
            await call()
        await asyncio.sleep(0)  # what they begin in the background runs

    def fall(self) -> None:
        self.there = False
        for call in self.down:
            call()


async def no_bus(_domain: str) -> bool:
    """`is_bus` where there is no other bus."""
    return False


class FakeHandlers:
    """`hub` accepts messages; people want what `wishes` and `languages` say by JID."""

    def __init__(self, hub: Any = None) -> None:
        self.hub = hub
        self.positions: list[ArchivePosition] = []
        self.wishes: dict[str, str] = {}
        self.languages: dict[str, str] = {}
        self.asked: list[str] = []
        self.answers: dict[str, str] = {}
        """What is answered to a line; others are messages."""
        self.gateways: dict[str, HeardThere] = {}
        """What takes the messages of a gateway, by its domain."""

    async def accept(self, message: Message, position: ArchivePosition | None = None) -> Receipt:
        accepted: Receipt = await self.hub.accept(message, position)
        return accepted

    async def revise(self, change: Message, position: ArchivePosition | None = None) -> Receipt:
        revised: Receipt = await self.hub.revise(change, position)
        return revised

    def missed(self, receipt: Receipt) -> Sequence[Words]:
        missed: Sequence[Words] = self.hub.missed(receipt)
        return missed

    def refusals(self, receipt: Receipt) -> Sequence[Refusal]:
        stopped: Sequence[Refusal] = self.hub.refusals(receipt)
        return stopped

    def note(self, position: ArchivePosition) -> None:
        self.positions.append(position)

    def reading(self, channel: Channel) -> None:
        pass

    async def position(self, channel: Channel) -> ArchivePosition | None:
        return None

    async def recent(self, channel: Channel) -> Sequence[Delivery]:
        return []

    def channel_named(self, name: str) -> Channel | None:
        return None

    def open_channels(self) -> Sequence[ChannelSpec]:
        return []

    def title(self, channel: Channel) -> str:
        return str(channel)

    def leads_to(self, channel: Channel, without: Container[Channel] = ()) -> Sequence[str]:
        return []

    def greeting(self, room: Channel, nick: str) -> Words:
        return _("Hello!")

    def language(self, jid: str, asked: str = "") -> str:
        return self.languages.get(jid, "en")

    def page_of(self, message: Message) -> str:
        return "https://x"

    def confirms(self, jid: str) -> str:
        return self.wishes.get(jid, "once")

    async def welcome(self, jid: str) -> Words | None:
        return None

    def is_operator(self, jid: str) -> bool:
        return jid.startswith("admin@")

    def seen(self, jid: str) -> None:
        pass

    async def can_read(self, message_id: str, channel: Channel, jid: str) -> bool:
        return False

    async def answer(self, line: TypedLine) -> str | PlainMessage | None:
        self.asked.append(line.text)
        return self.answers.get(line.text)

    def is_room_command(self, line: str) -> bool:
        return line in self.answers

    def expects(self, jid: str, line: str) -> bool:
        return line in self.answers

    def listed(self, to: str, asker: str, language: str) -> Sequence[tuple[str, str]]:
        return []

    def named(self, node: str, asker: str, language: str) -> str | None:
        return None

    async def serve(self, stanza: Element) -> Element:
        return stanza

    def gateway(self, domain: str) -> HeardThere | None:
        return self.gateways.get(domain)
