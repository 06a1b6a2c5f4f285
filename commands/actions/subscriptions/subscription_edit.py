"""`subscription-edit`: when one's subscription comes and what of; forms hold what stands, a line
what is to change."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.subscriptions._descriptions import described, noted, seeing
from commands.actions.subscriptions._request import LABELS, clocks, filled, name_of
from commands.actions.subscriptions.subscribe import HOW, more
from commands.grammar.subscription import Read, read
from component.bus.model.roles import Role
from component.bus.model.subscription import Interval, Subscription
from component.common.errors import BadInput, Conflict
from component.common.form import NONE, Ask, written
from component.common.i18n import _, joined


@dataclass(frozen=True)
class Form:
    """Which one."""

    number: Annotated[int, Ask(_("Number"), _("“subscriptions” shows them"))]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    one = await bus.subscriptions.find(caller.jid, form.number)

    async def run(caller: Caller, asked: Any, bus: Bus) -> Reply:
        return await _edit(one, caller, asked, bus)

    kinds = [("interval", Annotated[str, Ask(LABELS["interval"], HOW)]), *more("")]
    title = _("Edit subscription {number}", number=one.id)
    return Step(
        title, make_dataclass("Form", kinds, frozen=True), run, values=_standing(one), open=True
    )


def _standing(one: Subscription) -> Mapping[str, Sequence[str]]:
    """What stands in the form."""
    values = {
        "interval": str(one.interval),
        "matching": one.only,
        "without": one.without,
        "mention": one.name or NONE,
        "thread": one.thread,
        "fallback": str(one.fallback or ""),
        "own": one.own,
        "online": one.online,
    }
    return {name: written(value) for name, value in values.items()}


async def _edit(was: Subscription, caller: Caller, asked: Any, bus: Bus) -> Reply:
    said = _said(was, Read(**{field: getattr(asked, field) for field in _standing(was)}), caller)
    one = await bus.subscriptions.find(caller.jid, was.id)
    if replace(one, due=was.due, cursor=was.cursor) != was:
        raise Conflict(
            _("That subscription was changed meanwhile, so I left it so: look at it again.")
        )
    new = await filled(one, said, name_of(said.mention), bus)
    if new == one:
        return Done(_("Nothing to change: {subscription}", subscription=described(one)))
    now = await bus.subscriptions.change(one, new)
    if now.who != caller.jid:
        await noted(caller, bus, "subscription-edit", [one], str(described(now)))
    told = [_("Changed: {subscription}", subscription=described(now)), *clocks(now, bus)]
    return Done(joined([*told, *(seeing(now, bus) if not one.online else ())], "\n"))


_WHEN = re.compile(r"^(?:when|wann)=", re.IGNORECASE)
_CUT = re.compile(r"\b(?:when|while|if|wenn|solange)(?: I'm| I am)?$", re.IGNORECASE)
"""Ends a line whose “online” was taken for the field of that name."""
_SETTING = re.compile(r"(?:^|\s)(\w+)=")


def _said(was: Subscription, said: Read, caller: Caller) -> Read:
    """Of a line the words that are no interval may say anything that `subscribe` reads."""
    if caller.way != "text" or _is_interval(said.interval):
        return said
    said = replace(said, interval=_WHEN.sub("", said.interval))
    if _is_interval(said.interval):
        return said
    cut = _CUT.search(said.interval)
    line = read(" ".join([said.interval, "online"]) if cut else said.interval, ())
    if line.by or line.address or line.who:
        raise BadInput(_("Where it goes can't be changed: end it, and subscribe anew."))
    if stray := _SETTING.search(f"{line.channel} {line.rest} {line.interval}"):
        raise BadInput(_("There is no setting “{name}”.", name=stray[1][:40]))
    if line.rest or line.channel:
        return said  # whose interval can't be read
    told = {field: value for field in _standing(was) if (value := getattr(line, field))}
    return replace(said, **{"interval": str(was.interval)} | told)


def _is_interval(text: str) -> bool:
    try:
        Interval.parse(text)
    except BadInput:
        return False
    return True


ACTION = Action(
    "subscription-edit",
    _("Edit a subscription"),
    Role.MEMBER,
    _run,
    Form,
    more=True,
    group="subscriptions",
    examples=(
        _("subscription edit 3 weekly on Friday"),
        _("subscription edit 3 matching=release own=yes"),
    ),
)
