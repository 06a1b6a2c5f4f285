"""What the links in mails lead to: a page that confirms an address, one that ends subscriptions,
one that ends all.

GET only shows, since scanners of mail follow links; POST acts. The token in the address is the
proof: who has it got the mail. So nobody need be signed in, and a POST may come from anywhere: mail
providers end subscriptions by one that has neither cookie nor Origin (RFC 8058 section 3.2), and
whoever would forge one has no token.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from aiohttp import web as http

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Subscription
from component.common.errors import BadInput, Gone, NotFound
from component.common.i18n import _
from web.account.subscriptions import named
from web.auth import filled
from web.context import SITE, asked_language, policy
from web.shoutbox.pages import page

HEADERS = {
    "Content-Security-Policy": policy("'none'"),
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Robots-Tag": "noindex",
}
MOST = 1_000
"""Subscriptions at one address that are shown."""

_VOID = _("This link is not valid. Copy the complete link from the email.")
_OVER = _(
    "This link is no longer valid. Each link works once, within a week, and only the newest one "
    "works. Earlier confirmations remain valid."
)
_UNREADABLE = _("The form cannot be read. Reload the page and try again.")


def routes() -> list[http.RouteDef]:
    """The three pages."""
    pages = {
        "/confirm/{token}": (ask, confirm),
        "/unsubscribe/{token}": (doubt, end),
        "/stop/{token}": (warn, stop),
    }
    return [
        route
        for path, (show, act) in pages.items()
        for route in (http.get(path, show), http.post(path, act))
    ]


def _page(
    request: http.Request, template: str, some: Sequence[Subscription], state: str, **values: Any
) -> http.Response:
    """A page in the language of who subscribed."""
    site = request.app[SITE]
    language = some[0].language if some else asked_language(request)
    response = page(template, language, some=some, state=state, name=partial(named, site), **values)
    response.headers.update(HEADERS)
    return response


# Confirming an address


async def ask(request: http.Request) -> http.Response:
    """Whose address it is, and what would begin."""
    address = await _asked(request)
    waiting = await request.app[SITE].bus.subscriptions.book.waiting(address)
    return _page(request, "confirm.html", waiting, "asked", address=address)


async def confirm(request: http.Request) -> http.Response:
    """Its owner says that it is theirs: what they ticked begins, the rest ends."""
    address, form = await _asked(request), await filled(request)
    if "whole" not in form:
        raise BadInput(_UNREADABLE)
    book = request.app[SITE].bus.subscriptions.book
    waiting = await book.waiting(address)
    begun = await book.confirm(
        address, [one.id for one in waiting if str(one.id) in form.get("number", ())]
    )
    return _page(
        request, "confirm.html", begun or waiting, "done" if begun else "none", address=address
    )


async def _asked(request: http.Request) -> Address:
    book, token = request.app[SITE].bus.subscriptions.book, request.match_info["token"]
    if book.links.confirmed(token) is None:
        raise NotFound(_VOID)
    address = await book.asked(token)
    if address is None:
        raise Gone(_OVER)
    return address


# Ending


async def doubt(request: http.Request) -> http.Response:
    """Which subscriptions would end."""
    found = await _theirs(request)
    return _page(request, "unsubscribe.html", found, "asked" if found else "done")


async def end(request: http.Request) -> http.Response:
    """End them, whatever the body says; once more changes nothing, and is told the same."""
    found = await _theirs(request)
    await request.app[SITE].bus.subscriptions.end([one.id for one in found])
    return _page(request, "unsubscribe.html", found, "done")


async def _theirs(request: http.Request) -> Sequence[Subscription]:
    """Those of the link that are there still."""
    site = request.app[SITE]
    numbers = site.bus.subscriptions.book.links.ended(request.match_info["token"])
    if numbers is None:
        raise NotFound(_VOID)
    found = [await site.hub.store.subscription(one) for one in numbers]
    return [one for one in found if one]


async def warn(request: http.Request) -> http.Response:
    """All that an address gets; or that it gets nothing, and how to be asked again."""
    target = _target(request)
    stopped = await request.app[SITE].bus.subscriptions.book.is_stopped(target)
    return _page(
        request,
        "stop.html",
        await _at(request, target),
        "done" if stopped else "asked",
        target=target,
    )


async def stop(request: http.Request) -> http.Response:
    """Nothing goes there any more; or, by the other button, it may be asked again."""
    target = _target(request)
    book, found = request.app[SITE].bus.subscriptions.book, await _at(request, target)
    if await _wants_again(request):
        await book.allow(target)
        return _page(request, "stop.html", found, "allowed", target=target)
    await book.stop(target)
    return _page(request, "stop.html", found, "done", target=target)


def _target(request: http.Request) -> Channel:
    target = request.app[SITE].bus.subscriptions.book.links.stopped(request.match_info["token"])
    if target is None:
        raise NotFound(_VOID)
    return target


async def _at(request: http.Request, target: Channel) -> Sequence[Subscription]:
    return await request.app[SITE].hub.store.subscriptions(target=target, limit=MOST)


async def _wants_again(request: http.Request) -> bool:
    """What can't be read stops, as the link says."""
    try:
        return "allow" in (await filled(request)).get("do", ())
    except BadInput:
        return False
