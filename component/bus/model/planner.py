"""The pure decision where a message goes, and what becomes of it on the way. No I/O."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import structlog

from component.bus.model.ledger import Ledger
from component.bus.model.message import Channel, Message, id_from
from component.bus.model.processor import MAX_HOLD, Hold, Moment, Outcome, Stop
from component.bus.model.route import ActiveRoute, Link, Route, Routes
from component.common.errors import BadInput
from component.common.i18n import Words, _

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Arrival:
    """A message as it arrives at a channel; with an `error`, as it would, but is a dead letter."""

    message: Message
    channel: Channel
    error: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """A message that waits on its way along a route: as it is there, which stages it has `passed`
    (the one that holds it last), where it has `been` or will be, from when (`at`) to when (`due`),
    both in ms since 1970.

    `id` is the store's: 0 for one that it does not hold yet. See `processor.Hold` for `batch`.
    """

    message: Message
    route: int
    passed: tuple[int, ...]
    been: frozenset[Channel]
    at: int
    due: int
    batch: str = ""
    id: int = 0


@dataclass(frozen=True, slots=True)
class Stopped:
    """A message that went no further: the processor that stopped it, where it would have gone, and
    why. With `tell` its author is to know."""

    message: Message
    route: int
    processor: str
    destination: Channel
    why: Words
    tell: bool = False


@dataclass(slots=True)
class Follows:
    """What follows from a message: where it arrives, where it waits, where it was stopped. `been`
    is every channel that it has reached or will, nearest first."""

    been: dict[Channel, None]
    arrivals: list[Arrival] = field(default_factory=list)
    holds: list[Held] = field(default_factory=list)
    stops: list[Stopped] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Dead:
    """The message cannot continue and must not be lost: a dead letter, and the reason."""

    why: Words


def through(
    message: Message,
    links: Iterable[Link],
    route: int,
    now: int,
    ledger: Ledger,
    link: Callable[[Message], str],
) -> Iterator[tuple[Link, Outcome | Dead]]:
    """Each processor, and what it made of the message; ends behind the one that let it no
    further."""
    for one in links:
        place = (route, one.stage.id)
        if ledger.held[place] >= ledger.max_held:
            outcome: Outcome | Dead = full(ledger.max_held)
        else:
            outcome = _outcome(one, message, Moment(now, ledger.at(place), link))
        message = outcome if isinstance(outcome, Message) else message
        if (
            isinstance(outcome, Message) and ledger.held[place]
        ):  # in its turn, behind what waits here
            outcome = Hold(now)
        if isinstance(outcome, Hold) and outcome.until > now + MAX_HOLD:
            outcome = Hold(now + MAX_HOLD, outcome.batch)
        yield one, outcome
        if not isinstance(outcome, Message):
            return


def full(limit: int) -> Dead:
    """What becomes of a message where too many wait: it takes no turn, and nothing is noted."""
    return Dead(_("{count} messages are already waiting at this route.", count=limit))


def _outcome(one: Link, message: Message, moment: Moment) -> Outcome | Dead:
    """What a processor makes of a message."""
    try:
        return one.processor(message, moment)
    except BadInput as fault:
        return Dead(_("{name}: {why}", name=one.stage.name, why=fault.args[0]))
    except Exception:
        log.exception("processor failed", processor=one.stage.name, message=message.id)
        return Dead(_("{name}: internal error; see the log of Shoutbus.", name=one.stage.name))


def _batch(name: str, route: int, stage: int) -> str:
    """A batch of one stage: two that begin with the same message may give theirs the same name."""
    return id_from(f"{route} {stage} {name}") if name else ""


def no_permalink(_message: Message, _place: Channel) -> str:
    """Where no channel has pages for its messages."""
    return ""


@dataclass(slots=True)
class Planner:
    """Decides what follows from messages, by `routes` at the time `now`; changes nothing but the
    ledger.

    `link` gives the page that has a message whole, `permalink` the one that a channel has for it,
    "" where it has none.
    """

    routes: Routes
    ledger: Ledger
    now: int
    link: Callable[[Message], str]
    permalink: Callable[[Message, Channel], str] = no_permalink

    def links(self, place: Channel) -> Callable[[Message], str]:
        """What processors of routes from `place` have for a link."""
        return lambda message: self.permalink(message, place) or self.link(message)

    def through(
        self, message: Message, link: Link, route: Route
    ) -> Iterator[tuple[Link, Outcome | Dead]]:
        """What one processor of a route makes of a message."""
        return through(message, (link,), route.id, self.now, self.ledger, self.links(route.source))

    def plan(self, message: Message) -> Follows:
        """Every channel that `message` must reach, nearest first, each once, never back to where it
        has been.

        A message that reaches a place is forwarded, as it arrived, by that place's own routes (a
        Pipes and Filters chain). A message to a person is not forwarded, since a route from a
        person is for what they say. A ring of routes ends by itself. A ring over several buses ends
        by the message's id, which each bus accepts once.
        """
        follows = Follows({message.channel: None})
        self._spread(message, message.channel, follows)
        return follows

    def resume(self, message: Message, held: Held, been: Iterable[Channel]) -> Follows:
        """What follows from a message that waited at a route, with `been` where it has been since:
        it goes through the stages that it has not passed, in their order now."""
        follows = Follows(dict.fromkeys([*held.been, *been]))
        way = self.routes.get(held.route)
        if way is None:
            raise LookupError(f"route {held.route} is disabled or does not exist")
        end = way.route.destination
        follows.been.pop(end, None)  # where it is bound for
        left = tuple(one for one in way.chain if one.stage.id not in held.passed)
        there = end in been and not held.batch
        arrived = not there and self._pass(
            message, way, way.route.source, left, held.passed, follows
        )
        if arrived and end.method not in self.routes.persons:
            self._spread(follows.arrivals[-1].message, end, follows)
        return follows

    def _spread(self, message: Message, start: Channel, follows: Follows) -> None:
        ahead = deque([(start, message)])
        while ahead:
            place, here = ahead.popleft()
            for way in self.routes.after(place):
                end = way.route.destination
                if end in follows.been:
                    continue
                if not way.chain:
                    follows.been[end] = None
                    follows.arrivals.append(Arrival(here, end))
                elif not self._pass(here, way, place, way.chain, (), follows):
                    continue
                if end.method not in self.routes.persons:
                    ahead.append((end, follows.arrivals[-1].message))

    def _pass(
        self,
        message: Message,
        way: ActiveRoute,
        place: Channel,
        links: Sequence[Link],
        passed: tuple[int, ...],
        follows: Follows,
    ) -> bool:
        """Whether the message arrives from `place` at the end of a route now; else it says what
        became of it."""
        route, end = way.route, way.route.destination
        last: tuple[Link, Outcome | Dead] | None = None
        for last in through(message, links, route.id, self.now, self.ledger, self.links(place)):
            message = last[1] if isinstance(last[1], Message) else message
            passed = (*passed, last[0].stage.id)
        outcome = last[1] if last else message
        match outcome:
            case Message():
                follows.been[end] = None
                follows.arrivals.append(Arrival(message, end))
                return True
            case Hold():
                follows.been[end] = None
                self.ledger.hold((route.id, passed[-1]))
                been = frozenset(follows.been)
                batch = _batch(outcome.batch, route.id, passed[-1])
                follows.holds.append(
                    Held(message, route.id, passed, been, self.now, outcome.until, batch)
                )
            case Dead():
                follows.been[end] = None
                follows.arrivals.append(Arrival(message, end, str(outcome.why)))
            case Stop() if last:
                name = last[0].stage.name
                follows.stops.append(
                    Stopped(message, route.id, name, end, outcome.why, outcome.tell)
                )
        return False
