"""A conversation about one command as data: what was given, which field each word is for, and what
is missing. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from commands.action import Action, Bus, Caller, Step
from commands.text_fields import in_order, needed, plain, prose_field, split, values
from component.common.errors import BadInput
from component.common.form import Field
from component.common.i18n import Words, _

MAX_LINE = 10_000
"""Characters of a line that is a command."""
MAX_CHOICE_WORDS = 16
"""Words of a choice: the names of two channels."""
MAX_LONG = 500_000
"""Characters of a value that may come in several messages."""


@dataclass(slots=True)
class Talk:
    """A conversation about one command: its step, what was given and is not used yet, what is asked
    now. `at` is in the clock's seconds, `wrong` how many answers in a row made no sense.

    Of a name that several have, `options` are those that are meant.
    `below` are lines under the first one; they belong to the last field where that is prose.
    """

    action: Action
    step: Step
    at: float
    given: list[str] = field(default_factory=list)
    below: list[str] = field(default_factory=list)
    values: dict[str, Sequence[str]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    past: list[tuple[Step, dict[str, Sequence[str]], list[str]]] = field(default_factory=list)
    options: Sequence[str] = ()
    wrong: int = 0

    def go_to(self, step: Step) -> None:
        """Continue with the next step."""
        self.past.append((self.step, self.values, self.asked))
        self.step, self.values, self.asked = step, {}, []

    def go_back(self, open_question: str) -> None:
        """Forget the answer before this question, in the step before where need be; without one the
        first question is asked again."""
        while len(self.asked) < 2 and self.has_past_question():
            self.step, self.values, self.asked = self.past.pop()
            self.asked.append(open_question)  # the question that was open was the next step's
        self.forget(self.asked[-2:])
        self.asked = self.asked[:-2]
        self.options = ()

    def has_past_question(self) -> bool:
        """Whether a step before this one asked something."""
        return any(asked for _step, _values, asked in self.past)

    def forget(self, names: Iterable[str]) -> None:
        """Forget what was given for these fields."""
        for name in names:
            self.values.pop(name, None)

    def missing(self, fields: Sequence[Field]) -> Field | None:
        """The field that is asked for next."""
        known = {**self.step.values, **self.values}
        for asked in fields:
            wanted = needed(asked, fields) or (asked.ask.wanted and not self.given)
            if wanted and not known.get(asked.name):
                return asked
        return None

    def take_lines_below(self, fields: Sequence[Field]) -> None:
        """Give the lines under the first one to the field of prose, where there is one."""
        prose = prose_field(fields)
        if self.below and prose:
            self.values[prose.name] = [*self.values.get(prose.name, ()), *self.below]
            self.below = []

    def place_words(self, fields: Sequence[Field]) -> None:
        """Give the words of the line to the fields: by name, by the name of a yes-or-no alone, else
        in order. Raises BadInput where there are too many."""
        rest, later = self.place_named(fields)
        for asked in fields:
            if rest and in_order(asked, fields) and asked.name not in self.values:
                count = words_for(asked, rest)
                self.values[asked.name] = values(asked, " ".join(rest[:count]))
                del rest[:count]
        if rest and self.step.last and fields:
            self.extend_last(fields, rest)
            rest = []
        self.given = rest + later

    def place_named(self, fields: Sequence[Field]) -> tuple[list[str], list[str]]:
        """Give what is written by name. Returns the other words, and those whose name a later step
        may have."""
        names = {asked.name: asked for asked in fields}
        rest: list[str] = []
        later: list[str] = []
        for word in self.given:
            name, equals, value = word.partition("=")
            if equals and name in names:
                self.values[name] = values(names[name], value)
            elif equals and name.isidentifier() and not plain(name, names, self.step):
                later.append(word)
            elif word in names and names[word].kind == "boolean":
                self.values[word] = ["1"]
            else:
                rest.append(word)
        return rest, later

    def extend_last(self, fields: Sequence[Field], rest: Sequence[str]) -> None:
        """Words that are left over belong to the last field where that is free text, else they are
        too many."""
        last = None
        for asked in fields:
            if in_order(asked, fields):
                last = asked
        if last is None or not is_free_text(last):
            raise BadInput(too_many(rest[0]))
        self.values[last.name] = [" ".join([*self.values.get(last.name, ()), *rest])]


def too_many(words: str) -> Words:
    """What is wrong with words behind a command that takes no more."""
    return _(
        "“{word}” is one argument too many. “help” shows what the command accepts.",
        word=words.split(maxsplit=1)[0][:60],
    )


def is_free_text(asked: Field) -> bool:
    """Whether any number of words fits in a field."""
    return asked.ask.prose or (asked.kind == "text-single" and asked.type is str)


def words_for(asked: Field, rest: Sequence[str]) -> int:
    """How many of the words a field takes: several where a choice or a name is written so."""
    spellings = {text.casefold() for choice in asked.choices for text in choice.also}
    spellings.update(asked.names)
    for count in range(min(len(rest), MAX_CHOICE_WORDS), 1, -1):
        if " ".join(rest[:count]).casefold() in spellings:
            return count
    return 1


def begin_talk(
    action: Action, step: Step, rest: str, caller: Caller, bus: Bus, now: float = 0.0
) -> Talk:
    """A conversation that begins with what follows a command's name in a line. Raises BadInput
    where that is too long, or a quotation mark is not closed."""
    fields = step.fields(bus)
    long, prose = long_field(fields), prose_field(fields)
    several = bool(long or prose) and "\n" in rest[:MAX_LINE]
    check_length(rest, MAX_LONG if several else MAX_LINE)
    talk = Talk(action, step, now)
    first, newline, below = rest.partition("\n")
    if long and newline:  # what stands below the first line is that field, as it is
        rest = first
        talk.values[long.name] = below.splitlines()
    elif prose and newline and first.count('"') % 2 == 0:  # no quotation continues below
        rest = first
        talk.below = below.splitlines()
    for asked in fields:
        if asked.ask.raw:
            if rest.strip():
                talk.values[asked.name] = [rest.strip()]
            return talk
    talk.given = split(rest, caller)
    return talk


def check_length(line: str, most: int) -> None:
    """Raise BadInput where a line is longer than a command may be."""
    if len(line) > most:
        raise BadInput(_("The line is too long for a command."))


def long_field(fields: Sequence[Field]) -> Field | None:
    """The field that takes what stands below the first line."""
    for asked in fields:
        if asked.kind == "text-multi" and asked.type is str and not asked.ask.prose:
            return asked
    return None
