"""`route-test` shows what would become of a message, route by route, and sends and keeps
nothing."""

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
from component.common.jids import bare_jid, is_bare_jid

MOST = 200
"""Lines of an answer."""


@dataclass(frozen=True)
class Form:
    """What would be said, and where."""

    channel: Annotated[Channel, Ask(_("Channel"), _("the channel to test from"), choices=channels)]
    author: Annotated[
        str,
        Ask(
            _("Author"),
            _("the author of the test message, a name or a JID; empty for you"),
            named=True,
        ),
    ] = ""
    message: Annotated[str, Ask(_("Message"), _("the text of the test message"))] = "hello"


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Show what would become of a message. Sends and keeps nothing."""
    spec = find_channel(bus, form.channel)
    message = Message.new(form.channel, author_of(form, caller, bus), form.message, bus.clock())
    paused = {one.channel for one in bus.hub.channels if not one.enabled}
    met = bus.hub.explain(message)
    lines: list[Words | str] = []
    if not spec.enabled:
        lines.append(
            _("{channel} is paused. Messages from it are not forwarded.", channel=form.channel)
        )
    told: list[Words] = []
    here = {message.channel: message.body}
    for hop in met:
        told += [hop_words(hop, paused, bus), *step_lines(hop, here[hop.place], message.at)]
        if hop.fate is Fate.GOES:
            here.setdefault(hop.route.destination, hop.message.body)
    lines += told[:MOST]
    if told[MOST:]:
        lines.append(_("… and {count} more", count=len(told) - MOST))
    if not met:
        lines.append(_("No route starts there. The message is not forwarded."))
    return Lines(
        _(
            "Test of “{body}” in {channel}; nothing is sent:",
            body=shortened(message.body),
            channel=form.channel,
        ),
        lines,
    )


def author_of(form: Form, caller: Caller, bus: Bus) -> Author:
    """The author of the message: a guest in an open channel, unless a JID is written."""
    if is_bare_jid(form.author):
        return Author.named(form.author.partition("@")[0], bare_jid(form.author))
    name = form.author or caller.name
    if bus.methods[form.channel.method].open:
        return Author.guest(name, "test")
    return Author.named(name, caller.jid)


def hop_words(hop: Hop, paused: set[Channel], bus: Bus) -> Words:
    """What would happen at one hop."""
    told = {"hops": hop.hops, "route": shown(hop.route)}
    if hop.fate is Fate.OFF:
        return _("{hops}. {route}: not forwarded", **told)
    if hop.fate is Fate.HELD:
        return _(
            "{hops}. {route}: not forwarded, because {channel} is paused", **told, channel=hop.place
        )
    if hop.fate is Fate.KNOWN:
        return _("{hops}. {route}: skipped, because the message is already there", **told)
    if hop.fate is Fate.ENDS:
        return end_words(hop, told)
    told["said"] = said_words(hop.route.destination, hop.message, bus)
    if hop.route.destination in paused:
        return _("{hops}. {route}: waits, because the destination is paused; then {said}", **told)
    return _("{hops}. {route}: {said}", **told)


def end_words(hop: Hop, told: dict[str, Any]) -> Words:
    """A processor lets it go no further now: the steps say which and why."""
    match hop.steps[-1][1]:
        case Hold():
            return _("{hops}. {route}: held by a processor", **told)
        case Stop():
            return _("{hops}. {route}: stopped by a processor", **told)
        case _:
            return _("{hops}. {route}: becomes a dead letter", **told)


def step_lines(hop: Hop, body: str, now: int) -> Iterator[Words]:
    """What each processor does with what came to it with this body; `now` in ms since 1970."""
    for number, (stage, outcome) in enumerate(hop.steps, 1):
        yield _(
            "  {number} {name}: {what}",
            number=number,
            name=stage.name,
            what=outcome_words(outcome, body, now),
        )
        body = outcome.body if isinstance(outcome, Message) else body


def outcome_words(outcome: Outcome | Dead, body: str, now: int) -> Words:
    """What a processor does with a message."""
    match outcome:
        case Message():
            if outcome.body == body:
                return _("passes")
            return _("changed to “{body}”", body=shortened(outcome.body))
        case Stop(why=why, tell=True):
            return _("stopped, and the author is notified: {why}", why=why)
        case Stop(why=why):
            return _("stopped: {why}", why=why)
        case Hold():
            return hold_words(outcome, now)
        case Dead(why=why):
            return _("dead letter: {why}", why=why)


def hold_words(hold: Hold, now: int) -> Words:
    """Until when a message is held."""
    if hold.batch:
        return _("held for a digest, until {time} UTC at the latest", time=when(hold.until))
    if hold.until > now:
        return _("held until {time} UTC", time=when(hold.until))
    return _("held behind other waiting messages")


def said_words(destination: Channel, message: Message, bus: Bus) -> Words:
    """As the destination would show it."""
    method = bus.methods[destination.method]
    if method.make is None or (method.puppets and message.author.is_guest):
        return _("{name} posts “{body}”", name=message.author.shown, body=shortened(message.body))
    return _("the bot posts “{line}”", line=shortened(message.line))


def shortened(text: str, most: int = 200) -> str:
    """A text in one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1] + "…"


ACTION = Action("route-test", _("Test routes"), Role.OPERATOR, run, Form, group="routes")
