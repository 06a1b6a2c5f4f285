"""The way in, and what all pages of those who are signed in share: who asks, in which language,
whether it was their click.

Until people can sign in by themselves, the bot hands them a link. Looking at it uses nothing up, so
what fetches links ahead of people signs nobody in; the button on its page does.
"""

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jinja2
from aiohttp import web as http

from commands.action import Caller
from commands.data_forms import as_words
from component.bus.model.roles import Role
from component.common.errors import BadInput, Forbidden, ShoutbusError
from component.common.i18n import _, tell
from web.admin.watch import Watchers
from web.context import SITE, Site, asked_language, policy, speaking
from web.sessions import Seat
from web.shoutbox.pages import is_cross_site, shown

COOKIE = "shoutbus-operator"
WAY = "web"
NEEDED = Role.OPERATOR

_JINJA = jinja2.Environment(
    loader=jinja2.PackageLoader("web"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=jinja2.StrictUndefined,
)

NOT_OURS = _("The request did not come from this site. Reload the page and try again.")

Values = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of someone who is signed in, and has the role that the page needs at this
    moment."""

    site: Site
    seat: Seat
    caller: Caller
    query: Values
    form: Values
    """What was posted; empty for what only looks."""
    wants_json: bool

    @property
    def language(self) -> str:
        """What to tell them in."""
        return self.caller.language

    def page(self, template: str, status: int = 200, **values: Any) -> http.Response:
        """A page of theirs."""
        operator = self.caller.role >= NEEDED
        return _page(template, status, self.language, seat=self.seat, operator=operator, **values)

    def drawn(self, template: str, macro: str, *arguments: Any) -> str:
        """What a template's macro makes, in their language."""
        module = _JINJA.get_template(template).make_module(speaking(self.language))
        return str(getattr(module, macro)(*arguments))

    def told(self, fault: ShoutbusError) -> str:
        """A fault's sentence for them."""
        return tell(as_words(fault), self.language)

    def value(self, name: str) -> str:
        """One value that was posted."""
        return next(iter(self.form.get(name, ())), "")


Handler = Callable[[http.Request, Visit], Awaitable[http.StreamResponse]]


def _page(template: str, status: int, language: str, **values: Any) -> http.Response:
    given = {"seat": None, "operator": False, "people": False, **speaking(language), **values}
    text = _JINJA.get_template(template).render(**given)
    response = shown(text, status)
    response.headers["Content-Security-Policy"] = policy("'none'")
    return response


def json_answer(status: int = 200, **values: Any) -> http.Response:
    """An answer to our own script."""
    return http.json_response(values, status=status, headers={"Cache-Control": "no-store"})


def for_operators(handler: Handler) -> Callable[[http.Request], Awaitable[http.StreamResponse]]:
    """A page for operators: others learn how to become a guest of it, and a click must be their
    own."""
    return _guarded(handler, NEEDED)


def for_people(handler: Handler) -> Callable[[http.Request], Awaitable[http.StreamResponse]]:
    """A page for all who are signed in, operators or not; else as `for_operators`."""
    return _guarded(handler, Role.MEMBER)


def _guarded(
    handler: Handler, needed: Role
) -> Callable[[http.Request], Awaitable[http.StreamResponse]]:
    async def guarded(request: http.Request) -> http.StreamResponse:
        site = request.app[SITE]
        seat = site.operators.seat(request.cookies.get(COOKIE, ""))
        if seat is None or site.roles.of(seat.jid) < needed:
            return _stranger(request, seat, needed)
        caller = Caller(
            seat.jid,
            seat.jid.partition("@")[0],
            site.roles.of(seat.jid),
            language=site.bus.settings.language(seat.jid, asked_language(request)),
            way=WAY,
        )
        wants_json = "application/json" in request.headers.get("Accept", "")
        try:
            form = await _posted(request, seat) if request.method == "POST" else {}
            return await handler(
                request, Visit(site, seat, caller, _several(request.query), form, wants_json)
            )
        except ShoutbusError as fault:
            told = tell(as_words(fault), caller.language)
            if wants_json:
                return json_answer(fault.status, detail=told)
            return _page(
                "told.html",
                fault.status,
                caller.language,
                seat=seat,
                operator=caller.role >= NEEDED,
                people=needed < NEEDED,
                kind="error",
                words=told,
            )

    return guarded


def is_still(request: http.Request) -> bool:
    """Whether who opened a stream is signed in and an operator still; does not keep the session
    alive."""
    site = request.app[SITE]
    seat = site.operators.seat(request.cookies.get(COOKIE, ""), use=False)
    return seat is not None and site.roles.of(seat.jid) >= NEEDED


async def _posted(request: http.Request, seat: Seat) -> Values:
    """What was posted, where it came from a page of ours that was made for this session."""
    form = await filled(request)
    token = next(iter(form.get("token", ())), "")
    ours = secrets.compare_digest(token.encode("utf-8", "replace"), seat.token.encode())
    if not ours or is_cross_site(request, request.app[SITE]):
        raise Forbidden(NOT_OURS)
    return form


async def filled(request: http.Request) -> Values:
    """What a form was filled with; raises BadInput where it can't be read."""
    try:
        return _several(await request.post())
    except (
        ValueError,
        LookupError,
        RuntimeError,
    ) as error:  # RuntimeError: an unknown transfer encoding
        raise BadInput(_("The form cannot be read. Reload the page and try again.")) from error


def _several(given: Any) -> Values:
    """Every value of every name; files are none."""
    return {name: [one for one in given.getall(name) if isinstance(one, str)] for name in given}


def _stranger(request: http.Request, seat: Seat | None, needed: Role) -> http.Response:
    """What others see: how those get in whom the page is for."""
    language, site, people = asked_language(request), request.app[SITE], needed < NEEDED
    words = _(
        "This page is for operators. Write “matrix” to {bot} to get a link.",
        bot=site.bus.bot,
    )
    if people:
        words = _(
            "This page requires you to sign in. Write “subscriptions” to {bot} to get a link.",
            bot=site.bus.bot,
        )
    elif seat:
        words = _(
            "This page is for operators. Your role is {role}.",
            role=site.roles.of(seat.jid).words,
        )
    if "application/json" in request.headers.get("Accept", ""):
        return json_answer(403, detail=words.told(language))
    return _page(
        "told.html",
        403,
        language,
        seat=seat,
        people=people,
        kind="info",
        words=words.told(language),
    )


# Signing in and out


def routes(watchers: Watchers) -> list[http.RouteDef]:
    """The ways in and out."""

    async def sign_out(request: http.Request, visit: Visit) -> http.Response:
        visit.site.operators.leave(request.cookies.get(COOKIE, ""))
        watchers.look()  # streams of theirs end
        words = _("You are signed out.").told(visit.language)
        response = _page("told.html", 200, visit.language, people=True, kind="info", words=words)
        response.del_cookie(COOKIE, path="/")
        return response

    return [
        http.get("/sign-in/{key}", look),
        http.post("/sign-in/{key}", enter),
        http.post("/sign-out", for_people(sign_out)),
    ]


_VOID = _(
    "This link is not valid. Each link works once, within 5 minutes. Write “matrix” or "
    "“subscriptions” to the bot for a new one."
)
_PLACES = {"matrix": "/matrix", "subscriptions": "/subscriptions"}
"""Where links of the bot's lead to, by what they say behind `?to=`."""


async def look(request: http.Request) -> http.Response:
    """The page of a link: whom it signs in, and a button. Fetching it changes nothing."""
    jid = request.app[SITE].operators.whose(request.match_info["key"])
    language = _language_of(request, jid)
    if not jid:
        return _void(request)
    return _page("sign_in.html", 200, language, jid=jid)


async def enter(request: http.Request) -> http.Response:
    """Use the link up: a new session, whatever one the browser had before."""
    site = request.app[SITE]
    if is_cross_site(request, site):
        language = asked_language(request)
        return _page(
            "told.html", 403, language, people=True, kind="error", words=NOT_OURS.told(language)
        )
    jid = site.operators.whose(request.match_info["key"])
    cookie = site.operators.enter(request.match_info["key"])
    if not cookie:
        return _void(request)
    site.operators.leave(request.cookies.get(COOKIE, ""))
    response = http.Response(
        status=303, headers={"Location": _place(request, jid), "Cache-Control": "no-store"}
    )
    secure = site.public_url.startswith("https:")
    response.set_cookie(COOKIE, cookie, httponly=True, samesite="Strict", secure=secure, path="/")
    return response


def _place(request: http.Request, jid: str) -> str:
    """The page that someone came for; without one, the first of those that they may see."""
    first = "matrix" if request.app[SITE].roles.of(jid) >= NEEDED else "subscriptions"
    return _PLACES.get(request.query.get("to", ""), _PLACES[first])


def _void(request: http.Request) -> http.Response:
    language = asked_language(request)
    return _page("told.html", 404, language, people=True, kind="error", words=_VOID.told(language))


def _language_of(request: http.Request, jid: str) -> str:
    return request.app[SITE].bus.settings.language(jid, asked_language(request))
