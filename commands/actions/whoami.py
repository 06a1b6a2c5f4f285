"""`whoami`: whom the bot takes the caller for."""

from commands.action import Action, Bus, Caller, Reply
from component.roles import Role


async def _run(caller: Caller, bus: Bus) -> Reply:
    if caller.in_room:  # the real JID is not for the whole room
        return Reply((f"Here you are {caller.name}, with the role {caller.role.label}.",))
    if not caller.jid:
        return Reply((f"You are {caller.name}; through a room I can't tell more. Write to {bus.bot}.",))
    return Reply((f"You are {caller.jid}, with the role {caller.role.label}.",))


ACTION = Action("whoami", "who you are to me", Role.GUEST, _run, public=True)
