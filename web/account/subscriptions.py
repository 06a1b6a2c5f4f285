"""Subscriptions on the web: by anyone, from the page of a shoutbox, with nothing but a mail
address; and at `/subscriptions` everyone's own, for those who are signed in. All of it works
without JavaScript.
"""

import asyncio
import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from aiohttp import web as http

from commands.actions.subscriptions._descriptions import clock_of
from component.bus.model.message import Channel
from component.bus.model.records import ChannelSpec
from component.bus.model.subscription import Address, Subscription, mailbox
from component.common.errors import BadInput, Conflict, Forbidden, NotFound, ShoutbusError, TooMany
from component.common.i18n import _
from component.common.rate import Rate
from component.common.sanitize import one_line
from component.subscriptions.service import Subscriptions
from web.account.cards import card, place, proved, titled
from web.account.sign_up import INTERVALS, WAY, Typed
from web.auth import NOT_OURS, Visit, filled, for_people
from web.context import NOWHERE, SITE, Site, asked_language, policy
from web.guests import network
from web.shoutbox.pages import is_cross_site, page

AT_LEAST = 0.3
"""Seconds that a sign-up takes, so that its time does not tell what is known of an address."""
HOUR, DAY = 3600, 86400
AN_HOUR = 5
"""Sign-ups from one network in an hour."""
OF_ONE = 10
"""Sign-ups a day with addresses of one mailbox that differ behind a plus."""


def routes(site: Site) -> list[http.RouteDef]:
    """The form at a shoutbox, and the page of one's own."""
    ups = SignUps(site)
    return [
        http.get("/{method}/{address}/subscribe", ups.show),
        http.post("/{method}/{address}/subscribe", ups.take),
        http.get("/subscriptions", for_people(mine)),
        http.post("/subscriptions", for_people(change)),
        http.get("/subscriptions/remove", for_people(doubt)),
    ]


class SignUps:
    """The form, and how often it may be sent."""

    def __init__(self, site: Site) -> None:
        self._networks = Rate(lambda: site.clock() / 1000, AN_HOUR, AN_HOUR / HOUR)
        self._mailboxes = Rate(lambda: site.clock() / 1000, OF_ONE, OF_ONE / DAY)

    async def show(self, request: http.Request) -> http.Response:
        """The form on a page of its own."""
        return _form(request, _spec(request), Typed())

    async def take(self, request: http.Request) -> http.Response:
        """Subscribe an address, whose owner is asked. The answer is the same whatever is known of
        it."""
        spec, site = _spec(request), request.app[SITE]
        typed = Typed()
        try:
            if is_cross_site(request, site):
                raise Forbidden(NOT_OURS)
            typed = Typed.of(await filled(request))
            wanted = _wanted(site, spec, typed, asked_language(request))
            self._spend(site.address(request), wanted.target)
            ends = asyncio.get_running_loop().time() + AT_LEAST
            await (
                site.bus.subscriptions.book.check_room()
            )  # for all alike: whether one was asked is not told
            await _keep(site.bus.subscriptions, wanted)
            await asyncio.sleep(ends - asyncio.get_running_loop().time())
        except ShoutbusError as fault:
            return _form(request, spec, typed, fault)
        return _page(request, "subscribe.html", spec, sent=typed.address)

    def _spend(self, address: str, target: Channel) -> None:
        self._networks.spend(network(address))
        if mailbox(target) != target:
            self._mailboxes.spend(str(mailbox(target)))


def _wanted(site: Site, spec: ChannelSpec, typed: Typed, language: str) -> Subscription:
    if not typed.address:
        raise BadInput(_("An email address is required."))
    try:
        target = Channel(WAY, site.methods[WAY].tidy(typed.address))
        site.methods[WAY].check(target)
    except BadInput as error:
        written = one_line(typed.mail)[:60]
        raise BadInput(
            _("“{text}” is not an email address. Write it as juliet@example.org.", text=written)
        ) from error
    return typed.wanted(spec.channel, target, language)


async def _keep(subscriptions: Subscriptions, wanted: Subscription) -> None:
    """Add one; where it waits already, ask once more. What its owner does not want, is not told."""
    with contextlib.suppress(Forbidden):
        try:
            await subscriptions.add(wanted)
        except Conflict:
            if await subscriptions.book.waiting(Address("", wanted.target)):
                await subscriptions.book.ask("", wanted.target)


def _spec(request: http.Request) -> ChannelSpec:
    """The shoutbox, where it can be subscribed to; raises NotFound."""
    site = request.app[SITE]
    if not site.by_mail:
        raise NotFound(NOWHERE)
    return site.box(request.match_info["method"], request.match_info["address"])


def _form(
    request: http.Request, spec: ChannelSpec, typed: Typed, fault: ShoutbusError | None = None
) -> http.Response:
    response = _page(
        request,
        "subscribe.html",
        spec,
        fault.status if fault else 200,
        sent="",
        typed=typed,
        intervals=INTERVALS,
        fault=fault.sentence if fault else "",
    )
    if isinstance(fault, TooMany):
        response.headers["Retry-After"] = str(fault.retry_after)
    return response


def _page(
    request: http.Request, template: str, spec: ChannelSpec, status: int = 200, **values: Any
) -> http.Response:
    path = f"/{spec.channel.method}/{spec.channel.address}"
    name = spec.title or spec.channel.address
    response = page(template, asked_language(request), status, name=name, path=path, **values)
    response.headers["Content-Security-Policy"] = policy("'none'")
    return response


# One's own


async def mine(_request: http.Request, visit: Visit) -> http.Response:
    """Someone's subscriptions and addresses, and what may be done with each."""
    subscriptions, jid = visit.site.bus.subscriptions, visit.caller.jid
    own, now = subscriptions.own(jid), visit.site.bus.clock()
    cards = [
        card(one, named(visit.site, one.channel), own, now) for one in await subscriptions.of(jid)
    ]
    return visit.page(
        "subscriptions.html",
        cards=cards,
        addresses=await subscriptions.book.of(jid),
        proved=proved,
        place=partial(place, own=own),
        zone=clock_of(visit.site.bus, jid),
        quiet=visit.site.bus.settings.quiet(jid),
    )


async def doubt(request: http.Request, visit: Visit) -> http.Response:
    """What ends with an address of theirs, before they let go of it."""
    subscriptions, jid = visit.site.bus.subscriptions, visit.caller.jid
    target = Channel.parse(request.query.get("address", ""))
    if target not in [one.target for one in await subscriptions.book.of(jid)]:
        raise NotFound(_("You do not have the address {address}.", address=target))
    some = [one for one in await subscriptions.of(jid) if one.target == target]
    return visit.page(
        "remove_address.html",
        target=target,
        some=[(titled(one, named(visit.site, one.channel)), one) for one in some],
    )


async def change(_request: http.Request, visit: Visit) -> http.Response:
    """A button beside one of theirs: `do` says which, `number` or `address` of what."""
    subscriptions, jid = visit.site.bus.subscriptions, visit.caller.jid
    match visit.value("do"):
        case "end":
            await subscriptions.end(await _numbers(visit))
        case "pause":
            await subscriptions.pause(jid, 0, await _numbers(visit))
        case "resume":
            await subscriptions.resume(jid, await _numbers(visit))
        case "drop":
            await subscriptions.book.drop(jid, Channel.parse(visit.value("address")))
        case _:
            raise BadInput(_("The form cannot be read. Reload the page and try again."))
    return http.Response(
        status=303, headers={"Location": "/subscriptions", "Cache-Control": "no-store"}
    )


async def _numbers(visit: Visit) -> Sequence[int]:
    """The subscription that was meant, where it is their own: operators too change no one else's
    here."""
    own = await visit.site.bus.subscriptions.of(visit.caller.jid)
    return [one.id for one in own if str(one.id) == visit.value("number")]


def named(site: Site, channel: Channel) -> str:
    """What people call a channel."""
    spec = site.hub.find(channel)
    return (spec.title if spec else "") or channel.address
