"""The menu that clients show: commands of one kind share an entry, so that it stays short.

poezio shows 18 entries on a usual terminal, and other clients' menus grow unwieldy sooner: 15 at
most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Reply, Step
from component.bus.model.roles import Role
from component.common.form import Ask, Choice
from component.common.i18n import Words, _, tell

MAX_ENTRIES = 15

GROUPS = {
    "channels": _("Channels…"),
    "routes": _("Routes…"),
    "rooms": _("Rooms…"),
    "roles": _("Roles…"),
    "tokens": _("Tokens…"),
    "messages": _("Messages…"),
    "deadletters": _("Dead letters…"),
    "reminders": _("Reminders…"),
    "subscriptions": _("Subscriptions…"),
    "about": _("About…"),
}
"""The shared entries, by node."""

_ORDER = (
    ("list", "status"),
    ("add", "create", "grant", "remind"),
    ("edit",),
    ("test",),
    ("pause", "retry"),
    ("remove", "revoke", "drop"),
)
"""What a command does, by the end of its name: what only shows comes first, since clients choose
the first at once."""


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
    for number, verbs in enumerate(_ORDER):
        if verb in verbs:
            return number
    return len(_ORDER)


async def never(_caller: Caller, _form: Any, _bus: Bus) -> Reply:
    """The placeholder behind a group's step: the surface begins the chosen command itself."""
    raise LookupError("the group's step is handled by the surface")


def group_step(node: str, mine: Sequence[Action], language: str) -> Step:
    """The step that asks which of a group's commands is meant."""

    def choices(_: Any) -> list[Choice]:
        return [Choice(action.name, tell(action.title, language)) for action in mine]

    asked = Annotated[str, Ask(_("Command"), choices=choices)]
    form = make_dataclass("Form", [("command", asked)], frozen=True)
    return Step(GROUPS[node], form, never, last=False)
