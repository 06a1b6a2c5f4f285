"""What would become of a message, route by route, told and not done. No I/O."""

from collections import deque
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum

from component.bus.model.message import Channel, Message
from component.bus.model.planner import Dead, Planner, through
from component.bus.model.processor import Hold, Outcome
from component.bus.model.route import Link, Make, Route, Stage, grouped, no_processors


class Fate(StrEnum):
    """What becomes of a message at one route."""

    GOES = "goes"
    OFF = "off"
    """The route is off."""
    HELD = "held"
    """The route starts at a channel that is paused: nothing of it passes."""
    KNOWN = "known"
    """It has been there already, by a nearer way."""
    ENDS = "ends"
    """A processor stops it or lets it wait: the last of the hop's `steps` says which."""


@dataclass(frozen=True, slots=True)
class Hop:
    """A route that a message meets at `place`, and what becomes of it there; `hops` from where it
    began.

    `steps` are its processors' words on it; `message` is what arrives, or would.
    """

    place: Channel
    route: Route
    fate: Fate
    hops: int
    message: Message
    steps: tuple[tuple[Stage, Outcome | Dead], ...] = ()


def explain(
    message: Message,
    routes: Iterable[Route],
    planner: Planner,
    make: Make = no_processors,
    paused: Collection[Channel] = (),
) -> tuple[Hop, ...]:
    """Every route that a message meets, in `plan`'s order: those that it goes by lead where `plan`
    does.

    `paused` are the channels that pass nothing on. The planner works on a draft of the ledger.
    """
    leading = grouped(routes, lambda route: route.source)
    seen = {message.channel: 0}
    ahead = deque([(message.channel, message)])
    met: list[Hop] = []
    while ahead:
        place, here = ahead.popleft()
        for route in dict.fromkeys((*leading.get(place, ()), *leading.get(place.anyone, ()))):
            hop = _hop(
                here,
                place,
                route,
                _fate(place, route, paused, seen),
                seen[place] + 1,
                planner,
                make,
            )
            met.append(hop)
            if hop.fate is Fate.GOES or _waits(hop):
                seen[route.destination] = seen[place] + 1
            if hop.fate is Fate.GOES and route.destination.method not in planner.routes.persons:
                ahead.append((route.destination, hop.message))
    return tuple(met)


def _waits(hop: Hop) -> bool:
    return bool(hop.steps) and isinstance(hop.steps[-1][1], Hold | Dead)


def _hop(
    message: Message,
    place: Channel,
    route: Route,
    fate: Fate,
    hops: int,
    planner: Planner,
    make: Make,
) -> Hop:
    if fate is not Fate.GOES or not route.stages:
        return Hop(place, route, fate, hops, message)
    links = [Link(stage, make(stage)) for stage in route.stages]
    steps = [
        (link.stage, outcome)
        for link, outcome in through(
            message, links, route.id, planner.now, planner.ledger, planner.links(place)
        )
    ]
    passed = [outcome for _stage, outcome in steps if isinstance(outcome, Message)]
    ends = len(passed) < len(links)
    return Hop(
        place,
        route,
        Fate.ENDS if ends else fate,
        hops,
        passed[-1] if passed else message,
        tuple(steps),
    )


def _fate(
    place: Channel, route: Route, paused: Collection[Channel], seen: Collection[Channel]
) -> Fate:
    if not route.enabled:
        return Fate.OFF
    if place in paused or route.source in paused:
        return Fate.HELD
    return Fate.KNOWN if route.destination in seen else Fate.GOES
