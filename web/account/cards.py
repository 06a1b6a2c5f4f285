"""One's own subscriptions and addresses, as the page shows them: in people's words. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from commands.actions.subscriptions._descriptions import details, time_of
from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Proof, Standing, Subscription
from component.common.i18n import Words, _, joined

_KINDS = {"shoutbox": _("shoutbox"), "muc": _("room"), "feed": _("feed"), "story": _("stories")}
"""What people call the channels that can be subscribed to; others by their method."""
_WAYS = {"mail": _("email"), "sms": _("SMS")}
"""What people call the ways to be told; a place stands as it is."""
_PROOFS = {
    Proof.ASKED: _("not confirmed yet"),
    Proof.CONFIRMED: _("confirmed"),
    Proof.REFUSED: _("blocked by the owner"),
}


@dataclass(frozen=True, slots=True)
class Card:
    """A subscription: `title` tells its channel from others that are called alike, `where` is where
    it goes, and `rows` say the rest, each with a label. It may be paused, or resumed, or
    neither."""

    number: int
    title: Words
    where: Words | str
    rows: Sequence[tuple[Words, Words | str]]
    pauses: bool
    resumes: bool


def card(one: Subscription, name: str, own: Channel, now: int) -> Card:
    """Someone's whose chat is `own`, at a channel that is called `name`, at a time in ms."""
    if one.standing is Standing.PAUSED and 0 < one.due <= now:
        one = replace(
            one, standing=Standing.ON
        )  # the pause is over, what came meanwhile is being told
    on, paused = one.standing is Standing.ON, one.standing is Standing.PAUSED
    failed = one.standing is Standing.FAILED and one.target == own
    where = place(one.target, own)
    rows = [(_("When"), _when(one)), (_("Destination"), where), *_rest(one, now)]
    return Card(one.id, titled(one, name), where, rows, pauses=on, resumes=paused or failed)


def titled(one: Subscription, name: str) -> Words:
    """What it is of: Lobby, room."""
    return joined([name, _KINDS.get(one.channel.method, one.channel.method)], ", ")


def place(target: Channel, own: Channel) -> Words | str:
    """Where something goes, `own` being their chat."""
    if target == own:
        return _("chat")
    way = _WAYS.get(target.method)
    return _("{way} to {address}", way=way, address=target.address) if way else str(target)


def _when(one: Subscription) -> Words | str:
    words = one.interval.words
    return joined([words, f"({one.zone})"], " ") if one.interval.schedule else words


def _rest(one: Subscription, now: int) -> Sequence[tuple[Words, Words | str]]:
    rows: list[tuple[Words, Words | str]] = []
    if more := details(one):
        rows.append((_("Options"), joined(more, ", ")))
    if one.standing is not Standing.ON:
        rows.append((_("State"), _stands(one)))
    elif one.due:
        rows.append((_("Next time"), time_of(one.due, one.zone) if one.due > now else _("now")))
    return rows


def _stands(one: Subscription) -> Words:
    if one.standing is Standing.PAUSED and one.due:
        return _("paused until {time} ({zone})", time=time_of(one.due, one.zone), zone=one.zone)
    return one.standing.words


def proved(address: Address) -> Words:
    """How an address stands."""
    return _PROOFS.get(address.proof) or _("does not accept messages ({why})", why=address.why)
