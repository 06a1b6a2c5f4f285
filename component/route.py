"""Routes, and the pure decision where a message goes. No I/O."""

from collections import deque
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

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

    def __init__(self, routes: Iterable[Route], persons: Iterable[str] = (), paused: Iterable[Channel] = ()) -> None:
        """`persons` are the methods whose channels are persons: what is brought to one goes no further.

        Nothing that comes from one of the `paused` channels does.
        """
        self.persons = frozenset(persons)
        self._paused = frozenset(paused)
        self._from: dict[Channel, tuple[Channel, ...]] = {
            source: tuple(route.destination for route in mine)
            for source, mine in _by_source(
                one for one in routes if one.enabled and one.source not in self._paused
            ).items()
        }

    def after(self, channel: Channel) -> tuple[Channel, ...]:
        """The destinations one step from `channel`, in the routes' order; empty where there are none."""
        if channel in self._paused:
            return ()
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


class Fate(StrEnum):
    """What becomes of a message at one route."""

    GOES = "goes"
    OFF = "off"
    """The route is off."""
    HELD = "held"
    """The route starts at a channel that is paused: nothing of it passes."""
    KNOWN = "known"
    """It has been there already, by a nearer way."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A route that a message meets at `place`, and what becomes of it there; `hops` from where it began."""

    place: Channel
    route: Route
    fate: Fate
    hops: int


def explain(
    start: Channel, routes: Iterable[Route], paused: Collection[Channel] = (), persons: Collection[str] = ()
) -> tuple[Hop, ...]:
    """Every route that a message from `start` meets, in `plan`'s order: those that it goes by lead where `plan` does.

    `paused` are the channels that pass nothing on, `persons` the methods whose channels are persons.
    """
    leading = _by_source(routes)
    seen = {start: 0}
    ahead = deque([start])
    met: list[Hop] = []
    while ahead:
        place = ahead.popleft()
        for route in dict.fromkeys((*leading.get(place, ()), *leading.get(place.anyone, ()))):
            fate = _fate(place, route, paused, seen)
            met.append(Hop(place, route, fate, seen[place] + 1))
            if fate is Fate.GOES:
                seen[route.destination] = seen[place] + 1
                if route.destination.method not in persons:
                    ahead.append(route.destination)
    return tuple(met)


def _fate(place: Channel, route: Route, paused: Collection[Channel], seen: Collection[Channel]) -> Fate:
    if not route.enabled:
        return Fate.OFF
    if place in paused or route.source in paused:
        return Fate.HELD
    return Fate.KNOWN if route.destination in seen else Fate.GOES


def _by_source(routes: Iterable[Route]) -> Mapping[Channel, Sequence[Route]]:
    """The routes that start at each channel, in their order."""
    found: dict[Channel, list[Route]] = {}
    for route in routes:
        found.setdefault(route.source, []).append(route)
    return found
