"""Subscriptions: how people add, change and end them.

`fan_out.py` and `digests.py` decide what each subscriber gets, and when.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

import structlog

from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.notices import Notices
from component.bus.model.delivery import Delivery, State
from component.bus.model.message import Channel, Kind
from component.bus.model.roles import Role
from component.bus.model.subscription import MAX_SUBSCRIPTIONS, Standing, Subscription
from component.bus.ports.fan_out import FanOutPage
from component.bus.ports.method import Clock, MethodSpec, Online, Timer
from component.bus.ports.store import Store
from component.common.errors import (
    BadInput,
    Conflict,
    DeliveryError,
    Forbidden,
    NotFound,
    Refused,
    ShoutbusError,
    StoreError,
)
from component.common.i18n import _
from component.subscriptions import transitions
from component.subscriptions.access import ReadAccess
from component.subscriptions.addresses import AddressBook
from component.subscriptions.audience import Audience

log = structlog.get_logger()

HOUR_MS = 3_600_000
FALLBACK_AFTER_MS = HOUR_MS
"""Milliseconds after which what can't be delivered goes where someone wants it to fall back to."""
DAY_MS = 24 * HOUR_MS
FIRST_RETRY_MS = 5 * 60_000
"""Milliseconds after which someone who took nothing is tried again; twice that the next time, up to
a day."""
MAX_TRIES = 5
"""How often a change is decided anew where something else came in between."""
THERE = frozenset({State.RECEIVED, State.PENDING, State.DELIVERED})
"""How what is in a channel, or on its way there, stands."""
Then = Callable[[Subscription, int], Subscription | None]
"""What becomes of one, and of what it was told up to a seq; None for one that is left as it is."""
NOT_READABLE = _("The channel {channel} does not exist, or you cannot access it.")


class Subscriptions:
    """All of them. `attach` and `start` once the hub has. Functions in `due` are called with each
    new due time (ms)."""

    def __init__(
        self,
        hub: Hub,
        store: Store,
        settings: Settings,
        methods: Mapping[str, MethodSpec],
        notices: Notices,
        book: AddressBook,
        online: Online,
        timer: Timer,
        clock: Clock,
        ways: Collection[str],
    ) -> None:
        """`ways` are the methods that persons can be told by: of those that need a setup, those
        that have it."""
        self.audience = Audience()
        self.book = book
        self.access = ReadAccess(
            hub, store.subscriptions, settings, methods, notices, book, timer, clock
        )
        self.ways = tuple(ways)
        self.due: list[Callable[[int], None]] = []
        self._hub = hub
        self._store = store
        self._settings = settings
        self._methods = methods
        self._notices = notices
        self.online = online
        self._timer = timer
        self._clock = clock
        self._away: dict[Channel, int] = {}  # how often in a row those were tried who took nothing
        book.begun.append(self.in_force)
        book.keep = self.access.keep

    async def start(self) -> None:
        """Take up what was asked for before. Raises StoreError."""
        await self.recount()
        self.access.start()

    async def recount(self) -> None:
        """See anew, and each hour, which channels have subscribers who hear at once."""
        self._timer.at("subscribers", self._clock() + HOUR_MS, self.recount)
        self.audience.counting()
        self.audience.counted(await self._store.subscriptions.listener_counts())

    def own(self, jid: str) -> Channel:
        """Where a bare JID is reached by IM."""
        return self._notices.at(jid)

    # What is asked for

    async def add(self, new: Subscription, by: str = "") -> Subscription:
        """Keep a new one, `by` who asks for it where that is another; gives it with its number. Its
        address is asked to be confirmed where it is not.

        Raises NotFound, Forbidden, Conflict, BadInput, TooMany, Unavailable, StoreError.
        """
        if not await self.access.may_read(new.who, new.channel):
            raise NotFound(replace(NOT_READABLE, values={"channel": new.channel}))
        await self._check_target(new, by or new.who)
        now = self._clock()
        proved = await self._is_proved(new, by)
        cursor = await self._store.deliveries.last_seq(new.channel)
        whole = replace(new, standing=Standing.ASKED, due=0)
        if proved:
            whole = new.begun(now, cursor)
        whole = replace(whole, id=await self._store.subscriptions.add(whole, MAX_SUBSCRIPTIONS))
        if not whole.id:
            raise Conflict(
                _(
                    "You cannot have more than {most} subscriptions. End some of them first.",
                    most=MAX_SUBSCRIPTIONS,
                )
            )
        if not proved:
            await self._ask(whole, by)
        self.in_force([whole])
        return whole

    async def _ask(self, whole: Subscription, by: str) -> None:
        try:
            await self.book.ask(whole.who, whole.target, by)
        except ShoutbusError:
            await self._store.subscriptions.remove([whole.id])
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
            raise BadInput(
                _(
                    "Subscriptions cannot be sent by {method}. Available methods: {names}.",
                    method=one.target.method,
                    names=names,
                )
            )
        method.check(one.target)
        if one.fallback and not await self.book.is_proved(one.who, one.fallback):
            raise BadInput(
                _(
                    "{address} is not one of your confirmed addresses. Subscribe with it first.",
                    address=one.fallback,
                )
            )
        if not method.person:
            self._check_place(one, by)

    def _check_place(self, one: Subscription, by: str) -> None:
        """Of a place, not a person."""
        if self._settings.roles.of(by) < Role.OPERATOR:
            raise Forbidden(
                _("Only operators can subscribe a channel such as {channel}.", channel=one.target)
            )
        if self._hub.find(one.target) is None:
            raise NotFound(_("The channel {channel} does not exist.", channel=one.target))
        if one.interval.at_once:
            raise BadInput(
                _(
                    "Instant forwarding to a room needs a route: route add {source} {end}",
                    source=one.channel,
                    end=one.target,
                )
            )

    def in_force(self, some: Iterable[Subscription]) -> None:
        """Take new or changed ones into account, for the next message."""
        for one in some:
            if one.live or one.urgent:
                self.audience.add(one.channel)
            if one.online and one.who:
                self.online.watch(one.who)
            if one.due:
                self.expect(one.due)

    def asks(self, jid: str) -> bool:
        """Whether someone has yet to say if the bus may see when they are online."""
        return self.online.asks(jid)

    def expect(self, due: int) -> None:
        """Something is due at a time, in ms."""
        for call in self.due:
            call(due)

    # What is changed

    async def of(self, jid: str) -> Sequence[Subscription]:
        """Someone's own."""
        return await self._store.subscriptions.find(who=jid, limit=MAX_SUBSCRIPTIONS)

    async def find(self, jid: str, number: int) -> Subscription:
        """One of someone's own; operators find any. Raises NotFound."""
        found = await self._store.subscriptions.get(number)
        if found and (found.who == jid or self._settings.roles.of(jid) >= Role.OPERATOR):
            return found
        raise NotFound(
            _(
                "Subscription {number} does not exist, or it is not yours. “subscriptions” shows "
                "your subscriptions.",
                number=number,
            )
        )

    async def change(self, was: Subscription, now: Subscription) -> Subscription:
        """Change what differs between `was` and `now`; what waits for a digest that will not come
        any more is sent immediately. Raises as `add`; NotFound where it is gone."""
        await self._check_target(now, now.who)
        clock = self._clock()
        some = await self._rewrite(
            [was], lambda one, heard: transitions.edited(one, was, now, clock, heard)
        )
        if not some:
            raise NotFound(_("The subscription ended in the meantime."))
        return some[0]

    async def pause(
        self, jid: str, until: int, numbers: Collection[int] | None = None
    ) -> Sequence[Subscription]:
        """Send nothing of someone's subscriptions (or of those `numbers`) until a time in ms, 0 for
        until they resume them; then what came meanwhile becomes one digest each. Returns those
        that are paused."""
        chosen = [one for one in await self.of(jid) if numbers is None or one.id in numbers]
        return await self._rewrite(chosen, lambda one, heard: transitions.paused(one, until, heard))

    async def resume(
        self, jid: str, numbers: Collection[int] | None = None
    ) -> Sequence[Subscription]:
        """End pauses, and send what came meanwhile now. Returns those that were paused."""
        now = self._clock()
        mine = [one for one in await self.of(jid) if numbers is None or one.id in numbers]
        return await self._rewrite(mine, lambda one, _heard: transitions.resumed(one, now))

    async def rezone(self, jid: str, zone: str, language: str = "") -> None:
        """Someone goes by other clocks from now, and speaks another language where one is given."""
        now = self._clock()
        await self._rewrite(
            await self.of(jid), lambda one, _heard: transitions.rezoned(one, zone, language, now)
        )

    async def requiet(self, jid: str) -> None:
        """Someone's quiet hours are others now: what waits for their end is looked at anew."""
        await self._look(await self.of(jid))

    async def _look(self, some: Sequence[Subscription]) -> None:
        now = self._clock()
        await self._rewrite(some, lambda one, _heard: transitions.looked_at(one, now))

    async def _rewrite(self, some: Sequence[Subscription], then: Then) -> Sequence[Subscription]:
        """Let each be as `then` says of it and of up to where it was told at once. Of one that was
        changed since it was read (its digest was made, it bounced), it says so anew. Gives those
        that it says something of and that are there; raises Conflict, StoreError."""
        done: list[Subscription] = []
        for _try in range(MAX_TRIES):
            heard = await self._store.fan_out.notified_upto([one.id for one in some])
            changes = []
            for one in some:
                now = then(one, heard[one.id]) if one.id in heard else None
                if now is not None:
                    changes.append((one, now))
            some = await self._store.subscriptions.change(changes)
            late = {one.id for one in some}
            taken = [after for _before, after in changes if after.id not in late]
            self.in_force(taken)
            done += taken
            if not some:
                return done
        raise Conflict(_("The subscriptions kept changing during the request. Try again."))

    async def end(self, numbers: Collection[int]) -> Sequence[Subscription]:
        """End these; gives those that were there."""
        return await self._store.subscriptions.remove(numbers)

    # What can't be delivered

    async def on_failure(self, then: Delivery, error: DeliveryError) -> Delivery:
        """What becomes of a delivery that did not arrive: where who subscribed to it wants it to
        fall back to another address, it goes there; where a person takes nothing now, it waits.
        That is on disk on return. Raises StoreError."""
        dead = then.state is State.DEAD
        is_new = self._clock() - then.message.at < FALLBACK_AFTER_MS
        if then.message.kind is Kind.CONFIRMATION or (is_new and not dead):
            return then
        brought = await self._brought(then)
        ends = await self._fallbacks([one for one, _after in brought])
        for end in ends:
            log.info(
                "using the fallback address",
                message=then.message.id,
                method=end.method,
                reason=str(error),
            )
        await self._hub.write([FanOutPage(then, 0, ends)])
        if ends and dead:
            return then
        if ends:
            return then.failed(Refused(str(error)), self._clock())
        if dead and brought and then.channel.method == self._notices.method:
            await self._put_back(then, brought)
            return then.dropped(self._clock())
        return then

    async def _brought(self, then: Delivery) -> Sequence[tuple[Subscription, int]]:
        """The subscriptions that brought a message, each with the seq before the message's in its
        channel. None brought what was said to a person (a reminder), or came by a route alone."""
        theirs = await self._store.subscriptions.find(target=then.channel, limit=1_000)
        if not theirs:
            return ()
        if then.message.kind is Kind.DIGEST:
            parts = {
                part.subscription: part.after
                for part in await self._store.digests.parts_of(then.message.id)
            }
            return [(one, parts[one.id]) for one in theirs if one.id in parts]
        came: dict[Channel, int] = {}
        for hop in await self._store.messages.trace(then.message.id):
            if hop.state in THERE:
                came[hop.channel] = hop.seq - 1
        hearing = [one for one in theirs if one.channel in came and one.hears(then.message)]
        return [(one, came[one.channel]) for one in hearing]

    async def _fallbacks(self, brought: Sequence[Subscription]) -> Sequence[Channel]:
        """Where they want it instead, as far as that is theirs now."""
        ends: set[Channel] = set()
        for one in brought:
            if one.fallback is None or one.standing is not Standing.ON:
                continue
            if await self.book.is_proved(one.who, one.fallback):
                ends.add(one.fallback)
        return sorted(ends)

    # Who is away

    async def _put_back(self, then: Delivery, brought: Sequence[tuple[Subscription, int]]) -> None:
        """A person's server takes nothing for them: one that keeps nothing for who is offline
        refuses each message. What they were to be told waits, and is tried as one digest, ever
        later."""
        target, digest = then.channel, then.message.kind is Kind.DIGEST
        tries = 0
        if digest:  # what comes at once does so where the last digest arrived
            tries = self._away.get(target, 0)
        self._away[target] = tries + 1
        due = self._clock() + min(FIRST_RETRY_MS << min(tries, 20), DAY_MS)
        log.info("recipient offline, delivery postponed", method=target.method, tries=tries + 1)
        after = {one.id: seq for one, seq in brought}
        if not digest:
            untold = [(number, seq + 1) for number, seq in after.items()]
            await self._store.fan_out.forget_notified(untold)

        def put_back(one: Subscription, _heard: int) -> Subscription | None:
            return transitions.put_back(one, after[one.id], due)

        try:
            await self._rewrite([one for one, _seq in brought], put_back)
        except Conflict as error:
            raise StoreError(error.sentence) from error

    def seen(self, jid: str) -> None:
        """A bare JID shows that it is there: send what waits for them now."""
        if self._away.pop(self.own(jid), None):
            self._timer.at(f"seen:{jid}", self._clock(), partial(self._come, jid))

    async def _come(self, jid: str) -> None:
        try:
            await self._look(
                await self._store.subscriptions.find(target=self.own(jid), limit=1_000)
            )
        except StoreError as error:
            log.warning("delivery to returning recipient postponed", reason=str(error))
