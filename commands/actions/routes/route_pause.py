"""`route-pause` turns a route off, or on again; messages that come in between are not sent
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


def state_choices(_bus: Bus) -> Sequence[Choice]:
    """The two states, as choices."""
    return [Choice("off", OFF), Choice("on", ON)]


@dataclass(frozen=True)
class Form:
    """Which one, and what it shall be."""

    route: Annotated[
        str, Ask(_("Route"), _("its number, or its source and destination"), choices=routes)
    ]
    state: Annotated[
        str,
        Ask(
            _("State"), _("“off” disables the route, “on” enables it again"), choices=state_choices
        ),
    ] = "off"


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Turn a route off, or on again."""
    route = find_route(bus, form.route)
    wanted = replace(route, enabled=form.state == "on")
    state = ON if wanted.enabled else OFF
    if wanted.enabled == route.enabled:
        return Done(
            _("Nothing to change: {route} is already {state}.", route=ends_of(route), state=state)
        )
    await bus.settings.change(
        [Put(wanted)], entry(caller, bus, "route-pause", arrow(route), arrow(wanted))
    )
    return Done(_("{route} is now {state}.", route=ends_of(route), state=state))


def ends_of(route: Route) -> str:
    """A route in a line, without its state."""
    return arrow(replace(route, enabled=True))


ACTION = Action("route-pause", _("Pause a route"), Role.OPERATOR, run, Form, group="routes")
