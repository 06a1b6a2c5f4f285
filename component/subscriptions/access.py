"""The right to read what a channel holds. Without it a subscription ends, and its owner is
notified.

It is checked when channels, roles or rooms change, for those whom that concerns; again and again
for changes that nobody reports (someone was banned from a room without being in it); and when a
digest is due.
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
from component.bus.ports.subscriptions import SubscriptionStore
from component.common.errors import BadInput, DeliveryError, NotFound, StoreError
from component.common.i18n import Words, _
from component.subscriptions.addresses import AddressBook

log = structlog.get_logger()

HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
PAGE = 500
"""Subscriptions that are looked through at once."""
RETRY_MS = 10_000
"""The time before what the disk refused is tried again."""


class ReadAccess:
    """Checks it. Call `start` once the hub has started."""

    def __init__(
        self,
        hub: Hub,
        subscriptions: SubscriptionStore,
        settings: Settings,
        methods: Mapping[str, MethodSpec],
        notices: Notices,
        book: AddressBook,
        timer: Timer,
        clock: Clock,
    ) -> None:
        self._hub = hub
        self._subscriptions = subscriptions
        self._settings = settings
        self._methods = methods
        self._notices = notices
        self._book = book
        self._timer = timer
        self._clock = clock
        self._known: Mapping[Channel, Role] = {}  # the least role that may read each channel
        settings.changed.append(self.channels_changed)
        settings.changed_role.append(self.left)

    def start(self) -> None:
        """Look through all subscriptions, now and each day; through those of rooms each hour."""
        self._known = self.least_roles()
        self._timer.at("rights", self._clock(), self.check_all)
        self._timer.at("rights rooms", self._clock() + HOUR_MS, self.check_rooms)

    # Who may read what

    def open_to(self, jid: str) -> Sequence[ChannelSpec]:
        """The channels that someone may subscribe to, and all those that decide themselves who may
        read."""
        role = self._settings.roles.of(jid)
        found: list[ChannelSpec] = []
        for spec in self._hub.channels:
            if spec.channel.address == "*":
                continue
            if role >= self.least_role(spec) or self.decides(spec.channel):
                found.append(spec)
        return found

    async def offered(self, jid: str) -> Sequence[ChannelSpec]:
        """Those of them that someone may read; without those of which that is not known now."""
        found: list[ChannelSpec] = []
        for spec in self.open_to(jid):
            try:
                if await self.may_read(jid, spec.channel):
                    found.append(spec)
            except DeliveryError as error:
                log.debug("channel not offered", channel=str(spec.channel), reason=str(error))
        return found

    async def may_read(self, jid: str, channel: Channel) -> bool:
        """Whether a bare JID ("" for anyone) may read what a channel holds. Raises Unavailable
        where that is not known now."""
        spec = self._hub.find(channel)
        if spec is None or spec.channel != channel or channel.address == "*":
            return False
        if self._settings.roles.of(jid) >= self.least_role(spec):
            return True
        method: object = self._hub.method(channel.method)
        if not jid or not isinstance(method, Admits):
            return False
        try:
            return await method.admits(channel, jid)
        except NotFound:
            return False

    def least_role(self, spec: ChannelSpec) -> Role:
        """The least role that may read a channel."""
        return reader_role(spec, self._methods.get(spec.channel.method))

    def least_roles(self) -> Mapping[Channel, Role]:
        """The least role that may read each channel."""
        return {spec.channel: self.least_role(spec) for spec in self._hub.channels}

    def decides(self, channel: Channel) -> bool:
        """Whether a channel's method decides itself who may read."""
        return isinstance(self._hub.method(channel.method), Admits)

    # When that ends

    def left(self, jid: str) -> None:
        """Someone's role changed, or they may not enter a room any more."""
        name = f"rights {jid}"
        self._timer.at(name, self._clock(), partial(self._check, name, who=jid))

    def channels_changed(self) -> None:
        """Channels were changed: check those that are gone, or that fewer may read."""
        known, now = self._known, self.least_roles()
        self._known = now
        for channel, role in known.items():
            if now.get(channel, Role.ADMIN + 1) > role:
                name = f"rights {channel}"
                self._timer.at(name, self._clock(), partial(self._check, name, channel=channel))

    async def check_all(self) -> None:
        """Check every subscription, and again in a day."""
        is_done = await self._look_through(None, None)
        wait = DAY_MS if is_done else RETRY_MS
        self._timer.at("rights", self._clock() + wait, self.check_all)

    async def check_rooms(self) -> None:
        """Check the subscriptions of channels that decide themselves, and again in an hour."""
        for spec in list(self._hub.channels):
            if self.decides(spec.channel):
                await self._check(f"rights {spec.channel}", channel=spec.channel)
        self._timer.at("rights rooms", self._clock() + HOUR_MS, self.check_rooms)

    async def _check(
        self, name: str, who: str | None = None, channel: Channel | None = None
    ) -> None:
        if not await self._look_through(who, channel):
            again = partial(self._check, name, who, channel)
            self._timer.at(name, self._clock() + RETRY_MS, again)

    async def _look_through(self, who: str | None, channel: Channel | None) -> bool:
        """End what may not be read any more of someone's, at a channel, or of all. Returns whether
        the disk allowed it."""
        after = 0
        try:
            while True:
                page = await self._subscriptions.find(
                    who=who, channel=channel, after=after, limit=PAGE
                )
                if not page:
                    return True
                after = page[-1].id
                for subscription in await self.keep(page):
                    if subscription.standing is Standing.ASKED:
                        await self._book.forget_unanswered(subscription)
        except StoreError as error:
            log.warning("access check postponed", reason=str(error))
            return False

    async def keep(self, subscriptions: Sequence[Subscription]) -> Sequence[Subscription]:
        """End those of them whose owner may not read their channel any more, and notify the owner.
        Returns the others."""
        known: dict[tuple[str, Channel], bool] = {}
        kept: list[Subscription] = []
        over: list[int] = []
        for one in subscriptions:
            if (one.who, one.channel) not in known:
                known[one.who, one.channel] = await self._may_still_read(one)
            if known[one.who, one.channel]:
                kept.append(one)
            else:
                over.append(one.id)
        if over:
            for one in await self._subscriptions.remove(over):
                if one.who and one.standing is not Standing.ASKED:
                    await self._notices.inform(one.who, ended(one))
        return kept

    async def _may_still_read(self, one: Subscription) -> bool:
        try:
            return await self.may_read(one.who, one.channel)
        except DeliveryError:
            return True  # it is not known now: checked again later


def ended(one: Subscription) -> Words:
    """That a subscription is over."""
    return _(
        "Your subscription {number} to {channel} has ended, because you can no longer read the "
        "channel.",
        number=one.id,
        channel=one.channel,
    )


def reader_role(spec: ChannelSpec, method: MethodSpec | None) -> Role:
    """The least role that may read a configured channel, by its method and its settings. A method
    may let others read too, such as those who may enter a room."""
    if method is None or method.person:
        return Role.ADMIN
    if method.open:
        return Role.GUEST
    if not (method.archive or method.shared) or not is_public(spec, method):
        return Role.OPERATOR
    return Role.GUEST if method.archive else Role.MEMBER


def is_public(spec: ChannelSpec, method: MethodSpec) -> bool:
    """Whether a channel is public: not where its settings say otherwise, or can't be read."""
    try:
        return bool(getattr(method.settings(spec), "public", True))
    except BadInput:
        return False
