"""What templates are given: the fields that `docs/letters.md` names. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from component.bus.model.message import MAX_BODY, Channel, Message
from component.bus.model.subscription import Address, Subscription
from component.common.i18n import _, tell
from component.common.sanitize import one_line
from component.subscriptions.instant import quoted
from component.subscriptions.rendering import subject
from component.subscriptions.rendering.digest import Bounds, Places, Selection, arranged, entry
from component.subscriptions.rendering.locale import ReaderLocale
from component.subscriptions.rendering.times import zone_of

MAX_CHARS = MAX_BODY // 16
"""Characters of a message that comes alone."""


class ReaderLinks(Protocol):
    """Addresses by which the reader of a letter decides about it, each signed for them."""

    def unsubscribe(self, numbers: Sequence[int]) -> str:
        """Ends subscriptions, by their numbers."""

    def stop_all(self, target: Channel) -> str:
        """Ends all that goes to an address."""

    def confirm(self, address: Address) -> str:
        """Confirms that an address is theirs."""

    def code(self, address: Address) -> str:
        """The code that does."""

    def manage(self) -> str:
        """The page with someone's subscriptions."""


def of_digest(
    shown: Sequence[Selection],
    quotes: Mapping[tuple[Channel, str], str],
    places: Places,
    locale: ReaderLocale,
    bounds: Bounds,
) -> Mapping[str, Any]:
    """For digest.*: what is `shown`, and a line of what it answers."""
    digest = arranged(shown, quotes, places, locale.times, bounds.longest)
    return {
        "subject": subject.of_digest(digest, locale.language),
        "digest": digest,
        "zone": zone_of(locale.zone),
    }


def of_message(
    message: Message,
    channel: Channel,
    answered: Message | None,
    places: Places,
    locale: ReaderLocale,
) -> Mapping[str, Any]:
    """For message.*: one that came to a channel, and what it answers."""
    title = one_line(places.title(channel))
    return {
        "subject": subject.of_message(title, message.spoken),
        "title": title,
        "url": places.page(channel),
        "quote": one_line(quoted(answered)) if answered else "",
        "message": entry(message, channel, places, locale.times.stamp(message.at), MAX_CHARS),
    }


def of_request(
    address: Address,
    by: str,
    waiting: Sequence[Subscription],
    places: Places,
    links: ReaderLinks,
    locale: ReaderLocale,
    *,
    stop: bool = False,
) -> Mapping[str, Any]:
    """For request.*: an address whose owner is to confirm it, the person who wants that (`by`, else
    `address.who`), the subscriptions that wait for it, and whether an answer of “stop” reaches the
    bus."""
    shown = one_line(address.target.address)
    title = one_line(_("Please confirm {address}", address=shown).told(locale.language))
    return {
        "subject": subject.cut(title, subject.MAX_CHARS),
        "who": one_line(by or address.who),
        "address": shown,
        "wishes": [reason(one, places, links, locale) for one in waiting],
        "confirm": links.confirm(address),
        "code": links.code(address),
        "refuse": links.stop_all(address.target),
        "stop": stop,
        "footer": "",
    }


def of_footer(
    why: Sequence[Subscription],
    target: Channel,
    places: Places,
    links: ReaderLinks,
    locale: ReaderLocale,
    message: Message | None = None,
) -> Mapping[str, Any]:
    """For footer.*: the subscriptions by which a letter comes to `target`; none where it does by an
    operator's route. `message` is the one that comes alone."""
    reasons: list[dict[str, str]] = []
    has_owner = False
    for subscription in why:
        named = name_in(subscription, message) if message else ""
        reasons.append(reason(subscription, places, links, locale) | {"named": named})
        has_owner = has_owner or bool(subscription.who)
    return {
        "reasons": reasons,
        "stop_all": links.stop_all(target),
        "manage": links.manage() if has_owner else "",
    }


def name_in(subscription: Subscription, message: Message) -> str:
    """The name for which a message comes before its digest; "" where it comes anyway."""
    if subscription.interval.at_once or not subscription.names(message):
        return ""
    return subscription.name


def reason(
    subscription: Subscription, places: Places, links: ReaderLinks, locale: ReaderLocale
) -> dict[str, str]:
    """A subscription as a reason why a letter comes."""
    return {
        "title": one_line(places.title(subscription.channel)),
        "interval": tell(subscription.interval.words, locale.language),
        "end": links.unsubscribe([subscription.id]),
    }
