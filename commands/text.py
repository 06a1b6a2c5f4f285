"""The text surface: a line to the bot is a command where the whole of it is one, and else a message."""

from collections.abc import Callable

from commands.action import Bus, Caller, run
from component.errors import ShoutbusError
from component.roles import Role
from component.xmpp.bot import Asked


class Text:
    """Answers lines; `role_of` gives a bare JID's role."""

    def __init__(self, bus: Bus, role_of: Callable[[str], Role]) -> None:
        self._bus = bus
        self._role_of = role_of

    async def answer(self, asked: Asked) -> str | None:
        """The reply to a line, or None where it is no command."""
        action = self._bus.actions.get(asked.text.strip().casefold().removesuffix("?"))
        if action is None:
            return None
        caller = Caller(asked.jid, asked.nick, self._role_of(asked.jid), asked.in_room)
        try:
            reply = await run(action, caller, self._bus)
        except ShoutbusError as error:
            return f"Error: {error}"
        return "\n".join(reply.lines)
