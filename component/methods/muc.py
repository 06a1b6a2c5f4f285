"""Rooms (XEP-0045). Confirmed by the room's own reflection; unconfirmed ones are looked for in its
archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, Fate, MethodSpec, Ports, Rooms
from component.bus.ports.rendering import AsMessage, Rendered
from component.common.form import Ask, Jid
from component.common.i18n import _
from component.common.jids import BARE_JID, channel_address


@dataclass(frozen=True, slots=True)
class Settings:
    """What can be set of a room."""

    subject: Annotated[str, Ask(_("Subject"), _("the subject shown in the room"))] = ""
    invite: Annotated[
        tuple[Jid, ...],
        Ask(_("Invite"), _("the people to invite when the room is created, one JID per line")),
    ] = ()


class Muc:
    """Speaks in rooms."""

    corrects = True
    form = AsMessage()

    def __init__(self, rooms: Rooms) -> None:
        self._rooms = rooms

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Be in these rooms."""
        self._rooms.configure(specs)

    async def ready(self, channel: Channel) -> None:
        """Return once the bot is in the room and has read what it missed."""
        await self._rooms.ready(channel.address)

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        """Say it in the room, for its author; raises Unavailable or Refused."""
        return await self._rooms.say(rendered.delivery.channel.address, rendered.content)

    async def landed(self, channel: Channel) -> frozenset[str]:
        """The ids of our messages in the room's archive beyond what was read before; raises
        Unavailable."""
        return await self._rooms.landed(channel.address)

    async def retract(self, delivery: Delivery) -> Fate:
        """Have the room retract what was said (XEP-0425), or ask clients to (XEP-0424)."""
        return await self._rooms.retract(delivery.channel.address, delivery)

    async def admits(self, channel: Channel, jid: str) -> bool:
        """Whether a bare JID may enter the room; raises NotFound, Unavailable."""
        return await self._rooms.admits(channel.address, jid)


def make(ports: Ports) -> Muc:
    """The method in the bus's rooms."""
    return Muc(ports.rooms)


METHOD = MethodSpec(
    "muc",
    make,
    example="muc:team@rooms.example.org",
    address=BARE_JID,
    puppets=True,
    form=Settings,
    tidy=channel_address,
)
