"""One server with a bus for all fault tests that leave both running; each test has a room and a
shoutbox of its own."""

from collections.abc import Iterator

import pytest

from tests.faults.yard import admit, open_bus, pair, sound
from tests.support.servers import Bus, Server

NAMES = (
    "bot-kicked",
    "bot-banned",
    "doomed",
    "puppet-kicked",
    "nick-taken",
    "ghost",
    "bad-http",
    "bad-form",
    "bad-xmpp",
    "hostile",
    "names",
    "crowd",
)


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Bus]]:
    data = tmp_path_factory.mktemp("faults")
    server = Server(data / "prosody")
    admit(server)
    server.start()
    bus = open_bus(server, data / "bus", "".join(pair(name) for name in NAMES))
    try:
        bus.ready()
        yield server, bus
    finally:
        bus.stop()
        server.stop()


@pytest.fixture
def yard(shared: tuple[Server, Bus]) -> Iterator[tuple[Server, Bus]]:
    """The shared server and bus; whatever the test does, the bus keeps its one stream and logs no
    fault of its own."""
    since = len(shared[1].log.read_text())
    yield shared
    sound(shared[1], streams=0, since=since)
