"""Settings that are declared as forms: of channels, processors and methods. Their faults become the
table's."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from component.common.errors import BadInput
from component.common.form import Faults, fields
from component.common.i18n import _
from component.config.toml import Table

Filled = TypeVar("Filled")

SEVERAL = ("list-multi", "text-multi")
"""The kinds of fields that take a list."""


def fill(
    table: Table, values: Mapping[str, Sequence[str]], build: Callable[[], Filled]
) -> Filled | None:
    """What `build` makes of a table's values; None if it cannot, and the table has the fault."""
    try:
        filled = build()
    except BadInput as error:
        report(table, error)
        return None
    for field in fields(type(filled), None):
        if len(values.get(field.name, ())) > 1 and field.kind not in SEVERAL:
            table.fault(_("{key} accepts a single value, not a list", key=field.name))
    return filled


def report(table: Table, error: BadInput) -> None:
    """Report what is wrong with a form, field by field if that is known."""
    cause = error.__cause__
    if not isinstance(cause, Faults):
        table.fault(error.sentence)
        return
    for key, why in cause.by_field.items():
        table.fault(_("{key}: {why}", key=key, why=why))
