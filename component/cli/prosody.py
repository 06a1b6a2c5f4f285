"""A private Prosody: its configuration and certificate, started and ended by us. For the demo and
for tests."""

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


def free_port(wanted: int = 0, taken: Iterable[int] = ()) -> int:
    """`wanted` where it is free on loopback, else any that is, never one of `taken`."""
    for port in (wanted, *[0] * 20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found: int = probe.getsockname()[1]
            if found not in taken:
                return found
    raise ConfigError(["No port is free on 127.0.0.1."])


def free_ports(*wanted: int) -> list[int]:
    """One free port for each wanted one, all different."""
    found: list[int] = []
    for port in wanted:
        found.append(free_port(port, found))
    return found


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
        that are missing."""
        if not shutil.which("prosody"):
            raise ConfigError(
                ["Prosody is not installed: apt-get install prosody (`make run` does it)."]
            )
        (self.data / "certs").mkdir(parents=True, exist_ok=True)
        (self.data / "data").mkdir(exist_ok=True)
        template = Template(resources.files("prosody").joinpath("demo.cfg.lua").read_text("utf-8"))
        self.config.write_text(
            template.substitute(
                as_root="run_as_root = true" if os.geteuid() == 0 else "",
                data=self.data,
                domain=DOMAIN,
                rooms=ROOMS,
                component=COMPONENT,
                upload=UPLOAD,
                secret=self.secret,
                c2s=self.c2s,
                component_port=self.component_port,
                http=self.http,
            ),
            "utf-8",
        )
        self.config.chmod(0o600)
        await self._certify()
        for name, password in accounts:
            if not (self.data / "data" / DOMAIN / "accounts" / f"{name}.dat").exists():
                await _call(
                    "prosodyctl", "--config", str(self.config), "register", name, DOMAIN, password
                )

    async def _certify(self) -> None:
        key, certificate = (self.data / "certs" / f"{DOMAIN}.{end}" for end in ("key", "crt"))
        if certificate.exists():
            return
        names = ",".join(f"DNS:{name}" for name in (DOMAIN, ROOMS, COMPONENT, UPLOAD))
        await _call(
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
        """Start it; a session of its own, so that a ctrl-c at the terminal reaches the bus
        first."""
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
        """Return once it takes connections; raises ConfigError where it ended or never does."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                while self.process and self.process.returncode is None:
                    if await answers(self.c2s) and await answers(self.component_port):
                        return
                    await asyncio.sleep(0.02)  # nothing tells when a port begins to listen
        log = self.data / "prosody.log"
        raise ConfigError([f"The private Prosody did not start: see {log}."])

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process and self.process.returncode is None:
            self.process.kill()

    async def stop(self) -> None:
        """End it in order."""
        if self.process and self.process.returncode is None:
            self.process.terminate()
            try:
                async with asyncio.timeout(5):
                    await self.process.wait()
            except TimeoutError:
                self.process.kill()
        if self.process:
            await self.process.wait()


async def end_orphan(data: Path) -> None:
    """End the server that an earlier run left behind in `data`, by its process id and its
    configuration's path."""
    with contextlib.suppress(OSError, ValueError):
        number = int((data / "prosody.pid").read_text())
        own = str(data / "prosody.cfg.lua").encode()
        if own in Path(f"/proc/{number}/cmdline").read_bytes():
            os.kill(number, signal.SIGKILL)
            # It is no child of ours, so there is no event to wait for.
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


async def _call(*command: str) -> None:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await process.communicate()
    if process.returncode:
        last = (out.decode("utf-8", "replace").strip().splitlines() or ["no output"])[-1]
        raise ConfigError([f"{command[0]} failed: {last}"])
