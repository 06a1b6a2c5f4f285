"""How messages are routed now: the routes in force, what their processors keep, what they hold.

Plans are made within transactions, one transaction at a time (`turn`), so that what processors keep
in memory and what is on disk never part.
"""

import asyncio
import contextlib
import itertools
from collections.abc import (
    AsyncIterator,
    Callable,
    Collection,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from dataclasses import replace

from component.bus.engine.corrections import NewWords, Ways, correction, retraction
from component.bus.model.delivery import State
from component.bus.model.digest import digests
from component.bus.model.dry_run import Hop, explain
from component.bus.model.ledger import Ledger, Place
from component.bus.model.message import Channel, Kind, Message, new_id
from component.bus.model.planner import Arrival, Dead, Follows, Held, Planner, Stopped, no_permalink
from component.bus.model.processor import MAX_HELD, Stop
from component.bus.model.route import Make, Route, Routes, Stage, grouped, no_processors
from component.bus.ports.accepted import Followers, no_followers
from component.bus.ports.held import HeldStore
from component.bus.ports.method import Clock
from component.bus.ports.transaction import Original, Plan

Reached = tuple[Message, Channel, State, str]
"""A delivery to come: the message, its channel, the state it begins in, and an error."""


class Routing:
    """The routes in force. `starts` tells the state in which a delivery to a channel begins."""

    def __init__(
        self,
        held: HeldStore,
        clock: Clock,
        starts: Callable[[Channel], State],
        max_held: int = MAX_HELD,
    ) -> None:
        self.routes: tuple[Route, ...] = ()
        """Every route, on or off."""
        self.index = Routes(())
        self._held = held
        self._clock = clock
        self._starts = starts
        self._ledger = Ledger(max_held=max_held)
        self._stages: dict[Place, Stage] = {}
        self._paused: Collection[Channel] = ()
        self._persons: Collection[str] = ()
        self._make: Make = no_processors
        self._link: Callable[[Message], str] = lambda _message: ""
        self._permalink: Callable[[Message, Channel], str] = no_permalink
        self._followers: Followers = no_followers
        self._lock = asyncio.Lock()

    def attach(
        self,
        persons: Iterable[str],
        make: Make,
        link: Callable[[Message], str],
        permalink: Callable[[Message, Channel], str] = no_permalink,
        followers: Followers = no_followers,
    ) -> None:
        """`persons` are the methods whose channels are persons, `make` gives a stage's processor,
        `followers` tells who else gets what reaches a channel; see `Planner` for the links."""
        self._persons = frozenset(persons)
        self._make = make
        self._link = link
        self._permalink = permalink
        self._followers = followers

    async def load(self) -> None:
        """Read what processors keep and hold. Raises StoreError."""
        self._ledger.load(await self._held.processor_state(), await self._held.counts())

    async def recount(self) -> None:
        """Count held messages anew, within a turn: some of them are gone. Raises StoreError."""
        counts = await self._held.counts()
        self._ledger.held.clear()
        self._ledger.held.update(counts)

    def configure(self, routes: Iterable[Route], paused: Collection[Channel]) -> None:
        """Replace the routes. Messages from a `paused` channel are not forwarded."""
        self.routes = tuple(routes)
        self.index = Routes(self.routes, self._persons, paused, self._make)
        self._paused = paused
        stages = {(route.id, stage.id): stage for route in self.routes for stage in route.stages}
        same: list[Place] = []
        for place, stage in stages.items():
            if self._stages.get(place, stage) == stage:
                same.append(place)
        self._ledger.retain(same)
        self._stages = stages

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """A turn to make plans and commit them; where it fails, processors have kept nothing."""
        async with self._lock:
            try:
                yield
            except BaseException:
                self._ledger.undo()
                raise
            self._ledger.keep()

    def held_at(self, route: Route) -> int:
        """How many messages are held at a route."""
        count = 0
        for (number, _stage), held in self._ledger.held.items():
            if number == route.id:
                count += held
        return count

    def explain(self, message: Message) -> tuple[Hop, ...]:
        """Every route that a message would meet now, and what would become of it. Nothing is kept
        or sent."""
        planner = self.planner(Ledger(self._ledger))
        return explain(message, self.routes, planner, self._make, self._paused)

    # Plans

    def planner(self, ledger: Ledger) -> Planner:
        """A planner for this moment."""
        return Planner(self.index, ledger, self._clock(), self._link, self._permalink)

    def plan(self, message: Message, own: State, *, forward: bool) -> Plan:
        """Plan a new message: it gets a delivery to its own channel in the state `own`, and with
        `forward` it is forwarded by the routes."""
        follows: list[Follows] = []
        if forward:
            follows.append(self.planner(self._ledger).plan(message))
        return self.put_together(follows, [(message, message.channel, own, "")])

    def plan_correction(self, change: Message, original: Original, ways: Ways) -> Plan:
        """Plan new words for an earlier message, or that it is taken back. Call it within a
        turn."""
        if change.kind is Kind.RETRACTION:
            plan = retraction(change, original, ways)
        else:
            plan = correction(change, original, self.new_words(change, original), ways)
        if plan.revision:
            for held in plan.revision.dropped:
                self._ledger.hold((held.route, held.passed[-1]), -1)
        return plan

    def new_words(self, change: Message, original: Original) -> NewWords:
        """Where new words of a message arrive, each as its processors shape it.

        Processors know nothing of other messages and keep nothing: what they let pass once is not
        stopped for its time or number, but for its words.
        """
        message = replace(original.message, body=change.body, edited=change.at)
        arrivals: dict[Channel, Message] = {}
        delayed: set[Channel] = set()
        stops: Sequence[Stopped] = ()
        for now in (message.at, self._clock()):
            planner = replace(self.planner(Ledger()), now=now)
            follows = planner.plan(message)
            stops = follows.stops
            for arrival in follows.arrivals:
                if not arrival.error:
                    arrivals[arrival.channel] = arrival.message
            for hold in follows.holds:
                way = self.index.get(hold.route)
                if way:
                    end = way.route.destination
                    delayed |= {end, *self.index.beyond(end)}
        arrivals[message.channel] = message
        for place, words in tuple(arrivals.items()):
            for follower in self._followers(place):
                arrivals.setdefault(follower, words)
        held = {one.id: self.words_at(one, arrivals) for one in original.held}
        return NewWords(arrivals, delayed, held, stops)

    def words_at(self, held: Held, arrivals: Mapping[Channel, Message]) -> Message | None:
        """The new words of a held message, through the stages that it has passed; None where they
        go no further, or its route is gone."""
        way = self.index.get(held.route)
        words = None
        if way:
            words = next(
                (one for place, one in arrivals.items() if starts(way.route, place, held)), None
            )
        if way is None or words is None:
            return None
        planner = self.planner(Ledger())
        for link in way.chain:
            if link.stage.id not in held.passed[:-1]:
                continue
            for _link, outcome in planner.through(words, link, way.route):
                if isinstance(outcome, Stop | Dead):
                    return None
                if isinstance(outcome, Message):
                    words = outcome
        return words

    def releasable(self, due: Sequence[Held]) -> Sequence[tuple[Held, ...]]:
        """Held messages that may continue, each by itself and each batch together, without those
        whose route is disabled or gone.

        Call it within a turn: a route that changes later would be taken as it is.
        """
        groups: list[tuple[Held, ...]] = []
        for _batch, held in itertools.groupby(due, key=lambda held: held.batch or str(held.id)):
            group = tuple(held)
            if self.index.get(group[0].route):
                groups.append(group)
        return groups

    def plan_release(self, held: tuple[Held, ...], reached: frozenset[Channel]) -> Plan:
        """Plan what was held: one message, or one batch as digests. `reached` is where it has been
        since."""
        planner = self.planner(self._ledger)
        for message in held:
            self._ledger.hold((message.route, message.passed[-1]), -1)
        if held[0].batch:
            return self.plan_batch(planner, held)
        follows = [planner.resume(message.message, message, reached) for message in held]
        return self.put_together(follows, ())

    def plan_batch(self, planner: Planner, batch: tuple[Held, ...]) -> Plan:
        """Plan a batch: its digests continue in its place."""
        follows: list[Follows] = []
        made: list[Message] = []
        parts: list[tuple[str, str]] = []
        for alike in self.alike(batch):
            new = digests([held.message for held in alike], new_id(planner.now), planner.now)
            whole = replace(alike[0], been=frozenset().union(*(held.been for held in alike)))
            for digest in new:
                follows.append(planner.resume(digest, whole, ()))
                made.append(digest)
                parts += [(digest.id, held.message.id) for held in alike]
        plan = self.put_together(follows, ())
        return replace(plan, digests=made, parts=parts)

    def alike(self, batch: Sequence[Held]) -> Iterator[Sequence[Held]]:
        """A batch goes as several digests where some of it has been in places that the rest has yet
        to reach: as one, it would go there twice or not at all."""
        way = self.index.get(batch[0].route)
        ahead = frozenset[Channel]()
        if way:
            ahead = self.index.beyond(way.route.destination)
        yield from grouped(batch, lambda held: held.been & ahead).values()

    def put_together(self, follows: Iterable[Follows], first: Iterable[Reached]) -> Plan:
        """The plan of all that follows from messages, those of the `first` deliveries included."""
        reached = list(first)
        holds: list[Held] = []
        stops = []
        for one in follows:
            reached += [self.reached(arrival) for arrival in one.arrivals]
            holds += one.holds
            stops += one.stops
        return Plan([*reached, *self.following(reached)], holds, stops, self._ledger.take())

    def reached(self, arrival: Arrival) -> Reached:
        """The delivery of what arrives at a channel."""
        state = State.DEAD if arrival.error else self._starts(arrival.channel)
        return arrival.message, arrival.channel, state, arrival.error

    def following(self, reached: Iterable[Reached]) -> Iterator[Reached]:
        """The deliveries to who follows the channels reached. Nobody follows a paused one."""
        for message, channel, state, _error in reached:
            if state is not State.DEAD and channel not in self._paused:
                for follower in self._followers(channel):
                    yield message, follower, State.PENDING, ""


def starts(route: Route, place: Channel, held: Held) -> bool:
    """Whether a held message came to its route from a place."""
    if route.source.address == "*":
        return place.anyone == route.source and place in held.been
    return place == route.source
