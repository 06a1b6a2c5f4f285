"""Requests to confirm an address, as pages."""

from collections.abc import Sequence

from component.bus.model.delivery import Delivery
from component.bus.model.subscription import Standing, Subscription
from component.bus.ports.addresses import AddressStore
from component.bus.ports.subscriptions import SubscriptionStore
from component.common.errors import Refused
from component.common.i18n import _
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import Places
from component.subscriptions.rendering.locale import (
    Preferences,
    ReaderLocale,
    locale_of,
    locale_of_person,
)
from component.subscriptions.rendering.pages import Page, Pages
from component.subscriptions.rendering.values import ReaderLinks

SHORT = "request-sms.txt"
"""The template of a request by SMS."""
WAITING = (Standing.ASKED, Standing.FAILED)


class RequestPages:
    """Makes them. `hears_stop` is whether an answer by SMS reaches the bus."""

    def __init__(
        self,
        addresses: AddressStore,
        subscriptions: SubscriptionStore,
        places: Places,
        links: ReaderLinks,
        preferences: Preferences,
        pages: Pages,
        hears_stop: bool,
    ) -> None:
        self._addresses = addresses
        self._subscriptions = subscriptions
        self._places = places
        self._links = links
        self._preferences = preferences
        self._pages = pages
        self._hears_stop = hears_stop

    async def page(self, delivery: Delivery, names: Sequence[str]) -> tuple[Page, ReaderLocale]:
        """A request by the templates of these names, and the locale it is in. Raises StoreError,
        and Refused where the address need not be confirmed any more."""
        request = await self._addresses.request(delivery.message.id)
        address = request and await self._addresses.get(request.who, delivery.channel)
        if not request or not address or address.asked != request.at:
            raise Refused(_("The address no longer needs to be confirmed."))
        who, by = request.who, request.requested_by
        if by == who:
            by = ""
        waiting = await self._waiting(who, delivery)
        if waiting:
            locale = locale_of(waiting[0])
        else:
            locale = locale_of_person(who, self._preferences)
        hears_stop = self._hears_stop and SHORT in names
        given = values.of_request(
            address, by, waiting, self._places, self._links, locale, stop=hears_stop
        )
        return self._pages.draw(names, locale, given), locale

    async def _waiting(self, who: str, delivery: Delivery) -> Sequence[Subscription]:
        """The subscriptions that wait for the address."""
        theirs = await self._subscriptions.find(who=who, target=delivery.channel)
        return [one for one in theirs if one.standing in WAITING]
