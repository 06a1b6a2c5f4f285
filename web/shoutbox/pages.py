"""The pages: a list of shoutboxes, a page for each, one message whole. They work without
JavaScript."""

import datetime
import functools
import hmac
import json
from collections.abc import Callable, Sequence
from importlib import resources
from typing import Any

import jinja2
from aiohttp import web as http

from component.bus.model.delivery import Delivery
from component.bus.model.message import MAX_NAME, Message, id_from, is_id
from component.bus.model.records import ChannelSpec
from component.common.errors import BadInput, Forbidden, NotFound, ShoutbusError
from component.common.i18n import _, tell
from component.common.linkify import linked
from component.common.sanitize import one_line
from web.account.sign_up import INTERVALS
from web.context import SITE, Site, asked_language, speaking
from web.guests import new_session
from web.sse import Streams, cursor

SHOWN = 50
MAX_SHOUT = 10_000
"""Characters of one shout."""
COOKIE = "shoutbus"
NAME_COOKIE = "shoutbus-name"
YEAR = 365 * 24 * 3600


def _moment(at: int) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at / 1000, datetime.UTC)


_JINJA = jinja2.Environment(
    loader=jinja2.PackageLoader("web"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)
_JINJA.filters |= {"linked": linked, "moment": _moment}


def drawn(template: str, **values: Any) -> str:
    """What a file of `templates/` makes of the values."""
    return _JINJA.get_template(template).render(**values)


def page(template: str, language: str, status: int = 200, **values: Any) -> http.Response:
    """A whole page from `templates/`, for anyone, in the language that was asked for."""
    response = shown(drawn(template, **speaking(language), **values), status)
    response.headers.update({"Content-Language": language, "Vary": "Accept-Language, Cookie"})
    return response


def shown(text: str, status: int = 200) -> http.Response:
    """A page that is not to be kept anywhere."""
    return http.Response(
        text=text, content_type="text/html", status=status, headers={"Cache-Control": "no-store"}
    )


@functools.cache
def _macro(language: str) -> Callable[..., str]:
    """Draws a shout in a language."""
    made: Callable[..., str] = vars(
        _JINJA.get_template("shout.html").make_module(speaking(language))
    )["shout"]
    return made


def drawing(site: Site) -> Callable[[str, Delivery], str]:
    """Draws a shout as the page in a language shows it, JSON on one line; once for all who read it
    live."""

    @functools.lru_cache(64)
    def draw(language: str, delivery: Delivery) -> str:
        return json.dumps(
            {"seq": delivery.seq, "html": str(_macro(language)(delivery, site.whole_url))}
        )

    return draw


def routes(
    site: Site, streams: Streams, shelf: Callable[[http.Request], Sequence[ChannelSpec]]
) -> list[http.AbstractRouteDef]:
    """Every page's path; `shelf` gives the archives of stories that whoever asks may read."""

    draw = drawing(site)

    async def index(request: http.Request) -> http.Response:
        """The list of shoutboxes and archives."""
        return page(
            "index.html", asked_language(request), boxes=site.boxes(), archives=shelf(request)
        )

    async def stream(request: http.Request) -> http.StreamResponse:
        in_words = functools.partial(draw, asked_language(request))
        return await streams.serve(request, site, _spec(request).channel, in_words)

    return [
        http.get("/", index),
        http.get("/messages/{id}/{key}", whole),
        http.static("/static", str(resources.files("web").joinpath("static"))),
        http.get("/{method}/{address}", shoutbox),
        http.post("/{method}/{address}", shout),
        http.get("/{method}/{address}/older", older, allow_head=False),
        http.get("/{method}/{address}/stream", stream, allow_head=False),
    ]


def _spec(request: http.Request) -> ChannelSpec:
    return request.app[SITE].box(request.match_info["method"], request.match_info["address"])


async def shoutbox(request: http.Request) -> http.Response:
    """A shoutbox: its last shouts and the form."""
    return await _box(request, _spec(request))


async def _box(
    request: http.Request,
    spec: ChannelSpec,
    *,
    error: str = "",
    body: str = "",
    name: str | None = None,
    status: int = 200,
) -> http.Response:
    site = request.app[SITE]
    before = request.query.get("before")
    shouts = await site.hub.store.log(
        spec.channel, before=cursor(before) if before else 2**62, limit=SHOWN
    )
    response = page(
        "shoutbox.html",
        asked_language(request),
        status,
        spec=spec,
        path=f"/{spec.channel.method}/{spec.channel.address}",
        shouts=shouts,
        older=shouts[0].seq if len(shouts) == SHOWN else None,
        newest=shouts[-1].seq if shouts else 0,
        live=before is None,
        error=error,
        body=body,
        name=_cookie_name(request) if name is None else name,
        key=new_session(),
        limit=MAX_SHOUT,
        whole=site.whole_url,
        intervals=INTERVALS if site.by_mail else {},
    )
    if COOKIE not in request.cookies:
        _remember(response, site, COOKIE, new_session())
    return response


async def older(request: http.Request) -> http.Response:
    """What stands before a shout, for the script that loads it on scrolling up."""
    spec = _spec(request)
    before = cursor(request.query.get("before", ""))
    shouts = await request.app[SITE].hub.store.log(spec.channel, before=before, limit=SHOWN)
    older = shouts[0].seq if len(shouts) == SHOWN else None
    draw = functools.partial(drawing(request.app[SITE]), asked_language(request))
    return http.json_response(
        {"shouts": [json.loads(draw(one)) for one in shouts], "before": older}
    )


async def shout(request: http.Request) -> http.Response:
    """Take a shout from the form: the page again, or, for the script, 201 or a problem."""
    spec, site = _spec(request), request.app[SITE]
    fields = await _fields(request)
    wants_json = "application/json" in request.headers.get("Accept", "")
    session = request.cookies.get(COOKIE, "")
    session = session if is_id(session) else new_session()
    try:
        _same_site(request, site)
        message = _shouted(request, site, spec, fields, session)
        receipt = await site.hub.accept(message)
    except ShoutbusError as fault:
        if wants_json:
            raise
        told_why = tell(fault.sentence, asked_language(request))
        return await _box(
            request,
            spec,
            error=told_why,
            body=fields["body"][:MAX_SHOUT],
            name=fields["name"],
            status=fault.status,
        )
    told = [one.sentence.told(asked_language(request)) for one in site.hub.refusals(receipt)]
    if wants_json:
        response = http.json_response({"id": message.id, "stopped": told}, status=201)
    elif told:  # no page stands for that; a reload posts the same shout, which changes nothing
        response = await _box(request, spec, error=" ".join(told), name=message.author.name)
    else:
        response = http.Response(status=303, headers={"Location": f"{request.path}#end"})
    _remember(response, site, COOKIE, session)
    _remember(response, site, NAME_COOKIE, message.author.name.encode("unicode_escape").decode())
    return response


def _shouted(
    request: http.Request, site: Site, spec: ChannelSpec, fields: dict[str, str], session: str
) -> Message:
    body = fields["body"]
    if not body.strip():
        raise BadInput(_("The message is empty. Write some text."))
    if len(body) > MAX_SHOUT:
        raise BadInput(
            _(
                "The message has {count} characters. The maximum is {most}.",
                count=len(body),
                most=MAX_SHOUT,
            )
        )
    author = site.guests.author(session, site.address(request), fields["name"])
    # The form's key makes a reload or a second click the same shout; other words under an old key
    # (the browser's way back restores it) are another.
    origin = f"{author.key}#{id_from(fields['key'] + body)}" if is_id(fields["key"]) else ""
    return Message.new(spec.channel, author, body, site.clock(), origin=origin)


async def _fields(request: http.Request) -> dict[str, str]:
    try:
        form = await request.post()
    except (
        ValueError,
        LookupError,
        RuntimeError,
    ) as error:  # RuntimeError: an unknown transfer encoding
        raise BadInput(_("The form cannot be read. Reload the page and try again.")) from error
    given = {key: form.get(key, "") for key in ("name", "body", "key")}
    return {key: value if isinstance(value, str) else "" for key, value in given.items()}


def _same_site(request: http.Request, site: Site) -> None:
    if is_cross_site(request, site):
        raise Forbidden(
            _("The message was sent from another site. Open the shoutbox and write it there.")
        )


def is_cross_site(request: http.Request, site: Site) -> bool:
    """Whether another site sent a form (Fetch Metadata, Origin)."""
    origin = request.headers.get("Origin")
    ours = {site.public_url} | (
        {f"{request.scheme}://{request.host}"} if site.is_ours(request.host) else set()
    )
    fetched = request.headers.get("Sec-Fetch-Site", "same-origin")
    return fetched not in ("same-origin", "none") or (origin is not None and origin not in ours)


def _cookie_name(request: http.Request) -> str:
    try:
        name = (
            request.cookies.get(NAME_COOKIE, "").encode("ascii", "replace").decode("unicode_escape")
        )
    except ValueError:
        return ""
    return one_line(name)[:MAX_NAME]


def _remember(response: http.Response, site: Site, cookie: str, value: str) -> None:
    secure = site.public_url.startswith("https:")
    response.set_cookie(
        cookie, value, max_age=YEAR, httponly=True, samesite="Lax", secure=secure, path="/"
    )


async def whole(request: http.Request) -> http.Response:
    """One message, whole: where a destination could carry a part only, it links here, with the key
    that opens it."""
    site, given = request.app[SITE], request.match_info["id"]
    opens = is_id(given) and hmac.compare_digest(
        site.key_of(given).encode(), request.match_info["key"].encode()
    )
    found = await site.hub.store.trace(given) if opens else ()
    if not found:
        raise NotFound(_("This message does not exist."))
    return page("message.html", asked_language(request), delivery=found[0])
