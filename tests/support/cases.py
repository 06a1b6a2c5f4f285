"""Inputs as they were met in the world, and what is right for each: `fixtures/cases`."""

import csv
import re
from pathlib import Path

CASES = Path(__file__).parents[1] / "fixtures" / "cases"
_ESCAPE = re.compile(r"\\(n|t|r|\\|u[0-9a-fA-F]{4})")
_PLAIN = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def rows(name: str) -> list[dict[str, str]]:
    """Return the rows of a table by the names of its columns; in a field stand `\\n`, `\\t`, `\\r`,
    `\\\\` and `\\uXXXX` for what cannot be seen."""
    with CASES.joinpath(name).open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [{column: unescaped(value or "") for column, value in row.items()} for row in table]


def unescaped(value: str) -> str:
    """Return a field as it is meant."""

    def meant(found: re.Match[str]) -> str:
        code = found[1]
        if code[0] == "u":
            return chr(int(code[1:], 16))
        return _PLAIN[code]

    return _ESCAPE.sub(meant, value)
