"""What a correction or a retraction makes of the message that it names: the pure decision. No I/O.

A place gets the new words, or it loses the old ones. A place keeps the old words only where it
cannot change what it has, or where a processor would hold the new ones. The author learns where.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

from component.bus.model.delivery import Delivery, State
from component.bus.model.message import WITHDRAWN, Channel, Kind, Message, id_from
from component.bus.model.planner import Held, Stopped
from component.bus.ports.method import Corrects, Method, Retracts
from component.bus.ports.transaction import Original, Plan, Revision
from component.common.i18n import Words, _

THERE = (State.RECEIVED, State.PENDING, State.DELIVERED)

_SENT = _("it was already sent there and cannot be changed.")
_GONE = _("it was taken back there earlier.")
_DELAYED = _("messages are delayed on the way there. To take the old one back, delete it.")


@dataclass(frozen=True, slots=True)
class NewWords:
    """Where the new words arrive, and as what; where processors would hold them (`delayed`), and
    what becomes of held messages: None for those that go no further. `stops` say where processors
    stopped them."""

    arrivals: Mapping[Channel, Message]
    delayed: Collection[Channel] = ()
    held: Mapping[int, Message | None] = field(default_factory=dict)
    stops: Collection[Stopped] = ()


@dataclass(frozen=True, slots=True)
class Ways:
    """The methods: what each can do with what it delivered. `persons` are those whose channels are
    persons."""

    methods: Mapping[str, Method | None]
    persons: Collection[str] = ()

    def is_inside(self, channel: Channel) -> bool:
        """Whether the store is all there is of a channel."""
        return self.methods.get(channel.method) is None

    def corrects(self, channel: Channel) -> bool:
        """Whether what was sent there can be corrected."""
        return isinstance(self.methods.get(channel.method), Corrects)

    def retracts(self, channel: Channel) -> bool:
        """Whether what was sent there can be taken back."""
        return isinstance(self.methods.get(channel.method), Retracts)


@dataclass(slots=True)
class Changes:
    """What becomes of each delivery and held message, as it is worked out."""

    words: list[Delivery] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)
    ended: list[Delivery] = field(default_factory=list)
    dropped: list[Held] = field(default_factory=list)
    missed: list[tuple[Channel, Words]] = field(default_factory=list)
    corrected: list[tuple[Message, Channel]] = field(default_factory=list)
    taken_back: list[Channel] = field(default_factory=list)


def retraction(change: Message, original: Original, ways: Ways) -> Plan:
    """Plan what takes a message back everywhere."""
    changes = Changes()
    for delivery in original.deliveries:
        end(delivery, change, changes, ways)
    changes.dropped += original.held
    return plan(change, original, changes)


def correction(change: Message, original: Original, new: NewWords, ways: Ways) -> Plan:
    """Plan what gives a message new words."""
    changes = Changes()
    followers = follower_words(original, new, ways)
    for delivery in original.deliveries:
        place = delivery.channel
        words = new.arrivals.get(place)
        if words:
            give(delivery, words, change, changes, ways)
        elif followers and place.method in ways.persons:
            # Made for a subscription. The fan-out of the correction brings it there.
            changes.words.append(replace(delivery, message=followers))
        elif place in new.delayed:
            keep(delivery, _DELAYED, changes)
        else:
            end(delivery, change, changes, ways)
    for held in original.held:
        words = new.held.get(held.id)
        if words:
            changes.held.append(replace(held, message=words))
        else:
            changes.dropped.append(held)
    places = {delivery.channel for delivery in changes.ended}
    stops = [stop for stop in new.stops if stop.destination in places]
    return replace(plan(change, original, changes), stops=stops)


def follower_words(original: Original, new: NewWords, ways: Ways) -> Message | None:
    """The new words as subscribers get them: the first that reach a channel of subscribers."""
    for delivery in original.deliveries:
        words = new.arrivals.get(delivery.channel)
        if words and delivery.channel.method in ways.persons:
            return words
    return None


def give(delivery: Delivery, words: Message, change: Message, changes: Changes, ways: Ways) -> None:
    """A place gets the new words. What was sent there is corrected where it can be."""
    place = delivery.channel
    if delivery.message.is_gone:
        keep(delivery, _GONE, changes)
        return
    changes.words.append(replace(delivery, message=words))
    if ways.is_inside(place) or delivery.state not in (State.PENDING, State.DELIVERED):
        return
    if ways.corrects(place):
        changes.corrected.append((replace(change, body=words.body), place))
    elif delivery.state is State.DELIVERED:
        changes.missed.append((place, _SENT))


def keep(delivery: Delivery, why: Words, changes: Changes) -> None:
    """A place keeps the words that it has."""
    changes.words.append(delivery)
    changes.missed.append((delivery.channel, why))


def end(delivery: Delivery, change: Message, changes: Changes, ways: Ways) -> None:
    """A place loses the words that it has, as far as it can."""
    place = delivery.channel
    if delivery.state not in THERE and delivery.state is not State.DEAD:
        return
    gone = replace(delivery, message=replace(delivery.message, body=WITHDRAWN))
    changes.ended.append(gone)
    if place == change.channel or ways.is_inside(place):
        return
    if ways.retracts(place):
        if delivery.state is not State.DEAD:
            changes.taken_back.append(place)
    elif delivery.state is State.DELIVERED:
        changes.missed.append((place, _SENT))


def plan(change: Message, original: Original, changes: Changes) -> Plan:
    """The deliveries that this begins, and what it makes of the original."""
    deliveries = [(change, change.channel, State.RECEIVED, "")]
    for message, channel in changes.corrected:
        deliveries.append((message, channel, State.PENDING, ""))
    takes = change
    extra: list[Message] = []
    if changes.taken_back and change.kind is not Kind.RETRACTION:
        takes = taking_back(change)
        extra.append(takes)
    for channel in changes.taken_back:
        deliveries.append((takes, channel, State.PENDING, ""))
    revision = Revision(
        original,
        change,
        changes.words,
        changes.held,
        changes.ended,
        changes.dropped,
        changes.missed,
    )
    return Plan(deliveries, extra=extra, revision=revision)


def taking_back(change: Message) -> Message:
    """What takes the old words back where a correction does not arrive."""
    id = id_from(f"{change.id}#retraction")
    return replace(
        change, id=id, origin=f"{change.channel}#{id}", body=WITHDRAWN, kind=Kind.RETRACTION
    )
