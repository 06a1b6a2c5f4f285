"""SMPP 3.4: hands texts to a message centre.

smpplib waits for each answer, so it runs in a thread; docs/decisions says why it is used. Names of
sections are those of the SMPP 3.4 specification.
"""

import asyncio
import contextlib
import logging
import ssl
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Self

from smpplib import exceptions
from smpplib.client import Client
from smpplib.smpp import make_pdu
from yarl import URL

from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.common.i18n import _
from component.methods.sms.gsm import Alphabet, alphabet_of, parts_of
from component.methods.sms.providers.http import redacted
from component.methods.sms.setup import SMPP_PORTS, SmsSetup

TIMEOUT_S = 30.0
"""Seconds that all parts of a text may take."""
ANSWER_TIMEOUT_S = 20.0
"""Seconds that the message centre may take for each answer."""
MAX_AT_ONCE = 4
"""Texts that are handed over at the same time, each over its connection."""

TEMPORARY = frozenset({0x05, 0x08, 0x14, 0x58, 0x64, 0xFE})
"""The statuses of section 5.1.3 that may be over later: already bound, system error, queue full,
throttled, try again, delivery failure."""
INTERNATIONAL, ISDN = 1, 1
"""Type of number and numbering plan (sections 5.2.5 and 5.2.6)."""
UDH_INDICATOR = 0x40
"""The bit of esm_class (section 5.2.12) that says that a text begins with a user data header."""
DATA_CODING = {Alphabet.GSM: 0, Alphabet.UCS2: 8}
"""Section 5.2.19."""


@dataclass(frozen=True, slots=True)
class SmppAccount:
    """A message centre, the login there, and the number that sends; `tls` is None for a connection
    in clear text."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    sender: str
    tls: ssl.SSLContext | None = None

    @classmethod
    def of(cls, setup: SmsSetup) -> Self:
        """The account in the settings."""
        url = URL(setup.url)
        is_private = url.scheme == "smpps"
        return cls(
            url.host or "",
            url.explicit_port or SMPP_PORTS[url.scheme],
            setup.account,
            setup.secret,
            setup.sender.removeprefix("+"),
            ssl.create_default_context() if is_private else None,
        )


class SmppProvider:
    """Hands each text over in a thread. Nothing is certain where the message centre takes longer
    than `timeout_s` for all of it, or than `answer_timeout_s` for an answer."""

    def __init__(
        self,
        account: SmppAccount,
        timeout_s: float = TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        self._account = account
        self._timeout_s = timeout_s
        self._answer_timeout_s = answer_timeout_s
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)

    async def ready(self) -> None:
        """Return at once: whether the message centre answers shows when it is asked."""

    async def send(self, number: str, text: str, id: str) -> None:
        """Submit all parts of a text; raises as `Provider` says."""
        async with self._slots:
            try:
                async with asyncio.timeout(self._timeout_s):
                    await asyncio.to_thread(self._submit, number, text, id)
            except TimeoutError as error:
                raise Unconfirmed(_("The SMS provider did not answer in time.")) from error

    async def close(self) -> None:
        """Nothing is open: each text has its own connection."""

    def _submit(self, number: str, text: str, id: str) -> None:
        submit(self._account, number, text, id, self._answer_timeout_s)


def submit(
    account: SmppAccount, number: str, text: str, id: str, timeout_s: float = ANSWER_TIMEOUT_S
) -> None:
    """Sign in and submit all parts; returns once each was accepted. Raises DeliveryError."""
    accepted = -1  # nothing can have been sent before the login
    parts = with_headers(parts_of(text), id)
    coding = DATA_CODING[alphabet_of(text)]
    try:
        with bound(account, timeout_s) as client:
            accepted = 0
            for part in parts:
                submit_part(client, account.sender, number, part, coding, len(parts) > 1)
                accepted += 1
    except exceptions.PDUError as error:
        raise refusal(error, account, is_begun=accepted > 0) from error
    except (exceptions.ConnectionError, OSError) as error:
        if accepted < 0:
            raise Unavailable(_("The SMS provider cannot be reached.")) from error
        raise Unconfirmed(_("The SMS provider did not answer in time.")) from error


def probe(account: SmppAccount) -> str:
    """Sign in and out. Returns what to do where that fails, "" where it works."""
    try:
        with bound(account, ANSWER_TIMEOUT_S):
            return ""
    except exceptions.PDUError as error:
        return (
            f"the message centre at {account.host} reports {error.args[0]}. "
            "Check account and secret in [sms]."
        )
    except (exceptions.ConnectionError, OSError):
        return (
            f"the message centre at {account.host}:{account.port} does not answer. "
            "Check host and port of url in [sms]."
        )


def refusal(error: Exception, account: SmppAccount, *, is_begun: bool) -> DeliveryError:
    """What a message centre's no means; `is_begun` where it accepted earlier parts of the text."""
    why = redacted(str(error.args[0]), [account.password])
    status = error.args[1] if len(error.args) > 1 else 0
    sentence = _("The SMS provider did not accept the message: {why}.", why=why)
    if status not in TEMPORARY:
        return Refused(sentence)
    return Unconfirmed(sentence) if is_begun else Unavailable(sentence)


def with_headers(parts: Sequence[bytes], id: str) -> Sequence[bytes]:
    """Parts with the header that joins them (3GPP TS 23.040 section 9.2.3.24.1). A second try has
    the same reference number, so that telephones can recognize it."""
    if len(parts) == 1:
        return parts
    header = bytes([5, 0, 3, int(id[-2:], 16), len(parts)])
    return [header + bytes([place]) + part for place, part in enumerate(parts, 1)]


@contextmanager
def bound(account: SmppAccount, timeout_s: float) -> Iterator[Client]:
    """A connection with a login as transmitter (section 4.1.1)."""
    logging.getLogger(__name__).setLevel(logging.CRITICAL)  # its debugging has passwords and texts
    client = Client(
        account.host,
        account.port,
        timeout_s,
        logger_name=__name__,
        allow_unknown_opt_params=True,
        ssl_context=NamedContext(account.tls, account.host) if account.tls else None,
    )
    try:
        client.connect()
        client.bind_transmitter(system_id=account.user, password=account.password)
        yield client
        with contextlib.suppress(Exception):  # the parts were accepted
            client.unbind()
    finally:
        client.disconnect()


@dataclass(frozen=True, slots=True)
class NamedContext:
    """What smpplib asks of a TLS context, with the name that the certificate must have."""

    context: ssl.SSLContext
    host: str

    def wrap_socket(self, raw: Any) -> ssl.SSLSocket:
        """A socket whose other side has a certificate of that name."""
        return self.context.wrap_socket(raw, server_hostname=self.host)


def submit_part(
    client: Client, sender: str, number: str, part: bytes, coding: int, is_joined: bool
) -> None:
    """One submit_sm (section 4.4) and its answer; raises smpplib's errors."""
    request = client.send_message(
        source_addr_ton=INTERNATIONAL,
        source_addr_npi=ISDN,
        source_addr=sender,
        dest_addr_ton=INTERNATIONAL,
        dest_addr_npi=ISDN,
        destination_addr=number.removeprefix("+"),
        short_message=part,
        data_coding=coding,
        esm_class=UDH_INDICATOR if is_joined else 0,
    )
    answer = answer_to(client, request)
    if answer.is_error():
        client.error_pdu_handler(answer)


def answer_to(client: Client, request: Any) -> Any:
    """The answer to a request; questions whether we are alive are answered meanwhile."""
    while True:
        answer = client.read_pdu()
        if answer.sequence == request.sequence and answer.command != "enquire_link":
            return answer
        if answer.command == "enquire_link":
            alive = make_pdu("enquire_link_resp", client=client)
            alive.sequence = answer.sequence
            client.send_pdu(alive)
