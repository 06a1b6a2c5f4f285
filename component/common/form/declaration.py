"""What a form asks for: its fields, read off the dataclass, with their choices as they are now."""

import dataclasses
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from component.common.errors import BadInput
from component.common.form.choices import NONE_WRITTEN, Choice, choose
from component.common.form.values import Jid, typed, written
from component.common.i18n import Words, _
from component.common.sanitize import one_line, scrub

MAX_VALUE = 4_000
"""Characters of one value."""
MAX_PROSE = 262_144
"""Characters of a line of prose."""
MAX_CHOICES = 60
"""With more choices than this, the value is typed, and similar ones are suggested."""

MULTIPLE = ("list-multi", "text-multi")
"""The kinds of fields that take several values."""

Choices = Callable[[Any], Sequence[Choice]]
"""Gives a field's choices from live data; called with the `Bus`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a field is asked for: a label of a word or two, and a sentence of help.

    - `named`: in a typed line, the field is given by its name only.
    - `long`: the value may come in several messages, until `done`.
    - `wanted`: it is asked for if a line says nothing more, although it is optional.
    - `prose`: several lines, which may be long or empty.
    - `raw`: everything in a line after the command, exactly as written, with quotation marks.
    - `names`: gives names of several words, in small letters, that a line may have for it without
      quotation marks.
    """

    label: Words
    help: Words | None = None
    choices: Choices | None = None
    named: bool = False
    long: bool = False
    wanted: bool = False
    prose: bool = False
    raw: bool = False
    names: Callable[[Any], Sequence[str]] | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the surfaces draw it. `kind` is an XEP-0004 field type; `default` is as people
    write it."""

    name: str
    ask: Ask
    kind: str
    type: Any
    required: bool
    default: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()
    names: tuple[str, ...] = ()

    @property
    def is_multiple(self) -> bool:
        """Whether it takes several values."""
        return self.kind in MULTIPLE

    def parse(self, given: Sequence[str]) -> Any:
        """The value written; raises BadInput with a sentence that says what is possible."""
        if self.is_multiple:
            return self.parse_several(given)
        text = self.clean(given[0]) if given else ""
        missing = not text and self.kind != "boolean"
        if not missing and not self.is_none(text):
            return self.parse_one(text)
        if self.required:
            raise BadInput(_("This field is required."))
        if self.type is str:
            return ""
        return None

    def parse_several(self, given: Sequence[str]) -> tuple[Any, ...]:
        """The values written, without empty ones except in prose; raises BadInput."""
        values = []
        for text in given:
            if self.ask.prose or (text.strip() and not self.is_none(text)):
                values.append(self.parse_one(self.clean(text)))
        if self.required and not any(values):
            raise BadInput(_("This field is required."))
        return tuple(values)

    def parse_one(self, text: str) -> Any:
        """One value; raises BadInput."""
        if self.choices:
            text = choose(text, self.choices)
        return typed(self.type, text)

    def clean(self, text: str) -> str:
        """A text made safe; lines of free text keep their spaces. Raises BadInput if it is too
        long."""
        is_free = self.kind == "text-multi" and self.type is str and not self.choices
        text = scrub(text) if is_free else one_line(text)
        most = MAX_PROSE if self.ask.prose else MAX_VALUE
        if len(text) > most:
            raise BadInput(
                _(
                    "The text has {count} characters. The maximum is {most}.",
                    count=len(text),
                    most=most,
                )
            )
        return text

    def is_none(self, text: str) -> bool:
        """Whether a text chooses nothing, if nothing can be chosen."""
        if self.required or not self.choices or (self.default and not self.is_multiple):
            return False
        if text.strip().casefold() not in NONE_WRITTEN:
            return False
        return all(choice.value not in NONE_WRITTEN for choice in self.choices)


def fields(form: type, bus: Any) -> tuple[Field, ...]:
    """The fields of a form, with their choices as they are now."""
    hints = get_type_hints(form, include_extras=True)
    return tuple(read_field(field, hints[field.name], bus) for field in dataclasses.fields(form))


def read_field(declared: Any, hint: Any, bus: Any) -> Field:
    """One field of a dataclass and its annotation."""
    kind, ask = hint, Ask(Words(declared.name))
    if get_origin(hint) is Annotated:
        kind, ask = get_args(hint)
    many = get_origin(kind) is tuple
    if many:
        kind = get_args(kind)[0]
    kind = without_none(kind)
    choices: tuple[Choice, ...] = ()
    if ask.choices:
        choices = tuple(ask.choices(bus))
    names: tuple[str, ...] = ()
    if ask.names:
        names = tuple(ask.names(bus))
    listed = 0 < len(choices) <= MAX_CHOICES
    if choices and not listed:
        ask = dataclasses.replace(ask, help=help_of_unlisted(ask, len(choices)))
    has_default = declared.default is not dataclasses.MISSING
    required = not has_default and not (many and choices)
    default = written(declared.default) if has_default else ()
    return Field(
        declared.name, ask, field_type(kind, many, listed), kind, required, default, choices, names
    )


def without_none(kind: Any) -> Any:
    """`X` for `X | None`."""
    if get_origin(kind) not in (Union, types.UnionType):
        return kind
    return next(member for member in get_args(kind) if member is not type(None))


def help_of_unlisted(ask: Ask, count: int) -> Words:
    """The help of a field that has too many choices to list."""
    if ask.help is None:
        return _("one of {count} values; write a part of it to see similar ones", count=count)
    return _(
        "{help}; one of {count} values; write a part of it to see similar ones",
        help=ask.help,
        count=count,
    )


def field_type(kind: Any, many: bool, listed: bool) -> str:
    """The XEP-0004 field type."""
    if kind is bool:
        return "boolean"
    if listed:
        return "list-multi" if many else "list-single"
    if many:
        return "text-multi"
    if kind is Jid:
        return "jid-single"
    return "text-single"
