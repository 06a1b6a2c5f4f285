"""Signing in and out.

The bot hands out a link. Loading its page does not use the link up, so programs that fetch links
ahead of people sign nobody in; the button on the page does.
"""

from aiohttp import web as http

from component.bus.model.roles import Role
from component.common.i18n import _
from web.admin.watch import Watchers
from web.auth import COOKIE, Visit, for_people, member_page, notice
from web.context import SITE
from web.csrf import NOT_OURS, is_cross_site
from web.rendering import asked_language, redirect

INVALID = _(
    "This link is not valid. It is older than 5 minutes, or you have a newer one. Write “matrix” "
    "or “subscriptions” to the bot to get a new link."
)
USED = _(
    "This link is not valid. It works once, and was already used. Write “matrix” or "
    "“subscriptions” to the bot to get a new link."
)
PLACES = {"matrix": "/matrix", "subscriptions": "/subscriptions"}
"""The pages that the bot's links lead to, by the value of `?to=`."""


def routes(watchers: Watchers) -> list[http.RouteDef]:
    """Signing in and out; `watchers` end the streams of those who sign out."""

    async def sign_out(request: http.Request, visit: Visit) -> http.Response:
        visit.site.sign_ins.close(request.cookies.get(COOKIE, ""))
        watchers.look()
        response = notice(200, visit.language, "info", _("You are signed out."), people=True)
        response.del_cookie(COOKIE, path="/")
        return response

    return [
        http.get("/sign-in/{key}", show),
        http.post("/sign-in/{key}", enter),
        http.post("/sign-out", for_people(sign_out)),
    ]


async def show(request: http.Request) -> http.Response:
    """The page of a link: whom it signs in, and a button. It changes nothing."""
    site = request.app[SITE]
    jid = site.sign_ins.owner(request.match_info["key"])
    if not jid:
        return invalid(request)
    language = site.bus.settings.language(jid, asked_language(request))
    return member_page("sign_in.html", 200, language, jid=jid)


async def enter(request: http.Request) -> http.Response:
    """Use the link up: a new session, which replaces the browser's earlier one."""
    site = request.app[SITE]
    if is_cross_site(request, site):
        return notice(403, asked_language(request), "error", NOT_OURS, people=True)
    jid = site.sign_ins.owner(request.match_info["key"])
    cookie = site.sign_ins.open(request.match_info["key"])
    if not cookie:
        return invalid(request)
    site.sign_ins.close(request.cookies.get(COOKIE, ""))
    response = redirect(place(request, jid))
    response.set_cookie(
        COOKIE, cookie, httponly=True, samesite="Strict", secure=site.is_secure, path="/"
    )
    return response


def place(request: http.Request, jid: str) -> str:
    """The page that a link leads to; if it names none, the first one that its owner may see."""
    wanted = PLACES.get(request.query.get("to", ""))
    if wanted:
        return wanted
    if request.app[SITE].roles.of(jid) >= Role.OPERATOR:
        return PLACES["matrix"]
    return PLACES["subscriptions"]


def invalid(request: http.Request) -> http.Response:
    """A link that was used, has expired, or was made up."""
    words = INVALID
    if request.app[SITE].sign_ins.was_used(request.match_info["key"]):
        words = USED
    return notice(404, asked_language(request), "error", words, people=True)
