"""The menu that clients show: commands of one kind share an entry, so that it stays short.

poezio shows 18 entries on a usual terminal, and people read fewer: nine at most, those that are
used most first.
"""

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Reply, Step
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import Words, _, tell

MAX_ENTRIES = 9
"""Entries of the menu, and commands of one entry."""

GROUPS = {
    "subscriptions": _("Subscriptions…"),
    "messages": _("Messages…"),
    "reminders": _("Reminders…"),
    "channels": _("Feeds and channels…"),
    "routes": _("Routes…"),
    "rooms": _("Rooms…"),
    "me": _("My settings…"),
    "people": _("People…"),
    "system": _("Help and system…"),
}
"""The shared entries, by node, those that are used most first."""

_ORDER = (
    ("subscribe", "feed-add", "shout", "remind", "help", "preferences"),
    ("add", "create", "grant"),
    ("list", "last", "search", "status", "whoami"),
    ("edit",),
    ("test",),
    ("pause", "retry"),
    ("",),
    ("remove", "revoke", "drop", "delete", "unsubscribe", "stop"),
)
"""What a command does, by its name or the end of it: what is used most comes first, since clients
choose the first at once, and what removes something comes last. All others are at ""."""


@dataclass(frozen=True, slots=True)
class MenuEntry:
    """One entry of the menu."""

    node: str
    title: Words


def entries(bus: Bus, role: Role) -> list[MenuEntry]:
    """What someone of `role` may open; a group of one is that command itself."""
    shown: list[MenuEntry] = []
    for node, title in GROUPS.items():
        mine = inside(bus, node, role)
        if len(mine) == 1:
            shown.append(MenuEntry(mine[0].name, mine[0].title))
        elif mine:
            shown.append(MenuEntry(node, title))
    for action in bus.actions.values():
        if not action.group and action.role <= role:
            shown.append(MenuEntry(action.name, action.title))
    return shown


def inside(bus: Bus, group: str, role: Role) -> list[Action]:
    """What someone of `role` may choose within a group's entry, in the order they see it."""
    mine = [
        action for action in bus.actions.values() if action.group == group and action.role <= role
    ]
    return sorted(mine, key=place)


def place(action: Action) -> int:
    """The place of a command in its group, by what it does: low numbers come first."""
    verb = action.name.rpartition("-")[2]
    for number, names in enumerate(_ORDER):
        if action.name in names or verb in names:
            return number
    return _ORDER.index(("",))


async def never(_caller: Caller, _form: Any, _bus: Bus) -> Reply:
    """The placeholder behind a group's step: the surface begins the chosen command itself."""
    raise LookupError("the group's step is handled by the surface")


def group_step(node: str, mine: Sequence[Action], language: str) -> Step:
    """The step that asks which of a group's commands is meant."""

    def choices(_: Any) -> list[Choice]:
        return [Choice(action.name, tell(action.title, language)) for action in mine]

    asked = Annotated[str, Ask(_("Command"), choices=choices)]
    form = make_dataclass("Form", [("command", asked)], frozen=True)
    first = {"command": (mine[0].name,)}  # to look at a form does no harm
    return Step(GROUPS[node], form, never, last=False, values=first)
