"""How a line is read: its words, and which of a form's fields they may be for."""

import difflib
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence

from commands.action import Caller, Step
from component.common.errors import BadInput
from component.common.form import Field, is_yes
from component.common.i18n import Words, _, tell

SLIP = 0.75
"""How like a field's name what stands before a `=` must be to be taken for a slip."""

_BACKSLASH = re.compile(r'\\(["\\]?)')


def keep_backslash(found: re.Match[str]) -> str:
    """A backslash means itself, except before a quotation mark or another one."""
    return found[0] if found[1] else r"\\"


def split(line: str, caller: Caller) -> list[str]:
    """Its words; quotation marks hold several together. Raises BadInput where one does not
    close."""
    lexer = shlex.shlex(_BACKSLASH.sub(keep_backslash, line), posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes = True, "", '"'
    try:
        return list(lexer)
    except ValueError as error:
        told: Words = _('A quotation mark is not closed. Write text in quotes like "this".')
        raise BadInput(tell(told, caller.language)) from error


def needed(asked: Field, fields: Sequence[Field]) -> bool:
    """Whether a field is asked for; a lone yes or no is what its step is about."""
    return asked.required or (asked.kind == "boolean" and len(fields) == 1)


def prose_field(fields: Sequence[Field]) -> Field | None:
    """The field that takes the lines under a command's first one as they are, though a line may
    give it too."""
    for asked in fields:
        if asked.ask.prose and in_order(asked, fields):
            return asked
    return None


def plain(name: str, names: Iterable[str], step: Step) -> bool:
    """Whether a word with `=` may be one like others, as in the last step; raises BadInput where it
    is a slip."""
    if not step.last:
        return False
    near = difflib.get_close_matches(name, names, 1, SLIP)
    if near:
        raise BadInput(
            _(
                "The setting “{name}” does not exist. Did you mean {near}?",
                name=name[:60],
                near=near[0],
            )
        )
    return True


def present_value(asked: Field, given: Mapping[str, Sequence[str]]) -> str:
    """A field as a line gives it, with its present value."""
    value = given.get(asked.name, asked.default)
    if asked.ask.prose:
        return f"{asked.name}=…"
    shown = ",".join(value)
    if asked.kind == "boolean":
        shown = "yes" if is_yes(value) else "no"
    if " " in shown:
        shown = f'"{shown}"'
    return f"{asked.name}={shown}"


def in_order(asked: Field, fields: Sequence[Field]) -> bool:
    """Whether a word of a line may be for the field by its place alone."""
    return not asked.ask.named and (asked.kind != "boolean" or len(fields) == 1)


def values(asked: Field, line: str) -> list[str]:
    """What a field is given where a line is the answer to it alone."""
    if asked.kind == "text-multi" and asked.type is str:
        return line.splitlines()
    if asked.kind in ("list-multi", "text-multi"):
        return several(line)
    return [line.strip()]


def several(line: str) -> list[str]:
    """Values with commas or line ends between them."""
    return [value.strip() for value in re.split(r"[,\n]", line) if value.strip()]
