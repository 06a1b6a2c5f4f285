"""Routes as they are configured, and the index that finds those of a channel. No I/O."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from component.bus.model.message import Channel
from component.bus.model.processor import Processor
from component.common.errors import BadInput
from component.common.i18n import _

_T = TypeVar("_T")
_K = TypeVar("_K")

MAX_STAGES = 20
"""Processors of one route."""

Settings = tuple[tuple[str, tuple[str, ...]], ...]
"""A processor's settings as people write them: (name, values)."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A processor at its place in a route: its name and settings, and an id that is its own within
    the route.

    The id stays when the stage is moved or set otherwise, so that what waits at a stage knows what
    it has passed.
    """

    id: int
    name: str
    settings: Settings = ()


@dataclass(frozen=True, slots=True)
class Route:
    """From a channel, through processors in their order, to a channel, on or off. The source may be
    `method:*`; the destination is one address.

    `id` and `version` are the store's: 0 for one that it does not hold yet.
    """

    source: Channel
    destination: Channel
    enabled: bool = True
    id: int = 0
    version: int = field(default=0, compare=False)
    stages: tuple[Stage, ...] = ()

    def __post_init__(self) -> None:
        if self.source == self.destination:
            raise BadInput(
                _(
                    "A route cannot lead from {source} to itself. Choose another destination.",
                    source=self.source,
                )
            )
        if self.destination.address == "*":
            raise BadInput(
                _(
                    "{channel} is not a single address. A route ends at one channel.",
                    channel=self.destination,
                )
            )
        if len(self.stages) > MAX_STAGES:
            told = _(
                "The route would have {count} processors. The maximum is {most}.",
                count=len(self.stages),
                most=MAX_STAGES,
            )
            raise BadInput(told)
        if len({stage.id for stage in self.stages}) < len(self.stages):
            raise BadInput(_("Two processors of a route have the same ID."))

    def with_stage(
        self, name: str, settings: Settings, place: int | None = None
    ) -> tuple[Stage, ...]:
        """The stages with a new one at `place`, counted from 0; at the end where it is None."""
        new = Stage(max((stage.id for stage in self.stages), default=0) + 1, name, settings)
        at = len(self.stages) if place is None else place
        return (*self.stages[:at], new, *self.stages[at:])


@dataclass(frozen=True, slots=True)
class Link:
    """A stage that is ready to work."""

    stage: Stage
    processor: Processor


Make = Callable[[Stage], Processor]
"""Gives a stage's processor; one that holds everything if the processor does not exist."""


class ActiveRoute:
    """An enabled route, ready to work; its processors are made when the first message comes."""

    __slots__ = ("_chain", "_make", "route")

    def __init__(self, route: Route, make: Make) -> None:
        self.route = route
        self._make = make
        self._chain: tuple[Link, ...] | None = None if route.stages else ()

    @property
    def chain(self) -> tuple[Link, ...]:
        """The stages in their order."""
        if self._chain is None:
            self._chain = tuple(Link(stage, self._make(stage)) for stage in self.route.stages)
        return self._chain


def no_processors(stage: Stage) -> Processor:
    """Makes none: for routes that have none."""
    raise LookupError(f"unknown processor {stage.name}")


class Routes:
    """The enabled routes, indexed by where they start: a look-up costs by the routes of that
    channel alone."""

    def __init__(
        self,
        routes: Iterable[Route],
        persons: Iterable[str] = (),
        paused: Iterable[Channel] = (),
        make: Make = no_processors,
    ) -> None:
        """`persons` are the methods whose channels are persons: what is brought to one goes no
        further.

        Nothing that comes from one of the `paused` channels does.
        """
        self.persons = frozenset(persons)
        self._paused = frozenset(paused)
        ways = [ActiveRoute(one, make) for one in routes if one.enabled]
        self._by_id = {way.route.id: way for way in ways}
        self._from: dict[Channel, tuple[ActiveRoute, ...]] = {
            source: tuple(mine)
            for source, mine in grouped(ways, lambda way: way.route.source).items()
            if source not in self._paused
        }

    def after(self, channel: Channel) -> tuple[ActiveRoute, ...]:
        """The routes one step from `channel`, in their order; empty where there are none."""
        if channel in self._paused:
            return ()
        return self._from.get(channel, ()) + self._from.get(channel.anyone, ())

    def beyond(self, channel: Channel) -> frozenset[Channel]:
        """Every channel to which a message from `channel` may be forwarded."""
        found: set[Channel] = set()
        ahead = [channel]
        while ahead:
            place = ahead.pop()
            ways = () if place.method in self.persons else self.after(place)
            new = {way.route.destination for way in ways} - found
            found |= new
            ahead.extend(new)
        return frozenset(found)

    def get(self, number: int) -> ActiveRoute | None:
        """An enabled route by its id."""
        return self._by_id.get(number)


def grouped(things: Iterable[_T], key: Callable[[_T], _K]) -> Mapping[_K, Sequence[_T]]:
    """Things by a key of theirs, in their order."""
    found: dict[_K, list[_T]] = {}
    for thing in things:
        found.setdefault(key(thing), []).append(thing)
    return found
