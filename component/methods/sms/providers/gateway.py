"""SMS through a gateway on XMPP (XEP-0100): a message to the number's JID at the gateway."""

from component.bus.ports.method import Direct


class GatewayProvider:
    """Writes to `NUMBER@domain`. Confirmed as direct messages are."""

    def __init__(self, direct: Direct, domain: str) -> None:
        self._direct = direct
        self._domain = domain

    async def ready(self) -> None:
        """Return once there is a stream to the XMPP server."""
        await self._direct.ready()

    async def send(self, number: str, text: str, id: str) -> None:
        """Write the text to the number's JID and wait until the gateway has it."""
        confirmation = await self._direct.write(f"{number}@{self._domain}", id, text)
        await confirmation

    async def close(self) -> None:
        """Nothing is open: the stream is the bus's."""
