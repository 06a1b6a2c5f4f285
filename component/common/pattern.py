"""Regular expressions that people write. RE2 matches them in time that is linear in the text, and
the work for one message is bounded.

RE2's syntax: https://github.com/google/re2/wiki/Syntax. It has no look-around and no
back-references.
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
"""Bytes of memory of one pattern; one that needs more is refused."""
MAX_WORK = 64_000_000
"""Bytes of a message that are searched, times the pattern's size: at worst a fifth of a second."""

SINGLE_BYTE = re.compile(r"(?<!\\)(?:\\\\)*\\C")
"""An escape that matches one byte of UTF-8, which may be half a letter."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern in RE2's syntax; the constructor raises BadInput if it is not valid."""

    text: str
    _made: Any = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not 0 < len(self.text) <= MAX_PATTERN:
            raise BadInput(
                _(
                    "A pattern must have 1 to {most} characters; this one has {count}.",
                    most=MAX_PATTERN,
                    count=len(self.text),
                )
            )
        if SINGLE_BYTE.search(self.text):
            raise BadInput(
                _("A pattern cannot contain “\\C”, because it would split characters. Remove it.")
            )
        object.__setattr__(self, "_made", compiled(self.text))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The pattern written; raises BadInput."""
        return cls(text)

    @property
    def groups(self) -> int:
        """The number of groups."""
        return int(self._made.groups)

    def found(self, text: str) -> bool:
        """Whether it matches anywhere; raises TooLong if the search would take too long."""
        self.check_work(len(text.encode()))
        return self._made.search(text) is not None

    def matches(self, text: str) -> Iterator[Any]:
        """Every match, as `re.Match`; raises TooLong if the search would take too long."""
        length = work = len(text.encode())
        self.check_work(work)
        for match in self._made.finditer(text):
            yield match
            work += length - match.end()  # the next search may read all the rest
            self.check_work(work)

    def check_work(self, work: int) -> None:
        """Raise TooLong if so many bytes are too many to search."""
        if work * self._made.programsize > MAX_WORK:
            raise TooLong(
                _("The message is too long for the pattern “{text}”.", text=self.text[:40])
            )

    def __str__(self) -> str:
        return self.text


def compiled(text: str) -> Any:
    """RE2's compiled pattern; raises BadInput with RE2's reason."""
    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        why = str(error)
        if isinstance(error.args[0], bytes):
            why = error.args[0].decode(errors="replace")
        raise BadInput(
            _("“{text}” is not a valid pattern: {why}.", text=text[:40], why=why)
        ) from error
    except UnicodeEncodeError as error:
        raise BadInput(
            _("“{text}” is not a valid pattern: {why}.", text=ascii(text)[:40], why=error.reason)
        ) from error
