"""What the commands about subscriptions share: which are meant, and how they are told."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field, make_dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from commands.action import Bus, Caller, Done, Reply, Step
from commands.grammar.names import names_of
from commands.lookups import entry
from component.bus.model.message import Channel
from component.bus.model.subscription import Standing, Subscription
from component.common.errors import DeliveryError, NotFound
from component.common.form import Ask, Choice
from component.common.i18n import Words, _, joined

ALL = "all"
_EVERY = frozenset({ALL, "alle", "alles", "everything"})
NONE_YET = _("You have no subscriptions: “subscribe lobby daily at 9” makes one.")


# Channels


async def channel_of(bus: Bus, who: str, name: str) -> Channel:
    """The channel that goes by a name and that `who` (a bare JID) may read. Raises NotFound, in the
    same words whether there is none or they may not read it, and Unavailable."""
    names = names_of([(spec.channel, spec.title) for spec in bus.subscriptions.rights.open_to(who)])
    low = " ".join(name.split()).casefold()
    found = [one for one in names.get(low, ()) if await bus.subscriptions.rights.may_read(who, one)]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(map(str, found))
        raise NotFound(
            _("“{name}” could be {channels}: write one of these.", name=name[:60], channels=several)
        )
    for near in get_close_matches(low[:80], names, 3, 0.6):
        if await _readable(bus, who, names[near]):
            raise NotFound(
                _(
                    "There is no channel {channel} for you. Close: {near}.",
                    channel=name[:60],
                    near=near,
                )
            )
    raise NotFound(_("There is no channel {channel} for you.", channel=name[:60]))


async def _readable(bus: Bus, who: str, some: Sequence[Channel]) -> bool:
    try:
        return any([await bus.subscriptions.rights.may_read(who, one) for one in some])
    except DeliveryError:
        return False


# How they are told


def clock_of(bus: Bus, jid: str) -> str:
    """The zone whose clocks someone goes by."""
    return bus.settings.preference(jid).zone or "UTC"


def time_of(at: int, zone: str) -> str:
    """A time in ms since 1970 by the clocks of a zone."""
    there = datetime.fromtimestamp(at / 1000, ZoneInfo(zone))
    return f"{there:%Y-%m-%d} {there:%H:%M}"


def described(one: Subscription) -> Words:
    """A subscription in a line, with all that it leaves out."""
    head = _(
        "{number}: {channel} → {target}, {interval}",
        number=one.id,
        channel=one.channel,
        target=one.target,
        interval=one.interval.words,
    )
    return joined([head, *details(one), *_stands(one)], ", ")


def details(one: Subscription) -> list[Words]:
    """What is told of it beside when and where."""
    told = [
        (one.only, _("only with “{text}”", text=one.only)),
        (one.without, _("without “{text}”", text=one.without)),
        (one.thread, _("of the thread {id}", id=one.thread[:8])),
        (one.own, _("own posts too")),
        (one.online, _("at once while you are online")),
        (
            one.name and not one.interval.at_once,
            _("at once where “{name}” is named", name=one.name),
        ),
        (one.fallback, _("else to {target}", target=one.fallback)),
    ]
    return [words for there, words in told if there]


def _stands(one: Subscription) -> Sequence[Words]:
    """How it stands, or when it comes next; nothing for what comes as it comes."""
    time = {"time": time_of(one.due, one.zone), "zone": one.zone}
    if one.standing is Standing.PAUSED and one.due:
        return [_("paused until {time} ({zone})", **time)]
    if one.standing is Standing.ON:
        return [_("next {time} ({zone})", **time)] if one.due else []
    return [one.standing.words]


def brief(one: Subscription) -> str:
    """A subscription as a choice."""
    return f"{one.id}: {one.channel} → {one.target}"


def seeing(one: Subscription, bus: Bus) -> Sequence[Words]:
    """What is to be done for what comes while they are online."""
    if not one.online or not bus.subscriptions.asks(one.who):
        return ()
    return [
        _(
            "Your client now asks whether I may see when you are online: allow it, else all "
            "comes with the digest."
        )
    ]


def asked_today(target: Channel) -> Words:
    """Where no request goes any more today."""
    return _(
        "{address} got a request today already; another may go there tomorrow: then write "
        "“confirm {address}”.",
        address=target,
    )


# Which are meant


async def chosen(bus: Bus, caller: Caller, which: str) -> Sequence[Subscription]:
    """Those of the caller's own that are meant: all, a number, or a channel by name; operators name
    others' by number. Raises NotFound."""
    mine = await bus.subscriptions.of(caller.jid)
    low = " ".join(which.split()).casefold()
    if low in _EVERY:
        return mine
    if is_number(low) and len(low) < 19:
        return [await bus.subscriptions.find(caller.jid, int(low.removeprefix("#")))]
    titles = {spec.channel: spec.title for spec in bus.hub.channels}
    names = names_of(
        [(one, titles.get(one, "")) for one in dict.fromkeys(one.channel for one in mine)]
    )
    found = [one for one in mine if one.channel in names.get(low, ())]
    if not found:
        raise NotFound(
            _("You have no subscription “{name}”: “subscriptions” shows yours.", name=which[:60])
        )
    return found


def choose(
    title: Words,
    some: Sequence[Subscription],
    run: Callable[[Caller, Sequence[Subscription], Bus], Awaitable[Reply]],
) -> Step:
    """A step that asks which of some; or all of them."""

    def choices(_bus: Any) -> Sequence[Choice]:
        every = [Choice(ALL, _("all of them"), tuple(_EVERY))] if some[1:] else []
        return [*(Choice(str(one.id), brief(one)) for one in some), *every]

    async def go_on(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await run(caller, [one for one in some if filled.which in (ALL, str(one.id))], bus)

    asked = Annotated[str, Ask(_("Which"), choices=choices)]
    told = joined([brief(one) for one in some], "\n")
    return Step(title, make_dataclass("Which", [("which", asked)], frozen=True), go_on, help=told)


def option(name: str, kind: Any, default: Any) -> tuple[str, Any, Any]:
    """A field of a form that is made for a caller."""
    return name, kind, field(default=default)


def is_number(which: str) -> bool:
    """Whether a subscription is named by its number."""
    number = which.strip().removeprefix("#")
    return number.isascii() and number.isdigit()


async def names_some(caller: Caller, which: str, bus: Bus) -> bool:
    """Whether words name subscriptions: all, a number, or a channel of the caller's or that they
    may read. Others are like names of channels that nobody has."""
    low = " ".join(which.split()).casefold()
    if low in _EVERY or is_number(low):
        return True
    titles = {spec.channel: spec.title for spec in bus.hub.channels}
    mine = {one.channel for one in await bus.subscriptions.of(caller.jid)}
    if low in names_of([(one, titles.get(one, "")) for one in mine]):
        return True
    names = names_of(
        [(spec.channel, spec.title) for spec in bus.subscriptions.rights.open_to(caller.jid)]
    )
    return await _readable(bus, caller.jid, names.get(low, ()))


async def end_which(title: Words, caller: Caller, which: str, bus: Bus) -> Reply:
    """End those that are meant; of several at one channel it is asked which."""
    some = await chosen(bus, caller, which)
    if some[1:] and not is_number(which) and len({one.channel for one in some}) == 1:
        return choose(title, some, end)
    return await end(caller, some, bus)


async def end(caller: Caller, some: Sequence[Subscription], bus: Bus) -> Reply:
    """They are over; with a line of the audit log where they are others'."""
    over = await bus.subscriptions.end([one.id for one in some])
    await noted(caller, bus, "unsubscribe", [one for one in over if one.who != caller.jid])
    if not over:
        return Done(NONE_YET)
    told = [
        _("Subscription {number} to {channel} has ended.", number=one.id, channel=one.channel)
        for one in over
    ]
    return Done(joined(told, "\n"))


async def noted(
    caller: Caller, bus: Bus, what: str, before: Sequence[Subscription], after: str = ""
) -> None:
    """A line of the audit log for each of others' subscriptions."""
    for one in before:
        await bus.settings.change(
            (), entry(caller, bus, what, f"{one.owner}, {described(one)}", after)
        )
