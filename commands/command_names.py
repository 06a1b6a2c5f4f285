"""Which command a line begins with, and what is said of a line that only looks like one."""

import difflib
import re
from collections.abc import Mapping

from commands.action import Action
from component.bus.model.roles import Role
from component.common.i18n import Words, _

ALIKE = {1: 0.75, 2: 0.85}
"""How like a command's name one or two words must be to be taken for a slip (difflib's ratio)."""
MAX_LINE = 10_000
"""Characters of a line that is a command."""
MAX_SHOWN = 40
"""Characters of a line that are shown again."""

_SLASHED = re.compile(r"/(?!me\b)[a-z][a-z-]*(?:\s|\?|$)", re.IGNORECASE)
"""A slash and a word. `/me` is a way to speak (XEP-0245), and a path has more slashes."""


class CommandNames:
    """The commands by their names, and by the other words that begin them."""

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._names: dict[str, Action] = {}
        for action in actions.values():
            for word in action.also:
                self._names[word] = action
        self._names |= actions
        self._actions = actions

    def split(self, line: str) -> tuple[Action | None, str]:
        """The command that a line begins with, written with dashes or spaces, and what follows its
        name."""
        words = line.split(maxsplit=3)
        for count in range(min(len(words), 3), 0, -1):
            name = "-".join(words[:count]).casefold()
            if count == len(words):
                name = name.removesuffix("?")
            if name in self._names:
                rest = line.split(maxsplit=count)[count:]
                return self._names[name], "".join(rest)
        return None, ""

    def slip(self, line: str, role: Role) -> str:
        """The command for which a line is taken that mistypes its name; "" for none."""
        if len(line) >= MAX_LINE:
            return ""
        words = line.casefold().split(maxsplit=2)
        names = [name for name, action in self._actions.items() if action.role <= role]
        for count in range(min(len(words), 2), 0, -1):
            written = "-".join(words[:count])
            near = difflib.get_close_matches(written, names, 1, ALIKE[count])
            if near and (len(words) == 1 or ("-" in near[0] and "-" in written)):
                return near[0]
        return ""


def is_slashed(line: str) -> bool:
    """Whether a line is a command by the slash in front."""
    return bool(_SLASHED.match(line))


def escape_hint(line: str) -> Words:
    """How to send a line that was taken for a command."""
    return _("To send it as a message, put a backslash in front: \\{line}", line=start_of(line))


def start_of(line: str) -> str:
    """How a line begins."""
    start = line.strip().partition("\n")[0]
    if len(start) <= MAX_SHOWN:
        return start
    return f"{start[:MAX_SHOWN]}…"
