"""A TOML table being read: every fault names it, and keys that nobody asked for are faults too."""

import difflib
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from component.common.i18n import Words, _
from component.common.sanitize import BARE_JID

_T = TypeVar("_T")


class Table:
    """One table. A value of the wrong type counts as its default; the fault is kept in `faults`, a
    sentence each."""

    def __init__(
        self,
        values: Mapping[str, Any],
        where: Words | str,
        faults: list[Words | str],
        path: str = "",
    ) -> None:
        self._values = values
        self._path = path
        self._where = where
        self._faults = faults
        self._asked: set[str] = set()
        self._inner: list[Table] = []

    def fault(self, sentence: Words | str) -> None:
        """Keep a fault of this table, with a full stop where none is there."""
        ended = str(sentence).endswith((".", "?"))
        whole = _("{where}: {what}", where=self._where, what=sentence)
        self._faults.append(
            whole if ended else _("{where}: {what}.", where=self._where, what=sentence)
        )

    def _get(self, key: str, kind: type[_T], what: Words, default: _T | None) -> _T | None:
        self._asked.add(key)
        if key not in self._values:
            if default is None:
                self.fault(_("{key} is missing", key=key))
            return default
        value = self._values[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(_("{key} must be {what}", key=key, what=what))
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Text without white space around it; missing is a fault where there is no default."""
        return (self._get(key, str, _("text in quotes"), default) or "").strip()

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        return bool(self._get(key, bool, _("true or false"), False))

    def number(self, key: str, default: int) -> int:
        """A port."""
        value = self._get(key, int, _("a whole number"), default) or 0
        if not 0 < value < 65536:
            self.fault(_("{key} must be {what}", key=key, what=_("a port, 1 to 65535")))
        return value

    def items(self, key: str) -> list[Any]:
        """A list; empty where it is missing."""
        return self._get(key, list, _("a list in brackets"), []) or []

    def has(self, key: str) -> bool:
        """Whether there is such a key."""
        return key in self._values

    def rest(self, keys: Collection[str] | None = None) -> Mapping[str, tuple[str, ...]]:
        """Everything that nobody has asked for, or what stands under `keys`: text, number, true or
        false, or a list of those, as people write it."""
        wanted = [key for key in self._values if key not in self._asked] if keys is None else keys
        found = {key: self._values[key] for key in wanted if key in self._values}
        self._asked.update(wanted)
        written: dict[str, tuple[str, ...]] = {}
        for key, value in found.items():
            values = value if isinstance(value, list) else [value]
            if all(isinstance(one, str | bool | int | float) for one in values):
                written[key] = tuple(_written(one) for one in values)
            else:
                what = _("text in quotes, a number, true or false, or a list of those")
                self.fault(_("{key} must be {what}", key=key, what=what))
        return written

    def jid(self, key: str) -> str:
        """A bare JID in lower case."""
        value = self.text(key).lower()
        if value and not BARE_JID.fullmatch(value):
            self.fault(
                _(
                    "{key} is “{value}”, which is no JID like juliet@example.org",
                    key=key,
                    value=value,
                )
            )
        return value

    def domain(self, key: str) -> str:
        """A domain in lower case."""
        value = self.text(key).lower()
        if value and not BARE_JID.fullmatch(f"x@{value}"):
            self.fault(
                _(
                    "{key} is “{value}”, which is no domain like {key}.example.org",
                    key=key,
                    value=value,
                )
            )
        return value

    def table(self, key: str, *, needed: bool = True) -> "Table":
        """The table under `[key]`."""
        what = _("a table, written under [{key}]", key=key)
        value = self._get(key, dict, what, None if needed else {}) or {}
        inner = Table(value, f"[{key}]", self._faults)
        self._inner.append(inner)
        return inner

    def tables(self, key: str) -> "list[Table]":
        """The tables under `[[key]]`."""
        path = f"{self._path}.{key}" if self._path else key
        items = self.items(key)
        found = [one for one in items if isinstance(one, dict)]
        if len(found) < len(items):
            what = _("tables, each written under [[{path}]]", path=path)
            self.fault(_("{key} must be {what}", key=key, what=what))
        within = f"{self._where}, " if self._path else ""
        inner = [
            Table(value, f"{within}[[{path}]] {number}", self._faults, path)
            for number, value in enumerate(found, 1)
        ]
        self._inner += inner
        return inner

    def done(self) -> None:
        """Tell of every key here and below that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, 1)
                if near:
                    self.fault(
                        _("{key} is not a setting: did you mean {near}?", key=key, near=near[0])
                    )
                else:
                    self.fault(_("{key} is not a setting", key=key))
        self._asked.update(self._values)
        for inner in self._inner:
            inner.done()


def _written(value: str | bool | float) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
