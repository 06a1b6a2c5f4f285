"""Reads the tables of inputs seen in the wild (`tests/fixtures/cases/`): one case a line."""

import re
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "fixtures" / "cases"
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([ntr\\]))")
_CHARACTERS = {"n": "\n", "t": "\t", "r": "\r", "\\": "\\"}


def rows(name: str) -> list[dict[str, str]]:
    """The cases of a table by its headings, such as `dates.tsv` or `rss/expected.tsv`.

    Escapes are replaced by what they stand for; spaces at the ends of a field count. "none" stays
    the word: what no value is depends on the table.
    """
    headings, *lines = (FOLDER / name).read_text("utf-8").removesuffix("\n").split("\n")
    names = headings.split("\t")
    table = []
    for line in lines:
        fields = map(unescaped, line.split("\t"))
        table.append(dict(zip(names, fields, strict=True)))
    return table


def unescaped(field: str) -> str:
    """A field with `\\n`, `\\t`, `\\r`, `\\\\` and `\\uXXXX` replaced by what they stand for."""
    return _ESCAPE.sub(_character, field)


def _character(escape: re.Match[str]) -> str:
    if escape[1]:
        return chr(int(escape[1], 16))
    return _CHARACTERS[escape[2]]


def case_id(row: dict[str, str]) -> str:
    """The name of a case, for `pytest.mark.parametrize(…, ids=case_id)`."""
    return row["id"]


def alternative(row: dict[str, str]) -> str:
    """What is right too, by a note such as “or ask” or “or none; never …”; "" for nothing else."""
    first = row["note"].partition(";")[0]
    if first.startswith("or "):
        return first.removeprefix("or ")
    return ""


def data(name: str) -> bytes:
    """The bytes of a file beside the tables, such as `rss/nested-item.xml`."""
    return (FOLDER / name).read_bytes()
