"""Makes a subscription of what a line or a form asks for. Faults are by field."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from commands.action import Bus, Caller
from commands.actions.subscriptions._descriptions import channel_of, clock_of
from commands.grammar.subscription import SubscriptionRequest, tidy, way
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.bus.model.subscription import (
    Address,
    Filter,
    Interval,
    Proof,
    Subscription,
    words_of,
)
from component.common.errors import BadInput, Conflict, Forbidden
from component.common.form import NONE, Faults
from component.common.i18n import Words, _
from component.common.jids import bare_jid
from component.common.sanitize import caseless
from component.common.schedule import leap

LABELS = {
    "channel": _("Channel"),
    "interval": _("When"),
    "by": _("Deliver by"),
    "address": _("Address"),
    "who": _("Subscriber"),
    "matching": _("Contains"),
    "without": _("Does not contain"),
    "mention": _("Immediately if mentioned"),
    "thread": _("Thread"),
    "fallback": _("Fallback"),
    "own": _("Include my own messages"),
    "online": _("Immediately while online"),
}
_NOBODY = frozenset(
    {NONE, "no", "off", "never", "keine", "keins", "keiner", "keinen", "nein", "nie", "aus"}
)
_LEAST_NAME = 3
"""Letters of a name that is looked for without being asked to."""
_LONGEST_NAME = 64
"""Letters of a name that is looked for."""
_LEAST_ID = 6
"""Digits of a message's id that it must be named by."""
_CLOSE = 10
"""Messages whose ids begin alike that are looked at."""

_OTHERS = _(
    "Subscriptions for other people are sent by chat. They can choose another method themselves."
)

_T = TypeVar("_T")


def fault(field: str, why: Words | str) -> NoReturn:
    """Raise Faults with one field at fault."""
    raise Faults({field: why})


def parsed(field: str, parse: Callable[[str], _T], text: str) -> _T:
    """Parse a field's text; a BadInput becomes the field's fault."""
    try:
        return parse(text)
    except BadInput as error:
        fault(field, error.sentence)


async def subscription(caller: Caller, said: SubscriptionRequest, bus: Bus) -> Subscription | None:
    """What is meant; None where an address is still to be asked for. Raises Faults, NotFound,
    Forbidden."""
    who = subscriber(caller, said)
    channel = await channel_of(bus, caller.jid, said.channel)
    if said.rest:
        raise BadInput(rest_words(said.rest))
    if who != caller.jid and not await bus.subscriptions.access.may_read(who, channel):
        raise Forbidden(_("{who} cannot read {channel}.", who=who, channel=channel))
    interval = parsed("interval", Interval.parse, said.interval)
    target = await target_of(caller, said, who, bus)
    if target is None:
        return None
    return await made(caller, said, Subscription(who, channel, target, interval), bus)


def rest_words(word: str) -> Words:
    """What is said of a word that could not be read."""
    return _(
        "“{word}” was not understood. Write the command as: subscribe lobby daily at 9 "
        'by mail matching "release"',
        word=word[:40],
    )


def subscriber(caller: Caller, said: SubscriptionRequest) -> str:
    """For whom the subscription is. Raises Forbidden, Faults."""
    who = caller.jid
    if said.who.strip():
        who = parsed("who", bare_jid, said.who.strip())
    if who != caller.jid and caller.role < Role.OPERATOR:
        raise Forbidden(
            _("Only operators can subscribe other people, who must then accept the request.")
        )
    return who


# Where


async def target_of(
    caller: Caller, said: SubscriptionRequest, who: str, bus: Bus
) -> Channel | None:
    """Where messages go; None where an address is still to be asked for."""
    target = await named_target(said, who, bus)
    if target is not None:
        check_target(caller, target, who, bus)
    elif who != caller.jid:
        fault("by", _OTHERS)
    return target


async def named_target(said: SubscriptionRequest, who: str, bus: Bus) -> Channel | None:
    """The target that a line names by address or method, or the caller's own."""
    own = bus.subscriptions.own(who)
    if said.address:
        return written_target(said, bus)
    if said.by in ("", own.method):
        return own
    check_way(said.by, bus)
    known = []
    for address in await confirmed_addresses(bus, who):
        if address.target.method == said.by:
            known.append(address.target)
    if len(known) != 1:
        return None
    return known[0]


def check_target(caller: Caller, target: Channel, who: str, bus: Bus) -> None:
    """Raise Faults, or Forbidden, where the caller can't have that told there."""
    own = bus.subscriptions.own(who)
    known = bus.methods.get(target.method)
    if known and not known.person:
        if caller.role < Role.OPERATOR:
            raise Forbidden(
                _("Only operators can subscribe a channel such as {channel}.", channel=target)
            )
        return
    if target != own and who != caller.jid:
        fault("by", _OTHERS)
    if target != own and target.method == own.method:
        fault(
            "address",
            _(
                "By {method}, you can subscribe yourself only, not {address}. Choose another "
                "method.",
                method=own.method,
                address=target.address,
            ),
        )
    check_way(target.method, bus)


def check_way(method: str, bus: Bus) -> None:
    """Raise Faults where a method is not a way to be told."""
    if method not in bus.subscriptions.ways:
        names = ", ".join(bus.subscriptions.ways)
        fault(
            "by",
            _(
                "Subscriptions cannot be sent by {method}. Available methods: {names}.",
                method=method[:20],
                names=names,
            ),
        )


def written_target(said: SubscriptionRequest, bus: Bus) -> Channel:
    """The address that was written: whole as a channel, or one of the method that was named, or
    that it fits."""
    method, colon, rest = said.address.strip().partition(":")
    if not (colon and method in bus.methods):
        rest = tidy(said.address)
        method = said.by or fitting_method(rest, bus)
    check_known(method, bus)
    target = parsed("address", bus.methods[method].channel, tidy(rest))
    parsed("address", lambda _text: bus.methods[method].check(target), "")
    return target


def fitting_method(address: str, bus: Bus) -> str:
    """The last of the methods whose addresses look so, or the last of all."""
    fitting = bus.subscriptions.ways[-1]
    for method in bus.subscriptions.ways:
        if bus.methods[method].address.fullmatch(address.lower()):
            fitting = method
    return fitting


def check_known(method: str, bus: Bus) -> None:
    """Raise Faults where a method does not exist."""
    if method not in bus.methods:
        check_way(method, bus)


async def confirmed_addresses(bus: Bus, who: str) -> Sequence[Address]:
    """The confirmed addresses of someone."""
    return [one for one in await bus.subscriptions.book.of(who) if one.proof is Proof.CONFIRMED]


# What


async def made(
    caller: Caller, said: SubscriptionRequest, bare: Subscription, bus: Bus
) -> Subscription:
    """A subscription with all that was said of it; raises Faults."""
    language = caller.language
    if bare.who != caller.jid:
        language = bus.settings.language(bare.who, "")
    placed = replace(bare, zone=clock_of(bus, bare.who), language=language)
    name = ""
    if bus.methods[bare.target.method].person:
        name = default_name(bare.who)
    return await filled(placed, said, name_of(said.mention, name), bus)


async def filled(one: Subscription, said: SubscriptionRequest, name: str, bus: Bus) -> Subscription:
    """A subscription with what was said of it; raises Faults."""
    interval = parsed("interval", Interval.parse, said.interval)
    for field in ("matching", "without"):
        parsed(field, Filter.parse, getattr(said, field))
    if said.online and interval.at_once:
        fault(
            "online",
            _(
                "The subscription already sends every message immediately. Add a schedule for "
                "when you are offline, for example daily at 9."
            ),
        )
    changes: dict[str, Any] = {
        "interval": interval,
        "only": said.matching,
        "without": said.without,
        "name": name,
    }
    changes["thread"] = await find_thread(bus, one.channel, said.thread)
    changes["fallback"] = await find_fallback(bus, one, said.fallback)
    return replace(one, own=said.own, online=said.online, **changes)


def default_name(jid: str) -> str:
    """The name by which someone is mentioned: what their JID begins with, where that is a name."""
    local = jid.partition("@")[0]
    if len(local) < _LEAST_NAME or words_of(local) != {local.casefold()}:
        return ""
    return local


def name_of(written: str, default: str = "") -> str:
    """The name that is looked for; raises Faults."""
    name = written.strip()
    if not name:
        return default
    if name.casefold() in _NOBODY:
        return ""
    if words_of(name) != {name.casefold()} or len(name) > _LONGEST_NAME:
        fault(
            "mention", _("“{name}” is not a single word. Write one word, or none.", name=name[:40])
        )
    return name


async def find_thread(bus: Bus, channel: Channel, written: str) -> str:
    """The thread in which a message of that channel is, by the start of its id."""
    start = written.strip().lower()
    if not start:
        return ""
    if len(start) >= _LEAST_ID and start.isascii() and start.isalnum():
        for message_id in await bus.store.messages.ids_by_prefix(start, limit=_CLOSE):
            hops = await bus.store.messages.trace(message_id)
            if channel in [hop.channel for hop in hops]:
                return hops[0].message.thread or hops[0].message.id
    fault(
        "thread",
        _(
            "The message {start} does not exist in {channel}. “last {channel}” shows the message "
            "IDs.",
            start=start[:32],
            channel=channel,
        ),
    )


async def find_fallback(bus: Bus, subscription: Subscription, written: str) -> Channel | None:
    """Where else it goes: an address that is theirs, or the one of a method."""
    text = way(tidy(written))
    if not text or text in _NOBODY:
        return None
    known = [bus.subscriptions.own(subscription.who)]
    for address in await confirmed_addresses(bus, subscription.who):
        known.append(address.target)
    named = []
    for end in known:
        names = (end.method, caseless(end.address), caseless(str(end)))
        if caseless(text) in names and end != subscription.target:
            named.append(end)
    if len(named) == 1:
        return named[0]
    if named:
        fault(
            "fallback",
            _(
                "“{name}” is ambiguous. Write one of {channels}.",
                name=text[:60],
                channels=", ".join(map(str, named)),
            ),
        )
    fault(
        "fallback",
        _(
            "{address} is not one of your confirmed addresses. Subscribe with it first.",
            address=text[:60],
        ),
    )


async def check_new(bus: Bus, new: Subscription) -> None:
    """Raise Conflict where the same already goes there."""
    person = bus.methods[new.target.method].person
    known = None
    for other in await bus.store.subscriptions.find(target=new.target, channel=new.channel):
        if other.who == new.who or not person:
            known = other
            break
    if known is None:
        return
    change = str(known.id)
    if known.interval != new.interval:
        change = f"{known.id} {new.interval}"
    values = {"number": known.id, "interval": known.interval.words, "change": change}
    if known.who == new.who:
        raise Conflict(
            _(
                "You already have this subscription as number {number}, {interval}. To change "
                "it, use “subscription edit {change}”.",
                **values,
            )
        )
    raise Conflict(
        _(
            "This subscription already exists as number {number}, {interval}. To change it, use "
            "“subscription edit {change}”.",
            **values,
        )
    )


# Its clocks


def clocks(one: Subscription, bus: Bus) -> Sequence[Words]:
    """What is to be known about the clocks it goes by."""
    schedule, told = one.interval.schedule, list[Words]()
    if schedule is None:
        return told
    left = leap(schedule, ZoneInfo(one.zone), bus.clock())
    if left:
        told.append(
            _(
                "On {day}, {time} does not exist in {zone} because the clocks change. The "
                "messages are sent at {instead} instead.",
                day=left.day,
                zone=one.zone,
                time=left.time,
                instead=left.instead,
            )
        )
    if not bus.settings.preference(one.who).zone:
        told.append(
            _("(Times are in UTC. Set your time zone with “preferences zone=Europe/Berlin”.)")
        )
    return told
