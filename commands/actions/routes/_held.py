"""The messages that processors hold, as operators see them: the first to continue, and until
when they wait."""

from collections.abc import Sequence

from commands.action import Bus, Caller
from commands.lookups import brief, when
from commands.named import may_read
from component.bus.model.planner import Held
from component.bus.model.route import Route
from component.common.i18n import Words, _

FIRST = 5
"""Messages that are shown."""


async def first_held(
    caller: Caller, bus: Bus, route: Route | None = None
) -> Sequence[tuple[int, Words | str]]:
    """The messages that continue first, of one route or of all: the route's number, and the message
    in a line."""
    by_number = {known.id: known for known in bus.hub.routes}
    lines = []
    for held in await bus.store.held.first(FIRST, route.id if route else None):
        at = by_number.get(held.route)
        if at:
            lines.append((held.route, held_line(held, at, caller, bus)))
    return lines


def held_line(held: Held, route: Route, caller: Caller, bus: Bus) -> Words | str:
    """A held message in a line. What people write to the bot is for admins alone; others see that
    it is there."""
    message = held.message
    what = message.short_id
    if may_read(caller, bus, route.source):
        what = f"{what} {message.author.shown}: {brief(message.body, 100)}"
    if not route.enabled:
        return what
    return _("until {time} UTC: {what}", time=when(held.due), what=what)
