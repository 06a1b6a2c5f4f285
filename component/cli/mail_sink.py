"""A mail server for the demo: it accepts all mail and sends none. Each mail becomes a file."""

import asyncio
import os
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MAX_MAIL_BYTES = 4_194_304
MAX_NAME_CHARS = 100
NUMBERED = re.compile(r"(\d+)-.*\.eml")
READABLE = default.clone(cte_type="8bit", max_line_length=None)


class MailSink:
    """Keeps the mail that arrives at `port` on `host` as files NNN-ADDRESS.eml in `folder`, which
    only their owner can read; `received` is called with each."""

    def __init__(
        self, host: str, port: int, folder: Path, received: Callable[[Path, EmailMessage], None]
    ) -> None:
        self._host, self._port = host, port
        self._folder = folder
        self._received = received
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises OSError if the port is not free or the folder cannot be made."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()

        def protocol() -> SMTP:
            return SMTP(
                self,
                data_size_limit=MAX_MAIL_BYTES,
                enable_SMTPUTF8=True,
                hostname="localhost",
                loop=loop,
            )

        self._server = await loop.create_server(protocol, self._host, self._port)

    async def close(self) -> None:
        """Stop listening."""
        if self._server:
            self._server.close()

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """aiosmtpd's hook for a whole mail: writes a file for each recipient."""
        raw = envelope.content
        mail = message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=default)
        try:
            files = [self.write(mail, address) for address in envelope.rcpt_tos]
        except OSError as error:
            return f"452 4.3.1 {error.strerror}"
        for file in files:
            self._received(file, mail)
        return "250 2.0.0 Kept"

    def write(self, mail: EmailMessage, address: str) -> Path:
        """Write a mail to the next file."""
        name = re.sub(r"[^\w.@+-]+", "_", address).lstrip(".")[:MAX_NAME_CHARS]
        file = self._folder / f"{self.next_number():03}-{name}.eml"
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(readable(mail))
        return file

    def next_number(self) -> int:
        """One more than the highest number in the folder."""
        highest = 0
        for file in self._folder.iterdir():
            match = NUMBERED.fullmatch(file.name)
            if match:
                highest = max(highest, int(match[1]))
        return highest + 1


def readable(mail: EmailMessage) -> bytes:
    """A mail as it was received, but with its texts decoded, and no link broken at the end of a
    line."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = part.get_payload(decode=True)
            del part["Content-Transfer-Encoding"]
            part["Content-Transfer-Encoding"] = "8bit"
            part.set_payload(bytes(text).decode("ascii", "surrogateescape"))
    return mail.as_bytes(policy=READABLE)
