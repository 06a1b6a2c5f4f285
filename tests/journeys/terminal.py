"""Chat clients for the terminal, as a person uses them: in tmux, driven by keys, read off the
screen."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.servers import eventually

NOBODY = 65534


@dataclass
class Terminal:
    """One client in a tmux server of its own."""

    socket: Path

    def _tmux(self, *words: str) -> str:
        command = ["tmux", "-f", "/dev/null", "-S", str(self.socket), *words]
        return subprocess.run(
            command, check=True, capture_output=True, text=True, timeout=20
        ).stdout

    def start(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        """Run `command` with `environment` and nothing else."""
        clean = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
        self._tmux(
            "new-session",
            "-d",
            "-x",
            "120",
            "-y",
            "50",
            *clean,
            *command,
            ";",
            "set",
            "remain-on-exit",
            "on",
        )

    def resize(self, columns: int, lines: int) -> None:
        """Make the terminal so many characters wide and high."""
        self._tmux("resize-window", "-x", str(columns), "-y", str(lines))

    def end(self) -> None:
        """End the client, then tmux: one that only loses its terminal may spin for ever."""
        with suppress(ProcessLookupError):
            os.kill(int(self._tmux("display", "-p", "#{pane_pid}")), signal.SIGKILL)
        self._tmux("kill-server")

    def screen(self, *, colours: bool = False) -> str:
        """What stands on the screen, with its colour codes where asked for."""
        return self._tmux("capture-pane", "-p", *(["-e"] if colours else []))

    def write(self, line: str) -> None:
        """Type a line and, once it stands there, press Enter: keys that come in one gulp pass for
        pasted text."""
        self._tmux("send-keys", "-l", "--", line)
        self.shows(line[-30:])
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys by tmux's names for them: Enter, Escape, C-a, M-1."""
        self._tmux("send-keys", *keys)

    def shows(self, words: str, patience: float = 20) -> None:
        """Return once `words` stand on the screen."""
        try:
            eventually(lambda: words in self.screen(), words, patience)
        except AssertionError as late:
            raise AssertionError(f"{late}; the screen:\n{self.screen().rstrip()}") from None

    def lines(self, words: str) -> list[str]:
        """The lines of the screen that hold `words`."""
        return [line.strip() for line in self.screen().splitlines() if words in line]


@contextmanager
def terminal(command: Sequence[str], files: Mapping[str, str]) -> Iterator[Terminal]:
    """`command` in a terminal, in a home that holds `files` and is gone afterwards; `~` in them is
    that home."""
    # Not in pytest's tmp_path: its path is too long for a socket, and closed to other users.
    top = Path(tempfile.mkdtemp(prefix="shoutbus-"))
    home = top / "home"
    one = Terminal(top / "tmux")
    try:
        for name, text in files.items():
            file = home / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("~", str(home)))
            file.chmod(0o600)
        if os.geteuid() == 0:  # poezio will not run as root, and no client should
            command = [
                "setpriv",
                f"--reuid={NOBODY}",
                f"--regid={NOBODY}",
                "--clear-groups",
                *command,
            ]
            top.chmod(0o711)
            for path in (home, *home.rglob("*")):
                os.chown(path, NOBODY, NOBODY)
        one.start(
            command,
            {
                "HOME": str(home),
                "PATH": os.environ["PATH"],
                "TERM": "screen-256color",
                "LANG": "C.UTF-8",
            },
        )
        try:
            yield one
        finally:
            one.end()
    finally:
        shutil.rmtree(top)


def password(told: dict[str, Any], name: str) -> str:
    """The password that demo.json tells for an account."""
    return next(
        str(one["password"]) for one in told["accounts"] if one["jid"] == f"{name}@localhost"
    )


@contextmanager
def profanity(told: dict[str, Any], name: str, *, tls: str = "disable") -> Iterator[Terminal]:
    """Profanity, signed in to the demo as `name`; `tls` is its policy."""
    account = f"""\
[{name}]
enabled=true
jid={name}@localhost
server={told["xmpp"]["host"]}
port={told["xmpp"]["port"]}
password={password(told, name)}
tls.policy={tls}
resource=profanity
presence.last=online
presence.login=online
"""
    settings = "[ui]\nsplash=false\nroster=false\noccupants=false\n[connection]\naccount=\n"
    files = {".local/share/profanity/accounts": account, ".config/profanity/profrc": settings}
    with terminal(["profanity", "-a", name], files) as one:
        one.shows("logged in successfully")
        yield one


@contextmanager
def poezio(told: dict[str, Any], name: str, occupant: str, certificate: Path) -> Iterator[Terminal]:
    """Poezio, signed in to the demo over TLS as `name` and in a room as `occupant`; it trusts
    `certificate` only."""
    settings = f"""\
[Poezio]
jid = {name}@localhost/poezio
password = {password(told, name)}
custom_host = {told["xmpp"]["host"]}
custom_port = {told["xmpp"]["port"]}
force_encryption = true
ca_cert_path = ~/server.crt
certificate =
rooms = {occupant}
use_remote_bookmarks = false
use_log = false
enable_avatars = false
first_time_login = false
"""
    files = {".config/poezio/poezio.cfg": settings, "server.crt": certificate.read_text()}
    with terminal(["poezio"], files) as one:
        one.shows("Authentication success")
        one.press("M-1")
        one.shows("joined the room")
        yield one
