"""`version`: which program and version the bot is."""

from commands.action import Action, Bus, Caller, Reply
from component.roles import Role


async def _run(_caller: Caller, bus: Bus) -> Reply:
    return Reply((f"Shoutbus {bus.version}",))


ACTION = Action("version", "what I am", Role.GUEST, _run, public=True)
