"""`route-edit`: where a route starts and ends, and whether it is on; the form holds what stands."""

from dataclasses import dataclass, field, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.shared import arrow, channels, entry, find_channel, find_route, places, routes, unchanged
from component.errors import BadInput, Conflict
from component.form import Ask
from component.message import Channel
from component.ports import Put
from component.roles import Role
from component.route import Route
from component.words import _


@dataclass(frozen=True)
class Form:
    """Which one."""

    route: Annotated[str, Ask(_("Route"), _("its number, or where from and where to"), choices=routes)]


async def _run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    route = find_route(bus, form.route)

    async def edit(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await _edit(route, caller, filled, bus)

    return Step(_("Edit route {number}", number=route.id), _standing(route), edit)


def _standing(route: Route) -> type:
    """The form, with what stands in it."""
    source = Annotated[Channel, Ask(_("From"), _("where messages come from"), choices=channels)]
    destination = Annotated[Channel, Ask(_("To"), _("where they go"), choices=places)]
    asked = [
        ("source", source, field(default=route.source)),
        ("destination", destination, field(default=route.destination)),
        ("on", Annotated[bool, Ask(_("On"))], field(default=route.enabled)),
    ]
    return make_dataclass("Form", asked, frozen=True)


async def _edit(route: Route, caller: Caller, filled: Any, bus: Bus) -> Reply:
    if not (filled.source and filled.destination):
        raise BadInput(_("A route needs both: where it starts and where it ends."))
    unchanged(bus, route)
    wanted = replace(route, source=filled.source, destination=filled.destination, enabled=filled.on)
    if wanted == route:
        return Done(_("Left as it was: {route}.", route=arrow(route)))
    for end in (wanted.source, wanted.destination):
        find_channel(bus, end)
    ends = (wanted.source, wanted.destination)
    other = next((one for one in bus.hub.routes if (one.source, one.destination) == ends and one.id != route.id), None)
    if other:
        raise Conflict(_("Route {number} is that one already: {route}.", number=other.id, route=arrow(other)))
    await bus.settings.change([Put(wanted)], entry(caller, bus, "route-edit", arrow(route), arrow(wanted)))
    return Done(_("Changed {before}: it is now {after}.", before=arrow(route), after=arrow(wanted)))


ACTION = Action("route-edit", _("Edit a route"), Role.OPERATOR, _run, Form, more=True, group="routes")
