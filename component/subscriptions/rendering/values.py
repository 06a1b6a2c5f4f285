"""What templates are given: the fields that `docs/letters.md` names. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from component.bus.model.message import MAX_BODY, Channel, Message
from component.bus.model.subscription import Address, Subscription
from component.common.i18n import _, tell
from component.common.sanitize import one_line
from component.subscriptions.instant import quoted
from component.subscriptions.rendering import subject
from component.subscriptions.rendering.digest import Bounds, Places, Wanted, arranged, entry
from component.subscriptions.rendering.times import Times, zone_of

LONGEST = MAX_BODY // 16
"""Characters of a message that comes alone."""


class Links(Protocol):
    """Addresses that let who gets a letter decide about it, each signed for them."""

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


@dataclass(frozen=True, slots=True)
class Eyes:
    """Who reads: their language and zone."""

    language: str
    zone: str

    @property
    def times(self) -> Times:
        """Their clocks."""
        return Times(self.zone, self.language)


def of_digest(
    shown: Sequence[Wanted],
    quotes: Mapping[tuple[Channel, str], str],
    places: Places,
    eyes: Eyes,
    bounds: Bounds,
) -> Mapping[str, Any]:
    """For digest.*; see `digest.arranged`."""
    digest = arranged(shown, quotes, places, eyes.times, bounds.longest)
    return {
        "subject": subject.of_digest(digest, eyes.language),
        "digest": digest,
        "zone": zone_of(eyes.zone),
    }


def of_message(
    message: Message, channel: Channel, answered: Message | None, places: Places, eyes: Eyes
) -> Mapping[str, Any]:
    """For message.*: one that came to a channel, and what it answers."""
    title = one_line(places.title(channel))
    return {
        "subject": subject.of_message(title, message.body),
        "title": title,
        "url": places.page(channel),
        "quote": one_line(quoted(answered)) if answered else "",
        "message": entry(message, channel, places, eyes.times.stamp(message.at), LONGEST),
    }


def of_request(
    address: Address,
    by: str,
    waiting: Sequence[Subscription],
    places: Places,
    links: Links,
    eyes: Eyes,
    *,
    stop: bool = False,
) -> Mapping[str, Any]:
    """For request.*: an address whose owner is to confirm it, who wants that (`by`, else
    `address.who`), the subscriptions that wait for it, and whether an answer that says “stop” is
    heard."""
    shown = one_line(address.target.address)
    title = one_line(_("Please confirm {address}", address=shown).told(eyes.language))
    return {
        "subject": subject.cut(title, subject.LONGEST),
        "who": one_line(by or address.who),
        "address": shown,
        "wishes": [_reason(one, places, links, eyes) for one in waiting],
        "confirm": links.confirm(address),
        "code": links.code(address),
        "refuse": links.stop_all(address.target),
        "stop": stop,
        "footer": "",
    }


def of_foot(
    why: Sequence[Subscription],
    target: Channel,
    places: Places,
    links: Links,
    eyes: Eyes,
    message: Message | None = None,
) -> Mapping[str, Any]:
    """For footer.*: the subscriptions by which a letter comes to `target`; none where it does by an
    operator's route. `message` is the one that comes alone."""
    return {
        "reasons": [
            _reason(one, places, links, eyes) | {"named": _named(one, message)} for one in why
        ],
        "stop_all": links.stop_all(target),
        "manage": links.manage() if any(one.who for one in why) else "",
    }


def _named(one: Subscription, message: Message | None) -> str:
    """The name for which a message comes before its digest; "" where it comes anyway."""
    return one.name if message and not one.interval.at_once and one.names(message) else ""


def _reason(one: Subscription, places: Places, links: Links, eyes: Eyes) -> dict[str, str]:
    return {
        "title": one_line(places.title(one.channel)),
        "interval": tell(one.interval.words, eyes.language),
        "end": links.unsubscribe([one.id]),
    }
