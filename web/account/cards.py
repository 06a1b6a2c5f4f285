"""A person's own subscriptions and addresses as the page shows them. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from commands.actions.subscriptions._descriptions import details, time_of
from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Proof, Standing, Subscription
from component.common.i18n import Words, _, joined

KINDS = {"shoutbox": _("shoutbox"), "muc": _("room"), "feed": _("feed"), "story": _("stories")}
"""What people call the channels that they can subscribe to; others go by their method."""
METHODS = {"mail": _("email"), "sms": _("SMS")}
"""What people call the methods that reach them."""
PROOFS = {
    Proof.ASKED: _("not confirmed yet"),
    Proof.CONFIRMED: _("confirmed"),
    Proof.REFUSED: _("blocked by the owner"),
}

Row = tuple[Words, Words | str]
"""A label and a value."""


@dataclass(frozen=True, slots=True)
class Card:
    """A subscription: `title` tells its channel from others with the same name, `where` is its
    destination, `rows` are the rest. `pauses` and `resumes` say which buttons it has."""

    number: int
    title: Words
    where: Words | str
    rows: Sequence[Row]
    pauses: bool
    resumes: bool


def card(subscription: Subscription, name: str, own: Channel, now: int) -> Card:
    """A subscription of the person whose chat is `own`, to a channel with that name, at a time in
    ms."""
    if subscription.standing is Standing.PAUSED and 0 < subscription.due <= now:
        # The pause is over, and what came in the meantime is being sent.
        subscription = replace(subscription, standing=Standing.ON)
    standing = subscription.standing
    failed = standing is Standing.FAILED and subscription.target == own
    where = place(subscription.target, own)
    rows: list[Row] = [(_("When"), interval_of(subscription)), (_("Destination"), where)]
    rows += other_rows(subscription, now)
    return Card(
        subscription.id,
        titled(subscription, name),
        where,
        rows,
        pauses=standing is Standing.ON,
        resumes=standing is Standing.PAUSED or failed,
    )


def titled(subscription: Subscription, name: str) -> Words:
    """A subscription's channel, such as: Lobby, room."""
    method = subscription.channel.method
    return joined([name, KINDS.get(method, method)], ", ")


def place(target: Channel, own: Channel) -> Words | str:
    """Where a subscription goes; `own` is the person's chat."""
    if target == own:
        return _("chat")
    way = METHODS.get(target.method)
    if way is None:
        return str(target)
    return _("{way} to {address}", way=way, address=target.address)


def interval_of(subscription: Subscription) -> Words | str:
    """How often, with the time zone if there is a time of day."""
    words = subscription.interval.words
    if subscription.interval.schedule:
        return joined([words, f"({subscription.zone})"], " ")
    return words


def other_rows(subscription: Subscription, now: int) -> Sequence[Row]:
    """The rows that not every subscription has."""
    rows: list[Row] = []
    described = details(subscription)
    if described:
        rows.append((_("Options"), joined(described, ", ")))
    if subscription.standing is not Standing.ON:
        rows.append((_("State"), state_of(subscription)))
    elif subscription.due > now:
        rows.append((_("Next time"), time_of(subscription.due, subscription.zone)))
    elif subscription.due:
        rows.append((_("Next time"), _("now")))
    return rows


def state_of(subscription: Subscription) -> Words:
    """The state, and until when."""
    if subscription.standing is Standing.PAUSED and subscription.due:
        zone = subscription.zone
        until = time_of(subscription.due, zone)
        return _("paused until {time} ({zone})", time=until, zone=zone)
    return subscription.standing.words


def proved(address: Address) -> Words:
    """Whether an address is confirmed."""
    return PROOFS.get(address.proof) or _("does not accept messages ({why})", why=address.why)
