"""`route-remove` removes a route, after asking."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import arrow, ask_sure, entry, find_route, goes_with, routes, shown, unchanged
from component.bus.model.records import Drop
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import _, joined


@dataclass(frozen=True)
class Form:
    """Which one."""

    route: Annotated[
        str, Ask(_("Route"), _("its number, or its source and destination"), choices=routes)
    ]


async def run(_caller: Caller, form: Form, bus: Bus) -> Reply:
    """Remove a route, after asking."""
    route = find_route(bus, form.route)

    async def remove(caller: Caller, bus: Bus) -> Reply:
        unchanged(bus, route)
        await bus.settings.change(
            [Drop(route)], entry(caller, bus, "route-remove", before=arrow(route))
        )
        return Done(_("Removed {route}.", route=shown(route)))

    goes = _(
        "{route} will be removed. To stop it temporarily, pause it instead.", route=shown(route)
    )
    return ask_sure(_("Remove a route"), joined([goes, *goes_with(route, bus)], " "), remove)


ACTION = Action(
    "route-remove", _("Remove a route"), Role.OPERATOR, run, Form, more=True, group="routes"
)
