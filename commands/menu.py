"""The menu that clients show: commands of one kind share an entry, so that it stays short.

poezio shows 18 entries on a usual terminal, and other clients' menus grow unwieldy sooner: 15 at most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, make_dataclass
from typing import Annotated, Any

from commands.action import Action, Bus, Caller, Reply, Step
from commands.form import Ask, Choice
from commands.words import Words, _, tell
from component.roles import Role

MOST = 15

GROUPS = {
    "channels": _("Channels…"),
    "routes": _("Routes…"),
    "rooms": _("Rooms…"),
    "roles": _("Roles…"),
    "tokens": _("Tokens…"),
    "messages": _("Messages…"),
    "deadletters": _("Dead letters…"),
    "about": _("About…"),
}
"""The shared entries, by node."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the menu."""

    node: str
    title: Words


def entries(bus: Bus, role: Role) -> list[Entry]:
    """What someone of `role` may open; a group of one is that command itself."""
    mine = [action for action in bus.actions.values() if action.role <= role]
    found: list[Entry] = []
    for node, title in GROUPS.items():
        inside = [action for action in mine if action.group == node]
        if len(inside) == 1:
            found.append(Entry(inside[0].name, inside[0].title))
        elif inside:
            found.append(Entry(node, title))
    return found + [Entry(action.name, action.title) for action in mine if not action.group]


async def _never(_caller: Caller, _form: Any, _bus: Bus) -> Reply:
    raise LookupError("a group's step is followed by the surface")


def group_step(node: str, mine: Sequence[Action], language: str) -> Step:
    """Which of a group's commands."""

    def choices(_: Any) -> list[Choice]:
        return [Choice(action.name, tell(action.title, language)) for action in mine]

    asked = Annotated[str, Ask(_("What"), choices=choices)]
    return Step(GROUPS[node], make_dataclass("Form", [("command", asked)], frozen=True), _never, last=False)
