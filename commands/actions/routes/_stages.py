"""The steps that change a route's processors: add, edit, order, drop.

Each step ends in one change, with its line in the audit log; nothing is changed where someone else
changed the route in between.
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


def processor_choices(_bus: Any) -> Sequence[Choice]:
    """Every processor there is."""
    return [Choice(name, f"{name} ({spec.title})") for name, spec in sorted(discover().items())]


# Add


@dataclass(frozen=True)
class Add:
    """Which, and where."""

    processor: Annotated[
        str, Ask(_("Processor"), _("the processor to add"), choices=processor_choices)
    ]
    place: Annotated[
        int | None,
        Ask(_("Position"), _("1 for the first position; empty for the last"), named=True),
    ] = None


def adding(route: Route) -> Step:
    """A new processor: which, then how it is set."""

    async def chosen(caller: Caller, filled: Add, bus: Bus) -> Reply:
        most = len(route.stages) + 1
        place = filled.place or most
        if filled.place == 0 or not 1 <= place <= most:
            raise BadInput(
                _(
                    "Position {place} is out of range. Choose from 1 to {most}.",
                    place=filled.place,
                    most=most,
                )
            )
        spec = discover()[filled.processor]

        def added(settings: Settings) -> tuple[Stage, ...]:
            return route.with_stage(spec.name, settings, place - 1)

        replace(route, stages=added(()))  # too many are told before they are set
        return await ask_settings(route, spec, (), added, caller, bus)

    return Step(_("Add a processor"), Add, chosen, last=False)


async def ask_settings(
    route: Route, spec: ProcessorSpec, present: Settings, then: Then, caller: Caller, bus: Bus
) -> Reply:
    """The processor's own form; nothing is asked where it has nothing to set."""

    async def run(caller: Caller, filled: Processor, bus: Bus) -> Reply:
        return await save(route, then(settings_of(filled)), caller, bus)

    asked = fields(spec.make, bus)
    if not asked:
        return await run(caller, spec.make(), bus)
    if present:
        values = {field.name: field.default for field in asked} | dict(present)
        return Step(spec.title, spec.make, run, values=values, open=True)
    if not any(field.required for field in asked):
        return Step(spec.title, spec.make, run, open=True)
    note = unasked_words(asked) if caller.way == "text" else None
    return Step(spec.title, spec.make, run, help=note)  # what is needed is asked for


def unasked_words(asked: Sequence[Field]) -> Words | None:
    """What else a line may set: a conversation asks for what is needed only."""
    names = " ".join(f"{field.name}=" for field in asked if not field.required)
    if not names:
        return None
    return _("You can set further options later with “edit”: {settings}", settings=names)


# Edit


def editing(route: Route) -> Step:
    """A processor of the route: which, then its form as it is set."""
    choices = []
    for number, stage, line in numbered(route):
        choices.append(Choice(str(number), line, own_name(route, stage)))
    ask = Ask(_("Processor"), _("its number or its name"), choices=lambda _bus: choices)

    async def chosen(caller: Caller, filled: Any, bus: Bus) -> Reply:
        stage = route.stages[int(filled.processor) - 1]
        spec = discover().get(stage.name)
        if spec is None:
            raise NotFound(
                _(
                    "The processor “{name}” is not installed. You can only remove it from the "
                    "route.",
                    name=stage.name,
                )
            )

        def changed(settings: Settings) -> tuple[Stage, ...]:
            stages = list(route.stages)
            stages[stages.index(stage)] = replace(stage, settings=settings)
            return tuple(stages)

        return await ask_settings(route, spec, stage.settings, changed, caller, bus)

    form = make_dataclass("Form", [("processor", Annotated[str, ask])], frozen=True)
    return Step(_("Edit a processor"), form, chosen, last=False, help=listed(route))


# Order


@dataclass(frozen=True)
class Order:
    """All of them, in their new order."""

    order: Annotated[
        str, Ask(_("Order"), _("the numbers in the new order, for example 2 1 3, or the names"))
    ]


def ordering(route: Route, caller: Caller) -> Step:
    """The numbers of the processors in the order they shall have."""
    numbers = " ".join(str(number) for number in range(1, len(stages_of(route)) + 1))

    async def run(caller: Caller, filled: Order, bus: Bus) -> Reply:
        return await save(route, ordered(route, filled.order), caller, bus)

    values: dict[str, list[str]] = {}
    if caller.way != "text":  # there a value that stands is not asked for
        values["order"] = [numbers]
    return Step(_("Reorder processors"), Order, run, values=values, help=listed(route))


def ordered(route: Route, written: str) -> Sequence[Stage]:
    """The stages in the order written; raises BadInput where one is missing, unknown, or named
    twice."""
    numbers: list[int] = []
    for word in re.findall(r"[^\s,;]+", written):
        number = number_of(route, word)
        if number in numbers:
            raise BadInput(_("{number} appears twice. Write every number once.", number=number))
        numbers.append(number)
    missing = sorted(set(range(1, len(route.stages) + 1)).difference(numbers))
    if missing:
        raise BadInput(
            _(
                "The order does not contain {numbers}. Write every number once.",
                numbers=", ".join(map(str, missing)),
            )
        )
    return [route.stages[number - 1] for number in numbers]


def number_of(route: Route, written: str) -> int:
    """The number of one written by its number or its name; raises BadInput."""
    for number, stage in enumerate(route.stages, 1):
        if written == str(number) or written.casefold() in own_name(route, stage):
            return number
    if written.casefold() in [stage.name for stage in route.stages]:
        raise BadInput(
            _(
                "The route has more than one processor “{name}”. Write the number instead.",
                name=written,
            )
        )
    raise BadInput(
        _(
            "“{text}” is not the number or name of a processor. The numbers are 1 to {most}.",
            text=written[:40],
            most=len(route.stages),
        )
    )


# Drop


def dropping(route: Route) -> Step:
    """Which of the processors go."""
    choices = []
    for number, stage, line in numbered(route):
        also = (str(number), *own_name(route, stage))
        choices.append(Choice(f"{number} {stage.name}", line, also))
    ask = Ask(_("Remove"), _("the processors to remove"), choices=lambda _bus: choices, wanted=True)

    async def run(caller: Caller, filled: Any, bus: Bus) -> Reply:
        if not filled.gone:
            note = _(
                "Nothing was changed. Write the numbers of the processors to remove, separated "
                "by commas."
            )
            return Lines(note, shown_block(route))
        gone = {int(choice.partition(" ")[0]) for choice in filled.gone}
        left = [stage for number, stage in enumerate(route.stages, 1) if number not in gone]
        return await save(route, left, caller, bus)

    form = make_dataclass("Form", [("gone", Annotated[tuple[str, ...], ask], ())], frozen=True)
    return Step(_("Remove processors"), form, run, help=listed(route))


# What they share


def stages_of(route: Route) -> Sequence[Stage]:
    """The processors of a route. Raises NotFound where it has none."""
    if not route.stages:
        raise NotFound(
            _("Route {number} does not have processors. Add one first.", number=route.id)
        )
    return route.stages


def numbered(route: Route) -> Sequence[tuple[int, Stage, str]]:
    """Each processor with its number, and with how it is set in a line."""
    lines = block(route)[1:]
    rows = []
    for number, stage in enumerate(stages_of(route), 1):
        rows.append((number, stage, brief(lines[number - 1], 100)))
    return rows


def own_name(route: Route, stage: Stage) -> tuple[str, ...]:
    """A processor's name, where no other of the route has it."""
    names = [other.name for other in route.stages]
    if names.count(stage.name) > 1:
        return ()
    return (stage.name,)


def listed(route: Route) -> Words:
    """The route and its processors, over a form: not all of what is set fits there."""
    lines = [f"{route.id}: {route.source} → {route.destination}"]
    for line in block(route)[1:]:
        lines.append(line if len(line) < 200 else f"{line[:200]}…")
    return _("{lines}", lines="\n".join(lines))


async def save(route: Route, stages: Sequence[Stage], caller: Caller, bus: Bus) -> Reply:
    """One change; raises Conflict where the route is not as it was read."""
    unchanged(bus, route)
    wanted = replace(route, stages=tuple(stages))
    if wanted == route:
        return Lines(_("Nothing was changed:"), shown_block(route))
    audit = entry(caller, bus, "route-edit", differing(route, wanted), differing(wanted, route))
    await bus.settings.change([Put(wanted)], audit)
    return Lines(_("Changed to:"), shown_block(wanted))


Steps = Mapping[str, Callable[[Route, Caller], Step]]
STEPS: Steps = {
    "add": lambda route, _caller: adding(route),
    "edit": lambda route, _caller: editing(route),
    "order": ordering,
    "drop": lambda route, _caller: dropping(route),
}
"""By the word that asks for it."""
