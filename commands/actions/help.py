"""`help`: what the bot can do for the one who asks."""

from commands.action import Action, Bus, Caller, Reply
from component.roles import Role


async def _run(caller: Caller, bus: Bus) -> Reply:
    mine = [
        action for action in bus.actions.values()
        if action.role <= caller.role and (action.public or not caller.in_room)
    ]  # fmt: skip
    lines = [f"{action.name}: {action.title}" for action in sorted(mine, key=lambda action: action.name)]
    return Reply(
        ("I pass messages between rooms, shoutboxes and people. I know these commands:", *lines, _rest(caller, bus))
    )


def _rest(caller: Caller, bus: Bus) -> str:
    if caller.in_room:
        return f"In private, write to {bus.bot}. The shoutboxes are at {bus.web}"
    return f"Anything else you write to me is passed on. The shoutboxes are at {bus.web}"


ACTION = Action("help", "this list", Role.GUEST, _run, public=True)
