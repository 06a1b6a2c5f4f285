"""The pages of shoutboxes: the list of them, and a page for each. They work without JavaScript."""

import functools
import json
from collections.abc import Callable, Sequence
from importlib import resources

from aiohttp import web as http

from component.bus.model.delivery import Delivery
from component.bus.model.records import ChannelSpec
from component.common.errors import ShoutbusError
from component.common.i18n import Words, tell
from web.account.sign_up import INTERVALS
from web.context import SITE, Site
from web.guests import new_session
from web.rendering import asked_language, macro, page, wants_json
from web.shoutbox.cookies import (
    SESSION_COOKIE,
    guest_name,
    guest_session,
    keep_name,
    keep_session,
)
from web.shoutbox.message_page import message_page
from web.shoutbox.shouts import MAX_SHOUT_CHARS, Draft
from web.sse import Streams, cursor

PAGE_SIZE = 50
"""Shouts on a page."""
LATEST = 2**62
"""Larger than every sequence number."""
MAX_RENDERED = 64
"""Shouts whose rendering is kept, as many read the same one live."""

Archives = Callable[[http.Request], Sequence[ChannelSpec]]
"""Gives the story archives that the caller may read."""


def routes(site: Site, streams: Streams, archives: Archives) -> list[http.AbstractRouteDef]:
    """The paths of all pages; the last ones match any address of two parts."""
    renderer = Renderer(site)

    async def index(request: http.Request) -> http.Response:
        """The list of shoutboxes and archives."""
        language = asked_language(request)
        return page("index.html", language, boxes=site.shoutboxes(), archives=archives(request))

    async def stream(request: http.Request) -> http.StreamResponse:
        render = functools.partial(renderer.event, asked_language(request))
        return await streams.serve(request, site, spec_of(request).channel, render)

    async def older(request: http.Request) -> http.Response:
        """The shouts before one, for the script that loads them when the reader scrolls up."""
        before = cursor(request.query.get("before", ""))
        shouts = await read_page(site, spec_of(request), before)
        data = [renderer.data(asked_language(request), delivery) for delivery in shouts]
        return http.json_response({"shouts": data, "before": next_before(shouts)})

    return [
        http.get("/", index),
        http.get("/messages/{id}/{key}", message_page),
        http.static("/static", str(resources.files("web").joinpath("static"))),
        http.get("/{method}/{address}", shoutbox),
        http.post("/{method}/{address}", post),
        http.get("/{method}/{address}/older", older, allow_head=False),
        http.get("/{method}/{address}/stream", stream, allow_head=False),
    ]


class Renderer:
    """Renders shouts as the page shows them, for scripts; once for everyone who reads live."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self.event = functools.lru_cache(MAX_RENDERED)(self.as_json)
        """`as_json`, with the newest results cached."""

    def data(self, language: str, delivery: Delivery) -> dict[str, object]:
        """A shout's sequence number and HTML."""
        return {
            "seq": delivery.seq,
            "html": str(shout_macro(language)(delivery, self._site.message_path)),
        }

    def as_json(self, language: str, delivery: Delivery) -> str:
        """The same as JSON on one line."""
        return json.dumps(self.data(language, delivery))


@functools.cache
def shout_macro(language: str) -> Callable[..., str]:
    """The template of one shout."""
    return macro("shout.html", "shout", language)


def spec_of(request: http.Request) -> ChannelSpec:
    """The channel that a path names; raises NotFound."""
    return request.app[SITE].shoutbox(request.match_info["method"], request.match_info["address"])


async def read_page(site: Site, spec: ChannelSpec, before: int = LATEST) -> Sequence[Delivery]:
    """The newest shouts before a sequence number, oldest first."""
    return await site.store.deliveries.log(spec.channel, before=before, limit=PAGE_SIZE)


def next_before(shouts: Sequence[Delivery]) -> int | None:
    """Where the page with older shouts ends; None if there are none."""
    if len(shouts) < PAGE_SIZE:
        return None
    return shouts[0].seq


# A shoutbox


async def shoutbox(request: http.Request) -> http.Response:
    """A shoutbox: its newest shouts and the form."""
    return await shoutbox_page(request, Draft(guest_name(request), "", ""))


async def shoutbox_page(
    request: http.Request, draft: Draft, error: str = "", status: int = 200
) -> http.Response:
    """The page of a shoutbox, with what its form contains and what is wrong with it."""
    site, spec = request.app[SITE], spec_of(request)
    before = request.query.get("before")
    shouts = await read_page(site, spec, cursor(before) if before else LATEST)
    response = page(
        "shoutbox.html",
        asked_language(request),
        status,
        spec=spec,
        path=f"/{spec.channel.method}/{spec.channel.address}",
        shouts=shouts,
        older=next_before(shouts),
        newest=shouts[-1].seq if shouts else 0,
        live=before is None,
        error=error,
        body=draft.body[:MAX_SHOUT_CHARS],
        name=draft.name,
        key=new_session(),
        limit=MAX_SHOUT_CHARS,
        message_path=site.message_path,
        intervals=INTERVALS if site.by_mail else {},
    )
    if SESSION_COOKIE not in request.cookies:
        keep_session(response, site, new_session())
    return response


async def post(request: http.Request) -> http.Response:
    """Take a shout from the form: the page again, or, for the script, 201 or a problem."""
    spec, site = spec_of(request), request.app[SITE]
    language = asked_language(request)
    draft, session = await Draft.read(request), guest_session(request)
    try:
        message = draft.message(request, site, spec, session)
        receipt = await site.hub.accept(message)
    except ShoutbusError as fault:
        if wants_json(request):
            raise
        return await shoutbox_page(request, draft, tell(fault.sentence, language), fault.status)
    stopped = in_language(language, [refusal.sentence for refusal in site.hub.refusals(receipt)])
    name = message.author.name
    if wants_json(request):
        response = http.json_response({"id": message.id, "stopped": stopped}, status=201)
    elif stopped:
        # Shown on the response to the form itself: a reload posts the same shout, which changes
        # nothing.
        response = await shoutbox_page(request, Draft(name, "", ""), " ".join(stopped))
    else:
        response = http.Response(status=303, headers={"Location": f"{request.path}#end"})
    keep_session(response, site, session)
    keep_name(response, site, name)
    return response


def in_language(language: str, sentences: Sequence[Words]) -> list[str]:
    """Sentences in a language."""
    return [sentence.told(language) for sentence in sentences]
