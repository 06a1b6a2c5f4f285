"""Puts deliveries into words for subscribers: mail, chat messages, SMS.

What many get is made once and kept for a moment; only the footer is each reader's.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import replace

from component.bus.model.delivery import Delivery
from component.bus.model.message import MAX_BODY, Kind, Message
from component.bus.model.subscription import Subscription
from component.bus.ports.method import Clock
from component.bus.ports.rendering import Fits, Letter
from component.bus.ports.store import Store
from component.common.errors import Moot
from component.common.i18n import Words, _
from component.common.sanitize import one_line
from component.subscriptions.instant import noted
from component.subscriptions.rendering.bringer import Bringer
from component.subscriptions.rendering.digest import Bounds, Places
from component.subscriptions.rendering.digest_pages import DigestPages
from component.subscriptions.rendering.excerpts import Excerpts, Keep, Piece, keep_all
from component.subscriptions.rendering.locale import (
    Preferences,
    ReaderLocale,
    locale_of,
    locale_of_person,
)
from component.subscriptions.rendering.message_pages import MessagePages
from component.subscriptions.rendering.pages import Page, Pages
from component.subscriptions.rendering.request_pages import SHORT, RequestPages
from component.subscriptions.rendering.short import followed, short
from component.subscriptions.rendering.templates import Templates
from component.subscriptions.rendering.values import ReaderLinks

MAIL = Bounds()
CHAT = Bounds(size=2_600, longest=400, frame=30)
"""What fits a chat message that is still read with pleasure: about 3,000 characters."""


class Renderer:
    """The renderer of deliveries (`component.bus.ports.rendering`).

    `host` is the public one, `persons` the names of methods whose channels are people; `tell` says
    to operators what is wrong with a template of theirs, and may raise StoreError; `hears_stop` is
    whether an answer by SMS reaches the bus; `keep` returns those of some subscriptions whose
    owners may still read their channels.
    """

    def __init__(
        self,
        store: Store,
        places: Places,
        links: ReaderLinks,
        preferences: Preferences,
        templates: Templates,
        clock: Clock,
        *,
        host: str,
        persons: Collection[str],
        tell: Callable[[Words], Awaitable[None]],
        hears_stop: bool = False,
        keep: Keep = keep_all,
    ) -> None:
        self._places = places
        self._preferences = preferences
        self._persons = persons
        self._excerpts = Excerpts(store, clock, keep)
        self._bringer = Bringer(
            store.subscriptions, store.addresses, self._excerpts, clock, persons
        )
        self._pages = Pages(templates, places, links, host, tell)
        self._digests = DigestPages(self._excerpts, places, self._pages, clock)
        self._messages = MessagePages(self._excerpts, places, self._pages, clock)
        self._requests = RequestPages(
            store.addresses,
            store.subscriptions,
            places,
            links,
            preferences,
            self._pages,
            hears_stop,
        )

    async def letter(self, delivery: Delivery) -> Letter:
        """A delivery as mail. Raises StoreError, Refused."""
        letter = await self._letter(delivery)
        await self._pages.report_faults()
        return letter

    async def message(self, delivery: Delivery) -> Message:
        """A delivery as an instant message, or a line in a room. Raises StoreError, Refused."""
        message = delivery.message
        if is_request(message):
            page, _locale = await self._requests.page(delivery, ("request-chat.txt",))
            return await self._as_message(message, page)
        pieces = await self._pieces(message)
        if pieces:
            page, locale = await self._digests.page(pieces, CHAT, ("digest-chat.txt",))
            if delivery.channel.method in self._persons:
                page = self._pages.with_chat_footer(page, locale)
            else:  # a room cannot answer “stop”
                page = self._pages.without_footer(page)
            return await self._as_message(message, page)
        subscription = await self._bringer.subscription(delivery)
        if subscription is None:
            return message
        answered = await self._messages.answered(message, subscription.channel)
        return noted(message, self._places.title(subscription.channel), answered)

    async def short(self, delivery: Delivery, fits: Fits) -> str:
        """A delivery as a short text. Raises StoreError, Refused."""
        text = await self._short(delivery, fits)
        await self._pages.report_faults()
        return text

    async def _letter(self, delivery: Delivery) -> Letter:
        message = delivery.message
        if is_request(message):
            page, locale = await self._requests.page(delivery, ("request.txt", "request.html"))
            return Letter(page.subject, page.text, page.html, language=locale.language)
        pieces = await self._pieces(message)
        if pieces:
            names = ("digest.txt", "digest.html")
            page, locale = await self._digests.page(pieces, MAIL, names)
            why = [piece.subscription for piece in pieces]
            return self._pages.letter(page, why, delivery, locale)
        subscription = await self._bringer.subscription(delivery)
        names = ("message.txt", "message.html")
        page, locale = await self._single(delivery, subscription, names)
        why = [subscription] if subscription else []
        return self._pages.letter(page, why, delivery, locale, message)

    async def _short(self, delivery: Delivery, fits: Fits) -> str:
        message = delivery.message
        if is_request(message):
            page, _locale = await self._requests.page(delivery, (SHORT,))
            return short(one_line(page.text), "", fits)
        pieces = await self._pieces(message)
        if pieces:
            page, _locale = await self._digests.page(pieces, MAIL, ("digest-sms.txt",))
            return followed(one_line(page.text), self._first_address(pieces), fits)
        subscription = await self._bringer.subscription(delivery)
        page, _locale = await self._single(delivery, subscription, ("message-sms.txt",))
        return short(one_line(page.text), self._places.link(message), fits)

    async def _pieces(self, message: Message) -> Sequence[Piece]:
        """What a digest consists of; nothing where a message is something else. Raises Moot where
        nothing is left of it."""
        if message.kind is not Kind.DIGEST:
            return ()
        pieces = await self._excerpts.pieces(message.id)
        if not pieces:
            raise Moot(_("The subscription has ended. Nothing was sent."))
        return pieces

    async def _single(
        self, delivery: Delivery, subscription: Subscription | None, names: Sequence[str]
    ) -> tuple[Page, ReaderLocale]:
        message = delivery.message
        if subscription:
            channel, locale = subscription.channel, locale_of(subscription)
        else:
            people = await self._bringer.givers(delivery.channel)
            reader = people[0] if people else delivery.channel.address
            channel, locale = message.channel, locale_of_person(reader, self._preferences)
        return await self._messages.page(message, channel, locale, names), locale

    async def _as_message(self, message: Message, page: Page) -> Message:
        await self._pages.report_faults()
        return replace(message, body=page.text.strip("\n")[:MAX_BODY] or page.subject)

    def _first_address(self, pieces: Sequence[Piece]) -> str:
        """The address of the first channel that has a page; "" where none has."""
        for piece in pieces:
            address = self._places.page(piece.subscription.channel)
            if address:
                return address
        return ""


def is_request(message: Message) -> bool:
    """Whether a message asks for an address to be confirmed."""
    return message.kind is Kind.CONFIRMATION
