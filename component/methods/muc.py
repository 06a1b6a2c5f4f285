"""Rooms (XEP-0045). Confirmed by the room's own reflection; unconfirmed ones are looked for in its
archive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, Fate, Letters, MethodSpec, Ports, Rooms
from component.common.form import Ask, Jid
from component.common.i18n import _
from component.common.sanitize import BARE_JID


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

    def __init__(self, rooms: Rooms, letters: Letters) -> None:
        self._rooms = rooms
        self._letters = letters

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Method.configure`."""
        self._rooms.configure(specs)

    async def ready(self, channel: Channel) -> None:
        """See `ports.Method.ready`."""
        await self._rooms.ready(channel.address)

    async def send(self, delivery: Delivery) -> Confirmation:
        """See `ports.Method.send`."""
        return await self._rooms.say(
            delivery.channel.address, await self._letters.message(delivery)
        )

    async def landed(self, channel: Channel) -> frozenset[str]:
        """See `ports.Method.landed`."""
        return await self._rooms.landed(channel.address)

    async def retract(self, delivery: Delivery) -> Fate:
        """See `ports.Retracts.retract`."""
        return await self._rooms.retract(delivery.channel.address, delivery)

    async def admits(self, channel: Channel, jid: str) -> bool:
        """See `ports.Admits.admits`."""
        return await self._rooms.admits(channel.address, jid)


def _make(ports: Ports) -> Muc:
    return Muc(ports.rooms, ports.letters)


METHOD = MethodSpec(
    "muc",
    _make,
    example="muc:team@rooms.example.org",
    address=BARE_JID,
    puppets=True,
    form=Settings,
)
