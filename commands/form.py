"""Forms: a frozen dataclass is one declaration for every surface; here its fields are read and its values parsed.

    @dataclass(frozen=True)
    class Form:
        source: Annotated[Channel, Ask("From", "where messages come from", choices=sources)]
        both: Annotated[bool, Ask("Both ways")] = False

A field's type says how it is asked and parsed: text, number, yes or no, JID, channel, one or several of its
choices. Knows no surface.
"""

import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from commands.words import Words, _
from component.errors import BadInput
from component.message import Channel
from component.ports import BARE_JID
from component.text import one_line

MAX_VALUE = 4_000
"""Characters of one value."""
MAX_CHOICES = 60
"""More choices than this are not listed: the value is typed, and close ones are offered."""


class Jid(str):
    """A bare JID in lower case."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a field's possible values and what it is called."""

    value: str
    label: str


Choices = Callable[[Any], Sequence[Choice]]
"""Gives a field's choices from live data; called with the `Bus`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a field is asked for: a label of a word or two, and a sentence of help."""

    label: Words
    help: Words | None = None
    choices: Choices | None = None


@dataclass(frozen=True, slots=True)
class Field:
    """One field as the surfaces draw it. `kind` is an XEP-0004 field type; `default` is as people write it."""

    name: str
    ask: Ask
    kind: str
    type: Any
    required: bool
    default: tuple[str, ...] = ()
    choices: tuple[Choice, ...] = ()

    def parse(self, written: Sequence[str]) -> Any:
        """The value written; raises BadInput with a sentence that says what would do."""
        if self.kind in ("list-multi", "text-multi"):
            return tuple(self._one(one) for one in written if one.strip())
        text = one_line(written[0]) if written else ""
        if len(text) > MAX_VALUE:
            raise BadInput(str(_("That has {count} characters; at most {most} fit.", count=len(text), most=MAX_VALUE)))
        if not text and self.kind != "boolean":
            if self.required:
                raise BadInput(str(_("This is needed.")))
            return None if self.type is not str else ""
        return self._one(text)

    def _one(self, text: str) -> Any:
        if self.choices:
            return _typed(self.type, _choose(text, self.choices))
        return _typed(self.type, text)


def _choose(text: str, choices: Sequence[Choice]) -> str:
    """By value or by label: Gajim sends labels."""
    for choice in choices:
        if text in (choice.value, choice.label):
            return choice.value
    folded = [choice for choice in choices if text.casefold() in (choice.value.casefold(), choice.label.casefold())]
    if len(folded) == 1:
        return folded[0].value
    raise BadInput(str(_("“{text}” is none of the choices.", text=text[:60])))


def _typed(kind: Any, text: str) -> Any:
    if kind is bool:
        return _yes(text)
    if kind is int:
        if not (text.isascii() and text.lstrip("-").isdigit() and len(text) < 12):
            raise BadInput(str(_("“{text}” is no whole number.", text=text[:40])))
        return int(text)
    if kind is Channel:
        return Channel.parse(text)
    if kind is Jid:
        if not BARE_JID.fullmatch(text.lower()):
            raise BadInput(str(_("“{text}” is no JID like juliet@example.org.", text=text[:60])))
        return Jid(text.lower())
    return text


_YES = frozenset({"1", "true", "yes", "ja", "y", "on"})
_NO = frozenset({"", "0", "false", "no", "nein", "n", "off"})


def _yes(text: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise BadInput(str(_("“{text}” is neither yes nor no.", text=text[:40])))
    return text.casefold() in _YES


def fields(form: type, bus: Any) -> tuple[Field, ...]:
    """The fields of a form, their choices drawn now."""
    hints = get_type_hints(form, include_extras=True)
    return tuple(_field(one, hints[one.name], bus) for one in dataclasses.fields(form))


def _field(declared: Any, hint: Any, bus: Any) -> Field:
    kind, ask = get_args(hint) if get_origin(hint) is Annotated else (hint, Ask(Words(declared.name)))
    many = get_origin(kind) is tuple
    if many:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    choices = tuple(ask.choices(bus)) if ask.choices else ()
    listed = choices if len(choices) <= MAX_CHOICES else ()
    required = declared.default is dataclasses.MISSING and not many
    default = () if declared.default in (dataclasses.MISSING, None) else written(declared.default)
    return Field(declared.name, ask, _kind(kind, many, bool(listed)), kind, required, default, choices)


def _kind(kind: Any, many: bool, listed: bool) -> str:
    if kind is bool:
        return "boolean"
    if listed:
        return "list-multi" if many else "list-single"
    if many:
        return "text-multi"
    return "jid-single" if kind is Jid else "text-single"


def written(value: Any) -> tuple[str, ...]:
    """A value as people write it."""
    if isinstance(value, bool):
        return ("1" if value else "0",)
    if isinstance(value, tuple):
        return tuple(str(one) for one in value)
    return () if value is None else (str(value),)


@dataclass(frozen=True, slots=True)
class Faults(Exception):
    """What is wrong with a filled form, by field."""

    by_field: Mapping[str, str]


def parse(form: type, asked: Sequence[Field], values: Mapping[str, Sequence[str]]) -> Any:
    """The form filled with what was written; what is missing counts as its default. Raises Faults."""
    parsed: dict[str, Any] = {}
    faults: dict[str, str] = {}
    for field in asked:
        try:
            parsed[field.name] = field.parse(values.get(field.name, field.default))
        except BadInput as error:
            faults[field.name] = str(error)
    if faults:
        raise Faults(faults)
    return form(**parsed)
