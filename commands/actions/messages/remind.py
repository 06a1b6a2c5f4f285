"""`remind`: say something to me or in a channel at a time, once or again and again; in a line in
any order of words."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import get_close_matches
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.grammar.names import Named, names_of
from commands.grammar.reminder import Read, is_me, read, when
from component.bus.model.message import MAX_NAME, Author, Channel
from component.bus.model.reminder import MAX_TEXT, Reminder
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden
from component.common.form import Ask, Faults
from component.common.i18n import Words, _, joined
from component.common.sanitize import one_line

_HOW = _("like: in 20 minutes, tomorrow at 9, 2026-12-24 18:00, every Monday 9:30")


@dataclass(frozen=True, kw_only=True)
class Form:
    """Whom, when and of what. In a line that may stand in another order: see
    `commands.grammar.reminder.read`."""

    whom: Annotated[str, Ask(_("Whom"), _("me, or a channel: lobby, shoutbox:lobby"))] = "me"
    when: Annotated[str, Ask(_("When"), _HOW)]
    what: Annotated[str, Ask(_("What"))]


@dataclass(frozen=True)
class Time:
    """The rest of a line that says no time."""

    when: Annotated[str, Ask(_("When"), _HOW)]


@dataclass(frozen=True)
class What:
    """The rest of a line that says nothing else."""

    what: Annotated[str, Ask(_("What"))]


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    if not caller.jid:
        raise Forbidden(_("Through a room I can't tell who you are: write to me in private."))
    said = Read(form.whom, form.when, form.what)
    names = names_of(bus.reminders.open_to(caller.role))
    if (
        caller.way == "text" and " " not in form.when
    ):  # words of a line come to the fields in order, whatever they are
        line = read(f"{form.whom} {form.when} {form.what}", names)
        said = line if (line.when and line.what) or not _is_time(form.when, caller, bus) else said
    return await _go(caller, bus, said, _whom(caller, bus, said.whom, names))


async def _go(caller: Caller, bus: Bus, said: Read, channel: Channel) -> Reply:
    """Keep it, or ask for what was not said; raises Faults."""
    if len(said.what) > MAX_TEXT:
        told = _(
            "That has {count} characters; at most {most} fit.", count=len(said.what), most=MAX_TEXT
        )
        raise Faults({"what": told})
    zone = _zone(caller, bus)
    try:
        time = when(said.when, bus.clock(), ZoneInfo(zone)) if said.when else None
    except BadInput as error:
        raise Faults({"when": error.sentence}) from error
    if not (time and said.what):
        return _ask(said, channel)
    kept = await bus.reminders.add(
        Reminder(
            caller.jid,
            _name(caller),
            channel,
            said.what,
            time.due,
            time.schedule,
            zone,
            caller.language,
        )
    )
    return Done(_answer(kept, bus, said.when))


def _ask(said: Read, channel: Channel) -> Step:
    """The question for what a line did not say."""

    def after(told: Callable[[Any], Read]) -> Callable[[Caller, Any, Bus], Awaitable[Reply]]:
        async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
            try:
                return await _go(caller, bus, told(filled), channel)
            except Faults as faults:
                raise BadInput(next(iter(faults.by_field.values()))) from faults

        return run

    if not said.when:
        return Step(_TITLE, Time, after(lambda filled: replace(said, when=filled.when)))
    return Step(_TITLE, What, after(lambda filled: replace(said, what=filled.what)))


def _whom(caller: Caller, bus: Bus, written: str, names: Named) -> Channel:
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
            "“{name}” could be {channels}: write one of these.",
            name=written[:60],
            channels=", ".join(map(str, found)),
        )
        raise Faults({"whom": told})
    near = get_close_matches(name, [*names, "me"], 1, 0.4)
    told = _(
        "There is no channel “{name}” for you; close: {near}. For yourself write: me.",
        name=written[:60],
        near=(near or ["me"])[0],
    )
    raise Faults({"whom": told})


def _is_time(text: str, caller: Caller, bus: Bus) -> bool:
    try:
        when(text, bus.clock(), ZoneInfo(_zone(caller, bus)))
    except BadInput:
        return False
    return True


def _zone(caller: Caller, bus: Bus) -> str:
    return bus.settings.preference(caller.jid).zone or "UTC"


def _name(caller: Caller) -> str:
    """What others know the caller by; not by a name that passes for a web user."""
    try:
        return Author.named(one_line(caller.name)[:MAX_NAME], caller.jid).name
    except BadInput:
        return caller.jid


def _answer(kept: Reminder, bus: Bus, written: str) -> Words:
    own = kept.channel == bus.reminders.oneself(kept.who)
    values: dict[str, Any] = {"number": kept.id, "time": times(kept), "words": kept.body}
    told = _("Reminder {number}, to you, {time}: {words}", **values)
    if not own:
        told = _("Reminder {number}, to {channel}, {time}: {words}", channel=kept.channel, **values)
    if bus.settings.preference(kept.who).zone or written.split(" ")[0].lower() == "in":
        return told
    hint = _("(That is in UTC: “preferences zone=Europe/Berlin” sets your clock.)")
    return joined([told, hint], "\n")


def times(reminder: Reminder) -> Words:
    """When it comes, by its clock."""
    zone = ZoneInfo(reminder.zone)
    due = datetime.fromtimestamp(reminder.due / 1000, zone)
    time = f"{due:%Y-%m-%d} {due:%H:%M}"
    if reminder.schedule:
        return _(
            "{schedule}, next {time} ({zone})",
            schedule=reminder.schedule,
            time=time,
            zone=reminder.zone,
        )
    return _("{time} ({zone})", time=time, zone=reminder.zone)


_TITLE = _("Set a reminder")

ACTION = Action(
    "remind",
    _TITLE,
    Role.MEMBER,
    _run,
    Form,
    group="reminders",
    also=("erinnere",),
    examples=(
        _("remind me in 20 minutes to stretch"),
        _("remind lobby every Monday 9:30 to stand up"),
    ),
)
