"""Everyone's own subscriptions and addresses at `/subscriptions`, for those who are signed in. It
works without JavaScript."""

from collections.abc import Sequence
from functools import partial

from aiohttp import web as http

from commands.actions.subscriptions._descriptions import clock_of
from component.bus.model.message import Channel
from component.common.errors import BadInput, NotFound
from component.common.i18n import _
from web.account.cards import card, place, proved, titled
from web.auth import Visit, for_people
from web.context import Site
from web.csrf import UNREADABLE
from web.rendering import redirect


def routes() -> list[http.RouteDef]:
    """The page, its buttons, and the page that asks before an address is removed."""
    return [
        http.get("/subscriptions", for_people(show)),
        http.post("/subscriptions", for_people(change)),
        http.get("/subscriptions/remove", for_people(show_removal)),
    ]


async def show(_request: http.Request, visit: Visit) -> http.Response:
    """The caller's subscriptions and addresses, with buttons."""
    subscriptions, jid = visit.site.bus.subscriptions, visit.caller.jid
    own, now = subscriptions.own(jid), visit.site.bus.clock()
    cards = [
        card(subscription, name_of(visit.site, subscription.channel), own, now)
        for subscription in await subscriptions.of(jid)
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


async def show_removal(_request: http.Request, visit: Visit) -> http.Response:
    """The subscriptions that end when an address of the caller's is removed."""
    subscriptions, jid = visit.site.bus.subscriptions, visit.caller.jid
    target = Channel.parse(visit.asked("address"))
    if target not in [address.target for address in await subscriptions.book.of(jid)]:
        raise NotFound(_("You do not have the address {address}.", address=target))
    ending = []
    for subscription in await subscriptions.of(jid):
        if subscription.target == target:
            name = name_of(visit.site, subscription.channel)
            ending.append((titled(subscription, name), subscription))
    return visit.page("remove_address.html", target=target, some=ending)


async def change(_request: http.Request, visit: Visit) -> http.Response:
    """A button was pressed: `do` says which, `number` or `address` of what."""
    subscriptions, jid = visit.site.bus.subscriptions, visit.caller.jid
    match visit.value("do"):
        case "end":
            await subscriptions.end(await chosen(visit))
        case "pause":
            await subscriptions.pause(jid, 0, await chosen(visit))
        case "resume":
            await subscriptions.resume(jid, await chosen(visit))
        case "drop":
            await subscriptions.book.drop(jid, Channel.parse(visit.value("address")))
        case _:
            raise BadInput(UNREADABLE)
    return redirect("/subscriptions")


async def chosen(visit: Visit) -> Sequence[int]:
    """The number of the subscription, if it is the caller's own: operators cannot change others'
    here."""
    own = await visit.site.bus.subscriptions.of(visit.caller.jid)
    return [entry.id for entry in own if str(entry.id) == visit.value("number")]


def name_of(site: Site, channel: Channel) -> str:
    """What people call a channel."""
    spec = site.hub.find(channel)
    if spec and spec.title:
        return spec.title
    return channel.address
