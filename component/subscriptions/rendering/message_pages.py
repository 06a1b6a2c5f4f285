"""Single messages as pages. What many get is made once and kept for a moment."""

from collections.abc import Hashable, Sequence

from component.bus.model.message import Channel, Message
from component.bus.ports.method import Clock
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import Places
from component.subscriptions.rendering.excerpts import LIFE_MS, Excerpts
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.pages import Page, Pages
from component.subscriptions.rendering.recent import Recent

MAX_PAGES = 64
"""Pages that are kept: at 200 KB each at most."""
MAX_ANSWERS = 256
"""Messages whose answers are kept."""


class MessagePages:
    """Makes them."""

    def __init__(self, excerpts: Excerpts, places: Places, pages: Pages, clock: Clock) -> None:
        self._excerpts = excerpts
        self._places = places
        self._pages = pages
        self._made: Recent[Hashable, Page] = Recent(MAX_PAGES, LIFE_MS, clock)
        self._answered: Recent[tuple[Channel, str], tuple[Message | None]] = Recent(
            MAX_ANSWERS, LIFE_MS, clock
        )

    async def page(
        self, message: Message, channel: Channel, locale: ReaderLocale, names: Sequence[str]
    ) -> Page:
        """A message that came to a channel, by the templates of these names. Raises StoreError."""
        key = (tuple(names), message, channel, locale, self._pages.stamp)
        page = self._made.get(key)
        if page is None:
            answered = await self.answered(message, channel)
            given = values.of_message(message, channel, answered, self._places, locale)
            page = self._made.put(key, self._pages.draw(names, locale, given))
        return page

    async def answered(self, message: Message, channel: Channel) -> Message | None:
        """What a message in a channel answers; None where that is nothing, or may not be shown.
        Raises StoreError."""
        if not message.replies:
            return None
        key = (channel, message.replies)
        known = self._answered.get(key)
        if known is None:
            known = self._answered.put(key, (await self._excerpts.answered(*key),))
        return known[0]
