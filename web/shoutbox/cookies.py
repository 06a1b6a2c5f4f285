"""What a guest's browser keeps: the session, and the name they used last."""

from aiohttp import web as http

from component.bus.model.message import MAX_NAME, is_id
from component.common.sanitize import one_line
from web.context import Site
from web.guests import new_session

SESSION_COOKIE = "shoutbus"
NAME_COOKIE = "shoutbus-name"
MAX_AGE_S = 365 * 24 * 3600


def guest_session(request: http.Request) -> str:
    """The guest's session; a new one if the browser has none."""
    session = request.cookies.get(SESSION_COOKIE, "")
    if is_id(session):
        return session
    return new_session()


def guest_name(request: http.Request) -> str:
    """The name that the guest used last; "" if the browser has none."""
    kept = request.cookies.get(NAME_COOKIE, "").encode("ascii", "replace")
    try:
        name = kept.decode("unicode_escape")
    except ValueError:
        return ""
    return one_line(name)[:MAX_NAME]


def keep_session(response: http.Response, site: Site, session: str) -> None:
    """Have the browser keep the session."""
    keep(response, site, SESSION_COOKIE, session)


def keep_name(response: http.Response, site: Site, name: str) -> None:
    """Have the browser keep the name, escaped, as cookies hold ASCII only (RFC 6265)."""
    keep(response, site, NAME_COOKIE, name.encode("unicode_escape").decode())


def keep(response: http.Response, site: Site, cookie: str, value: str) -> None:
    """Have the browser keep a value for a year, out of reach for scripts."""
    response.set_cookie(
        cookie,
        value,
        max_age=MAX_AGE_S,
        httponly=True,
        samesite="Lax",
        secure=site.is_secure,
        path="/",
    )
