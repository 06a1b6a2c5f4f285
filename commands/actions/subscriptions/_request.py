"""What is asked for as a subscription, made one: where it goes, and all else that was said. Faults
are by field."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, NoReturn, TypeVar
from zoneinfo import ZoneInfo

from commands.action import Bus, Caller
from commands.actions.subscriptions._descriptions import channel_of, clock_of
from commands.grammar.subscription import Read, tidy, way
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
from component.common.sanitize import BARE_JID
from component.common.schedule import leap

LABELS = {
    "channel": _("Channel"),
    "interval": _("When"),
    "by": _("Told by"),
    "address": _("Address"),
    "who": _("For"),
    "matching": _("Only with"),
    "without": _("Without"),
    "mention": _("At once when named"),
    "thread": _("Thread"),
    "fallback": _("If that fails, by"),
    "own": _("My own posts too"),
    "online": _("At once while online"),
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

_OTHERS = _("Others are told by IM: any other way they choose themselves.")

_T = TypeVar("_T")


def _fault(field: str, why: Words | str) -> NoReturn:
    raise Faults({field: why})


def _parsed(field: str, parse: Callable[[str], _T], text: str) -> _T:
    try:
        return parse(text)
    except BadInput as error:
        _fault(field, error.sentence)


async def subscription(caller: Caller, said: Read, bus: Bus) -> Subscription | None:
    """What is meant; None where an address is still to be asked for. Raises Faults, NotFound,
    Forbidden."""
    who = _who(caller, said)
    channel = await channel_of(bus, caller.jid, said.channel)
    if said.rest:
        raise BadInput(
            _(
                "“{word}” I do not understand: write it like: subscribe lobby daily at 9 by "
                'mail matching "release"',
                word=said.rest[:40],
            )
        )
    if who != caller.jid and not await bus.subscriptions.rights.may_read(who, channel):
        raise Forbidden(_("{who} may not read {channel}.", who=who, channel=channel))
    interval = _parsed("interval", Interval.parse, said.interval)
    target = await _target(caller, said, who, bus)
    if target is None:
        return None
    return await _made(caller, said, Subscription(who, channel, target, interval), bus)


def _who(caller: Caller, said: Read) -> str:
    who = said.who.strip().lower() or caller.jid
    if who != caller.jid and caller.role < Role.OPERATOR:
        raise Forbidden(
            _("Only operators subscribe others, who then are asked whether they agree.")
        )
    if not BARE_JID.fullmatch(who):
        _fault("who", _("“{text}” is no JID like juliet@example.org.", text=who[:60]))
    return who


# Where


async def _target(caller: Caller, said: Read, who: str, bus: Bus) -> Channel | None:
    own = bus.subscriptions.own(who)
    target = await _named(said, who, bus)
    if target is not None:
        _check(caller, target, who, bus)
    elif who != caller.jid:
        _fault("by", _OTHERS)
    return own if target == own else target


async def _named(said: Read, who: str, bus: Bus) -> Channel | None:
    own = bus.subscriptions.own(who)
    if said.address:
        return _written(said, bus)
    if said.by in ("", own.method):
        return own
    _check_way(said.by, bus)
    known = [one.target for one in await _confirmed(bus, who) if one.target.method == said.by]
    return known[0] if len(known) == 1 else None


def _check(caller: Caller, target: Channel, who: str, bus: Bus) -> None:
    """Raise Faults, or Forbidden, where the caller can't have that told there."""
    own = bus.subscriptions.own(who)
    known = bus.methods.get(target.method)
    if known and not known.person:
        if caller.role < Role.OPERATOR:
            raise Forbidden(
                _("Only operators subscribe a place such as {channel}.", channel=target)
            )
        return
    if target != own and who != caller.jid:
        _fault("by", _OTHERS)
    if target != own and target.method == own.method:
        _fault(
            "address",
            _(
                "By {method} I write to you alone, and not to {address}: choose another way "
                "for that.",
                method=own.method,
                address=target.address,
            ),
        )
    _check_way(target.method, bus)


def _check_way(method: str, bus: Bus) -> None:
    if method not in bus.subscriptions.ways:
        names = ", ".join(bus.subscriptions.ways)
        _fault(
            "by", _("{method} is no way to be told here: {names}.", method=method[:20], names=names)
        )


def _written(said: Read, bus: Bus) -> Channel:
    """The address that was written: whole as a channel, or one of the method that was named, or
    that it fits."""
    method, colon, rest = said.address.strip().partition(":")
    if not (colon and method in bus.methods):
        rest = tidy(said.address)
        fitting = [
            one
            for one in bus.subscriptions.ways
            if bus.methods[one].address.fullmatch(rest.lower())
        ]
        method = said.by or (fitting or bus.subscriptions.ways)[-1]
    _check_known(method, bus)
    target = _parsed(
        "address", lambda text: Channel(method, bus.methods[method].tidy(text)), tidy(rest)
    )
    _parsed("address", lambda _text: bus.methods[method].check(target), "")
    return target


def _check_known(method: str, bus: Bus) -> None:
    if method not in bus.methods:
        _check_way(method, bus)


async def _confirmed(bus: Bus, who: str) -> Sequence[Address]:
    return [one for one in await bus.subscriptions.book.of(who) if one.proof is Proof.CONFIRMED]


# What


async def _made(caller: Caller, said: Read, bare: Subscription, bus: Bus) -> Subscription:
    """With all that was said."""
    person = bus.methods[bare.target.method].person
    language = caller.language if bare.who == caller.jid else bus.settings.language(bare.who, "")
    placed = replace(bare, zone=clock_of(bus, bare.who), language=language)
    return await filled(
        placed, said, name_of(said.mention, default_name(bare.who) if person else ""), bus
    )


async def filled(one: Subscription, said: Read, name: str, bus: Bus) -> Subscription:
    """A subscription with what was said of it; raises Faults."""
    interval = _parsed("interval", Interval.parse, said.interval)
    for field in ("matching", "without"):
        _parsed(field, Filter.parse, getattr(said, field))
    if said.online and interval.at_once:
        _fault(
            "online",
            _("All of it comes at once already: say for when you are away, like daily at 9."),
        )
    changes: dict[str, Any] = {
        "interval": interval,
        "only": said.matching,
        "without": said.without,
        "name": name,
    }
    changes["thread"] = await _thread(bus, one.channel, said.thread)
    changes["fallback"] = await _fallback(bus, one, said.fallback)
    return replace(one, own=said.own, online=said.online, **changes)


def default_name(jid: str) -> str:
    """The name by which someone is mentioned: what their JID begins with, where that is a name."""
    local = jid.partition("@")[0]
    return local if len(local) >= _LEAST_NAME and words_of(local) == {local.casefold()} else ""


def name_of(written: str, default: str = "") -> str:
    """The name that is looked for; raises Faults."""
    name = written.strip()
    if not name:
        return default
    if name.casefold() in _NOBODY:
        return ""
    if words_of(name) != {name.casefold()} or len(name) > _LONGEST_NAME:
        _fault(
            "mention", _("“{name}” can't be looked for: write one word, or: none.", name=name[:40])
        )
    return name


async def _thread(bus: Bus, channel: Channel, written: str) -> str:
    """The thread in which a message of that channel stands, by the start of its id."""
    start = written.strip().lower()
    if not start:
        return ""
    if len(start) >= _LEAST_ID and start.isascii() and start.isalnum():
        for one in await bus.hub.store.messages.ids_by_prefix(start, limit=_CLOSE):
            hops = await bus.hub.store.messages.trace(one)
            if any(hop.channel == channel for hop in hops):
                return hops[0].message.thread or hops[0].message.id
    _fault(
        "thread",
        _(
            "There is no message {start} in {channel}: “last {channel}” shows their ids.",
            start=start[:32],
            channel=channel,
        ),
    )


async def _fallback(bus: Bus, one: Subscription, written: str) -> Channel | None:
    """Where else it goes: an address that is theirs, or the one of a method."""
    text = way(tidy(written))
    own = bus.subscriptions.own(one.who)
    if not text or text in _NOBODY:
        return None
    known = [own, *(address.target for address in await _confirmed(bus, one.who))]
    found = [
        end
        for end in known
        if text in (end.method, end.address.lower(), str(end).lower()) and end != one.target
    ]
    if len(found) == 1:
        return found[0]
    if found:
        _fault(
            "fallback",
            _(
                "“{name}” could be {channels}: write one of these.",
                name=text[:60],
                channels=", ".join(map(str, found)),
            ),
        )
    _fault(
        "fallback",
        _("{address} is not confirmed as yours: subscribe by it first.", address=text[:60]),
    )


async def check_new(bus: Bus, new: Subscription) -> None:
    """Raise Conflict where the same is told there already."""
    there = await bus.hub.store.subscriptions.find(target=new.target, channel=new.channel)
    person = bus.methods[new.target.method].person
    known = next((one for one in there if one.who == new.who or not person), None)
    if known is None:
        return
    change = f"{known.id}" if known.interval == new.interval else f"{known.id} {new.interval}"
    told = {"number": known.id, "interval": known.interval.words, "change": change}
    if known.who == new.who:
        raise Conflict(
            _(
                "You have that as number {number}, {interval}: “subscription edit {change}” "
                "changes it.",
                **told,
            )
        )
    raise Conflict(
        _(
            "That is there already, as number {number}, {interval}: “subscription edit "
            "{change}” changes it.",
            **told,
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
                "On {day} the clocks of {zone} leave out {time}: it comes at {instead} then.",
                day=left.day,
                zone=one.zone,
                time=left.time,
                instead=left.instead,
            )
        )
    if not bus.settings.preference(one.who).zone:
        told.append(_("(That is in UTC: “preferences zone=Europe/Berlin” sets your clock.)"))
    return told
