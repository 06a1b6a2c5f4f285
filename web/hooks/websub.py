"""Where hubs call (WebSub, https://www.w3.org/TR/websub/): they verify subscriptions, and push new
content.

A callback's token is its secret; a caller without it learns nothing here.
"""

from collections.abc import Sequence

from aiohttp import web as http

from web.context import SITE

MAX_PUSH_BYTES = 1024 * 1024
"""Bytes of one push. Larger content is found when the feed is polled, within a day."""


def routes() -> Sequence[http.RouteDef]:
    """The callbacks."""
    return [http.get("/websub/{token}", verify), http.post("/websub/{token}", push)]


async def verify(request: http.Request) -> http.Response:
    """A hub asks whether a subscription is wanted (section 5.3)."""
    for callback in request.app[SITE].callbacks.heard:
        status, text = await callback.verify(request.match_info["token"], request.query)
        if status != 404:
            return http.Response(status=status, text=text)
    raise http.HTTPNotFound


async def push(request: http.Request) -> http.Response:
    """A hub pushes content (section 7): 202 only once it is on disk; forged content gets the same
    answer."""
    body = await read_body(request)
    media_type = request.headers.get("Content-Type", "")
    signature = request.headers.get("X-Hub-Signature", "")
    for callback in request.app[SITE].callbacks.heard:
        if await callback.push(request.match_info["token"], body, media_type, signature):
            return http.Response(status=202)
    raise http.HTTPNotFound


async def read_body(request: http.Request) -> bytes:
    """The pushed content; raises HTTPRequestEntityTooLarge without reading all of it."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_PUSH_BYTES:
            raise http.HTTPRequestEntityTooLarge(MAX_PUSH_BYTES, len(body))
    return bytes(body)
