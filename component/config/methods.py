"""The methods' own tables, such as `[mail]`."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from component.bus.ports.method import MethodSpec
from component.common import form
from component.common.form import Field, fields
from component.config.forms import SEVERAL, fill
from component.config.toml import Table


def read_setup(
    top: Table, methods: Mapping[str, MethodSpec], environment: Mapping[str, str]
) -> Mapping[str, Any]:
    """The settings of the methods that have a table, by the method's name."""
    settings = {}
    for name, method in methods.items():
        if method.setup is None:
            continue
        table = top.table(name, needed=False)
        if top.has(name):
            filled = read_own(name, method.setup, table, environment)
            if filled is not None:
                settings[name] = filled
    return settings


def read_own(name: str, kind: type, table: Table, environment: Mapping[str, str]) -> Any:
    """One method's settings; None if they have faults. The environment comes before the table, as
    passwords are better kept there."""
    asked = fields(kind, None)
    values = dict(table.rest([field.name for field in asked]))
    for field in asked:
        written = environment.get(f"SHOUTBUS_{name}_{field.name}".upper())
        if written:
            values[field.name] = tuple(parts(field, written))
    return fill(table, values, partial(form.build, name, kind, values))


def parts(field: Field, written: str) -> Sequence[str]:
    """The values of a variable; commas separate those of a list."""
    if field.kind in SEVERAL:
        return written.split(",")
    return (written,)
