"""What a line means while no question is open: a command, one with a slip in it, or a message.

A line is a command where it begins with a command's name and the rest fits. It is a message where
it only begins like one, as sentences do (“last night was great”). What lies between is held until
its author says what it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum

from commands.action import Bus, Caller, Fit, Taken, role_words
from commands.command_names import CommandNames, NamedCommand
from commands.typed.everyday import CALLS, EVERYDAY, JOINING, SENTENCE, bare, is_prose
from commands.typed.fitting import taken
from component.common.i18n import Words

MAX_SLIPS = 8
"""Commands that a mistyped line is compared with."""
MAX_REST_WORDS = 12
"""Words of a rest whose beginning may fit."""
MAX_SHORT_REST = 1
"""Words behind a name that are too few for a sentence."""

POLITE = frozenset({"please", "pls", "plz", "bitte", "thanks", "thx", "danke", "now", "jetzt"})
_FACE = re.compile(r"[:;=8xX][-o']?[()DPpOo/\\|3*]|[^\w]+|@\S+|[^\W\d_]+[,;]")
"""What people write in chat and never in a command: a smiley, signs alone, someone who is
addressed, a word with a comma behind."""


_NAME = re.compile(r"[a-z]+:(?!//)\S+|[^\s@]+@\S+")
"""A channel's full name, or a JID."""


class Kind(Enum):
    """What is done with a line."""

    COMMAND = "command"
    HELD = "held"
    MESSAGE = "message"


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a line means. For one that is held: the line as it may be meant, "" where that is
    unknown, what is wrong with what was typed, and whether the command's name is mistyped."""

    kind: Kind
    meant: str = ""
    why: Words | None = None
    slip: bool = False


MESSAGE = Meaning(Kind.MESSAGE)
COMMAND = Meaning(Kind.COMMAND)


class Reading:
    """Reads lines; knows the commands' names and asks the bus what fits them."""

    def __init__(self, bus: Bus, names: CommandNames) -> None:
        self._bus = bus
        self._names = names

    async def read(self, line: str, caller: Caller) -> Meaning:
        """What a line means."""
        exact = self._names.find(line)
        if exact is None:
            return await self.slip(line, caller, 0) or MESSAGE
        meaning = await self.named(exact, line, caller)
        if meaning.kind is Kind.COMMAND or meaning.meant:
            return meaning
        return await self.slip(line, caller, len(exact.name)) or meaning

    # A name spelt right

    async def named(self, command: NamedCommand, line: str, caller: Caller) -> Meaning:
        """The meaning of a line that begins with a command's name."""
        rest = await taken(command.action, command.rest, caller, self._bus)
        alone = len(command.name) == 1 and rest.fit is Fit.TEXT
        if alone and is_sentence(command.name, command.rest):
            return MESSAGE
        if rest.fit >= Fit.TEXT:
            return self.whole(command, line, caller)
        if rest.fit is Fit.PARTLY:
            return await self.partly(command, rest, caller)
        beginning = await self.beginning(command, rest.why, caller)
        if beginning.kind is Kind.HELD:
            return beginning
        if is_sentence(command.name, command.rest):
            return MESSAGE
        return Meaning(Kind.HELD, await self.alone(command, caller), rest.why)

    async def partly(self, command: NamedCommand, rest: Taken, caller: Caller) -> Meaning:
        """The meaning of a line that is a command with something wrong in it."""
        if rest.meant:
            return Meaning(Kind.HELD, command.line(rest.meant))
        words = command.rest.split()
        while words and bare(words[-1]) in POLITE:
            words.pop()
        part = " ".join(words)
        if (await taken(command.action, part, caller, self._bus)).fit >= Fit.TEXT:
            return Meaning(Kind.HELD, command.line(part))
        return Meaning(Kind.HELD, "", rest.why)

    def whole(self, command: NamedCommand, line: str, caller: Caller) -> Meaning:
        """The meaning of a line that is a command: not of one that is shouted, nor of another
        role's."""
        if caller.role < command.action.role:
            if caller.in_room and command.rest.strip():
                return MESSAGE
            return Meaning(Kind.HELD, "", role_words(command.action, caller))
        if not command.rest.strip() and line.rstrip().endswith("!"):
            return Meaning(Kind.HELD, command.line(""))
        return COMMAND

    async def beginning(self, command: NamedCommand, why: Words | None, caller: Caller) -> Meaning:
        """A line whose beginning is a command, with words behind that do not belong to it."""
        words = command.rest.split()
        for count in range(min(len(words) - 1, MAX_REST_WORDS), -1, -1):
            behind = words[count:]
            polite = all(bare(word) in POLITE for word in behind)
            if count == 0 and not (polite and is_asked(command)):
                break
            part = " ".join(words[:count])
            here = await taken(command.action, part, caller, self._bus)
            if here.fit >= Fit.TEXT and (polite or follows(here, part, behind)):
                return Meaning(Kind.HELD, command.line(part), None if polite else why)
        return MESSAGE

    async def alone(self, command: NamedCommand, caller: Caller) -> str:
        """The command alone, where it needs nothing more; else ""."""
        step = command.action.step
        if step and any(asked.required for asked in step.fields(self._bus)):
            return ""
        return command.line("")

    # A name with a slip in it

    async def slip(self, line: str, caller: Caller, longer_than: int) -> Meaning | None:
        """The meaning of a line that begins with a mistyped name; None where it does not.

        A name that was found whole counts, unless a longer one fits better.
        """
        for command in self._names.slips(line)[:MAX_SLIPS]:
            if len(command.name) <= longer_than:
                continue
            rest = await taken(command.action, command.rest, caller, self._bus)
            if longer_than and (is_chance(command) or not fits_whole(command, rest)):
                continue
            meaning = await self.mistyped(command, rest, caller)
            if meaning:
                return replace(meaning, slip=True)
        return None

    async def mistyped(self, command: NamedCommand, rest: Taken, caller: Caller) -> Meaning | None:
        """The meaning of one with another command's name; None where it is not that."""
        held = Meaning(Kind.HELD, command.line())
        if rest.fit is Fit.WELL and command.rest.strip():
            return None if is_form_of(command) else held
        if not command.rest.strip() and is_singular(command):
            return held
        if command.loose or is_word(command):
            return None
        return await self.mistyped_partly(command, rest, caller)

    async def mistyped_partly(
        self, command: NamedCommand, rest: Taken, caller: Caller
    ) -> Meaning | None:
        """The same where what was typed is not a word, and the rest fits less well."""
        if rest.fit >= Fit.TEXT:
            return Meaning(Kind.HELD, command.line())
        if rest.fit is Fit.PARTLY:
            return Meaning(Kind.HELD, command.line(rest.meant or None))
        beginning = await self.beginning(command, rest.why, caller)
        if beginning.kind is Kind.HELD:
            return beginning
        if is_sentence(command.name, command.rest) or is_chance(command):
            return None
        return Meaning(Kind.HELD, await self.alone(command, caller) or command.line())


def follows(here: Taken, part: str, behind: Sequence[str]) -> bool:
    """Whether a part that fits is more than the beginning of a sentence."""
    return here.fit is Fit.WELL and bare(part) not in EVERYDAY and bare(behind[0]) not in SENTENCE


def is_sentence(name: Sequence[str], rest: str) -> bool:
    """Whether a name and words that do not fit it are a sentence, as people write to others."""
    words = rest.split()
    prose = is_prose(rest)
    if len(name) > 1:  # nobody begins a sentence so by chance
        prose = is_prose(" ".join(words[:1]))
    if prose or any(_FACE.fullmatch(word) for word in words):
        return True
    first = bare(words[0]) if words else ""
    if first in JOINING:
        return True
    if len(name) > 1 or name[0] not in EVERYDAY:
        return False
    counted = first.isdigit() and any(map(str.isalpha, words))
    if first in EVERYDAY or counted:
        return True
    return not (len(words) <= MAX_SHORT_REST or any(map(is_technical, words)))


def is_technical(word: str) -> bool:
    """Whether a word is a number, a JID or the name of a channel."""
    return word.isdigit() or bool(_NAME.fullmatch(word))


def fits_whole(command: NamedCommand, rest: Taken) -> bool:
    """Whether nothing follows a name, or what fits nothing else."""
    return rest.fit is Fit.WELL or not command.rest.strip()


def is_chance(command: NamedCommand) -> bool:
    """Whether what was typed looks like a name by chance: by a common word, and not its plural."""
    chances = EVERYDAY - {f"{word}s" for word in command.name}
    return any(word in chances for word in command.misspelt)


def is_asked(command: NamedCommand) -> bool:
    """Whether a command's name with a please behind is said to the bot."""
    return len(command.name) > 1 or command.name[0] not in CALLS


def is_form_of(command: NamedCommand) -> bool:
    """Whether what was typed is a form of the name as sentences have it: reminds, paused."""
    typed = command.typed[0]
    return len(command.name) == 1 and typed in EVERYDAY and typed.startswith(command.name[0])


def is_singular(command: NamedCommand) -> bool:
    """Whether a thing was typed that has its list by the name of several: room, route."""
    return len(command.typed) == 1 and f"{command.typed[0]}s" == command.name[0]


def is_word(command: NamedCommand) -> bool:
    """Whether what was typed for a name is a word in itself, or a form of the name."""
    if len(command.name) == 1 and all(word in EVERYDAY for word in command.misspelt):
        return True
    last, right = command.typed[-1], command.name[-1]
    return last in (f"{right}d", f"{right}ed", f"{right}ing")
