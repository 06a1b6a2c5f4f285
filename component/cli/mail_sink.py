"""A mail server that takes all mail and sends none: each becomes a file. For the demo, which has no
other."""

import asyncio
import os
import re
from collections.abc import Callable
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

MOST_BYTES = 4_194_304
_NUMBERED = re.compile(r"(\d+)-.*\.eml")
_READABLE = default.clone(cte_type="8bit", max_line_length=None)


class Catcher:
    """Keeps what comes to `port` on `host` as files NNN-ADDRESS.eml in `folder`, for their owner
    alone; `caught` is called with each."""

    def __init__(
        self, host: str, port: int, folder: Path, caught: Callable[[Path, EmailMessage], None]
    ) -> None:
        self._place = host, port
        self._folder = folder
        self._caught = caught
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen; raises OSError where the port can't be had or the folder not be made."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: SMTP(
                self,
                data_size_limit=MOST_BYTES,
                enable_SMTPUTF8=True,
                hostname="localhost",
                loop=loop,
            ),
            *self._place,
        )

    async def close(self) -> None:
        """Listen no more."""
        if self._server:
            self._server.close()

    async def handle_DATA(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope
    ) -> str:
        """Called by aiosmtpd with a whole mail: a file for each of its recipients."""
        raw = envelope.content
        mail = message_from_bytes(raw if isinstance(raw, bytes) else b"", policy=default)
        try:
            files = [self._keep(mail, address) for address in envelope.rcpt_tos]
        except OSError as error:
            return f"452 4.3.1 {error.strerror}"
        for file in files:
            self._caught(file, mail)
        return "250 2.0.0 Kept"

    def _keep(self, mail: EmailMessage, address: str) -> Path:
        known = [
            int(found[1])
            for one in self._folder.iterdir()
            if (found := _NUMBERED.fullmatch(one.name))
        ]
        name = re.sub(r"[^\w.@+-]+", "_", address).lstrip(".")[:100]
        file = self._folder / f"{max(known, default=0) + 1:03}-{name}.eml"
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written:
            written.write(readable(mail))
        return file


def readable(mail: EmailMessage) -> bytes:
    """A mail as it came, but with its texts as they are read: not encoded, and no link broken at
    the end of a line."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            text = part.get_payload(decode=True)
            del part["Content-Transfer-Encoding"]
            part["Content-Transfer-Encoding"] = "8bit"
            part.set_payload(bytes(text).decode("ascii", "surrogateescape"))
    return mail.as_bytes(policy=_READABLE)
