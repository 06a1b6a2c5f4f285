"""`python -m tests.density`: how dense the code is, package by package, beside its limits.

Counted are comprehensions, conditional expressions and assignment expressions in 100 lines that are
not blank, lines over 100 characters, and the share of functions with a leading underscore. With
`--base REV` the same is counted in another revision, and printed beside it. Below stands how many
files one opens on each of the ways that `docs/architecture.md` describes.
"""

import argparse
import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("component", "commands", "web")

MAX_DENSE = 3.0
"""Comprehensions, conditional expressions and assignment expressions in 100 lines."""
MAX_PRIVATE = 20.0
"""Private functions, in percent of all functions."""
MAX_LENGTH = 100
"""Characters in a line."""

DENSE = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.IfExp, ast.NamedExpr)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Density:
    """What was counted in some files."""

    lines: int = 0
    dense: int = 0
    long: int = 0
    functions: int = 0
    private: int = 0

    def __add__(self, other: "Density") -> "Density":
        return Density(
            self.lines + other.lines,
            self.dense + other.dense,
            self.long + other.long,
            self.functions + other.functions,
            self.private + other.private,
        )

    @property
    def dense_per_100(self) -> float:
        """Dense expressions in 100 lines."""
        return 100 * self.dense / max(self.lines, 1)

    @property
    def private_percent(self) -> float:
        """The share of functions whose name begins with one underscore."""
        return 100 * self.private / max(self.functions, 1)


def measure(source: str) -> Density:
    """What is counted in one file."""
    lines = source.splitlines()
    dense = functions = private = 0
    for node in ast.walk(ast.parse(source)):
        dense += isinstance(node, DENSE)
        if isinstance(node, FUNCTIONS):
            functions += 1
            private += is_private(node.name)
    long = sum(len(line) > MAX_LENGTH for line in lines)
    filled = sum(bool(line.strip()) for line in lines)
    return Density(filled, dense, long, functions, private)


def is_private(name: str) -> bool:
    """Whether a name begins with an underscore; `_` itself and `__init__` do not count."""
    return name.startswith("_") and not name.startswith("__") and name != "_"


def in_tree(package: str) -> Iterator[str]:
    """The sources of a package as they are in the work tree."""
    for file in sorted((ROOT / package).rglob("*.py")):
        yield file.read_text("utf-8")


def in_revision(package: str, revision: str) -> Iterator[str]:
    """The sources of a package as they were in a revision."""
    names = git("ls-tree", "-r", "--name-only", revision, package).splitlines()
    for name in names:
        if name.endswith(".py"):
            yield git("show", f"{revision}:{name}")


def git(*words: str) -> str:
    """What git prints."""
    return subprocess.run(
        ["git", *words], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def total(sources: Iterable[str]) -> Density:
    """What is counted in several files."""
    counted = Density()
    for source in sources:
        counted += measure(source)
    return counted


MAX_FILES = {
    "A web shout to a room": 15,
    "A room's line to a page": 12,
    "A typed command": 14,
    "A feed's item to a room": 16,
    "A digest to a mailbox": 16,
}
"""Files to open on each way through the code."""


def ways() -> dict[str, list[str]]:
    """The ways through the code that the architecture page lists: the files of each, in order."""
    text = (ROOT / "docs" / "architecture.md").read_text("utf-8")
    found = {}
    for section in text.split("\n### ")[1:]:
        title, _, body = section.partition("\n")
        if title in MAX_FILES:
            found[title] = re.findall(r"^\d+\. `([^`]+)`", body, re.MULTILINE)
    return found


def row(name: str, density: Density) -> str:
    """A line of the table."""
    return (
        f"{name:24} {density.lines:7} {density.dense_per_100:8.1f} "
        f"{density.long:6} {density.private_percent:8.0f} %"
    )


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.density", description=__doc__)
    parser.add_argument("--base", help="a revision to compare with")
    base = parser.parse_args().base
    print(f"{'package':24} {'lines':>7} {'dense':>8} {'long':>6} {'private':>10}")
    print(f"{'limit':24} {'':7} {MAX_DENSE:8.1f} {0:6} {MAX_PRIVATE:8.0f} %")
    for package in PACKAGES:
        if base:
            print(row(f"{package} ({base})", total(in_revision(package, base))))
        print(row(package, total(in_tree(package))))
    print(f"\n{'way':32} {'files':>7} {'limit':>7}")
    for title, files in ways().items():
        print(f"{title:32} {len(files):7} {MAX_FILES[title]:7}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
