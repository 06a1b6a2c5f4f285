"""Subscriptions as they are asked for, changed and ended; and the right to read, without which one ends by itself.

What each of them is told, and when, is the affair of `fanout.py` and `digesting.py`.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from component.addressbook import AddressBook
from component.configured import ChannelSpec
from component.delivery import Delivery, State
from component.errors import BadInput, Conflict, DeliveryError, Forbidden, NotFound, ShoutbusError, StoreError
from component.hub import Hub
from component.message import Channel
from component.ports import Admits, Clock, MethodSpec, Online, Timer
from component.readers import reader
from component.roles import Role
from component.settings import Settings
from component.store import Spread, Store
from component.subscription import MOST, Standing, Subscription
from component.tidings import Tidings
from component.words import Words, _

log = structlog.get_logger()

HOUR = 3_600_000
PAGE = 500
"""Subscriptions that are looked through at once."""
AGAIN = 10_000
"""Milliseconds before what the disk refused is tried again."""
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
        settings.changed.append(partial(self._look_soon, "configured"))
        settings.changed_role.append(lambda jid: self._look_soon(jid, who=jid))

    @property
    def _store(self) -> Store:
        return self._hub.store

    async def start(self) -> None:
        """Take up what was asked for before. Raises StoreError."""
        await self.recount()
        self._look_soon("start")

    async def recount(self) -> None:
        """See anew which channels have subscribers who hear at once."""
        self._since.clear()
        found = await self._store.subscribed()
        self._hub.flow.heard = {*found, *self._since}

    # Who may read what

    def own(self, jid: str) -> Channel:
        """Where a bare JID is reached by IM."""
        return self._tidings.at(jid)

    def open_to(self, jid: str) -> Sequence[ChannelSpec]:
        """The channels that someone may want to hear of; of those that say themselves who may read, all."""
        role = self._settings.roles.of(jid)
        return [
            spec for spec in self._hub.channels
            if spec.channel.address != "*" and (role >= self._least(spec) or self._asks(spec.channel))
        ]  # fmt: skip

    async def offered(self, jid: str) -> Sequence[ChannelSpec]:
        """Those of them that someone may read; not those of which nobody can tell now."""
        role, found = self._settings.roles.of(jid), list[ChannelSpec]()
        for spec in self.open_to(jid):
            try:
                if role >= self._least(spec) or await self.may_read(jid, spec.channel):
                    found.append(spec)
            except DeliveryError as error:
                log.debug("not offered", channel=str(spec.channel), reason=str(error))
        return found

    async def may_read(self, jid: str, channel: Channel) -> bool:
        """Whether a bare JID ("" for anyone) may be told what a channel holds. Raises Unavailable where that can't be
        seen now."""
        spec = next((one for one in self._hub.channels if one.channel == channel), None)
        if spec is None or channel.address == "*":
            return False
        if self._settings.roles.of(jid) >= self._least(spec):
            return True
        method: object = self._hub.method(channel.method)
        try:
            return bool(jid) and isinstance(method, Admits) and await method.admits(channel, jid)
        except NotFound:
            return False

    def _least(self, spec: ChannelSpec) -> Role:
        return reader(spec, self._methods.get(spec.channel.method))

    def _asks(self, channel: Channel) -> bool:
        return isinstance(self._hub.method(channel.method), Admits)

    # What is asked for

    async def add(self, new: Subscription, by: str = "") -> Subscription:
        """Keep a new one, `by` who asks for it where that is another; gives it with its number. Its address is asked
        to be confirmed where it is not.

        Raises NotFound, Forbidden, Conflict, BadInput, TooMany, Unavailable, StoreError.
        """
        if not await self.may_read(new.who, new.channel):
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
        moved = [replace(one, zone=zone, language=language or one.language) for one in await self.of(jid)]
        moved = [replace(one, due=one.next(now)) if one.next(now) else one for one in moved]
        await self._store.change_subscriptions(moved)
        self.in_force(moved)

    async def end(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """End these; gives those that were there."""
        return await self._store.unsubscribe(numbers)

    # The right to read

    def _look_soon(self, name: str, who: str | None = None, channel: Channel | None = None) -> None:
        self._timer.at(f"rights {name}", self._clock(), partial(self._look, name, who, channel))

    def left(self, place: str, jid: str) -> None:
        """Someone may not come into a room any more."""
        self._look_soon(f"{place} {jid}", who=jid)

    async def _look(self, name: str, who: str | None, channel: Channel | None) -> None:
        """End what may not be read any more, and say so; with neither, look through all, and again in an hour."""
        again = HOUR if who is None and channel is None else 0
        try:
            after = 0
            while page := await self._store.subscriptions(who=who, channel=channel, after=after, limit=PAGE):
                after = page[-1].id
                for one in await self.end_unreadable(page):
                    if one.standing is Standing.ASKED:
                        await self.book.forget_unanswered(one)
            await self.recount()
        except StoreError as error:
            log.warning("rights wait for the disk", reason=str(error))
            again = AGAIN
        if again:
            self._timer.at("rights all", self._clock() + again, partial(self._look, "all", None, None))

    async def end_unreadable(self, some: Sequence[Subscription]) -> Sequence[Subscription]:
        """End those of them whose owner may not read their channel any more, and say so; gives the others."""
        known: dict[tuple[str, Channel], bool] = {}
        for one in some:
            if (one.who, one.channel) not in known:
                known[one.who, one.channel] = await self._still(one)
        over = [one for one in some if not known[one.who, one.channel]]
        for one in await self._store.unsubscribe([one.id for one in over]) if over else ():
            await self._farewell(one)
        return [one for one in some if known[one.who, one.channel]]

    async def _still(self, one: Subscription) -> bool:
        try:
            return await self.may_read(one.who, one.channel)
        except DeliveryError:
            return True  # nobody can tell now: looked at again

    async def _farewell(self, one: Subscription) -> None:
        if one.who and one.standing is not Standing.ASKED:
            await self._tidings.inform(one.who, ended(one))

    # What can't be delivered

    async def fell(self, then: Delivery, error: DeliveryError) -> bool:
        """Whether someone else takes on a delivery that did not arrive: where who subscribed wants it to fall back to
        another address, that is on disk on return. Someone who takes nothing any more is let go."""
        dead = then.state is State.DEAD
        if not dead and self._clock() - then.message.at < PATIENCE:
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


def ended(one: Subscription) -> Words:
    """That a subscription is over."""
    return _("Your subscription {number} to {channel} has ended: you may not read that any more.",
             number=one.id, channel=one.channel)  # fmt: skip
