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

MOST = 15

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
class Entry:
    """One entry of the menu."""

    node: str
    title: Words


def entries(bus: Bus, role: Role) -> list[Entry]:
    """What someone of `role` may open; a group of one is that command itself."""
    found: list[Entry] = []
    for node, title in GROUPS.items():
        mine = inside(bus, node, role)
        if len(mine) == 1:
            found.append(Entry(mine[0].name, mine[0].title))
        elif mine:
            found.append(Entry(node, title))
    alone = [action for action in bus.actions.values() if not action.group and action.role <= role]
    return found + [Entry(action.name, action.title) for action in alone]


def inside(bus: Bus, group: str, role: Role) -> list[Action]:
    """What someone of `role` may choose within a group's entry, in the order they see it."""
    mine = [
        action for action in bus.actions.values() if action.group == group and action.role <= role
    ]
    return sorted(mine, key=_place)


def _place(action: Action) -> int:
    verb = action.name.rpartition("-")[2]
    return next((place for place, verbs in enumerate(_ORDER) if verb in verbs), len(_ORDER))


async def _never(_caller: Caller, _form: Any, _bus: Bus) -> Reply:
    raise LookupError("a group's step is followed by the surface")


def group_step(node: str, mine: Sequence[Action], language: str) -> Step:
    """Which of a group's commands."""

    def choices(_: Any) -> list[Choice]:
        return [Choice(action.name, tell(action.title, language)) for action in mine]

    asked = Annotated[str, Ask(_("What"), choices=choices)]
    return Step(
        GROUPS[node], make_dataclass("Form", [("command", asked)], frozen=True), _never, last=False
    )
