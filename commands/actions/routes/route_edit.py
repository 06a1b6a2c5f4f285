"""`route-edit`: where a route starts and ends, whether it is on, and its processors; forms hold
what stands."""

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
    ENDS: _("Ends, on or off"),
    "add": _("Add a processor"),
    "edit": _("Edit a processor"),
    "order": _("Order processors"),
    "drop": _("Drop processors"),
}
"""What may be done, as forms show it; lines have the word itself."""


def _parts(_bus: Bus) -> Sequence[Choice]:
    return [Choice(one, _WHAT[one]) for one in (ENDS, *STEPS)]


@dataclass(frozen=True)
class Form:
    """Which one, and what of it."""

    route: Annotated[
        str, Ask(_("Route"), _("its number, or where from and where to"), choices=routes)
    ]
    what: Annotated[
        str,
        Ask(
            _("What"),
            _("its ends and whether it is on; or of its processors: add, edit, order, drop"),
            _parts,
            wanted=True,
        ),
    ] = ENDS


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    route = find_route(bus, form.route)
    if form.what in STEPS:
        return STEPS[form.what](route, caller)

    async def edit(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await _edit(route, caller, filled, bus)

    return Step(_("Edit route {number}", number=route.id), _standing(route), edit, open=True)


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
        return Done(_("Left as it was: {route}.", route=shown(route)))
    for end in (wanted.source, wanted.destination):
        find_channel(bus, end)
    ends = (wanted.source, wanted.destination)
    other = next(
        (
            one
            for one in bus.hub.routes
            if (one.source, one.destination) == ends and one.id != route.id
        ),
        None,
    )
    if other:
        raise Conflict(
            _("Route {number} is that one already: {route}.", number=other.id, route=shown(other))
        )
    await bus.settings.change(
        [Put(wanted)], entry(caller, bus, "route-edit", arrow(route), arrow(wanted))
    )
    return Done(_("Changed {before}: it is now {after}.", before=shown(route), after=shown(wanted)))


ACTION = Action(
    "route-edit",
    _("Edit a route"),
    Role.OPERATOR,
    _run,
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
