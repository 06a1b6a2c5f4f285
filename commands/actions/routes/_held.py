"""What processors hold, as operators see it: the first to go on, and until when they wait."""

from collections.abc import Sequence

from commands.action import Bus, Caller
from commands.lookups import brief, may_read, when
from component.bus.model.planner import Held
from component.bus.model.route import Route
from component.common.i18n import Words, _

FIRST = 5
"""Messages that are shown."""


async def first_held(
    caller: Caller, bus: Bus, route: Route | None = None
) -> Sequence[tuple[int, Words | str]]:
    """The first to go on, of one route or of all: the route's number, and the message in a line."""
    by_number = {one.id: one for one in bus.hub.routes}
    held = await bus.hub.store.held.first(FIRST, route.id if route else None)
    return [
        (one.route, _shown(one, by_number[one.route], caller, bus))
        for one in held
        if one.route in by_number
    ]


def _shown(held: Held, route: Route, caller: Caller, bus: Bus) -> Words | str:
    """What people say to the bot is for admins alone; others see that it is there."""
    message = held.message
    what = message.id[:8]
    if may_read(caller, bus, route.source):
        what = f"{what} {message.author.shown}: {brief(message.body, 100)}"
    return _("until {time} UTC: {what}", time=when(held.due), what=what) if route.enabled else what
