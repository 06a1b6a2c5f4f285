"""Subscriptions as they are asked for, changed and ended.

What each of them is told, and when, is the affair of `fanout.py` and `digesting.py`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace

import structlog

from component.addressbook import AddressBook
from component.delivery import Delivery, State
from component.errors import BadInput, Conflict, DeliveryError, Forbidden, NotFound, ShoutbusError
from component.hub import Hub
from component.message import Channel
from component.ports import Clock, MethodSpec, Online, Timer
from component.rights import Rights
from component.roles import Role
from component.settings import Settings
from component.store import Spread, Store
from component.subscription import ASKS, MOST, Standing, Subscription
from component.tidings import Tidings
from component.words import _

log = structlog.get_logger()

HOUR = 3_600_000
PATIENCE = HOUR
"""Milliseconds after which what can't be delivered goes where someone wants it to fall back to."""
GIVEN_UP = 3
"""Refusals in a row, of different messages, after which nothing more is sent to someone."""
NOT_READABLE = _("There is no channel {channel} for you (any more).")


class Subscriptions:
    """All of them. `attach` and `start` once the hub has. Functions in `due` are called with each new due time (ms)."""

    def __init__(
        self,
        hub: Hub,
        settings: Settings,
        methods: Mapping[str, MethodSpec],
        tidings: Tidings,
        book: AddressBook,
        online: Online,
        timer: Timer,
        clock: Clock,
        ways: Collection[str],
    ) -> None:
        """`ways` are the methods that persons can be told by: of those that need a setup, those that have it."""
        self.book = book
        self.rights = Rights(hub, settings, methods, tidings, book, timer, clock)
        self.ways = tuple(ways)
        self.due: list[Callable[[int], None]] = []
        self._hub = hub
        self._settings = settings
        self._methods = methods
        self._tidings = tidings
        self._online = online
        self._timer = timer
        self._clock = clock
        self._refusals: Counter[Channel] = Counter()
        self._since: set[Channel] = set()  # those that came in force since the store was asked
        book.begun.append(self.in_force)

    @property
    def _store(self) -> Store:
        return self._hub.store

    async def start(self) -> None:
        """Take up what was asked for before. Raises StoreError."""
        await self._recount()
        self.rights.start()

    async def _recount(self) -> None:
        """See anew, and each hour, which channels have subscribers who hear at once."""
        self._timer.at("subscribers", self._clock() + HOUR, self._recount)
        self._since.clear()
        found = await self._store.subscribed()
        self._hub.flow.heard = {*found, *self._since}

    def own(self, jid: str) -> Channel:
        """Where a bare JID is reached by IM."""
        return self._tidings.at(jid)

    # What is asked for

    async def add(self, new: Subscription, by: str = "") -> Subscription:
        """Keep a new one, `by` who asks for it where that is another; gives it with its number. Its address is asked
        to be confirmed where it is not.

        Raises NotFound, Forbidden, Conflict, BadInput, TooMany, Unavailable, StoreError.
        """
        if not await self.rights.may_read(new.who, new.channel):
            raise NotFound(replace(NOT_READABLE, values={"channel": new.channel}))
        await self._check_target(new, by or new.who)
        now = self._clock()
        proved = await self._is_proved(new, by)
        cursor = await self._store.last_seq(new.channel)
        whole = new.begun(now, cursor) if proved else replace(new, standing=Standing.ASKED, due=0)
        whole = replace(whole, id=await self._store.subscribe(whole, MOST))
        if not whole.id:
            raise Conflict(_("That would be more than {most} subscriptions: end some first.", most=MOST))
        if not proved:
            await self._ask(whole, by)
        self.in_force([whole])
        return whole

    async def _ask(self, whole: Subscription, by: str) -> None:
        try:
            await self.book.ask(whole.who, whole.target, by)
        except ShoutbusError:
            await self._store.unsubscribe([whole.id])
            raise

    async def _is_proved(self, new: Subscription, by: str) -> bool:
        if not self._methods[new.target.method].person:
            return True  # a place of the bus, which operators may tell things
        if by and by != new.who:
            return False
        return await self.book.is_proved(new.who, new.target)

    async def _check_target(self, one: Subscription, by: str) -> None:
        method = self._methods.get(one.target.method)
        if method is None or not method.listens or (method.person and method.name not in self.ways):
            names = ", ".join(self.ways)
            raise BadInput(_("{method} is no way to be told here: {names}.", method=one.target.method, names=names))
        method.check(one.target)
        if one.fallback and not await self.book.is_proved(one.who, one.fallback):
            raise BadInput(_("{address} is not confirmed as yours: subscribe by it first.", address=one.fallback))
        if not method.person:
            self._check_place(one, by)

    def _check_place(self, one: Subscription, by: str) -> None:
        """Of a place, not a person."""
        if self._settings.roles.of(by) < Role.OPERATOR:
            raise Forbidden(_("Only operators subscribe a place such as {channel}.", channel=one.target))
        if self._hub.find(one.target) is None:
            raise NotFound(_("There is no channel {channel} (any more).", channel=one.target))
        if one.interval.at_once:
            raise BadInput(
                _("At once is a route’s affair: route add {source} {end}", source=one.channel, end=one.target)
            )

    def in_force(self, some: Iterable[Subscription]) -> None:
        """Take new or changed ones into account, for the next message."""
        for one in some:
            if one.live or one.urgent:
                self._hub.flow.heard.add(one.channel)
                self._since.add(one.channel)
            if one.online and one.who:
                self._online.watch(one.who)
            if one.due:
                self.expect(one.due)

    def expect(self, due: int) -> None:
        """Something is due at a time, in ms."""
        for call in self.due:
            call(due)

    # What is changed

    async def of(self, jid: str) -> Sequence[Subscription]:
        """Someone's own."""
        return await self._store.subscriptions(who=jid, limit=MOST)

    async def find(self, jid: str, number: int) -> Subscription:
        """One of someone's own; operators find any. Raises NotFound."""
        found = await self._store.subscription(number)
        if found and (found.who == jid or self._settings.roles.of(jid) >= Role.OPERATOR):
            return found
        raise NotFound(_("You have no subscription {number}: “subscriptions” shows yours.", number=number))

    async def change(self, was: Subscription, now: Subscription) -> Subscription:
        """Let one be as `now`; what waits for a digest that will not come any more is told at once. Raises as `add`."""
        await self._check_target(now, now.who)
        clock = self._clock()
        if now.standing is Standing.ON:
            waited = not was.interval.at_once or was.due > 0
            cursor = was.cursor if waited else await self._store.last_seq(now.channel)
            due = clock if waited and now.interval.at_once else now.next(clock)
            now = replace(now, cursor=cursor, due=due)
        await self._store.change_subscriptions([now])
        self.in_force([now])
        return now

    async def pause(self, jid: str, until: int, numbers: Collection[int] | None = None) -> Sequence[Subscription]:
        """Nothing of someone's (or of those `numbers`) is told until a time in ms, 0 for until they want it again; then
        what came meanwhile is told as one digest each. Gives those that it holds for."""
        mine = [one for one in await self.of(jid) if one.standing in (Standing.ON, Standing.PAUSED)]
        chosen = [one for one in mine if numbers is None or one.id in numbers]
        paused = [one.held(await self._store.last_seq(one.channel), until, Standing.PAUSED) for one in chosen]
        await self._store.change_subscriptions(paused)
        self.in_force(paused)
        return paused

    async def resume(self, jid: str, numbers: Collection[int] | None = None) -> Sequence[Subscription]:
        """What is paused goes on, and what came meanwhile is told now; what failed is tried again where its address
        stands. Gives those that go on."""
        now = self._clock()
        mine = [one for one in await self.of(jid) if numbers is None or one.id in numbers]
        again = [replace(one, due=now) for one in mine if one.standing is Standing.PAUSED]
        for one in mine:
            if one.standing is Standing.FAILED and one.target == self.own(jid):
                await self._store.drop_address(jid, one.target)
                again.append(one.begun(now, await self._store.last_seq(one.channel)))
        await self._store.change_subscriptions(again)
        self.in_force(again)
        return again

    async def rezone(self, jid: str, zone: str, language: str = "") -> None:
        """Someone goes by other clocks from now, and speaks another language where one is given."""
        now = self._clock()
        moved = [
            _moved(one, replace(one, zone=zone, language=language or one.language), now) for one in await self.of(jid)
        ]
        await self._store.change_subscriptions(moved)
        self.in_force(moved)

    async def requiet(self, jid: str) -> None:
        """Someone's quiet hours are others now: what waits for their end is looked at anew."""
        now = self._clock()
        mine = [one for one in await self.of(jid) if one.standing is Standing.ON and one.due > now]
        waiting = [replace(one, due=now) for one in mine if one.due != one.next(now)]
        await self._store.change_subscriptions(waiting)
        self.in_force(waiting)

    async def end(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """End these; gives those that were there."""
        return await self._store.unsubscribe(numbers)

    # What can't be delivered

    async def fell(self, then: Delivery, error: DeliveryError) -> bool:
        """Whether someone else takes on a delivery that did not arrive: where who subscribed wants it to fall back to
        another address, that is on disk on return. Someone who takes nothing any more is let go."""
        dead = then.state is State.DEAD
        if then.message.origin.startswith(ASKS) or (not dead and self._clock() - then.message.at < PATIENCE):
            return False
        theirs = await self._store.subscriptions(target=then.channel, limit=1_000)
        if not theirs:
            return False
        ends = {one.fallback for one in theirs if one.fallback and one.standing is Standing.ON}
        for end in sorted(ends):
            log.info("falls back", message=then.message.id, method=end.method, reason=str(error))
        await self._hub.spread(Spread(then, 0, sorted(ends)))
        if dead and then.channel.method == self._tidings.method:
            await self._refused(then.channel, str(error))
        return bool(ends)

    async def _refused(self, target: Channel, why: str) -> None:
        self._refusals[target] += 1
        if self._refusals[target] >= GIVEN_UP:
            del self._refusals[target]
            await self.book.bounced(target, why)

    def arrived(self, target: Channel) -> None:
        """Something did."""
        self._refusals.pop(target, None)


def _moved(was: Subscription, one: Subscription, now: int) -> Subscription:
    """One that goes by other clocks: when it is due next by those. What was put off to the end of quiet hours is looked
    at now."""
    if not was.due or was.standing is not Standing.ON:
        return one
    return replace(one, due=one.next(now) if was.due == was.next(now) else now)
