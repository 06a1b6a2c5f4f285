"""Private messages (RFC 6121 section 5). Confirmed by an XEP-0199 ping behind them; nobody can look
what landed."""

from collections.abc import Sequence

from component.bus.model.delivery import Delivery, State
from component.bus.model.flow_control import Way
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, Direct, Fate, MethodSpec, Ports
from component.bus.ports.rendering import AsMessage, Rendered
from component.common.jids import BARE_JID, channel_address


class Chat:
    """Speaks with people."""

    corrects = True
    form = AsMessage()

    def __init__(self, direct: Direct) -> None:
        self._direct = direct

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """Nothing has to be prepared for a person."""

    async def ready(self, channel: Channel) -> None:
        """Return once there is a stream, by which every person is reached."""
        await self._direct.ready()

    async def send(self, rendered: Rendered[Message]) -> Confirmation:
        """Write it to the person; raises Unavailable or Refused."""
        return await self._direct.tell(rendered.delivery.channel.address, rendered.content)

    async def tell(self, target: Channel, message: Message) -> Confirmation:
        """Write a message to one person of many; raises Unavailable or Refused."""
        return await self._direct.tell(target.address, message)

    def way(self, target: Channel) -> Way:
        """The flow control of the person's server."""
        return self._direct.way(target.address)

    async def landed(self, channel: Channel) -> frozenset[str]:
        """Nothing is known: a person's archive is their own."""
        return frozenset()

    async def retract(self, delivery: Delivery) -> Fate:
        """Ask the person's client to hide what was sent (XEP-0424). What people wrote themselves
        stays."""
        if delivery.state is State.RECEIVED:
            return Fate.STAYS
        await self._direct.retract(delivery.channel.address, delivery.message)
        return Fate.ASKED


def make(ports: Ports) -> Chat:
    """The method over the bus's stream."""
    return Chat(ports.direct)


METHOD = MethodSpec(
    "chat",
    make,
    example="chat:juliet@example.org",
    address=BARE_JID,
    person=True,
    tidy=channel_address,
)
