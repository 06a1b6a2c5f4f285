"""The pages that links in mails lead to: one confirms an address, one ends subscriptions, one stops
all mail to an address.

GET only shows a page, since mail scanners follow links; POST acts. The token in the address is the
proof: anyone who has it received the mail. So nobody needs to be signed in, and a POST may come
from anywhere: mail providers end subscriptions with one that has neither a cookie nor an Origin
header (RFC 8058 section 3.2), and an attacker has no token.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

from aiohttp import web as http

from component.bus.model.message import Channel
from component.bus.model.subscription import Address, Subscription
from component.common.errors import BadInput, Gone, NotFound
from component.common.i18n import _
from component.subscriptions.addresses import AddressBook
from web.account.subscriptions import name_of
from web.context import SITE
from web.csrf import UNREADABLE, read_form
from web.rendering import asked_language, content_security_policy, page

HEADERS = {
    "Content-Security-Policy": content_security_policy("'none'"),
    "Referrer-Policy": "no-referrer",  # the address is the secret
    "X-Robots-Tag": "noindex",
}
MAX_SHOWN = 1_000
"""Subscriptions of one address on its page."""

INVALID = _("This link is not valid. Copy the complete link from the email.")
EXPIRED = _(
    "This link is no longer valid. Each link works once, within a week, and only the newest one "
    "works. Earlier confirmations remain valid."
)


def routes() -> list[http.RouteDef]:
    """The three pages."""
    return [
        http.get("/confirm/{token}", show_confirm),
        http.post("/confirm/{token}", confirm),
        http.get("/unsubscribe/{token}", show_unsubscribe),
        http.post("/unsubscribe/{token}", unsubscribe),
        http.get("/stop/{token}", show_stop),
        http.post("/stop/{token}", stop),
    ]


def consent_page(
    request: http.Request,
    template: str,
    subscriptions: Sequence[Subscription],
    state: str,
    **values: Any,
) -> http.Response:
    """A page in the language of the person who subscribed."""
    language = asked_language(request)
    if subscriptions:
        language = subscriptions[0].language
    name = partial(name_of, request.app[SITE])
    response = page(template, language, some=subscriptions, state=state, name=name, **values)
    response.headers.update(HEADERS)
    return response


def book_of(request: http.Request) -> AddressBook:
    """The addresses of subscriptions."""
    return request.app[SITE].bus.subscriptions.book


# Confirming an address


async def show_confirm(request: http.Request) -> http.Response:
    """Whose address it is, and the subscriptions that would begin."""
    address = await address_to_confirm(request)
    waiting = await book_of(request).waiting(address)
    return consent_page(request, "confirm.html", waiting, "asked", address=address)


async def confirm(request: http.Request) -> http.Response:
    """The owner confirms the address: the subscriptions they ticked begin, the others end."""
    address, form = await address_to_confirm(request), await read_form(request)
    if "whole" not in form:
        raise BadInput(UNREADABLE)
    book = book_of(request)
    waiting = await book.waiting(address)
    ticked = form.get("number", ())
    begun = await book.confirm(address, [entry.id for entry in waiting if str(entry.id) in ticked])
    if begun:
        return consent_page(request, "confirm.html", begun, "done", address=address)
    return consent_page(request, "confirm.html", waiting, "none", address=address)


async def address_to_confirm(request: http.Request) -> Address:
    """The address that a link confirms; raises Gone if it is over, NotFound if it is made up."""
    book, token = book_of(request), request.match_info["token"]
    if book.links.confirmed(token) is None:
        raise NotFound(INVALID)
    address = await book.asked(token)
    if address is None:
        raise Gone(EXPIRED)
    return address


# Ending subscriptions


async def show_unsubscribe(request: http.Request) -> http.Response:
    """The subscriptions that would end."""
    subscriptions = await subscriptions_of_link(request)
    state = "asked" if subscriptions else "done"
    return consent_page(request, "unsubscribe.html", subscriptions, state)


async def unsubscribe(request: http.Request) -> http.Response:
    """End the link's subscriptions, whatever the body says. A second time changes nothing and has
    the same answer."""
    subscriptions = await subscriptions_of_link(request)
    await request.app[SITE].bus.subscriptions.end([entry.id for entry in subscriptions])
    return consent_page(request, "unsubscribe.html", subscriptions, "done")


async def subscriptions_of_link(request: http.Request) -> Sequence[Subscription]:
    """The link's subscriptions that still exist; raises NotFound for a made up link."""
    store = request.app[SITE].store
    numbers = book_of(request).links.ended(request.match_info["token"])
    if numbers is None:
        raise NotFound(INVALID)
    existing = []
    for number in numbers:
        subscription = await store.subscriptions.get(number)
        if subscription:
            existing.append(subscription)
    return existing


# Stopping all mail to an address


async def show_stop(request: http.Request) -> http.Response:
    """Everything that an address gets; or that it gets nothing, and how to allow mail again."""
    target = target_of_link(request)
    stopped = await book_of(request).is_stopped(target)
    return await stop_page(request, target, "done" if stopped else "asked")


async def stop(request: http.Request) -> http.Response:
    """Stop all mail to the address; or, with the other button, allow requests again."""
    target = target_of_link(request)
    subscriptions = await subscriptions_at(request, target)
    if await is_allow(request):
        await book_of(request).allow(target)
        return consent_page(request, "stop.html", subscriptions, "allowed", target=target)
    await book_of(request).stop(target)
    return consent_page(request, "stop.html", subscriptions, "done", target=target)


async def stop_page(request: http.Request, target: Channel, state: str) -> http.Response:
    """The page of an address with what it gets now."""
    subscriptions = await subscriptions_at(request, target)
    return consent_page(request, "stop.html", subscriptions, state, target=target)


def target_of_link(request: http.Request) -> Channel:
    """The address that a link stops; raises NotFound."""
    target = book_of(request).links.stopped(request.match_info["token"])
    if target is None:
        raise NotFound(INVALID)
    return target


async def subscriptions_at(request: http.Request, target: Channel) -> Sequence[Subscription]:
    """The subscriptions of an address."""
    return await request.app[SITE].store.subscriptions.find(target=target, limit=MAX_SHOWN)


async def is_allow(request: http.Request) -> bool:
    """Whether the form allows mail again. One that cannot be read stops it, as the link says."""
    try:
        form = await read_form(request)
    except BadInput:
        return False
    return "allow" in form.get("do", ())
