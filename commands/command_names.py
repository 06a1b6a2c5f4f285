"""The names of commands, and which one a line begins with."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from commands.action import Action
from commands.typed.spelling import distance, errors_allowed, errors_in
from component.common.i18n import Words, _

MAX_START = 200
"""Characters of a line in which its command's name stands."""
MAX_SHOWN = 40
"""Characters of a line that are shown again."""
MAX_NAME_WORDS = 4
"""Words of a line that are looked at: a name of three may be written as four."""
MIN_RUN_TOGETHER = 8
"""Letters of a name that is found although its words are divided otherwise."""

_SLASHED = re.compile(r"/(?!me\b)[a-z][a-z-]*(?:\s|\?|$)", re.IGNORECASE)
"""A slash and a word. `/me` is a way to speak (XEP-0245), and a path has more slashes."""
_WORD = re.compile(r"[^\s-]+")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
"""How a keyboard without them writes these letters."""
_ENDS = ".?!"
"""What may follow a name at the end of a line."""


@dataclass(frozen=True, slots=True)
class NamedCommand:
    """A command that a line begins with: the words of its name, those that were typed, what
    follows, and how many typing errors there are. `loose` where they are many for so short a
    word."""

    action: Action
    name: Sequence[str]
    typed: Sequence[str]
    rest: str = ""
    errors: int = 0
    loose: bool = False

    @property
    def misspelt(self) -> Sequence[str]:
        """The typed words that are not as in the name."""
        return [word for word in self.typed if word not in self.name]

    def line(self, rest: str | None = None) -> str:
        """The line with the name spelt right; `rest` in place of what follows."""
        follows = self.rest if rest is None else rest
        return f"{' '.join(self.name)} {follows.strip(' ')}".strip()


class CommandNames:
    """The commands by their names, and by the other words that begin them.

    A name of two words may be turned round: `list routes` is `route list`.
    """

    def __init__(self, actions: Mapping[str, Action]) -> None:
        self._names: dict[tuple[str, ...], Action] = {}
        for action in actions.values():
            for other in turned(action.name):
                self._names[other] = action
        for action in actions.values():
            for word in action.also:
                for spelling in (word.translate(_UMLAUTS), word):
                    self._names[tuple(spelling.split("-"))] = action
        for called, action in actions.items():
            self._names[tuple(called.split("-"))] = action

    def __iter__(self) -> Iterator[tuple[str, ...]]:
        return iter(self._names)

    def find(self, line: str) -> NamedCommand | None:
        """The command that a line begins with, by its longest name, written with dashes or
        spaces."""
        words = list(_WORD.finditer(line[:MAX_START]))[:MAX_NAME_WORDS]
        for count in range(len(words), 0, -1):
            name = tuple(word_at(line, word) for word in words[:count])
            if name in self._names and is_whole(line, words[:count]):
                return NamedCommand(self._names[name], name, name, line[words[count - 1].end() :])
        return None

    def slips(self, line: str) -> list[NamedCommand]:
        """The commands whose names a line may begin with, mistyped; the likeliest first."""
        words = list(_WORD.finditer(line[:MAX_START]))[:MAX_NAME_WORDS]
        found = []
        for name, action in self._names.items():
            for count in range(max(len(name) - 1, 1), min(len(name) + 1, len(words)) + 1):
                typed = [word_at(line, word) for word in words[:count]]
                slip = compare(typed, name)
                if slip and is_whole(line, words[:count]):
                    rest = line[words[count - 1].end() :]
                    found.append(NamedCommand(action, name, typed, rest, *slip))
        return sorted(found, key=lambda slip: (slip.errors, -len(slip.name)))


def turned(name: str) -> list[tuple[str, ...]]:
    """A name of two words with the other one first, and its thing in the plural."""
    thing, dash, verb = name.partition("-")
    if not dash or "-" in verb:
        return []
    return [(verb, thing), (verb, f"{thing}s")]


def word_at(line: str, word: re.Match[str]) -> str:
    """A word of a line, to be compared; at the line's end without what ends a sentence."""
    text = word[0].casefold()
    if not line[word.end() :].strip():
        return text.rstrip(_ENDS) or text
    return text


def is_whole(line: str, words: Sequence[re.Match[str]]) -> bool:
    """Whether these words are a line's first ones, and no dash follows the last one."""
    return not line[: words[0].start()].strip() and line[words[-1].end() :][:1] != "-"


def compare(typed: Sequence[str], name: Sequence[str]) -> tuple[int, bool] | None:
    """How many errors there are in a name, and whether these are many; None where it is another
    name, or the name itself."""
    if not all(word.isalnum() for word in typed):
        return None
    if len(typed) != len(name):
        return compare_run_together("".join(typed), "".join(name))
    errors, loose = 0, False
    for word, right in zip(typed, name, strict=True):
        here = errors_in(word, right)
        if here is None:
            return None
        errors += here
        loose = loose or here > errors_allowed(right)
    if not errors:
        return None
    return errors, loose


def compare_run_together(typed: str, name: str) -> tuple[int, bool] | None:
    """The same for a name whose words are divided otherwise: `routelist`, `un subscribe`."""
    if len(name) < MIN_RUN_TOGETHER:
        return None
    errors = distance(typed, name, 1)
    if errors > 1:
        return None
    return errors + 1, False


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
