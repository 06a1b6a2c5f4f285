"""`subscription-edit` changes when a subscription comes and what it contains."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.subscriptions._descriptions import described, noted, seeing
from commands.actions.subscriptions._request import LABELS, clocks, filled, name_of
from commands.actions.subscriptions.subscribe import HOW, more
from commands.grammar.subscription import SubscriptionRequest, read
from component.bus.model.roles import Role
from component.bus.model.subscription import Interval, Subscription
from component.common.errors import BadInput, Conflict
from component.common.form import NONE, Ask, written
from component.common.i18n import _, joined


@dataclass(frozen=True)
class Form:
    """Which one."""

    number: Annotated[int, Ask(_("Number"), _("“subscriptions” shows the numbers"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Ask for a subscription's settings, filled in with the present ones."""
    one = await bus.subscriptions.find(caller.jid, form.number)

    async def run(caller: Caller, asked: Any, bus: Bus) -> Reply:
        return await edit_subscription(one, caller, asked, bus)

    kinds = [("interval", Annotated[str, Ask(LABELS["interval"], HOW)]), *more("")]
    title = _("Edit subscription {number}", number=one.id)
    return Step(
        title, make_dataclass("Form", kinds, frozen=True), run, values=values_of(one), open=True
    )


def values_of(one: Subscription) -> Mapping[str, Sequence[str]]:
    """A subscription's present settings, as the form shows them."""
    return {
        "interval": written(str(one.interval)),
        "matching": written(one.only),
        "without": written(one.without),
        "mention": written(one.name or NONE),
        "thread": written(one.thread),
        "fallback": written(str(one.fallback or "")),
        "own": written(one.own),
        "online": written(one.online),
    }


async def edit_subscription(was: Subscription, caller: Caller, asked: Any, bus: Bus) -> Reply:
    """Save the settings of a filled form. Raises Conflict, BadInput, Faults."""
    said = said_of_line(was, SubscriptionRequest(**asdict(asked)), caller)
    one = await bus.subscriptions.find(caller.jid, was.id)
    if replace(one, due=was.due, cursor=was.cursor) != was:
        raise Conflict(
            _(
                "The subscription was changed in the meantime. Nothing was saved; please review "
                "it and try again."
            )
        )
    new = await filled(one, said, name_of(said.mention), bus)
    if new == one:
        return Done(_("Nothing to change: {subscription}", subscription=described(one)))
    now = await bus.subscriptions.change(one, new)
    if now.who != caller.jid:
        await noted(caller, bus, "subscription-edit", [one], str(described(now)))
    sentences = [_("Changed: {subscription}", subscription=described(now)), *clocks(now, bus)]
    if not one.online:
        sentences += seeing(now, bus)
    return Done(joined(sentences, "\n"))


_WHEN = re.compile(r"^(?:when|wann)=", re.IGNORECASE)
_CUT = re.compile(r"\b(?:when|while|if|wenn|solange)(?: I'm| I am)?$", re.IGNORECASE)
"""Ends a line whose “online” was taken for the field of that name."""
_SETTING = re.compile(r"(?:^|\s)(\w+)=")


def said_of_line(
    was: Subscription, said: SubscriptionRequest, caller: Caller
) -> SubscriptionRequest:
    """Of a line the words that are not an interval may say anything that `subscribe` reads."""
    if caller.way != "text" or is_interval(said.interval):
        return said
    said = replace(said, interval=_WHEN.sub("", said.interval))
    if is_interval(said.interval):
        return said
    words = said.interval
    if _CUT.search(words):
        words = " ".join([words, "online"])
    line = read(words, ())
    if line.by or line.address or line.who:
        raise BadInput(
            _("The destination cannot be changed. End the subscription and subscribe again.")
        )
    stray = _SETTING.search(f"{line.channel} {line.rest} {line.interval}")
    if stray:
        raise BadInput(_("The setting “{name}” does not exist.", name=stray[1][:40]))
    if line.rest or line.channel:
        return said  # whose interval can't be read
    written_fields = {field: value for field, value in asdict(line).items() if value}
    return replace(said, **({"interval": str(was.interval)} | written_fields))


def is_interval(text: str) -> bool:
    """Whether a text is an interval."""
    try:
        Interval.parse(text)
    except BadInput:
        return False
    return True


ACTION = Action(
    "subscription-edit",
    _("Edit a subscription"),
    Role.MEMBER,
    run,
    Form,
    more=True,
    group="subscriptions",
    examples=(
        _("subscription edit 3 weekly on Friday"),
        _("subscription edit 3 matching=release own=yes"),
    ),
)
