"""Rewrite: what fits a pattern becomes something else."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Annotated, Any

from component.bus.model.message import MAX_BODY, Message
from component.bus.model.processor import Moment, Outcome, ProcessorSpec, Stop
from component.common.errors import BadInput, TooLong
from component.common.form import Ask
from component.common.i18n import _
from component.common.pattern import Pattern

MAX_BY = 1_000
"""Characters of what is put there."""
MAX_ESCAPES = 20
"""Groups and the like in it: each group may hold a whole body."""

_ESCAPE = re.compile(r"\\(.?)")
_SIGNS = {"n": "\n", "s": " ", "\\": "\\"}


@dataclass(frozen=True, slots=True)
class Rewrite:
    r"""Puts `by` in the place of everything that fits `pattern`: `\1` is what its first group
    holds, `\0` all of it, `\n` a new line, `\s` a space and `\\` a backslash."""

    pattern: Annotated[Pattern, Ask(_("Pattern"), _("the text to replace, as an RE2 pattern"))]
    by: Annotated[
        str, Ask(_("Replacement"), _("empty removes the text; \\1 inserts the first group"))
    ] = ""

    def __post_init__(self) -> None:
        escapes = _ESCAPE.findall(self.by)
        if len(self.by) > MAX_BY or len(escapes) > MAX_ESCAPES:
            raise BadInput(
                _(
                    "A replacement can have at most {most} characters and {groups} groups.",
                    most=MAX_BY,
                    groups=MAX_ESCAPES,
                )
            )
        groups = [str(number) for number in range(min(self.pattern.groups, 9) + 1)]
        for one in escapes:
            if one not in _SIGNS and one not in groups:
                known = ", ".join(f"\\{sign}" for sign in (*groups, *_SIGNS))
                raise BadInput(
                    _("“{text}” is not available here. Use {known}.", text=f"\\{one}", known=known)
                )

    def __call__(self, message: Message, moment: Moment) -> Outcome:
        """Rewrite it; stop what is empty then. Raises TooLong."""
        body = "".join(self._pieces(message.body))
        return (
            replace(message, body=body)
            if body.strip()
            else Stop(_("The message is empty after rewriting."))
        )

    def _pieces(self, body: str) -> Iterator[str]:
        end = length = 0
        for match in self.pattern.matches(body):
            by = _ESCAPE.sub(partial(_meant, match), self.by)
            length += match.start() - end + len(by)
            if length > MAX_BODY:
                break
            yield body[end : match.start()]
            yield by
            end = match.end()
        if length + len(body) - end > MAX_BODY:
            raise TooLong(
                _(
                    "After rewriting, the message would have more than {most} characters.",
                    most=MAX_BODY,
                )
            )
        yield body[end:]


def _meant(match: Any, escape: re.Match[str]) -> str:
    sign = escape[1]
    return _SIGNS[sign] if sign in _SIGNS else match[int(sign)] or ""


PROCESSOR = ProcessorSpec("rewrite", _("Rewrite"), Rewrite)
