"""`subscribe`: hear what comes to a channel, at once or as a digest, by IM, mail or SMS; in a line
in any order."""

from dataclasses import dataclass, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.subscriptions._descriptions import asked_today, described, option, seeing
from commands.actions.subscriptions._request import (
    LABELS,
    check_new,
    clocks,
    default_name,
    subscription,
)
from commands.grammar.names import names_of
from commands.grammar.subscription import Read, read
from commands.lookups import entry, titled
from component.bus.model.roles import Role
from component.bus.model.subscription import Interval, Standing, Subscription
from component.common.errors import BadInput
from component.common.form import NONE, Ask, Choice, Faults
from component.common.i18n import Words, _, joined

_TITLE = _("Subscribe")
PHRASES = _("phrases with commas between, one of which is there; or /a pattern/")
HOW = _("at once, every 20, hourly, daily at 9, weekdays at 9:30, weekly on Monday")


@dataclass(frozen=True)
class Line:
    """All of it; see `commands.grammar.subscription.read`."""

    what: Annotated[
        str, Ask(_("What"), _("a channel, when and how: lobby daily at 9 by mail"), raw=True)
    ]


@dataclass(frozen=True)
class Where:
    """The rest of what names no address."""

    address: Annotated[str, Ask(_("Address"), _("its owner is asked to confirm it"))]


@dataclass(frozen=True)
class Which:
    """The rest of what names no channel."""

    channel: Annotated[str, Ask(_("Channel"), _("like lobby, or shoutbox:lobby"))]


# A line


async def _line(caller: Caller, line: Line, bus: Bus) -> Reply:
    channels = [(spec.channel, spec.title) for spec in bus.subscriptions.rights.open_to(caller.jid)]
    said = read(line.what, names_of(channels))
    if said.channel:
        return await _plainly(caller, said, bus)

    async def run(caller: Caller, filled: Which, bus: Bus) -> Reply:
        return await _plainly(caller, replace(said, channel=filled.channel), bus)

    return Step(_TITLE, Which, run)


async def _plainly(caller: Caller, said: Read, bus: Bus) -> Reply:
    """What is wrong is told with its label, as a line has no fields."""
    try:
        return await _go(caller, said, bus)
    except Faults as faults:
        field, why = next(iter(faults.by_field.items()))
        raise BadInput(joined([LABELS[field], why], ": ")) from faults


# A form


async def _opening(caller: Caller, bus: Bus) -> Reply:
    offered = [
        Choice(str(spec.channel), titled(spec))
        for spec in await bus.subscriptions.rights.offered(caller.jid)
    ]
    if not offered:
        return Done(_("There is no channel that you may read."))
    ways = [Choice(one, one) for one in bus.subscriptions.ways]
    own = bus.subscriptions.own(caller.jid).method
    asked: list[Any] = [
        ("channel", Annotated[str, Ask(LABELS["channel"], choices=lambda _bus: offered)]),
        option("interval", Annotated[str, Ask(LABELS["interval"], HOW)], str(Interval())),
        option("by", Annotated[str, Ask(LABELS["by"], choices=lambda _bus: ways)], own),
        option(
            "address",
            Annotated[str, Ask(LABELS["address"], _("empty: the one that you confirmed"))],
            "",
        ),
    ]
    if caller.role >= Role.OPERATOR:
        asked.append(
            option(
                "who", Annotated[str, Ask(LABELS["who"], _("a JID, to be asked; empty: you"))], ""
            )
        )
    asked.append(option("more", Annotated[bool, Ask(_("More options"))], False))
    return Step(_TITLE, make_dataclass("Form", asked, frozen=True), _begun, last=False)


async def _begun(caller: Caller, filled: Any, bus: Bus) -> Reply:
    said = Read(
        filled.channel, filled.interval, filled.by, filled.address, getattr(filled, "who", "")
    )
    if not filled.more:
        return await _go(caller, said, bus)
    await subscription(caller, said, bus)  # what is wrong is told here

    async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
        return await _go(
            caller, replace(said, **{name: getattr(filled, name) for name in _MORE}), bus
        )

    return Step(
        _TITLE, make_dataclass("More", more(default_name(said.who or caller.jid)), frozen=True), run
    )


_MORE = ("matching", "without", "mention", "thread", "fallback", "own", "online")


def more(name: str) -> list[Any]:
    """The fields that are asked for where more is wanted than when and where."""
    texts = {
        "matching": PHRASES,
        "without": PHRASES,
        "mention": _("told at once; or: none"),
        "thread": _("the id of a message in it"),
        "fallback": _("where it can't be delivered"),
    }
    defaults = {"mention": name or NONE}
    told = [
        option(one, Annotated[str, Ask(LABELS[one], help, named=True)], defaults.get(one, ""))
        for one, help in texts.items()
    ]
    return [
        *told,
        *(option(one, Annotated[bool, Ask(LABELS[one])], False) for one in ("own", "online")),
    ]


# What comes of it


async def _go(caller: Caller, said: Read, bus: Bus) -> Reply:
    """Keep it, or ask for the address; raises Faults."""
    new = await subscription(caller, said, bus)
    if new is None:
        return await _ask_address(caller, said, bus)
    await check_new(bus, new)
    kept = await bus.subscriptions.add(new, by=caller.jid if new.who != caller.jid else "")
    if kept.who != caller.jid or not bus.methods[kept.target.method].person:
        await bus.settings.change(
            (), entry(caller, bus, "subscribe", after=f"{kept.owner}, {described(kept)}")
        )
    return Done(joined(await _answer(caller, kept, bus), "\n"))


async def _ask_address(caller: Caller, said: Read, bus: Bus) -> Step:
    async def run(caller: Caller, filled: Where, bus: Bus) -> Reply:
        try:
            return await _go(caller, replace(said, address=filled.address), bus)
        except Faults as faults:
            if "address" in faults.by_field:
                raise
            raise BadInput(next(iter(faults.by_field.values()))) from faults

    known = [
        one.target.address
        for one in await bus.subscriptions.book.of(caller.jid)
        if one.target.method == said.by
    ]
    return Step(
        _TITLE,
        Where,
        run,
        help=_("Yours: {addresses}", addresses=", ".join(known)) if known else None,
    )


async def _answer(caller: Caller, kept: Subscription, bus: Bus) -> list[Words]:
    told: list[Words] = [_("Subscription {subscription}", subscription=described(kept))]
    if kept.standing is Standing.ASKED and kept.who != caller.jid:
        told.append(_("I asked {who}: it begins once they agree.", who=kept.who))
    elif kept.standing is Standing.ASKED and await bus.subscriptions.book.is_open(
        kept.who, kept.target
    ):
        told.append(
            _(
                "Nothing comes before {address} is confirmed: what I sent there says how.",
                address=kept.target,
            )
        )
    elif kept.standing is Standing.ASKED:
        told.append(asked_today(kept.target))
    told += [*clocks(kept, bus), *seeing(kept, bus)]
    if kept.who == caller.jid:
        alone = len(await bus.subscriptions.of(caller.jid)) == 1
        told.append(
            _("“stop” ends it.") if alone else _("“unsubscribe {number}” ends it.", number=kept.id)
        )
    return told


ACTION = Action(
    "subscribe",
    _TITLE,
    Role.MEMBER,
    _line,
    Line,
    group="subscriptions",
    opening=_opening,
    also=("abonniere", "abonnieren"),
    examples=(
        _("subscribe lobby"),
        _("subscribe lobby daily at 9 by mail"),
        _('subscribe feed:planet weekly on Monday matching "release"'),
        _('subscribe lobby every 20 without "standup" by sms'),
        _("subscribe lobby daily at 9 and at once when online"),
        _("subscribe lobby daily at 9 mention=none own=yes fallback=mail"),
    ),
)
