"""`route-remove`: take a route away, after asking."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.shared import arrow, ask_sure, entry, find_route, routes, unchanged
from component.form import Ask
from component.ports import Drop
from component.roles import Role
from component.words import _


@dataclass(frozen=True)
class Form:
    """Which one."""

    route: Annotated[str, Ask(_("Route"), _("its number, or where from and where to"), choices=routes)]


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    route = find_route(bus, form.route)

    async def remove(caller: Caller, bus: Bus) -> Reply:
        unchanged(bus, route)
        await bus.settings.change([Drop(route)], entry(caller, bus, "route-remove", before=arrow(route)))
        return Done(_("Removed {route}.", route=arrow(route)))

    told = _("{route} goes; to stop it for a while, pause it instead.", route=arrow(route))
    return ask_sure(_("Remove a route"), told, remove)


ACTION = Action("route-remove", _("Remove a route"), Role.OPERATOR, _run, Form, more=True, group="routes")
