"""Asks a provider's HTTP API to send a text.

What to ask, and what an answer means, is in the file of each API, by that API's own documentation.
The provider is the operator's choice, as the mail server is, so the policy of `component.fetch`
about other people's addresses does not apply.
"""

import asyncio
import json
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any, Protocol

import aiohttp

from component.common.errors import DeliveryError, Refused, Unavailable, Unconfirmed
from component.common.i18n import _
from component.common.sanitize import one_line

TIMEOUT_S = 30.0
"""Seconds that a request may take."""
CONNECT_TIMEOUT_S = 10.0
"""Seconds of these until there is a connection."""
MAX_AT_ONCE = 4
"""Requests that run at the same time."""
MAX_ANSWER_BYTES = 65_536
MAX_REASON_CHARS = 200
"""Characters of a provider's own words that are passed on."""


class Outcome(Enum):
    """What became of a text."""

    ACCEPTED = auto()
    REFUSED = auto()
    """It was not sent, and will not be."""
    RETRY = auto()
    """It was not sent; a later try may succeed."""
    UNKNOWN = auto()
    """It may have been sent."""


STATUS_OUTCOMES: Mapping[int, Outcome] = {
    408: Outcome.UNKNOWN,
    425: Outcome.RETRY,
    429: Outcome.RETRY,
    500: Outcome.UNKNOWN,
    502: Outcome.UNKNOWN,
    503: Outcome.RETRY,
    504: Outcome.UNKNOWN,
}
"""What a status means by RFC 9110 section 15 and RFC 6585. A status that is neither here nor a 2xx
is a refusal."""


@dataclass(frozen=True, slots=True)
class Request:
    """A GET with a `query`, or a POST with a `form`."""

    method: str
    url: str
    query: Mapping[str, str] | None = None
    form: Mapping[str, str] | None = None
    user: str = ""
    password: str = field(default="", repr=False)

    @property
    def headers(self) -> Mapping[str, str]:
        """The login, where there is one (RFC 7617)."""
        if not self.user:
            return {}
        login = b64encode(f"{self.user}:{self.password}".encode()).decode()
        return {"Authorization": f"Basic {login}"}


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """A status and the beginning of the body."""

    status: int
    body: bytes = b""

    @property
    def outcome(self) -> Outcome:
        """What the status alone says."""
        if 200 <= self.status < 300:
            return Outcome.ACCEPTED
        return STATUS_OUTCOMES.get(self.status, Outcome.REFUSED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an answer means. `reason` is in the provider's words, "" where it gave none."""

    outcome: Outcome
    reason: str = ""


class HttpApi(Protocol):
    """A provider's API: pure."""

    def request(self, number: str, text: str) -> Request:
        """What to ask in order to send a text to a number in E.164 form."""

    def judge(self, answer: HttpAnswer) -> Verdict:
        """What an answer means."""


class HttpProvider:
    """Sends by an `api`. `secrets` never appear in what it raises."""

    def __init__(
        self, api: HttpApi, secrets: Sequence[str] = (), timeout_s: float = TIMEOUT_S
    ) -> None:
        self._api = api
        self._secrets = secrets
        self._timeout_s = timeout_s
        self._slots = asyncio.Semaphore(MAX_AT_ONCE)
        self._session: aiohttp.ClientSession | None = None

    async def ready(self) -> None:
        """Return at once: whether the provider answers shows when it is asked."""

    async def send(self, number: str, text: str, id: str) -> None:
        """Ask for a text to be sent; raises as `Provider` says."""
        async with self._slots:
            answer = await self._ask(self._api.request(number, text))
        verdict = self._api.judge(answer)
        error = failure(verdict.outcome, verdict.reason or f"HTTP {answer.status}", self._secrets)
        if error:
            raise error

    async def close(self) -> None:
        """End all connections."""
        if self._session:
            await self._session.close()

    async def _ask(self, request: Request) -> HttpAnswer:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        timeout = aiohttp.ClientTimeout(
            total=self._timeout_s, connect=min(CONNECT_TIMEOUT_S, self._timeout_s)
        )
        try:
            async with self._session.request(
                request.method,
                request.url,
                headers=request.headers,
                timeout=timeout,
                allow_redirects=False,
                params=request.query,
                data=request.form,
            ) as response:
                return HttpAnswer(response.status, await beginning(response))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Unavailable(_("The SMS provider cannot be reached.")) from error
        except (aiohttp.ClientError, OSError) as error:  # TimeoutError too
            raise Unconfirmed(_("The SMS provider did not answer in time.")) from error


async def beginning(response: aiohttp.ClientResponse) -> bytes:
    """The first `MAX_ANSWER_BYTES` of a body."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) >= MAX_ANSWER_BYTES:
            break
    return bytes(body[:MAX_ANSWER_BYTES])


def failure(outcome: Outcome, reason: str, secrets: Sequence[str]) -> DeliveryError | None:
    """The error of an outcome; None where the text was accepted."""
    if outcome is Outcome.ACCEPTED:
        return None
    shown = one_line(redacted(reason, secrets))[:MAX_REASON_CHARS].rstrip(".")
    sentence = _("The SMS provider did not accept the message: {why}.", why=shown)
    if outcome is Outcome.RETRY:
        return Unavailable(sentence)
    if outcome is Outcome.UNKNOWN:
        return Unconfirmed(_("The SMS provider did not answer in time."))
    return Refused(sentence)


def redacted(text: str, secrets: Sequence[str]) -> str:
    """A text without secrets."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, "…")
    return text


def read_object(body: bytes) -> Mapping[str, Any]:
    """A JSON object; an empty one where the body is something else."""
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def number_in(said: Mapping[str, Any], key: str) -> int:
    """A number of an object; 0 without one."""
    value = said.get(key)
    return value if isinstance(value, int) else 0


def coded(words: object, code: object) -> str:
    """Words with their code behind them; "" where there are neither."""
    if not words:
        return f"error {code}" if code else ""
    return f"{words} ({code})" if code else str(words)
