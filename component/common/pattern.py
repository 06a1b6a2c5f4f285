"""Patterns that people write, matched by RE2 in time that is linear in the text; and what is spent
on one is bounded.

RE2's syntax: https://github.com/google/re2/wiki/Syntax. It has no look-around and no references
within the pattern.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Self

import re2

from component.common.errors import BadInput, TooLong
from component.common.i18n import _

MAX_PATTERN = 500
"""Characters of a pattern."""
MAX_MEMORY = 1 << 20
"""Bytes that one pattern may take; one that needs more is refused."""
MAX_WORK = 64_000_000
"""Bytes looked through for one message, times the pattern's size: a fifth of a second at the
worst."""

_HALF_LETTERS = re.compile(
    r"(?<!\\)(?:\\\\)*\\C"
)  # \C is one byte of UTF-8: what it matches may be no text


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in RE2's syntax; a bad one can't be made."""

    text: str
    _made: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.text) <= MAX_PATTERN:
            raise BadInput(
                _(
                    "A pattern has 1 to {most} characters; this one has {count}.",
                    most=MAX_PATTERN,
                    count=len(self.text),
                )
            )
        if _HALF_LETTERS.search(self.text):
            raise BadInput(_("“\\C” may stand in no pattern: it would cut letters in two."))
        object.__setattr__(self, "_made", _compiled(self.text))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The pattern written; raises BadInput that says what is wrong with it."""
        return cls(text)

    @property
    def groups(self) -> int:
        """How many groups it has."""
        return int(self._made.groups)

    def found(self, text: str) -> bool:
        """Whether it matches anywhere; raises TooLong where looking would take too long."""
        self._spend(len(text.encode()))
        return self._made.search(text) is not None

    def matches(self, text: str) -> Iterator[Any]:
        """Every match, as `re.Match`; raises TooLong where looking for them would take too long."""
        length = work = len(text.encode())
        self._spend(work)
        for match in self._made.finditer(text):
            yield match
            work += length - match.end()  # each search may look through all that is left
            self._spend(work)

    def _spend(self, work: int) -> None:
        if work * self._made.programsize > MAX_WORK:
            raise TooLong(
                _("The message is too long for the pattern “{text}”.", text=self.text[:40])
            )

    def __str__(self) -> str:
        return self.text


def _compiled(text: str) -> Any:
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        why = (
            error.args[0].decode(errors="replace")
            if isinstance(error.args[0], bytes)
            else str(error)
        )
        raise BadInput(_("“{text}” is no pattern: {why}.", text=text[:40], why=why)) from error
    except UnicodeEncodeError as error:
        raise BadInput(
            _("“{text}” is no pattern: {why}.", text=ascii(text)[:40], why=error.reason)
        ) from error
