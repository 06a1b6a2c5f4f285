"""Reads a TOML table: every fault names its table, and keys that nothing reads are faults too."""

import difflib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, TypeVar

from component.common.i18n import Words, _
from component.common.jids import bare_jid, is_bare_jid, nameprep

Value = TypeVar("Value")
Written = str | bool | int | float
"""A value that is not a list or a table."""

MAX_PORT = 65535


class Table:
    """One table. A value of the wrong type counts as its default, and `faults` gets a sentence; all
    tables of a file share that list."""

    def __init__(
        self,
        values: Mapping[str, Any],
        where: Words | str,
        faults: list[Words | str],
        path: str = "",
    ) -> None:
        self.faults = faults
        self._values = values
        self._path = path
        self._where = where
        self._read: set[str] = set()
        self._inner: list[Table] = []

    def settings(self) -> Iterator[tuple[str, str]]:
        """Every key that was read here and in the tables below, as (place of the table, key)."""
        for key in sorted(self._read):
            yield str(self._where), key
        for inner in self._inner:
            yield from inner.settings()

    def fault(self, sentence: Words | str) -> None:
        """Add a fault of this table, with a full stop if it has none."""
        if str(sentence).endswith((".", "?")):
            self.faults.append(_("{where}: {what}", where=self._where, what=sentence))
        else:
            self.faults.append(_("{where}: {what}.", where=self._where, what=sentence))

    def value(
        self, key: str, kind: type[Value], what: Words, default: Value | None
    ) -> Value | None:
        """A value of a type, which `what` describes. Without a default, it must exist."""
        self._read.add(key)
        if key not in self._values:
            if default is None:
                self.fault(_("{key} is missing", key=key))
            return default
        value = self._values[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(_("{key} must be {what}", key=key, what=what))
            return default
        return value

    # Values

    def text(self, key: str, default: str | None = None) -> str:
        """Text without white space around it."""
        return (self.value(key, str, _("text in quotation marks"), default) or "").strip()

    def flag(self, key: str) -> bool:
        """True or false; false if it is missing."""
        return bool(self.value(key, bool, _("true or false"), False))

    def number(self, key: str, default: int) -> int:
        """A port."""
        value = self.value(key, int, _("a whole number"), default) or 0
        if not 0 < value <= MAX_PORT:
            self.fault(_("{key} must be {what}", key=key, what=_("a port number from 1 to 65535")))
        return value

    def items(self, key: str) -> list[Any]:
        """A list; empty if it is missing."""
        return self.value(key, list, _("a list in square brackets"), []) or []

    def jid(self, key: str) -> str:
        """A bare JID, as a server has it; "" if it is missing or wrong."""
        value = self.text(key)
        if value and not is_bare_jid(value):
            self.fault(
                _(
                    "{key} is “{value}”, which is not a JID. Write it as juliet@example.org",
                    key=key,
                    value=value,
                )
            )
            return ""
        return bare_jid(value) if value else ""

    def domain(self, key: str) -> str:
        """A domain, as a server has it; "" if it is missing or wrong."""
        value = self.text(key)
        folded = nameprep(value)
        if value and not folded:
            self.fault(
                _(
                    "{key} is “{value}”, which is not a domain. Write it as {key}.example.org",
                    key=key,
                    value=value,
                )
            )
        return folded

    def has(self, key: str) -> bool:
        """Whether a key exists."""
        return key in self._values

    def rest(self, keys: Collection[str] | None = None) -> Mapping[str, tuple[str, ...]]:
        """The values under `keys`, or all that nothing has read yet, as people write them: text,
        number, true or false, or a list of those."""
        if keys is None:
            keys = [key for key in self._values if key not in self._read]
        self._read.update(keys)
        texts: dict[str, tuple[str, ...]] = {}
        for key in keys:
            if key not in self._values:
                continue
            value = self._values[key]
            values = value if isinstance(value, list) else [value]
            if all(isinstance(item, Written) for item in values):
                texts[key] = tuple(map(as_text, values))
            else:
                what = _("text in quotation marks, a number, true or false, or a list of these")
                self.fault(_("{key} must be {what}", key=key, what=what))
        return texts

    # Tables below

    def table(self, key: str, *, needed: bool = True) -> "Table":
        """The table under `[key]`."""
        what = _("a table, written as [{key}]", key=key)
        default = None if needed else dict[str, Any]()
        inner = Table(self.value(key, dict, what, default) or {}, f"[{key}]", self.faults)
        self._inner.append(inner)
        return inner

    def tables(self, key: str) -> "list[Table]":
        """The tables under `[[key]]`."""
        path, within = key, ""
        if self._path:
            path, within = f"{self._path}.{key}", f"{self._where}, "
        items = self.items(key)
        values = [item for item in items if isinstance(item, dict)]
        if len(values) < len(items):
            what = _("tables, each written as [[{path}]]", path=path)
            self.fault(_("{key} must be {what}", key=key, what=what))
        tables = []
        for number, value in enumerate(values, 1):
            tables.append(Table(value, f"{within}[[{path}]] {number}", self.faults, path))
        self._inner += tables
        return tables

    def done(self) -> None:
        """Report every key here and below that nothing has read."""
        for key in self._values:
            if key not in self._read:
                self.report_unknown(key)
        self._read.update(self._values)
        for inner in self._inner:
            inner.done()

    def report_unknown(self, key: str) -> None:
        """Report a key that is not a setting, and one that it may have been meant to be."""
        similar = difflib.get_close_matches(key, self._read, 1)
        if similar:
            self.fault(_("{key} is not a setting. Did you mean {near}?", key=key, near=similar[0]))
        else:
            self.fault(_("{key} is not a setting", key=key))


def as_text(value: Written) -> str:
    """A value as people write it in a command."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
