"""The aiohttp application: paths, the way errors are told, the headers every answer carries."""

import contextlib
import errno
import json
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import resources
from typing import Any

import structlog
from aiohttp import web as http
from aiohttp.http_exceptions import HttpProcessingError

from component.bus.model.roles import Role
from component.common.errors import ConfigError, ShoutbusError, TooMany, Unauthorized, words
from component.common.i18n import Words, _, tell
from web import api, auth, stories
from web.account import consent, subscriptions
from web.admin import commands, matrix
from web.admin.watch import Watchers
from web.context import NOWHERE, SITE, Site, asked_language, policy
from web.guests import is_loopback
from web.hooks import websub
from web.shoutbox import pages
from web.sse import Streams

log = structlog.get_logger()

_Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]

HEADERS = {
    "Content-Security-Policy": policy("'self'"),
    # with no-referrer, browsers send our own form with Origin: null
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


def make(site: Site) -> http.Application:
    """The whole web side of `site`."""
    app = http.Application(middlewares=[_tell], client_max_size=api.MAX_REQUEST)
    app[SITE] = site
    streams, watchers = Streams(), Watchers()
    site.bus.settings.changed.append(watchers.look)
    app.add_routes(
        [
            http.get("/health", health),
            http.get("/api/openapi.json", openapi),
            *api.routes(streams),
            *auth.routes(watchers),
            *matrix.routes(watchers),
            *commands.routes(site),
            *websub.routes(),
            *stories.routes(),
            *consent.routes(),
            *subscriptions.routes(site),
            *pages.routes(site, streams, stories.shelf),
        ]
    )
    app.on_response_prepare.append(_dress)
    app.on_shutdown.append(watchers.close)
    return app


@contextlib.asynccontextmanager
async def serving(site: Site, host: str, port: int) -> AsyncIterator[None]:
    """Serve until left; raises ConfigError where the address can't be used."""
    logging.getLogger("aiohttp.server").addFilter(_is_ours)
    runner = http.AppRunner(make(site), access_log=None, shutdown_timeout=2)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        # open pages hold their streams for ever, and cleanup waits for requests to end
        site.hub.let_go()
        await runner.cleanup()


def _is_ours(record: logging.LogRecord) -> bool:
    """Whether a line is about a fault of ours: a request that is no HTTP is answered, and fills no
    log."""
    theirs = (HttpProcessingError, http.RequestPayloadError)
    return not (record.exc_info and isinstance(record.exc_info[1], theirs))


async def _listen(runner: http.AppRunner, host: str, port: int) -> None:
    try:
        await http.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigError(
            [f"[web] listen: {host}:{port} cannot be used: {words(error)}."]
        ) from error


async def health(request: http.Request) -> http.Response:
    """Each connection's state and the queues' depths; 503 where messages can't get through.

    Rooms and queues are named after people and teams: others than this machine and admins learn the
    status alone.
    """
    site = request.app[SITE]
    told = await site.health()
    status = 503 if told["status"] == "down" else 200
    return http.json_response(
        told if _sees_all(request, site) else {"status": told["status"]}, status=status
    )


def _sees_all(request: http.Request, site: Site) -> bool:
    """Whether a request comes from this machine by no proxy, or with an admin's token."""
    token = api.bearer(request)
    if token and site.roles.of(token.jid) >= Role.ADMIN:
        return True
    proxied = any(name in request.headers for name in ("Forwarded", "X-Forwarded-For", "X-Real-IP"))
    return not proxied and is_loopback(request.remote or "") and site.is_ours(request.host)


async def openapi(request: http.Request) -> http.Response:
    """The API's own description (OpenAPI 3.1)."""
    site = request.app[SITE]
    text = resources.files("web").joinpath("openapi.json").read_text("utf-8")
    described: dict[str, Any] = json.loads(text)
    described["info"]["version"] = site.version
    described["servers"] = [{"url": site.public_url}]
    return http.json_response(described)


async def _dress(_: http.Request, response: http.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)


@http.middleware
async def _tell(request: http.Request, handler: _Handler) -> http.StreamResponse:
    """Tell every fault in words: as a problem (RFC 9457) to programs, as a page to people."""
    try:
        return await handler(request)
    except http.HTTPException as error:
        if error.status < 400:
            raise
        return _problem(request, _http_fault(error))
    except Exception as error:
        fault = _fault(error)
        if fault.status == 500:
            log.exception("request failed", path=request.path)
        return _problem(request, fault)


@dataclass(frozen=True, slots=True)
class _Fault:
    status: int
    sentence: Words | str
    condition: str
    headers: Mapping[str, str] = field(default_factory=dict)


def _http_fault(error: http.HTTPException) -> _Fault:
    headers = {"Allow": error.headers["Allow"]} if "Allow" in error.headers else {}
    condition = {404: "item-not-found", 405: "not-allowed"}.get(error.status, "bad-request")
    return _Fault(error.status, _SENTENCES.get(error.status, error.reason), condition, headers)


def _fault(error: Exception) -> _Fault:
    match error:
        case TooMany():
            return _Fault(
                error.status,
                error.sentence,
                error.condition,
                {"Retry-After": str(error.retry_after)},
            )
        case Unauthorized():
            challenge = {"WWW-Authenticate": 'Bearer realm="shoutbus"'}
            return _Fault(error.status, error.sentence, error.condition, challenge)
        case ShoutbusError():
            return _Fault(error.status, error.sentence, error.condition)
        case http.RequestPayloadError() | HttpProcessingError() | ConnectionError():
            # No gzip that says it is, a part with an endless header, a caller who went in the
            # middle.
            sentence = _("The request cannot be read. Its content does not match its headers.")
            return _Fault(400, sentence, "bad-request")
        case OSError(errno=errno.ENAMETOOLONG):
            return _Fault(404, _SENTENCES[404], "item-not-found")
    return _Fault(
        500,
        _("An internal error occurred; see the log of Shoutbus. The request was not accepted."),
        "internal-server-error",
    )


_SENTENCES = {
    404: NOWHERE,
    405: _("This address does not support this method."),
    413: _(
        "The request is too large. The maximum is {size} MiB.", size=api.MAX_REQUEST // 1024 // 1024
    ),
}
_TITLES = {
    400: _("Bad Request"),
    403: _("Forbidden"),
    404: _("Not Found"),
    405: _("Method Not Allowed"),
    409: _("Conflict"),
    410: _("Gone"),
    413: _("Content Too Large"),
    429: _("Too Many Requests"),
    500: _("Internal Server Error"),
    503: _("Service Unavailable"),
}
"""What pages call the statuses that people meet."""


def _problem(request: http.Request, fault: _Fault) -> http.Response:
    title = HTTPStatus(fault.status).phrase
    language = "en" if request.path.startswith("/api/") else asked_language(request)
    sentence = tell(fault.sentence, language)
    if request.path.startswith("/api/") or "application/json" in request.headers.get("Accept", ""):
        told = {
            "type": "about:blank",
            "title": title,
            "status": fault.status,
            "detail": sentence,
            "condition": fault.condition,
        }
        kind = "application/problem+json"
        return http.Response(
            text=json.dumps(told), status=fault.status, headers=fault.headers, content_type=kind
        )
    heading = tell(_TITLES.get(fault.status, title), language)
    response = pages.page("error.html", language, fault.status, title=heading, sentence=sentence)
    response.headers.update(fault.headers)
    return response
