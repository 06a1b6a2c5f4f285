"""What must stand beside the code: a heading for everything a person can use, and each error's
names."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from commands import action
from component import methods
from component.bus.ports.method import MethodSpec
from component.common import errors
from component.common.errors import ShoutbusError
from component.common.form import fields
from component.config.load import read, top_table
from tests import density

ROOT = Path(__file__).parents[2]

# RFC 6120 section 8.3.3
CONDITIONS = {
    "bad-request",
    "conflict",
    "feature-not-implemented",
    "forbidden",
    "gone",
    "internal-server-error",
    "item-not-found",
    "jid-malformed",
    "not-acceptable",
    "not-allowed",
    "not-authorized",
    "policy-violation",
    "recipient-unavailable",
    "redirect",
    "registration-required",
    "remote-server-not-found",
    "remote-server-timeout",
    "resource-constraint",
    "service-unavailable",
    "subscription-required",
    "undefined-condition",
    "unexpected-request",
}


def _page(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


def _headings(text: str) -> set[str]:
    return set(re.findall(r"^## `?(.+?)`?$", text, re.MULTILINE))


@pytest.mark.parametrize("name", methods.discover())
def test_each_method_has_its_heading(name: str) -> None:
    assert name in _headings(_page("methods.md"))


@pytest.mark.parametrize("method", methods.discover().values(), ids=lambda method: method.name)
def test_each_setting_of_a_method_is_told(method: MethodSpec) -> None:
    told = _page("methods.md").partition(f"## {method.name}\n")[2].partition("\n## ")[0]
    assert [one.name for one in fields(method.form, None) if f"`{one.name}`" not in told] == []


@pytest.mark.parametrize(
    "name", [name for name, method in methods.discover().items() if method.setup]
)
def test_each_setting_of_a_method_s_table_is_told(name: str) -> None:
    setup = methods.discover()[name].setup
    assert setup
    told = _section(_page("configuration.md"), name)
    assert [one.name for one in fields(setup, None) if f"`{one.name}`" not in told] == []


@pytest.mark.parametrize("name", action.discover())
def test_each_command_has_its_heading(name: str) -> None:
    assert name in _headings(_page("commands.md"))


def _settings() -> Iterator[tuple[str, str]]:
    """(table, key) of every setting that the configuration reads, of one table of each kind."""
    top = top_table(
        "[xmpp]\n[web]\n[store]\n[fetch]\n[letters]\n[[admin]]\n[[channel]]\n[[route]]\n[[token]]"
    )
    read(top, methods.discover(), {})
    for place, key in sorted(set(top.settings())):
        if place != "the file":
            yield place.partition("]] ")[0].strip("[]"), key


def _section(text: str, table: str) -> str:
    """What stands under `## [table]` or `## [[table]]`."""
    found = re.search(rf"^## `?\[+{table}\]+`?.*?$(.*?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/configuration.md has no heading ## [{table}]"
    return found.group(1)


def test_each_setting_is_told() -> None:
    text = _page("configuration.md")
    settings = list(_settings())
    known = {"xmpp", "web", "store", "fetch", "letters", "admin", "channel", "route", "token"}
    assert known == {table for table, _ in settings}
    missing = [
        f"[{table}] {key}" for table, key in settings if f"`{key}`" not in _section(text, table)
    ]
    assert missing == []


def _tree(root: type[ShoutbusError]) -> Iterator[type[ShoutbusError]]:
    yield root
    for one in root.__subclasses__():
        yield from _tree(one)


@pytest.mark.parametrize("error", list(_tree(ShoutbusError)))
def test_each_error_has_its_names(error: type[ShoutbusError]) -> None:
    assert error.condition in CONDITIONS
    assert 400 <= error.status <= 599
    assert error.__doc__
    if error.__module__ == errors.__name__:
        assert getattr(errors, error.__name__) is error


def test_the_ways_through_the_code_are_as_the_architecture_page_says() -> None:
    ways = density.ways()
    assert ways.keys() == density.MAX_FILES.keys()
    for title, files in ways.items():
        assert len(files) <= density.MAX_FILES[title]
        assert len(set(files)) == len(files), "one comes back to none"
        assert [name for name in files if not (ROOT / name).is_file()] == []


def test_no_file_names_a_method_but_its_own() -> None:
    """The core never asks which method it is."""
    named = re.compile(
        r"""==\s*["'](?:%s)["']|["'](?:%s)["']\s*==""" % ((("|".join(methods.discover())),) * 2)
    )
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for folder in ("component", "commands", "web")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if named.search(line) and "methods" not in file.parts
    ]
    assert found == []


def test_no_group_is_repeated_without_a_way_back() -> None:
    """Debian 12's Python 3.11.2 reads too much where a group has a possessive quantifier; single
    characters may have one."""
    pattern = re.compile(r"\brf?\"+.*(?:(?<!\\)\)[*+?]\+|\(\?>)")
    found = []
    for folder in ("component", "commands", "web"):
        for file in (ROOT / folder).rglob("*.py"):
            lines = file.read_text("utf-8").splitlines()
            found += [f"{file}: {line}" for line in lines if pattern.search(line)]
    assert found == []
