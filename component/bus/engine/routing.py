"""How messages flow now: the routes in force, what their processors noted, what they hold back.

Plans are made within the store's transactions, one transaction at a time (`turn`), so that what
processors note and what is on disk never part.
"""

import asyncio
import contextlib
import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace

from component.bus.model.delivery import State
from component.bus.model.digest import digests
from component.bus.model.dry_run import Hop, explain
from component.bus.model.ledger import Ledger, Place
from component.bus.model.message import Channel, Message
from component.bus.model.planner import Follows, Held, Planner, no_permalink
from component.bus.model.route import Make, Route, Routes, Stage, grouped, no_processors
from component.bus.model.subscription import subscribers
from component.bus.ports.digests import DigestTurn
from component.bus.ports.method import Clock
from component.bus.ports.store import Offer, Planned, Release, Store


class Routing:
    """See the module. `starts` tells the state in which a delivery to a channel begins."""

    def __init__(self, store: Store, clock: Clock, starts: Callable[[Channel], State]) -> None:
        self.routes: tuple[Route, ...] = ()
        """Every route, on or off."""
        self.index = Routes(())
        self.heard: set[Channel] = set()
        """The channels with subscribers who are told at once of what comes there."""
        self._store = store
        self._clock = clock
        self._starts = starts
        self._ledger = Ledger()
        self._stages: dict[Place, Stage] = {}
        self._paused: Collection[Channel] = ()
        self._persons: Collection[str] = ()
        self._make: Make = no_processors
        self._link: Callable[[Message], str] = lambda _message: ""
        self._permalink: Callable[[Message, Channel], str] = no_permalink
        self._one = asyncio.Lock()

    def attach(
        self,
        persons: Iterable[str],
        make: Make,
        link: Callable[[Message], str],
        permalink: Callable[[Message, Channel], str] = no_permalink,
    ) -> None:
        """`persons` are the methods whose channels are persons, `make` gives a stage's processor;
        see `Planner` for the links."""
        self._persons, self._make = frozenset(persons), make
        self._link, self._permalink = link, permalink

    async def load(self) -> None:
        """Take up what processors noted and hold."""
        self._ledger.load(await self._store.held.processor_state(), await self._store.held.counts())

    async def recount(self) -> None:
        """Count anew what is held, within a turn: some of it is gone."""
        counts = await self._store.held.counts()
        self._ledger.held.clear()
        self._ledger.held.update(counts)

    def configure(self, routes: Iterable[Route], paused: Collection[Channel]) -> None:
        """Take on the routes; nothing that comes from a `paused` channel goes on."""
        self.routes = tuple(routes)
        self.index = Routes(self.routes, self._persons, paused, self._make)
        self._paused = paused
        stages = {(route.id, stage.id): stage for route in self.routes for stage in route.stages}
        self._ledger.retain(
            [place for place, stage in stages.items() if self._stages.get(place, stage) == stage]
        )
        self._stages = stages

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A transaction in which plans are made; where it fails, nothing was noted."""
        async with self._one:
            try:
                yield
            except BaseException:
                self._ledger.undo()
                raise
            self._ledger.keep()

    def held_at(self, route: Route) -> int:
        """How many messages wait at a route."""
        return sum(
            count for (number, _stage), count in self._ledger.held.items() if number == route.id
        )

    # Plans

    def _planner(self, ledger: Ledger | None = None) -> Planner:
        ledger = self._ledger if ledger is None else ledger
        return Planner(self.index, ledger, self._clock(), self._link, self._permalink)

    def offer(
        self, message: Message, own: State, *, spread: bool, turns: Sequence[DigestTurn] = ()
    ) -> Offer:
        """To keep a message in its own channel, and with `spread` to send it on from there; with
        the `turns` whose digest it is."""

        def plan() -> Planned:
            follows = self._planner().plan(message) if spread else Follows({})
            planned = self._planned([follows], [(message, message.channel, own, "")])
            return replace(planned, turns=turns) if turns else planned

        return Offer(message, plan)

    def correction(self, message: Message, places: Collection[Channel]) -> Offer:
        """To bring what corrects an earlier message to those of the `places` that routes lead it to
        at once. Processors shape it, and note nothing of it; where they would hold it, the earlier
        one stands."""

        def plan() -> Planned:
            follows = self._planner(Ledger(self._ledger)).plan(message)
            reached = [one for one in follows.arrivals if one.channel in places and not one.error]
            return self._planned(
                [Follows({}, reached)], [(message, message.channel, State.CAME, "")]
            )

        return Offer(message, plan)

    def releases(self, due: Sequence[Held]) -> Sequence[Release]:
        """To let go on what was held, each message and each batch in its order, but for those whose
        route is off or gone. Within a turn: routes that change before it is planned would be taken
        as they were."""
        numbered = itertools.groupby(due, key=lambda one: one.batch or str(one.id))
        whole = [tuple(group) for _batch, group in numbered]
        return [Release(held, self._release) for held in whole if self.index.get(held[0].route)]

    def _release(self, left: tuple[Held, ...], been: frozenset[Channel]) -> Planned:
        planner = self._planner()
        for one in left:
            self._ledger.hold((one.route, one.passed[-1]), -1)
        if not left[0].batch:
            return self._planned([planner.resume(one.message, one, been) for one in left], ())
        follows: list[Follows] = []
        joined: list[Message] = []
        parts: list[tuple[str, str]] = []
        for alike in self._alike(left):
            made = digests([one.message for one in alike], uuid.uuid4().hex, planner.now)
            whole = replace(alike[0], been=frozenset().union(*(one.been for one in alike)))
            follows += [planner.resume(message, whole, ()) for message in made]
            joined += made
            parts += [(digest.id, one.message.id) for digest in made for one in alike]
        return self._planned(follows, (), joined, parts)

    def _alike(self, batch: Sequence[Held]) -> Iterator[Sequence[Held]]:
        """A batch goes as several digests where some of it has been in places that the rest has yet
        to reach: as one, it would go there twice or not at all."""
        way = self.index.get(batch[0].route)
        ahead = self.index.beyond(way.route.destination) if way else frozenset()
        yield from grouped(batch, lambda one: one.been & ahead).values()

    def _planned(
        self,
        follows: Sequence[Follows],
        first: Iterable[tuple[Message, Channel, State, str]],
        joined: Sequence[Message] = (),
        parts: Sequence[tuple[str, str]] = (),
    ) -> Planned:
        reached = [
            *first,
            *(
                (
                    one.message,
                    one.channel,
                    State.DEAD if one.error else self._starts(one.channel),
                    one.error,
                )
                for way in follows
                for one in way.arrivals
            ),
        ]
        return Planned(
            [
                *reached,
                *(
                    (message, subscribers(channel), State.PENDING, "")
                    for message, channel, state, _error in reached
                    if self._is_heard(channel) and state is not State.DEAD
                ),
            ],
            [held for one in follows for held in one.holds],
            [stop for one in follows for stop in one.stops],
            self._ledger.take(),
            joined,
            parts,
        )

    def _is_heard(self, channel: Channel) -> bool:
        """Whether subscribers are told of what is in a channel: of what is paused they are not."""
        return channel in self.heard and channel not in self._paused

    def explain(self, message: Message) -> tuple[Hop, ...]:
        """Every route that a message would meet now, and what would become of it; nothing is noted
        or sent."""
        return explain(
            message, self.routes, self._planner(Ledger(self._ledger)), self._make, self._paused
        )
