"""A bus that answers besides, to messages that begin with a number sign, what its XMPP side knows
and no command tells: who is online, whom a room admits, who was put out."""

from typing import Any
from xml.etree.ElementTree import Element

from component.xmpp.gateway import Gateway
from component.xmpp.limits import Limits
from component.xmpp.stanza import body_of
from component.xmpp.tasks import Tasks
from tests.support.own_bus import serve


class AnsweringGateway(Gateway):
    """A room's word is believed for no time here, so that what nobody sees change can be asked
    again."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, limits=Limits(rules_s=0.0), **more)
        self._lost: list[str] = []
        self._tasks = Tasks()
        self.rooms.lost.append(lambda room, jid: self._lost.append(f"{room} {jid}"))

    def message(self, stanza: Element) -> None:
        if stanza.get("type") == "chat" and body_of(stanza).startswith("#"):
            self._tasks.run(self._ask(stanza))
        else:
            super().message(stanza)

    async def _ask(self, stanza: Element) -> None:
        number, verb, *names = body_of(stanza).split()
        answer = ""
        if verb == "watch":
            self.online.watch(*names)
            answer = "done"
        elif verb == "online":
            answer = str(self.online.is_online(*names))
        elif verb == "admits":
            answer = str(await self.rooms.admits(*names))
        elif verb == "lost":
            answer = ", ".join(self._lost)
        self.bot.reply(stanza, f"{number} {answer}")

    async def stop(self) -> None:
        await self._tasks.close()
        await super().stop()


if __name__ == "__main__":
    serve(AnsweringGateway)
