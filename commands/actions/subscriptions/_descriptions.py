"""What the commands about subscriptions share: which are meant, and a subscription in words."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import field, make_dataclass
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from commands.action import Bus, Caller, Done, Fit, Reply, Step, Taken
from commands.grammar.names import Named, names_of
from commands.lookups import entry
from commands.named import is_slip, most_like
from component.bus.model.message import SHORT_ID, Channel
from component.bus.model.subscription import Standing, Subscription
from component.common.errors import DeliveryError, NotFound
from component.common.form import Ask, Choice
from component.common.i18n import Words, _, joined

ALL = "all"
_EVERY = frozenset({ALL, "alle", "alles", "everything"})
NONE_YET = _(
    "You do not have any subscriptions. To add one, write for example “subscribe lobby daily at 9”."
)


# Channels


async def channel_of(bus: Bus, who: str, name: str) -> Channel:
    """The channel that goes by a name and that `who` (a bare JID) may read. Raises NotFound, in the
    same words whether it does not exist or they may not read it, and Unavailable."""
    rights = bus.subscriptions.access
    names = open_names(bus, who)
    low = " ".join(name.split()).casefold()
    readable = []
    for channel in names.get(low, ()):
        if await rights.may_read(who, channel):
            readable.append(channel)
    if len(readable) == 1:
        return readable[0]
    if readable:
        several = ", ".join(map(str, readable))
        raise NotFound(
            _("“{name}” is ambiguous. Write one of {channels}.", name=name[:60], channels=several)
        )
    for near in get_close_matches(low[:80], names, 3, 0.6):
        if await any_readable(bus, who, names[near]):
            raise NotFound(
                _(
                    "The channel {channel} does not exist, or you cannot access it. Did you mean "
                    "{near}?",
                    channel=name[:60],
                    near=near,
                )
            )
    raise NotFound(
        _("The channel {channel} does not exist, or you cannot access it.", channel=name[:60])
    )


def open_names(bus: Bus, who: str) -> Named:
    """The names of the channels that may be open to someone."""
    return names_of([(spec.channel, spec.title) for spec in bus.subscriptions.access.open_to(who)])


async def any_readable(bus: Bus, who: str, some: Sequence[Channel]) -> bool:
    """Whether someone may read one of some channels; false where a channel's rights are unknown
    now."""
    readable = False
    try:
        for channel in some:
            if await bus.subscriptions.access.may_read(who, channel):
                readable = True
    except DeliveryError:
        return False
    return readable


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
    return joined([head, *details(one), *state_words(one)], ", ")


def details(subscription: Subscription) -> list[Words]:
    """What is said of a subscription beside when and where."""
    words = []
    if subscription.only:
        words.append(_("containing “{text}”", text=subscription.only))
    if subscription.without:
        words.append(_("not containing “{text}”", text=subscription.without))
    if subscription.thread:
        words.append(_("in the thread {id}", id=subscription.thread[:SHORT_ID]))
    if subscription.own:
        words.append(_("including your own messages"))
    if subscription.online:
        words.append(_("immediately while you are online"))
    if subscription.name and not subscription.interval.at_once:
        words.append(_("immediately if “{name}” is mentioned", name=subscription.name))
    if subscription.fallback:
        words.append(_("if that fails, to {target}", target=subscription.fallback))
    return words


def state_words(one: Subscription) -> Sequence[Words]:
    """A subscription's state, or when it comes next; nothing for one without a schedule."""
    time = {"time": time_of(one.due, one.zone), "zone": one.zone}
    if one.standing is Standing.PAUSED and one.due:
        return [_("paused until {time} ({zone})", **time)]
    if one.standing is not Standing.ON:
        return [one.standing.words]
    if one.due:
        return [_("next on {time} ({zone})", **time)]
    return []


def brief(one: Subscription) -> str:
    """A subscription as a choice."""
    return f"{one.id}: {one.channel} → {one.target}"


def seeing(one: Subscription, bus: Bus) -> Sequence[Words]:
    """What is to be done for what comes while they are online."""
    if not one.online or not bus.subscriptions.asks(one.who):
        return ()
    return [
        _(
            "Your client asks whether Shoutbus can see when you are online. Allow it; otherwise "
            "all messages come with the digest."
        )
    ]


def asked_today(target: Channel) -> Words:
    """Where no request goes any more today."""
    return _(
        "A request was already sent to {address} today. To send another one, use “confirm "
        "{address}” tomorrow.",
        address=target,
    )


# Which are meant


async def chosen(bus: Bus, caller: Caller, which: str) -> Sequence[Subscription]:
    """The caller's own subscriptions that are meant: all, a number, or a channel by name; operators
    name others' by number. Raises NotFound."""
    mine = await bus.subscriptions.of(caller.jid)
    low = " ".join(which.split()).casefold()
    if low in _EVERY:
        return mine
    if is_number(low) and len(low) < 19:
        return [await bus.subscriptions.find(caller.jid, int(low.removeprefix("#")))]
    named = own_names(bus, mine).get(low, ())
    meant = [subscription for subscription in mine if subscription.channel in named]
    if not meant:
        raise NotFound(none_called(which))
    return meant


def own_names(bus: Bus, mine: Sequence[Subscription]) -> Named:
    """The names of the channels that someone is subscribed to."""
    titles = {spec.channel: spec.title for spec in bus.hub.channels}
    channels = dict.fromkeys(subscription.channel for subscription in mine)
    return names_of([(channel, titles.get(channel, "")) for channel in channels])


def choose(
    title: Words,
    some: Sequence[Subscription],
    run: Callable[[Caller, Sequence[Subscription], Bus], Awaitable[Reply]],
) -> Step:
    """A step that asks which of some; or all of them."""
    choices = [Choice(str(subscription.id), brief(subscription)) for subscription in some]
    if some[1:]:
        choices.append(Choice(ALL, _("all subscriptions"), tuple(_EVERY)))

    async def go_on(caller: Caller, filled: Any, bus: Bus) -> Reply:
        if filled.which == ALL:
            return await run(caller, some, bus)
        meant = [subscription for subscription in some if str(subscription.id) == filled.which]
        return await run(caller, meant, bus)

    asked = Annotated[str, Ask(_("Selection"), choices=lambda _bus: choices)]
    lines = joined(list(map(brief, some)), "\n")
    return Step(title, make_dataclass("Which", [("which", asked)], frozen=True), go_on, help=lines)


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
    if low in own_names(bus, await bus.subscriptions.of(caller.jid)):
        return True
    named = open_names(bus, caller.jid).get(low, ())
    return await any_readable(bus, caller.jid, named)


async def takes_some(caller: Caller, rest: str, bus: Bus) -> Taken:
    """How words are taken that are to name subscriptions."""
    if await names_some(caller, rest, bus):
        return Taken(Fit.WELL)
    return await takes_none(caller, rest, rest, bus)


async def takes_none(caller: Caller, rest: str, which: str, bus: Bus) -> Taken:
    """The same where nothing is called so: it may be a name of the caller's, mistyped."""
    mine = own_names(bus, await bus.subscriptions.of(caller.jid))
    similar = most_like(which.casefold(), [*mine, ALL])
    if similar and is_slip(which, similar):
        return Taken(Fit.PARTLY, none_called(which), rest.replace(which, similar, 1))
    return Taken(Fit.NOT, none_called(which))


def none_called(name: str) -> Words:
    """What is said of a name that none of someone's subscriptions has."""
    return _(
        "You do not have a subscription “{name}”. “subscriptions” shows your subscriptions.",
        name=name[:60],
    )


async def end_which(title: Words, caller: Caller, which: str, bus: Bus) -> Reply:
    """End those that are meant; of several at one channel it is asked which."""
    some = await chosen(bus, caller, which)
    channels = {subscription.channel for subscription in some}
    if len(some) > 1 and len(channels) == 1 and not is_number(which):
        return choose(title, some, end)
    return await end(caller, some, bus)


async def end(caller: Caller, some: Sequence[Subscription], bus: Bus) -> Reply:
    """They are over; with a line of the audit log where they are others'."""
    over = await bus.subscriptions.end([subscription.id for subscription in some])
    others = []
    sentences = []
    for gone in over:
        if gone.who != caller.jid:
            others.append(gone)
        sentences.append(
            _("Subscription {number} to {channel} has ended.", number=gone.id, channel=gone.channel)
        )
    await noted(caller, bus, "unsubscribe", others)
    if not over:
        return Done(NONE_YET)
    return Done(joined(sentences, "\n"))


async def noted(
    caller: Caller, bus: Bus, what: str, before: Sequence[Subscription], after: str = ""
) -> None:
    """A line of the audit log for each of others' subscriptions."""
    for one in before:
        await bus.settings.change(
            (), entry(caller, bus, what, f"{one.owner}, {described(one)}", after)
        )
