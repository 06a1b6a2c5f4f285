"""Digests as pages. What many get is made once and kept for a moment."""

import asyncio
from collections.abc import Hashable, Sequence

from component.bus.model.message import Channel
from component.bus.ports.method import Clock
from component.common.errors import Moot
from component.common.i18n import _
from component.subscriptions.instant import quoted
from component.subscriptions.rendering import values
from component.subscriptions.rendering.digest import (
    Bounds,
    Places,
    Selection,
    chosen,
    merged,
    strangers,
)
from component.subscriptions.rendering.excerpts import LIFE_MS, Excerpt, Excerpts, Piece
from component.subscriptions.rendering.locale import ReaderLocale, locale_of
from component.subscriptions.rendering.pages import Page, Pages
from component.subscriptions.rendering.recent import Recent

MAX_PAGES = 64
"""Pages that are kept: at 200 KB each at most."""


class DigestPages:
    """Makes them."""

    def __init__(self, excerpts: Excerpts, places: Places, pages: Pages, clock: Clock) -> None:
        self._excerpts = excerpts
        self._places = places
        self._pages = pages
        self._made: Recent[Hashable, Page] = Recent(MAX_PAGES, LIFE_MS, clock)
        self._in_turn = asyncio.Lock()

    async def page(
        self, pieces: Sequence[Piece], bounds: Bounds, names: Sequence[str]
    ) -> tuple[Page, ReaderLocale]:
        """The digest that consists of pieces, by the templates of these names, and the locale it is
        in. Raises StoreError, and Moot where everything was deleted."""
        locale = locale_of(pieces[0].subscription)
        excerpts = [await self._excerpts.excerpt(piece) for piece in pieces]
        key = (tuple(names), tuple(one.key for one in excerpts), locale, self._pages.stamp)
        async with self._in_turn:  # others who get the same wait while one makes it
            page = self._made.get(key)
            if page is None:
                page = await self._draw(pieces, excerpts, bounds, names, locale)
                self._made.put(key, page)
        return page, locale

    async def _draw(
        self,
        pieces: Sequence[Piece],
        excerpts: Sequence[Excerpt],
        bounds: Bounds,
        names: Sequence[str],
        locale: ReaderLocale,
    ) -> Page:
        selections: list[Selection] = []
        for piece, excerpt in zip(pieces, excerpts, strict=True):
            selections.append(excerpt.selection(piece.subscription.channel))
        selections = merged(selections)
        if not selections:
            raise Moot(_("The messages were deleted in the meantime. Nothing was sent."))
        shown = chosen(selections, bounds)
        quotes: dict[tuple[Channel, str], str] = {}
        for channel, message_id in strangers(shown):
            answered = await self._excerpts.answered(channel, message_id)
            if answered:
                quotes[channel, message_id] = quoted(answered)
        given = values.of_digest(shown, quotes, self._places, locale, bounds)
        return self._pages.draw(names, locale, given)
