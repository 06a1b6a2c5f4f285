"""`route-edit` changes a route's ends, whether it is on, and its processors."""

from collections.abc import Sequence
from dataclasses import dataclass, field, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.routes._stages import STEPS
from commands.lookups import (
    arrow,
    channels,
    entry,
    find_channel,
    find_route,
    places,
    routes,
    shown,
    unchanged,
)
from component.bus.model.message import Channel
from component.bus.model.records import Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import BadInput, Conflict
from component.common.form import Ask, Choice
from component.common.i18n import _

ENDS = "ends"
_WHAT = {
    ENDS: _("Source, destination, state"),
    "add": _("Add a processor"),
    "edit": _("Edit a processor"),
    "order": _("Reorder processors"),
    "drop": _("Remove processors"),
}
"""What may be done, as forms show it; lines have the word itself."""


def part_choices(_bus: Bus) -> Sequence[Choice]:
    """What may be changed about a route."""
    return [Choice(one, _WHAT[one]) for one in (ENDS, *STEPS)]


@dataclass(frozen=True)
class Form:
    """Which one, and what of it."""

    route: Annotated[
        str, Ask(_("Route"), _("its number, or its source and destination"), choices=routes)
    ]
    what: Annotated[
        str,
        Ask(
            _("Action"),
            _(
                "“ends” changes its source, destination and state; add, edit, order and drop "
                "change its processors"
            ),
            part_choices,
            wanted=True,
        ),
    ] = ENDS


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Ask for a route's ends, or for what is to be done with its processors."""
    route = find_route(bus, form.route)
    if form.what in STEPS:
        return STEPS[form.what](route, caller)

    async def edit(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await edit_route(route, caller, filled, bus)

    return Step(_("Edit route {number}", number=route.id), form_of(route), edit, open=True)


def form_of(route: Route) -> type:
    """The form, with the route's present values."""
    source = Annotated[
        Channel, Ask(_("From"), _("the channel that messages come from"), choices=channels)
    ]
    destination = Annotated[
        Channel, Ask(_("To"), _("the channel that messages go to"), choices=places)
    ]
    asked = [
        ("source", source, field(default=route.source)),
        ("destination", destination, field(default=route.destination)),
        ("on", Annotated[bool, Ask(_("Enabled"))], field(default=route.enabled)),
    ]
    return make_dataclass("Form", asked, frozen=True)


async def edit_route(route: Route, caller: Caller, filled: Any, bus: Bus) -> Reply:
    """Save the ends of a filled form. Raises BadInput, Conflict."""
    if not (filled.source and filled.destination):
        raise BadInput(_("A route needs both a source and a destination."))
    unchanged(bus, route)
    wanted = replace(route, source=filled.source, destination=filled.destination, enabled=filled.on)
    if wanted == route:
        return Done(_("Nothing was changed: {route}.", route=shown(route)))
    ends = (wanted.source, wanted.destination)
    for end in ends:
        find_channel(bus, end)
    for other in bus.hub.routes:
        if (other.source, other.destination) == ends and other.id != route.id:
            raise Conflict(
                _(
                    "Route {number} already does this: {route}.",
                    number=other.id,
                    route=shown(other),
                )
            )
    audit = entry(caller, bus, "route-edit", arrow(route), arrow(wanted))
    await bus.settings.change([Put(wanted)], audit)
    return Done(_("Changed {before} to {after}.", before=shown(route), after=shown(wanted)))


ACTION = Action(
    "route-edit",
    _("Edit a route"),
    Role.OPERATOR,
    run,
    Form,
    more=True,
    group="routes",
    examples=(
        _("route edit 5 destination=muc:team@rooms.example.org on=no"),
        _("route edit 5 add throttle count=5 per=1min then=hold"),
        _("route edit 5 edit 2 count=10"),
        _("route edit 5 order 2 1 3"),
        _("route edit 5 drop 1,3"),
    ),
)
