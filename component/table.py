"""A TOML table being read: every fault names it, and keys that nobody asked for are faults too."""

import difflib
from collections.abc import Mapping
from typing import Any, TypeVar

from component.text import BARE_JID

_T = TypeVar("_T")


class Table:
    """One table. A value of the wrong type counts as its default; the fault is kept in `faults`, a sentence each."""

    def __init__(self, values: Mapping[str, Any], where: str, faults: list[str]) -> None:
        self._values = values
        self._where = where
        self._faults = faults
        self._asked: set[str] = set()
        self._inner: list[Table] = []

    def fault(self, sentence: str) -> None:
        """Keep a fault of this table."""
        self._faults.append(f"{self._where}: {sentence.rstrip('.')}" + ("" if sentence.endswith("?") else "."))

    def _get(self, key: str, kind: type[_T], words: str, default: _T | None) -> _T | None:
        self._asked.add(key)
        if key not in self._values:
            if default is None:
                self.fault(f"{key} is missing")
            return default
        value = self._values[key]
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.fault(f"{key} must be {words}")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str:
        """Text without white space around it; missing is a fault where there is no default."""
        return (self._get(key, str, "text in quotes", default) or "").strip()

    def flag(self, key: str) -> bool:
        """True or false; false where it is missing."""
        return bool(self._get(key, bool, "true or false", False))

    def number(self, key: str, default: int) -> int:
        """A port."""
        value = self._get(key, int, "a whole number", default) or 0
        if not 0 < value < 65536:
            self.fault(f"{key} must be a port, 1 to 65535")
        return value

    def items(self, key: str) -> list[Any]:
        """A list; empty where it is missing."""
        return self._get(key, list, "a list in brackets", []) or []

    def jid(self, key: str) -> str:
        """A bare JID in lower case."""
        value = self.text(key).lower()
        if value and not BARE_JID.fullmatch(value):
            self.fault(f"{key} is “{value}”, which is no JID like juliet@example.org")
        return value

    def domain(self, key: str) -> str:
        """A domain in lower case."""
        value = self.text(key).lower()
        if value and not BARE_JID.fullmatch(f"x@{value}"):
            self.fault(f"{key} is “{value}”, which is no domain like {key}.example.org")
        return value

    def table(self, key: str, *, needed: bool = True) -> "Table":
        """The table under `[key]`."""
        value = self._get(key, dict, f"a table: write it under [{key}]", None if needed else {}) or {}
        inner = Table(value, f"[{key}]", self._faults)
        self._inner.append(inner)
        return inner

    def tables(self, key: str) -> "list[Table]":
        """The tables under `[[key]]`."""
        items = self.items(key)
        found = [one for one in items if isinstance(one, dict)]
        if len(found) < len(items):
            self.fault(f"{key} must be tables: write each under [[{key}]]")
        inner = [Table(value, f"[[{key}]] {number}", self._faults) for number, value in enumerate(found, 1)]
        self._inner += inner
        return inner

    def done(self) -> None:
        """Tell of every key here and below that nobody asked for."""
        for key in self._values:
            if key not in self._asked:
                near = difflib.get_close_matches(key, self._asked, 1)
                self.fault(f"{key} is not a setting" + (f": did you mean {near[0]}?" if near else ""))
        self._asked.update(self._values)
        for inner in self._inner:
            inner.done()
