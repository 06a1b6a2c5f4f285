"""A private ejabberd for tests: free loopback ports, its own files, no Erlang distribution.

`erl` is run directly, since Debian's `ejabberdctl` insists on a user of its own. A node without a
name needs no cookie, starts no epmd and opens no port but ours, and Mnesia keeps its tables on disk
all the same.
"""

import os
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from component.cli.prosody import COMPONENT, DOMAIN, HOST, ROOMS, free_ports
from tests.support.servers import PEOPLE, SECRET, eventually

_CONFIG = """
hosts: [{domain}]
loglevel: info
log_rotate_count: 0
auth_method: [internal]
listen:
  - {{module: ejabberd_c2s, ip: "{host}", port: {c2s}, max_stanza_size: 262144}}
  - module: ejabberd_service
    ip: "{host}"
    port: {component_port}
    hosts: {{"{component}": {{password: "{secret}"}}}}
modules:
  mod_caps: {{}}
  mod_disco: {{}}
  mod_mam: {{db_type: mnesia, default: never}}
  mod_muc:
    host: {rooms}
    db_type: mnesia
    access: all
    access_create: all
    access_persistent: all
  mod_ping: {{}}
  mod_roster: {{}}
  mod_vcard: {{}}
"""
# Erlang's own resolver starts a process of its own, which a killed node leaves to itself.
_NAMES = '{{lookup, [file]}}. {{host, {{127, 0, 0, 1}}, ["{domain}"]}}.'
_BEGIN = """
{{ok, _}} = application:ensure_all_started(ejabberd),
[ejabberd_auth:try_register(Name, <<"{domain}">>, Password) || {{Name, Password}} <- [{accounts}]],
io:format("~s~n", ["{ready}"]).
"""
_READY = "ready for tests"


@dataclass
class Ejabberd:
    """One private ejabberd with its files under `data` (absolute); used as
    `tests.support.servers.Server` is."""

    data: Path
    process: subprocess.Popen[bytes] | None = None
    passwords: dict[str, str] = field(
        default_factory=lambda: {name: f"{name}-secret" for name in PEOPLE}
    )
    c2s: int = field(init=False)
    component_port: int = field(init=False)

    def __post_init__(self) -> None:
        self.c2s, self.component_port = free_ports(0, 0)
        self.data.mkdir(parents=True)
        (self.data / "ejabberd.yml").write_text(
            _CONFIG.format(
                domain=DOMAIN,
                host=HOST,
                rooms=ROOMS,
                component=COMPONENT,
                secret=SECRET,
                c2s=self.c2s,
                component_port=self.component_port,
            )
        )
        (self.data / "inetrc").write_text(_NAMES.format(domain=DOMAIN))

    def start(self) -> None:
        """Start it with everyone registered; returns once it takes connections."""
        accounts = ", ".join(
            f'{{<<"{name}">>, <<"{password}">>}}' for name, password in self.passwords.items()
        )
        begin = _BEGIN.format(domain=DOMAIN, accounts=accounts, ready=_READY)
        quiet = [
            "+sbwt",
            "none",
            "+sbwtdcpu",
            "none",
            "+sbwtdio",
            "none",
        ]  # schedulers that spin take others' CPU
        command = [
            "erl",
            *quiet,
            "-noinput",
            "-mnesia",
            "dir",
            f'"{self.data}/spool"',
            "-s",
            "ejabberd",
        ]
        out = self.data / "ejabberd.out"
        with out.open("wb") as written:
            self.process = subprocess.Popen(
                [*command, "-eval", begin],
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                env=self._env(),
            )
        process = self.process
        eventually(
            lambda: process.poll() is not None or _READY in out.read_text(), "ejabberd starts", 60
        )
        assert process.poll() is None, out.read_text()

    def _env(self) -> dict[str, str]:
        libraries = sorted(Path("/usr/lib").glob("*/ejabberd-*/ebin/ejabberd.app"))
        assert libraries, (
            "ejabberd is not installed: apt-get install ejabberd (`make test` does it)"
        )
        return os.environ | {
            "HOME": str(self.data),
            "ERL_INETRC": str(self.data / "inetrc"),
            "ERL_LIBS": str(libraries[-1].parents[2]),
            "ERL_CRASH_DUMP_BYTES": "0",
            "EJABBERD_CONFIG_PATH": str(self.data / "ejabberd.yml"),
            "EJABBERD_LOG_PATH": str(self.data / "ejabberd.log"),
        }

    def kill(self) -> None:
        """As a crash would."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As an operator would."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)
