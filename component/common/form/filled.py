"""Forms that are filled in: from what people write to a value of the dataclass, and back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from component.common.errors import BadInput
from component.common.form.declaration import Field, fields
from component.common.form.values import written
from component.common.i18n import Words, _

Values = Mapping[str, Sequence[str]]
"""What is written, by the fields' names."""


class Faults(Exception):
    """What is wrong with a filled form, by field."""

    def __init__(self, by_field: Mapping[str, Words | str]) -> None:
        super().__init__(by_field)
        self.by_field = by_field


@dataclass(frozen=True, slots=True)
class Nothing:
    """The form of what has no settings."""


def parse(form: type, asked: Sequence[Field], values: Values) -> Any:
    """The form filled with what was written; missing values are the defaults.

    Raises Faults, and BadInput if the fields do not go together.
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


def build(name: str, form: type, values: Values) -> Any:
    """A form by its fields as people write them; raises BadInput, which begins with the `name` of
    what has these settings."""
    asked = fields(form, None)
    check_known(name, asked, values)
    try:
        return parse(form, asked, values)
    except Faults as faults:
        key, why = next(iter(faults.by_field.items()))
        raise BadInput(_("{name}, {key}: {why}", name=name, key=key, why=why)) from faults


def check_known(name: str, asked: Sequence[Field], values: Values) -> None:
    """Raise BadInput if there is a value for a field that does not exist."""
    names = [field.name for field in asked]
    unknown = [key for key in values if key not in names]
    if not unknown:
        return
    key = unknown[0][:40]
    if not names:
        raise BadInput(
            _("{name} does not have settings, so “{key}” cannot be set.", name=name, key=key)
        )
    raise BadInput(
        _(
            "{name} does not have the setting “{key}”; its settings are {keys}",
            name=name,
            key=key,
            keys=", ".join(names),
        )
    )


def settings_of(filled: Any) -> Mapping[str, tuple[str, ...]]:
    """A filled form's values as people write them, without those that have their defaults."""
    settings = {}
    for field in fields(type(filled), None):
        texts = written(getattr(filled, field.name))
        if texts != field.default:
            settings[field.name] = texts
    return settings


def kept(filled: Any) -> dict[str, Any]:
    """The same in JSON's types, as channels store their settings: lists, truth values, numbers, and
    everything else as text."""
    return {name: plain(getattr(filled, name)) for name in settings_of(filled)}


def plain(value: Any) -> Any:
    """A value in JSON's types."""
    if isinstance(value, tuple):
        return list(map(plain, value))
    if isinstance(value, bool | int):
        return value
    if value is None:
        return ""
    return str(value)
