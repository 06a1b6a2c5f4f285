"""How a line is read: its words, and which of a form's fields they may stand for."""

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


def _itself(found: re.Match[str]) -> str:
    """A backslash stands for itself, but before a quotation mark or another one."""
    return found[0] if found[1] else r"\\"


def split(line: str, caller: Caller) -> list[str]:
    """Its words; quotation marks hold several together. Raises BadInput where one does not
    close."""
    lexer = shlex.shlex(_BACKSLASH.sub(_itself, line), posix=True)
    lexer.whitespace_split, lexer.commenters, lexer.quotes = True, "", '"'
    try:
        return list(lexer)
    except ValueError as error:
        told: Words = _('A quotation mark does not close: write "so".')
        raise BadInput(tell(told, caller.language)) from error


def needed(one: Field, fields: Sequence[Field]) -> bool:
    """Whether a field is asked for; a lone yes or no is what its step is about."""
    return one.required or (one.kind == "boolean" and len(fields) == 1)


def prose_field(fields: Sequence[Field]) -> Field | None:
    """The field that takes the lines under a command's first one as they are, though a line may
    give it too."""
    return next((one for one in fields if one.ask.prose and in_order(one, fields)), None)


def plain(name: str, names: Iterable[str], step: Step) -> bool:
    """Whether a word with `=` may be one like others, as in the last step; raises BadInput where it
    is a slip."""
    near = difflib.get_close_matches(name, names, 1, SLIP) if step.last else ()
    if near:
        raise BadInput(
            _("There is no “{name}” to set. Close: {near}.", name=name[:60], near=near[0])
        )
    return step.last


def stands(one: Field, given: Mapping[str, Sequence[str]]) -> str:
    """A field as a line gives it, with what stands there."""
    value: Sequence[str] = given.get(one.name, one.default)
    if one.ask.prose:
        return f"{one.name}=…"
    if one.kind == "boolean":
        value = ["yes" if is_yes(value) else "no"]
    shown = ",".join(value)
    return f'{one.name}="{shown}"' if " " in shown else f"{one.name}={shown}"


def in_order(one: Field, fields: Sequence[Field]) -> bool:
    """Whether a word of a line may stand for the field by its place alone."""
    return not one.ask.named and (one.kind != "boolean" or len(fields) == 1)


def values(asked: Field, line: str) -> list[str]:
    """What a field is given where a line is the answer to it alone."""
    if asked.kind == "text-multi" and asked.type is str:
        return line.splitlines()
    return several(line) if asked.kind in ("list-multi", "text-multi") else [line.strip()]


def several(line: str) -> list[str]:
    """Values with commas or line ends between them."""
    return [one.strip() for one in line.replace("\n", ",").split(",") if one.strip()]
