"""Where hubs call (WebSub, https://www.w3.org/TR/websub/): they ask whether we asked, and send what
is new.

A callback's token is its secret; who does not know one learns nothing here.
"""

from collections.abc import Sequence

from aiohttp import web as http

from web.context import SITE

MOST = 1024 * 1024
"""Bytes that a hub may send at once; what is larger is found when the feed is looked at, within a
day."""


def routes() -> Sequence[http.RouteDef]:
    """The callbacks."""
    return [http.get("/websub/{token}", verify), http.post("/websub/{token}", push)]


async def verify(request: http.Request) -> http.Response:
    """A hub's question (section 5.3)."""
    for one in request.app[SITE].callbacks.heard:
        status, text = await one.verify(request.match_info["token"], request.query)
        if status != 404:
            return http.Response(status=status, text=text)
    raise http.HTTPNotFound


async def push(request: http.Request) -> http.Response:
    """What a hub sends (section 7): yes only once it is on disk; what is forged gets the same
    answer."""
    body = await request.content.read(MOST + 1)
    while len(body) <= MOST and (more := await request.content.read(MOST + 1 - len(body))):
        body += more
    if len(body) > MOST:
        raise http.HTTPRequestEntityTooLarge(MOST, len(body))
    kind, signature = (
        request.headers.get("Content-Type", ""),
        request.headers.get("X-Hub-Signature", ""),
    )
    for one in request.app[SITE].callbacks.heard:
        if await one.push(request.match_info["token"], body, kind, signature):
            return http.Response(status=202)
    raise http.HTTPNotFound
