"""How far what was typed is from a name: typing errors, counted. Pure."""

from functools import lru_cache

MAX_WORD = 40
"""Characters of a word that is compared."""


@lru_cache(20_000)
def distance(typed: str, name: str, most: int) -> int:
    """Typing errors between two words: a letter too many, too few, another one, or two swapped
    (Damerau, Communications of the ACM 7, 1964; each place is changed once). More than `most` are
    `most + 1`."""
    if abs(len(typed) - len(name)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(name) + 1))
    for place, letter in enumerate(typed):
        above, row = row, [place + 1]
        for column, other in enumerate(name):
            step = min(above[column + 1] + 1, row[column] + 1, above[column] + (letter != other))
            swapped = place and column and typed[place - 1] == other and letter == name[column - 1]
            if swapped:
                step = min(step, before[column - 1] + 1)
            row.append(step)
        before = above
    return min(row[-1], most + 1)


def errors_allowed(name: str) -> int:
    """How many errors a word may have and still be taken for a name: the longer, the more."""
    length = len(name)
    if length < 3:
        return 0
    if length < 8:
        return 1
    if length < 10:
        return 2
    return 3


def errors_bearable(name: str) -> int:
    """How many errors it may have where all that follows fits as well."""
    allowed = errors_allowed(name)
    if 6 <= len(name) < 10:
        return max(allowed, 2)
    return allowed


def errors_in(typed: str, name: str) -> int | None:
    """The errors in a word that is taken for a name; None where it is another word."""
    if len(typed) > MAX_WORD:
        return None
    most = errors_bearable(name)
    count = distance(typed, name, most)
    if count > most:
        return None
    return count
