"""What may be done with the processors of a route: add, set otherwise, put in another order, drop.

Each is a step whose end is one change, with its line in the audit log; nothing is changed where the
route was changed meanwhile.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, make_dataclass, replace
from typing import Annotated, Any

from commands.action import Bus, Caller, Lines, Reply, Step
from commands.lookups import block, brief, differing, entry, shown_block, unchanged
from component.bus.model.processor import Processor, ProcessorSpec
from component.bus.model.records import Put
from component.bus.model.route import Route, Settings, Stage
from component.common.errors import BadInput, NotFound
from component.common.form import Ask, Choice, Field, fields
from component.common.i18n import Words, _
from component.processors import discover, settings_of

Then = Callable[[Settings], tuple[Stage, ...]]
"""Gives a route's stages, from what was set."""


def _kinds(_bus: Any) -> Sequence[Choice]:
    """Every processor there is."""
    return [Choice(name, f"{name} ({spec.title})") for name, spec in sorted(discover().items())]


# Add


@dataclass(frozen=True)
class Add:
    """Which, and where."""

    processor: Annotated[str, Ask(_("Processor"), _("what it does"), choices=_kinds)]
    place: Annotated[
        int | None, Ask(_("Place"), _("1 for the first; empty for the last"), named=True)
    ] = None


def adding(route: Route) -> Step:
    """A new processor: which, then how it is set."""

    async def chosen(caller: Caller, filled: Add, bus: Bus) -> Reply:
        most = len(route.stages) + 1
        place = filled.place or most
        if filled.place == 0 or not 1 <= place <= most:
            raise BadInput(
                _("Place {place} won't do: from 1 to {most}.", place=filled.place, most=most)
            )
        spec = discover()[filled.processor]

        def added(settings: Settings) -> tuple[Stage, ...]:
            return route.with_stage(spec.name, settings, place - 1)

        replace(route, stages=added(()))  # too many are told before they are set
        return await _setting(route, spec, (), added, caller, bus)

    return Step(_("Add a processor"), Add, chosen, last=False)


async def _setting(
    route: Route, spec: ProcessorSpec, standing: Settings, then: Then, caller: Caller, bus: Bus
) -> Reply:
    """The processor's own form; nothing is asked where it has nothing to set."""

    asked = fields(spec.make, bus)
    values = {one.name: one.default for one in asked} | dict(standing) if standing else {}
    open_ = bool(standing) or not any(
        one.required for one in asked
    )  # else what is needed is asked for

    async def run(caller: Caller, filled: Processor, bus: Bus) -> Reply:
        return await _change(route, then(settings_of(filled)), caller, bus)

    if not asked:
        return await run(caller, spec.make(), bus)
    told = _unasked(asked) if caller.way == "text" and not open_ else None
    return Step(spec.title, spec.make, run, values=values, help=told, open=open_)


def _unasked(asked: Sequence[Field]) -> Words | None:
    """What else a line may set: a conversation asks for what is needed only."""
    names = " ".join(f"{one.name}=" for one in asked if not one.required)
    return (
        _("What I don't ask for may be set afterwards, with “edit”: {settings}", settings=names)
        if names
        else None
    )


# Edit


def editing(route: Route) -> Step:
    """A processor of the route: which, then its form as it is set."""
    choices = [
        Choice(str(number), line, _own_name(route, stage))
        for number, stage, line in _numbered(route)
    ]
    which = Annotated[
        str, Ask(_("Processor"), _("its number, or its name"), choices=lambda _bus: choices)
    ]

    async def chosen(caller: Caller, filled: Any, bus: Bus) -> Reply:
        stage = route.stages[int(filled.processor) - 1]
        spec = discover().get(stage.name)
        if spec is None:
            raise NotFound(
                _(
                    "There is no processor “{name}” in this bus (any more): it can only be "
                    "dropped.",
                    name=stage.name,
                )
            )

        def changed(settings: Settings) -> tuple[Stage, ...]:
            return tuple(
                replace(one, settings=settings) if one.id == stage.id else one
                for one in route.stages
            )

        return await _setting(route, spec, stage.settings, changed, caller, bus)

    form = make_dataclass("Form", [("processor", which)], frozen=True)
    return Step(_("Edit a processor"), form, chosen, last=False, help=_listed(route))


# Order


@dataclass(frozen=True)
class Order:
    """All of them, in their new order."""

    order: Annotated[
        str, Ask(_("Order"), _("the numbers in their new order, like 2 1 3, or names"))
    ]


def ordering(route: Route, caller: Caller) -> Step:
    """The numbers of the processors as they shall stand."""
    numbers = [str(number) for number, _stage in enumerate(_some(route), 1)]

    async def run(caller: Caller, filled: Order, bus: Bus) -> Reply:
        return await _change(route, _ordered(route, filled.order), caller, bus)

    values = (
        {} if caller.way == "text" else {"order": [" ".join(numbers)]}
    )  # there it would not be asked for
    return Step(_("Order processors"), Order, run, values=values, help=_listed(route))


def _ordered(route: Route, written: str) -> Sequence[Stage]:
    """The stages in the order written; raises BadInput where one is missing, unknown, or stands
    twice."""
    numbers = [_number(route, word) for word in re.split(r"[\s,;]+", written) if word]
    twice = next((number for number in numbers if numbers.count(number) > 1), None)
    if twice:
        raise BadInput(_("{number} stands twice: write each number once.", number=twice))
    missing = ", ".join(
        str(number) for number in range(1, len(route.stages) + 1) if number not in numbers
    )
    if missing:
        raise BadInput(
            _(
                "That is an order with a processor missing: {numbers}. Write every number once.",
                numbers=missing,
            )
        )
    return [route.stages[number - 1] for number in numbers]


def _number(route: Route, written: str) -> int:
    """The number of one written by its number or its name; raises BadInput."""
    for number, stage in enumerate(route.stages, 1):
        if written == str(number) or written.casefold() in _own_name(route, stage):
            return number
    if any(stage.name == written.casefold() for stage in route.stages):
        raise BadInput(_("There are several “{name}”: say which by its number.", name=written))
    raise BadInput(
        _(
            "“{text}” is no number of a processor, and no name of one: the numbers go from 1 "
            "to {most}.",
            text=written[:40],
            most=len(route.stages),
        )
    )


# Drop


def dropping(route: Route) -> Step:
    """Which of the processors go."""
    choices = [
        Choice(f"{number} {stage.name}", line, (str(number), *_own_name(route, stage)))
        for number, stage, line in _numbered(route)
    ]
    which = Annotated[
        tuple[str, ...],
        Ask(_("Drop"), _("those that go"), choices=lambda _bus: choices, wanted=True),
    ]

    async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
        if not filled.gone:
            told = _("Left as it was; say which go by their numbers, with commas between them.")
            return Lines(told, shown_block(route))
        gone = {int(one.partition(" ")[0]) for one in filled.gone}
        left = [stage for number, stage in enumerate(route.stages, 1) if number not in gone]
        return await _change(route, left, caller, bus)

    form = make_dataclass("Form", [("gone", which, ())], frozen=True)
    return Step(_("Drop processors"), form, run, help=_listed(route))


# What they share


def _some(route: Route) -> Sequence[Stage]:
    if not route.stages:
        raise NotFound(_("Route {number} has no processors: add one first.", number=route.id))
    return route.stages


def _numbered(route: Route) -> Sequence[tuple[int, Stage, str]]:
    """Each with its number, and with that in a line."""
    lines = [brief(line, 100) for line in block(route)[1:]]
    return [
        (number, stage, line)
        for number, (stage, line) in enumerate(zip(_some(route), lines, strict=True), 1)
    ]


def _own_name(route: Route, stage: Stage) -> tuple[str, ...]:
    """Its name, where no other of the route has it."""
    names = [one.name for one in route.stages]
    return (stage.name,) if names.count(stage.name) == 1 else ()


def _listed(route: Route) -> Words:
    """The route and its processors, over a form: not all of what is set fits there."""
    head = f"{route.id}: {route.source} → {route.destination}"  # their names are told below
    lines = [line if len(line) < 200 else f"{line[:200]}…" for line in block(route)[1:]]
    return _("{lines}", lines="\n".join([head, *lines]))


async def _change(route: Route, stages: Sequence[Stage], caller: Caller, bus: Bus) -> Reply:
    """One change; raises Conflict where the route is not as it was read."""
    unchanged(bus, route)
    wanted = replace(route, stages=tuple(stages))
    if wanted == route:
        return Lines(_("Left as it was:"), shown_block(route))
    audit = entry(caller, bus, "route-edit", differing(route, wanted), differing(wanted, route))
    await bus.settings.change([Put(wanted)], audit)
    return Lines(_("Changed, it is now:"), shown_block(wanted))


Steps = Mapping[str, Callable[[Route, Caller], Step]]
STEPS: Steps = {
    "add": lambda route, _caller: adding(route),
    "edit": lambda route, _caller: editing(route),
    "order": ordering,
    "drop": lambda route, _caller: dropping(route),
}
"""By the word that asks for it."""
