"""Templates drawn: pages, and the letters that they become with a footer."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from component.bus.model.delivery import Delivery
from component.bus.model.message import Message
from component.bus.model.subscription import Subscription
from component.bus.ports.rendering import Letter
from component.common.i18n import Words
from component.subscriptions.rendering import subject, values
from component.subscriptions.rendering.digest import Places
from component.subscriptions.rendering.footer import HERE, footed, scrubbed
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.templates import Faults, Stamp, Templates
from component.subscriptions.rendering.values import ReaderLinks


@dataclass(frozen=True, slots=True)
class Page:
    """What templates made, without a footer. `html` is "" where only text was asked for."""

    subject: str
    text: str
    html: str = ""


class Pages:
    """Draws. `host` is the public one; `tell` says to operators what is wrong with a template of
    theirs, and may raise StoreError."""

    def __init__(
        self,
        templates: Templates,
        places: Places,
        links: ReaderLinks,
        host: str,
        tell: Callable[[Words], Awaitable[None]],
    ) -> None:
        self._templates = templates
        self._faults = Faults(templates)
        self._places = places
        self._links = links
        self._host = host
        self._tell = tell

    @property
    def stamp(self) -> Stamp:
        """Changes whenever the operator's templates do."""
        return self._templates.stamp()

    def draw(self, names: Sequence[str], locale: ReaderLocale, given: Mapping[str, Any]) -> Page:
        """Each template drawn: the text first, then the page."""
        drawn: list[str] = []
        for name in names:
            text = self._faults.draw(name, locale.language, {"footer": HERE, **given})
            drawn.append(scrubbed(text))
        return Page(given["subject"], *drawn)

    def footer(self, name: str, locale: ReaderLocale, given: Mapping[str, Any]) -> str:
        """A footer drawn."""
        return scrubbed(self._faults.draw(name, locale.language, given)).strip("\n")

    def with_chat_footer(self, page: Page, locale: ReaderLocale) -> Page:
        """A page for a chat, with its footer."""
        return replace(page, text=footed(page.text, self.footer("footer-chat.txt", locale, {})))

    def without_footer(self, page: Page) -> Page:
        """A page for a chat, with nothing below it."""
        return replace(page, text=footed(page.text, ""))

    def letter(
        self,
        page: Page,
        why: Sequence[Subscription],
        delivery: Delivery,
        locale: ReaderLocale,
        alone: Message | None = None,
    ) -> Letter:
        """A letter with its footer: why it comes, and how to end that. `alone` is the message that
        is all of it."""
        given = values.of_footer(why, delivery.channel, self._places, self._links, locale, alone)
        channels = [subscription.channel for subscription in why] or [delivery.message.channel]
        numbers = [subscription.id for subscription in why]
        return Letter(
            page.subject,
            footed(page.text, self.footer("footer.txt", locale, given)),
            footed(page.html, self.footer("footer.html", locale, given)),
            subject.list_id(channels, self._host),
            self._links.unsubscribe(numbers) if numbers else "",
            locale.language,
        )

    async def report_faults(self) -> None:
        """Tell operators what is wrong with their templates, once."""
        for words in self._faults.take():
            await self._tell(words)
