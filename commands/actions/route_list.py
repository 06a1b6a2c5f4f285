"""`route-list`: every route with its number, and whether it is on."""

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.shared import arrow
from commands.words import _
from component.roles import Role


async def _run(_caller: Caller, _form: None, bus: Bus) -> Reply:
    lines = [f"{route.id}: {arrow(route)}" for route in bus.hub.routes]
    return Lines(_("{count} routes:", count=len(lines)), lines)


ACTION = Action("route-list", _("List routes"), Role.OPERATOR, _run, group="routes")
