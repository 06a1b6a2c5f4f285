"""`ping`: whether the bot is there."""

from commands.action import Action, Bus, Caller, Reply
from component.roles import Role


async def _run(_caller: Caller, _bus: Bus) -> Reply:
    return Reply(("pong",))


ACTION = Action("ping", "whether I am there", Role.GUEST, _run, public=True)
