"""A private Prosody: its configuration and certificate, and how it is started and stopped. For the
demo and for tests."""

import asyncio
import contextlib
import os
import shutil
import signal
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from string import Template

from component.common.errors import ConfigError

DOMAIN = "localhost"
ROOMS = f"rooms.{DOMAIN}"
COMPONENT = f"bus.{DOMAIN}"
UPLOAD = f"upload.{DOMAIN}"
HOST = "127.0.0.1"

MAX_PORT_TRIES = 20
STOP_TIMEOUT_S = 5
POLL_S = 0.02


def free_port(wanted: int = 0, taken: Iterable[int] = ()) -> int:
    """`wanted` if it is free on loopback, otherwise any other that is; never one of `taken`."""
    for port in (wanted, *[0] * MAX_PORT_TRIES):
        bound = bind(port)
        if bound and bound not in taken:
            return bound
    raise ConfigError(["No free port was found on 127.0.0.1."])


def bind(port: int) -> int:
    """The port, or for 0 one that the system chooses, if something can listen there; otherwise
    0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return 0
        bound: int = probe.getsockname()[1]
        return bound


def free_ports(*wanted: int) -> list[int]:
    """One free port for each wanted one, all different."""
    ports: list[int] = []
    for port in wanted:
        ports.append(free_port(port, ports))
    return ports


@dataclass(slots=True)
class Prosody:
    """One private server with its files under `data` (absolute)."""

    data: Path
    secret: str
    c2s: int
    component_port: int
    http: int
    process: asyncio.subprocess.Process | None = None

    @property
    def config(self) -> Path:
        """Its configuration file."""
        return self.data / "prosody.cfg.lua"

    async def prepare(self, accounts: Iterable[tuple[str, str]]) -> None:
        """Write the configuration and the certificate, and add the accounts (local part, password)
        that are missing; raises ConfigError."""
        if not shutil.which("prosody"):
            raise ConfigError(
                ["Prosody is not installed. Install it with: apt-get install prosody"]
            )
        (self.data / "certs").mkdir(parents=True, exist_ok=True)
        (self.data / "data").mkdir(exist_ok=True)
        self.write_config()
        await self.certify()
        for name, password in accounts:
            if not (self.data / "data" / DOMAIN / "accounts" / f"{name}.dat").exists():
                await call(
                    "prosodyctl", "--config", str(self.config), "register", name, DOMAIN, password
                )

    def write_config(self) -> None:
        """Write the configuration, for its owner only."""
        as_root = ""
        if os.geteuid() == 0:
            as_root = "run_as_root = true"
        template = Template(resources.files("prosody").joinpath("demo.cfg.lua").read_text("utf-8"))
        text = template.substitute(
            as_root=as_root,
            data=self.data,
            domain=DOMAIN,
            rooms=ROOMS,
            component=COMPONENT,
            upload=UPLOAD,
            secret=self.secret,
            c2s=self.c2s,
            component_port=self.component_port,
            http=self.http,
        )
        self.config.write_text(text, "utf-8")
        self.config.chmod(0o600)

    async def certify(self) -> None:
        """Make a self-signed certificate, unless one exists."""
        key = self.data / "certs" / f"{DOMAIN}.key"
        certificate = self.data / "certs" / f"{DOMAIN}.crt"
        if certificate.exists():
            return
        names = ",".join(f"DNS:{name}" for name in (DOMAIN, ROOMS, COMPONENT, UPLOAD))
        await call(
            "openssl",
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "3650",
            "-subj",
            f"/CN={DOMAIN}",
            "-addext",
            f"subjectAltName={names},IP:{HOST}",
            "-keyout",
            str(key),
            "-out",
            str(certificate),
        )

    async def start(self) -> None:
        """Start it in a new session, so that a Ctrl-C at the terminal reaches the bus first."""
        self.process = await asyncio.create_subprocess_exec(
            "prosody",
            "--config",
            str(self.config),
            "-F",
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )

    async def ready(self, patience: float = 20) -> None:
        """Return once it accepts connections; raises ConfigError if it ended or does not within
        `patience` seconds."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.process and self.process.returncode is None:
                    if await answers(self.c2s) and await answers(self.component_port):
                        return
                    await asyncio.sleep(POLL_S)  # there is no event for a port that opens
        log = self.data / "prosody.log"
        raise ConfigError([f"The private Prosody did not start. See {log}."])

    def kill(self) -> None:
        """End it like a crash."""
        if self.process and self.process.returncode is None:
            self.process.kill()

    async def stop(self) -> None:
        """Stop it; kill it if it does not stop in time."""
        if self.process is None:
            return
        if self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        await self.process.wait()


async def end_orphan(data: Path) -> None:
    """Kill the server that an earlier run left behind in `data`, which is known by its process id
    and the path of its configuration."""
    with contextlib.suppress(OSError, ValueError):
        number = int((data / "prosody.pid").read_text())
        own = str(data / "prosody.cfg.lua").encode()
        if own in Path(f"/proc/{number}/cmdline").read_bytes():
            os.kill(number, signal.SIGKILL)
            # There is no event for the end of a foreign process.
            while own in Path(f"/proc/{number}/cmdline").read_bytes():  # noqa: ASYNC110
                await asyncio.sleep(0.01)


async def answers(port: int) -> bool:
    """Whether something listens on a loopback port."""
    try:
        _, writer = await asyncio.open_connection(HOST, port)
    except OSError:
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


async def call(*command: str) -> None:
    """Run a program; raises ConfigError with the last line that it prints if it fails."""
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    if process.returncode:
        lines = out.decode("utf-8", "replace").strip().splitlines() or ["no output"]
        raise ConfigError([f"{command[0]} failed: {lines[-1]}"])
