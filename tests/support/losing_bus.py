"""A bus whose session loses what would tell the bot that it is out of a room, and whose bot asks
quiet rooms each second."""

from typing import Any
from xml.etree.ElementTree import Element

from component.xmpp.gateway import Gateway
from component.xmpp.limits import Limits
from tests.support.own_bus import serve


class LosingGateway(Gateway):
    """Nobody is seen to leave."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, limits=Limits(quiet_s=1.0), **more)

    def presence(self, stanza: Element) -> None:
        if stanza.get("type") != "unavailable":
            super().presence(stanza)


if __name__ == "__main__":
    serve(LosingGateway)
