"""SMPP 3.4: what a message centre is told of an SMS, and what it answers. Waits; call it in a
thread.

COMPAT: apprise 2.3 has SMPP too, and reads its URL well. But it never looks at the answer to a
message (a refusal counts as sent), cuts characters in two, and for smpps:// sends the password in
clear text. So it reads the URL alone.
"""

import contextlib
import logging
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.common.i18n import _
from component.methods.sms.gsm import Alphabet, alphabet_of, parts_of

READING = 20.0
"""Seconds that the message centre may take for each answer."""

_SCHEMES = ("smpp", "smpps")
_PASSING = frozenset({0x05, 0x08, 0x14, 0x58, 0x64, 0xFE})
"""Of section 5.1.3 those that may be over later: bound already, system error, queue full,
throttled, try again."""
_INTERNATIONAL, _ISDN = 1, 1
_IN_PARTS = 0x40
_CODING = {Alphabet.GSM: 0, Alphabet.UCS2: 8}


@dataclass(frozen=True, slots=True)
class Account:
    """At which message centre, who, and the number that sends; `tls` is how the line is kept
    private."""

    host: str
    port: int
    user: str
    password: str = field(repr=False)
    source: str
    tls: ssl.SSLContext | None = None


def account_of(one: Any) -> Account | None:
    """The account in apprise's plugin; None where it is none of SMPP."""
    if one.schemas().isdisjoint(_SCHEMES):
        return None
    tls = ssl.create_default_context() if one.secure else None
    if tls and not one.verify_certificate:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    port = one.port or (one.default_secure_port if one.secure else one.default_port)
    return Account(one.host, port, one.user, one.password, one.source, tls)


def submit(account: Account, number: str, text: str, id: str) -> DeliveryError | None:
    """Send a text to a number; None where the centre has taken all its parts."""
    import smpplib.exceptions as faults

    taken = -1  # until it is bound nothing of it can have been sent
    try:
        with _bound(account) as client:
            # How many parts were taken is needed below.
            for taken, part in enumerate(_headed(parts_of(text), id)):  # noqa: B007
                _submit_part(
                    client,
                    account,
                    number,
                    part,
                    alphabet_of(text),
                    in_parts=len(parts_of(text)) > 1,
                )
    except faults.PDUError as refusal:
        return _refused(refusal, begun=taken > 0)
    except (faults.ConnectionError, OSError):
        if taken < 0:
            return Unavailable(_("The SMS provider cannot be reached."))
        return Unconfirmed(_("The SMS provider did not answer in time."))
    return None


def knock(account: Account) -> str:
    """Sign in and out; "" where that works, else what to do, for who starts the bus."""
    import smpplib.exceptions as faults

    try:
        with _bound(account):
            return ""
    except faults.PDUError as refusal:
        return (
            f"the message centre at {account.host} reports {refusal.args[0]}. Check the user and "
            "password in via."
        )
    except (faults.ConnectionError, OSError):
        return f"the message centre at {account.host}:{account.port} does not answer. Check via."


def _refused(refusal: Exception, *, begun: bool) -> DeliveryError:
    """The centre said no, or had said yes to some parts before."""
    code = refusal.args[1] if len(refusal.args) > 1 else 0
    sentence = _("The SMS provider did not accept the message: {why}.", why=refusal.args[0])
    if code not in _PASSING:
        return Refused(sentence)
    return Unconfirmed(sentence) if begun else Unavailable(sentence)


def _headed(parts: list[bytes], id: str) -> list[bytes]:
    """With what says that parts belong together; a second try has the same number, so that
    telephones may see it."""
    if len(parts) == 1:
        return parts
    head = bytes([5, 0, 3, int(id[:2], 16), len(parts)])
    return [head + bytes([place]) + part for place, part in enumerate(parts, 1)]


@contextmanager
def _bound(account: Account) -> Iterator[Any]:
    from smpplib.client import Client

    logging.getLogger(__name__).setLevel(logging.CRITICAL)  # its debugging has passwords and texts
    client = Client(
        account.host,
        account.port,
        READING,
        logger_name=__name__,
        allow_unknown_opt_params=True,
        ssl_context=_Tls(account.tls, account.host) if account.tls else None,
    )
    try:
        client.connect()
        client.bind_transmitter(system_id=account.user, password=account.password)
        yield client
        with contextlib.suppress(Exception):  # what was to be said is said
            client.unbind()
    finally:
        client.disconnect()


@dataclass(frozen=True, slots=True)
class _Tls:
    """What smpplib wants of a context, with the name that the certificate must have."""

    context: ssl.SSLContext
    host: str

    def wrap_socket(self, raw: Any) -> ssl.SSLSocket:
        return self.context.wrap_socket(raw, server_hostname=self.host)


def _submit_part(
    client: Any, account: Account, number: str, part: bytes, alphabet: Alphabet, *, in_parts: bool
) -> None:
    """One submit_sm (section 4.4) and its answer; raises smpplib's errors."""
    asked = client.send_message(
        source_addr_ton=_INTERNATIONAL,
        source_addr_npi=_ISDN,
        source_addr=account.source,
        dest_addr_ton=_INTERNATIONAL,
        dest_addr_npi=_ISDN,
        destination_addr=number.removeprefix("+"),
        short_message=part,
        data_coding=_CODING[alphabet],
        esm_class=_IN_PARTS if in_parts else 0,
    )
    while True:
        answer = client.read_pdu()
        if answer.command == "enquire_link":
            client._enquire_link_received(answer)
        elif answer.sequence == asked.sequence:
            break
    if answer.is_error():
        client.error_pdu_handler(answer)
