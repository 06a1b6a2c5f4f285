"""`subscribe` subscribes to a channel, at once or as a digest, by IM, mail or SMS, from a line
in any order of words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Step, Taken
from commands.actions.subscriptions._descriptions import (
    any_readable,
    asked_today,
    described,
    option,
    seeing,
)
from commands.actions.subscriptions._request import (
    LABELS,
    check_new,
    clocks,
    default_name,
    rest_words,
    subscription,
)
from commands.grammar.names import Named, names_of
from commands.grammar.subscription import MAX_LINE, SubscriptionRequest, read
from commands.lookups import entry
from commands.named import is_full, is_slip, missing_words, most_like, quoted_name, titled
from component.bus.model.message import Channel
from component.bus.model.roles import Role
from component.bus.model.subscription import Interval, Standing, Subscription
from component.common.errors import BadInput, DeliveryError
from component.common.form import NONE, Ask, Choice, Faults
from component.common.i18n import Words, _, joined

_TITLE = _("Subscribe")
PHRASES = _("phrases separated by commas, at least one of which must occur, or /a pattern/")
HOW = _("immediately, every 20, hourly, daily at 9, weekdays at 9:30, weekly on Monday")


@dataclass(frozen=True)
class SubscribeLine:
    """All of it; see `commands.grammar.subscription.read`."""

    what: Annotated[
        str,
        Ask(
            _("Subscription"),
            _("a channel, a schedule and a method, for example: lobby daily at 9 by mail"),
            raw=True,
        ),
    ]


@dataclass(frozen=True)
class Where:
    """The rest of what names no address."""

    address: Annotated[str, Ask(_("Address"), _("the owner is asked to confirm it"))]


@dataclass(frozen=True)
class Which:
    """The rest of what names no channel."""

    channel: Annotated[str, Ask(_("Channel"), _("for example lobby or shoutbox:lobby"))]


# A line


async def run(caller: Caller, line: SubscribeLine, bus: Bus) -> Reply:
    """Subscribe to what a line says, or ask for the channel."""
    channels = [(spec.channel, spec.title) for spec in bus.subscriptions.access.open_to(caller.jid)]
    said = read(line.what, names_of(channels))
    if said.channel:
        return await subscribe_by_line(caller, said, bus)

    async def run(caller: Caller, filled: Which, bus: Bus) -> Reply:
        return await subscribe_by_line(caller, replace(said, channel=filled.channel), bus)

    return Step(_TITLE, Which, run)


async def subscribe_by_line(caller: Caller, said: SubscriptionRequest, bus: Bus) -> Reply:
    """Keep what a line asks for. A fault names its field, since a line shows none."""
    try:
        return await keep(caller, said, bus)
    except Faults as faults:
        field, why = next(iter(faults.by_field.items()))
        raise BadInput(joined([LABELS[field], why], ": ")) from faults


# A form


async def open_form(caller: Caller, bus: Bus) -> Reply:
    """Ask for channel, interval and address."""
    offered = []
    for spec in await bus.subscriptions.access.offered(caller.jid):
        offered.append(Choice(str(spec.channel), titled(spec)))
    if not offered:
        return Done(_("You cannot read any channels yet."))
    ways = [Choice(method, method) for method in bus.subscriptions.ways]
    own = bus.subscriptions.own(caller.jid).method
    known = _("leave it empty to use your confirmed address")
    fields: list[Any] = [
        ("channel", Annotated[str, Ask(LABELS["channel"], choices=lambda _bus: offered)]),
        option("interval", Annotated[str, Ask(LABELS["interval"], HOW)], str(Interval())),
        option("by", Annotated[str, Ask(LABELS["by"], choices=lambda _bus: ways)], own),
        option("address", Annotated[str, Ask(LABELS["address"], known)], ""),
    ]
    if caller.role >= Role.OPERATOR:
        whom = Ask(LABELS["who"], _("the JID to send a request to; empty for yourself"))
        fields.append(option("who", Annotated[str, whom], ""))
    fields.append(option("more", Annotated[bool, Ask(_("More options"))], False))
    form = make_dataclass("Form", fields, frozen=True)
    return Step(_TITLE, form, subscribe_by_form, last=False)


async def subscribe_by_form(caller: Caller, filled: Any, bus: Bus) -> Reply:
    """Subscribe to what a form says, or ask for more options."""
    who = getattr(filled, "who", "")
    said = SubscriptionRequest(filled.channel, filled.interval, filled.by, filled.address, who)
    if not filled.more:
        return await keep(caller, said, bus)
    await subscription(caller, said, bus)  # what is wrong is told here

    async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await keep(caller, replace(said, **asdict(filled)), bus)

    fields = more(default_name(said.who or caller.jid))
    return Step(_TITLE, make_dataclass("More", fields, frozen=True), run)


def more(name: str) -> list[Any]:
    """The fields that are asked for where more is wanted than when and where; `name` is the one
    that is looked for."""
    texts = (
        ("matching", PHRASES, ""),
        ("without", PHRASES, ""),
        ("mention", _("the name to look for, or none"), name or NONE),
        ("thread", _("the ID of a message in the thread"), ""),
        ("fallback", _("the method or address to use if delivery fails"), ""),
    )
    fields = []
    for field, help, default in texts:
        ask = Ask(LABELS[field], help, named=True)
        fields.append(option(field, Annotated[str, ask], default))
    for field in ("own", "online"):
        fields.append(option(field, Annotated[bool, Ask(LABELS[field])], False))
    return fields


# What comes of it


async def keep(caller: Caller, said: SubscriptionRequest, bus: Bus) -> Reply:
    """Keep it, or ask for the address; raises Faults."""
    new = await subscription(caller, said, bus)
    if new is None:
        return await ask_address(caller, said, bus)
    await check_new(bus, new)
    kept = await bus.subscriptions.add(new, by="" if new.who == caller.jid else caller.jid)
    if kept.who != caller.jid or not bus.methods[kept.target.method].person:
        audit = entry(caller, bus, "subscribe", after=f"{kept.owner}, {described(kept)}")
        await bus.settings.change((), audit)
    return Done(joined(await kept_words(caller, kept, bus), "\n"))


async def ask_address(caller: Caller, said: SubscriptionRequest, bus: Bus) -> Step:
    """Ask for the address of a method that has none yet."""

    async def run(caller: Caller, filled: Where, bus: Bus) -> Reply:
        try:
            return await keep(caller, replace(said, address=filled.address), bus)
        except Faults as faults:
            if "address" in faults.by_field:
                raise
            raise BadInput(next(iter(faults.by_field.values()))) from faults

    known = []
    for address in await bus.subscriptions.book.of(caller.jid):
        if address.target.method == said.by:
            known.append(address.target.address)
    if not known:
        return Step(_TITLE, Where, run)
    return Step(
        _TITLE, Where, run, help=_("Your addresses: {addresses}", addresses=", ".join(known))
    )


async def kept_words(caller: Caller, kept: Subscription, bus: Bus) -> list[Words]:
    """The answer for a new subscription: what it is, what it waits for, how it ends."""
    sentences: list[Words] = [_("Subscription {subscription}", subscription=described(kept))]
    if kept.standing is Standing.ASKED:
        sentences.append(await waiting_words(caller, kept, bus))
    sentences += [*clocks(kept, bus), *seeing(kept, bus)]
    if kept.who != caller.jid:
        return sentences
    if len(await bus.subscriptions.of(caller.jid)) == 1:
        sentences.append(_("To end it, use “stop”."))
    else:
        sentences.append(_("To end it, use “unsubscribe {number}”.", number=kept.id))
    return sentences


async def waiting_words(caller: Caller, kept: Subscription, bus: Bus) -> Words:
    """What a subscription waits for before it begins."""
    if kept.who != caller.jid:
        return _(
            "A request was sent to {who}. The subscription starts when they accept it.",
            who=kept.who,
        )
    if not await bus.subscriptions.book.is_open(kept.who, kept.target):
        return asked_today(kept.target)
    return _(
        "No messages are sent until {address} is confirmed. Follow the instructions that were "
        "sent there.",
        address=kept.target,
    )


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """A channel, when, and where to."""
    specs = bus.subscriptions.access.open_to(caller.jid)
    names = names_of([(spec.channel, spec.title) for spec in specs])
    said = read(rest[:MAX_LINE], names)
    name = " ".join(said.channel.split()).casefold()
    known = await may_know(caller, names.get(name, ()), bus)
    if known or is_full(said.channel, bus):
        if not said.rest:
            return Taken(Fit.WELL)
        return Taken(Fit.PARTLY, rest_words(said.rest))
    if not said.channel:
        return Taken(Fit.WELL if said.interval or said.by or said.address else Fit.NOT)
    similar = await readable_name(name, names, caller, bus)
    why = missing_words(said.channel, similar)
    if is_slip(name, similar):
        return Taken(Fit.PARTLY, why, rest_with(rest, said.channel, similar))
    timed = said.interval and not said.rest
    return Taken(Fit.PARTLY if timed else Fit.NOT, why)


async def may_know(caller: Caller, channels: Sequence[Channel], bus: Bus) -> bool:
    """Whether someone may read one of some channels, or nobody knows that now: the command says
    so."""
    try:
        for channel in channels:
            if await bus.subscriptions.access.may_read(caller.jid, channel):
                return True
    except DeliveryError:
        return True
    return False


async def readable_name(name: str, names: Named, caller: Caller, bus: Bus) -> str:
    """The name most like another that the caller may know; "" where none is."""
    similar = most_like(name, [other for other in names if other != name])
    if similar and await any_readable(bus, caller.jid, names[similar]):
        return similar
    return ""


def rest_with(rest: str, name: str, similar: str) -> str:
    """A line's rest with the name that is meant in place of the one that was written."""
    return rest.replace(name, quoted_name(similar), 1)


ACTION = Action(
    "subscribe",
    _TITLE,
    Role.MEMBER,
    run,
    SubscribeLine,
    group="subscriptions",
    opening=open_form,
    also=("abonniere", "abonnieren"),
    takes=takes,
    examples=(
        _("subscribe lobby"),
        _("subscribe lobby daily at 9 by mail"),
        _('subscribe feed:news weekly on Monday matching "release"'),
        _('subscribe lobby every 20 without "standup" by sms'),
        _("subscribe lobby daily at 9 and at once when online"),
        _("subscribe lobby daily at 9 mention=none own=yes fallback=mail"),
    ),
)
