"""Fixtures that several kinds of test share: the demo, and a Prosody with a bus beside it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import HealthCheck, settings

from component.cli.prosody import free_port
from tests.support import servers

# How long an example takes depends on what else the machine does.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")

# The other way to show a traceback draws its variables, which takes seconds for each.
structlog.configure(
    processors=[
        *structlog.get_config()["processors"][:-1],
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback),
    ]
)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[servers.Bus, dict[str, Any]]]:
    """One demo for all tests that leave it as it was; with what its demo.json says."""
    with servers.demo(tmp_path_factory.mktemp("demo")) as running:
        yield running


@pytest.fixture
def server(tmp_path: Path) -> Iterator[servers.Server]:
    """A Prosody of one's own, started; to be killed and frozen at will."""
    one = servers.Server(tmp_path / "prosody")
    one.start()
    yield one
    one.stop()


@pytest.fixture
def bus(server: servers.Server, tmp_path: Path) -> Iterator[servers.Bus]:
    """A bus of one's own on `server`, ready."""
    port = free_port()
    one = servers.start_bus(
        tmp_path / "bus", servers.settings(server, tmp_path / "bus", port), port
    )
    with one.running():
        yield one
