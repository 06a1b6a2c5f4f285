"""`/health`: whether messages get through, for monitoring."""

from aiohttp import web as http

from component.bus.model.roles import Role
from web import api
from web.context import SITE, Site
from web.guests import is_loopback

PROXY_HEADERS = ("Forwarded", "X-Forwarded-For", "X-Real-IP")


async def health(request: http.Request) -> http.Response:
    """Each connection's state and the queues' depths; 503 if messages cannot get through.

    Rooms and queues have the names of people and teams: only this machine and admins see more than
    the status.
    """
    site = request.app[SITE]
    report = await site.health()
    status = 503 if report["status"] == "down" else 200
    if not may_see_details(request, site):
        report = {"status": report["status"]}
    return http.json_response(report, status=status)


def may_see_details(request: http.Request, site: Site) -> bool:
    """Whether a request comes from this machine without a proxy, or with an admin's token."""
    token = api.bearer(request)
    if token and site.roles.of(token.jid) >= Role.ADMIN:
        return True
    if any(name in request.headers for name in PROXY_HEADERS):
        return False
    return is_loopback(request.remote or "") and site.is_own_host(request.host)
