"""By which subscription a message comes to a person."""

from collections.abc import Collection, Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.message import Channel
from component.bus.model.subscription import Standing, Subscription
from component.bus.ports.addresses import AddressStore
from component.bus.ports.method import Clock
from component.bus.ports.subscriptions import SubscriptionStore
from component.subscriptions.rendering.excerpts import LIFE_MS, Excerpts
from component.subscriptions.rendering.recent import Recent

MAX_MESSAGES = 256
"""Messages whose places are kept."""


class Bringer:
    """Finds it. `persons` are the names of methods whose channels are people."""

    def __init__(
        self,
        subscriptions: SubscriptionStore,
        addresses: AddressStore,
        excerpts: Excerpts,
        clock: Clock,
        persons: Collection[str],
    ) -> None:
        self._subscriptions = subscriptions
        self._addresses = addresses
        self._excerpts = excerpts
        self._persons = persons
        self._places: Recent[str, tuple[int, Sequence[Channel]]] = Recent(
            MAX_MESSAGES, LIFE_MS, clock
        )

    async def subscription(self, delivery: Delivery) -> Subscription | None:
        """The subscription by which a message is brought to the delivery's channel; None where it
        comes in another way. Raises StoreError."""
        target = delivery.channel
        if delivery.message.channel == target or target.method not in self._persons:
            return None  # the bus says it there itself; and only persons get single messages
        theirs = await self._subscriptions.find(target=target)
        if not theirs:
            theirs = await self._falling_back_to(target)
        by_channel: dict[Channel, Subscription] = {}
        for subscription in theirs:
            if subscription.standing is not Standing.ASKED:
                by_channel.setdefault(subscription.channel, subscription)
        if not by_channel:
            return None
        for place in await self._places_of(delivery):
            if place in by_channel:
                return by_channel[place]
        return None

    async def givers(self, target: Channel) -> Sequence[str]:
        """The bare JIDs of those who gave an address. Raises StoreError."""
        known = await self._addresses.find(target=target)
        return [address.who for address in known if address.who]

    async def _falling_back_to(self, target: Channel) -> Sequence[Subscription]:
        """Subscriptions of those who gave the target that fall back to it."""
        found: list[Subscription] = []
        for who in await self.givers(target):
            for subscription in await self._subscriptions.find(who=who):
                if subscription.fallback == target:
                    found.append(subscription)
        return found

    async def _places_of(self, delivery: Delivery) -> Sequence[Channel]:
        """Where a message was brought, people left out: it may have been brought to thousands."""
        known = self._places.get(delivery.message.id)
        if known is None or known[0] < delivery.seq:
            places = await self._excerpts.places(delivery.message)
            kept = [place for place in places if place.method not in self._persons]
            known = self._places.put(delivery.message.id, (delivery.seq, kept))
        return known[1]
