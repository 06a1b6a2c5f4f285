"""A private Kannel for tests: a real SMS gateway, asked by HTTP, that hands SMS on to a message
centre over SMPP."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError

from component.cli.prosody import HOST, free_ports
from tests.support.servers import call, eventually
from tests.support.smsc import PASSWORD, USER

NAME, SECRET = "bus", "kannel-secret"
_CONFIG = """
group = core
admin-port = {admin}
admin-interface = {host}
admin-password = {secret}
smsbox-port = {boxes}
smsbox-interface = {host}
box-deny-ip = "*.*.*.*"
box-allow-ip = "{host}"
log-file = "{data}/bearerbox.log"
log-level = 0

group = smsc
smsc = smpp
smsc-id = centre
host = {host}
port = {centre}
transceiver-mode = true
smsc-username = "{user}"
smsc-password = "{password}"
system-type = ""
reconnect-delay = 1
enquire-link-interval = 1

group = smsbox
bearerbox-host = {host}
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = {host}
global-sender = 15551234567
log-file = "{data}/smsbox.log"
log-level = 0

group = sendsms-user
username = {name}
password = {secret}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
max-messages = 0
text = ""
"""


@dataclass
class Kannel:
    """One bearerbox and one smsbox, their files under `data`; it hands on to the message centre at
    port `centre`."""

    data: Path
    centre: int
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.data.mkdir(parents=True)
        self.admin, self.boxes, self.sendsms = free_ports(0, 0, 0)
        self._config.write_text(
            _CONFIG.format(
                admin=self.admin,
                boxes=self.boxes,
                sendsms=self.sendsms,
                host=HOST,
                data=self.data,
                centre=self.centre,
                user=USER,
                password=PASSWORD,
                name=NAME,
                secret=SECRET,
            )
        )

    @property
    def _config(self) -> Path:
        return self.data / "kannel.conf"

    @property
    def url(self) -> str:
        """Where its smsbox is asked."""
        return f"http://{HOST}:{self.sendsms}"

    def start(self) -> None:
        """Returns once it is connected to the message centre and can be asked."""
        self._run("/usr/sbin/bearerbox")
        eventually(lambda: "online" in self._status(), f"Kannel's line: {self.log}", 30)
        self._run("/usr/sbin/smsbox")
        eventually(lambda: "smsbox" in self._status(), f"Kannel's smsbox: {self.log}", 30)
        eventually(lambda: self._serves(), "Kannel can be asked", 30)

    @property
    def log(self) -> Path:
        """Where bearerbox says what it does."""
        return self.data / "bearerbox.log"

    def _run(self, program: str) -> None:
        assert Path(program).exists(), (
            "Kannel is not installed: apt-get install kannel (`make test` does it)"
        )
        with (self.data / "out.log").open("ab") as out:
            self.processes.append(
                subprocess.Popen([program, str(self._config)], stdout=out, stderr=out)
            )

    def _status(self) -> str:
        try:
            return call(f"http://{HOST}:{self.admin}/status.txt?password={SECRET}").text
        except (URLError, ConnectionError):
            return ""

    def _serves(self) -> bool:
        try:
            return call(f"http://{HOST}:{self.sendsms}/cgi-bin/sendsms").status == 403
        except (URLError, ConnectionError):
            return False

    def stop(self) -> None:
        """End both."""
        for one in reversed(self.processes):
            one.kill()
            one.wait()
