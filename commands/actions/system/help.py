"""`help`: what the bot can do for the one who asks, or what one command takes."""

from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Lines, Reply
from component import processors
from component.bus.model.message import Channel
from component.bus.model.processor import ProcessorSpec
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.form import Ask, Field, fields
from component.common.i18n import Words, _, tell


@dataclass(frozen=True)
class Form:
    """Which command; none for all."""

    command: Annotated[str, Ask(_("Command"), _("leave it empty for the list of all"))] = ""


async def _run(caller: Caller, form: Form, bus: Bus) -> Reply:
    if form.command:
        return _about(_mine(caller, bus), "-".join(form.command.casefold().split()), caller, bus)
    return _all(caller, bus)


def _mine(caller: Caller, bus: Bus) -> dict[str, Action]:
    return {
        action.name: action
        for action in sorted(bus.actions.values(), key=lambda action: action.name)
        if action.role <= caller.role and (action.public or not caller.in_room)
    }


def _all(caller: Caller, bus: Bus) -> Reply:
    lines = [
        _("{name}: {title}", name=action.name, title=action.title)
        for action in _mine(caller, bus).values()
    ]
    if caller.role >= Role.OPERATOR and not caller.in_room:
        lines.append(_("“help processors” lists what routes can do with messages on the way."))
    title = _("I pass messages between rooms, shoutboxes and people. I know these commands:")
    return Lines(title, [*lines, _rest(caller, bus)])


def _about(mine: dict[str, Action], name: str, caller: Caller, bus: Bus) -> Reply:
    action = mine.get(name) or next((one for one in mine.values() if name in one.also), None)
    if action is None and name in processors.discover() and caller.role >= Role.OPERATOR:
        return _processor(processors.discover()[name], bus)
    if action is None and name in ("processors", "prozessoren") and caller.role >= Role.OPERATOR:
        return _processors()
    if action is None:
        raise NotFound(
            tell(
                _("There is no command “{name}” for you: “help” lists all.", name=name[:60]),
                caller.language,
            )
        )
    asked = action.step.fields(bus) if action.step else ()
    lines = [_line(one) for one in asked]
    if action.more:
        lines.append(_("… and more, which it asks for"))
    lines += [_("like: {line}", line=one) for one in action.examples]
    usage = " ".join(
        [
            action.name.replace("-", " "),
            *(one.name if one.required else f"[{one.name}]" for one in asked),
        ]
    )
    return Lines(_("{usage}: {title}", usage=usage, title=action.title), lines)


def _processors() -> Reply:
    told = [
        _("{name}: {title}", name=name, title=one.title)
        for name, one in sorted(processors.discover().items())
    ]
    return Lines(
        _("What a route can do with messages on the way; “help throttle” tells how one is set:"),
        told,
    )


def _processor(spec: ProcessorSpec, bus: Bus) -> Reply:
    """A processor of routes, and what may be set."""
    asked = fields(spec.make, bus)
    usage = " ".join(
        [spec.name, *(f"{one.name}=" if one.required else f"[{one.name}=]" for one in asked)]
    )
    told = [
        _(
            "{line}: {choices}",
            line=_line(one),
            choices=", ".join(choice.value for choice in one.choices),
        )
        if one.choices
        else _line(one)
        for one in asked
    ]
    return Lines(_("route edit ROUTE add {usage}: {title}", usage=usage, title=spec.title), told)


def _line(asked: Field) -> Words:
    if asked.ask.help:
        return _(
            "{name}: {label}, {help}", name=asked.name, label=asked.ask.label, help=asked.ask.help
        )
    return _("{name}: {label}", name=asked.name, label=asked.ask.label)


def _rest(caller: Caller, bus: Bus) -> Words:
    if caller.in_room:
        return _(
            "In private, write to {bot}. The shoutboxes are at {web}", bot=bus.bot, web=bus.web
        )
    ends = bus.hub.leads_to(Channel("chat", caller.jid)) if caller.jid else ()
    if not ends:
        return _("The shoutboxes are at {web}", web=bus.web)
    return _(
        "Anything else you write to me goes to {ends}, for everyone who reads there. The "
        "shoutboxes are at {web}",
        ends=", ".join(ends),
        web=bus.web,
    )


ACTION = Action(
    "help",
    _("List all commands"),
    Role.GUEST,
    _run,
    Form,
    public=True,
    opening=_all,
    also=("hilfe",),
)
