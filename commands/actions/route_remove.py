"""`route-remove`: take a route away, after asking."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.shared import arrow, ask_sure, entry, find_route, routes, shown, unchanged
from component.form import Ask
from component.ports import Drop
from component.roles import Role
from component.route import Route
from component.words import Words, _


@dataclass(frozen=True)
class Form:
    """Which one."""

    route: Annotated[str, Ask(_("Route"), _("its number, or where from and where to"), choices=routes)]


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    route = find_route(bus, form.route)

    async def remove(caller: Caller, bus: Bus) -> Reply:
        unchanged(bus, route)
        await bus.settings.change([Drop(route)], entry(caller, bus, "route-remove", before=arrow(route)))
        return Done(_("Removed {route}.", route=shown(route)))

    return ask_sure(_("Remove a route"), _goes(route, bus), remove)


def _goes(route: Route, bus: Bus) -> Words:
    """What goes with it."""
    told = _("{route} goes; to stop it for a while, pause it instead.", route=shown(route))
    if route.stages:
        names = ", ".join(stage.name for stage in route.stages)
        told = _("{told} {more}", told=told, more=_("Its processors go with it: {names}.", names=names))
    held = bus.hub.flow.held_at(route)
    if held:
        more = _("{count} messages that wait there become dead letters of {channel}.", count=held,
                 channel=route.destination)  # fmt: skip
        told = _("{told} {more}", told=told, more=more)
    return told


ACTION = Action("route-remove", _("Remove a route"), Role.OPERATOR, _run, Form, more=True, group="routes")
