"""`route-pause`: turn a route off, or on again; messages that come meanwhile are not brought
later."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import OFF, ON, arrow, entry, find_route, routes
from component.bus.model.records import Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.form import Ask, Choice
from component.common.i18n import _


def _states(_bus: Bus) -> Sequence[Choice]:
    return [Choice("off", OFF), Choice("on", ON)]


@dataclass(frozen=True)
class Form:
    """Which one, and what it shall be."""

    route: Annotated[
        str, Ask(_("Route"), _("its number, or where from and where to"), choices=routes)
    ]
    state: Annotated[
        str, Ask(_("State"), _("off pauses it, on lets it run again"), choices=_states)
    ] = "off"


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    route = find_route(bus, form.route)
    wanted = replace(route, enabled=form.state == "on")
    state = ON if wanted.enabled else OFF
    if wanted.enabled == route.enabled:
        return Done(
            _("Nothing to change: {route} is {state} already.", route=_plain(route), state=state)
        )
    await bus.settings.change(
        [Put(wanted)], entry(caller, bus, "route-pause", arrow(route), arrow(wanted))
    )
    return Done(_("{route} is {state} now.", route=_plain(route), state=state))


def _plain(route: Route) -> str:
    return arrow(replace(route, enabled=True))


ACTION = Action("route-pause", _("Pause a route"), Role.OPERATOR, _run, Form, group="routes")
