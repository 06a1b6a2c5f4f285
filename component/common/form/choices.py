"""Choices: the possible values of a field, and which of them a written text means."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from heapq import nlargest
from os.path import commonprefix

from component.common.errors import Ambiguous, BadInput
from component.common.i18n import LANGUAGES, Words, _
from component.common.sanitize import caseless

NONE = "none"
"""The value for choosing nothing."""
NONE_WRITTEN = (NONE, "keins", "keine", "keiner", "keinen")
"""The ways to write it."""
MAX_COMPARED = 100
"""Choices that a wrong value is compared with letter by letter."""
MAX_COMPARED_CHARS = 80
"""Characters of a wrong value that are compared."""
MAX_SUGGESTIONS = 3
MIN_SIMILARITY = 0.75


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a field's possible values, and its label."""

    value: str
    label: Words | str
    also: tuple[str, ...] = ()
    """Other ways to write it."""

    def spellings(self) -> Iterable[str]:
        """Every way to write it: Gajim sends labels."""
        yield self.value
        if isinstance(self.label, str):
            yield self.label
        else:
            for language in LANGUAGES:
                yield self.label.told(language)
        yield from self.also

    def is_folded(self, folded: str) -> bool:
        """Whether a text in folded case is one of the ways to write it."""
        return any(caseless(spelling) == folded for spelling in self.spellings())


CHOOSE = "(choose)"
"""What forms show where something has to be chosen and nothing is: a client that hides a list
without a value shows this one, and nobody takes the first choice by accident."""


def choose(text: str, choices: Sequence[Choice]) -> str:
    """The value of the choice that a text means; raises Ambiguous where several are written so, and
    BadInput, with similar ones if there are any. Case matters only if several choices differ in
    nothing else."""
    if text == CHOOSE:
        raise BadInput(_("Choose one of the entries of this list."))
    folded = caseless(text)
    for choice in choices:
        if text == choice.value:
            return text
    matching = [choice for choice in choices if text in choice.spellings()]
    if not matching:
        matching = [choice for choice in choices if choice.is_folded(folded)]
    if len(matching) == 1:
        return matching[0].value
    if matching:
        raise ambiguous(text, [choice.value for choice in matching])
    similar = similar_values(folded, choices)
    if not similar:
        raise BadInput(_("“{text}” is not one of the choices.", text=text[:60]))
    raise BadInput(
        _(
            "“{text}” is not one of the choices. Similar: {near}.",
            text=text[:60],
            near=", ".join(similar),
        )
    )


def ambiguous(text: str, values: Sequence[str]) -> Ambiguous:
    """The error for a name that several have."""
    return Ambiguous(
        _(
            "“{name}” is ambiguous. Write one of {channels}.",
            name=text[:60],
            channels=", ".join(values),
        ),
        values,
    )


def suggestion(choice: Choice, folded: str) -> str:
    """How a choice is suggested: by its value, or, to someone who wrote several words, by another
    spelling that has several."""
    if " " in folded:
        for spelling in choice.also:
            if " " in spelling:
                return spelling
    return choice.value


def similar_values(folded: str, choices: Sequence[Choice]) -> list[str]:
    """Up to three suggestions like a text in folded case: those that contain it, then those that
    difflib finds alike. It is slow, so a cheap comparison of all of them leaves it few."""
    values = [suggestion(choice, folded) for choice in choices]
    folded = folded[:MAX_COMPARED_CHARS]
    containing: list[str] = []
    if folded:
        containing = [value for value in values if folded in value.casefold()]
    candidates = nlargest(MAX_COMPARED, values, key=lambda value: common_ends(folded, value))
    alike = get_close_matches(folded, candidates, n=MAX_SUGGESTIONS, cutoff=MIN_SIMILARITY)
    found = dict.fromkeys([*containing[:MAX_SUGGESTIONS], *alike])
    return list(found)[:MAX_SUGGESTIONS]


def common_ends(one: str, other: str) -> int:
    """How many letters two words have in common at both ends, which a typing error leaves mostly
    intact."""
    # Letters are compared here, not folders.
    start = commonprefix((one, other))  # noqa: RUF071
    end = commonprefix((one[::-1], other[::-1]))  # noqa: RUF071
    return len(start) + len(end)
