"""Real servers for tests, each in its own process on free loopback ports: Prosody, the bus, and the
demo of both."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from component.cli.prosody import COMPONENT, HOST, ROOMS, Prosody, free_ports

SHOUTBUS = str(Path(sys.executable).parent / "shoutbus")
PEOPLE = ("admin", "juliet", "romeo")
TOKEN = "a-token-for-tests-only"
SECRET = "a-secret-for-tests-only"


def eventually(holds: Callable[[], Any], what: str, patience: float = 30.0) -> Any:
    """What `holds` gives once it is true; fails, naming `what`, after `patience` seconds. For what
    tells no one."""
    end = time.monotonic() + patience
    while True:
        found = holds()
        if found:
            return found
        assert time.monotonic() < end, f"not within {patience} s: {what}"
        time.sleep(0.02)


@dataclass
class Reply:
    """An HTTP answer."""

    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_NoRedirect)


def call(url: str, data: bytes | None = None, method: str | None = None, **headers: str) -> Reply:
    """One HTTP request; header names with underscores for dashes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, data, named, method=method)
    try:
        with _OPENER.open(request, timeout=60) as answer:
            return Reply(answer.status, dict(answer.headers), answer.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Reply(error.code, dict(error.headers), error.read().decode())


@dataclass
class Bus:
    """A bus that runs as `shoutbus run` (or as part of the demo), and its API."""

    url: str
    process: subprocess.Popen[bytes]
    log: Path
    token: str = TOKEN

    def health(self) -> dict[str, Any]:
        """`/health`, or nothing where it is not served."""
        try:
            found: dict[str, Any] = call(f"{self.url}/health").json
        except OSError:
            return {"status": "not served"}
        return found

    def ready(self, status: str = "ok") -> None:
        eventually(
            self._alive_and(status), f"{self.url} is {status}: {self.log.read_text()[-2000:]}", 30
        )

    def _alive_and(self, status: str) -> Callable[[], bool]:
        def look() -> bool:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            return bool(self.health()["status"] == status)

        return look

    def post(self, channel: str, body: str, key: str = "", **more: Any) -> Reply:
        headers = {"Authorization": f"Bearer {self.token}", "Content_Type": "application/json"}
        if key:
            headers["Idempotency_Key"] = key
        data = json.dumps({"body": body, **more}).encode()
        return call(f"{self.url}/api/v1/channels/{channel}/messages", data, **headers)

    def get(self, path: str) -> Reply:
        return call(f"{self.url}{path}", Authorization=f"Bearer {self.token}")

    def bodies(self, channel: str) -> list[str]:
        """Everything a channel holds, oldest first."""
        found: list[str] = []
        after = 0
        while True:
            page = self.get(f"/api/v1/channels/{channel}/messages?limit=500&after={after}").json
            found += [one["body"] for one in page["messages"]]
            if len(page["messages"]) < 500:
                return found
            after = page["after"]

    @contextmanager
    def running(self) -> Iterator["Bus"]:
        """The bus when it is ready; it is stopped at the end, also if it never becomes ready."""
        try:
            self.ready()
            yield self
        finally:
            self.stop()

    def kill(self) -> None:
        """As a crash would."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As ctrl-c would."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
                raise


@dataclass
class Server:
    """A private Prosody as tests use it, without an event loop of its own."""

    data: Path
    prosody: Prosody = field(init=False)
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(
        default_factory=lambda: {name: f"{name}-secret" for name in PEOPLE}
    )

    def __post_init__(self) -> None:
        c2s, component, http = free_ports(0, 0, 0)
        self.prosody = Prosody(self.data, SECRET, c2s, component, http)
        self.data.mkdir(parents=True)
        asyncio.run(self.prosody.prepare(self.passwords.items()))
        # As Prosody 0.12 does: newer ones drop in silence what someone blocks.
        written = self.prosody.config.read_text("utf-8")
        self.prosody.config.write_text(f"bounce_blocked_messages = true\n{written}", "utf-8")

    @property
    def c2s(self) -> int:
        """The port that people sign in at."""
        return self.prosody.c2s

    @property
    def component_port(self) -> int:
        """The port that the bus connects to."""
        return self.prosody.component_port

    def start(self) -> None:
        command = ["prosody", "--config", str(self.prosody.config), "-F"]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self.prosody.process = None
        try:
            eventually(lambda: asyncio.run(_answers(self.prosody)), "Prosody listens")
        except BaseException:
            self.stop()
            raise

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def freeze(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.terminate()
            self.process.wait(20)


async def _answers(prosody: Prosody) -> bool:
    from component.cli.prosody import answers

    return await answers(prosody.c2s) and await answers(prosody.component_port)


class Serving(Protocol):
    """A server of any make."""

    @property
    def component_port(self) -> int:
        """The port that the bus connects to."""


def settings(server: Serving, data: Path, port: int, more: str = "", *, bot: str = "bot") -> str:
    """A configuration with a shoutbox and a room `lobby`, joined both ways, and `more` behind
    it."""
    return f"""
[xmpp]
host = "{HOST}"
port = {server.component_port}
component = "{COMPONENT}"
secret = "{SECRET}"
rooms = "{ROOMS}"
bot = "{bot}"

[web]
listen = "{HOST}:{port}"

[store]
url = "sqlite:{data / "bus.db"}"

[[admin]]
jid = "admin@localhost"

[[channel]]
name = "shoutbox:lobby"
title = "Lobby"

[[channel]]
name = "muc:lobby@{ROOMS}"
title = "Lobby"
subject = "Hello"

[[route]]
from = "shoutbox:lobby"
to = "muc:lobby@{ROOMS}"
both = true

[[channel]]
name = "chat:*"

[[route]]
from = "chat:*"
to = "shoutbox:lobby"

[[token]]
name = "tests"
secret = "{TOKEN}"
jid = "admin@localhost"
{more}
"""


def start_bus(data: Path, config: str, port: int, log: str = "bus.log") -> Bus:
    """`shoutbus run` with `config`; not waited for."""
    data.mkdir(parents=True, exist_ok=True)
    file = data / "shoutbus.toml"
    file.write_text(config)
    with (data / log).open("ab") as out:
        process = subprocess.Popen([SHOUTBUS, "run", "--config", str(file)], stdout=out, stderr=out)
    return Bus(f"http://{HOST}:{port}", process, data / log)


@contextmanager
def demo(data: Path) -> Iterator[tuple[Bus, dict[str, Any]]]:
    """`shoutbus demo`, ready; and what it wrote to demo.json."""
    data.mkdir(parents=True, exist_ok=True)
    with (data / "demo.log").open("wb") as out:
        process = subprocess.Popen(
            [SHOUTBUS, "demo", "--data", str(data)],
            stdout=out,
            stderr=out,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
        )
    bus = Bus("", process, data / "demo.log")
    try:
        eventually(
            lambda: "Ctrl-C stops the demo" in bus.log.read_text() or process.poll() is not None,
            "the demo starts",
            60,
        )
        assert process.poll() is None, bus.log.read_text()
        told = json.loads((data / "demo.json").read_text())
        bus.url, bus.token = told["web"], told["token"]
        bus.ready()
        yield bus, told
    finally:
        bus.stop()
