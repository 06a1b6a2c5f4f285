"""The grid of dots at `/matrix`: a click makes a route or takes it away, and all who look at it see
that at once.

Without the script each click is a form that is posted and shows the page again.
"""

import json
from collections.abc import AsyncIterator

from aiohttp import web as http

from commands.actions.routes import matrix
from commands.actions.routes._held import first_held
from commands.lookups import find_route, told
from component.bus.model.message import Channel
from component.bus.model.route import Route
from component.common.errors import BadInput, ShoutbusError
from component.common.i18n import _, tell
from web.admin.grid import Asked, Place, Window, window
from web.admin.watch import Watchers
from web.auth import Visit, for_operators, is_still, json_answer

FEW = 12
"""Channels that need no search."""


def routes(watchers: Watchers) -> list[http.RouteDef]:
    """The page, its clicks, and its live stream."""

    async def stream(request: http.Request, visit: Visit) -> http.StreamResponse:
        return await watchers.serve(request, visit.seat.jid, _events(request, visit))

    return [
        http.get("/matrix", for_operators(show)),
        http.post("/matrix", for_operators(click)),
        http.get("/routes/{number}", for_operators(route)),
        http.get("/matrix/stream", for_operators(stream), allow_head=False),
    ]


async def show(_request: http.Request, visit: Visit) -> http.Response:
    """The part of the grid that is asked for."""
    return _drawn(visit, window(visit.site.bus, Asked.parse(visit.query)))


def _drawn(visit: Visit, seen: Window, status: int = 200, fault: str = "") -> http.Response:
    many = max(seen.sources.all, seen.destinations.all) > FEW or bool(seen.asked.query())
    return visit.page("matrix.html", status, window=seen, fault=fault, many=many)


async def click(_request: http.Request, visit: Visit) -> http.Response:
    """A dot was clicked: the page again, the page that asks first, or, for the script, what became
    of it."""
    asked = Asked.parse(visit.query)
    dot = None
    try:
        dot = _dot(visit)
        reply = await matrix.click(visit.caller, dot, visit.site.bus)
    except ShoutbusError as fault:
        seen = window(visit.site.bus, asked)
        if visit.wants_json:
            return json_answer(
                fault.status, detail=visit.told(fault), cells=_cells(visit, seen, dot)
            )
        return _drawn(visit, seen, fault.status, visit.told(fault))
    if isinstance(reply, Route):
        return _on(visit, f"/commands/route-remove?route={reply.id}")
    if visit.wants_json:
        return json_answer(cells=_cells(visit, window(visit.site.bus, asked), dot))
    place = "-".join(visit.value("dot").split()[:2])
    return _on(visit, f"/matrix?{asked.query()}#c{place}")


def _cells(visit: Visit, seen: Window, dot: matrix.Dot | None) -> list[dict[str, str]]:
    """The cell that was clicked, as it is now."""
    place = seen.find(dot.source, dot.destination) if dot else None
    return [_cell(visit, place)] if place else []


def _on(visit: Visit, location: str) -> http.Response:
    """Go on at another page."""
    if visit.wants_json:
        return json_answer(go=location)
    return http.Response(status=303, headers={"Location": location, "Cache-Control": "no-store"})


def _dot(visit: Visit) -> matrix.Dot:
    """Which place was clicked, and what was seen there: the page tells with the click what its rows
    and columns are."""
    numbers = visit.value("dot").split()
    if len(numbers) not in (2, 4) or not all(
        one.isascii() and one.isdigit() and len(one) < 19 for one in numbers
    ):
        raise BadInput(_("The click cannot be read. Reload the page and try again."))
    row, column, *seen = numbers
    ends = (Channel.parse(visit.value(f"s{row}")), Channel.parse(visit.value(f"d{column}")))
    return matrix.Dot(*ends, *(int(one) for one in seen))


async def route(request: http.Request, visit: Visit) -> http.Response:
    """A route with its processors, in their order, and what can be done with it."""
    bus = visit.site.bus
    one = find_route(bus, request.match_info["number"])
    lines = [told(stage) for stage in one.stages]
    first = [held for _number, held in await first_held(visit.caller, bus, one)]
    return visit.page(
        "route.html", route=one, lines=lines, waiting=bus.hub.routing.held_at(one), first=first
    )


# Live


async def _events(request: http.Request, visit: Visit) -> AsyncIterator[str]:
    """What others changed: the cells that are otherwise now, or the whole grid where its rows or
    columns are."""
    before = window(visit.site.bus, Asked.parse(visit.query))
    known = request.headers.get("Last-Event-ID") or next(iter(visit.query.get("state", ())), "")
    yield "" if known == before.state else _whole(visit, before)
    while is_still(request):
        now = window(visit.site.bus, before.asked)
        places = now.changed(before)
        before = now
        if places is None:
            yield _whole(visit, now)
        else:
            yield _event(now, cells=[_cell(visit, place) for place in places]) if places else ""
    yield "event: gone\ndata:\n\n"


def _cell(visit: Visit, place: Place) -> dict[str, str]:
    return {
        "id": place.id,
        "html": visit.drawn("grid.html", "cell", place),
        "said": tell(place.label, visit.language),
    }


def _whole(visit: Visit, seen: Window) -> str:
    return _event(seen, grid=visit.drawn("grid.html", "grid", seen, visit.seat.token))


def _event(seen: Window, **data: object) -> str:
    return f"id: {seen.state}\ndata: {json.dumps(data)}\n\n"
