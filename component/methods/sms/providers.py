"""The ways of an SMS: over XMPP through a gateway, or through a provider that apprise knows.

A way's `put` returns once the other side has taken it. It raises Unavailable or Refused where it
certainly was not sent, and Unconfirmed where nobody can tell.
"""

import asyncio
import importlib
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Protocol

import structlog

from component.bus.ports.method import Direct
from component.common.errors import DeliveryError, Refused, Unconfirmed
from component.common.i18n import _
from component.methods.sms import smpp
from component.methods.sms.answers import Answer, Heard, Silence, verdict
from component.methods.sms.setup import SAMPLE, SmsSetup, Via

log = structlog.get_logger()

PATIENCE = 30.0
"""Seconds that a provider may take for all of it."""
READING = 20.0
"""Seconds that a provider may take to answer."""
AT_ONCE = 4
"""SMS on their way to a provider."""
MOST_READ = 65_536
"""Bytes of an answer that are looked at."""


class Way(Protocol):
    """How SMS are sent; see the module."""

    async def ready(self) -> None:
        """Return once there is a way."""

    async def put(self, number: str, text: str, id: str) -> None:
        """Send a text to a number; `id` is the message's."""


def way_of(setup: SmsSetup, direct: Direct) -> Way:
    """The one that is set up."""
    if setup.gateway:
        return GatewayWay(direct, setup.gateway.domain)
    assert setup.via  # noqa: S101 — one of the two, says SmsSetup
    return ProviderWay(setup.via)


async def knock(setup: SmsSetup) -> str:
    """Try what can be tried without a message, which is SMPP's sign-in; "" where nothing is
    wrong."""
    account = smpp.account_of(setup.via.to(SAMPLE)) if setup.via else None
    return await asyncio.to_thread(smpp.knock, account) if account else ""


class GatewayWay:
    """Through a gateway on XMPP: a message to the number's JID there, proved as direct messages
    are."""

    def __init__(self, direct: Direct, domain: str) -> None:
        self._direct = direct
        self._domain = domain

    async def ready(self) -> None:
        """See `Way.ready`."""
        await self._direct.ready()

    async def put(self, number: str, text: str, id: str) -> None:
        """See `Way.put`."""
        await (await self._direct.write(f"{number}@{self._domain}", id, text))


class ProviderWay:
    """Through a provider, in a thread: apprise waits."""

    def __init__(self, via: Via, patience: float = PATIENCE) -> None:
        self._via = via
        self._patience = patience
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def ready(self) -> None:
        """See `Way.ready`; whether it answers shows when it is asked."""

    async def put(self, number: str, text: str, id: str) -> None:
        """See `Way.put`."""
        async with self._turns:
            try:
                async with asyncio.timeout(self._patience):
                    fault = await asyncio.to_thread(self._send, number, text, id)
            except TimeoutError as late:
                raise Unconfirmed(_("The SMS provider did not answer in time.")) from late
        if fault:
            raise type(fault)(self._via.hidden(str(fault)))

    def _send(self, number: str, text: str, id: str) -> DeliveryError | None:
        one = self._via.to(number, text)
        if one is None:
            return Refused(_("The [sms] settings cannot send to this number."))
        if account := smpp.account_of(one):
            return smpp.submit(account, number, text, id)
        return _notified(one, text)


def _notified(one: Any, text: str) -> DeliveryError | None:
    """Have apprise's plugin send it. `send` is what it is by itself: `notify` around it may cut or
    split the text."""
    one.socket_read_timeout = READING
    with _hearing() as heard:
        try:
            taken = bool(
                one.send(
                    body=text,
                    title="",
                    notify_type=importlib.import_module("apprise").NotifyType.INFO,
                )
            )
        except Exception as error:  # a plugin's fault; its words may hold what is secret
            log.error("apprise failed", kind=type(error).__name__)  # noqa: TRY400
            taken = False
    return verdict(taken, heard)


_HEARD: ContextVar[list[Heard] | None] = ContextVar("heard", default=None)


@contextmanager
def _hearing() -> Iterator[list[Heard]]:
    """Gives what providers answer meanwhile, in this thread.

    COMPAT: apprise 2.3 tells yes or no only, and takes any 200 for a yes; so its requests are
    listened to on their way (requests.Session.send, which all of them pass). Elsewhere, and without
    a listener, that changes nothing.
    """
    _install()
    heard: list[Heard] = []
    token = _HEARD.set(heard)
    try:
        yield heard
    finally:
        _HEARD.reset(token)


def _install() -> None:
    session = importlib.import_module("requests").Session
    plain = session.send
    if getattr(plain, "listens", False):
        return

    def send(self: Any, request: Any, **more: Any) -> Any:
        heard = _HEARD.get()
        if heard is None:
            return plain(self, request, **more)
        try:
            answer = plain(self, request, **more)
        except Exception as error:
            heard.append(Silence(_left(error)))
            raise
        heard.append(Answer(answer.status_code, (answer.content or b"")[:MOST_READ]))
        return answer

    send.listens = True  # type: ignore[attr-defined]
    session.send = send
    # What it has to say about failures is told by their outcome, and holds numbers and texts.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)


def _left(error: Exception) -> bool:
    """Whether a request that failed may have reached the other side: all but those that found no
    connection."""
    kinds = importlib.import_module("requests.exceptions")
    unconnected = importlib.import_module("urllib3.exceptions").NewConnectionError
    inner = getattr(error.args[0], "reason", None) if error.args else None
    before = (
        kinds.ConnectTimeout,
        kinds.SSLError,
        kinds.ProxyError,
        kinds.InvalidURL,
        kinds.InvalidSchema,
    )
    return not (isinstance(error, before) or isinstance(inner, unconnected))
