"""`pause`: nothing is told for a time, or until `resume`; what comes meanwhile is told then."""

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from commands.action import Action, Bus, Caller, Done, Reply, Step
from commands.actions.subscriptions._descriptions import (
    ALL,
    NONE_YET,
    brief,
    chosen,
    clock_of,
    option,
    time_of,
)
from commands.grammar.pause import Pause, read_pause, until
from component.bus.model.roles import Role
from component.common.errors import BadInput
from component.common.form import Ask, Choice, Faults
from component.common.i18n import _

_TITLE = _("Pause subscriptions")


@dataclass(frozen=True)
class Line:
    """All of it; see `commands.grammar.pause.read_pause`."""

    what: Annotated[
        str, Ask(_("What"), _("until Monday; lobby for 2h; nothing: all, until “resume”"), raw=True)
    ] = ""


async def _line(caller: Caller, line: Line, bus: Bus) -> Reply:
    try:
        return await _pause(caller, read_pause(line.what), bus)
    except Faults as faults:
        raise BadInput(next(iter(faults.by_field.values()))) from faults


async def _opening(caller: Caller, bus: Bus) -> Reply:
    mine = await bus.subscriptions.of(caller.jid)
    if not mine:
        return Done(NONE_YET)

    def choices(_bus: Any) -> Sequence[Choice]:
        return [Choice(ALL, _("all of them")), *(Choice(str(one.id), brief(one)) for one in mine)]

    asked = [
        option("which", Annotated[str, Ask(_("Which"), choices=choices)], ALL),
        option(
            "until",
            Annotated[str, Ask(_("Until"), _("like: Monday, tomorrow at 9, 2h; empty: “resume”"))],
            "",
        ),
    ]
    return Step(_TITLE, make_dataclass("Form", asked, frozen=True), _form)


async def _form(caller: Caller, filled: Any, bus: Bus) -> Reply:
    return await _pause(caller, Pause(filled.which, filled.until), bus)


async def _pause(caller: Caller, said: Pause, bus: Bus) -> Reply:
    zone = clock_of(bus, caller.jid)
    numbers = [one.id for one in await chosen(bus, caller, said.which or ALL)]
    try:
        due = until(said.until, bus.clock(), ZoneInfo(zone))
    except BadInput as error:
        raise Faults({"until": error.sentence}) from error
    paused = await bus.subscriptions.pause(caller.jid, due, numbers)
    if not paused:
        return Done(_("There is nothing to pause."))
    names = ", ".join(f"{one.id} ({one.channel})" for one in paused)
    if due:
        time = time_of(due, zone)
        return Done(
            _(
                "Paused until {time} ({zone}): {names}. What comes meanwhile is told then.",
                time=time,
                zone=zone,
                names=names,
            )
        )
    return Done(_("Paused: {names}. “resume” goes on, and tells what came meanwhile.", names=names))


ACTION = Action(
    "pause",
    _TITLE,
    Role.MEMBER,
    _line,
    Line,
    group="subscriptions",
    opening=_opening,
    also=("pausiere", "pausieren"),
    examples=(_("pause until Monday"), _("pause lobby for 2h"), _("pause")),
)
