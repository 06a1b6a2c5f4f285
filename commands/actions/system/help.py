"""`help` shows what the bot can do for the caller, or what one command takes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from commands.action import Action, Bus, Caller, Fit, Lines, Reply, Taken
from commands.data_forms import as_words
from commands.menu import GROUPS, place
from commands.named import is_slip, most_like
from commands.typed.everyday import EVERYDAY, words_of
from component import processors
from component.bus.model.message import Channel
from component.bus.model.processor import ProcessorSpec
from component.bus.model.roles import Role
from component.common.errors import NotFound
from component.common.form import Ask, Field, fields
from component.common.i18n import Words, _, tell

MAX_TITLED = 12
"""Commands that are listed with their titles: more are listed by name alone, grouped."""
ALL = ("all", "alle", "alles")
FILLERS = words_of("fillers")
"""Words around what help is asked for."""
PROCESSORS = ("processors", "prozessoren")
GROUP_ORDER = ("messages", "reminders", "subscriptions", "me", "routes", "channels", "rooms")
"""Groups of commands that people use most; the others follow as the menu has them."""
MOST_USED = (
    *("shout", "last", "search", "remind", "subscribe", "unsubscribe", "subscription-list"),
    *("pause", "resume", "quiet", "preferences", "whoami", "help", "status"),
)

_GENERAL = _("General")
_TITLE = _("I forward messages between rooms, shoutboxes and people. These are my commands:")


@dataclass(frozen=True)
class Form:
    """Which command; none for an overview."""

    command: Annotated[str, Ask(_("Command"), _("leave it empty to list all commands"))] = ""


async def run(caller: Caller, form: Form, bus: Bus) -> Reply:
    """Explain one command, or list the commands."""
    name = topic(form.command)
    if not name:
        return overview(caller, bus)
    if name in ALL:
        return everything(caller, bus)
    return explain(name, caller, bus)


def topic(written: str) -> str:
    """What help is asked for: `me`, `with rooms please` and the like are not."""
    words = written.casefold().replace("-", " ").strip(" ?.!").split()
    while words and words[0] in FILLERS:
        words.pop(0)
    while words and words[-1] in FILLERS:
        words.pop()
    return "-".join(words)


async def takes(caller: Caller, rest: str, bus: Bus) -> Taken:
    """The name of a command, of a group of them, or of a processor."""
    name = topic(rest)
    if not name or name in ALL:
        return Taken(Fit.WELL)
    try:
        explain(name, caller, bus)
    except NotFound as error:
        why = as_words(error)
        if name in bus.actions:  # another role's
            return Taken(Fit.PARTLY, why)
        similar = similar_topic(name, bus)
        return Taken(Fit.PARTLY if similar else Fit.NOT, why, similar)
    return Taken(Fit.WELL)


def similar_topic(name: str, bus: Bus) -> str:
    """The command or the group that a topic may be, mistyped; "" for none."""
    if name in EVERYDAY:
        return ""
    similar = most_like(name, [*bus.actions, *GROUPS])
    if similar and is_slip(name, similar):
        return similar.replace("-", " ")
    return ""


def available(caller: Caller, bus: Bus) -> dict[str, Action]:
    """The commands that the caller may use here, by name."""
    mine = {}
    for name, action in sorted(bus.actions.items()):
        if action.role <= caller.role and (action.public or not caller.in_room):
            mine[name] = action
    return mine


# Lists


def overview(caller: Caller, bus: Bus) -> Reply:
    """The commands on one screen: with titles where they are few, else grouped, most used first."""
    mine = available(caller, bus)
    if len(mine) <= MAX_TITLED:
        return everything(caller, bus)
    lines: list[Words | str] = []
    for group in dict.fromkeys([*GROUP_ORDER, *GROUPS]):
        names = names_in(group, mine)
        if names:
            title = tell(GROUPS.get(group, _GENERAL), caller.language).rstrip("…")
            lines.append(f"{title}: {', '.join(names)}")
    lines.append(_("“help shout” explains one command, “help all” lists all with their titles."))
    return Lines(_TITLE, [*lines, *closing(caller, bus)])


def names_in(group: str, mine: dict[str, Action]) -> Sequence[str]:
    """The names of a group's commands as people write them, most used first."""
    members = [action for action in mine.values() if action.group == group]
    members.sort(key=usage_rank)
    return [action.name.replace("-", " ") for action in members]


def usage_rank(action: Action) -> tuple[int, int, str]:
    """The place of a command among those of its group."""
    if action.name in MOST_USED:
        return MOST_USED.index(action.name), 0, action.name
    return len(MOST_USED), place(action), action.name


def everything(caller: Caller, bus: Bus) -> Reply:
    """All commands with their titles, by name."""
    lines = []
    for action in available(caller, bus).values():
        lines.append(_("{name}: {title}", name=action.name, title=action.title))
    return Lines(_TITLE, [*lines, *closing(caller, bus)])


def closing(caller: Caller, bus: Bus) -> Sequence[Words]:
    """What stands below a list: more help, and where other lines go."""
    if caller.in_room:
        return [
            _(
                "For a private chat, write to {bot}. The shoutboxes are at {web}",
                bot=bus.bot,
                web=bus.web,
            )
        ]
    lines = []
    if caller.role >= Role.OPERATOR:
        lines.append(_("“help processors” lists the processors that a route can have."))
    ends = bus.hub.leads_to(Channel("chat", caller.jid)) if caller.jid else ()
    if not ends:
        return [*lines, _("The shoutboxes are at {web}", web=bus.web)]
    passed_on = _(
        "Anything else you write to me is posted to {ends}, where everyone can read it. The "
        "shoutboxes are at {web}",
        ends=", ".join(ends),
        web=bus.web,
    )
    return [*lines, passed_on]


# One command, or one processor


def explain(name: str, caller: Caller, bus: Bus) -> Reply:
    """What one command takes; for operators also processors. Raises NotFound."""
    mine = available(caller, bus)
    for action in mine.values():
        if name == action.name or (name in action.also and name not in mine):
            return explain_action(action, bus)
    for group in (name, f"{name}s"):
        if group in GROUPS and names_in(group, mine):
            return explain_group(group, mine, caller)
    if caller.role >= Role.OPERATOR:
        known = processors.discover()
        if name in known:
            return explain_processor(known[name], bus)
        if name in PROCESSORS:
            return list_processors()
    raise NotFound(
        _(
            "The command “{name}” does not exist or is not available to you. “help” lists all "
            "commands.",
            name=name[:60],
        )
    )


def explain_group(group: str, mine: dict[str, Action], caller: Caller) -> Reply:
    """The commands of a group with their titles, most used first."""
    lines = []
    for action in sorted(mine.values(), key=usage_rank):
        if action.group == group:
            name = action.name.replace("-", " ")
            lines.append(_("{name}: {title}", name=name, title=action.title))
    title = tell(GROUPS[group], caller.language).rstrip("…")
    return Lines(_("{group}:", group=title), lines)


def explain_action(action: Action, bus: Bus) -> Reply:
    """How a command is written, its fields and its examples."""
    words = [action.name.replace("-", " ")]
    lines = []
    if action.step:
        for field in action.step.fields(bus):
            words.append(field.name if field.required else f"[{field.name}]")
            lines.append(field_line(field))
    if action.more:
        lines.append(_("… and more settings, which I ask for"))
    for example in action.examples:
        lines.append(_("for example: {line}", line=example))
    return Lines(_("{usage}: {title}", usage=" ".join(words), title=action.title), lines)


def list_processors() -> Reply:
    """All processors with their titles, by name."""
    lines = []
    for name, spec in sorted(processors.discover().items()):
        lines.append(_("{name}: {title}", name=name, title=spec.title))
    title = _(
        "Processors change, hold or stop messages on a route. “help throttle” shows how to set "
        "one up:"
    )
    return Lines(title, lines)


def explain_processor(spec: ProcessorSpec, bus: Bus) -> Reply:
    """How a processor is added to a route, and its settings."""
    words = [spec.name]
    lines = []
    for field in fields(spec.make, bus):
        words.append(f"{field.name}=" if field.required else f"[{field.name}=]")
        line = field_line(field)
        if field.choices:
            choices = ", ".join(choice.value for choice in field.choices)
            line = _("{line}: {choices}", line=line, choices=choices)
        lines.append(line)
    usage = " ".join(words)
    return Lines(_("route edit ROUTE add {usage}: {title}", usage=usage, title=spec.title), lines)


def field_line(field: Field) -> Words:
    """A field by name, with its label and its help."""
    if field.ask.help:
        return _(
            "{name}: {label}, {help}", name=field.name, label=field.ask.label, help=field.ask.help
        )
    return _("{name}: {label}", name=field.name, label=field.ask.label)


ACTION = Action(
    "help",
    _("List all commands"),
    Role.GUEST,
    run,
    Form,
    group="system",
    public=True,
    opening=overview,
    also=("hilfe",),
    takes=takes,
)
