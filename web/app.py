"""The aiohttp application: all paths, the headers of every response, and the server."""

import contextlib
import json
import logging
from collections.abc import AsyncIterator
from importlib import resources
from typing import Any

from aiohttp import web as http
from aiohttp.http_exceptions import HttpProcessingError

from component.common.errors import ConfigError, words
from web import api
from web.account import consent, sign_in, subscriptions
from web.account.sign_up_page import SignUpPage
from web.admin import commands, matrix
from web.admin.watch import Watchers
from web.context import SITE, Site
from web.health import health
from web.hooks import websub
from web.problems import answer_errors
from web.rendering import content_security_policy
from web.shoutbox import pages
from web.sse import Streams
from web.stories import pages as stories
from web.stories.archives import story_archives

SHUTDOWN_TIMEOUT_S = 2
HEADERS = {
    "Content-Security-Policy": content_security_policy("'self'"),
    # with no-referrer, browsers send our own form with Origin: null
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of every response that does not set them."""


def make(site: Site) -> http.Application:
    """The whole web side of `site`."""
    app = http.Application(middlewares=[answer_errors], client_max_size=api.MAX_REQUEST_BYTES)
    app[SITE] = site
    streams, watchers = Streams(), Watchers()
    site.bus.settings.changed.append(watchers.look)
    app.add_routes(
        [
            http.get("/health", health),
            http.get("/api/openapi.json", openapi),
            *api.routes(streams),
            *sign_in.routes(watchers),
            *matrix.routes(watchers),
            *commands.routes(site),
            *websub.routes(),
            *stories.routes(),
            *consent.routes(),
            *subscriptions.routes(),
            *SignUpPage(site).routes(),
            *pages.routes(site, streams, story_archives),
        ]
    )
    app.on_response_prepare.append(set_headers)
    app.on_shutdown.append(watchers.close)
    return app


@contextlib.asynccontextmanager
async def serving(site: Site, host: str, port: int) -> AsyncIterator[None]:
    """Serve within the block; raises ConfigError if the address cannot be used."""
    logging.getLogger("aiohttp.server").addFilter(is_our_fault)
    runner = http.AppRunner(make(site), access_log=None, shutdown_timeout=SHUTDOWN_TIMEOUT_S)
    await runner.setup()
    try:
        await listen(runner, host, port)
        yield
    finally:
        # Open pages hold their streams forever, and cleanup waits for requests to end.
        site.hub.let_go()
        await runner.cleanup()


def is_our_fault(record: logging.LogRecord) -> bool:
    """Whether a log record is about a fault of ours. A malformed request is answered and not
    logged."""
    if not record.exc_info:
        return True
    return not isinstance(record.exc_info[1], HttpProcessingError | http.RequestPayloadError)


async def listen(runner: http.AppRunner, host: str, port: int) -> None:
    """Listen on an address; raises ConfigError."""
    try:
        await http.TCPSite(runner, host, port).start()
    except OSError as error:
        raise ConfigError(
            [f"[web] listen: {host}:{port} cannot be used: {words(error)}."]
        ) from error


async def openapi(request: http.Request) -> http.Response:
    """The API's description (OpenAPI 3.1)."""
    site = request.app[SITE]
    text = resources.files("web").joinpath("openapi.json").read_text("utf-8")
    description: dict[str, Any] = json.loads(text)
    description["info"]["version"] = site.version
    description["servers"] = [{"url": site.public_url}]
    return http.json_response(description)


async def set_headers(_request: http.Request, response: http.StreamResponse) -> None:
    """Set the headers that a response does not set itself."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
