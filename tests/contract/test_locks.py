"""The lock files pin all that an installer could ask for, on every Python that we support."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = ("requirements-bootstrap.lock", "requirements.lock", "requirements-dev.lock")
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
LINE = re.compile(
    r"[a-z0-9-]+(\[[a-z0-9,-]+\])?==[\w.!+]+"  # name, extras, version
    r"( ; [^;]+?)?( +--hash=sha256:[0-9a-f]{64})+"
)
MACHINES = (("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"))


@dataclass(frozen=True)
class Target:
    """One Python on one kind of machine."""

    python: str
    system: str
    machine: str

    def wants(self, requirement: Requirement, extras: set[str]) -> bool:
        """Whether `requirement` applies here, to a package that is asked for with `extras`."""
        if requirement.marker is None:
            return True
        return any(requirement.marker.evaluate(self.environment(extra)) for extra in ("", *extras))

    def environment(self, extra: str) -> dict[str, str]:
        return {
            "extra": extra,
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": self.machine,
            "platform_python_implementation": "CPython",
            "platform_system": self.system.capitalize(),
            "python_full_version": f"{self.python}.0",
            "python_version": self.python,
            "sys_platform": self.system,
        }


TARGETS = [Target(python, *machine) for python in PYTHONS for machine in MACHINES]


def entries_of(name: str) -> list[str]:
    """Each requirement of a lock file with its hashes, on one line and without comments."""
    text = (ROOT / name).read_text("utf-8")
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)
    return text.replace("\\\n", " ").splitlines()


def pins_of(name: str) -> dict[str, Requirement]:
    pins: dict[str, Requirement] = {}
    for entry in entries_of(name):
        pin = Requirement(entry.partition(" --hash=")[0])
        pins[canonicalize_name(pin.name)] = pin
    return pins


def group_of(name: str) -> Iterator[str]:
    for entry in PROJECT["dependency-groups"][name]:
        if isinstance(entry, str):
            yield entry
        else:
            yield from group_of(entry["include-group"])


def asked_of(name: str) -> list[Requirement]:
    """What pyproject.toml asks of a lock file."""
    asked = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    if name == "requirements-dev.lock":
        asked.extend(group_of("dev"))
    return [Requirement(one) for one in asked]


@cache
def requirements_of(package: str) -> list[Requirement]:
    """What an installed package asks for."""
    return [Requirement(one) for one in distribution(package).requires or ()]


def fault_of(asked: Requirement, pin: Requirement | None, target: Target) -> str:
    """What is wrong with the pin of a requirement; "" where nothing is."""
    if pin is None or not target.wants(pin, set()):
        return f"{asked} is not pinned"
    version = str(pin.specifier).removeprefix("==")
    if not asked.specifier.contains(version, prereleases=True):
        return f"{asked} is pinned to {version}"
    if not asked.extras <= pin.extras:
        return f"{asked} is pinned without its extras"
    return ""


def follow(
    asked: list[Requirement], pins: dict[str, Requirement], target: Target
) -> tuple[set[str], set[str]]:
    """Follow what is asked for, and what that asks for in turn: its faults, and the names of the
    pins that are needed for it."""
    faults = set()
    waiting = list(asked)
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        one = waiting.pop()
        name = canonicalize_name(one.name)
        fault = fault_of(one, pins.get(name), target)
        if fault:
            faults.add(fault)
        elif (name, frozenset(one.extras)) not in seen:
            seen.add((name, frozenset(one.extras)))
            further = requirements_of(name)
            waiting.extend(each for each in further if target.wants(each, one.extras))
    return faults, {name for name, _ in seen}


@pytest.mark.parametrize("name", LOCKS[1:])
def test_nothing_is_asked_for_that_is_not_pinned_and_nothing_else_is(name: str) -> None:
    pins = pins_of(name)
    faults = set()
    idle = set()
    for target in TARGETS:
        faults_here, needed = follow(asked_of(name), pins, target)
        faults |= faults_here
        idle |= {one for one, pin in pins.items() if target.wants(pin, set())} - needed
    assert faults == set()
    assert idle == set()


def test_the_installer_is_pinned_alone() -> None:
    [asked] = map(Requirement, group_of("bootstrap"))
    [pin] = pins_of("requirements-bootstrap.lock").values()
    assert fault_of(asked, pin, TARGETS[0]) == ""


@pytest.mark.parametrize("name", LOCKS)
def test_each_line_has_one_version_and_its_hashes(name: str) -> None:
    for entry in entries_of(name):
        assert LINE.fullmatch(entry.strip())


@pytest.mark.parametrize("name", LOCKS)
def test_no_lock_names_a_host_or_a_folder(name: str) -> None:
    text = (ROOT / name).read_text("utf-8")
    assert re.findall(r"^.*(?:://|file:|--(?!hash=)|[ =]/).*$", text, re.MULTILINE) == []


def test_both_locks_pin_the_same_versions() -> None:
    dev = pins_of("requirements-dev.lock")
    differing = []
    for name, pin in pins_of("requirements.lock").items():
        if name not in dev or dev[name].specifier != pin.specifier:
            differing.append(name)
    assert differing == []


def test_what_builds_the_package_is_pinned_as_it_is_asked_for() -> None:
    assert sorted(group_of("build")) == sorted(PROJECT["build-system"]["requires"])
