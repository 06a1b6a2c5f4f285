"""`remind` sets a reminder for the caller or for a channel, once or repeated, from a line in any
order of words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Step, Taken
from commands.grammar.names import Named, names_of
from commands.grammar.reminder import ReminderRequest, is_mark, is_me, read, when
from commands.grammar.time_hints import LEADS, plain
from commands.typed.everyday import is_prose
from component.bus.model.message import MAX_NAME, Author, Channel
from component.bus.model.reminder import MAX_TEXT, Reminder
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden
from component.common.form import Ask, Faults
from component.common.i18n import Words, _, joined
from component.common.sanitize import one_line

_HOW = _("for example: in 20 minutes, tomorrow at 9, 2026-12-24 18:00, every Monday 9:30")


@dataclass(frozen=True, kw_only=True)
class Form:
    """Whom, when and of what. A line may have them in another order, which
    `commands.grammar.reminder.read` reads."""

    whom: Annotated[
        str, Ask(_("Person"), _("me, or a channel such as lobby or shoutbox:lobby"))
    ] = "me"
    when: Annotated[str, Ask(_("When"), _HOW)]
    what: Annotated[str, Ask(_("Reminder"))]


@dataclass(frozen=True)
class Time:
    """The rest of a line that says no time."""

    when: Annotated[str, Ask(_("When"), _HOW)]


@dataclass(frozen=True)
class What:
    """The rest of a line that says nothing else."""

    what: Annotated[str, Ask(_("Reminder"))]


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Keep a reminder, or ask for what the line did not say."""
    if not caller.jid:
        raise Forbidden(
            _("In a room, the bot cannot see who you are. Write to it in a private chat.")
        )
    said = ReminderRequest(form.whom, form.when, form.what)
    names = names_of(bus.reminders.open_to(caller.role))
    if (
        caller.way == "text" and " " not in form.when
    ):  # words of a line come to the fields in order, whatever they are
        line = read(f"{form.whom} {form.when} {form.what}", names)
        if line.unread or (line.when and line.what) or not is_time(form.when, caller, bus):
            said = line
    return await keep_or_ask(caller, bus, said, find_channel(caller, bus, said.whom, names))


async def keep_or_ask(caller: Caller, bus: Bus, said: ReminderRequest, channel: Channel) -> Reply:
    """Keep it, or ask for what was not said; raises Faults."""
    if len(said.what) > MAX_TEXT:
        told = _(
            "The text has {count} characters. The maximum is {most}.",
            count=len(said.what),
            most=MAX_TEXT,
        )
        raise Faults({"what": told})
    zone = zone_of(caller, bus)
    try:
        time = when(said.when, bus.clock(), ZoneInfo(zone)) if said.when else None
    except BadInput as error:
        raise Faults({"when": error.sentence}) from error
    if not (time and said.what):
        return ask_for_rest(said, channel)
    kept = await bus.reminders.add(
        Reminder(
            caller.jid,
            name_of(caller),
            channel,
            said.what,
            time.due,
            time.schedule,
            zone,
            caller.language,
        )
    )
    return Done(kept_words(kept, bus, said.when))


def ask_for_rest(said: ReminderRequest, channel: Channel) -> Step:
    """The question for what a line did not say."""

    def after(
        told: Callable[[Any], ReminderRequest],
    ) -> Callable[[Caller, Any, Bus], Awaitable[Reply]]:
        async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
            try:
                return await keep_or_ask(caller, bus, told(filled), channel)
            except Faults as faults:
                raise BadInput(next(iter(faults.by_field.values()))) from faults

        return run

    if not said.when:
        not_read = None
        if said.unread:
            not_read = _("I do not understand “{text}” as a time.", text=said.unread[:60])
        asked = after(lambda filled: replace(said, when=filled.when, unread=""))
        return Step(_TITLE, Time, asked, help=not_read)
    return Step(_TITLE, What, after(lambda filled: replace(said, what=filled.what)))


def find_channel(caller: Caller, bus: Bus, written: str, names: Named) -> Channel:
    """The channel that is meant; raises Faults."""
    own = bus.reminders.oneself(caller.jid)
    name = " ".join(written.split()).casefold()
    if not name or is_me(name) or name == str(own):
        return own
    found = names.get(name, ())
    if len(found) == 1:
        return found[0]
    if found:
        told = _(
            "“{name}” is ambiguous. Write one of {channels}.",
            name=written[:60],
            channels=", ".join(map(str, found)),
        )
        raise Faults({"whom": told})
    near = get_close_matches(name, [*names, "me"], 1, 0.4)
    told = _(
        "The channel “{name}” does not exist, or you cannot access it. Did you mean {near}? To "
        "remind yourself, write “me”.",
        name=written[:60],
        near=(near or ["me"])[0],
    )
    raise Faults({"whom": told})


def is_time(text: str, caller: Caller, bus: Bus) -> bool:
    """Whether a text is a time that can be kept."""
    try:
        when(text, bus.clock(), ZoneInfo(zone_of(caller, bus)))
    except BadInput:
        return False
    return True


def zone_of(caller: Caller, bus: Bus) -> str:
    """The caller's time zone."""
    return bus.settings.preference(caller.jid).zone or "UTC"


def name_of(caller: Caller) -> str:
    """What others know the caller by; not by a name that passes for a web user."""
    try:
        return Author.named(one_line(caller.name)[:MAX_NAME], caller.jid).name
    except BadInput:
        return caller.jid


def kept_words(kept: Reminder, bus: Bus, written: str) -> Words:
    """The answer for a reminder that is kept, with a hint about the time zone."""
    own = kept.channel == bus.reminders.oneself(kept.who)
    values: dict[str, Any] = {"number": kept.id, "time": times(kept), "words": kept.body}
    told = _("Reminder {number} to you, {time}: {words}", **values)
    if not own:
        told = _("Reminder {number} to {channel}, {time}: {words}", channel=kept.channel, **values)
    if bus.settings.preference(kept.who).zone or written.split(" ")[0].lower() == "in":
        return told
    hint = _("(Times are in UTC. Set your time zone with “preferences zone=Europe/Berlin”.)")
    return joined([told, hint], "\n")


def times(reminder: Reminder) -> Words:
    """When it comes, by its clock."""
    zone = ZoneInfo(reminder.zone)
    due = datetime.fromtimestamp(reminder.due / 1000, zone)
    time = f"{due:%Y-%m-%d} {due:%H:%M}"
    if reminder.schedule:
        return _(
            "{schedule}, next on {time} ({zone})",
            schedule=reminder.schedule,
            time=time,
            zone=reminder.zone,
        )
    return _("{time} ({zone})", time=time, zone=reminder.zone)


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """Whom, when and of what, in any order."""
    names = names_of(bus.reminders.open_to(caller.role))
    said = read(rest, names)
    name = " ".join(said.whom.split()).casefold()
    known = is_me(name) or name in names
    if known and not said.when and said.what and not is_marked(rest, said.what):
        return takes_no_time(said.what)
    if known or (said.when and not name):
        return Taken(Fit.WELL)
    if not name or not said.when:
        return Taken(Fit.NOT)
    try:
        find_channel(caller, bus, said.whom, names)
    except Faults as faults:
        return Taken(Fit.NOT if is_prose(rest) else Fit.PARTLY, whom_words(faults))
    return Taken(Fit.WELL)


def takes_no_time(what: str) -> Taken:
    """How words are taken behind a name in which there is no time: what leads to a time is none of
    the reminder's text."""
    if plain(what.split()[0]) in LEADS:
        return Taken(
            Fit.PARTLY,
            _(
                "The time in “{text}” was not understood. Write it as: remind me in 20 minutes to "
                "stretch",
                text=what[:60],
            ),
        )
    return Taken(Fit.NOT if is_prose(what) else Fit.WELL)


def is_marked(line: str, what: str) -> bool:
    """Whether a word before it leads to what is to be said: to, that, daran, dass."""
    before = line.split()[: -len(what.split())]
    return bool(before) and is_mark(before[-1])


def whom_words(faults: Faults) -> Words:
    """What is wrong with the one who is to be reminded."""
    return joined([next(iter(faults.by_field.values()))], "")


_TITLE = _("Set a reminder")

ACTION = Action(
    "remind",
    _TITLE,
    Role.MEMBER,
    run,
    Form,
    group="reminders",
    also=("erinnere",),
    takes=takes,
    examples=(
        _("remind me in 20 minutes to stretch"),
        _("remind lobby every Monday 9:30 to stand up"),
    ),
)
