"""A wrong configuration: `shoutbus check` tells every fault at once in words, and status 1."""

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from component.cli.prosody import COMPONENT, HOST, ROOMS, free_port
from tests.support.servers import SECRET, SHOUTBUS, Server, settings, start_bus


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    one = Server(tmp_path_factory.mktemp("configuration") / "prosody")
    one.start()
    yield one
    one.stop()


def _check(tmp_path: Path, config: str, command: str = "check") -> tuple[int, list[str], str]:
    """The exit status, the faults told and everything said."""
    file = tmp_path / "shoutbus.toml"
    file.write_text(config)
    done = subprocess.run(
        [SHOUTBUS, command, "--config", str(file)], capture_output=True, text=True, timeout=60
    )
    assert "Traceback" not in done.stderr
    faults = [line.removeprefix("- ") for line in done.stderr.splitlines() if line.startswith("- ")]
    return done.returncode, faults, done.stdout + done.stderr


def test_nothing_wrong(server: Server, tmp_path: Path) -> None:
    status, faults, said = _check(tmp_path, settings(server, tmp_path, free_port()))
    assert (status, faults) == (0, []), said
    assert "all connections work" in said


@pytest.mark.parametrize(
    ("was", "now", "words"),
    [
        (SECRET, "a wrong secret", "refused the secret"),
        (f'"{COMPONENT}"', '"nobody.localhost"', "does not know this component"),
        ("port = {port}", "port = {free}", "no connection"),
        (f'rooms = "{ROOMS}"', 'rooms = "nowhere.localhost"', "rooms is nowhere.localhost"),
        (f'rooms = "{ROOMS}"', 'rooms = "localhost"', "not a room service"),
        ('url = "sqlite:', 'url = "sqlite:/proc/nowhere', "cannot be opened:"),
        (
            'url = "sqlite:',
            'url = "mysql:',
            "Write it as sqlite:PATH, for example sqlite:/var/lib/shoutbus/bus.db.",
        ),
        ('host = "127.0.0.1"', 'host = "192.0.2.1"', "clear_text"),
        ("[xmpp]", "[xmpp", "The file is not valid TOML:"),
    ],
)
def test_one_fault(server: Server, tmp_path: Path, was: str, now: str, words: str) -> None:
    config = settings(server, tmp_path, free_port())
    now = now.format(free=free_port())
    was = was.format(port=server.prosody.component_port)
    assert was in config
    status, faults, said = _check(tmp_path, config.replace(was, now, 1))
    assert status == 1
    assert len(faults) == 1, said
    assert words in faults[0]


def test_a_store_that_is_none(server: Server, tmp_path: Path) -> None:
    (tmp_path / "bus.db").write_bytes(b"not a database, by any means" * 100)
    status, faults, _ = _check(tmp_path, settings(server, tmp_path, free_port()))
    assert status == 1
    assert len(faults) == 1
    assert str(tmp_path / "bus.db") in faults[0]


def test_five_faults_in_the_file(tmp_path: Path, server: Server) -> None:
    config = settings(server, tmp_path, free_port())
    for was, now in (
        ('subject = "Hello"', 'subjekt = "Hello"'),
        ('jid = "admin@localhost"', 'jid = "admin"'),
        ('name = "chat:*"', 'name = "chatt:*"'),
        ('listen = "', 'listen = "8080" # "'),
        (f'secret = "{SECRET}"', ""),
    ):
        config = config.replace(was, now, 1)
    status, faults, said = _check(tmp_path, config)
    assert status == 1
    for words in ("subject", "not a JID", "did you mean chat", "listen", "secret is missing"):
        assert any(words in fault for fault in faults), (words, said)


def test_faults_of_every_kind_at_once(tmp_path: Path, server: Server) -> None:
    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        config = settings(server, tmp_path, busy.getsockname()[1])
        config = config.replace(SECRET, "a wrong secret", 1).replace(
            'subject = "Hello"', 'subjekt = "Hello"'
        )
        config = config.replace('jid = "admin@localhost"', 'jid = "admin"', 1)
        config = config.replace(str(tmp_path / "bus.db"), "/proc/nowhere/bus.db")
        status, faults, said = _check(tmp_path, config)
    assert status == 1
    for words in (
        "refused the secret",
        "ddress already in use",
        "cannot be opened:",
        "subjekt",
        "not a JID",
    ):
        assert any(words in fault for fault in faults), (words, said)


def test_what_only_seeds_is_told(tmp_path: Path, server: Server) -> None:
    """A channel added to the file after the first start does nothing: that is no fault, and not to
    be silent about."""
    port = free_port()
    config = settings(server, tmp_path, port)
    with start_bus(tmp_path, config, port).running():
        pass
    status, _, said = _check(tmp_path, config)
    assert (status, "Note:" in said) == (0, False)
    config += '\n[[channel]]\nname = "shoutbox:second"\n'
    status, _, said = _check(tmp_path, config)
    assert status == 0
    assert "Note: [[channel]] shoutbox:second is used only to set up an empty database" in said
    with start_bus(tmp_path, config, port).running() as again:
        assert "shoutbox:second" in again.log.read_text()


def test_run_refuses_what_can_not_work(tmp_path: Path, server: Server) -> None:
    with socket.socket() as busy:
        busy.bind((HOST, 0))
        busy.listen()
        status, faults, said = _check(
            tmp_path, settings(server, tmp_path, busy.getsockname()[1]), "run"
        )
    assert (status, len(faults)) == (1, 1), said
    assert "ddress already in use" in faults[0]
    status, faults, _ = _check(tmp_path, "[xmpp]\n", "run")
    assert status == 1
    assert len(faults) >= 3
    missing = subprocess.run(
        [SHOUTBUS, "run", "--config", str(tmp_path / "none.toml")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert missing.returncode == 1
    assert "cannot be read" in missing.stderr
