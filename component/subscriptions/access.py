"""The right to read: who may be told what a channel holds. Without it a subscription ends by
itself, and says so.

It is looked at when channels, roles or rooms change, for those whom that concerns; for what nobody
tells of (who was banned from a room without being in it), again and again; and when a digest is
due.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import structlog

from component.bus.engine.admin import Settings
from component.bus.engine.hub import Hub
from component.bus.engine.notices import Notices
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.roles import Role
from component.bus.model.subscription import Standing, Subscription
from component.bus.ports.method import Admits, Clock, MethodSpec, Timer
from component.bus.ports.store import Store
from component.common.errors import DeliveryError, NotFound, StoreError
from component.common.i18n import Words, _
from component.subscriptions.addresses import AddressBook
from component.subscriptions.readers import reader

log = structlog.get_logger()

HOUR = 3_600_000
DAY = 24 * HOUR
PAGE = 500
"""Subscriptions that are looked through at once."""
AGAIN = 10_000
"""Milliseconds before what the disk refused is tried again."""


class Rights:
    """`start` once the hub has."""

    def __init__(
        self,
        hub: Hub,
        settings: Settings,
        methods: Mapping[str, MethodSpec],
        notices: Notices,
        book: AddressBook,
        timer: Timer,
        clock: Clock,
    ) -> None:
        self._hub = hub
        self._settings = settings
        self._methods = methods
        self._notices = notices
        self._book = book
        self._timer = timer
        self._clock = clock
        self._known: Mapping[Channel, Role] = {}  # the least role that may read each channel
        settings.changed.append(self._changed)
        settings.changed_role.append(self.left)

    @property
    def _store(self) -> Store:
        return self._hub.store

    def start(self) -> None:
        """Look through all, now and each day; through those at rooms each hour."""
        self._known = self._levels()
        self._timer.at("rights", self._clock(), self._look_at_all)
        self._timer.at("rights rooms", self._clock() + HOUR, self._look_at_rooms)

    # Who may read what

    def open_to(self, jid: str) -> Sequence[ChannelSpec]:
        """The channels that someone may want to hear of; of those that say themselves who may read,
        all."""
        role = self._settings.roles.of(jid)
        return [
            spec
            for spec in self._hub.channels
            if spec.channel.address != "*"
            and (role >= self._least(spec) or self._asks(spec.channel))
        ]

    async def offered(self, jid: str) -> Sequence[ChannelSpec]:
        """Those of them that someone may read; not those of which nobody can tell now."""
        found: list[ChannelSpec] = []
        for spec in self.open_to(jid):
            try:
                if await self.may_read(jid, spec.channel):
                    found.append(spec)
            except DeliveryError as error:
                log.debug("not offered", channel=str(spec.channel), reason=str(error))
        return found

    async def may_read(self, jid: str, channel: Channel) -> bool:
        """Whether a bare JID ("" for anyone) may be told what a channel holds. Raises Unavailable
        where that can't be seen now."""
        spec = self._hub.find(channel)
        if spec is None or spec.channel != channel or channel.address == "*":
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

    def _levels(self) -> Mapping[Channel, Role]:
        return {spec.channel: self._least(spec) for spec in self._hub.channels}

    def _asks(self, channel: Channel) -> bool:
        return isinstance(self._hub.method(channel.method), Admits)

    # When that ends

    def left(self, jid: str) -> None:
        """Someone's role is another, or they may not come into a room any more."""
        self._timer.at(
            f"rights {jid}", self._clock(), partial(self._look, f"rights {jid}", who=jid)
        )

    def _changed(self) -> None:
        """Channels were changed: look at those that are gone, or that fewer may read."""
        known, now = self._known, self._levels()
        self._known = now
        for channel in [one for one, role in known.items() if now.get(one, Role.ADMIN + 1) > role]:
            name = f"rights {channel}"
            self._timer.at(name, self._clock(), partial(self._look, name, channel=channel))

    async def _look_at_all(self) -> None:
        if await self._through(None, None):
            self._timer.at("rights", self._clock() + DAY, self._look_at_all)
        else:
            self._timer.at("rights", self._clock() + AGAIN, self._look_at_all)

    async def _look_at_rooms(self) -> None:
        for channel in [spec.channel for spec in self._hub.channels if self._asks(spec.channel)]:
            await self._look(f"rights {channel}", channel=channel)
        self._timer.at("rights rooms", self._clock() + HOUR, self._look_at_rooms)

    async def _look(
        self, name: str, who: str | None = None, channel: Channel | None = None
    ) -> None:
        if not await self._through(who, channel):
            self._timer.at(name, self._clock() + AGAIN, partial(self._look, name, who, channel))

    async def _through(self, who: str | None, channel: Channel | None) -> bool:
        """End what may not be read any more of someone's, at a channel, or of all; whether the disk
        let it."""
        after = 0
        try:
            while page := await self._store.subscriptions.find(
                who=who, channel=channel, after=after, limit=PAGE
            ):
                after = page[-1].id
                for one in await self.keep(page):
                    if one.standing is Standing.ASKED:
                        await self._book.forget_unanswered(one)
        except StoreError as error:
            log.warning("rights wait for the disk", reason=str(error))
            return False
        return True

    async def keep(self, some: Sequence[Subscription]) -> Sequence[Subscription]:
        """End those of them whose owner may not read their channel any more, and say so; gives the
        others."""
        known: dict[tuple[str, Channel], bool] = {}
        for one in some:
            if (one.who, one.channel) not in known:
                known[one.who, one.channel] = await self._still(one)
        over = [one for one in some if not known[one.who, one.channel]]
        for one in await self._store.subscriptions.remove([one.id for one in over]) if over else ():
            if one.who and one.standing is not Standing.ASKED:
                await self._notices.inform(one.who, ended(one))
        return [one for one in some if known[one.who, one.channel]]

    async def _still(self, one: Subscription) -> bool:
        try:
            return await self.may_read(one.who, one.channel)
        except DeliveryError:
            return True  # nobody can tell now: looked at again


def ended(one: Subscription) -> Words:
    """That a subscription is over."""
    return _(
        "Your subscription {number} to {channel} has ended: you may not read that any more.",
        number=one.id,
        channel=one.channel,
    )
