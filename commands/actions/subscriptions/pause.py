"""`pause` pauses the caller's subscriptions for a time or until `resume`; what comes in between
is sent then."""

from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from commands.action import Action, Bus, Caller, Done, Fit, Reply, Step, Taken
from commands.actions.subscriptions._descriptions import (
    ALL,
    NONE_YET,
    brief,
    chosen,
    clock_of,
    names_some,
    option,
    takes_none,
    time_of,
)
from commands.data_forms import as_words
from commands.grammar.pause import Pause, read_pause, until
from commands.typed.everyday import is_prose
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import Ask, Choice, Faults
from component.common.i18n import _

_TITLE = _("Pause subscriptions")


@dataclass(frozen=True)
class PauseLine:
    """All of it; see `commands.grammar.pause.read_pause`."""

    what: Annotated[
        str,
        Ask(
            _("Selection"),
            _("for example: until Monday, or lobby for 2h; empty pauses all until “resume”"),
            raw=True,
        ),
    ] = ""


async def run(caller: Caller, line: PauseLine, bus: Bus) -> Reply:
    """Pause what a line names."""
    try:
        return await pause(caller, read_pause(line.what), bus)
    except Faults as faults:
        raise BadInput(next(iter(faults.by_field.values()))) from faults


async def open_form(caller: Caller, bus: Bus) -> Reply:
    """Offer the caller's subscriptions."""
    mine = await bus.subscriptions.of(caller.jid)
    if not mine:
        return Done(NONE_YET)
    choices = [Choice(ALL, _("all subscriptions"))]
    for subscription in mine:
        choices.append(Choice(str(subscription.id), brief(subscription)))
    which = Ask(_("Selection"), choices=lambda _bus: choices)
    time = Ask(_("Until"), _("for example: Monday, tomorrow at 9, 2h; empty pauses until “resume”"))
    asked = [
        option("which", Annotated[str, which], ALL),
        option("until", Annotated[str, time], ""),
    ]
    return Step(_TITLE, make_dataclass("Form", asked, frozen=True), pause_chosen)


async def pause_chosen(caller: Caller, filled: Any, bus: Bus) -> Reply:
    """Pause what a form chose."""
    return await pause(caller, Pause(filled.which, filled.until), bus)


async def pause(caller: Caller, said: Pause, bus: Bus) -> Reply:
    """Pause subscriptions until a time. Raises Faults for what cannot be read."""
    zone = clock_of(bus, caller.jid)
    numbers = [one.id for one in await chosen(bus, caller, said.which or ALL)]
    try:
        due = until(said.until, bus.clock(), ZoneInfo(zone))
    except BadInput as error:
        raise Faults({"until": error.sentence}) from error
    paused = await bus.subscriptions.pause(caller.jid, due, numbers)
    if not paused:
        return Done(_("Nothing to pause."))
    names = ", ".join(f"{one.id} ({one.channel})" for one in paused)
    if due:
        time = time_of(due, zone)
        return Done(
            _(
                "Paused until {time} ({zone}): {names}. Messages that arrive in the meantime are "
                "sent then.",
                time=time,
                zone=zone,
                names=names,
            )
        )
    return Done(
        _(
            "Paused: {names}. To continue and receive the messages that arrived in the meantime, "
            "use “resume”.",
            names=names,
        )
    )


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """Which, and until when."""
    said = read_pause(rest)
    if said.which and not await names_some(caller, said.which, bus):
        return await takes_none(caller, rest, said.which, bus)
    try:
        until(said.until, bus.clock(), ZoneInfo(clock_of(bus, caller.jid)))
    except BadInput as error:
        sentence = said.until.split()[:1] == ["in"] or is_prose(rest)
        if said.which or not sentence or any(map(str.isdigit, rest)):
            return Taken(Fit.PARTLY, as_words(error))
        return Taken(Fit.NOT, as_words(error))
    return Taken(Fit.WELL)


ACTION = Action(
    "pause",
    _TITLE,
    Role.MEMBER,
    run,
    PauseLine,
    group="subscriptions",
    opening=open_form,
    also=("pausiere", "pausieren"),
    takes=takes,
    examples=(_("pause until Monday"), _("pause lobby for 2h"), _("pause")),
)
