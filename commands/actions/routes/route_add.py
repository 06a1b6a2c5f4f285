"""`route-add` adds a route from a channel to a channel, one way or both."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Done, Reply
from commands.lookups import arrow, channels, entry, find_channel, places
from component.bus.model.message import Channel
from component.bus.model.records import Put
from component.bus.model.roles import Role
from component.bus.model.route import Route
from component.common.errors import Conflict
from component.common.form import Ask
from component.common.i18n import _


@dataclass(frozen=True)
class Form:
    """Where from, where to."""

    source: Annotated[
        Channel, Ask(_("From"), _("the channel that messages come from"), choices=channels)
    ]
    destination: Annotated[
        Channel, Ask(_("To"), _("the channel that messages go to"), choices=places)
    ]
    both: Annotated[bool, Ask(_("Both directions"))] = False


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Add a route, one way or both. Raises Conflict where it already exists."""
    for end in (form.source, form.destination):
        find_channel(bus, end)
    wanted = [Route(form.source, form.destination)]
    if form.both:
        wanted.append(Route(form.destination, form.source))
    present = {(route.source, route.destination) for route in bus.hub.routes}
    new = [route for route in wanted if (route.source, route.destination) not in present]
    if not new:
        raise Conflict(_("That route already exists."))
    added = ", ".join(map(arrow, new))
    await bus.settings.change(list(map(Put, new)), entry(caller, bus, "route-add", after=added))
    return Done(_("Added {routes}.", routes=added))


ACTION = Action("route-add", _("Add a route"), Role.OPERATOR, run, Form, group="routes")
