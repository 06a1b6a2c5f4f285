"""`route-test`: what would become of a message, route by route and processor by processor.

It sends nothing and keeps nothing.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.lookups import channels, find_channel, shown, when
from component.bus.model.dry_run import Fate, Hop
from component.bus.model.message import Author, Channel, Message
from component.bus.model.planner import Dead
from component.bus.model.processor import Hold, Outcome, Stop
from component.bus.model.roles import Role
from component.common.form import Ask
from component.common.i18n import Words, _
from component.common.sanitize import BARE_JID

MOST = 200
"""Lines of an answer."""


@dataclass(frozen=True)
class Form:
    """What would be said, and where."""

    channel: Annotated[
        Channel, Ask(_("Channel"), _("where someone would say it"), choices=channels)
    ]
    author: Annotated[
        str, Ask(_("Author"), _("who would say it: a name or a JID; empty for you"), named=True)
    ] = ""
    message: Annotated[str, Ask(_("Message"), _("what they would say"))] = "hello"


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    spec = find_channel(bus, form.channel)
    message = Message.new(form.channel, _author(form, caller, bus), form.message, bus.clock())
    paused = {one.channel for one in bus.hub.channels if not one.enabled}
    met = bus.hub.explain(message)
    lines: list[Words | str] = []
    if not spec.enabled:
        lines.append(
            _("{channel} is paused: what comes from it goes no further.", channel=form.channel)
        )
    told: list[Words] = []
    here = {message.channel: message.body}
    for hop in met:
        told += [_told(hop, paused, bus), *_steps(hop, here[hop.place], message.at)]
        if hop.fate is Fate.GOES:
            here.setdefault(hop.route.destination, hop.message.body)
    lines += told[:MOST]
    if told[MOST:]:
        lines.append(_("… and {count} more", count=len(told) - MOST))
    if not met:
        lines.append(_("No route starts there: it goes nowhere."))
    return Lines(
        _(
            "“{body}” in {channel}; nothing is sent:",
            body=_short(message.body),
            channel=form.channel,
        ),
        lines,
    )


def _author(form: Form, caller: Caller, bus: Bus) -> Author:
    """Whoever would say it: a guest in an open channel, unless it is a JID."""
    if BARE_JID.fullmatch(form.author.lower()):
        return Author.named(form.author.partition("@")[0], form.author.lower())
    name = form.author or caller.name
    return Author.named(name, "guest:test" if bus.methods[form.channel.method].open else caller.jid)


def _told(hop: Hop, paused: set[Channel], bus: Bus) -> Words:
    told = {"hops": hop.hops, "route": shown(hop.route)}
    if hop.fate is Fate.OFF:
        return _("{hops}. {route}: goes no further here", **told)
    if hop.fate is Fate.HELD:
        return _("{hops}. {route}: goes no further, {channel} is paused", **told, channel=hop.place)
    if hop.fate is Fate.KNOWN:
        return _("{hops}. {route}: has been there already", **told)
    if hop.fate is Fate.ENDS:
        return _ends(hop, told)
    told["said"] = _said(hop.route.destination, hop.message, bus)
    if hop.route.destination in paused:
        return _("{hops}. {route}: waits, it is paused; then {said}", **told)
    return _("{hops}. {route}: {said}", **told)


def _ends(hop: Hop, told: dict[str, Any]) -> Words:
    """A processor lets it go no further now: the steps say which and why."""
    match hop.steps[-1][1]:
        case Hold():
            return _("{hops}. {route}: waits on the way", **told)
        case Stop():
            return _("{hops}. {route}: is stopped on the way", **told)
        case _:
            return _("{hops}. {route}: becomes a dead letter", **told)


def _steps(hop: Hop, body: str, now: int) -> Iterator[Words]:
    """What each processor does with what came to it with this body; `now` in ms since 1970."""
    for number, (stage, outcome) in enumerate(hop.steps, 1):
        yield _(
            "  {number} {name}: {what}",
            number=number,
            name=stage.name,
            what=_does(outcome, body, now),
        )
        body = outcome.body if isinstance(outcome, Message) else body


def _does(outcome: Outcome | Dead, body: str, now: int) -> Words:
    match outcome:
        case Message():
            if outcome.body == body:
                return _("passes")
            return _("changed to “{body}”", body=_short(outcome.body))
        case Stop(why=why, tell=True):
            return _("stopped, and its author is told: {why}", why=why)
        case Stop(why=why):
            return _("stopped: {why}", why=why)
        case Hold():
            return _held(outcome, now)
        case Dead(why=why):
            return _("dead letter: {why}", why=why)


def _held(hold: Hold, now: int) -> Words:
    if hold.batch:
        return _("held for a digest, until {time} UTC at the latest", time=when(hold.until))
    if hold.until > now:
        return _("held until {time} UTC", time=when(hold.until))
    return _("held behind what waits there")


def _said(destination: Channel, message: Message, bus: Bus) -> Words:
    """As the destination would show it."""
    method = bus.methods[destination.method]
    if method.make is None or (method.puppets and message.author.is_guest):
        return _("{name} says “{body}”", name=message.author.shown, body=_short(message.body))
    return _("the bot says “{line}”", line=_short(message.line))


def _short(text: str, most: int = 200) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


ACTION = Action("route-test", _("Test routes"), Role.OPERATOR, _run, Form, group="routes")
