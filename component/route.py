"""Routes, and the pure decision where a message goes. No I/O."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from component.errors import BadInput
from component.message import Channel, Message


@dataclass(frozen=True, slots=True)
class Route:
    """From a channel to a channel, on or off. The source may be `method:*`; the destination is one address.

    `id` and `version` are the store's: 0 for one that it does not hold yet.
    """

    source: Channel
    destination: Channel
    enabled: bool = True
    id: int = 0
    version: int = field(default=0, compare=False)

    def __post_init__(self) -> None:
        if self.source == self.destination:
            raise BadInput(f"A route from {self.source} to itself would go nowhere.")
        if self.destination.address == "*":
            raise BadInput(f"{self.destination} is no single address: a route ends at one channel.")


class Routes:
    """The enabled routes, indexed by where they start: a look-up costs by the routes of that channel alone."""

    def __init__(self, routes: Iterable[Route], persons: Iterable[str] = ()) -> None:
        """`persons` are the methods whose channels are persons: what is brought to one goes no further."""
        self.persons = frozenset(persons)
        self._from: dict[Channel, tuple[Channel, ...]] = {}
        for route in routes:
            if route.enabled:
                self._from[route.source] = (*self._from.get(route.source, ()), route.destination)

    def after(self, channel: Channel) -> tuple[Channel, ...]:
        """The destinations one step from `channel`, in the routes' order; empty where there are none."""
        return self._from.get(channel, ()) + self._from.get(channel.anyone, ())


def plan(message: Message, routes: Routes) -> tuple[Channel, ...]:
    """Every channel that `message` must reach, nearest first, each once, never back to where it has been.

    What reaches a place goes on by that place's own routes (a Pipes and Filters chain); what reaches a
    person does not, for a route from a person is for what they say. A ring of routes ends by itself; a ring
    over several buses ends by the message's id, which each accepts once.
    """
    seen = {message.channel}
    ahead = deque([message.channel])
    reached: list[Channel] = []
    while ahead:
        for channel in routes.after(ahead.popleft()):
            if channel not in seen:
                seen.add(channel)
                reached.append(channel)
                if channel.method not in routes.persons:
                    ahead.append(channel)
    return tuple(reached)
