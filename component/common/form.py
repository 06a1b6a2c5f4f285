"""Forms: a frozen dataclass is one declaration for every surface; here its fields are read and its
values parsed.

    @dataclass(frozen=True)
    class Form:
        source: Annotated[Channel, Ask("From", "where messages come from", choices=sources)]
        both: Annotated[bool, Ask("Both ways")] = False

A field's type says how it is asked and parsed: text, number, yes or no, JID, one or several of its
choices, or what the type's own `parse(text)` makes of a line (a channel, a time). Knows no surface.
"""

import dataclasses
import re
import types
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from heapq import nlargest
from os.path import commonprefix
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from component.common.errors import BadInput
from component.common.i18n import LANGUAGES, Words, _
from component.common.sanitize import BARE_JID, one_line, scrub

MAX_VALUE = 4_000
"""Characters of one value."""
MAX_CHOICES = 60
"""More choices than this are not listed: the value is typed, and close ones are offered."""
MAX_PROSE = 262_144
"""Characters of a line of prose."""
NONE = "none"
"""What stands for choosing nothing."""
_NOTHING = (NONE, "keins", "keine", "keiner", "keinen")
"""What people write for it."""
COMPARED = 100
"""Choices that a wrong value is compared with, letter by letter."""
LONG_WORD = 80
"""Characters of a wrong value that are looked at for that."""


class Jid(str):
    """A bare JID in lower case."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a field's possible values and what it is called."""

    value: str
    label: Words | str
    also: tuple[str, ...] = ()
    """Other ways to write it."""


Choices = Callable[[Any], Sequence[Choice]]
"""Gives a field's choices from live data; called with the `Bus`."""


@dataclass(frozen=True, slots=True)
class Ask:
    """How a field is asked for: a label of a word or two, and a sentence of help.

    A `named` one is written in a line by its name only. A `long` one may come in several messages,
    until `done`. A `wanted` one is asked for where a line says nothing more, though it need not be
    given. `prose` is several lines that may be long or empty. A `raw` one is all that a line says
    behind the command, as it is written there, quotation marks and all.
    """

    label: Words
    help: Words | None = None
    choices: Choices | None = None
    named: bool = False
    long: bool = False
    wanted: bool = False
    prose: bool = False
    raw: bool = False


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

    def parse(self, written: Sequence[str]) -> Any:
        """The value written; raises BadInput with a sentence that says what would do."""
        if self.kind in ("list-multi", "text-multi"):
            several = tuple(
                self._one(self._line(one))
                for one in written
                if self.ask.prose or (one.strip() and not self._nothing(one))
            )
            if self.required and not any(several):
                raise BadInput(_("This is needed."))
            return several
        text = self._line(written[0]) if written else ""
        if (not text and self.kind != "boolean") or self._nothing(text):
            if self.required:
                raise BadInput(_("This is needed."))
            return None if self.type is not str else ""
        return self._one(text)

    def _line(self, text: str) -> str:
        """A value made safe; lines of free text keep their spaces."""
        text = (
            scrub(text)
            if self.kind == "text-multi" and self.type is str and not self.choices
            else one_line(text)
        )
        most = MAX_PROSE if self.ask.prose else MAX_VALUE
        if len(text) > most:
            raise BadInput(
                _("That has {count} characters; at most {most} fit.", count=len(text), most=most)
            )
        return text

    def _nothing(self, text: str) -> bool:
        """Whether this is the choice of none, where there is that choice."""
        several = self.kind in ("list-multi", "text-multi")
        needed = self.required or (self.default and not several)
        if needed or not self.choices or text.strip().casefold() not in _NOTHING:
            return False
        return all(one.value not in _NOTHING for one in self.choices)

    def _one(self, text: str) -> Any:
        if self.choices:
            return _typed(self.type, _choose(text, self.choices))
        return _typed(self.type, text)


def _choose(text: str, choices: Sequence[Choice]) -> str:
    """By value or by label: Gajim sends labels."""
    for choice in choices:
        if text in (choice.value, *_labels(choice), *choice.also):
            return choice.value
    low = text.casefold()
    folded = [
        one
        for one in choices
        if low in (way.casefold() for way in (one.value, *_labels(one), *one.also))
    ]
    if len(folded) == 1:
        return folded[0].value
    ways = [
        next((way for way in one.also if " " in low and " " in way), one.value) for one in choices
    ]
    near = _close(low[:LONG_WORD], ways)
    if not near:
        raise BadInput(_("“{text}” is none of the choices.", text=text[:60]))
    raise BadInput(
        _("“{text}” is none of the choices. Close: {near}.", text=text[:60], near=", ".join(near))
    )


def _labels(choice: Choice) -> Iterable[str]:
    """What a choice is called, in every language."""
    label = choice.label
    return (label,) if isinstance(label, str) else [label.told(language) for language in LANGUAGES]


def _close(low: str, values: Sequence[str]) -> list[str]:
    """Up to three values like what was written. Cheap looks over all of them spare difflib most of
    the work."""
    inside = [value for value in values if low and low in value.casefold()]
    alike = nlargest(COMPARED, values, key=lambda value: _ends(low, value))
    return list(dict.fromkeys([*inside[:3], *get_close_matches(low, alike, n=3, cutoff=0.75)]))[:3]


def _ends(one: str, other: str) -> int:
    """How much two words have in common at both ends: a slip of the finger leaves most of it."""
    ends = ((one, other), (one[::-1], other[::-1]))
    # Letters are compared here, not folders.
    return sum(len(commonprefix(pair)) for pair in ends)  # noqa: RUF071


def _typed(kind: Any, text: str) -> Any:
    if kind is bool:
        return _yes(text)
    if kind is int:
        if not _WHOLE.fullmatch(text):
            raise BadInput(_("“{text}” is no whole number.", text=text[:40]))
        return int(text)
    if hasattr(kind, "parse"):
        return kind.parse(text)
    if kind is Jid:
        if not BARE_JID.fullmatch(text.lower()):
            raise BadInput(_("“{text}” is no JID like juliet@example.org.", text=text[:60]))
        return Jid(text.lower())
    return text


def is_yes(value: Sequence[str]) -> bool:
    """Whether a yes-or-no is a yes as it is written."""
    return bool(value) and value[0].strip().casefold() in _YES


_WHOLE = re.compile(r"-?[0-9]{1,11}")
_YES = frozenset({"1", "true", "yes", "ja", "y", "on"})
_NO = frozenset({"", "0", "false", "no", "nein", "n", "off"})


def _yes(text: str) -> bool:
    if text.casefold() not in _YES | _NO:
        raise BadInput(_("“{text}” is neither yes nor no.", text=text[:40]))
    return text.casefold() in _YES


def fields(form: type, bus: Any) -> tuple[Field, ...]:
    """The fields of a form, their choices drawn now."""
    hints = get_type_hints(form, include_extras=True)
    return tuple(_field(one, hints[one.name], bus) for one in dataclasses.fields(form))


def _field(declared: Any, hint: Any, bus: Any) -> Field:
    kind, ask = (
        get_args(hint) if get_origin(hint) is Annotated else (hint, Ask(Words(declared.name)))
    )
    many = get_origin(kind) is tuple
    if many:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, types.UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    choices = tuple(ask.choices(bus)) if ask.choices else ()
    listed = choices if len(choices) <= MAX_CHOICES else ()
    if choices and not listed:
        ask = dataclasses.replace(ask, help=_unlisted(ask, len(choices)))
    required = declared.default is dataclasses.MISSING and not (many and choices)
    default = () if declared.default in (dataclasses.MISSING, None) else written(declared.default)
    return Field(
        declared.name, ask, _kind(kind, many, bool(listed)), kind, required, default, choices
    )


def _unlisted(ask: Ask, count: int) -> Words:
    """The help of a field that has too many choices to list."""
    if ask.help is None:
        return _("one of {count}: write it, or part of it to be told close ones", count=count)
    return _(
        "{help}; one of {count}: write it, or part of it to be told close ones",
        help=ask.help,
        count=count,
    )


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
    if isinstance(value, tuple | list):
        return tuple(str(one) for one in value)
    return () if value in (None, "") else (str(value),)


class Faults(Exception):
    """What is wrong with a filled form, by field."""

    def __init__(self, by_field: Mapping[str, Words | str]) -> None:
        super().__init__(by_field)
        self.by_field = by_field


def parse(form: type, asked: Sequence[Field], values: Mapping[str, Sequence[str]]) -> Any:
    """The form filled with what was written; what is missing counts as its default.

    Raises Faults, and BadInput where the fields do not go together.
    """
    parsed: dict[str, Any] = {}
    faults: dict[str, Words | str] = {}
    for field in asked:
        try:
            parsed[field.name] = field.parse(values.get(field.name, field.default))
        except BadInput as error:
            faults[field.name] = error.args[0]
    if faults:
        raise Faults(faults)
    return form(**parsed)


def build(name: str, form: type, values: Mapping[str, Sequence[str]]) -> Any:
    """A form by its fields as people write them; raises BadInput that names what is wrong, after
    the `name` of what has these settings."""
    asked = fields(form, None)
    strange = next((key for key in values if key not in {one.name for one in asked}), None)
    if strange is not None and not asked:
        raise BadInput(_("{name} has no settings, so no “{key}”.", name=name, key=strange[:40]))
    if strange is not None:
        keys = ", ".join(one.name for one in asked)
        raise BadInput(
            _(
                "{name} has no setting “{key}”: it has {keys}",
                name=name,
                key=strange[:40],
                keys=keys,
            )
        )
    try:
        return parse(form, asked, values)
    except Faults as faults:
        key, why = next(iter(faults.by_field.items()))
        raise BadInput(_("{name}, {key}: {why}", name=name, key=key, why=why)) from faults


def settings_of(filled: Any) -> Mapping[str, tuple[str, ...]]:
    """A filled form's values as people write them, without those that are as they come."""
    told = (
        (one.name, written(getattr(filled, one.name)), one.default)
        for one in fields(type(filled), None)
    )
    return {name: values for name, values, default in told if values != default}


def kept(filled: Any) -> dict[str, Any]:
    """The same in JSON's types, as channels keep their settings: lists, truth values, numbers, and
    all else as text."""
    values = ((name, getattr(filled, name)) for name in settings_of(filled))
    return {name: _plain(value) for name, value in values}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value if isinstance(value, bool | int) else str("" if value is None else value)


@dataclass(frozen=True, slots=True)
class Nothing:
    """The form of what has no settings."""
