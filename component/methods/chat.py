"""Private messages (RFC 6121 section 5). Confirmed by an XEP-0199 ping behind them; nobody can look
what landed."""

from collections.abc import Sequence

from component.bus.model.delivery import Delivery, State
from component.bus.model.flow_control import Way
from component.bus.model.message import Channel, Message
from component.bus.model.records import ChannelSpec
from component.bus.ports.method import Confirmation, Direct, Fate, Letters, MethodSpec, Ports
from component.common.sanitize import BARE_JID


class Chat:
    """Speaks with people."""

    corrects = True

    def __init__(self, direct: Direct, letters: Letters) -> None:
        self._direct = direct
        self._letters = letters

    def configure(self, specs: Sequence[ChannelSpec]) -> None:
        """See `ports.Method.configure`; there is nothing to do before someone is written to."""

    async def ready(self, channel: Channel) -> None:
        """See `ports.Method.ready`; every person is reached by the one stream."""
        await self._direct.ready()

    async def send(self, delivery: Delivery) -> Confirmation:
        """See `ports.Method.send`."""
        return await self._direct.tell(
            delivery.channel.address, await self._letters.message(delivery)
        )

    async def tell(self, target: Channel, message: Message) -> Confirmation:
        """See `ports.Quick.tell`."""
        return await self._direct.tell(target.address, message)

    def way(self, target: Channel) -> Way:
        """See `ports.Quick.way`."""
        return self._direct.way(target.address)

    async def landed(self, channel: Channel) -> frozenset[str]:
        """See `ports.Method.landed`; a person's archive is their own."""
        return frozenset()

    async def retract(self, delivery: Delivery) -> Fate:
        """See `ports.Retracts.retract`; what people wrote themselves is theirs."""
        if delivery.state is State.RECEIVED:
            return Fate.STAYS
        await self._direct.retract(delivery.channel.address, delivery.message)
        return Fate.ASKED


def _make(ports: Ports) -> Chat:
    return Chat(ports.direct, ports.letters)


METHOD = MethodSpec("chat", _make, example="chat:juliet@example.org", address=BARE_JID, person=True)
