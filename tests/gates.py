"""`python -m tests.gates`: rules of style that no linter knows; `make check` runs it.

- density: see `tests.density`.
- complexity: branches, boolean operators, comprehensions and conditional expressions of a function.
- class names: a class name means one thing in a layer.
- tests reach public names only, and replace nothing in a module.
- sentences: turns of phrase that a native speaker would not use, in the catalogue, the documents
  and docstrings.
"""

import ast
import functools
import re
import sys
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

from babel.messages.pofile import read_po

from tests import density

ROOT = Path(__file__).parents[1]

MAX_COMPLEXITY = 14
"""Decisions in one function, boolean operators and comprehensions among them."""

SAME_NAME_ALLOWED = {"Form", "Settings"}
"""Each command's declaration has its `Form`, each method's its `Settings`."""

BRANCHES = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.IfExp,
    ast.comprehension,
    ast.match_case,
)

TURNS = (
    r"(?<!\bthere )\bis no (?!longer\b|more than\b)[a-z]",
    r"(?<!\bthere )\bare no (?!longer\b)[a-z]",
    r"\bis none\b(?<!None)",
    r"\bthere is none\b",
    r"\bstands? (in|there|already|over|behind|for|so|at)\b",
    r"\bwon['’]t do\b",
    r"\bwhoever\b",
    r"\ball the same\b",
    r"\bof (its|their) own\b",
    r"\b(goes|go) on\b",
    r"\b(is|are) told\b",
    r"\b(is|are) let go\b",
    r"\bstays? so\b",
)
BANNED = re.compile("|".join(TURNS), re.IGNORECASE)
POINTER = re.compile(r"See `[^`]+`\.?")


@functools.cache
def tree(file: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(file.read_text("utf-8"))


def sources() -> Iterator[Path]:
    """Every source file of the product."""
    for package in density.PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def tests() -> Iterator[Path]:
    """Every source file of the tests."""
    yield from sorted((ROOT / "tests").rglob("*.py"))


def at(file: Path, line: int, what: str) -> str:
    """A fault, with its place."""
    return f"{file.relative_to(ROOT)}:{line}: {what}"


# Density and complexity


def too_dense() -> Iterator[str]:
    """Packages over a limit of density."""
    for package in density.PACKAGES:
        counted = density.total(density.in_tree(package))
        if counted.dense_per_100 > density.MAX_DENSE:
            yield f"{package}: {counted.dense_per_100:.1f} dense expressions in 100 lines"
        if counted.private_percent > density.MAX_PRIVATE:
            yield f"{package}: {counted.private_percent:.0f} % of its functions are private"
        if counted.long:
            yield f"{package}: {counted.long} lines over {density.MAX_LENGTH} characters"


def decisions(function: ast.AST) -> int:
    """Decisions in a function, its inner functions left out."""
    count = 1
    waiting = list(ast.iter_child_nodes(function))
    while waiting:
        node = waiting.pop()
        if isinstance(node, density.FUNCTIONS):
            continue
        count += isinstance(node, BRANCHES)
        if isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        waiting.extend(ast.iter_child_nodes(node))
    return count


def too_complex() -> Iterator[str]:
    """Functions with too many decisions."""
    for file in sources():
        for node in ast.walk(tree(file)):
            if isinstance(node, density.FUNCTIONS) and decisions(node) > MAX_COMPLEXITY:
                yield at(file, node.lineno, f"{node.name} has {decisions(node)} decisions")


# Class names


def layers() -> list[str]:
    """The layers of the import contract, as dotted names."""
    configuration = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contract = configuration["tool"]["importlinter"]["contracts"][0]
    return [name.strip() for layer in contract["layers"] for name in layer.split("|")]


def layer_of(file: Path, names: list[str]) -> str:
    """The layer that a file is in."""
    module = ".".join(file.relative_to(ROOT).with_suffix("").parts)
    inside = [name for name in names if f"{module}.".startswith(f"{name}.")]
    return max(inside, key=len, default="")


def names_twice() -> Iterator[str]:
    """Class names that mean two things in one layer."""
    names = layers()
    places: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for file in sources():
        for node in tree(file).body:
            if isinstance(node, ast.ClassDef) and node.name not in SAME_NAME_ALLOWED:
                place = str(file.relative_to(ROOT))
                places[layer_of(file, names), node.name].append(place)
    for (layer, name), files in sorted(places.items()):
        if len(files) > 1:
            yield f"{layer}: class {name} in {', '.join(files)}"


# Tests


def reaches_inside() -> Iterator[str]:
    """Tests that use a private name of what they test."""
    for file in tests():
        for node in ast.walk(tree(file)):
            if isinstance(node, ast.Attribute) and density.is_private(node.attr):
                if not is_own(node.value):
                    yield at(file, node.lineno, f"uses .{node.attr}")
            elif isinstance(node, ast.ImportFrom) and node.module:
                for name in node.names:
                    if density.is_private(name.name) and not node.module.startswith("tests"):
                        yield at(file, node.lineno, f"imports {name.name}")


def is_own(owner: ast.expr) -> bool:
    """Whether what has a private name is the test's own object: `self`, `cls` or `super()`."""
    if isinstance(owner, ast.Call):
        return isinstance(owner.func, ast.Name) and owner.func.id == "super"
    return isinstance(owner, ast.Name) and owner.id in ("self", "cls")


def imported_modules(module: ast.Module) -> set[str]:
    """The names under which a file knows our modules."""
    known = set()
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and node.module:
            for name in node.names:
                path = ROOT / node.module.replace(".", "/") / name.name
                if path.is_dir() or path.with_suffix(".py").is_file():
                    known.add(name.asname or name.name)
    return known


def replaces_in_modules() -> Iterator[str]:
    """Tests that replace something in a module."""
    for file in tests():
        modules = imported_modules(tree(file))
        for call in ast.walk(tree(file)):
            if not (isinstance(call, ast.Call) and is_setattr(call.func) and call.args):
                continue
            target = call.args[0]
            if isinstance(target, ast.Constant):
                yield at(file, call.lineno, f"replaces {target.value!r}")
            elif isinstance(target, ast.Name) and target.id in modules:
                yield at(file, call.lineno, f"replaces something in {target.id}")


def is_setattr(function: ast.expr) -> bool:
    """Whether what is called is `setattr`, of a monkeypatch or built in."""
    if isinstance(function, ast.Attribute):
        return function.attr == "setattr"
    return isinstance(function, ast.Name) and function.id == "setattr"


# Sentences


def odd_sentences() -> Iterator[str]:
    """Turns of phrase that are banned."""
    yield from odd_docstrings()
    yield from odd_in_catalogue()
    for file in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            if found := BANNED.search(line):
                yield at(file, number, f"“{found.group()}”")


def odd_docstrings() -> Iterator[str]:
    """Banned turns in docstrings, and docstrings that only point elsewhere."""
    for file in sources():
        for node in ast.walk(tree(file)):
            if not (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
                continue
            text = node.value.value
            if not isinstance(text, str):
                continue
            if POINTER.fullmatch(text.strip()):
                yield at(file, node.lineno, "a docstring that only points elsewhere")
            if found := BANNED.search(text):
                yield at(file, node.lineno, f"“{found.group()}”")


def odd_in_catalogue() -> Iterator[str]:
    """Banned turns in the sentences that people read."""
    file = ROOT / "component" / "common" / "locale" / "de.po"
    with file.open("rb") as opened:
        for message in read_po(opened):
            if found := BANNED.search(str(message.id)):
                yield at(file, message.lineno or 0, f"“{found.group()}” in “{message.id}”")


GATES: tuple[tuple[str, Callable[[], Iterator[str]]], ...] = (
    ("density", too_dense),
    ("complexity", too_complex),
    ("class names", names_twice),
    ("private names in tests", reaches_inside),
    ("replaced in modules by tests", replaces_in_modules),
    ("sentences", odd_sentences),
)


def main() -> int:
    """Print what breaks a rule; 1 where anything does."""
    asked = sys.argv[1:]
    broken = 0
    for name, gate in GATES:
        if asked and name not in asked:
            continue
        faults = list(gate())
        broken += len(faults)
        print(f"{name}: {len(faults) or 'kept'}")
        for fault in faults:
            print(f"  {fault}")
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
