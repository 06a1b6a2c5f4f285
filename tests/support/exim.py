"""A private exim for tests: a mail server on a free loopback port, with its own files and a user's
rights only.

It keeps the mail of some people, turns strangers away at `example.org`, takes them at
`later.example` and has to bounce them, lets people sign in over TLS, and brings what comes back for
`bounces.example.org` to a port of the bus's. While it is told to `block`, it wants no
mail for them.
"""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from component.cli.prosody import HOST, free_ports
from tests.support.servers import eventually

USER, PASSWORD = "shoutbus", "a-password-for-tests-only"
PEOPLE = ("juliet", "romeo")

_CONFIG = """
primary_hostname = mx.example.org
exim_user = {user}
exim_group = {group}
spool_directory = {data}/spool
log_file_path = {data}/%slog
pid_file_path = {data}/exim.pid
local_interfaces = {host}
daemon_smtp_ports = {port}
disable_ipv6 = true
deliver_drop_privilege = true
keep_environment =
check_spool_space = 0
rfc1413_query_timeout = 0s
dsn_advertise_hosts = *
smtputf8_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = {data}/cert.pem
tls_privatekey = {data}/key.pem
auth_advertise_hosts = ${{if def:tls_in_cipher {{*}}}}
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
rcpt:
  deny condition = {closed}
       !authenticated = *
       message = 5.7.1 Sign in first
  deny condition = ${{if exists{{{data}/blocklist}}}}
       domains = example.org
       message = 5.7.1 Client host is on a blocklist
  accept domains = later.example
  accept local_parts = forward
  require verify = recipient
  accept

begin routers
back:
  driver = manualroute
  domains = bounces.example.org
  route_list = * {host}
  self = send
  transport = back
forward:
  driver = redirect
  domains = example.org
  local_parts = forward
  data = gone@later.example
keep:
  driver = accept
  domains = example.org : xn--mnchen-3ya.example
  local_parts = {people}
  transport = keep

begin transports
back:
  driver = smtp
  port = {back}
  protocol = {protocol}
  allow_localhost
keep:
  driver = appendfile
  directory = {data}/mail/$local_part_data
  create_directory
  maildir_format
  return_path_add

begin retry
* * F,1h,1m

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{{login}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
"""


@dataclass
class Exim:
    """One private exim. `closed` takes mail from those alone who signed in; `protocol` is how it
    brings mail back: smtp or lmtp."""

    closed: bool = False
    protocol: str = "smtp"
    port: int = field(init=False)
    back: int = field(init=False)
    """The port that it brings mail for bounces.example.org to."""
    data: Path = field(init=False)
    process: subprocess.Popen[bytes] | None = None
    group: int = 0

    def __post_init__(self) -> None:
        self.port, self.back = free_ports(0, 0)
        self.data = Path(tempfile.mkdtemp(prefix="exim-"))  # where its user can go
        user = "Debian-exim" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        account = pwd.getpwnam(user)
        self._user, self._group = account.pw_uid, account.pw_gid
        settings = _CONFIG.format(
            user=user,
            group=grp.getgrgid(self._group).gr_name,
            data=self.data,
            host=HOST,
            port=self.port,
            back=self.back,
            protocol=self.protocol,
            closed="true" if self.closed else "false",
            people=" : ".join(PEOPLE),
            login=USER,
            password=PASSWORD,
        )
        (self.data / "exim.conf").write_text(settings)
        self._certify()
        for path in (self.data, *self.data.iterdir()):
            os.chown(path, self._user, self._group)

    def _certify(self) -> None:
        """Its own authority's certificate."""
        made = subprocess.run(
            [
                "openssl",
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                "2",
                "-subj",
                "/CN=mx.example.org",
                "-addext",
                f"subjectAltName=IP:{HOST}",
                "-keyout",
                self.data / "key.pem",
                "-out",
                self.ca,
            ],
            capture_output=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr.decode()

    @property
    def ca(self) -> Path:
        """The certificate to trust."""
        return self.data / "cert.pem"

    def block(self, *, blocked: bool) -> None:
        """Whether it wants no mail for its people."""
        list_file = self.data / "blocklist"
        if blocked:
            list_file.touch()
        else:
            list_file.unlink()

    def start(self) -> None:
        """Start it; returns once it takes connections."""
        command = ["/usr/sbin/exim4", "-C", str(self.data / "exim.conf"), "-bdf", "-q1s"]
        out = self.data / "exim.out"
        with out.open("wb") as written:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=written,
                env={},
                cwd=self.data,
                user=self._user,
                group=self._group,
                extra_groups=[] if os.geteuid() == 0 else None,
                start_new_session=True,
            )
        process, self.group = self.process, self.process.pid
        eventually(lambda: process.poll() is not None or _listens(self.port), "exim listens", 30)
        assert process.poll() is None, out.read_text() + self.log

    @property
    def log(self) -> str:
        """What it wrote down."""
        return "".join(path.read_text() for path in self.data.glob("*log"))

    def mails(self, person: str) -> list[EmailMessage]:
        """What someone's mailbox holds."""
        found = sorted((self.data / "mail" / person / "new").glob("*"))
        return [message_from_bytes(path.read_bytes(), policy=default) for path in found]

    def kill(self) -> None:
        """As a crash would."""
        assert self.process
        self.process.kill()
        self.process.wait()

    def stop(self) -> None:
        """As an operator would; its files go."""
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            eventually(self._ended, "exim's last children end")
        shutil.rmtree(self.data)

    def _ended(self) -> bool:
        """Whether its children ended too, which would write into the folder anew."""
        try:
            os.killpg(self.group, 0)
        except ProcessLookupError:
            return True
        return False


def _listens(port: int) -> bool:
    try:
        socket.create_connection((HOST, port), 1).close()
    except OSError:
        return False
    return True
