"""`route-test`: what would become of a message, route by route. It sends nothing and keeps nothing."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from commands.shared import arrow, channels, find_channel
from component.explain import Fate, Hop
from component.form import Ask
from component.message import Author, Channel, Message
from component.roles import Role
from component.words import Words, _

MOST = 200
"""Lines of an answer."""


@dataclass(frozen=True)
class Form:
    """What would be said, and where."""

    channel: Annotated[Channel, Ask(_("Channel"), _("where someone would say it"), choices=channels)]
    message: Annotated[str, Ask(_("Message"), _("what they would say"))] = "hello"


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    spec = find_channel(bus, form.channel)
    key = "guest:test" if bus.methods[form.channel.method].open else caller.jid
    message = Message.new(form.channel, Author.named(caller.name, key), form.message, bus.clock())
    paused = {one.channel for one in bus.hub.channels if not one.enabled}
    met = bus.hub.explain(message)
    lines: list[Words | str] = []
    if not spec.enabled:
        lines.append(_("{channel} is paused: what comes from it goes no further.", channel=form.channel))
    lines += [_told(hop, paused, bus) for hop in met[:MOST]]
    if met[MOST:]:
        lines.append(_("… and {count} more", count=len(met) - MOST))
    if not met:
        lines.append(_("No route starts there: it goes nowhere."))
    return Lines(_("“{body}” in {channel}; nothing is sent:", body=_short(message.body), channel=form.channel), lines)


def _told(hop: Hop, paused: set[Channel], bus: Bus) -> Words:
    told = {"hops": hop.hops, "route": arrow(hop.route)}
    if hop.fate is Fate.OFF:
        return _("{hops}. {route}: goes no further here", **told)
    if hop.fate is Fate.HELD:
        return _("{hops}. {route}: goes no further, {channel} is paused", **told, channel=hop.place)
    if hop.fate is Fate.KNOWN:
        return _("{hops}. {route}: has been there already", **told)
    told["said"] = _said(hop.route.destination, hop.message, bus)
    if hop.route.destination in paused:
        return _("{hops}. {route}: waits, it is paused; then {said}", **told)
    return _("{hops}. {route}: {said}", **told)


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
