"""A conversation about one command as data: what was given, which field each word is for, and what
is missing. No I/O."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from commands.action import Action, Step
from commands.text_fields import in_order, needed, plain, prose_field, values
from component.common.errors import BadInput
from component.common.form import Field
from component.common.i18n import _


@dataclass(slots=True)
class Talk:
    """A conversation about one command: its step, what was given and is not used yet, what is asked
    now. `at` is in the clock's seconds.

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
            raise BadInput(
                _(
                    "“{word}” is one argument too many. “help” shows what the command accepts.",
                    word=rest[0][:60],
                )
            )
        self.values[last.name] = [" ".join([*self.values.get(last.name, ()), *rest])]


def is_free_text(asked: Field) -> bool:
    """Whether any number of words fits in a field."""
    return asked.ask.prose or (asked.kind == "text-single" and asked.type is str)


def words_for(asked: Field, rest: Sequence[str]) -> int:
    """How many of the words a field takes: two where a choice is written so."""
    pair = " ".join(rest[:2])
    for choice in asked.choices:
        if pair in choice.also:
            return 2
    return 1
